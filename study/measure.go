package study

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/ensemble"
	"sgdlab/estimate"
	"sgdlab/spec"
)

// measure is one parsed measure of a claim. See measureKinds for the grammar.
type measure struct {
	node *spec.Node
	path string
	kind string // the verb

	event  string
	column string
	q      float64    // of a quantile
	at     float64    // time of reading; +∞ for the end
	window [2]float64 // of time
	terms  []*measure // of what is made of other measures
	names  []string   // of terms in an expression
	expr   *spec.Expr // of expression and replicas
	over   *axis      // of a slope across cells, nil along a path; of a crossing
	log    string
	top    int    // of a tail-index
	stat   string // of replicas, and of the path of one
	beside string // the other column of a correlation or an agreement along paths
	level  float64
	theory *spec.Node
	scale  float64
	cross  estimate.CrossingOptions

	dynamics string                // only this arm
	where    map[string]*spec.Node // only cells where these paths have these values
	slope    int                   // index among the group's slopes, for slopes of paths
}

// measureKinds is the grammar: the verb, what may qualify it besides dynamics and where, and what its value is.
var measureKinds = []struct{ verb, with, doc string }{
	{"mean-time", "", "mean first-passage time of an event; missing where a replica is censored"},
	{"restricted-mean-time", "", "mean of the smaller of an event's time and the horizon"},
	{"median-time", "", "median first-passage time of an event (Kaplan–Meier)"},
	{"rate", "", "events over exposure"},
	{"fraction", "", "fraction of replicas that met an event, or diverged (diverged)"},
	{"value", "at", "mean over replicas of a column, at: end, a TIME or start"},
	{"variance", "at", "variance over replicas of a column, at: as for value"},
	{"quantile", "at q", "quantile q: (0.5) over replicas of a column, at: as for value, or of an event's time"},
	{"max", "window", "largest over the window: of a column's mean over replicas"},
	{"min", "window", "smallest over the window: of a column's mean over replicas"},
	{"mean", "window", "mean over replicas and over the window: of a column"},
	{"slope", "", "least-squares slope {of: COLUMN, over: time, log: x|y|xy, window: [a, b]} along each replica's path, or {of: MEASURE, over: PATH or EXPRESSION in $paths, log: …} across cells, one for each value of what else is swept"},
	{"crossing", "", "where along a swept path a measure passes a level: {of: MEASURE, level: NUMBER, over: PATH or EXPRESSION in $paths, which: first|last, linear: true}, one for each value of what else is swept"},
	{"ratio", "", "of two measures: [a, b] is a/b"},
	{"difference", "", "of two measures: [a, b] is a − b"},
	{"distance", "", "of two measures: [a, b] is │a − b│; that of two laws is the expectation same-law"},
	{"deviation", "", "largest │measured − predicted│/scale over the readings of a column: {of: COLUMN, from: {theory: …}, scale: NUMBER, window: [a, b]}"},
	{"expression", "", "arithmetic on measures: {value: EXPRESSION, with: {name: MEASURE, …}}"},
	{"replicas", "", "arithmetic on each replica's own numbers: {value: EXPRESSION, with: {name: {passage: EVENT} | {end: COLUMN} | {path: COLUMN, statistic: mean|median|max|min|range|first|last|rises|when-max|when-min|when-first-above|when-last-above, level: NUMBER, since: EVENT, window: [a, b]} | {correlation: [COLUMN, COLUMN], window: [a, b]} | {agreement: [COLUMN, COLUMN], window: [a, b]}, …}, statistic: mean|max|min|median|variance|kurtosis|tail-index, top: NUMBER of a tail-index}; all but passages need keep"},
	{"theory", "at", "a theory's prediction in the cell, taken as exact: to set a measurement in proportion to it"},
	{"estimate", "", "any estimate of the cells' table by its name, such as plateaus, end:loss or solve:exit"},
}

