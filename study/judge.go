package study

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"sgdlab/ensemble"
	"sgdlab/estimate"
	"sgdlab/spec"
)

// judge is what measures and claims need to be evaluated.
type judge struct {
	st    *Study
	all   []*Outcome
	event string                // that a theory of the claim at hand is about
	rigs  map[int]*ensemble.Rig // by group
}

// certain reports whether a cell leaves nothing to chance: its one replica is then exact.
func (j *judge) certain(o *Outcome) bool {
	if o.Replicas != 1 {
		return false
	}
	g := j.st.Groups[o.Cell.Group]
	rig := j.rigs[o.Cell.Group]
	if rig == nil {
		var err error
		if rig, err = g.Rig(); err != nil {
			return false
		}
		if j.rigs == nil {
			j.rigs = map[int]*ensemble.Rig{}
		}
		j.rigs[o.Cell.Group] = rig
	}
	return !rig.Stepper.Random() && rig.Start.Deterministic(g.Cells[o.Cell.Index].Point)
}

const confidence = estimate.Level

// value evaluates a measure in one cell.
func (j *judge) value(m *measure, o *Outcome) (estimate.Estimate, error) {
	missing := estimate.Missing(o.Replicas)
	if err := o.failure(); err != nil {
		return missing, err
	}
	switch m.kind {
	case "mean-time", "restricted-mean-time", "median-time", "rate", "fraction":
		return j.passage(m, o)
	case "quantile":
		if m.event != "" {
			return j.passage(m, o)
		}
		sketch, err := o.sketch(m)
		if err != nil {
			return missing, err
		}
		if j.certain(o) {
			mo, err := o.moments(m)
			return estimate.Exact(mo.M), err
		}
		return sketch.Quantile(m.q, confidence), nil
	case "value", "variance":
		mo, err := o.moments(m)
		switch {
		case err != nil:
			return missing, err
		case m.kind == "value":
			return j.meanOf(mo, o), nil
		case j.certain(o):
			return estimate.Exact(0), nil
		}
		return mo.Variance(confidence), nil
	case "max", "min", "mean":
		return j.overWindow(m, o)
	case "slope":
		if m.over != nil {
			return missing, fmt.Errorf("a slope across cells has no value in one cell")
		}
		if m.slope < 0 || m.slope >= len(o.Slopes) || o.Slopes[m.slope].N == 0 {
			return missing, fmt.Errorf("%s has no two readings in the window in %s", m.column, o.Cell.Arm)
		}
		return j.meanOf(o.Slopes[m.slope], o), nil
	case "crossing":
		return missing, fmt.Errorf("a crossing is across cells, and has no value in one")
	case "ratio", "difference", "distance", "expression":
		return j.combine(m, func(*measure) (*Outcome, error) { return o, nil }, o)
	case "deviation":
		return j.deviation(m, o)
	case "replicas":
		return j.replicas(m, func(*measure) (*Outcome, error) { return o, nil }, o)
	case "theory":
		x, err := j.predict(m.theory, m.path+".theory", m, o)
		return estimate.Exact(x), err
	case "estimate":
		for _, f := range o.Found {
			if f.Name == m.column {
				return estimate.Estimate{Value: f.Value, SE: f.SE, Lo: f.Lo, Hi: f.Hi, N: f.N, Unit: f.Unit}, nil
			}
		}
		return missing, fmt.Errorf("no estimate %s in this cell", m.column)
	}
	return missing, fmt.Errorf("no measure %s", m.kind)
}

// failure is why a cell has nothing measured.
func (o *Outcome) failure() error {
	if o.Failed == "" {
		return nil
	}
	return fmt.Errorf("the cell of %s failed: %s", o.Cell.Arm, o.Failed)
}

