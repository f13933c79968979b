package catalog

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// A schedule is a Setting that is another number at another step. Each shape has the settings of its struct; those marked as values
// must satisfy what the number in its place must.

type warmUp struct {
	From sgdlab.Setting `check:"value" doc:"the value at the start"`
	To   sgdlab.Setting `optional:"true" check:"value" doc:"the value at the end, which it then keeps; or give then"`
	Over sgdlab.Setting `check:">0" doc:"how long the rise takes"`
	Then sgdlab.Setting `optional:"true" check:"value" doc:"the schedule after the rise, which leads to its first value"`
	In   string         `default:"steps" oneof:"steps|time" doc:"what lengths are counted in"`
}

type cosine struct {
	From sgdlab.Setting `check:"value" doc:"the value at the start"`
	To   sgdlab.Setting `check:"value" doc:"the value at the end, which it then keeps"`
	Over sgdlab.Setting `check:">0" doc:"how long the fall takes"`
	In   string         `default:"steps" oneof:"steps|time" doc:"what lengths are counted in"`
}

type stairs struct {
	From   sgdlab.Setting `check:"value" doc:"the value at the start"`
	Factor sgdlab.Setting `check:">0" doc:"what each stair multiplies the value by"`
	Every  sgdlab.Setting `check:">0" doc:"the length of a stair"`
	In     string         `default:"steps" oneof:"steps|time" doc:"what lengths are counted in"`
}

type power struct {
	From     sgdlab.Setting `check:"value" doc:"the value at the start"`
	Exponent sgdlab.Setting `doc:"p of value · (1 + k/scale)^(−p)"`
	Scale    sgdlab.Setting `check:">0" doc:"how long it takes before the value falls"`
	In       string         `default:"steps" oneof:"steps|time" doc:"what lengths are counted in"`
}

type piecewise struct {
	At      []float64        `check:">=0" doc:"where the pieces begin, rising from 0"`
	Values  []sgdlab.Setting `check:"value" doc:"the value at each of them"`
	Between string           `default:"constant" oneof:"constant|linear" doc:"whether the value stays as it is up to the next, or goes there in a line"`
	In      string           `default:"steps" oneof:"steps|time" doc:"what lengths are counted in"`
}

// shape makes the Setting of settings that were decoded, or says what is wrong with them.
type shape interface {
	setting() (sgdlab.Setting, string)
}

var shapes = map[string]reflect.Type{
	"warm-up": reflect.TypeFor[warmUp](), "cosine": reflect.TypeFor[cosine](), "step": reflect.TypeFor[stairs](),
	"power": reflect.TypeFor[power](), "piecewise": reflect.TypeFor[piecewise](),
}

// schedule decodes a map that stands where a number may: {schedule: SHAPE, …}. Numbers in it may differ between points of a group.
func (d *Decoder) schedule(n *spec.Node, path string, f Field) (sgdlab.Setting, bool) {
	var names []string
	for name := range sorted(shapes) {
		names = append(names, name)
	}
	if f.still || d.still {
		d.Problems.Add(n.Problem(path, f.said(demand("a number", f.Check))))
		return nil, false
	}
	word := n.Get("schedule")
	name, ok := word.Text()
	t := shapes[name]
	if !ok || t == nil {
		at := path + ".schedule"
		if word.IsNull() {
			d.Problems.Add(n.Mistake(at, "nothing", "a shape: "+strings.Join(names, ", ")+"; or "+demand("a number", f.Check)+" in place of the map"))
		} else {
			d.Problems.Add(word.Problem(at, "one of "+strings.Join(names, ", ")+spec.DidYouMean(name, names)))
		}
		return nil, false
	}
	list := slices.Clone(Fields(t))
	for i := range list {
		list[i].still = list[i].Key != "then"
		if list[i].Check == "value" {
			list[i].Check = f.Check
		}
	}
	d.Note("schedule %s{", name)
	v := reflect.New(t)
	r := read(n, path, "schedule")
	ok = d.fields(r, v.Elem(), list)
	d.Note("}")
	if ok = d.finish(r) && ok; !ok {
		return nil, false
	}
	made, wrong := v.Interface().(shape).setting()
	if wrong != "" {
		d.Problems.Add(n.Mistake(path, "a schedule "+name+" with "+strings.Join(n.Keys(), ", "), wrong))
		return nil, false
	}
	return made, true
}

