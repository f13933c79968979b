package study

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sgdlab/estimate"
	"sgdlab/spec"
	"sgdlab/store"
)

// Claim sets a measurement beside an expectation.
//
// It holds where the whole interval of the measured is inside the tolerance, fails where it is outside, and is undecided
// where it straddles, or where the number could not be had, which the verdict's expectation then says. A claim is judged
// once in each cell that it speaks of; over many cells (slope, ordered, measures that name their cells) once for each line
// of them, and where it names their dynamics alone, once at each point of the sweep.
type Claim struct {
	ID, Says, Run string
	measure       *measure
	expect        *expect
}

// expect is what a claim expects of its measure.
type expect struct {
	node   *spec.Node
	path   string
	kind   string
	number float64
	band   [2]float64
	theory *spec.Node // equals: {theory: …}
	solve  string     // equals: {solve: EVENT}
	source *measure   // equals: {measure: …}
	along  *axis      // ordered: over; equals: {over: PATH, values: …}
	table  []entry    // equals: {over: PATH, values: {x: value, …}}
	within tolerance
	up     bool       // ordered
	over   *spec.Expr // equals: EXPRESSION in $paths
	seeds  *expect    // fraction-of-seeds: of
	least  float64
	arm    string // same-law
}

// entry is the value that is expected where the axis is at x.
type entry struct{ x, value float64 }

// tolerance is the half-width of an equality's band.
type tolerance struct {
	kind   string // relative, absolute or digits
	number float64
	expr   *spec.Expr // instead of number
}

var tolerances = []string{"relative", "absolute", "digits"}

var expectKinds = []string{"equals", "at-least", "at-most", "between", "ordered", "fraction-of-seeds", "same-law", "diverges"}

var claimKeys = []string{"id", "says", "measure", "expect", "run"}

func (l *loader) questions(root *spec.Node) {
	l.claims(root.Get("claims"), "claims")
	l.answers(root.Get("answer"))
	l.asks(root.Get("ask"))
	if n := root.Get("split"); !n.IsNull() {
		l.problems.Add(n.Mistake("split", "a splitting", "no split here: this version answers by theory, solve and simulate"))
	}
}

func (l *loader) claims(n *spec.Node, path string) {
	if n.IsNull() {
		return
	}
	if n.Kind != spec.Seq {
		l.problems.Add(n.Problem(path, "a list of claims {id, says, measure, expect}"))
		return
	}
	seen := map[string]bool{}
	for i, it := range n.Items {
		at := fmt.Sprintf("%s[%d]", path, i)
		l.only(it, at, claimKeys...)
		if it.Kind != spec.Map {
			continue
		}
		c := Claim{}
		c.ID, _ = it.Get("id").Text()
		c.Says, _ = it.Get("says").Text()
		c.Run, _ = it.Get("run").Text()
		if c.ID == "" || seen[c.ID] {
			l.problems.Add(it.Mistake(at+".id", fmt.Sprintf("%q", c.ID), "a name that no other claim has"))
		}
		seen[c.ID] = true
		if given := it.Get("expect"); given.IsNull() {
			l.problems.Add(it.Mistake(at+".expect", "nothing", "one of "+strings.Join(expectKinds, ", ")))
		} else {
			c.expect = l.expect(given, at+".expect")
		}
		switch given := it.Get("measure"); {
		case given.IsNull() && c.expect != nil && c.expect.kind != "diverges":
			l.problems.Add(it.Mistake(at+".measure", "nothing", "a measure, as in {mean-time: exit}"))
		case given.IsNull():
			c.measure = newMeasure(it, at+".measure")
			c.measure.kind, c.measure.event = "fraction", "diverged"
		default:
			c.measure = l.measure(given, at+".measure")
		}
		if c.measure != nil && c.expect != nil {
			l.agree(&c, it, at)
		}
		l.study.Claims = append(l.study.Claims, c)
	}
}