// passage evaluates a measure of an event's times; one certain replica is exact.
func (j *judge) passage(m *measure, o *Outcome) (estimate.Estimate, error) {
	missing := estimate.Missing(o.Replicas)
	exact := j.certain(o)
	if m.event == "diverged" {
		if exact {
			return estimate.Exact(float64(o.Diverged)), nil
		}
		return estimate.Proportion(o.Diverged, o.Replicas, confidence), nil
	}
	s := o.Survival[m.event]
	if s == nil || s.N == 0 {
		return missing, fmt.Errorf("there are no times of %s", m.event)
	}
	met := s.Censored() == 0
	switch {
	case m.kind == "fraction" && exact:
		return estimate.Exact(float64(s.Events)), nil
	case m.kind == "fraction":
		return estimate.Proportion(s.Events, s.N, confidence), nil
	case m.kind == "mean-time" && !met:
		return missing, fmt.Errorf("%d of %d replicas stopped before %s; want restricted-mean-time, median-time or rate, or a longer at-most", s.Censored(), s.N, m.event)
	case exact && m.kind == "rate" && met:
		return estimate.Exact(1 / s.Exposure).In("1/time"), nil
	case m.kind == "rate":
		return s.Rate(confidence).In("1/time"), nil
	case exact && (met || m.kind == "restricted-mean-time"):
		return estimate.Exact(s.Exposure).In("time"), nil
	case m.kind == "mean-time":
		return s.Mean(confidence).In("time"), nil
	case m.kind == "restricted-mean-time":
		return s.RestrictedMean(s.Last, confidence).In("time"), nil
	}
	q := 0.5
	if m.kind == "quantile" {
		q = m.q
	}
	return s.Quantile(q, confidence).In("time"), nil
}

// meanOf is the mean over replicas; one certain replica is exact.
func (j *judge) meanOf(m estimate.Moments, o *Outcome) estimate.Estimate {
	if m.N == 1 && j.certain(o) {
		return estimate.Exact(m.M)
	}
	return m.Mean(confidence)
}

// index finds the reading at a time, to a millionth of it.
func (s *Series) index(at float64) (int, error) {
	if len(s.Time) == 0 {
		return 0, fmt.Errorf("there are no readings; give its observable a schedule, every or log-spaced")
	}
	k := sort.SearchFloat64s(s.Time, at)
	best := -1
	for _, i := range []int{k - 1, k} {
		if i >= 0 && i < len(s.Time) && (best < 0 || math.Abs(s.Time[i]-at) < math.Abs(s.Time[best]-at)) {
			best = i
		}
	}
	if math.Abs(s.Time[best]-at) > 1e-6*math.Max(1, math.Abs(at)) {
		return 0, fmt.Errorf("no reading at time %g; the nearest is at %g", at, s.Time[best])
	}
	return best, nil
}

// series is a column of the cell, and which reading a measure is of; −1 for where replicas stopped.
func (o *Outcome) series(m *measure) (*Series, int, error) {
	s := o.Series[m.column]
	if s == nil {
		return nil, 0, fmt.Errorf("%s has no column %s", o.Cell.Arm, m.column)
	}
	if math.IsInf(m.at, 1) {
		return s, -1, nil
	}
	k, err := s.index(m.at)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", m.column, err)
	}
	return s, k, nil
}

// moments are those of a column at the measure's time.
func (o *Outcome) moments(m *measure) (estimate.Moments, error) {
	s, k, err := o.series(m)
	switch {
	case err != nil:
		return estimate.Moments{}, err
	case k < 0:
		return o.End[m.column], nil
	}
	return s.Moments[k], nil
}

// sketch is that of a column at the measure's time.
func (o *Outcome) sketch(m *measure) (*estimate.Sketch, error) {
	s, k, err := o.series(m)
	switch {
	case err != nil:
		return nil, err
	case k < 0 && s.EndSketch == nil || k >= len(s.Sketches):
		return nil, fmt.Errorf("%s has no quantiles at that time", m.column)
	case k < 0:
		return s.EndSketch, nil
	}
	return s.Sketches[k], nil
}

// readings calls f for the readings of a column in the measure's window; there must be some.
func (j *judge) readings(m *measure, o *Outcome, f func(k int, e estimate.Estimate)) error {
	s := o.Series[m.column]
	if s == nil || len(s.Time) == 0 {
		return fmt.Errorf("%s is not read on a schedule in %s", m.column, o.Cell.Arm)
	}
	n := 0
	for k := range s.Time {
		if s.Time[k] < m.window[0] || s.Time[k] > m.window[1] || s.Moments[k].N == 0 {
			continue // or after the last replica stopped
		}
		n++
		f(k, j.meanOf(s.Moments[k], o))
	}
	if n == 0 {
		return fmt.Errorf("%s has no reading in the window [%g, %g]", m.column, m.window[0], m.window[1])
	}
	return nil
}

