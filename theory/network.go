package theory

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// network is the Markov chain on the minima of a chart whose rates are the Eyring–Kramers law over each saddle. Its mean times
// are those of the diffusion at leading order as T → 0, whatever lies between: wells in series, passes side by side, deeper
// wells on the way.
type network struct {
	*chart
	temp  float64
	loose float64 // the largest relative size of what a quadratic pass neglects
	gates map[int]gate
}

// gate is a saddle, its rate from any minimum up to what depends on the minimum.
type gate struct {
	log     float64 // of (│λ₁│/2π) Π λⱼ^−½ over the positive λⱼ │λ₁│^−½, with a quartic direction integrated
	quartic bool
}

// gate weighs a saddle.
func (n *network) gate(s int) (gate, error) {
	if g, ok := n.gates[s]; ok {
		return g, nil
	}
	m, err := n.modes(s)
	if err != nil {
		return gate{}, err
	}
	p := n.points[s]
	if p.Index != 1 || p.Nullity > 1 {
		return gate{}, fmt.Errorf("%s has %d negative and %d zero eigenvalues; the law is for passes with one negative and at most one zero", p.Name, p.Index, p.Nullity)
	}
	g := gate{quartic: p.Nullity == 1, log: elementary.Log(-m.values[0]) - elementary.Log(2*math.Pi) - 0.5*elementary.Log(-m.values[0])}
	for j, x := range m.values[1:] {
		if !g.quartic || j+1 != m.soft {
			g.log -= 0.5 * elementary.Log(x)
		}
	}
	c, err := n.quartic(s)
	switch {
	case g.quartic && err != nil:
		return gate{}, err
	case g.quartic && !(c > 0):
		return gate{}, fmt.Errorf("%s is no pass: V falls off as %gy⁴ along its flat direction", p.Name, c)
	case g.quartic:
		g.log += elementary.Log(quarticWidth(c, n.temp))
	case err == nil && m.soft > 0:
		loose, err := n.flatness(s, c, n.temp)
		if err != nil {
			return gate{}, err
		}
		n.loose = max(n.loose, loose)
	}
	n.gates[s] = g
	return g, nil
}

// quarticWidth is ∫e^(−Cy⁴/T)dy/√(2πT): what stands for λ^−½ of a direction where λ = 0.
func quarticWidth(c, temp float64) float64 {
	return 2 * math.Gamma(1.25) * elementary.Pow(temp/c, 0.25) / math.Sqrt(2*math.Pi*temp)
}

// rate is the logarithm of the rate from a minimum over a saddle.
func (n *network) rate(from, s int) (float64, error) {
	if err := n.minimum(from); err != nil {
		return 0, err
	}
	g, err := n.gate(s)
	if err != nil {
		return 0, err
	}
	m, err := n.modes(from)
	if err != nil {
		return 0, err
	}
	log := g.log - (n.points[s].Value-n.points[from].Value)/n.temp
	for _, x := range m.values {
		log += 0.5 * elementary.Log(x)
	}
	return log, nil
}

// exit is what ends a passage: an event, or without one any other well.
type exit struct {
	name     string
	progress func(i int) float64 // how far the event's column is past its level at a critical point, in its direction
}

// ends reads the event of a run, for passages from a minimum.
func (n *network) ends(r *sgdlab.Run, from int) (*exit, error) {
	if r.Event == nil {
		return &exit{progress: func(i int) float64 {
			if i == from {
				return -1
			}
			return 1
		}}, nil
	}
	read := func(x []float64) float64 {
		n.ws.Reset()
		seen := n.ws.Zeroed(len(r.Event.Of.Columns()))
		r.Event.Of.Observe(seen, lanes.Of(x), r.Clock, &n.ws)
		return seen[r.Event.Column][0]
	}
	start := n.points[from].At
	if r.Start != nil && r.Start.Centre() != nil {
		start = r.Start.Centre()
	}
	level := r.Event.Level(lanes.Splat(read(start)), r.Clock)[0]
	sign := 1.0
	if r.Event.Direction == sgdlab.FallsBelow {
		sign = -1
	}
	// A level typed at the bottom of a well is reached as soon as the well is.
	near := 1e-3 * math.Abs(read(n.points[from].At)-level)
	e := &exit{name: r.Event.Name, progress: func(i int) float64 {
		x := sign * (read(n.points[i].At) - level)
		if math.Abs(x) <= near {
			return 0
		}
		return x
	}}
	if !(e.progress(from) < 0) {
		return nil, fmt.Errorf("event %s has happened in the well %s already", e.name, n.points[from].Name)
	}
	return e, nil
}

// other is the minimum across a saddle.
func (n *network) other(from, s int) (int, error) {
	p := n.points[s]
	if len(p.Joins) != 2 {
		return 0, fmt.Errorf("%s joins %d minima; want two", p.Name, len(p.Joins))
	}
	name := p.Joins[0]
	if name == n.points[from].Name {
		name = p.Joins[1]
	}
	return n.named(name)
}