func (c *warmUp) setting() (sgdlab.Setting, string) {
	if (c.To == nil) == (c.Then == nil) {
		return nil, "just one of to and then"
	}
	byTime := c.In == "time"
	if bySteps, inTime := c.Then.Varies(); bySteps && byTime || inTime && !byTime {
		return nil, "lengths in steps, or in time, here and in then alike"
	}
	after := c.To
	if c.Then != nil {
		after = func(at *sgdlab.Clock) lanes.Vec { // on a clock that starts at the end of the rise
			late := *at
			over := c.Over(at)
			for l, n := range over {
				late.Time[l] = math.Max(0, at.Time[l]-n)
				late.Step[l] = uint64(math.Max(0, float64(at.Step[l])-math.Ceil(n)))
			}
			return c.Then(&late)
		}
	}
	return sgdlab.Scheduled(byTime, func(x lanes.Vec, at *sgdlab.Clock) lanes.Vec {
		v, from, over := after(at), c.From(at), c.Over(at)
		for l := range v {
			if x[l] < over[l] {
				v[l] = math.FMA(v[l]-from[l], x[l]/over[l], from[l])
			}
		}
		return v
	}), ""
}

func (c *cosine) setting() (sgdlab.Setting, string) {
	return sgdlab.Scheduled(c.In == "time", func(x lanes.Vec, at *sgdlab.Clock) lanes.Vec {
		from, v, over := c.From(at), c.To(at), c.Over(at)
		for l := range v {
			if s := x[l] / over[l]; s < 1 {
				v[l] = math.FMA((from[l]-v[l])/2, 1+elementary.Cos(math.Pi*s), v[l])
			}
		}
		return v
	}), ""
}

func (c *stairs) setting() (sgdlab.Setting, string) {
	return sgdlab.Scheduled(c.In == "time", func(x lanes.Vec, at *sgdlab.Clock) lanes.Vec {
		v, factor, every := c.From(at), c.Factor(at), c.Every(at)
		for l := range v {
			v[l] *= elementary.Pow(factor[l], math.Floor(x[l]/every[l]))
		}
		return v
	}), ""
}

func (c *power) setting() (sgdlab.Setting, string) {
	return sgdlab.Scheduled(c.In == "time", func(x lanes.Vec, at *sgdlab.Clock) lanes.Vec {
		v, p, scale := c.From(at), c.Exponent(at), c.Scale(at)
		for l := range v {
			v[l] *= elementary.Pow(1+x[l]/scale[l], -p[l])
		}
		return v
	}), ""
}

func (c *piecewise) setting() (sgdlab.Setting, string) {
	for i, x := range c.At {
		if i == 0 && x != 0 || i > 0 && !(x > c.At[i-1]) {
			return nil, "at: a list that rises from 0"
		}
	}
	if len(c.At) != len(c.Values) || len(c.At) == 0 {
		return nil, "as many values as places under at"
	}
	return sgdlab.Scheduled(c.In == "time", func(x lanes.Vec, at *sgdlab.Clock) lanes.Vec {
		v := c.Values[0](at)
		for i, from := range c.At {
			value := c.Values[i](at)
			next := value
			if c.Between == "linear" && i+1 < len(c.At) {
				next = c.Values[i+1](at)
			}
			for l := range v {
				switch {
				case !(x[l] >= from):
				case next[l] != value[l]:
					v[l] = math.FMA(next[l]-value[l], (x[l]-from)/(c.At[i+1]-from), value[l])
				default:
					v[l] = value[l]
				}
			}
		}
		return v
	}), ""
}