func measureVerbs() []string {
	out := make([]string, len(measureKinds))
	for i, k := range measureKinds {
		out[i] = k.verb
	}
	return out
}

// modifiers qualify a measure.
var modifiers = []string{"at", "window", "q", "dynamics", "where"}

// measure reads a measure and notes its mistakes.
func (l *loader) measure(n *spec.Node, path string) *measure {
	before := len(*l.problems)
	m := newMeasure(n, path)
	if n == nil || n.Kind != spec.Map {
		l.problems.Add(n.Problem(path, "a measure, as in {mean-time: exit}; one of "+strings.Join(measureVerbs(), ", ")))
		return nil
	}
	var body *spec.Node
	for _, p := range n.Pairs {
		switch {
		case indexOf(measureVerbs(), p.Key) >= 0:
			if m.kind != "" {
				l.problems.Add(n.Mistake(path, "both "+m.kind+" and "+p.Key, "one measure"))
			}
			m.kind, body = p.Key, p.Value
		case indexOf(modifiers, p.Key) < 0:
			known := append(measureVerbs(), modifiers...)
			want := "one of " + strings.Join(measureVerbs(), ", ") + "; with " + strings.Join(modifiers, ", ")
			if s := spec.Suggest(p.Key, known); s != "" {
				want = "a measure; did you mean " + s + "?"
			}
			l.problems.Add(p.Value.Mistake(path+"."+p.Key, p.Key, want).AtKey(p))
		}
	}
	if m.kind == "" {
		if len(*l.problems) == before {
			l.problems.Add(n.Problem(path, "a measure: one of "+strings.Join(measureVerbs(), ", ")))
		}
		return nil
	}
	l.modify(m, n)
	l.bodyOf(m, body, path+"."+m.kind)
	if len(*l.problems) > before {
		return nil
	}
	return m
}

func newMeasure(n *spec.Node, path string) *measure {
	return &measure{node: n, path: path, at: math.Inf(1), window: [2]float64{math.Inf(-1), math.Inf(1)}, q: 0.5, slope: -1, scale: 1}
}

// bodyOf reads what stands behind the verb.
func (l *loader) bodyOf(m *measure, body *spec.Node, at string) {
	switch m.kind {
	case "mean-time", "restricted-mean-time", "median-time", "rate", "fraction":
		m.event = l.eventName(body, at, m.kind == "fraction")
	case "quantile":
		name, _ := body.Text()
		if indexOf(l.study.Events, name) >= 0 {
			m.event = name
		} else {
			m.column = l.columnName(body, at)
		}
	case "value", "variance", "max", "min", "mean":
		m.column = l.columnName(body, at)
	case "slope":
		l.slopeOf(m, body, at)
	case "crossing":
		l.crossingOf(m, body, at)
	case "ratio", "difference", "distance":
		if body.Kind != spec.Seq || len(body.Items) != 2 {
			l.problems.Add(body.Problem(at, "two measures, as in [{mean-time: a}, {mean-time: b}]"))
			return
		}
		for i, it := range body.Items {
			m.terms = append(m.terms, l.measure(it, fmt.Sprintf("%s[%d]", at, i)))
		}
	case "deviation":
		l.only(body, at, "of", "from", "scale", "window")
		m.column = l.columnName(body.Get("of"), at+".of")
		m.theory = body.Get("from").Get("theory")
		if m.theory.IsNull() {
			l.problems.Add(body.Problem(at+".from", "{theory: NAME} or {theory: {name: …, …}}"))
		} else {
			l.theory(m.theory, at+".from.theory")
		}
		if s := body.Get("scale"); !s.IsNull() {
			m.scale = l.number(s, at+".scale", "a number > 0", func(x float64) bool { return x > 0 })
		}
		if w := body.Get("window"); !w.IsNull() {
			m.window = l.span(w, at+".window", "two times [a, b] with a < b")
		}
	case "theory":
		m.theory = body
		l.theory(body, at)
	case "expression", "replicas":
		l.arithmetic(m, body, at)
	case "estimate":
		m.column, _ = body.Text()
		if m.column == "" {
			l.problems.Add(body.Problem(at, "the name of an estimate, such as plateaus"))
		}
	}
}

