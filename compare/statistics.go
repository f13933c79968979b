package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"sgdlab/elementary"
	"sgdlab/estimate"
	"sgdlab/store"
)

// Verdict is what a comparison comes to.
type Verdict string

// The verdicts. A test that does not reject proves nothing: Agree needs an interval.
const (
	Agree     Verdict = "agree"     // no difference is seen, and the interval leaves room for a small one only
	Differ    Verdict = "differ"    // equal quantities would hardly ever be so far apart
	Undecided Verdict = "undecided" // neither
)

// Options are the choices of Runs.
type Options struct {
	FalseAlarm float64 // the probability that two runs of one law are found to differ anywhere
	Within     float64 // the largest difference that still is agreement, as a part of the scale
}

// Test is one comparison of one quantity in one pair of cells.
type Test struct {
	Quantity   string       `json:"quantity"`
	Method     string       `json:"method"`
	A          store.Number `json:"first"`
	SEA        store.Number `json:"first_se"`
	B          store.Number `json:"second"`
	SEB        store.Number `json:"second_se"`
	Difference store.Number `json:"difference"` // first − second, or what the method measures
	Lo         store.Number `json:"lo"`         // its 95 % interval
	Hi         store.Number `json:"hi"`
	Statistic  store.Number `json:"statistic"`
	P          store.Number `json:"p"`        // null: no test
	Adjusted   store.Number `json:"adjusted"` // by Holm, over all tests of the two runs
	Verdict    Verdict      `json:"verdict"`
	Why        string       `json:"why,omitempty"`
	Needs      int64        `json:"needs,omitempty"` // the n that would decide

	bound float64 // the largest difference that is agreement
	n     int64   // observations in the smaller run
	rank  func(rounds int) (float64, error)
}

// Cell is the comparison of a pair of cells.
type Cell struct {
	Label   string  `json:"cell"`
	A       int     `json:"first"`  // cell of the first run
	B       int     `json:"second"` // cell of the second
	Shared  bool    `json:"shared"` // their replicas share random numbers
	Verdict Verdict `json:"verdict"`
	Tests   []*Test `json:"tests"`
}

// Comparison is the comparison of two runs.
type Comparison struct {
	Cells    []*Cell
	Matching Matching
	Tests    int // that entered the correction
	Notes    []string
}

// Runs compares every estimate and every law of passage times in every pair of cells.
//
//	independent runs    Welch's t; Fisher's exact test of counts; log-rank and Kolmogorov–Smirnov tests of laws
//	shared seeds        the same by replica: Student's t of differences, McNemar's exact test, sums of differences of
//	                    log-rank scores, Kolmogorov–Smirnov with the rows of replicas swapped at random; where a
//	                    quantity is not kept by replica, t with the worst correlation, s = s_A + s_B
//	no chance           equal to 1e-9, or not
//
// Holm's correction over all tests keeps the probability of any false alarm at o.FalseAlarm. What does not differ agrees
// where the 95 % interval of the difference lies within o.Within times the larger of the value and the standard deviation
// over replicas; of a proportion and of the distance of two laws within o.Within itself; of a ratio of hazards within
// log(1 + o.Within).
//
// Sources: Welch 1947; Holm 1979; Mantel 1966; O'Brien & Fleming 1987 for paired scores; Newcombe 1998 for differences
// of proportions.
func Runs(a, b *Side, o Options) (*Comparison, error) {
	m := Match(a, b)
	c := &Comparison{Matching: m, Notes: m.Notes}
	pairs := make([]*pair, len(m.Pairs))
	shared := false
	for i, p := range m.Pairs {
		q := &pair{o: o, a: &a.Cells[p.A], b: &b.Cells[p.B]}
		q.cell = &Cell{Label: Label(q.a), A: q.a.ID, B: q.b.ID}
		sa, sb := seeds(a, q.a), seeds(b, q.b)
		starts := fixed(a) && fixed(b)
		q.cell.Shared = sa.Noise == sb.Noise || sa.Init == sb.Init && !starts
		shared = shared || q.cell.Shared
		pairs[i] = q
	}
	if err := rows(a, b, m, func(i int, x, y []store.Passage) { pairs[i].passages(x, y) }); err != nil {
		return nil, err
	}
	if shared {
		if err := rows(a, b, m, func(i int, x, y []store.Sample) {
			if pairs[i].cell.Shared {
				pairs[i].ends(x, y)
			}
		}); err != nil {
			return nil, err
		}
	}
	worst := false
	for _, q := range pairs {
		if err := q.compare(); err != nil {
			return nil, fmt.Errorf("%s: %w", q.cell.Label, err)
		}
		worst = worst || q.worst
		c.Cells = append(c.Cells, q.cell)
	}
	if shared {
		c.Notes = append(c.Notes, "the runs share seeds, so their replicas are not independent: what is kept by replica is compared by replica")
		if worst {
			c.Notes = append(c.Notes, "what is not kept by replica is compared as if the runs were correlated in the worst way: run one of them with other seeds, or keep all replicas, for sharper tests")
		}
	}
	if err := c.judge(o); err != nil {
		return nil, err
	}
	return c, nil
}

