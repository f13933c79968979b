package scheme_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
	"sgdlab/scheme"
)

func written(loss string, parameters map[string]float64, variables ...string) *sgdlab.Site {
	p := formula.Parameters{}
	for k, v := range parameters {
		p[k] = v
	}
	m, err := model.NewFormula(model.FormulaSettings{Loss: loss, Settings: formula.Settings{Variables: variables, Parameters: p}}, nil)
	if err != nil {
		panic(err)
	}
	return &sgdlab.Site{Model: m}
}

// sharpening is a valley x = 0 whose sharpness 1 + s + q²/2 is driven from 0 towards 6.
func sharpening(k float64) *sgdlab.Site {
	return written("0.5*(1 + s + 0.5*q^2)*x^2 + k/2*(s - 3)^2 + k/2*(q - 2)^2", map[string]float64{"k": k}, "x", "s", "q")
}

func centralOf(t *testing.T, site *sgdlab.Site, eta float64, stable bool) sgdlab.Stepper {
	t.Helper()
	c := scheme.CentralSettings{Rate: sgdlab.Constant(eta), Substeps: 4, Critical: 1.95, MaxCritical: 6, Tolerance: 1e-9}
	build := scheme.NewCentral
	if stable {
		build = scheme.NewStable
	}
	s, err := build(c, site)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func started(s sgdlab.Stepper, theta ...float64) lanes.Pack {
	state := make(lanes.Pack, sgdlab.Size(s))
	s.Init(state, lanes.Of(theta), &sgdlab.Clock{}, lanes.All)
	return state
}

// TestCentralFlowOfGD: from a start on the edge the central flow has the means of descent over windows, of (s, q), x² and the loss, while
// gradient flow goes far beyond. The oscillation's energy swings about σ², slowly.
func TestCentralFlowOfGD(t *testing.T) {
	const eta, steps, window = 0.5, 20_000, 5000
	site := sharpening(5e-4)
	gd, err := dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta)}, site)
	if err != nil {
		t.Fatal(err)
	}
	flow, err := scheme.NewFlow(scheme.FlowSettings{Rate: sgdlab.Constant(eta), Tolerance: 1e-8, Absolute: 1e-12, Substeps: 1000}, site)
	if err != nil {
		t.Fatal(err)
	}
	central := centralOf(t, site, eta, false)
	var at sgdlab.Clock
	var ws lanes.Arena
	a, b, c := started(gd, 0.02, 2.45, 1), started(flow, 0.02, 2.45, 1), started(central, 0.02, 2.45, 1)
	loss := func(p lanes.Pack) float64 { ws.Reset(); return site.Model.Loss(p[:3], &ws)[0] }
	type sums struct{ s, q, xx, loss, n float64 }
	var all [4][3]sums
	for k := range steps {
		gd.Step(a, &at, lanes.All, nil)
		central.Step(c, &at, 1, nil)
		flow.Step(b, &at, 1, nil)
		if sharp := 1 + c[1][0] + c[2][0]*c[2][0]/2; sharp > 2/eta*(1+1e-4) {
			t.Fatalf("step %d: the central flow is at sharpness %g, above %g", k, sharp, 2/eta)
		}
		variance := lanes.Dot(c[3:], c[3:])[0]
		for i, p := range []lanes.Pack{a, c, b} {
			u := &all[k/window][i]
			u.s, u.q, u.n = u.s+p[1][0], u.q+p[2][0], u.n+1
			if i == 1 {
				u.xx, u.loss = u.xx+variance, u.loss+loss(p)+variance/eta
			} else {
				u.xx, u.loss = u.xx+p[0][0]*p[0][0], u.loss+loss(p)
			}
		}
	}
	var late [2]sums
	for w := 1; w < 4; w++ { // those after step 5000
		g, f, free := all[w][0], all[w][1], all[w][2]
		for i := range late {
			late[i].xx, late[i].loss = late[i].xx+all[w][i].xx, late[i].loss+all[w][i].loss
		}
		off := math.Hypot(g.s-f.s, g.q-f.q) / g.n
		far := math.Hypot(g.s-free.s, g.q-free.q) / g.n
		if !(off < 0.01*far) {
			t.Errorf("window %d: the central flow is %g from descent, gradient flow %g", w, off, far)
		}
		if r := g.xx / f.xx; !(math.Abs(r-1) < 0.1) {
			t.Errorf("window %d: x² is %.3f of σ²", w, r)
		}
		if r := g.loss / f.loss; !(math.Abs(r-1) < 0.1) {
			t.Errorf("window %d: the loss is %.3f of that predicted", w, r)
		}
	}
	if r := late[0].xx / late[1].xx; !(math.Abs(r-1) < 0.04) {
		t.Errorf("x² is %.3f of σ² from step 5000 on", r)
	}
	if r := late[0].loss / late[1].loss; !(math.Abs(r-1) < 0.04) {
		t.Errorf("the loss is %.3f of that predicted from step 5000 on", r)
	}
}