// theory checks a theory's name and settings; whether its regime holds is each cell's affair.
func (l *loader) theory(n *spec.Node, path string) {
	if n.IsNull() {
		l.problems.Add(n.Problem(path, "the name of a theory, or {name: …, …}"))
		return
	}
	d := catalog.Scanner(l.problems)
	catalog.Decode[*sgdlab.Run, sgdlab.Theory](d, l.study.inCell(n, &l.study.Cells[0]), path)
}

// arithmetic reads {value: EXPRESSION, with: {name: …}} of expression and replicas.
func (l *loader) arithmetic(m *measure, body *spec.Node, at string) {
	keys := []string{"value", "with"}
	if m.kind == "replicas" {
		keys = append(keys, "statistic", "top")
	}
	l.only(body, at, keys...)
	text, _ := body.Get("value").Text()
	e, err := spec.ParseExpr(text)
	if err != nil {
		l.problems.Add(body.Get("value").Mistake(at+".value", fmt.Sprintf("%q: %v", text, err), "an expression of the names under with"))
		return
	}
	m.expr = e
	m.stat = "mean"
	if s, ok := body.Get("statistic").Text(); ok {
		m.stat = s
		if indexOf(replicaStatistics, s) < 0 {
			l.problems.Add(body.Get("statistic").Problem(at+".statistic", "one of "+strings.Join(replicaStatistics, ", ")))
		}
	}
	if m.stat == "tail-index" {
		if top, ok := body.Get("top").Float(); ok && top >= 2 && top == math.Trunc(top) {
			m.top = int(top)
		} else {
			l.problems.Add(body.Problem(at+".top", "how many of the largest replicas are in the tail, such as 1000"))
		}
	} else if n := body.Get("top"); !n.IsNull() {
		l.problems.Add(n.Mistake(at+".top", "top", "statistic: tail-index beside it"))
	}
	with := body.Get("with")
	if with == nil || with.Kind != spec.Map || len(with.Pairs) == 0 {
		l.problems.Add(body.Problem(at+".with", "a map from the names in value to measures"))
		return
	}
	for _, p := range with.Pairs {
		m.names = append(m.names, p.Key)
		if m.kind == "expression" {
			m.terms = append(m.terms, l.measure(p.Value, at+".with."+p.Key))
		} else {
			m.terms = append(m.terms, l.perReplica(p.Value, at+".with."+p.Key))
		}
	}
	for _, r := range e.Refs() {
		if !strings.HasPrefix(r, "$") {
			if indexOf(m.names, r) < 0 {
				l.problems.Add(body.Get("value").Mistake(at+".value", "the name "+r, "a name under with: "+strings.Join(m.names, ", ")))
			}
			continue
		}
		for _, p := range l.study.Points {
			if _, err := spec.Numbers(p.Root, nil)(r); err != nil {
				l.problems.Add(body.Get("value").Mistake(at+".value", err.Error(), ""))
				break
			}
		}
	}
}

// replicaStatistics are what the numbers of the replicas may be summed up by: tail-index is Hill's, from the `top` largest in size.
var replicaStatistics = []string{"mean", "max", "min", "median", "variance", "kurtosis", "tail-index"}

// pathStatistics are what a path may be summed up by: rises is the fraction of readings above the one before, and when- are times: of the
// largest and the least reading, the first of several, and of the first and the last one above a level.
var pathStatistics = []string{"mean", "median", "max", "min", "range", "first", "last", "rises", "when-max", "when-min", "when-first-above", "when-last-above"}

// paired reports whether the measure is of two columns along the path of a replica.
func (m *measure) paired() bool { return m.kind == "correlation" || m.kind == "agreement" }