// seeds are those of a cell.
func seeds(s *Side, c *store.Cell) store.Seeds {
	out := s.Manifest.Seeds
	for _, p := range c.Params {
		x, err := strconv.ParseUint(p.Text, 10, 64)
		if err != nil {
			if x = uint64(p.Number); float64(x) != p.Number {
				continue
			}
		}
		switch p.Path {
		case "seed":
			out = store.Seeds{Data: x, Init: x, Noise: x}
		case "seed.data":
			out.Data = x
		case "seed.init":
			out.Init = x
		case "seed.noise":
			out.Noise = x
		}
	}
	return out
}

// fixed: all replicas start at one point, so that the seed of the starts does nothing.
func fixed(s *Side) bool {
	start := s.Spec.Get("start")
	name, _ := start.Get("name").Text()
	deviation, _ := start.Get("deviation").Float()
	return name == "point" && deviation == 0 && !swept(s, "start.deviation")
}

// record is one passage.
type record struct {
	time     float64
	censored bool
}

// pair is a pair of cells being compared.
type pair struct {
	o      Options
	a, b   *store.Cell
	cell   *Cell
	events []string
	x, y   map[string]map[int64]record  // by event and replica
	u, v   map[string]map[int64]float64 // ends, by column and replica
	worst  bool
}

func (q *pair) passages(x, y []store.Passage) {
	take := func(list []store.Passage) map[string]map[int64]record {
		out := map[string]map[int64]record{}
		for _, p := range list {
			if out[p.Event] == nil {
				out[p.Event] = map[int64]record{}
				if p.Kind == "event" && !slices.Contains(q.events, p.Event) {
					q.events = append(q.events, p.Event)
				}
			}
			out[p.Event][p.Replica] = record{p.Time, p.Censored}
		}
		return out
	}
	q.x, q.y = take(x), take(y)
}

// ends takes the last reading of each kept replica.
func (q *pair) ends(x, y []store.Sample) {
	take := func(list []store.Sample) map[string]map[int64]float64 {
		out := map[string]map[int64]float64{}
		for _, s := range list {
			if s.Replica == store.Statistics {
				continue
			}
			if out[s.Column] == nil {
				out[s.Column] = map[int64]float64{}
			}
			out[s.Column][s.Replica] = s.Value // by time: the last stays
		}
		return out
	}
	q.u, q.v = take(x), take(y)
}

// replicas that both have, ascending.
func both[T any](x, y map[int64]T) []int64 {
	var ids []int64
	for r := range x {
		if _, ok := y[r]; ok {
			ids = append(ids, r)
		}
	}
	slices.Sort(ids)
	return ids
}

func (q *pair) compare() error {
	q.diverged()
	for _, e := range q.a.Estimates {
		f, ok := q.b.Estimate(e.Name)
		if !ok || strings.HasPrefix(e.Name, "exponential-p:") { // a p-value is no quantity of the run's
			continue
		}
		q.estimate(e.Name, e.Estimate, f)
	}
	for _, event := range q.events {
		if err := q.laws(event); err != nil {
			return err
		}
	}
	return nil
}

func (q *pair) add(t *Test) *Test {
	q.cell.Tests = append(q.cell.Tests, t)
	return t
}

func known(e store.Estimate) estimate.Estimate {
	return estimate.Estimate{Value: e.Value, SE: e.SE, Lo: e.Lo, Hi: e.Hi, N: e.N}
}

