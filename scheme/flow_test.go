package scheme

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
	"sgdlab/start"
	"sgdlab/theory"
)

// drift is a drift given by its coordinates in one lane.
type drift struct {
	dim int
	a   func(dst, x []float64)
}

func (d drift) Dim() int { return d.dim }
func (d drift) Drift(dst, theta lanes.Pack, _ *lanes.Arena) {
	to, from := make([]float64, d.dim), make([]float64, d.dim)
	for l := range lanes.W {
		d.a(to, theta.Lane(from, l))
		dst.SetLane(l, to)
	}
}

// logistic is ẋ = x(1 − x), with x(t) = 1/(1 + (1/x₀ − 1)e^{−t}); turning is a rotation at the rate 3 of two coordinates.
var (
	logistic = drift{1, func(dst, x []float64) { dst[0] = x[0] * (1 - x[0]) }}
	turning  = drift{2, func(dst, x []float64) { dst[0], dst[1] = -3*x[1], 3*x[0] }}
)

func logisticAt(x0, t float64) float64 { return 1 / (1 + (1/x0-1)*math.Exp(-t)) }

func flowOf(d sgdlab.Drift, h, tolerance float64) *Flow {
	return &Flow{Of: d, Unit: sgdlab.Constant(h), Length: sgdlab.Constant(h), Relative: tolerance, Absolute: 1e-16, Most: 10000}
}

// begin returns the state of a flow from x in every lane.
func begin(f *Flow, x ...float64) lanes.Pack {
	state := make(lanes.Pack, sgdlab.Size(f))
	f.Init(state, lanes.Of(x), clock(1, 0), lanes.All)
	return state
}

// TestFlowOrder: substeps of one length have an error of order s⁵ over a time. Inside a substep, where the path is known to
// fourth order, the error of one is of order s⁵, as is the estimate of its error; at its end it is of order s⁶.
func TestFlowOrder(t *testing.T) {
	off := func(p lanes.Pack, time float64) float64 {
		return math.Hypot(p[0][2]-math.Cos(3*time), p[1][2]-math.Sin(3*time))
	}
	var hs, one, inside, estimates, ends []float64
	for _, h := range []float64{0.1, 0.05, 0.025} {
		f := flowOf(turning, h, 1e300)
		f.Absolute = 1e300 // one substep
		f.Keep()
		state, at := begin(f, 1, 0), make(lanes.Pack, 2)
		f.Step(state, clock(1, 0), lanes.All, nil)
		if len(f.Nodes()) != 1 || f.Nodes()[0] != lanes.Splat(1) {
			t.Fatalf("nodes %v", f.Nodes())
		}
		worst := 0.0
		for _, s := range []float64{0.1, 0.3, 0.5, 0.7, 0.9} {
			f.Inside(at, lanes.Splat(s))
			worst = max(worst, off(at, s*h))
		}
		f.Inside(at, lanes.Splat(1))
		same(t, "the end of the path", at, state[:2], 1e-16)
		hs, one, inside = append(hs, h), append(one, off(state, h)), append(inside, worst)
		var k [7]lanes.Pack
		for i := range k {
			k[i] = make(lanes.Pack, 2)
		}
		from, next, guess := lanes.Of([]float64{1, 0}), make(lanes.Pack, 2), make(lanes.Pack, 2)
		turning.Drift(k[0], from, nil)
		for n := range int(math.Round(2 / h)) {
			f.substep(next, from, &k, lanes.Splat(h))
			if n == 0 {
				combine(guess, lanes.Splat(h), difference[:], &k)
				estimates = append(estimates, math.Hypot(guess[0][0], guess[1][0]))
			}
			copy(from, next)
			copy(k[0], k[6]) // the first slope of a substep is the last of the one before
		}
		ends = append(ends, off(from, 2))
	}
	for _, e := range []struct {
		what string
		errs []float64
		want float64
	}{{"over a time", ends, 5}, {"of one substep", one, 6}, {"inside", inside, 5}, {"estimated", estimates, 5}} {
		if got := slopeOf(hs, e.errs); math.Abs(got-e.want) > 0.1 {
			t.Errorf("the error %s is of order %.2f, want %g: %.2g", e.what, got, e.want, e.errs)
		}
	}
}