// TestCentralOffTheEdge: where nothing is critical, central and stable flow are gradient flow, to the order of their substeps, and the
// oscillation is 0; lanes that are critical do not show in those that are not.
func TestCentralOffTheEdge(t *testing.T) {
	const eta = 0.1
	site := sharpening(0.3)
	flow, err := scheme.NewFlow(scheme.FlowSettings{Rate: sgdlab.Constant(eta), Tolerance: 1e-13, Absolute: 1e-15, Substeps: 10_000}, site)
	if err != nil {
		t.Fatal(err)
	}
	var at sgdlab.Clock
	for _, stable := range []bool{false, true} {
		s := centralOf(t, site, eta, stable)
		a, b := started(s, 0.7, 0.4, 0.3), started(flow, 0.7, 0.4, 0.3)
		edge := append(lanes.Pack{}, a...)
		edge[1][2] = 20 // S = 21, beyond 2/η
		for range 200 {
			flow.Step(b, &at, 1, nil)
			s.Step(a, &at, lanes.All, nil)
			s.Step(edge, &at, lanes.All, nil)
		}
		for j := range 3 {
			if math.Abs(a[j][0]-b[j][0]) > 1e-9 || a[j][0] != edge[j][0] {
				t.Errorf("stable %t: θ[%d] = %.15g, beside the edge %.15g, gradient flow has %.15g", stable, j, a[j][0], edge[j][0], b[j][0])
			}
		}
		for j := 3; j < len(a); j++ {
			if a[j] != (lanes.Vec{}) {
				t.Errorf("something oscillates: %v", a[j])
			}
		}
	}
}

// TestOneCritical: with one critical eigenvalue on the edge Σ = σ²uuᵀ, σ² = max(0, −2∇λ·∇L/‖∇λ‖²), to the order of a substep.
func TestOneCritical(t *testing.T) {
	const eta, k = 0.5, 5e-4
	site := sharpening(k)
	s := centralOf(t, site, eta, false)
	var at sgdlab.Clock
	state := started(s, 0, 2.3, 1.2)
	for range 4000 {
		s.Step(state, &at, lanes.All, nil)
	}
	sv, qv := state[1][0], state[2][0]
	want := 2 * k * ((3 - sv) + qv*(2-qv)) / (1 + qv*qv) // ∇λ = (0, 1, q) at x = 0
	if got := lanes.Dot(state[3:6], state[3:6])[0]; math.Abs(got/want-1) > 1e-3 {
		t.Errorf("σ² = %g, want %g", got, want)
	}
	if math.Abs(1+sv+qv*qv/2-2/eta) > 1e-6 || math.Abs(state[4][0]) > 1e-9 || math.Abs(state[5][0]) > 1e-9 {
		t.Errorf("sharpness %.9g, y = %v", 1+sv+qv*qv/2, state[3:6])
	}
}