func newTest(name string, e, f estimate.Estimate) *Test {
	nan := store.Number(math.NaN())
	return &Test{
		Quantity: name, A: store.Number(e.Value), SEA: store.Number(e.SE), B: store.Number(f.Value), SEB: store.Number(f.SE),
		Difference: store.Number(e.Value - f.Value), Lo: nan, Hi: nan, Statistic: nan, P: nan, Adjusted: nan,
	}
}

// estimate compares one estimate by the sharpest test that the tables allow.
func (q *pair) estimate(name string, a, b store.Estimate) {
	e, f := known(a), known(b)
	kind, event, _ := strings.Cut(name, ":")
	t := newTest(name, e, f)
	predicted := kind == "theory" || kind == "solve"
	certain := func(e estimate.Estimate) bool { return e.SE == 0 && e.N == 1 }
	same := sameBits(a.Value, b.Value) && sameBits(a.SE, b.SE) && a.N == b.N
	switch {
	case math.IsNaN(a.Value) && math.IsNaN(b.Value):
		return // neither has it
	case math.IsNaN(a.Value) || math.IsNaN(b.Value):
		t.Method, t.Verdict, t.Why = "none", Undecided, "only one of the runs has a value"
		if predicted {
			t.Verdict = Differ
		}
		q.add(t)
		return
	case predicted || certain(e) && certain(f):
		q.exact(t, e, f, predicted)
		return
	case same && q.cell.Shared:
		t.Method, t.Verdict, t.Why = "identical", Agree, "the same numbers"
		t.Lo, t.Hi = 0, 0
		q.add(t)
		return
	}
	x, y := q.x[event], q.y[event]
	switch kind {
	case "censored":
		if len(x) > 0 && len(y) > 0 {
			q.proportion(t, count(x, func(r record) bool { return r.censored }), count(y, func(r record) bool { return r.censored }))
			return
		}
	case "mean-time", "restricted-mean-time", "rate":
		if len(x) > 1 && len(y) > 1 && q.times(t, kind, x, y) {
			return
		}
	case "end":
		column := strings.TrimPrefix(name, "end:")
		if u, v := q.u[column], q.v[column]; q.cell.Shared && int64(len(u)) == a.N && int64(len(v)) == b.N && len(u) > 1 {
			var p estimate.Pairs
			for _, r := range both(u, v) {
				p.Add(u[r], v[r])
			}
			if p.N > 1 && p.Bad == 0 {
				q.student(t, "by replica", p.Difference(estimate.Level), float64(p.N-1), scale(e, f))
				return
			}
		}
	}
	q.moments(t, e, f)
}

func sameBits(x, y float64) bool {
	return math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y)
}

// scale is what a difference is measured by: the larger of the values and of the standard deviations over replicas.
func scale(list ...estimate.Estimate) float64 {
	s := 0.0
	for _, e := range list {
		s = math.Max(s, math.Abs(e.Value))
		if e.N > 1 && e.SE > 0 {
			s = math.Max(s, e.SE*math.Sqrt(float64(e.N)))
		}
	}
	return s
}

// tolerance is the relative difference below which numbers without chance are equal.
const tolerance = 1e-9

// exact compares numbers that owe nothing to chance.
func (q *pair) exact(t *Test, e, f estimate.Estimate, predicted bool) {
	t.Method, t.Verdict = "no chance", Agree
	d := math.Abs(e.Value - f.Value)
	largest := math.Max(math.Abs(e.Value), math.Abs(f.Value))
	switch {
	case d == 0 || e.Value == f.Value:
		t.Why = "the same number"
	case d <= tolerance*largest:
		t.Why = fmt.Sprintf("equal to a relative %.1g", d/largest)
	case predicted && e.Lo <= f.Hi && f.Lo <= e.Hi && e.Lo < e.Hi && f.Lo < f.Hi:
		t.Why = fmt.Sprintf("predictions that differ by a relative %.2g, within what they neglect", d/largest)
	default:
		t.Verdict, t.Why = Differ, fmt.Sprintf("numbers without chance, a relative %.2g apart", d/largest)
	}
	q.add(t)
}