// agree checks that the measure has what the expectation asks of it.
func (l *loader) agree(c *Claim, n *spec.Node, at string) {
	m := c.measure
	switch c.expect.kind {
	case "ordered":
		if m.over != nil || m.across() && !m.pointwise() {
			l.problems.Add(n.Mistake(at, "an order of one number", "a measure with a value in each cell, or at each point"))
		}
		if len(l.study.Points) == 1 && !l.study.Quick {
			l.problems.Add(n.Mistake(at, "an order of one cell", "a sweep"))
		}
		if swept := l.study.swept(); c.expect.along == nil && len(swept) > 1 {
			l.problems.Add(n.Get("expect").Mistake(at+".expect", "ordered, but not along what", "over: one of "+strings.Join(swept, ", ")+", or an expression in $paths"))
		}
	case "same-law":
		if m.event == "" || m.event == "diverged" {
			l.problems.Add(n.Mistake(at, "same-law of "+m.kind, "a measure of an event, {mean-time: EVENT}: it compares the laws of its times"))
		}
	case "fraction-of-seeds":
		switch {
		case m.kind == "replicas" || len(l.study.seeds()) > 0:
		case m.kind == "mean-time", m.kind == "value" && math.IsInf(m.at, 1):
			c.measure = m.ofReplicas()
		default:
			l.problems.Add(n.Mistake(at, "fraction-of-seeds of "+m.kind, "replicas, mean-time, value at the end, or a sweep over a seed"))
		}
	}
}

// seeds lists the paths of the sweep that are seeds.
func (st *Study) seeds() []string {
	var out []string
	for _, p := range st.swept() {
		if p == "seed" || strings.HasPrefix(p, "seed.") {
			out = append(out, p)
		}
	}
	return out
}

// ofReplicas is a mean-time or a value at the end as each replica has it.
func (m *measure) ofReplicas() *measure {
	each := newMeasure(m.node, m.path)
	each.kind, each.event, each.column = "passage", m.event, m.column
	if m.kind == "value" {
		each.kind = "end"
	}
	out := newMeasure(m.node, m.path)
	out.kind, out.stat, out.names, out.terms = "replicas", "mean", []string{"x"}, []*measure{each}
	out.expr, _ = spec.ParseExpr("x")
	out.dynamics, out.where = m.dynamics, m.where
	return out
}

func (l *loader) expect(n *spec.Node, path string) *expect {
	before := len(*l.problems)
	e := &expect{node: n, path: path}
	l.only(n, path, append(append([]string{}, expectKinds...), "relative", "absolute", "digits", "over", "distance")...)
	if n == nil || n.Kind != spec.Map {
		return nil
	}
	for _, p := range n.Pairs {
		if indexOf(expectKinds, p.Key) >= 0 {
			if e.kind != "" {
				l.problems.Add(n.Mistake(path, "both "+e.kind+" and "+p.Key, "one expectation"))
			}
			e.kind = p.Key
		}
	}
	if e.kind == "" {
		if len(*l.problems) == before {
			l.problems.Add(n.Problem(path, "one of "+strings.Join(expectKinds, ", ")))
		}
		return nil
	}
	for word, of := range map[string]string{"relative": "equals", "absolute": "equals", "digits": "equals", "over": "ordered", "distance": "same-law"} {
		if given := n.Get(word); !given.IsNull() && e.kind != of {
			l.problems.Add(given.Mistake(path+"."+word, word+" with "+e.kind, "nothing: it belongs to "+of))
		}
	}
	v, at := n.Get(e.kind), path+"."+e.kind
	any := func(x float64) bool { return !math.IsNaN(x) }
	switch e.kind {
	case "equals":
		l.tolerance(e, n, path)
		l.equals(e, v, at)
	case "at-least":
		e.band = [2]float64{l.number(v, at, "a number", any), math.Inf(1)}
	case "at-most":
		e.band = [2]float64{math.Inf(-1), l.number(v, at, "a number", any)}
	case "between":
		e.band = l.span(v, at, "two numbers [a, b] with a < b")
	case "ordered":
		t, _ := v.Text()
		e.up = t == "increasing"
		if !e.up && t != "decreasing" {
			l.problems.Add(v.Problem(at, "increasing or decreasing"))
		}
		if o := n.Get("over"); !o.IsNull() {
			e.along = l.axis(o, path+".over")
		}
	case "fraction-of-seeds":
		l.only(v, at, "at-least", "of")
		if v.Kind != spec.Map {
			return nil
		}
		e.least = l.number(v.Get("at-least"), at+".at-least", "a fraction between 0 and 1", func(x float64) bool { return x > 0 && x <= 1 })
		e.seeds = l.expect(v.Get("of"), at+".of")
		if e.seeds != nil && indexOf([]string{"equals", "at-least", "at-most", "between"}, e.seeds.kind) < 0 {
			l.problems.Add(v.Get("of").Mistake(at+".of", e.seeds.kind, "equals, at-least, at-most or between"))
		}
	case "same-law":
		e.arm, _ = v.Text()
		if indexOf(l.study.Arms, e.arm) < 0 {
			l.problems.Add(v.Problem(at, "one of the dynamics "+strings.Join(l.study.Arms, ", ")))
		}
		e.number = 0.1
		if d := n.Get("distance"); !d.IsNull() {
			e.number = l.number(d, path+".distance", "a Kolmogorov–Smirnov distance between 0 and 1", func(x float64) bool { return x > 0 && x <= 1 })
		}
	case "diverges":
		want, ok := v.Bool()
		if !ok {
			l.problems.Add(v.Problem(at, "true or false"))
		}
		e.band = [2]float64{0.5, 1}
		if !want {
			e.band = [2]float64{0, 0.5}
		}
	}
	if len(*l.problems) > before {
		return nil
	}
	return e
}

