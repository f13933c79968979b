package study

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/estimate"
	"sgdlab/lanes"
	"sgdlab/noise"
	"sgdlab/spec"
	"sgdlab/store"
)

// Ask is an analysis over the cells.
type Ask struct {
	Name string
	find func(st *Study, all []*Outcome) (Analysis, error)
}

// askKinds says how each ask is read: it notes its mistakes, and is ready where there are none.
var askKinds = []struct {
	name string
	read func(l *loader, n *spec.Node, at string) func(st *Study, all []*Outcome) (Analysis, error)
}{
	{"escape-law", (*loader).askEscapeLaw},
	{"compare-laws", (*loader).askCompareLaws},
	{"compare-models", (*loader).askCompareModels},
	{"bifurcation", (*loader).askBifurcation},
}

func askNames() []string {
	var out []string
	for _, k := range askKinds {
		out = append(out, k.name)
	}
	return out
}

// Analysis is what an ask found, in a form that a report can show without knowing the ask.
type Analysis struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Text   []string `json:"text"`
	Tables []Table  `json:"tables"`
	Plots  []Plot   `json:"plots"`
}

// Table is a table of an analysis; a column of words has no numbers and a column of numbers no words.
type Table struct {
	Title   string           `json:"title"`
	Columns []string         `json:"columns"`
	Words   [][]string       `json:"words"`            // the first columns of each row
	Numbers [][]store.Number `json:"numbers"`          // the rest
	Digits  int              `json:"digits,omitempty"` // that numbers are shown to; the page's own choice where 0
}

// Plot is a figure of an analysis.
type Plot struct {
	Title  string  `json:"title"`
	X      string  `json:"x"`
	Y      string  `json:"y"`
	LogX   bool    `json:"log_x"`
	LogY   bool    `json:"log_y"`
	Points []Curve `json:"points"`         // measured, with intervals
	Lines  []Curve `json:"lines"`          // predicted
	Dots   []Curve `json:"dots,omitempty"` // many exact values, several at one abscissa, without intervals
	Note   string  `json:"note,omitempty"` // what is drawn, in place of the caption that points and lines have
}

// Curve is a named list of points; Lo and Hi are empty where there are no intervals.
type Curve struct {
	Name string         `json:"name"`
	X    []store.Number `json:"x"`
	Y    []store.Number `json:"y"`
	Lo   []store.Number `json:"lo,omitempty"`
	Hi   []store.Number `json:"hi,omitempty"`
}

// regressors are what the escape time from a saddle is said to depend on.
var regressors = []struct{ name, label string }{
	{"drop-over-temperature", "ΔL/T"},
	{"log-of-drop", "log ΔL"},
	{"drop-of-log", "Δ log L"},
}

func regressorNames() []string {
	var out []string
	for _, r := range regressors {
		out = append(out, r.name)
	}
	return out
}

// leastPoints is the fewest points from which a law is fitted.
const leastPoints = 8

type escapeLawSettings struct {
	Event      string   `doc:"the event whose mean time is fitted"`
	Regressors []string `doc:"what log mean time is fitted on: drop-over-temperature, log-of-drop, drop-of-log" default:"[drop-over-temperature, log-of-drop, drop-of-log]"`
	By         []string `doc:"swept paths that split the points into separate fits; default: every swept path of start" optional:"true"`
}

type compareLawsSettings struct {
	Event     string `doc:"the event whose times are compared"`
	Reference string `doc:"the dynamics that the others are compared with"`
}

func (l *loader) asks(n *spec.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != spec.Seq {
		l.problems.Add(n.Problem("ask", "a list, as in [{name: escape-law, event: escape}]"))
		return
	}
	for i, it := range n.Items {
		at := fmt.Sprintf("ask[%d]", i)
		name, _ := it.Get("name").Text()
		k := indexOf(askNames(), name)
		if k < 0 {
			l.problems.Add(it.Mistake(at+".name", fmt.Sprintf("%q", name), "one of "+strings.Join(askNames(), ", ")+spec.DidYouMean(name, askNames())))
			continue
		}
		if find := askKinds[k].read(l, it, at); find != nil {
			l.study.Asks = append(l.study.Asks, Ask{Name: name, find: find})
		}
	}
}