func (l *loader) perReplica(n *spec.Node, path string) *measure {
	m := newMeasure(n, path)
	kinds := []string{"passage", "end", "path", "correlation", "agreement"}
	given := 0
	for _, k := range kinds {
		if !n.Get(k).IsNull() {
			m.kind, given = k, given+1
		}
	}
	if given != 1 {
		l.problems.Add(n.Problem(path, "{passage: EVENT}, {end: COLUMN}, {path: COLUMN}, {correlation: [COLUMN, COLUMN]} or {agreement: [COLUMN, COLUMN]}"))
		return m
	}
	body, at := n.Get(m.kind), path+"."+m.kind
	keys := []string{m.kind, "dynamics", "where"}
	switch m.kind {
	case "passage":
		m.event = l.eventName(body, at, false)
	case "end":
		m.column = l.columnName(body, at)
	case "path":
		keys = append(keys, "window", "statistic", "since")
		m.column = l.columnName(body, at)
		m.stat = "mean"
		if s := n.Get("statistic"); !s.IsNull() {
			m.stat, _ = s.Text()
			if indexOf(pathStatistics, m.stat) < 0 {
				l.problems.Add(s.Problem(path+".statistic", "one of "+strings.Join(pathStatistics, ", ")))
			}
		}
		if strings.HasSuffix(m.stat, "-above") {
			keys = append(keys, "level")
			m.level = l.number(n.Get("level"), path+".level", "a number: when a reading is above it", func(x float64) bool { return x-x == 0 })
		}
	case "correlation", "agreement":
		keys = append(keys, "window", "since")
		if body.Kind != spec.Seq || len(body.Items) != 2 {
			l.problems.Add(body.Problem(at, "two columns, as in [loss, sharpness[1]]"))
			return m
		}
		m.column, m.beside = l.columnName(body.Items[0], at+"[0]"), l.columnName(body.Items[1], at+"[1]")
	}
	if since := n.Get("since"); !since.IsNull() && indexOf(keys, "since") >= 0 {
		m.event = l.eventName(since, path+".since", false)
	}
	l.only(n, path, keys...)
	l.modify(m, n)
	return m
}

func (l *loader) only(n *spec.Node, path string, keys ...string) {
	if n == nil || n.Kind != spec.Map {
		l.problems.Add(n.Problem(path, "a map with "+strings.Join(keys, ", ")))
		return
	}
	for _, p := range n.Pairs {
		if indexOf(keys, p.Key) < 0 {
			l.problems.Add(p.Value.Mistake(path+"."+p.Key, "the unknown key "+p.Key, "one of "+strings.Join(keys, ", ")+spec.DidYouMean(p.Key, keys)).AtKey(p))
		}
	}
}

func (l *loader) number(n *spec.Node, path, want string, ok func(float64) bool) float64 {
	x, is := n.Float()
	if !is || !ok(x) {
		l.problems.Add(n.Problem(path, want))
		return math.NaN()
	}
	return x
}

func (l *loader) span(n *spec.Node, path, want string) [2]float64 {
	v, err := n.Floats()
	if err != nil || len(v) != 2 || !(v[0] < v[1]) {
		l.problems.Add(n.Problem(path, want))
		return [2]float64{}
	}
	return [2]float64{v[0], v[1]}
}