// overWindow takes the largest, smallest or average of a column's mean over the readings in the window. The interval of
// an extreme is that of the reading where it is; of an average that of the reading with the widest one, which correlated
// readings do not undercut.
func (j *judge) overWindow(m *measure, o *Outcome) (estimate.Estimate, error) {
	best := estimate.Missing(o.Replicas)
	sum, n, wide := 0.0, 0.0, -1.0
	err := j.readings(m, o, func(_ int, e estimate.Estimate) {
		sum += e.Value
		n++
		switch {
		case m.kind == "mean":
			if w := e.Hi - e.Lo; w > wide || math.IsNaN(w) {
				wide, best = w, e
			}
		case n == 1 || m.kind == "max" && e.Value > best.Value || m.kind == "min" && e.Value < best.Value:
			best = e
		}
	})
	if m.kind == "mean" && n > 0 {
		shift := sum/n - best.Value
		best.Value += shift
		best.Lo += shift
		best.Hi += shift
	}
	return best, err
}

// deviation is the largest distance of a column's mean from a theory's curve.
func (j *judge) deviation(m *measure, o *Outcome) (estimate.Estimate, error) {
	worst := estimate.Missing(o.Replicas)
	s := o.Series[m.column]
	if s == nil || len(s.Time) == 0 {
		return worst, fmt.Errorf("%s is not read on a schedule in %s", m.column, o.Cell.Arm)
	}
	p, err := j.st.predict(m.theory, m.path+".from.theory", o.Cell, j.event, s.Time)
	if err != nil {
		return worst, err
	}
	if len(p.Values) != len(s.Time) {
		return worst, fmt.Errorf("the theory gives %d values for %d times: it has no axis of time", len(p.Values), len(s.Time))
	}
	first := true
	err = j.readings(m, o, func(k int, e estimate.Estimate) {
		e = distance(shifted(e, -p.Values[k]))
		e.Value, e.SE, e.Lo, e.Hi = e.Value/m.scale, e.SE/m.scale, e.Lo/m.scale, e.Hi/m.scale
		if first || e.Value > worst.Value || math.IsNaN(e.Value) {
			first, worst = false, e
		}
	})
	return worst, err
}

func shifted(e estimate.Estimate, by float64) estimate.Estimate {
	e.Value, e.Lo, e.Hi = e.Value+by, e.Lo+by, e.Hi+by
	return e
}

// distance is │d│.
func distance(d estimate.Estimate) estimate.Estimate {
	lo, hi := d.Lo, d.Hi
	switch {
	case lo >= 0 || math.IsNaN(lo) || math.IsNaN(hi):
	case hi <= 0:
		lo, hi = -hi, -lo
	default:
		lo, hi = 0, math.Max(-lo, hi)
	}
	d.Value, d.Lo, d.Hi = math.Abs(d.Value), lo, hi
	return d
}

// term is a measure evaluated, and where; o is nil for one number over many cells.
type term struct {
	of  *measure
	o   *Outcome // nil where it is of several
	e   estimate.Estimate
	own []float64 // the number of each replica of which it is the mean, in the order of replicas; nil where there is none
}

// term evaluates a measure in a cell or, where it names dynamics, at the cell's point.
func (j *judge) term(m *measure, o *Outcome) (t term, err error) {
	t.of = m
	from := func(*measure) (*Outcome, error) { return o, nil }
	if m.ofPoint() {
		var cells []*Outcome
		for _, other := range j.all {
			if other.Cell.Point == o.Cell.Point {
				cells = append(cells, other)
			}
		}
		from = j.oneOf(cells)
		t.e, err = j.acrossCells(m, m.cellsOf(j.st, cells))
	} else {
		t.o = o
		t.e, err = j.value(m, o)
	}
	if err == nil {
		t.own, err = j.own(m, from, o)
	}
	return t, err
}

// own returns the number of each replica of which a measure is the mean, in the order of replicas: of replicas' own numbers,
// and of a column at the end where `keep` covers all of them; nil of others.
func (j *judge) own(m *measure, from func(*measure) (*Outcome, error), o *Outcome) ([]float64, error) {
	switch {
	case m.kind == "replicas" && m.stat == "mean":
		return j.each(m, from, o)
	case m.kind == "value" && math.IsInf(m.at, 1):
		o, err := from(m)
		if err != nil || o.Diverged > 0 || int64(len(o.Last[m.column])) < o.Replicas || o.Replicas < 2 {
			return nil, nil
		}
		out := make([]float64, 0, o.Replicas)
		for id := range o.Replicas {
			x, ok := o.Last[m.column][id]
			if !ok || math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, nil
			}
			out = append(out, x)
		}
		return out, nil
	}
	return nil, nil
}

// oneOf finds the one cell of some that a measure speaks of.
func (j *judge) oneOf(cells []*Outcome) func(t *measure) (*Outcome, error) {
	return func(t *measure) (*Outcome, error) {
		got := t.cellsOf(j.st, cells)
		switch {
		case len(got) == 0:
			return nil, errNoCell
		case len(got) > 1:
			return nil, fmt.Errorf("%s speaks of %d cells; want one: name its dynamics and where", t.path, len(got))
		}
		return got[0], nil
	}
}

