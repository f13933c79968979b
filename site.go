package sgdlab

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"sgdlab/data"
	"sgdlab/lanes"
)

// Site is where a dynamics, an observable or a theory is built: what stands already. A field is nil until it stands.
type Site struct {
	Data  *data.Set // nil for landscapes without data
	Model Model
	Test  Model // the same network on the test rows; nil where there are none
	Start Start
	Rate  Setting // η of the dynamics being built
	Batch int     // B of the dynamics being built; n on full-batch GD, 0 where there is no data
	Draws Sampler // how the dynamics being built draws rows; nil on the full batch
	Place string  // where in the spec this is built: the purpose of its random numbers, such as "noise[1]"

	// Stepper builds a fresh stepper of the dynamics whose replicas are read; nil where there is none.
	Stepper func() (Stepper, error)

	// Folder is where relative paths of files start.
	Folder string

	// StartSeed is the seed of the start of each point of the sweep; nil where it is that of the clock.
	StartSeed func(point int32) uint64

	// Shared holds what several of one worker's tools have in common, by name, so that it is worked out once for all of
	// them; nil where each has its own.
	Shared map[string]any
}

// At returns a copy of the site at another place.
func (s *Site) At(place string) *Site {
	c := *s
	c.Place = place
	return &c
}

// Origin returns what draws, from their addresses, where the replicas of a clock started.
func (s *Site) Origin() func(theta lanes.Pack, at *Clock) {
	start, seed := s.Start, s.StartSeed
	return func(theta lanes.Pack, at *Clock) {
		first := Clock{Point: at.Point}
		first.Seed, first.Replica = at.Seed, at.Replica
		if seed != nil {
			for l, p := range at.Point {
				first.Seed[l] = seed(p)
			}
		}
		start.Draw(theta, &first)
	}
}

// Part is a field of a constructor's settings that is itself an entry of a list, built when the constructor calls it.
type Part[T any] func(*Site) (T, error)

// Named is items of a list under names of the user's own, in the order in which they are written.
type Named[T any] []NamedPart[T]

// NamedPart is one of them.
type NamedPart[T any] struct {
	Name string
	Part Part[T]
}

// Wrapper is a model around something else, whose views it passes on.
type Wrapper interface{ Unwrap() any }

// As finds the view V of a model, looking inside wrappers; its error says what the model offers instead.
func As[V any](m any) (V, error) {
	for x := m; x != nil; {
		if v, ok := x.(V); ok {
			return v, nil
		}
		w, ok := x.(Wrapper)
		if !ok {
			break
		}
		x = w.Unwrap()
	}
	var none V
	want := reflect.TypeFor[V]().Name()
	if m == nil {
		return none, fmt.Errorf("needs a model with %s; there is no model", want)
	}
	return none, fmt.Errorf("needs a model with %s; %s offers %s", want, describe(m), strings.Join(Views(m), ", "))
}

// Is reports whether the model has the view V.
func Is[V any](m any) bool {
	_, err := As[V](m)
	return err == nil
}

var views = []reflect.Type{
	reflect.TypeFor[Model](), reflect.TypeFor[Network](), reflect.TypeFor[Sampled](), reflect.TypeFor[Squared](), reflect.TypeFor[Tangents](), reflect.TypeFor[Curved](),
	reflect.TypeFor[GaussNewton](), reflect.TypeFor[Layered](), reflect.TypeFor[EndToEnd](), reflect.TypeFor[Paired](), reflect.TypeFor[Saddled](),
	reflect.TypeFor[Mapped](), reflect.TypeFor[Scattered](), reflect.TypeFor[Formed](), reflect.TypeFor[Cubic](),
	reflect.TypeFor[Charted](), reflect.TypeFor[Featured](),
}

// Views lists the views that a model offers, its wrapped parts included.
func Views(m any) []string {
	has := map[string]bool{}
	for x := m; x != nil; {
		for _, v := range views {
			if reflect.TypeOf(x).Implements(v) {
				has[v.Name()] = true
			}
		}
		w, ok := x.(Wrapper)
		if !ok {
			break
		}
		x = w.Unwrap()
	}
	names := make([]string, 0, len(has))
	for n := range has {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// describe names a model's type, and that of what it wraps, as in Regression of DeepLinear.
func describe(m any) string {
	name := typeName(m)
	if w, ok := m.(Wrapper); ok {
		name += " of " + typeName(w.Unwrap())
	}
	return name
}

func typeName(m any) string {
	full := fmt.Sprintf("%T", m)
	return full[strings.LastIndex(full, ".")+1:]
}