// student is a test by a difference with a standard error and degrees of freedom.
func (q *pair) student(t *Test, method string, d estimate.Estimate, freedom, scale float64) {
	t.Method = method
	t.Difference, t.Lo, t.Hi = store.Number(d.Value), store.Number(d.Lo), store.Number(d.Hi)
	t.bound, t.n = q.o.Within*scale, d.N
	switch {
	case math.IsNaN(d.SE) || !(freedom > 0):
		t.Method, t.Verdict, t.Why = "none", Undecided, "one observation has no standard error"
	case d.SE > 0:
		s := d.Value / d.SE
		t.Statistic, t.P = store.Number(s), store.Number(twoSided(s, freedom))
	case d.Value == 0:
		t.Statistic, t.P = 0, 1
	default:
		// All observations of a kind are equal: the probability of so clean a split, by permutation.
		n := float64(d.N)
		t.P, t.Why = store.Number(math.Min(1, 2*elementary.Exp(2*logGamma(n+1)-logGamma(2*n+1)))), "no observation departs from its mean"
	}
	q.add(t)
}

// moments compares by standard errors alone.
func (q *pair) moments(t *Test, e, f estimate.Estimate) {
	d := estimate.Difference(e, f, estimate.Level)
	va, vb := e.SE*e.SE, f.SE*f.SE
	freedom := 0.0
	if va > 0 {
		freedom += va * va / float64(e.N-1)
	}
	if vb > 0 {
		freedom += vb * vb / float64(f.N-1)
	}
	freedom = (va + vb) * (va + vb) / freedom
	if math.IsNaN(freedom) {
		freedom = float64(d.N - 1)
	}
	if !q.cell.Shared {
		q.student(t, "Welch", d, freedom, scale(e, f))
		return
	}
	// |correlation| ≤ 1: the standard error of the difference is at most the sum of both.
	q.worst = true
	s := e.SE + f.SE
	freedom = float64(d.N - 1)
	if d.SE > 0 {
		wider := s / d.SE
		d.Lo, d.Hi = d.Value-(d.Value-d.Lo)*wider, d.Value+(d.Hi-d.Value)*wider
	}
	d.SE = s
	q.student(t, "worst correlation", d, freedom, scale(e, f))
}

// sample makes a sample of records, by replica.
func sample(x map[int64]record, ids []int64) estimate.Sample {
	var s estimate.Sample
	for _, r := range ids {
		s.Values, s.Censored, s.Replica = append(s.Values, x[r].time), append(s.Censored, x[r].censored), append(s.Replica, r)
	}
	return s
}

func all(x map[int64]record) []int64 { return both(x, x) }

// times compares a functional of passage times by the part that each replica has in it. It reports whether it could.
func (q *pair) times(t *Test, kind string, x, y map[int64]record) bool {
	ids := both(x, y)
	parts := func(x map[int64]record, h float64) (values map[int64]float64, value float64, ok bool) {
		values = map[int64]float64{}
		events, exposure := 0.0, 0.0
		order := all(x)
		for _, r := range order {
			p := x[r]
			exposure += p.time
			if !p.censored {
				events++
			}
			switch kind {
			case "mean-time":
				if p.censored {
					return nil, 0, false
				}
				values[r] = p.time
			case "restricted-mean-time":
				if p.censored && p.time < h {
					return nil, 0, false
				}
				values[r] = math.Min(p.time, h)
			}
		}
		n := float64(len(x))
		if kind == "rate" {
			if events < fewEvents || !(exposure > 0) {
				return nil, 0, false
			}
			value = events / exposure
			for _, r := range order {
				d := 1.0
				if x[r].censored {
					d = 0
				}
				values[r] = value + (d-value*x[r].time)*n/exposure // to first order, the rate is their mean
			}
			return values, value, true
		}
		return values, 0, true
	}
	h := math.Min(last(x), last(y))
	va, rateA, ok := parts(x, h)
	vb, rateB, ok2 := parts(y, h)
	if !ok || !ok2 || len(ids) < 2 && q.cell.Shared {
		return false
	}
	moments := func(v map[int64]float64, ids []int64) estimate.Estimate {
		var m estimate.Moments
		for _, r := range ids {
			m.Add(v[r])
		}
		return m.Mean(estimate.Level)
	}
	e, f := moments(va, all(x)), moments(vb, all(y))
	if kind == "rate" {
		e.Value, f.Value = rateA, rateB
	}
	if kind == "restricted-mean-time" && last(x) != last(y) {
		t.Why = fmt.Sprintf("up to time %.6g, which both reach", h)
	}
	t.A, t.SEA, t.B, t.SEB = store.Number(e.Value), store.Number(e.SE), store.Number(f.Value), store.Number(f.SE)
	if !q.cell.Shared {
		q.moments(t, e, f)
		return true
	}
	var p estimate.Pairs
	for _, r := range ids {
		p.Add(va[r], vb[r])
	}
	q.student(t, "by replica", p.Difference(estimate.Level), float64(p.N-1), scale(e, f))
	return true
}