// TestTwoCritical: two eigenvalues that rise together are held at 2/η by the trace of their Σ, and two that rise apart by one each, as both
// of descent are.
func TestTwoCritical(t *testing.T) {
	const eta, k = 0.5, 5e-4
	for _, tc := range []struct {
		loss string
		lam  func(s float64) (float64, float64)
	}{
		{"0.5*(1 + s)*(x^2 + y^2) + k/2*(s - 4)^2", func(s float64) (float64, float64) { return 1 + s, 1 + s }},
		{"0.5*(1 + s)*x^2 + 0.5*(0.5 + 1.2*s)*y^2 + k/2*(s - 4)^2", func(s float64) (float64, float64) { return 1 + s, 0.5 + 1.2*s }},
	} {
		site := written(tc.loss, map[string]float64{"k": k}, "x", "y", "s")
		s := centralOf(t, site, eta, false)
		var at sgdlab.Clock
		state := started(s, 0, 0, 2.5)
		for n := range 8000 {
			s.Step(state, &at, 1, nil)
			if a, b := tc.lam(state[2][0]); max(a, b) > 2/eta*(1+1e-5) {
				t.Fatalf("step %d: eigenvalues %g, %g", n, a, b)
			}
		}
		a, b := tc.lam(state[2][0])
		if math.Abs(max(a, b)-2/eta) > 1e-6 {
			t.Errorf("%s ends at eigenvalues %g, %g", tc.loss, a, b)
		}
		// ds/dt = 0: k(4 − s) = ½ Σ λ′ᵢΣᵢᵢ.
		xx, yy := 0.0, 0.0
		for r := 3; r < len(state); r += 3 {
			xx, yy = xx+state[r][0]*state[r][0], yy+state[r+1][0]*state[r+1][0]
		}
		force := (xx + yy) / 2
		if a != b {
			force = (xx + 1.2*yy) / 2
		}
		if want := k * (4 - state[2][0]); math.Abs(force/want-1) > 1e-3 {
			t.Errorf("%s: Σ pushes with %g, want %g", tc.loss, force, want)
		}
	}
}

// bare hides all but gradient and Hessian of a model.
type bare struct{ of *model.Formula }

func (b bare) Dim() int                                         { return b.of.Dim() }
func (b bare) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec { return b.of.Loss(theta, ws) }
func (b bare) Grad(dst, theta lanes.Pack, ws *lanes.Arena)      { b.of.Grad(dst, theta, ws) }
func (b bare) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	b.of.HessVec(dst, theta, v, ws)
}

// TestCentralByDifferences: without third derivatives their differences give the same path to 10⁻⁶.
func TestCentralByDifferences(t *testing.T) {
	site := sharpening(5e-3)
	hidden := &sgdlab.Site{Model: bare{site.Model.(*model.Formula)}}
	a, b := centralOf(t, site, 0.5, false), centralOf(t, hidden, 0.5, false)
	var at sgdlab.Clock
	p, q := started(a, 0.02, 2, 0.7), started(b, 0.02, 2, 0.7)
	for range 3000 {
		a.Step(p, &at, 1, nil)
		b.Step(q, &at, 1, nil)
	}
	for j := range 4 {
		if math.Abs(p[j][0]-q[j][0]) > 1e-6 {
			t.Errorf("row %d is %.9g, by differences %.9g", j, p[j][0], q[j][0])
		}
	}
}

// TestStableFlow: it does not pass 2/η, and its force leaves the critical eigenvectors alone: there θ is where gradient flow takes it. Where
// the minimum is not in the way of the eigenvalue's gradient, it is the central flow.
func TestStableFlow(t *testing.T) {
	const eta = 0.5
	// The cubic term has x lean the critical direction: ∇λ has a part along u.
	site := written("0.5*(1 + s)*x^2 + 0.3*x^3 + k/2*(s - 4)^2", map[string]float64{"k": 5e-4}, "x", "s")
	stable, central := centralOf(t, site, eta, true), centralOf(t, site, eta, false)
	var at sgdlab.Clock
	a, b := started(stable, 0.01, 2.7), started(central, 0.01, 2.7)
	for n := range 6000 {
		stable.Step(a, &at, 1, nil)
		central.Step(b, &at, 1, nil)
		if sharp := 1 + a[1][0] + 1.8*a[0][0]; sharp > 2/eta*(1+1e-3) {
			t.Fatalf("step %d: sharpness %g", n, sharp)
		}
	}
	if math.Abs(a[0][0]) > 1e-5 || !(b[0][0] < -1e-5) {
		t.Errorf("along u the stable flow ends at %g, the central flow at %g, want 0 and below", a[0][0], b[0][0])
	}
	if len(stable.Blocks()) != 1 || len(central.Blocks()) != 2 {
		t.Error("blocks")
	}
}