// sharp reports whether chance has no part in an estimate; a quadrature's own error counts as none.
func sharp(e estimate.Estimate) bool { return e.SE == 0 && e.Hi-e.Lo <= 1e-8*math.Abs(e.Value) }

// combine evaluates ratio, difference, distance and expression. from finds the cell of each term; o is the cell of the
// whole, any cell of it where it is over many.
func (j *judge) combine(m *measure, from func(*measure) (*Outcome, error), o *Outcome) (estimate.Estimate, error) {
	terms := make([]term, len(m.terms))
	for i, t := range m.terms {
		terms[i].of = t
		var err error
		if t.across() {
			terms[i].e, err = j.acrossCells(t, t.cellsOf(j.st, j.all))
		} else if terms[i].o, err = from(t); err == nil {
			if terms[i].e, err = j.value(t, terms[i].o); err == nil {
				terms[i].own, err = j.own(t, from, terms[i].o)
			}
		}
		if err != nil {
			return estimate.Missing(0), err
		}
	}
	if m.kind == "expression" {
		values := map[string]float64{}
		lookup := spec.Numbers(j.st.Points[o.Cell.Point].Root, values)
		return j.propagate(terms, func(x []float64) (float64, error) {
			for i, name := range m.names {
				values[name] = x[i]
			}
			return m.expr.Eval(lookup)
		})
	}
	return j.pair(m.kind, terms)
}

// pair is the ratio, difference or distance of two terms.
//
// Two means over the same replicas are paired by replica, which is right however they go together. Terms that
// chance moves apart from each other have Welch's interval and Fieller's. Of others it is not known how they go
// together, as cells share their random numbers, and propagate supposes the worst.
func (j *judge) pair(kind string, terms []term) (estimate.Estimate, error) {
	a, b := &terms[0], &terms[1]
	if p, ok := j.paired(a, b); ok {
		switch kind {
		case "ratio":
			return p.Ratio(confidence), nil
		case "difference":
			return p.Difference(confidence), nil
		}
		return distance(p.Difference(confidence)), nil
	}
	spread := (sharp(a.e) || a.e.SE > 0) && (sharp(b.e) || b.e.SE > 0) && !(sharp(a.e) && sharp(b.e))
	if spread && j.apart(a, b) {
		x, y := a.e, b.e
		switch kind {
		case "ratio":
			return estimate.Ratio(x, y, confidence), nil
		case "difference":
			return estimate.Difference(x, y, confidence), nil
		}
		return distance(estimate.Difference(x, y, confidence)), nil
	}
	e, err := j.propagate(terms, func(x []float64) (float64, error) {
		if kind == "ratio" {
			return x[0] / x[1], nil
		}
		return x[0] - x[1], nil
	})
	if kind == "distance" {
		e = distance(e)
	}
	return e, err
}

// paired joins two mean times, or means of replicas' own numbers, by replica, where they are of the same replicas.
func (j *judge) paired(a, b *term) (p estimate.Pairs, ok bool) {
	if a.own != nil && len(a.own) == len(b.own) && !(sharp(a.e) && sharp(b.e)) {
		for i := range a.own {
			p.Add(a.own[i], b.own[i])
		}
		return p, true
	}
	if a.of.kind != "mean-time" || b.of.kind != "mean-time" || a.o == nil || b.o == nil || sharp(a.e) && sharp(b.e) {
		return p, false
	}
	x, y := a.o.Passages[a.of.event], b.o.Passages[b.of.event]
	if len(x.Values) != len(y.Values) {
		return p, false
	}
	for i := range x.Values { // both in the order of replicas
		if x.Replica[i] != y.Replica[i] {
			return p, false
		}
		p.Add(x.Values[i], y.Values[i])
	}
	return p, true
}

// apart reports whether chance moves two terms independently: one of them is certain, or they are of arms with noise of
// their own, or of cells with other seeds.
func (j *judge) apart(a, b *term) bool {
	if sharp(a.e) || sharp(b.e) {
		return true
	}
	if a.o == nil || b.o == nil {
		return false
	}
	x, y := j.chance(a.o), j.chance(b.o)
	return x[0] != y[0] && (x[1] != y[1] || j.fixedStart(a.o) && j.fixedStart(b.o))
}