// askSettings reads the keys of an ask beside its name.
func (l *loader) askSettings(n *spec.Node, at string, into any) bool {
	return catalog.Scanner(l.problems).Struct(n, at, into, "name")
}

func (l *loader) askEscapeLaw(n *spec.Node, at string) func(st *Study, all []*Outcome) (Analysis, error) {
	var s escapeLawSettings
	if !l.askSettings(n, at, &s) {
		return nil
	}
	if len(s.Regressors) == 0 {
		l.problems.Add(n.Get("regressors").Mistake(at+".regressors", "an empty list", "some of "+strings.Join(regressorNames(), ", ")))
	}
	for j, r := range s.Regressors {
		if indexOf(regressorNames(), r) < 0 {
			l.problems.Add(n.Get("regressors").Mistake(fmt.Sprintf("%s.regressors[%d]", at, j), shown(r), "one of "+strings.Join(regressorNames(), ", ")+spec.DidYouMean(r, regressorNames())))
		}
	}
	for j, path := range s.By {
		l.sweptName(n.Get("by"), fmt.Sprintf("%s.by[%d]", at, j), path)
	}
	if s.By == nil {
		for _, p := range l.study.Points[0].Params {
			if strings.HasPrefix(p.Path, "start.") {
				s.By = append(s.By, p.Path)
			}
		}
	}
	if len(*l.problems) == 0 {
		if _, err := l.study.depth(&l.study.Cells[0]); err != nil {
			l.problems.Add(n.Mistake(at, "escape-law, but "+reason(err), ""))
		}
	}
	l.askedEvent(n, at, s.Event)
	return func(st *Study, all []*Outcome) (Analysis, error) { return st.escapeLaw(&s, all) }
}

func (l *loader) askCompareLaws(n *spec.Node, at string) func(st *Study, all []*Outcome) (Analysis, error) {
	var s compareLawsSettings
	if !l.askSettings(n, at, &s) {
		return nil
	}
	if indexOf(l.study.Arms, s.Reference) < 0 {
		l.problems.Add(n.Get("reference").Problem(at+".reference", "one of the dynamics "+strings.Join(l.study.Arms, ", ")))
	}
	l.askedEvent(n, at, s.Event)
	return func(st *Study, all []*Outcome) (Analysis, error) { return st.compareLaws(&s, all) }
}

func (l *loader) askedEvent(n *spec.Node, at, name string) {
	if indexOf(l.study.Events, name) < 0 {
		l.problems.Add(n.Get("event").Problem(at+".event", l.anEvent(name)))
	}
}

// sweptName checks that a path is one of the sweep.
func (l *loader) sweptName(n *spec.Node, at, path string) bool {
	swept := l.study.swept()
	if indexOf(swept, path) >= 0 {
		return true
	}
	want := "a path of the sweep: " + strings.Join(swept, ", ") + spec.DidYouMean(path, swept)
	if len(swept) == 0 {
		want = "a path of the sweep, and there is no sweep"
	}
	l.problems.Add(n.Mistake(at, shown(path), want))
	return false
}

// Analyse answers the study's asks.
func (st *Study) Analyse(all []*Outcome) ([]Analysis, error) {
	out := []Analysis{}
	for _, a := range st.Asks {
		one, err := a.find(st, all)
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", a.Name, err)
		}
		one.Name = a.Name
		out = append(out, one)
	}
	return out, nil
}

// depth is how deep a cell's saddle is, in the terms of the regressors.
type depth struct {
	Drop, DropOfLog, Temperature float64
}