// tolerance reads relative, absolute or digits: a number, or an expression in $paths.
func (l *loader) tolerance(e *expect, n *spec.Node, path string) {
	given := 0
	for _, kind := range tolerances {
		t := n.Get(kind)
		if t.IsNull() {
			continue
		}
		given++
		e.within.kind = kind
		switch x, ok := t.Float(); {
		case ok && kind == "digits":
			e.within.number = l.number(t, path+".digits", "a whole number of digits from 1 to 15", func(x float64) bool { return x >= 1 && x <= 15 && x == math.Trunc(x) })
		case ok:
			if e.within.number = x; !(x >= 0) {
				l.problems.Add(t.Problem(path+"."+kind, "a tolerance ≥ 0"))
			}
		default:
			e.within.expr = l.expression(t, path+"."+kind)
		}
	}
	if given != 1 {
		l.problems.Add(n.Mistake(path, fmt.Sprintf("equals with %d tolerances", given), "one of relative: r (│measured/predicted − 1│ ≤ r), absolute: a, digits: k (as printed with k of them)"))
	}
}

// equals reads the right-hand side of an equality.
func (l *loader) equals(e *expect, v *spec.Node, at string) {
	const want = "a number, an expression in $paths, {theory: …}, {solve: EVENT}, {measure: …} or {over: PATH, values: {…}}"
	if v.Kind == spec.Scalar {
		if x, ok := v.Float(); ok {
			if x == 0 && e.within.kind == "relative" {
				l.problems.Add(v.Mistake(at, "0 with a relative tolerance", "absolute: a, as no number but 0 itself is within a part of 0"))
			}
			e.number = x
		} else if t, _ := v.Text(); strings.Contains(t, "$") {
			e.over = l.expression(v, at)
		} else {
			l.problems.Add(v.Problem(at, want))
		}
		return
	}
	if v.Kind != spec.Map {
		l.problems.Add(v.Problem(at, want))
		return
	}
	switch keys := strings.Join(v.Keys(), " "); keys {
	case "theory":
		e.theory = v.Get("theory")
		l.theory(e.theory, at+".theory")
	case "solve":
		e.solve = l.eventName(v.Get("solve"), at+".solve", false)
	case "measure":
		e.source = l.measure(v.Get("measure"), at+".measure")
	case "over values", "values over":
		l.table(e, v, at)
	default:
		l.problems.Add(v.Problem(at, want))
	}
}