// chance is a cell's seeds, of noise and of the start.
func (j *judge) chance(o *Outcome) [2]uint64 {
	c := &j.st.Groups[o.Cell.Group].Cells[o.Cell.Index]
	return [2]uint64{c.NoiseSeed, c.InitSeed}
}

func (j *judge) fixedStart(o *Outcome) bool {
	g := j.st.Groups[o.Cell.Group]
	site, err := g.Site()
	return err == nil && site.Start.Deterministic(g.Cells[o.Cell.Index].Point)
}

// propagate carries intervals through a function to first order: in quadrature where chance moves all terms
// independently, else by their sum, which is the width at the worst correlation.
func (j *judge) propagate(terms []term, f func(x []float64) (float64, error)) (estimate.Estimate, error) {
	x := make([]float64, len(terms))
	n := int64(0)
	moved := []int{}
	for i := range terms {
		x[i] = terms[i].e.Value
		if !terms[i].e.Known() {
			return estimate.Missing(0), fmt.Errorf("%s is missing", terms[i].of.kind)
		}
		if !sharp(terms[i].e) {
			moved = append(moved, i)
			if n == 0 || terms[i].e.N < n {
				n = terms[i].e.N
			}
		}
	}
	y, err := f(x)
	if err != nil {
		return estimate.Missing(n), err
	}
	if len(moved) == 0 {
		return estimate.Exact(y), nil
	}
	power := 2.0
	for k, a := range moved {
		for _, b := range moved[:k] {
			if !j.apart(&terms[a], &terms[b]) {
				power = 1
			}
		}
	}
	at := func(i int, v float64) float64 {
		was := x[i]
		x[i] = v
		z, err := f(x)
		x[i] = was
		if err != nil {
			return math.NaN()
		}
		return z
	}
	lo, hi, se := 0.0, 0.0, 0.0
	for _, i := range moved {
		e := terms[i].e
		a, b := at(i, e.Lo)-y, at(i, e.Hi)-y
		lo += math.Pow(math.Max(0, -math.Min(a, b)), power)
		hi += math.Pow(math.Max(0, math.Max(a, b)), power)
		se += math.Pow(math.Abs(at(i, e.Value+e.SE)-at(i, e.Value-e.SE))/2, power)
	}
	root := 1 / power
	return estimate.Estimate{Value: y, SE: math.Pow(se, root), Lo: y - math.Pow(lo, root), Hi: y + math.Pow(hi, root), N: n}, nil
}

// each evaluates a measure of replicas for every replica.
func (j *judge) each(m *measure, from func(*measure) (*Outcome, error), o *Outcome) ([]float64, error) {
	columns := make([]map[int64]float64, len(m.terms))
	for i, t := range m.terms {
		o, err := from(t)
		if err == nil {
			err = o.failure()
		}
		if err != nil {
			return nil, err
		}
		columns[i] = map[int64]float64{}
		passed := map[int64]float64{}
		if t.event != "" {
			s := o.Passages[t.event]
			for k := range s.Values {
				if s.Censored[k] {
					return nil, fmt.Errorf("replica %d stopped before %s, whose time is not known; want a longer at-most", s.Replica[k], t.event)
				}
				passed[s.Replica[k]] = s.Values[k]
			}
		}
		if t.kind == "passage" {
			columns[i] = passed
			continue
		}
		if t.kind == "end" {
			for id, x := range o.Last[t.column] {
				columns[i][id] = x
			}
		} else {
			for id, p := range o.Paths[t.column] {
				x, err := t.along(p, o.Paths[t.beside][id], passed[id])
				if err != nil {
					return nil, fmt.Errorf("replica %d: %w", id, err)
				}
				columns[i][id] = x
			}
		}
		switch {
		case o.Diverged > 0:
			return nil, fmt.Errorf("%d of %d replicas diverged, and have no %s at the end", o.Diverged, o.Replicas, t.column)
		case int64(len(columns[i])) < o.Replicas:
			return nil, fmt.Errorf("%s was kept for %d of %d replicas; want ensemble.keep of at least %d", t.column, len(columns[i]), o.Replicas, o.Replicas)
		}
	}
	ids := make([]int64, 0, len(columns[0]))
	for id := range columns[0] {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(a, b int) bool { return ids[a] < ids[b] })
	out := make([]float64, 0, len(ids))
	values := map[string]float64{}
	lookup := spec.Numbers(j.st.Points[o.Cell.Point].Root, values)
	for _, id := range ids {
		for i := range columns {
			x, ok := columns[i][id]
			if !ok || len(columns[i]) != len(ids) {
				return nil, fmt.Errorf("%s and %s are not of the same replicas", m.names[0], m.names[i])
			}
			values[m.names[i]] = x
		}
		x, err := m.expr.Eval(lookup)
		if err != nil {
			return nil, fmt.Errorf("replica %d: %w", id, err)
		}
		out = append(out, x)
	}
	return out, nil
}