// modify reads what qualifies a measure: at, window, q, dynamics, where.
func (l *loader) modify(m *measure, n *spec.Node) {
	for _, k := range measureKinds {
		if k.verb != m.kind {
			continue
		}
		for _, word := range []string{"at", "window", "q"} {
			if given := n.Get(word); !given.IsNull() && !strings.Contains(" "+k.with+" ", " "+word+" ") {
				l.problems.Add(given.Mistake(m.path+"."+word, word+" with "+m.kind, "nothing: "+m.kind+" is "+k.doc))
			}
		}
	}
	if a := n.Get("at"); !a.IsNull() {
		switch t, _ := a.Text(); t {
		case "end":
		case "start":
			m.at = 0
		default:
			m.at = l.number(a, m.path+".at", "end, start or a time ≥ 0", func(x float64) bool { return x >= 0 })
		}
	}
	if w := n.Get("window"); !w.IsNull() {
		m.window = l.span(w, m.path+".window", "two times [a, b] with a < b")
	}
	if q := n.Get("q"); !q.IsNull() {
		m.q = l.number(q, m.path+".q", "a number between 0 and 1", func(x float64) bool { return x > 0 && x < 1 })
	}
	if d := n.Get("dynamics"); !d.IsNull() {
		m.dynamics, _ = d.Text()
		if indexOf(l.study.Arms, m.dynamics) < 0 {
			l.problems.Add(d.Problem(m.path+".dynamics", "one of the dynamics "+strings.Join(l.study.Arms, ", ")))
		}
	}
	if w := n.Get("where"); !w.IsNull() {
		l.where(m, w)
	}
}

// where reads the cells that a measure is about. A value that the sweep does not have is a mistake, except in a quick
// study, whose sweep is thinned.
func (l *loader) where(m *measure, n *spec.Node) {
	m.where = map[string]*spec.Node{}
	if n.Kind != spec.Map {
		l.problems.Add(n.Problem(m.path+".where", "a map from a swept path to its value"))
		return
	}
	for _, p := range n.Pairs {
		m.where[p.Key] = p.Value
		if l.sweptPath(p, m.path+".where") {
			l.sweptValue(p.Key, p.Value, m.path+".where."+p.Key)
		}
	}
}

func (l *loader) sweptPath(p spec.Pair, path string) bool {
	known := l.study.swept()
	if indexOf(known, p.Key) < 0 {
		l.problems.Add(p.Value.Mistake(path, p.Key, "a path of the sweep: "+strings.Join(known, ", ")).AtKey(p))
		return false
	}
	return true
}

// sweptValue checks that some point has the value at the path.
func (l *loader) sweptValue(path string, want *spec.Node, at string) {
	if l.study.Quick {
		return
	}
	var have []string
	for _, point := range l.study.Points {
		for _, p := range point.Params {
			if p.Path != path {
				continue
			}
			if equalNodes(p.Value, want) {
				return
			}
			if t := valueText(p.Value); indexOf(have, t) < 0 {
				have = append(have, t)
			}
		}
	}
	l.problems.Add(want.Mistake(at, valueText(want), "a value of the sweep: "+strings.Join(have, ", ")))
}

// swept lists the paths of the sweep.
func (st *Study) swept() []string {
	out := []string{}
	for _, p := range st.Points[0].Params {
		out = append(out, p.Path)
	}
	return out
}

func equalNodes(a, b *spec.Node) bool {
	x, ok1 := a.Float()
	y, ok2 := b.Float()
	return ok1 && ok2 && x == y || string(spec.Canonical(a)) == string(spec.Canonical(b))
}

func (l *loader) eventName(n *spec.Node, path string, diverged bool) string {
	name, _ := n.Text()
	if indexOf(l.study.Events, name) >= 0 || diverged && name == "diverged" {
		return name
	}
	l.problems.Add(n.Problem(path, l.anEvent(name)))
	return ""
}

// anEvent is what is wanted where name is the name of no event.
func (l *loader) anEvent(name string) string {
	if len(l.study.Events) == 0 {
		return "an event defined under events"
	}
	return "the name of an event: " + strings.Join(l.study.Events, ", ") + spec.DidYouMean(name, l.study.Events)
}