// table reads {over: PATH, values: {x: value, …}}: only the cells that it lists take part.
func (l *loader) table(e *expect, v *spec.Node, at string) {
	e.along = l.axis(v.Get("over"), at+".over")
	values := v.Get("values")
	if values == nil || values.Kind != spec.Map || len(values.Pairs) == 0 {
		l.problems.Add(values.Problem(at+".values", "a map from a number on the axis to the value expected there"))
		return
	}
	for _, p := range values.Pairs {
		x, err := spec.EvalExpr(p.Key, nil)
		if err != nil {
			l.problems.Add(p.Value.Mistake(at+".values", p.Key, "a number on the axis").AtKey(p))
			continue
		}
		y := l.number(p.Value, at+".values."+p.Key, "a number", func(float64) bool { return true })
		e.table = append(e.table, entry{x, y})
		if e.along != nil && e.along.expr == nil {
			l.sweptValue(e.along.path, spec.New(x).At(p.Value), at+".values")
		}
	}
}

// expression reads an expression in $paths that has a value at some point; whether it has one at all that its claim is about is seen when
// these are known.
func (l *loader) expression(n *spec.Node, path string) *spec.Expr {
	t, _ := n.Text()
	e, err := spec.ParseExpr(t)
	if err == nil {
		for i := range l.study.Points {
			if _, err = e.Eval(spec.Numbers(l.study.Points[i].Root, nil)); err == nil {
				break
			}
		}
	}
	if err != nil {
		l.inexpressible(n, path, t, err)
		return nil
	}
	return e
}

func (l *loader) inexpressible(n *spec.Node, path, text string, err error) {
	l.problems.Add(n.Mistake(path, fmt.Sprintf("%q: %v", text, err), "a number, or an expression in $paths"))
}

// Judge returns the verdicts of the study's claims.
func (st *Study) Judge(paper string, all []*Outcome) []store.Verdict {
	j := &judge{st: st, all: all}
	var out []store.Verdict
	for i := range st.Claims {
		for _, v := range j.claim(&st.Claims[i]) {
			v.Paper, v.ID, v.Says = paper, st.Claims[i].ID, st.Claims[i].Says
			out = append(out, v)
		}
	}
	return out
}

var errNoCell = errors.New("no cell matches")

// claim judges one claim.
func (j *judge) claim(c *Claim) []store.Verdict {
	j.event = j.eventOf(c)
	cells := c.measure.cellsOf(j.st, j.all)
	if len(cells) == 0 {
		return []store.Verdict{unknown("", c.expect, errNoCell)}
	}
	switch {
	case c.expect.kind == "ordered":
		return j.perLine(c, c.expect.along, cells, func(l line) store.Verdict { return j.ordered(c, l) })
	case c.expect.kind == "fraction-of-seeds" && c.measure.kind != "replicas":
		return j.perSeeds(c, cells)
	case c.measure.over != nil:
		return j.perLine(c, c.measure.over, cells, func(l line) store.Verdict { return j.judged(c, l.label, l.cells, nil) })
	case c.measure.across() && c.measure.pointwise():
		return j.perPoint(c, cells)
	case c.measure.across():
		return []store.Verdict{j.judged(c, "", cells, nil)}
	}
	var out []store.Verdict
	for _, o := range cells {
		if !o.has(c.measure) || !c.expect.lists(j.st, o.Cell) {
			continue // an arm without the column, or a cell that a table does not list, takes no part
		}
		if c.expect.kind == "same-law" && o.Cell.Arm == c.expect.arm {
			continue
		}
		out = append(out, j.judged(c, j.st.Label(o.Cell), []*Outcome{o}, o))
	}
	if len(out) == 0 {
		return []store.Verdict{unknown("", c.expect, errors.New("no cell has what it measures"))}
	}
	return out
}

// pointwise reports whether a measure of several cells names their dynamics only: it is then one number at each point of the
// sweep.
func (m *measure) pointwise() bool {
	if m.over != nil {
		return false
	}
	for _, t := range m.terms {
		if len(t.where) > 0 || !t.pointwise() {
			return false
		}
	}
	return true
}

// ofPoint reports whether what is compared from cell to cell is one number at each point of the sweep, made of several
// dynamics there.
func (m *measure) ofPoint() bool {
	if m.over != nil {
		m = m.terms[0]
	}
	return m.across() && m.pointwise()
}

