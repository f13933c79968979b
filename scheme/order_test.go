package scheme

import (
	"math"
	"slices"
	"testing"

	"sgdlab"
)

var schemes = []struct {
	name  string
	build sgdlab.Part[sgdlab.Scheme]
	on    []string // the problems that it takes, and those whose weak order is not measured, with a −
}{
	{"euler-maruyama", euler, []string{"ornstein-uhlenbeck", "double-well-", "ring", "geometric", "wave", "coupled", "spiral", "triad"}},
	{"heun", heun, []string{"ornstein-uhlenbeck", "double-well-", "ring", "geometric", "wave", "coupled", "spiral", "triad"}},
	{"milstein", func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewMilstein(MilsteinSettings{}, s) },
		[]string{"ornstein-uhlenbeck", "double-well-", "ring", "geometric", "wave", "coupled", "spiral", "triad"}},
	{"runge-kutta-weak-2", weak2, []string{"ornstein-uhlenbeck", "double-well-", "ring", "geometric", "wave", "coupled", "spiral", "triad"}},
	{"exponential", func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewExponential(ExponentialSettings{}, s) },
		[]string{"ornstein-uhlenbeck", "double-well-", "ring"}},
	{"log-euler", func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewLogEuler(struct{}{}, s) }, []string{"geometric", "coupled-"}},
	{"tamed-euler", func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewTamedEuler(struct{}{}, s) },
		[]string{"ornstein-uhlenbeck-", "double-well-", "ring", "geometric-", "wave", "coupled-", "spiral-", "triad-"}},
}

func weak2(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewRungeKuttaWeak2(struct{}{}, s) }

// TestOrders holds declared orders to measured ones, within 0.08 and, for strong orders over 240 paths, four standard errors.
func TestOrders(t *testing.T) {
	for _, s := range schemes {
		for _, p := range Problems() {
			t.Run(s.name+" on "+p.Name, func(t *testing.T) {
				t.Parallel()
				m, err := Measure(s.build, p, 240)
				if err != nil {
					t.Fatal(err)
				}
				full, strong := slices.Contains(s.on, p.Name), slices.Contains(s.on, p.Name+"-")
				if (full || strong) != (m.Refused == "") {
					t.Fatalf("refused: %q", m.Refused)
				}
				if m.Refused != "" {
					return
				}
				if full == math.IsNaN(m.Weak.Measured) {
					t.Errorf("weak order %g", m.Weak.Measured)
				}
				exactly := map[string]bool{"log-euler geometric": true, "exponential ornstein-uhlenbeck": true}[s.name+" "+p.Name]
				for kind, o := range map[string]*Order{"strong": &m.Strong, "weak": &m.Weak} {
					if o.Error > 0.06 {
						t.Errorf("strong order %.3f ± %.3f: too few paths", o.Measured, o.Error)
					}
					if want := exactly && (kind == "weak" || s.name == "log-euler"); o.Exact != want {
						t.Errorf("%s errors %.2g at steps %.2g: exact: %t", kind, o.Errors, o.Steps, o.Exact)
					}
					if !o.Agrees() {
						t.Errorf("%s order %.3f ± %.3f, declared %g; errors %.2g at steps %.2g", kind, o.Measured, o.Error, o.Declared, o.Errors, o.Steps)
					}
				}
			})
		}
	}
}

// Problems are what they say: their solutions at time 0 and their noise do what their kind demands.
func TestProblems(t *testing.T) {
	names := map[string]bool{}
	channels := false
	for _, p := range Problems() {
		if p.Name == "" || p.Text == "" || names[p.Name] || len(p.Start) != p.Dim {
			t.Errorf("problem %+v", p)
		}
		names[p.Name] = true
		channels = channels || p.Kind == sgdlab.GeneralNoise && p.Width > p.Dim
		got := p.commutes(p.Start)
		if want := p.Kind != sgdlab.GeneralNoise; got != want {
			t.Errorf("%s: of kind %v; its columns commute: %t", p.Name, p.Kind, got)
		}
		if (p.correct == nil) != (p.Kind == sgdlab.AdditiveNoise) {
			t.Errorf("%s: of kind %v, with a correction: %t", p.Name, p.Kind, p.correct != nil)
		}
	}
	if !channels {
		t.Error("no problem has more channels than states, which do not commute")
	}
	if _, err := Measure(euler, Problems()[0], 7); err == nil {
		t.Error("seven paths are enough")
	}
}