// along sums up a path from a time on, beside another one of the same replica where it is of two.
func (m *measure) along(p, other Path, since float64) (float64, error) {
	var x, y, at []float64
	for i, t := range p.Time {
		if t < max(m.window[0], since) || t > m.window[1] {
			continue
		}
		x, at = append(x, p.Value[i]), append(at, t)
		if m.paired() {
			if len(other.Time) != len(p.Time) || other.Time[i] != t {
				return 0, fmt.Errorf("%s and %s are read at different times; want one schedule", m.column, m.beside)
			}
			y = append(y, other.Value[i])
		}
	}
	least := 1
	if m.paired() || m.stat == "rises" {
		least = 2
	}
	if len(x) < least {
		return 0, fmt.Errorf("%s has %d readings in the window [%g, %g]; want at least %d", m.column, len(x), max(m.window[0], since), m.window[1], least)
	}
	switch m.kind {
	case "correlation":
		return pearson(x, y), nil
	case "agreement":
		n := 0
		for i := range x[1:] {
			if d := x[i+1] - x[i]; d > 0 && y[i] > 0 || d < 0 && y[i] < 0 || d == 0 && y[i] == 0 {
				n++
			}
		}
		return float64(n) / float64(len(x)-1), nil
	}
	switch m.stat {
	case "median":
		slices.Sort(x)
		return (x[(len(x)-1)/2] + x[len(x)/2]) / 2, nil
	case "max":
		return slices.Max(x), nil
	case "min":
		return slices.Min(x), nil
	case "range":
		return slices.Max(x) - slices.Min(x), nil
	case "first":
		return x[0], nil
	case "last":
		return x[len(x)-1], nil
	case "when-max", "when-min":
		extreme := slices.Max[[]float64]
		if m.stat == "when-min" {
			extreme = slices.Min[[]float64]
		}
		k := slices.Index(x, extreme(x))
		if k < 0 {
			return 0, fmt.Errorf("%s has readings that are no number, and no %s", m.column, m.stat[len("when-"):])
		}
		return at[k], nil
	case "when-first-above", "when-last-above":
		if m.stat == "when-last-above" {
			slices.Reverse(x)
			slices.Reverse(at)
		}
		for i := range x {
			if x[i] > m.level {
				return at[i], nil
			}
		}
		return 0, fmt.Errorf("%s is never above %g in the window [%g, %g]", m.column, m.level, m.window[0], m.window[1])
	case "rises":
		n := 0
		for i := range x[1:] {
			if x[i+1] > x[i] {
				n++
			}
		}
		return float64(n) / float64(len(x)-1), nil
	}
	var mo estimate.Moments
	for _, v := range x {
		mo.Add(v)
	}
	return mo.M, nil
}

// pearson is the correlation of two lists.
func pearson(x, y []float64) float64 {
	var a, b estimate.Moments
	for i := range x {
		a.Add(x[i])
		b.Add(y[i])
	}
	both := 0.0
	for i := range x {
		both = math.FMA(x[i]-a.M, y[i]-b.M, both)
	}
	return both / (math.Sqrt(a.M2) * math.Sqrt(b.M2))
}

// replicas is the statistic of each replica's own number. Largest and smallest are of the replicas seen.
func (j *judge) replicas(m *measure, from func(*measure) (*Outcome, error), o *Outcome) (estimate.Estimate, error) {
	xs, err := j.each(m, from, o)
	if err != nil {
		return estimate.Missing(0), err
	}
	var mo estimate.Moments
	var sk estimate.Sketch
	for _, x := range xs {
		mo.Add(x)
		sk.Add(x)
	}
	exact := estimate.Exact(mo.M)
	exact.N = mo.N
	switch {
	case m.stat == "max":
		exact.Value, exact.Lo, exact.Hi = mo.Max, mo.Max, mo.Max
		return exact, nil
	case m.stat == "min":
		exact.Value, exact.Lo, exact.Hi = mo.Min, mo.Min, mo.Min
		return exact, nil
	case mo.N == 1 && j.certain(o):
		return exact, nil
	case m.stat == "median":
		return sk.Quantile(0.5, confidence), nil
	case m.stat == "variance":
		return mo.Variance(confidence), nil
	case m.stat == "kurtosis":
		return estimate.Kurtosis(xs, confidence), nil
	case m.stat == "tail-index":
		if len(xs) <= m.top {
			return estimate.Missing(mo.N), fmt.Errorf("%d replicas have no tail of %d; want a smaller top", len(xs), m.top)
		}
		return estimate.Hill(xs, m.top, confidence), nil
	}
	return mo.Mean(confidence), nil
}