// columnName accepts a column of any arm: arms without it take no part.
func (l *loader) columnName(n *spec.Node, path string) string {
	name, _ := n.Text()
	if l.blind && name != "" {
		return name // something else is wrong where columns come from
	}
	var known []string
	for _, g := range l.study.Groups {
		for _, cols := range g.Columns {
			for _, c := range cols {
				if c.Name == name {
					return name
				}
				if indexOf(known, c.Name) < 0 {
					known = append(known, c.Name)
				}
			}
		}
	}
	want := "a column of observe: " + strings.Join(known, ", ")
	if len(known) == 0 {
		want = "a column; there is nothing under observe"
	}
	l.problems.Add(n.Problem(path, want+spec.DidYouMean(name, known)))
	return ""
}

// slopeOf reads the two kinds of slope, along paths and across cells.
func (l *loader) slopeOf(m *measure, n *spec.Node, path string) {
	l.only(n, path, "of", "over", "log", "window")
	m.log, _ = n.Get("log").Text()
	if indexOf([]string{"", "x", "y", "xy"}, m.log) < 0 {
		l.problems.Add(n.Get("log").Problem(path+".log", "x, y or xy"))
	}
	of, over := n.Get("of"), n.Get("over")
	if over.IsNull() {
		l.problems.Add(n.Mistake(path+".over", "nothing", "time, a path of the sweep, or an expression in $paths, as in 1/$dynamics.sgd.rate"))
		return
	}
	if t, _ := over.Text(); t == "time" {
		if w := n.Get("window"); !w.IsNull() {
			m.window = l.span(w, path+".window", "two times [a, b] with a < b")
		}
		if m.column = l.columnName(of, path+".of"); m.column != "" {
			m.slope = l.askSlope(m)
		}
		return
	}
	if w := n.Get("window"); !w.IsNull() {
		l.problems.Add(w.Mistake(path+".window", "a window of a slope across cells", "nothing: a window is of time"))
	}
	m.over = l.axis(over, path+".over")
	m.terms = []*measure{l.measure(of, path+".of")}
}

// crossingOf reads where a measure passes a level.
func (l *loader) crossingOf(m *measure, n *spec.Node, path string) {
	l.only(n, path, "of", "level", "over", "which", "linear")
	m.cross.Level = l.number(n.Get("level"), path+".level", "a number", func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) })
	if w := n.Get("which"); !w.IsNull() {
		t, _ := w.Text()
		if t != "first" && t != "last" {
			l.problems.Add(w.Problem(path+".which", "first or last, along the axis"))
		}
		m.cross.Last = t == "last"
	}
	if b := n.Get("linear"); !b.IsNull() {
		var ok bool
		if m.cross.Linear, ok = b.Bool(); !ok {
			l.problems.Add(b.Problem(path+".linear", "true or false"))
		}
	}
	over := n.Get("over")
	if over.IsNull() {
		l.problems.Add(n.Mistake(path+".over", "nothing", "a path of the sweep, or an expression in $paths"))
		return
	}
	m.over = l.axis(over, path+".over")
	m.terms = []*measure{l.measure(n.Get("of"), path+".of")}
}

// askSlope makes every group that has the column fit a line to each path.
func (l *loader) askSlope(m *measure) int {
	index := -1
	for _, g := range l.study.Groups {
		index = len(g.slopes)
		s := ensemble.Slope{Watch: -1, From: m.window[0], To: m.window[1], LogX: strings.Contains(m.log, "x"), LogY: strings.Contains(m.log, "y")}
		for w, cols := range g.Columns {
			for c, col := range cols {
				if col.Name == m.column {
					s.Watch, s.Column = w, c
				}
			}
		}
		g.slopes = append(g.slopes, s)
	}
	return index
}

// axis is what cells are set out along: a path of the sweep, or an expression in $paths.
type axis struct {
	path string
	expr *spec.Expr
}