// perPoint judges a measure of several dynamics at each point.
func (j *judge) perPoint(c *Claim, cells []*Outcome) []store.Verdict {
	var out []store.Verdict
	for len(cells) > 0 {
		point := cells[0].Cell.Point
		n := 1
		for n < len(cells) && cells[n].Cell.Point == point { // cells are by point
			n++
		}
		var words []string
		for _, p := range j.st.Points[point].Params {
			words = append(words, p.Path+"="+valueText(p.Value))
		}
		out = append(out, j.judged(c, strings.Join(words, " "), cells[:n], nil))
		cells = cells[n:]
	}
	return out
}

// eventOf is the event that a theory of the claim is about: the one that the claim measures, or the only one.
func (j *judge) eventOf(c *Claim) string {
	event := ""
	look := func(m *measure) {
		name := m.event
		if m.kind == "estimate" {
			_, name, _ = strings.Cut(m.column, ":")
		}
		if event == "" && indexOf(j.st.Events, name) >= 0 {
			event = name
		}
	}
	c.measure.walk(look)
	if event == "" && len(j.st.Events) == 1 {
		return j.st.Events[0]
	}
	return event
}

// has reports whether a cell's arm has the columns of a measure; one that failed might have had them.
func (o *Outcome) has(m *measure) bool {
	if o.Failed != "" {
		return true
	}
	ok := true
	m.walk(func(t *measure) {
		if t.column != "" && t.kind != "estimate" {
			ok = ok && o.Series[t.column] != nil && (t.beside == "" || o.Series[t.beside] != nil)
		}
	})
	return ok
}

// lists reports whether a cell takes part in a table.
func (e *expect) lists(st *Study, c *Cell) bool {
	if e.table == nil {
		return true
	}
	_, err := e.listed(st, c)
	return err == nil
}

func (e *expect) listed(st *Study, c *Cell) (float64, error) {
	x, err := e.along.at(st, c)
	if err != nil {
		return math.NaN(), err
	}
	for _, t := range e.table {
		if math.Abs(t.x-x) <= 1e-12*math.Abs(x) {
			return t.value, nil
		}
	}
	return math.NaN(), fmt.Errorf("no value is listed at %g", x)
}

// perLine judges each line of the cells that have what the claim measures.
func (j *judge) perLine(c *Claim, along *axis, cells []*Outcome, one func(line) store.Verdict) []store.Verdict {
	var able []*Outcome
	together := c.measure.ofPoint()
	for _, o := range cells {
		if o.has(c.measure) && !(together && len(able) > 0 && able[len(able)-1].Cell.Point == o.Cell.Point) {
			able = append(able, o) // one of each point stands for all, where the measure is of several
		}
	}
	lines, err := j.lines(able, along, !together)
	if err != nil || len(lines) == 0 {
		if err == nil {
			err = errors.New("no cell has what it measures")
		}
		return []store.Verdict{unknown("", c.expect, err)}
	}
	var out []store.Verdict
	for _, l := range lines {
		out = append(out, one(l))
	}
	return out
}

func unknown(label string, e *expect, err error) store.Verdict {
	nan := store.Number(math.NaN())
	return store.Verdict{
		Cell: label, Measured: nan, Interval: [2]store.Number{nan, nan}, Predicted: nan,
		Expectation: e.words(math.NaN(), math.NaN()) + "; not measured: " + reason(err), Verdict: store.Undecided,
	}
}

// words is the expectation as a verdict has it, with the half-width w of an equality's band.
func (e *expect) words(predicted, w float64) string {
	switch e.kind {
	case "equals":
		what := fmt.Sprintf("%.6g", predicted)
		if math.IsNaN(predicted) {
			what = "what is predicted"
		}
		switch {
		case e.theory != nil:
			name, ok := e.theory.Text()
			if !ok {
				name, _ = e.theory.Get("name").Text()
			}
			what = "theory " + name + " " + what
		case e.solve != "":
			what = "solve " + what
		}
		switch {
		case e.within.kind == "digits":
			return fmt.Sprintf("equals %s to %g digits", what, e.within.number)
		case math.IsNaN(w):
			return "equals " + what
		case e.within.kind == "relative":
			return fmt.Sprintf("equals %s within %.3g %%", what, 100*w/math.Abs(predicted))
		}
		return fmt.Sprintf("equals %s within ±%.3g", what, w)
	case "at-least":
		return fmt.Sprintf("at least %g", e.band[0])
	case "at-most":
		return fmt.Sprintf("at most %g", e.band[1])
	case "between":
		return fmt.Sprintf("between %g and %g", e.band[0], e.band[1])
	case "ordered":
		if e.up {
			return "increasing"
		}
		return "decreasing"
	case "fraction-of-seeds":
		what := e.seeds.words(predicted, w)
		if e.least == 1 {
			return "in every seed: " + what
		}
		return fmt.Sprintf("in at least %g of seeds: %s", e.least, what)
	case "same-law":
		return fmt.Sprintf("the law of %s: Kolmogorov–Smirnov distance at most %g", e.arm, e.number)
	}
	if e.band[0] > 0 {
		return "diverges"
	}
	return "does not diverge"
}