// acrossCells evaluates a measure that is one number over cells.
func (j *judge) acrossCells(m *measure, cells []*Outcome) (estimate.Estimate, error) {
	if len(cells) == 0 {
		return estimate.Missing(0), errNoCell
	}
	one := j.oneOf(cells)
	switch m.kind {
	case "ratio", "difference", "distance", "expression":
		return j.combine(m, one, cells[0])
	case "replicas":
		return j.replicas(m, one, cells[0])
	case "slope":
		return j.slope(m, cells)
	case "crossing":
		return j.crossing(m, cells)
	}
	o, err := one(m)
	if err != nil {
		return estimate.Missing(0), err
	}
	return j.value(m, o)
}

// slope fits a line across cells, weighted by 1/se². Its error is that of the weighted sum of their numbers: paired by replica
// where they are mean times over the same replicas, in quadrature where chance moves the cells independently, else the
// sum of the parts, which is the error at the worst correlation.
func (j *judge) slope(m *measure, cells []*Outcome) (estimate.Estimate, error) {
	var x, y, se []float64
	var terms []term
	exact, n := 0, int64(math.MaxInt64)
	for _, o := range cells {
		t, err := j.term(m.terms[0], o)
		if err != nil {
			return estimate.Missing(0), fmt.Errorf("%s: %w", j.st.Label(o.Cell), err)
		}
		e := t.e
		a, err := m.over.at(j.st, o.Cell)
		if err != nil {
			return estimate.Missing(0), err
		}
		n = min(n, e.N)
		if sharp(e) {
			exact++
		}
		terms = append(terms, t)
		if strings.Contains(m.log, "x") {
			a = math.Log(a)
		}
		if strings.Contains(m.log, "y") {
			e = e.Log()
		}
		if !e.Known() || math.IsNaN(a) || math.IsInf(a, 0) {
			return estimate.Missing(0), fmt.Errorf("%s: no number, or no logarithm, of %s or of over", j.st.Label(o.Cell), m.terms[0].kind)
		}
		x, y, se = append(x, a), append(y, e.Value), append(se, e.SE)
	}
	switch {
	case exact == len(cells):
		line, err := estimate.FitLine(x, y, nil, estimate.FitOptions{})
		return estimate.Exact(line.Slope.Value), err // how straight the line is, is another question
	case exact > 0:
		return estimate.Missing(0), fmt.Errorf("%d of %d cells are exact and the others are not; want all of one kind", exact, len(cells))
	}
	for i, s := range se {
		if !(s > 0) {
			return estimate.Missing(0), fmt.Errorf("%s: the standard error is not known", j.st.Label(cells[i].Cell))
		}
	}
	line, err := estimate.FitLine(x, y, se, estimate.FitOptions{})
	if err != nil {
		return estimate.Missing(0), err
	}
	e := line.Slope
	wide := j.together(terms, weights(x, se), strings.Contains(m.log, "y")) / e.SE
	e.SE, e.Lo, e.Hi = e.SE*wide, e.Value-float64(wide*(e.Value-e.Lo)), e.Value+float64(wide*(e.Hi-e.Value))
	e.N = n // more replicas, not more cells, are what would narrow it
	return e, nil
}

// crossing is where a measure passes a level along an axis. A cell in which it has no number is a gap.
func (j *judge) crossing(m *measure, cells []*Outcome) (estimate.Estimate, error) {
	type reading struct {
		x float64
		y estimate.Estimate
	}
	var all []reading
	var reason error
	known := false
	for _, o := range cells {
		x, err := m.over.at(j.st, o.Cell)
		if err != nil {
			return estimate.Missing(0), err
		}
		t, err := j.term(m.terms[0], o)
		if err != nil {
			t.e = estimate.Missing(0)
			if reason == nil {
				reason = fmt.Errorf("%s: %w", j.st.Label(o.Cell), err)
			}
		}
		known = known || t.e.Known()
		all = append(all, reading{x, t.e})
	}
	if !known && reason != nil {
		return estimate.Missing(0), reason
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].x < all[b].x })
	x, y := make([]float64, len(all)), make([]estimate.Estimate, len(all))
	for i, r := range all {
		x[i], y[i] = r.x, r.y
		if i > 0 && x[i] == x[i-1] {
			return estimate.Missing(0), fmt.Errorf("two cells stand at %g; want one at each place of the axis: choose them by dynamics and where", x[i])
		}
	}
	return estimate.Crossing(x, y, m.cross)
}