// depth computes the drop below the saddle and the strength of the noise there.
func (st *Study) depth(c *Cell) (depth, error) {
	r, err := st.run(c, "")
	if err != nil {
		return depth{}, err
	}
	drop, err := SaddleDrop(r.Site)
	if err != nil {
		return depth{}, err
	}
	d := depth{Drop: drop.Loss - drop.Next, DropOfLog: math.Log(drop.Loss) - math.Log(drop.Next)}
	if r.Dynamic.Random() {
		d.Temperature, err = strength(r)
	}
	return d, err
}

// strength is the temperature of isotropic noise that is as strong in all as a dynamics' own at the unkicked start θ*,
//
//	T = tr D(θ*)/d,  D half the covariance of the noise per unit of time:
//
// ½ Σ scale²·tr σσᵀ of an SDE; (η/2B)·(tr C + ζ²s·tr H_GN) of SGD with label noise, tr C only where batches are drawn, and
// times (n − B)/(n − 1) where without replacement, and ½ Σ scale²·tr σσᵀ of what is added to its steps. With momentum β it is
// 1/(1 − β) times that: at leading order the chain is one at the rate η/(1 − β). NaN where a law has no variance, and for steps that
// are not in proportion to the gradient, or where rate or noise are scheduled.
func strength(r *sgdlab.Run) (float64, error) {
	dim := float64(r.Model.Dim())
	theta := lanes.Of(r.Start.Centre())
	var ws lanes.Arena
	added := func(noises []sgdlab.Noise) (trace float64) {
		for _, n := range noises {
			if n.Law.Index() != 2 || !n.Scale.Fixed() {
				return math.NaN()
			}
			scale := n.Scale(r.Clock)[0]
			trace += scale * scale * columns(n.Factor, theta, &ws)
		}
		return trace
	}
	if diffusion, ok := r.Dynamic.(sgdlab.Diffusive); ok {
		return added(diffusion.SDE().Noise) / (2 * dim), nil
	}
	gain := 1.0
	if a, ok := r.Dynamic.(sgdlab.Altered); ok && a.Altered() != "" {
		m, ok := r.Dynamic.(sgdlab.Inertial)
		if !ok {
			return math.NaN(), nil
		}
		beta, _ := m.Inertia()
		if beta == nil {
			return math.NaN(), nil
		}
		gain = 1 / (1 - beta(r.Clock)[0])
	}
	kicks := 0.0
	if k, ok := r.Dynamic.(sgdlab.Kicked); ok {
		kicks = added(k.Kicks())
	}
	batch, drawn := r.Number("batch")
	zeta, labels := r.Number("label-noise.amplitude")
	if _, step := r.Dynamic.Pace(); !step.Fixed() || r.Word("label-noise.amplitude.schedule") != "" || r.Word("label-noise.per") == "step" {
		return math.NaN(), nil
	}
	if !drawn && !labels {
		return gain * kicks / (2 * dim), nil
	}
	m, err := sgdlab.As[sgdlab.Sampled](r.Model)
	if err != nil {
		return 0, err
	}
	unit, _ := r.Dynamic.Pace()
	eta, n := unit(r.Clock)[0], float64(m.Samples())
	trace := 0.0
	if drawn {
		trace = noise.CovarianceTrace(m, r.Start.Centre())
		if r.Word("draw") != "with-replacement" {
			trace *= (n - batch) / (n - 1)
		}
	} else {
		batch = n
	}
	if labels {
		square, err := sgdlab.As[sgdlab.Squared](r.Model)
		if err != nil {
			return 0, err
		}
		h, err := sgdlab.As[sgdlab.GaussNewton](r.Model)
		if err != nil {
			return 0, err
		}
		v, hv := make(lanes.Pack, len(theta)), make(lanes.Pack, len(theta))
		curvature := 0.0
		for j := range theta {
			v[j] = lanes.Splat(1)
			h.GaussNewtonVec(hv, theta, v, &ws)
			ws.Reset()
			v[j] = lanes.Vec{}
			curvature += hv[j][0]
		}
		trace += zeta * zeta * square.PerLabel() * curvature
	}
	return gain * (eta/batch*trace + kicks) / (2 * dim), nil
}