// judged sets a measure beside its band, in one cell (o) or over cells.
func (j *judge) judged(c *Claim, label string, cells []*Outcome, o *Outcome) store.Verdict {
	e := c.expect
	switch e.kind {
	case "same-law":
		return j.sameLaw(c, label, o)
	case "fraction-of-seeds":
		return j.seeds(c, label, cells, o)
	}
	got, band, predicted, w, err := j.beside(c, cells, o)
	if err != nil {
		return unknown(label, e, err)
	}
	return verdict(label, got, band, predicted, e.words(predicted, w))
}

// beside is the measured number, the band that it is to be in, and of an equality the prediction and half the band's width.
func (j *judge) beside(c *Claim, cells []*Outcome, o *Outcome) (got estimate.Estimate, band [2]float64, predicted, w float64, err error) {
	e := c.expect
	predicted, w = math.NaN(), math.NaN()
	one := o
	if o == nil {
		one = cells[0]
		got, err = j.acrossCells(c.measure, cells)
	} else {
		got, err = j.value(c.measure, o)
	}
	switch {
	case err != nil:
		return got, band, predicted, w, err
	case !got.Known() && o != nil && o.Diverged > 0:
		return got, band, predicted, w, fmt.Errorf("%d of %d replicas diverged, and there is nothing to measure it from", o.Diverged, o.Replicas)
	case !got.Known():
		return got, band, predicted, w, errors.New("there is nothing to measure it from")
	case e.kind != "equals":
		return got, e.band, predicted, w, nil
	}
	if predicted, err = j.predicted(c, one); err == nil {
		w, err = e.halfWidth(predicted, j.st.Points[one.Cell.Point].Root)
	}
	if err == nil && e.source != nil {
		got, err = j.against(c, got, cells, o)
	}
	return got, [2]float64{predicted - w, predicted + w}, predicted, w, err
}

func verdict(label string, got estimate.Estimate, band [2]float64, predicted float64, words string) store.Verdict {
	d := estimate.Decide(got, band[0], band[1])
	return store.Verdict{
		Cell: label, Measured: store.Number(got.Value), Interval: [2]store.Number{store.Number(got.Lo), store.Number(got.Hi)},
		Predicted: store.Number(predicted), Expectation: words, N: got.N, Verdict: store.Judgement(d.Verdict), Needs: d.Needs,
	}
}

// halfWidth is half the width of an equality's band around x.
func (e *expect) halfWidth(x float64, root *spec.Node) (float64, error) {
	t := e.within.number
	if e.within.expr != nil {
		var err error
		if t, err = e.within.expr.Eval(spec.Numbers(root, nil)); err != nil {
			return math.NaN(), err
		}
	}
	switch {
	case e.within.kind == "absolute":
		return math.Abs(t), nil
	case x == 0:
		return math.NaN(), fmt.Errorf("what is predicted is 0, and %s of it says nothing; want absolute", e.within.kind)
	case e.within.kind == "digits":
		return 0.5 * math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-(t-1)), nil
	}
	return math.Abs(x * t), nil
}