// TestNoCentralFlow: where nothing lowers an eigenvalue beyond 2/η there is no Σ, and the replica ends; others do not.
func TestNoCentralFlow(t *testing.T) {
	s := centralOf(t, written("0.5*(1 + s)*x^2 + (s - t)^2", map[string]float64{"t": 1}, "x", "s"), 0.4, false)
	flat := centralOf(t, written("0.5*a*x^2 + y^2", map[string]float64{"a": 5.1}, "x", "y"), 0.4, false)
	var at sgdlab.Clock
	p, q := started(s, 0.1, 0.5), started(flat, 0.1, 0.5)
	s.Step(p, &at, lanes.All, nil)
	flat.Step(q, &at, lanes.All, nil)
	if !math.IsNaN(q[0][0]) || math.IsNaN(p[0][0]) {
		t.Errorf("θ = %v and %v, want NaN and not", q[0][0], p[0][0])
	}
}

// TestCentralOfNetwork: on a deep linear network of 42 weights, whose gradient flow ends beyond 2/η, eigenvectors are searched for and third
// derivatives are differences: the central flow stays at the edge and goes on learning, and gradient flow does not stay.
func TestCentralOfNetwork(t *testing.T) {
	set := &data.Set{X: lanes.NewMat(8, 3), Y: lanes.NewMat(8, 3)}
	for i := range set.X.Data {
		set.X.Data[i] = 2 * math.Sin(float64(i*i+1))
		set.Y.Data[i] = 5 * math.Cos(float64(3*i*i))
	}
	var l model.Loss
	if err := l.Decode("mean-half"); err != nil {
		t.Fatal(err)
	}
	m, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{3, 7, 3}, Loss: l}, set)
	if err != nil {
		t.Fatal(err)
	}
	site := &sgdlab.Site{Data: set, Model: m}
	theta := make([]float64, m.Dim())
	for i := range theta {
		theta[i] = 0.3 * math.Sin(float64(7*i+1))
	}
	sharpness, err := observable.NewSharpness(observable.SharpnessSettings{Count: 1, Tolerance: 1e-9}, site)
	if err != nil {
		t.Fatal(err)
	}
	var ws lanes.Arena
	sharp := func(state lanes.Pack) float64 {
		ws.Reset()
		dst := ws.Pack(2)
		sharpness.Observe(dst, state[:m.Dim()], &sgdlab.Clock{}, &ws)
		return dst[0][0]
	}
	flow, err := scheme.NewFlow(scheme.FlowSettings{Rate: sgdlab.Constant(0.05), Tolerance: 1e-8, Absolute: 1e-12, Substeps: 10_000}, site)
	if err != nil {
		t.Fatal(err)
	}
	var at sgdlab.Clock
	free := started(flow, theta...)
	first := sharp(free)
	for range 400 {
		flow.Step(free, &at, 1, nil)
	}
	last := sharp(free)
	if !(last > 1.1*first) {
		t.Fatalf("gradient flow goes from sharpness %g to %g: no progressive sharpening", first, last)
	}
	eta := 2 / (0.3*first + 0.7*last)
	s := centralOf(t, site, eta, false)
	state := started(s, theta...)
	loss := m.Loss(state[:m.Dim()], &ws)[0]
	oscillates := false
	for range 120 {
		s.Step(state, &at, 1, nil)
		oscillates = oscillates || lanes.Dot(state[m.Dim():], state[m.Dim():])[0] > 0
		if got := sharp(state); !(got <= 2/eta*(1+1e-3)) {
			t.Fatalf("sharpness %g, beyond %g", got, 2/eta)
		}
	}
	if after := m.Loss(state[:m.Dim()], &ws)[0]; !oscillates || !(after < loss) {
		t.Errorf("oscillates %t; the loss goes from %g to %g", oscillates, loss, after)
	}
}

