package dynamics_test

import (
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/noise"
	"sgdlab/scheme"
)

// TestJoint: in lock step each process takes the very steps that it takes alone, also one of several calls to a step, whose number differs
// between lanes, and one at another rate; the record is the first's.
func TestJoint(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	d := site.Model.Dim()
	rate, step := sgdlab.Table([]float64{0.02, 0.04}), sgdlab.Constant(0.01)
	build := map[string]func(s *sgdlab.Site) (sgdlab.Stepper, error){
		"sgd": func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			return dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, Draw: samplerOf(noise.NewWithReplacement).part(), Momentum: sgdlab.Constant(0.5)}, s)
		},
		"sde": func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			return scheme.NewSDE(scheme.SDESettings{Rate: rate, Step: step, Noise: []sgdlab.Part[sgdlab.Noise]{noisy(isotropic(0.3), gaussian(noise.LawSettings{}))}}, s)
		},
		"gd": func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			return dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(0.05)}, s)
		},
	}
	names := []string{"sgd", "sde", "gd"}
	var of sgdlab.Named[sgdlab.Stepper]
	for _, n := range names {
		of = append(of, sgdlab.NamedPart[sgdlab.Stepper]{Name: n, Part: build[n]})
	}
	j := must(dynamics.NewJoint(dynamics.JointSettings{Of: of}, site))
	at := clock(3, 0)
	for l := range at.Point {
		at.Point[l] = int32(l % 2)
	}
	theta := lanes.Of(normals("theta", d))
	state := make(lanes.Pack, sgdlab.Size(j))
	j.Init(state, theta, at, lanes.All)
	var rec sgdlab.StepRecord
	for range 20 {
		advance(at, j.Step(state, at, lanes.All, &rec))
	}
	if rec.Rows.Len() != 2 || rec.Gradient == nil || rec.Dt[0] != 0.02 || rec.Dt[1] != 0.04 || !j.Random() {
		t.Errorf("the record holds %d rows, dt %v", rec.Rows.Len(), rec.Dt)
	}
	from := 0
	for _, n := range names {
		s := must(build[n](site))
		own := clock(3, 0)
		own.Point = at.Point
		alone := make(lanes.Pack, sgdlab.Size(s))
		s.Init(alone, theta, own, lanes.All)
		for k := range 80 {
			going := lanes.None
			for l := range lanes.W {
				calls := 20
				if n == "sde" {
					calls = 40 * (1 + l%2)
				}
				if k < calls {
					going = going.With(l)
				}
			}
			own.Idle = lanes.All &^ going
			dt := s.Step(alone, own, going, nil)
			for l := range lanes.W {
				if going.Has(l) {
					own.Step[l]++
					own.Time[l] += dt[l]
				}
			}
		}
		for i := range alone {
			if alone[i] != state[from+i] {
				t.Fatalf("%s: row %d is %v in lock step, %v alone", n, i, state[from+i], alone[i])
			}
		}
		from += len(alone)
	}
	var blocks []string
	for _, b := range j.Blocks() {
		blocks = append(blocks, b.Name)
	}
	if got := strings.Join(blocks, " "); got != "sgd.theta sgd.velocity sde.theta gd.theta" {
		t.Errorf("blocks %s", got)
	}
	for want, c := range map[string]sgdlab.Named[sgdlab.Stepper]{
		"want two at least": of[:1],
		"got the name":      {of[0], {Name: "a b", Part: build["gd"]}},
		"want a whole number of steps": {of[0], {Name: "sde", Part: func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			return scheme.NewSDE(scheme.SDESettings{Rate: sgdlab.Constant(1), Step: sgdlab.Constant(0.3)}, s)
		}}},
	} {
		if _, err := dynamics.NewJoint(dynamics.JointSettings{Of: c}, site); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
}