// columns is tr σσᵀ at θ, summed over the columns of σ, eight to a pack.
func columns(f sgdlab.Factor, theta lanes.Pack, ws *lanes.Arena) float64 {
	sum := 0.0
	for first := 0; first < f.Width(); first += lanes.W {
		ws.Reset()
		xi, dst := ws.Zeroed(f.Width()), ws.Pack(len(theta))
		for l := range min(lanes.W, f.Width()-first) {
			xi[first+l][l] = 1
		}
		f.Apply(dst, theta, xi, ws)
		for l, x := range lanes.Dot(dst, dst) {
			if first+l < f.Width() {
				sum += x
			}
		}
	}
	return sum
}

// escapeLaw fits log mean time on the regressors, for each dynamics and each split.
func (st *Study) escapeLaw(a *escapeLawSettings, all []*Outcome) (Analysis, error) {
	out := Analysis{Title: "What sets the mean time to " + a.Event}
	coefficients := Table{Title: "Joint fit of log mean time", Columns: []string{"dynamics", "points of", "regressor", "coefficient", "se", "lower", "upper", "VIF"}}
	single := Table{Title: "One regressor at a time", Columns: []string{"dynamics", "points of", "regressor", "slope", "se", "lower", "upper", "R²", "AICc", "χ²/dof"}}
	collinear := Table{Title: "Collinearity of the regressors", Columns: []string{"dynamics", "points of", "pair", "correlation", "condition number"}}
	plots := make([]Plot, len(a.Regressors))
	for i, r := range a.Regressors {
		plots[i] = Plot{Title: "log mean time against " + label(r), X: label(r), Y: "log mean time to " + a.Event}
	}
	for _, split := range st.splits(a, all) {
		arm, of := split.arm, split.name
		var y, se []float64
		columns := make([]estimate.Regressor, len(a.Regressors))
		for i, r := range a.Regressors {
			columns[i].Name = r
		}
		unknown, silent := 0, 0
		for _, o := range split.cells {
			e, ok := logTime(o.Survival[a.Event])
			if !ok {
				unknown++
				continue
			}
			d, err := st.depth(o.Cell)
			if err != nil {
				return out, err
			}
			if !(d.Temperature > 0) && indexOf(a.Regressors, "drop-over-temperature") >= 0 {
				silent++
				continue
			}
			y, se = append(y, e.Value), append(se, e.SE)
			for i, r := range a.Regressors {
				x := map[string]float64{"drop-over-temperature": d.Drop / d.Temperature, "log-of-drop": math.Log(d.Drop), "drop-of-log": d.DropOfLog}[r]
				columns[i].Values = append(columns[i].Values, x)
			}
		}
		if len(y) < leastPoints {
			out.Text = append(out.Text, fmt.Sprintf("%s: refused: %d points with a known mean time and noise of known strength (%d without the one, %d without the other); a law needs at least %d", split.label(), len(y), unknown, silent, leastPoints))
			continue
		}
		opts := estimate.FitOptions{MinPoints: leastPoints, Widen: true}
		fit, err := estimate.LeastSquares(y, se, columns, opts)
		if err != nil {
			out.Text = append(out.Text, fmt.Sprintf("%s: no joint fit: %v", split.label(), err))
		} else {
			for i, r := range a.Regressors {
				c := fit.Coefficients[i+1]
				coefficients.add([]string{arm, of, label(r)}, c.Value, c.SE, c.Lo, c.Hi, fit.VIF[i])
				for k := i + 1; k < len(a.Regressors); k++ {
					collinear.add([]string{arm, of, label(r) + " with " + label(a.Regressors[k])}, fit.Correlation[i][k], fit.Condition)
				}
			}
		}
		best, bestAIC := "", math.Inf(1)
		var bestFit *estimate.Fit
		for i, r := range a.Regressors {
			points := Curve{Name: split.label()}
			for k := range y {
				points.X, points.Y = append(points.X, store.Number(columns[i].Values[k])), append(points.Y, store.Number(y[k]))
				points.Lo, points.Hi = append(points.Lo, store.Number(y[k]-1.96*se[k])), append(points.Hi, store.Number(y[k]+1.96*se[k]))
			}
			plots[i].Points = append(plots[i].Points, points)
			one, err := estimate.LeastSquares(y, se, columns[i:i+1], opts)
			if err != nil {
				out.Text = append(out.Text, fmt.Sprintf("%s: no fit on %s: %v", split.label(), label(r), err))
				continue
			}
			c := one.Coefficients[1]
			single.add([]string{arm, of, label(r)}, c.Value, c.SE, c.Lo, c.Hi, one.R2, one.AICc, one.Chi2PerDof())
			if one.AICc < bestAIC {
				best, bestAIC, bestFit = r, one.AICc, one
			}
			line := Curve{Name: split.label()}
			lo, hi := spread(columns[i].Values)
			for k := range 21 {
				x := lo + (hi-lo)*float64(k)/20
				p := one.Predict([]float64{x})
				line.X, line.Y = append(line.X, store.Number(x)), append(line.Y, store.Number(p.Value))
				line.Lo, line.Hi = append(line.Lo, store.Number(p.Lo)), append(line.Hi, store.Number(p.Hi))
			}
			plots[i].Lines = append(plots[i].Lines, line)
		}
		if best != "" {
			out.Text = append(out.Text, fmt.Sprintf("%s: of single regressors %s describes the %d mean times best, %s (R² %.3f, χ²/dof %.3g)", split.label(), label(best), len(y), wellness(bestFit), bestFit.R2, bestFit.Chi2PerDof()))
		}
	}
	out.Tables = []Table{single, coefficients, collinear}
	out.Plots = plots
	return out, nil
}