// passage returns the mean time from a minimum until the run's event has happened, the height of the barrier that it takes,
// and words about the way.
func (n *network) passage(r *sgdlab.Run, from int) (tau, barrier float64, way string, err error) {
	end, err := n.ends(r, from)
	if err != nil {
		return 0, 0, "", err
	}
	partial := false
	if p, ok := n.Charted.(interface{ Partial() bool }); ok {
		partial = p.Partial()
	}
	// The wells that can be met before the event, from the start on, and the jumps out of each.
	wells, at := []int{from}, map[int]int{from: 0}
	var jumps [][]arc
	var over []string
	for w := 0; w < len(wells); w++ {
		var out []arc
		for _, s := range n.passes(wells[w]) {
			a := arc{height: n.points[s].Value, to: outside}
			j, err := n.other(wells[w], s)
			if err == nil {
				a.log, err = n.rate(wells[w], s)
			}
			if err != nil {
				return 0, 0, "", err
			}
			switch met, known := at[j]; {
			case end.progress(j) >= 0 && end.name != "" && end.progress(s) >= 0:
				return 0, 0, "", fmt.Errorf("event %s happens at or before the pass %s; put its level between that pass and the bottom of the next well", end.name, n.points[s].Name)
			case end.progress(j) >= 0:
				over = append(over, n.points[s].Name)
			case partial:
				return 0, 0, "", fmt.Errorf("event %s does not happen in %s, and the model's chart ends behind that; give from and over", end.name, n.points[j].Name)
			case known:
				a.to = met
			default:
				a.to = len(wells)
				at[j] = a.to
				wells = append(wells, j)
			}
			out = append(out, a)
		}
		jumps = append(jumps, out)
	}
	if over == nil {
		if end.name == "" {
			return 0, 0, "", fmt.Errorf("no saddle joins %s to another minimum", n.points[from].Name)
		}
		return 0, 0, "", fmt.Errorf("event %s happens in none of the minima that can be reached from %s; put its level before the bottom of the well that it waits for", end.name, n.points[from].Name)
	}
	if len(over) > 3 {
		over = append(over[:3], fmt.Sprintf("%d more", len(over)-3))
	}
	return chainTime(jumps), n.barrier(wells, jumps), fmt.Sprintf("from %s over %s", n.points[from].Name, strings.Join(over, ", ")), nil
}

// arc is a jump of the chain to a well, or out of it.
type arc struct {
	to          int
	log, height float64 // the logarithm of its rate, and V at its saddle
}

// outside is where the passage ends.
const outside = -1

// chainTime is the mean time from well 0 until a jump out, by elimination of the other wells, the last first: sums of positive
// numbers only, so that rates of any ratio keep their digits.
func chainTime(jumps [][]arc) float64 {
	n := len(jumps)
	p, t := make([][]float64, n), make([]float64, n) // the chances of the next jump, n for out, and the mean time until it
	for w, out := range jumps {
		p[w] = make([]float64, n+1)
		top := math.Inf(-1)
		for _, a := range out {
			top = max(top, a.log)
		}
		sum := 0.0
		for _, a := range out {
			to := a.to
			if to == outside {
				to = n
			}
			x := elementary.Exp(a.log - top)
			p[w][to] += x
			sum += x
		}
		for j := range p[w] {
			p[w][j] /= sum
		}
		t[w] = elementary.Exp(-top) / sum
	}
	leaves := func(k int) float64 {
		s := p[k][n]
		for j := range k {
			s += p[k][j]
		}
		return s
	}
	for k := n - 1; k > 0; k-- {
		s := leaves(k)
		for i := range k {
			f := p[i][k] / s
			if f == 0 {
				continue
			}
			for j := range k {
				p[i][j] += f * p[k][j]
			}
			p[i][n] += f * p[k][n]
			t[i] += f * t[k]
		}
	}
	return t[0] / leaves(0)
}

// barrier is the height of the lowest way out above the deepest well that can be met below it.
func (n *network) barrier(wells []int, jumps [][]arc) float64 {
	climb := make([]float64, len(wells)) // the highest saddle of the lowest way to each well
	for w := range climb {
		climb[w] = math.Inf(1)
	}
	climb[0] = math.Inf(-1)
	way := math.Inf(1)
	for changed := true; changed; {
		changed = false
		for w, out := range jumps {
			for _, a := range out {
				h := max(climb[w], a.height)
				if a.to == outside {
					way = min(way, h)
				} else if h < climb[a.to] {
					climb[a.to], changed = h, true
				}
			}
		}
	}
	deep := n.points[wells[0]].Value
	for w, i := range wells {
		if climb[w] < way {
			deep = min(deep, n.points[i].Value)
		}
	}
	return way - deep
}