// weights are the c for which Σcᵢyᵢ is the slope of the fit weighted by 1/se².
func weights(x, se []float64) []float64 {
	var sum, mean, square float64
	for i := range x {
		w := 1 / (se[i] * se[i])
		sum += w
		mean = math.FMA(w, x[i], mean)
	}
	mean /= sum
	c := make([]float64, len(x))
	for i := range x {
		c[i] = (x[i] - mean) / (se[i] * se[i])
		square = math.FMA(c[i], x[i]-mean, square)
	}
	for i := range c {
		c[i] /= square
	}
	return c
}

// together is the standard error of Σcᵢyᵢ, y the terms or their logarithms.
func (j *judge) together(terms []term, c []float64, log bool) float64 {
	if log {
		c = append([]float64(nil), c...)
		for i := range c {
			c[i] /= terms[i].e.Value
		}
	}
	paired := true
	first := &terms[0]
	for i := range terms {
		_, ok := j.paired(first, &terms[i])
		paired = paired && ok
	}
	if paired {
		values := make([][]float64, len(terms))
		for i, t := range terms {
			if values[i] = t.own; t.own == nil {
				values[i] = t.o.Passages[t.of.event].Values
			}
		}
		var sum estimate.Moments
		for r := range values[0] {
			s := 0.0
			for i := range values {
				s = math.FMA(c[i], values[i][r], s)
			}
			sum.Add(s)
		}
		return sum.Mean(confidence).SE
	}
	square, worst, apart := 0.0, 0.0, true
	for i := range terms {
		s := math.Abs(c[i]) * terms[i].e.SE
		square = math.FMA(s, s, square)
		worst += s
		for k := range i {
			apart = apart && j.apart(&terms[i], &terms[k])
		}
	}
	if apart {
		return math.Sqrt(square)
	}
	return worst
}

// line is cells of one arm along an axis, alike in what else is swept.
type line struct {
	label string
	cells []*Outcome
}

// lines sorts cells into lines along an axis, the order of the sweep where it is nil, for each of the arms, or for all. What else varies among cells that
// stand at one place of the axis tells lines apart; what moves along with the axis does not.
func (j *judge) lines(cells []*Outcome, along *axis, arms bool) ([]line, error) {
	x := map[*Outcome]float64{}
	for _, o := range cells {
		x[o] = float64(o.Cell.Point)
		if along != nil {
			var err error
			if x[o], err = along.at(j.st, o.Cell); err != nil {
				return nil, err
			}
		}
	}
	other := map[string]bool{} // paths that vary at one place
	values := func(o *Outcome) []spec.Param { return j.st.Points[o.Cell.Point].Params }
	for _, a := range cells {
		for _, b := range cells {
			if a.Cell.Arm != b.Cell.Arm || x[a] != x[b] {
				continue
			}
			for i, p := range values(a) {
				if !equalNodes(p.Value, values(b)[i].Value) {
					other[p.Path] = true
				}
			}
		}
	}
	var out []line
	at := map[string]int{}
	for _, o := range cells {
		words := []string{}
		if arms && len(j.st.Arms) > 1 {
			words = append(words, o.Cell.Arm)
		}
		for _, p := range values(o) {
			if other[p.Path] {
				words = append(words, p.Path+"="+valueText(p.Value))
			}
		}
		label := strings.Join(words, " ")
		k, ok := at[label]
		if !ok {
			k = len(out)
			at[label] = k
			out = append(out, line{label: label})
		}
		out[k].cells = append(out[k].cells, o)
	}
	for _, l := range out {
		sort.SliceStable(l.cells, func(a, b int) bool { return x[l.cells[a]] < x[l.cells[b]] })
	}
	return out, nil
}

// predict is a theory's one number in a cell: at the time that a measure is of, or without an axis.
func (j *judge) predict(n *spec.Node, path string, m *measure, o *Outcome) (float64, error) {
	var at []float64
	if !math.IsInf(m.at, 1) {
		at = []float64{m.at}
	}
	p, err := j.st.predict(n, path, o.Cell, j.event, at)
	if err != nil {
		return math.NaN(), err
	}
	if len(p.Values) != 1 {
		return math.NaN(), fmt.Errorf("the theory gives %d numbers; want one: give it one time, at: [t], or measure its deviation", len(p.Values))
	}
	return p.Values[0], nil
}