// fewEvents is the number of events below which a rate has no useful standard error; the tests of the law remain.
const fewEvents = 5

func last(x map[int64]record) float64 {
	h := 0.0
	for _, p := range x {
		h = math.Max(h, p.time)
	}
	return h
}

// count splits replicas by a property.
func count(x map[int64]record, is func(record) bool) map[int64]bool {
	out := make(map[int64]bool, len(x))
	for r, p := range x {
		out[r] = is(p)
	}
	return out
}

func yes(x map[int64]bool) (k int64) {
	for _, is := range x {
		if is {
			k++
		}
	}
	return k
}

// proportion compares how many replicas have a property.
func (q *pair) proportion(t *Test, x, y map[int64]bool) {
	na, nb := int64(len(x)), int64(len(y))
	ka, kb := yes(x), yes(y)
	e, f := estimate.Proportion(ka, na, estimate.Level), estimate.Proportion(kb, nb, estimate.Level)
	d := e.Value - f.Value
	t.A, t.SEA, t.B, t.SEB, t.Difference = store.Number(e.Value), store.Number(e.SE), store.Number(f.Value), store.Number(f.SE), store.Number(d)
	t.Lo = store.Number(d - math.Hypot(e.Value-e.Lo, f.Hi-f.Value))
	t.Hi = store.Number(d + math.Hypot(e.Hi-e.Value, f.Value-f.Lo))
	t.bound, t.n = q.o.Within, min(na, nb)
	if !q.cell.Shared {
		t.Method, t.P = "Fisher", store.Number(fisher(ka, na, kb, nb))
		q.add(t)
		return
	}
	var first, second int64
	for _, r := range both(x, y) {
		switch {
		case x[r] && !y[r]:
			first++
		case y[r] && !x[r]:
			second++
		}
	}
	t.Method, t.P = "McNemar", store.Number(mcnemar(first, second))
	t.Why = fmt.Sprintf("%d replicas in the first run only, %d in the second only", first, second)
	q.add(t)
}

// diverged compares how many replicas diverged, where any did.
func (q *pair) diverged() {
	if q.a.Diverged == 0 && q.b.Diverged == 0 || q.a.Replicas == 0 || q.b.Replicas == 0 {
		return
	}
	t := newTest("diverged", estimate.Missing(0), estimate.Missing(0))
	set := func(c *store.Cell, x map[int64]record) map[int64]bool {
		out := make(map[int64]bool, c.Replicas)
		for r := range c.Replicas {
			_, out[r] = x[r]
		}
		return out
	}
	x, y := set(q.a, q.x["diverged"]), set(q.b, q.y["diverged"])
	if q.a.Replicas == 1 && q.b.Replicas == 1 && x[0] == y[0] {
		return
	}
	q.proportion(t, x, y)
}