// TestFlowTolerance: the error over a time 5 falls with the tolerance and is within thirty times it, whatever the calls.
func TestFlowTolerance(t *testing.T) {
	last := math.Inf(1)
	for _, tol := range []float64{1e-4, 1e-6, 1e-8, 1e-10, 1e-12} {
		worst := 0.0
		for _, calls := range []int{1, 7, 100} {
			f := flowOf(turning, 5/float64(calls), tol)
			state := begin(f, 1, 0)
			for range calls {
				f.Step(state, clock(1, 0), lanes.All, nil)
			}
			worst = max(worst, math.Hypot(state[0][1]-math.Cos(15), state[1][1]-math.Sin(15)))
		}
		t.Logf("tolerance %g: %.2g", tol, worst)
		if worst > 30*tol || worst > last/10 || worst < tol/1e4 {
			t.Errorf("tolerance %g: error %.2g, of the one before %.2g", tol, worst, last)
		}
		last = worst
	}
}

// TestFlowSaxe: from a balanced start on white data the strengths of the modes follow Saxe's curves, to the tolerance.
func TestFlowSaxe(t *testing.T) {
	set := must(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{3, 2}, Rows: 2, Cols: 3}, &data.Env{}))
	m := must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{3, 4, 2}}, set))
	site := &sgdlab.Site{Data: set, Model: m, Place: "start"}
	begin := must(start.NewBalanced(start.BalancedSettings{Strength: 1e-3, Deviation: sgdlab.Constant(0)}, site))
	site.Start = begin
	const h = 0.1
	f := must(NewFlow(FlowSettings{Rate: sgdlab.Constant(h), Tolerance: 1e-10, Absolute: 1e-13, Substeps: 1000}, site)).(*Flow)
	theta := make(lanes.Pack, m.Dim())
	begin.Draw(theta, clock(1, 0))
	state := make(lanes.Pack, sgdlab.Size(f))
	f.Init(state, theta, clock(1, 0), lanes.All)
	values := must(observable.NewSingularValues(observable.SingularValuesSettings{}, site))
	var ws lanes.Arena
	read := make(lanes.Pack, len(values.Columns()))
	values.Observe(read, theta, clock(1, 0), &ws)
	u0 := read[0][0]
	var curves [2]sgdlab.Theory
	for i, s := range []float64{3, 2} {
		curves[i] = must(theory.NewSaxeSigmoid(theory.SaxeSigmoid{Strength: s, Start: u0, Depth: 2, Scale: 1, Rate: 0, Mode: 1, At: []float64{1}}, nil))
	}
	loss := m.Loss(theta, &ws)[0]
	worst, middle := 0.0, false
	for k := 1; k <= 60; k++ {
		f.Step(state, clock(1, 0), lanes.All, nil)
		values.Observe(read, state[:m.Dim()], clock(1, 0), &ws)
		for i, c := range curves {
			want := c.Predict([]float64{float64(k) * h}).Values[0]
			worst = max(worst, math.Abs(read[i][3]-want))
			middle = middle || want > 0.5 && want < 1.5
		}
		now := m.Loss(state[:m.Dim()], &ws)[0]
		if !(now < loss) {
			t.Errorf("at %g the loss rises from %.17g to %.17g", float64(k)*h, loss, now)
		}
		loss = now
	}
	t.Logf("off by %.2g", worst)
	if worst > 1e-8 || !middle {
		t.Errorf("strengths are off by %.2g; halfway: %t", worst, middle)
	}
}

// TestFlowEnergy: L falls by ∫‖∇L‖² dt, by Simpson's rule over the pieces of the path.
func TestFlowEnergy(t *testing.T) {
	site := well(1)
	site.Model = must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{5, 1, 0.2}}, nil))
	f := must(NewFlow(FlowSettings{Step: sgdlab.Constant(2), Tolerance: 1e-10, Absolute: 1e-14, Substeps: 1000}, site)).(*Flow)
	f.Keep()
	state := begin(f, 1, -2, 3)
	var ws lanes.Arena
	before := site.Model.Loss(state[:3], &ws)[0]
	f.Step(state, clock(1, 0), lanes.All, nil)
	fell, from := 0.0, 0.0
	square := func(s float64) float64 {
		theta, g := make(lanes.Pack, 3), make(lanes.Pack, 3)
		f.Inside(theta, lanes.Splat(s))
		site.Model.Grad(g, theta, &ws)
		return lanes.Dot(g, g)[0]
	}
	for _, n := range f.Nodes() {
		to := n[0]
		fell += 2 * (to - from) / 6 * (square(from) + 4*square((from+to)/2) + square(to))
		from = to
	}
	if got := before - site.Model.Loss(state[:3], &ws)[0]; math.Abs(fell/got-1) > 1e-7 || len(f.Nodes()) < 5 {
		t.Errorf("the loss falls by %.12g, ∫‖∇L‖² is %.12g, over %d substeps", got, fell, len(f.Nodes()))
	}
}