// wellness says whether a fit describes its points within their errors: χ²/dof is 1 ± √(2/dof) if it does.
func wellness(f *estimate.Fit) string {
	if chi := f.Chi2PerDof(); chi > 1+3*math.Sqrt(2/float64(f.Dof)) {
		return "but not within their errors"
	}
	return "within their errors"
}

func (t *Table) add(words []string, numbers ...float64) {
	row := make([]store.Number, len(numbers))
	for i, x := range numbers {
		row[i] = store.Number(x)
	}
	t.Words = append(t.Words, words)
	t.Numbers = append(t.Numbers, row)
}

func label(regressor string) string {
	for _, r := range regressors {
		if r.name == regressor {
			return r.label
		}
	}
	return regressor
}

func spread(x []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range x {
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	return lo, hi
}

// split is the cells of one dynamics that go into one fit.
type split struct {
	arm, name string
	cells     []*Outcome
}

func (s *split) label() string {
	if s.name == "" {
		return s.arm
	}
	return s.arm + ", " + s.name
}

func (st *Study) splits(a *escapeLawSettings, all []*Outcome) []*split {
	var out []*split
	for _, arm := range st.Arms {
		for _, o := range all {
			if o.Cell.Arm != arm {
				continue
			}
			var parts []string
			for _, p := range st.Points[o.Cell.Point].Params {
				if indexOf(a.By, p.Path) >= 0 {
					parts = append(parts, p.Path+"="+param(p.Path, p.Value).Text)
				}
			}
			name := strings.Join(parts, " ")
			var s *split
			for _, t := range out {
				if t.arm == arm && t.name == name {
					s = t
				}
			}
			if s == nil {
				s = &split{arm: arm, name: name}
				out = append(out, s)
			}
			s.cells = append(s.cells, o)
		}
	}
	return out
}

// logTime is the logarithm of a mean time with its standard error: the mean where no replica is censored, else exposure
// over events, which is the mean of an exponential law and needs at least half of the replicas to have met the event.
func logTime(s *estimate.Survival) (estimate.Estimate, bool) {
	if s == nil || s.N < 2 || 2*s.Events < s.N {
		return estimate.Missing(0), false
	}
	e := s.Mean(estimate.Level)
	if s.Censored() > 0 {
		e = s.Rate(estimate.Level).Inverse()
	}
	e = e.Log()
	return e, e.Known() && e.SE > 0
}

// permutations is how often the labels of two laws are swapped: p-values down to 0.001.
const permutations = 999

// compareLaws asks of every dynamics whether it has the reference's law of escape times.
func (st *Study) compareLaws(a *compareLawsSettings, all []*Outcome) (Analysis, error) {
	out := Analysis{Title: "Which dynamics has the law of the times to " + a.Event + " of " + a.Reference}
	t := Table{Title: "Against " + a.Reference, Columns: []string{"dynamics", "cell", "KS distance", "p (permutation)", "ratio of means", "lower", "upper", "n"}}
	plot := Plot{Title: "Ratio of mean times to those of " + a.Reference, X: "point of the sweep", Y: "ratio of means", LogY: true}
	type tally struct{ cells, rejected, within int }
	tallies := map[string]*tally{}
	curves := map[string]*Curve{}
	for point := range st.Points {
		j := &judge{st: st, all: all}
		ref := j.at(point, a.Reference)
		for _, arm := range st.Arms {
			o := j.at(point, arm)
			if arm == a.Reference || o.Replicas < 2 || ref.Replicas < 2 {
				continue
			}
			x, y := *o.Passages[a.Event], *ref.Passages[a.Event]
			if st.Ensemble.Independent || len(x.Values) != len(y.Values) {
				x.Replica, y.Replica = nil, nil
			}
			ks, err := estimate.KolmogorovSmirnov(x, y, estimate.Level)
			if err != nil {
				return out, err
			}
			test, err := estimate.PermutationKS(x, y, permutations, uint64(point))
			if err != nil {
				return out, err
			}
			ratio := ratioOfMeans(x, y, o.Survival[a.Event], ref.Survival[a.Event])
			t.add([]string{arm, st.cellName(point)}, ks.Value, test.P, ratio.Value, ratio.Lo, ratio.Hi, float64(len(x.Values)))
			if tallies[arm] == nil {
				tallies[arm], curves[arm] = &tally{}, &Curve{Name: arm}
			}
			tl, c := tallies[arm], curves[arm]
			tl.cells++
			if test.P < 0.01 {
				tl.rejected++
			}
			if ratio.Lo > 0.9 && ratio.Hi < 1.1 {
				tl.within++
			}
			c.X, c.Y = append(c.X, store.Number(point)), append(c.Y, store.Number(ratio.Value))
			c.Lo, c.Hi = append(c.Lo, store.Number(ratio.Lo)), append(c.Hi, store.Number(ratio.Hi))
		}
	}
	for _, arm := range st.Arms {
		if tl := tallies[arm]; tl != nil {
			out.Text = append(out.Text, fmt.Sprintf("%s: in %d of %d cells the law differs from that of %s (p < 0.01); in %d of %d the means agree within 10 %% with their whole interval",
				arm, tl.rejected, tl.cells, a.Reference, tl.within, tl.cells))
			plot.Points = append(plot.Points, *curves[arm])
		}
	}
	out.Tables, out.Plots = []Table{t}, []Plot{plot}
	return out, nil
}

// ratioOfMeans is paired by replica where it can be; censored arms compare exposure per event.
func ratioOfMeans(x, y estimate.Sample, sx, sy *estimate.Survival) estimate.Estimate {
	if sx.Censored() > 0 || sy.Censored() > 0 {
		return estimate.Ratio(sx.Rate(estimate.Level).Inverse(), sy.Rate(estimate.Level).Inverse(), estimate.Level)
	}
	if x.Replica == nil {
		return estimate.Ratio(sx.Mean(estimate.Level), sy.Mean(estimate.Level), estimate.Level)
	}
	of := map[int64]float64{}
	for i, r := range y.Replica {
		of[r] = y.Values[i]
	}
	var p estimate.Pairs
	for i, r := range x.Replica {
		p.Add(x.Values[i], of[r])
	}
	return p.Ratio(estimate.Level)
}