// laws compares the laws of an event's times.
func (q *pair) laws(event string) error {
	x, y := q.x[event], q.y[event]
	if len(x) < 2 || len(y) < 2 {
		return nil
	}
	ids := both(x, y)
	if q.cell.Shared && len(ids) == len(x) && len(ids) == len(y) && !slices.ContainsFunc(ids, func(r int64) bool { return x[r] != y[r] }) {
		return nil // the estimates say that they are identical
	}
	idsA, idsB := all(x), all(y)
	if q.cell.Shared {
		if len(ids) < 2 {
			return nil
		}
		idsA, idsB = ids, ids
	}
	sa, sb := sample(x, idsA), sample(y, idsB)
	t := newTest("law:"+event, estimate.Missing(0), estimate.Missing(0))
	t.bound, t.n = elementary.Log(1+q.o.Within), int64(min(len(idsA), len(idsB)))
	r := logRank(sa, sb, q.cell.Shared)
	t.Method = "log-rank"
	if q.cell.Shared {
		t.Method = "log-rank by replica"
	}
	t.Difference, t.Statistic, t.P = store.Number(r.logHazard), store.Number(r.z), store.Number(r.p)
	t.Lo, t.Hi = store.Number(r.logHazard-1.959963984540054*r.se), store.Number(r.logHazard+1.959963984540054*r.se)
	t.Why = fmt.Sprintf("ratio of hazards %.3g", elementary.Exp(r.logHazard))
	if math.IsNaN(r.p) {
		t.Verdict, t.Why = Undecided, "there are no events"
	}
	q.add(t)

	k := newTest("law:"+event, estimate.Missing(0), estimate.Missing(0))
	d, err := estimate.KolmogorovSmirnov(sa, sb, estimate.Level)
	if err != nil {
		return err
	}
	k.Difference, k.Lo, k.Hi, k.Statistic = store.Number(d.Value), store.Number(d.Lo), store.Number(d.Hi), store.Number(d.Value)
	k.bound, k.n = q.o.Within, t.n
	k.Method = "Kolmogorov–Smirnov"
	k.Why = "largest distance of the distribution functions"
	if !q.cell.Shared {
		k.P = store.Number(estimate.KolmogorovP(d.Value, int64(len(sa.Values)), int64(len(sb.Values))))
	} else {
		k.Method += " by replica"
		k.rank = func(rounds int) (float64, error) {
			test, err := estimate.PermutationKS(sa, sb, min(rounds, max(999, permutations/len(sa.Values))), 1)
			return test.P, err
		}
	}
	q.add(k)
	return nil
}

// permutations bounds the rows that one permutation test walks.
const permutations = 20_000_000

// judge corrects for the number of tests and gives the verdicts.
func (c *Comparison) judge(o Options) error {
	var tests []*Test
	for _, cell := range c.Cells {
		for _, t := range cell.Tests {
			if t.rank != nil || !math.IsNaN(float64(t.P)) {
				tests = append(tests, t)
			}
		}
	}
	c.Tests = len(tests)
	for _, t := range tests {
		if t.rank != nil {
			p, err := t.rank(int(math.Ceil(2 * float64(len(tests)) / o.FalseAlarm)))
			if err != nil {
				return err
			}
			t.P = store.Number(p)
		}
	}
	Holm(tests)
	for _, t := range tests {
		t.decide(o)
	}
	for _, cell := range c.Cells {
		cell.Verdict = Agree
		for _, t := range cell.Tests {
			switch t.Verdict {
			case Differ:
				cell.Verdict = Differ
			case Undecided:
				if cell.Verdict == Agree {
					cell.Verdict = Undecided
				}
			}
		}
		if len(cell.Tests) == 0 {
			cell.Verdict = Undecided
		}
	}
	return nil
}

// decide gives the verdict of a test whose p-value is adjusted.
func (t *Test) decide(o Options) {
	if float64(t.Adjusted) <= o.FalseAlarm {
		t.Verdict = Differ
		return
	}
	lo := -t.bound
	if strings.HasPrefix(t.Method, "Kolmogorov") {
		lo = -1
	}
	e := estimate.Estimate{Value: float64(t.Difference), SE: math.NaN(), Lo: float64(t.Lo), Hi: float64(t.Hi), N: t.n}
	t.Verdict = Undecided
	switch d := estimate.Decide(e, lo, t.bound); d.Verdict {
	case estimate.Holds:
		t.Verdict = Agree
	case estimate.Undecided:
		t.Needs = d.Needs
	}
}

// Holm adjusts p-values for their number: the k-th smallest of m, from 1, becomes
//
//	max_{j ≤ k} min(1, (m − j + 1) p_j).
//
// To call those at or below α different makes a false alarm with probability α at most, however the tests depend on
// each other.
func Holm(tests []*Test) {
	order := slices.Clone(tests)
	slices.SortStableFunc(order, func(a, b *Test) int { return cmp.Compare(a.P, b.P) })
	largest := 0.0
	for i, t := range order {
		largest = math.Max(largest, math.Min(1, float64(len(order)-i)*float64(t.P)))
		t.Adjusted = store.Number(largest)
	}
}

func twoSided(t, freedom float64) float64 {
	if math.IsInf(freedom, 1) {
		return 2 * distuv.UnitNormal.CDF(-math.Abs(t)) // whose complement loses the digits of a small p
	}
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.CDF(-math.Abs(t))
}

func logGamma(x float64) float64 {
	y, _ := math.Lgamma(x)
	return y
}