// TestFlowEvent: crossings are dated to 1e-9 of closed forms, inside calls of many substeps, in lanes that start elsewhere,
// also an excursion that a call begins and ends without.
func TestFlowEvent(t *testing.T) {
	site := &sgdlab.Site{Model: must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{1, 1}}, nil))}
	x := must(observable.NewCoordinate(observable.CoordinateSettings{Index: 0}, site))
	for _, tc := range []struct {
		name  string
		level float64
		dir   sgdlab.Direction
		h     float64
		phase float64
		want  float64 // the time; NaN: none
	}{
		{"falls", 0.5, sgdlab.FallsBelow, 0.8, 0, math.Pi / 9},
		{"falls, by a long call", -0.9, sgdlab.FallsBelow, 5, 0, math.Acos(-0.9) / 3},
		{"rises after it fell", 0.5, sgdlab.RisesAbove, 2, 2, (2*math.Pi - math.Pi/3 - 2) / 3},
		{"a shallow excursion", 0.9999, sgdlab.RisesAbove, 0.2, -0.3, (0.3 - math.Acos(0.9999)) / 3},
		{"a dip to −1, and back", -0.99999, sgdlab.FallsBelow, 2, 0.3, (math.Pi - math.Acos(0.99999) - 0.3) / 3},
		{"never", 1.0001, sgdlab.RisesAbove, 2, -0.3, math.NaN()},
		{"at once", 0.5, sgdlab.RisesAbove, 1, 0, 0},
	} {
		f := flowOf(turning, tc.h, 1e-12)
		locate := observable.NewRoot(x, 0, f)
		state := begin(f, math.Cos(tc.phase), math.Sin(tc.phase))
		other := begin(f, 0.1*math.Cos(tc.phase), 0.1*math.Sin(tc.phase)) // beside it
		lanes.CopyLanes(state, other, 0b1100_0000)
		before, f0 := append(lanes.Pack{}, state[:2]...), state[0]
		f.Step(state, clock(1, 0), 0b1101_1111, nil)
		var ws lanes.Arena
		hit, fraction := locate.Locate(&sgdlab.Crossing{F0: f0, F1: state[0], Level: lanes.Splat(tc.level), Dt: lanes.Splat(tc.h), Direction: tc.dir,
			Before: before, After: state[:2], Live: 0b1101_1111}, clock(1, 0), &ws)
		want := lanes.Mask(0b0001_1111)
		if math.IsNaN(tc.want) {
			want = 0
		}
		if hit&0b0011_1111 != want {
			t.Errorf("%s: lanes %08b crossed, want %08b", tc.name, hit, want)
			continue
		}
		if got := fraction[1] * tc.h; want != 0 && math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: at %.12g, want %.12g", tc.name, got, tc.want)
		}
	}
}

// TestFlowEnds: a flow that is stiff, one that reaches infinity in a finite time, and one that starts at a NaN become NaN,
// in their lanes, after no more substeps than are allowed.
func TestFlowEnds(t *testing.T) {
	calls := 0
	bad := drift{1, func(dst, x []float64) {
		calls++
		switch {
		case x[0] > 100: // stiff
			dst[0] = -1e9 * (x[0] - 200)
		case x[0] > 1.5: // 1/(½ − t) and up
			dst[0] = x[0] * x[0]
		default:
			dst[0] = -x[0]
		}
	}}
	f := flowOf(bad, 1, 1e-8)
	f.Most = 500
	theta := lanes.Pack{lanes.Vec{1, 300, 2, math.NaN(), 1, math.Inf(1), 1, 0}}
	state := make(lanes.Pack, sgdlab.Size(f))
	f.Init(state, theta, clock(1, 0), lanes.All)
	calls = 0
	f.Step(state, clock(1, 0), lanes.All, nil)
	if calls > 500*6*lanes.W {
		t.Errorf("%d calls of the drift", calls)
	}
	for l, x := range state[0] {
		lost := l == 1 || l == 2 || l == 3 || l == 5
		if math.IsNaN(x) != lost || !lost && math.Abs(x-theta[0][l]/math.E) > 1e-7 {
			t.Errorf("lane %d: from %g to %g", l, theta[0][l], x)
		}
	}
}