// crossed is ½(1 + s)x² + ½(1 + q)y² + rxy + ½k((s − 3)² + (q − 2.9)² + (r − 0.4)²): the eigenvectors of x and y turn as s, q and r move.
type crossed struct{ k float64 }

func (c crossed) Dim() int { return 5 }
func (c crossed) Loss(p lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l := range v {
		x, y, s, q, r := p[0][l], p[1][l], p[2][l], p[3][l], p[4][l]
		v[l] = ((1+s)*x*x+(1+q)*y*y)/2 + r*x*y + c.k/2*((s-3)*(s-3)+(q-2.9)*(q-2.9)+(r-0.4)*(r-0.4))
	}
	return v
}
func (c crossed) Grad(dst, p lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		x, y, s, q, r := p[0][l], p[1][l], p[2][l], p[3][l], p[4][l]
		dst[0][l], dst[1][l] = (1+s)*x+r*y, (1+q)*y+r*x
		dst[2][l], dst[3][l], dst[4][l] = x*x/2+c.k*(s-3), y*y/2+c.k*(q-2.9), x*y+c.k*(r-0.4)
	}
}
func (c crossed) HessVec(dst, p, v lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		x, y, s, q, r := p[0][l], p[1][l], p[2][l], p[3][l], p[4][l]
		dst[0][l] = (1+s)*v[0][l] + r*v[1][l] + x*v[2][l] + y*v[4][l]
		dst[1][l] = (1+q)*v[1][l] + r*v[0][l] + y*v[3][l] + x*v[4][l]
		dst[2][l], dst[3][l] = x*v[0][l]+c.k*v[2][l], y*v[1][l]+c.k*v[3][l]
		dst[4][l] = y*v[0][l] + x*v[1][l] + c.k*v[4][l]
	}
}

// TestCriticalThatTurn: two critical eigenvalues whose eigenvectors turn end where the force of Σ, entries off the diagonal too, balances
// that of the loss on both at 2/η.
func TestCriticalThatTurn(t *testing.T) {
	const eta, k = 0.55, 2e-3
	s := centralOf(t, &sgdlab.Site{Model: crossed{k}}, eta, false)
	var at sgdlab.Clock
	state := started(s, 0, 0, 2, 2.2, 0.1)
	for range 15_000 {
		s.Step(state, &at, 1, nil)
	}
	var xx, yy, xy float64
	for i := 5; i < len(state); i += 5 {
		xx, yy, xy = xx+state[i][0]*state[i][0], yy+state[i+1][0]*state[i+1][0], xy+state[i][0]*state[i+1][0]
	}
	sv, qv, rv := state[2][0], state[3][0], state[4][0]
	for what, pair := range map[string][2]float64{"s": {xx / 2, k * (3 - sv)}, "q": {yy / 2, k * (2.9 - qv)}, "r": {xy, k * (0.4 - rv)}} {
		if math.Abs(pair[0]-pair[1]) > 1e-3*k {
			t.Errorf("on %s Σ pushes with %g, the loss with %g", what, pair[0], pair[1])
		}
	}
	if rank := xx*yy - xy*xy; !(rank > 1e-9*xx*yy) || math.Abs(xy) < 0.05*math.Sqrt(xx*yy) {
		t.Errorf("Σ = (%g, %g; %g)", xx, yy, xy)
	}
	mean, half := 1+(sv+qv)/2, math.Hypot((sv-qv)/2, rv)
	if math.Abs(mean+half-2/eta) > 1e-6 || math.Abs(mean-half-2/eta) > 1e-6 {
		t.Errorf("eigenvalues %.9g and %.9g, want %.9g", mean+half, mean-half, 2/eta)
	}
}