// fisher is the two-sided exact test of ka of na against kb of nb: the probability, given the total, of a table that is not
// likelier than the one observed.
func fisher(ka, na, kb, nb int64) float64 {
	k := ka + kb
	choose := func(n, k int64) float64 {
		return logGamma(float64(n+1)) - logGamma(float64(k+1)) - logGamma(float64(n-k+1))
	}
	all := choose(na+nb, k)
	log := func(i int64) float64 { return choose(na, i) + choose(nb, k-i) - all }
	seen := log(ka)
	p := 0.0
	for i := max(0, k-nb); i <= min(na, k); i++ {
		if l := log(i); l <= seen+1e-7 {
			p += elementary.Exp(l)
		}
	}
	return math.Min(1, p)
}

// mcnemar is the two-sided exact test of a fair coin that fell first times one way and second times the other.
func mcnemar(first, second int64) float64 {
	n := first + second
	p := 0.0
	for i := range min(first, second) + 1 {
		p += elementary.Exp(logGamma(float64(n+1)) - logGamma(float64(i+1)) - logGamma(float64(n-i+1)) - float64(n)*math.Ln2)
	}
	return math.Min(1, 2*p)
}

// ranked is the outcome of a log-rank test; logHazard is positive where the first run's events come sooner.
type ranked struct{ logHazard, se, z, p float64 }

// logRank tests whether two hazards are equal. With dⱼ events among rⱼ at risk at time tⱼ, of which r₁ⱼ in the first arm,
//
//	U = Σ (d₁ⱼ − dⱼr₁ⱼ/rⱼ),   V = Σ dⱼ r₁ⱼr₂ⱼ(rⱼ − dⱼ)/(rⱼ²(rⱼ − 1)),   z = U/√V,
//
// and the log of the ratio of hazards is U/V at first order, with standard error 1/√V. Paired arms have the scores
// event − Σ_{tⱼ ≤ t} dⱼ/rⱼ of their rows in the pooled sample, whose differences D over pairs give
//
//	z = ΣD/√ΣD².
//
// P is the normal's, and Student's with n − 1 degrees of freedom for pairs.
func logRank(a, b estimate.Sample, paired bool) ranked {
	type row struct {
		time     float64
		censored bool
		arm, at  int
	}
	var rows []row
	for arm, s := range []estimate.Sample{a, b} {
		for i, t := range s.Values {
			rows = append(rows, row{t, s.Censored[i], arm, i})
		}
	}
	slices.SortStableFunc(rows, func(p, q row) int { return cmp.Compare(p.time, q.time) })
	risk := [2]float64{float64(len(a.Values)), float64(len(b.Values))}
	scores := [2][]float64{make([]float64, len(a.Values)), make([]float64, len(b.Values))}
	u, v, hazard := 0.0, 0.0, 0.0
	for i := 0; i < len(rows); {
		j := i
		var died, left [2]float64
		for ; j < len(rows) && rows[j].time == rows[i].time; j++ {
			if rows[j].censored {
				left[rows[j].arm]++
			} else {
				died[rows[j].arm]++
			}
		}
		d, r := died[0]+died[1], risk[0]+risk[1]
		if d > 0 {
			hazard += d / r
			u += died[0] - d*risk[0]/r
			if r > 1 {
				v += d * (risk[0] / r) * (risk[1] / r) * (r - d) / (r - 1)
			}
		}
		for ; i < j; i++ {
			s := -hazard
			if !rows[i].censored {
				s++
			}
			scores[rows[i].arm][rows[i].at] = s
		}
		for arm := range risk {
			risk[arm] -= died[arm] + left[arm]
		}
	}
	if !(v > 0) {
		nan := math.NaN()
		return ranked{nan, nan, nan, nan}
	}
	out := ranked{logHazard: u / v, se: 1 / math.Sqrt(v), z: u / math.Sqrt(v)}
	if !paired {
		out.p = twoSided(out.z, math.Inf(1))
		return out
	}
	sum, square := 0.0, 0.0
	for i := range scores[0] { // rows of both come by replica
		d := scores[0][i] - scores[1][i]
		sum += d
		square += d * d
	}
	if square == 0 {
		return ranked{0, 0, 0, 1}
	}
	out.z = sum / math.Sqrt(square)
	out.p = twoSided(out.z, float64(len(scores[0])-1))
	if out.z != 0 {
		out.se = math.Abs(out.logHazard / out.z)
	}
	return out
}