func (l *loader) axis(n *spec.Node, path string) *axis {
	text, _ := n.Text()
	if indexOf(l.study.swept(), text) >= 0 {
		a := &axis{path: text}
		for i := range l.study.Cells {
			if _, err := a.at(l.study, &l.study.Cells[i]); err != nil {
				l.problems.Add(n.Mistake(path, err.Error(), "numbers"))
				return nil
			}
		}
		return a
	}
	const want = "a path of the sweep, or an expression with at least one $path of it"
	e, err := spec.ParseExpr(text)
	if err != nil {
		l.problems.Add(n.Mistake(path, fmt.Sprintf("%q: %v", text, err), want))
		return nil
	}
	a := &axis{expr: e}
	if len(e.Refs()) == 0 {
		l.problems.Add(n.Mistake(path, text, want))
		return nil
	}
	for i := range l.study.Cells {
		if _, err := a.at(l.study, &l.study.Cells[i]); err != nil {
			l.problems.Add(n.Mistake(path, fmt.Sprintf("%q: %v", text, err), want))
			return nil
		}
	}
	return a
}

// at is where a cell stands on the axis.
func (a *axis) at(st *Study, c *Cell) (float64, error) {
	if a.expr != nil {
		return a.expr.Eval(spec.Numbers(st.Points[c.Point].Root, nil))
	}
	for _, p := range st.Points[c.Point].Params {
		if p.Path == a.path {
			if x, ok := p.Value.Float(); ok {
				return x, nil
			}
			return math.NaN(), fmt.Errorf("%s is %s", a.path, p.Value.Describe())
		}
	}
	return math.NaN(), fmt.Errorf("%s is not swept", a.path)
}

// walk calls f on the measure and on all that it is made of.
func (m *measure) walk(f func(*measure)) {
	if m == nil {
		return
	}
	f(m)
	for _, t := range m.terms {
		t.walk(f)
	}
}

// measures calls f on every measure of the claims, and on all that each is made of.
func (st *Study) measures(f func(*measure)) {
	for i := range st.Claims {
		c := &st.Claims[i]
		c.measure.walk(f)
		for e := c.expect; e != nil; e = e.seeds {
			e.source.walk(f)
		}
	}
}

// quantileOf reports whether a claim asks for quantiles of a column, whose sketches are then kept.
func (st *Study) quantileOf(column string) bool {
	asked := false
	st.measures(func(m *measure) { asked = asked || m.kind == "quantile" && m.column == column })
	return asked
}

// cellsOf selects the outcomes that a measure speaks of.
func (m *measure) cellsOf(st *Study, all []*Outcome) []*Outcome {
	var out []*Outcome
	for _, o := range all {
		if m.dynamics != "" && o.Cell.Arm != m.dynamics {
			continue
		}
		if !st.matches(o.Cell, m.where) {
			continue
		}
		out = append(out, o)
	}
	return out
}

func (st *Study) matches(c *Cell, where map[string]*spec.Node) bool {
	for path, want := range where {
		found := false
		for _, p := range st.Points[c.Point].Params {
			found = found || p.Path == path && equalNodes(p.Value, want)
		}
		if !found {
			return false
		}
	}
	return true
}

// selects reports whether a measure names its own cells.
func (m *measure) selects() bool { return m.dynamics != "" || len(m.where) > 0 }

// across reports whether the measure is one number over many cells: then it has no cell of its own.
func (m *measure) across() bool {
	if m.over != nil {
		return true
	}
	for _, t := range m.terms {
		if t.across() || t.selects() {
			return true
		}
	}
	return false
}

// Label names a cell: its dynamics and the swept settings that tell it apart.
func (st *Study) Label(c *Cell) string {
	parts := []string{}
	if len(st.Arms) > 1 {
		parts = append(parts, c.Arm)
	}
	for _, p := range st.Points[c.Point].Params {
		parts = append(parts, p.Path+"="+valueText(p.Value))
	}
	if len(parts) == 0 {
		return c.Arm
	}
	return strings.Join(parts, " ")
}

func valueText(n *spec.Node) string {
	if t, ok := n.Text(); ok {
		return t
	}
	return spec.Inline(n)
}