// TestFlowSubsteps: the end of a call, which cuts a substep short, does not shorten the next one; and a lane that is lost does
// not hold up the call.
func TestFlowSubsteps(t *testing.T) {
	f := flowOf(turning, 5, 1e-6)
	state := begin(f, 1, 0)
	f.Step(state, clock(1, 0), lanes.All, nil)
	natural := state[4][0]
	if !(natural > 0.05 && natural < 0.5) {
		t.Fatalf("substeps of %g", natural)
	}
	g := flowOf(turning, 0.6*natural, 1e-6)
	g.Step(state, clock(1, 0), lanes.All, nil)
	if state[4][0] < natural {
		t.Errorf("after a call of %g, a substep of %g became one of %g", 0.6*natural, natural, state[4][0])
	}
	calls := 0
	lost := flowOf(drift{1, func(dst, _ []float64) {
		calls++
		dst[0] = math.NaN()
	}}, 1, 1e-6)
	state = begin(lost, 1)
	calls = 0
	lost.Step(state, clock(1, 0), lanes.All, nil)
	if !math.IsNaN(state[0][0]) || calls > 60*6*lanes.W {
		t.Errorf("θ = %g after %d calls of the drift", state[0][0], calls)
	}
}

// TestFlowResumes: a flow goes on from its state alone, to the same bits, and lanes take their own substeps.
func TestFlowResumes(t *testing.T) {
	f := flowOf(logistic, 0.7, 1e-9)
	theta := lanes.Pack{lanes.Vec{0.01, 0.2, 0.9, 2, 0.5, 1, 1e-6, 0}}
	state := make(lanes.Pack, sgdlab.Size(f))
	f.Init(state, theta, clock(1, 0), lanes.All)
	for range 5 {
		f.Step(state, clock(1, 0), lanes.All, nil)
	}
	saved := append(lanes.Pack{}, state...)
	for range 5 {
		f.Step(state, clock(1, 0), lanes.All, nil)
	}
	g := flowOf(logistic, 0.7, 1e-9)
	for l := range lanes.W {
		alone := make(lanes.Pack, len(saved))
		lanes.CopyLanes(alone, saved, 1<<l)
		for range 5 {
			g.Step(alone, clock(1, 0), 1<<l, nil)
		}
		for j := range state {
			if math.Float64bits(alone[j][l]) != math.Float64bits(state[j][l]) {
				t.Errorf("lane %d resumed alone: row %d is %.17g, not %.17g", l, j, alone[j][l], state[j][l])
			}
		}
		if want := logisticAt(theta[0][l], 7); theta[0][l] > 0 && math.Abs(state[0][l]-want) > 1e-8 {
			t.Errorf("lane %d: %.12g, want %.12g", l, state[0][l], want)
		}
	}
}

func TestFlowErrors(t *testing.T) {
	rate := sgdlab.Constant(0.1)
	for _, tc := range []struct {
		c    FlowSettings
		site *sgdlab.Site
		want string
	}{
		{FlowSettings{Rate: rate, Tolerance: 1e-8}, &sgdlab.Site{}, "needs a model"},
		{FlowSettings{Tolerance: 1e-8}, well(1), "`rate`"},
		{FlowSettings{Rate: rate, Tolerance: 1e-17}, well(1), "1e-14"},
		{FlowSettings{Rate: rate, Tolerance: 1e-8, Drift: func(*sgdlab.Site) (sgdlab.Drift, error) { return turning, nil }}, well(1), "drift of 2 coordinates"},
	} {
		if _, err := NewFlow(tc.c, tc.site); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v; want it to say %q", err, tc.want)
		}
	}
	f := must(NewFlow(FlowSettings{Rate: rate, Step: sgdlab.Constant(0.5), Tolerance: 1e-8, Drift: func(s *sgdlab.Site) (sgdlab.Drift, error) {
		if s.Rate(nil)[0] != 0.1 {
			t.Error("the drift does not see the rate")
		}
		return logistic, nil
	}}, well(1)))
	unit, h := f.Pace()
	if unit(nil)[0] != 0.1 || h(nil)[0] != 0.5 || f.Random() {
		t.Errorf("pace %g, %g; random: %t", unit(nil)[0], h(nil)[0], f.Random())
	}
}