// predicted is the right-hand side of an equality in a cell.
func (j *judge) predicted(c *Claim, o *Outcome) (float64, error) {
	e := c.expect
	root := j.st.Points[o.Cell.Point].Root
	switch {
	case e.theory != nil:
		return j.predict(e.theory, e.path+".equals.theory", c.measure, o)
	case e.solve != "":
		s, err := j.st.solve(e.solve, o.Cell)
		return s.Value, err
	case e.source != nil:
		t, err := j.source(e.source, o)
		return t.e.Value, err
	case e.table != nil:
		return e.listed(j.st, o.Cell)
	case e.over != nil:
		return e.over.Eval(spec.Numbers(root, nil))
	}
	return e.number, nil
}

// source is another measure as a right-hand side: in the cell at hand, or in the cells that it names.
func (j *judge) source(m *measure, o *Outcome) (term, error) {
	t := term{of: m}
	var err error
	if m.across() || m.selects() {
		cells := m.cellsOf(j.st, j.all)
		if len(cells) > 1 && len(m.where) == 0 && m.pointwise() { // of the point at hand
			cells = slices.DeleteFunc(cells, func(other *Outcome) bool { return other.Cell.Point != o.Cell.Point })
		}
		if !m.across() && len(cells) == 1 {
			t.o = cells[0]
		}
		t.e, err = j.acrossCells(m, cells)
		return t, err
	}
	t.o = o
	t.e, err = j.value(m, o)
	return t, err
}

// against widens the measured interval by that of the measure that it is to equal: it becomes that of the difference, or of
// the ratio, set off from the right-hand side.
func (j *judge) against(c *Claim, got estimate.Estimate, cells []*Outcome, o *Outcome) (estimate.Estimate, error) {
	one := o
	if one == nil {
		one = cells[0]
	}
	right, err := j.source(c.expect.source, one)
	if err != nil {
		return got, err
	}
	x := right.e.Value
	terms := []term{{of: c.measure, o: o, e: got}, right}
	if c.expect.within.kind != "relative" {
		d, err := j.pair("difference", terms)
		return shifted(d, x), err
	}
	r, err := j.pair("ratio", terms)
	r.Value, r.SE, r.Lo, r.Hi = got.Value, r.SE*math.Abs(x), r.Lo*x, r.Hi*x
	if r.Lo > r.Hi {
		r.Lo, r.Hi = r.Hi, r.Lo
	}
	return r, err
}

// ordered holds if every difference between neighbours has the right sign with its whole interval, fails if one has the
// wrong sign with its whole interval, and shows the step that decided.
func (j *judge) ordered(c *Claim, l line) store.Verdict {
	e := c.expect
	if len(l.cells) < 2 {
		return unknown(l.label, e, errors.New("one cell has no order"))
	}
	var terms []term
	for _, o := range l.cells {
		t, err := j.term(c.measure, o)
		if err != nil {
			return unknown(l.label, e, fmt.Errorf("%s: %w", j.st.Label(o.Cell), err))
		}
		terms = append(terms, t)
	}
	worst := store.Verdict{}
	for i := 1; i < len(terms); i++ {
		a, b := terms[i-1], terms[i]
		if !e.up {
			a, b = b, a
		}
		d, err := j.pair("difference", []term{b, a})
		if err != nil {
			return unknown(l.label, e, err)
		}
		v := verdict(l.label, d, [2]float64{math.SmallestNonzeroFloat64, math.Inf(1)}, math.NaN(), e.words(0, 0)+", least step")
		if i == 1 || rank(v.Verdict) > rank(worst.Verdict) || v.Verdict == worst.Verdict && v.Measured < worst.Measured {
			worst = v
		}
	}
	return worst
}

func rank(v store.Judgement) int {
	return map[store.Judgement]int{store.Holds: 0, store.Undecided: 1, store.Fails: 2}[v]
}

// seeds counts the replicas in which an expectation holds.
func (j *judge) seeds(c *Claim, label string, cells []*Outcome, o *Outcome) store.Verdict {
	from := func(t *measure) (*Outcome, error) {
		if o != nil && !t.selects() {
			return o, nil
		}
		got := t.cellsOf(j.st, cells)
		switch {
		case len(got) == 0:
			return nil, errNoCell
		case len(got) > 1:
			return nil, fmt.Errorf("%s speaks of %d cells; want one: name its dynamics and where", t.path, len(got))
		}
		return got[0], nil
	}
	one := cells[0]
	xs, err := j.each(c.measure, from, one)
	if err != nil {
		return unknown(label, c.expect, err)
	}
	inner := c.expect.seeds
	band, predicted, w := inner.band, math.NaN(), math.NaN()
	if inner.kind == "equals" {
		if predicted, err = j.predicted(&Claim{measure: c.measure, expect: inner}, one); err != nil {
			return unknown(label, c.expect, err)
		}
		if w, err = inner.halfWidth(predicted, j.st.Points[one.Cell.Point].Root); err != nil {
			return unknown(label, c.expect, err)
		}
		band = [2]float64{predicted - w, predicted + w}
	}
	good := int64(0)
	for _, x := range xs {
		if x >= band[0] && x <= band[1] {
			good++
		}
	}
	n := int64(len(xs))
	return c.expect.count(label, good, n-good, n, c.expect.words(predicted, w))
}

// perSeeds counts the cells, alike but for their seeds, in which an expectation holds.
func (j *judge) perSeeds(c *Claim, cells []*Outcome) []store.Verdict {
	type tally struct{ good, bad, n int64 }
	var labels []string
	counts := map[string]*tally{}
	seeds := j.st.seeds()
	inner := &Claim{measure: c.measure, expect: c.expect.seeds}
	for _, o := range cells {
		if !o.has(c.measure) {
			continue
		}
		words := []string{}
		if len(j.st.Arms) > 1 {
			words = append(words, o.Cell.Arm)
		}
		for _, p := range j.st.Points[o.Cell.Point].Params {
			if indexOf(seeds, p.Path) < 0 {
				words = append(words, p.Path+"="+valueText(p.Value))
			}
		}
		label := strings.Join(words, " ")
		if counts[label] == nil {
			counts[label] = &tally{}
			labels = append(labels, label)
		}
		t := counts[label]
		t.n++
		switch j.judged(inner, label, []*Outcome{o}, o).Verdict {
		case store.Holds:
			t.good++
		case store.Fails:
			t.bad++
		}
	}
	if len(labels) == 0 {
		return []store.Verdict{unknown("", c.expect, errors.New("no cell has what it measures"))}
	}
	var out []store.Verdict
	for _, label := range labels {
		t := counts[label]
		out = append(out, c.expect.count(label, t.good, t.bad, t.n, c.expect.words(math.NaN(), math.NaN())))
	}
	return out
}

// count judges how many of n seeds are good, by the exact binomial interval; those neither good nor bad could be either.
// That it is all of them no n can prove: every seed that was seen decides.
func (e *expect) count(label string, good, bad, n int64, words string) store.Verdict {
	got := estimate.ClopperPearson(good, n, confidence)
	got.Hi = estimate.ClopperPearson(n-bad, n, confidence).Hi
	v := verdict(label, got, [2]float64{e.least, math.Inf(1)}, math.NaN(), words)
	if e.least == 1 {
		v.Needs = 0
		switch {
		case good == n:
			v.Verdict = store.Holds
		case bad > 0:
			v.Verdict = store.Fails
		default:
			v.Verdict = store.Undecided
		}
	}
	return v
}

// sameLaw compares the passage times of a cell with those of the reference arm at the same point.
func (j *judge) sameLaw(c *Claim, label string, o *Outcome) store.Verdict {
	ref, event := j.at(o.Cell.Point, c.expect.arm), c.measure.event
	if ref == nil {
		return unknown(label, c.expect, errNoCell)
	}
	if err := errors.Join(o.failure(), ref.failure()); err != nil {
		return unknown(label, c.expect, err)
	}
	d, err := estimate.KolmogorovSmirnov(*o.Passages[event], *ref.Passages[event], confidence)
	if err != nil {
		return unknown(label, c.expect, err)
	}
	return verdict(label, d, [2]float64{0, c.expect.number}, 0, c.expect.words(0, 0))
}

// at is the outcome of an arm at a point.
func (j *judge) at(point int, arm string) *Outcome {
	for _, o := range j.all {
		if o.Cell.Point == point && o.Cell.Arm == arm {
			return o
		}
	}
	return nil
}
