package start

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

func must[T any](t *testing.T) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func site(t *testing.T, whiten bool, widths ...int) *sgdlab.Site {
	t.Helper()
	set := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: widths[0], Outputs: widths[len(widths)-1], Samples: 40,
		Whiten: whiten, SingularValues: []float64{3, 2, 1}, LabelNoise: 0.3}, &data.Env{Seed: 1}))
	return &sgdlab.Site{Data: set, Model: must[sgdlab.Model](t)(model.NewDeepLinear(model.DeepLinearSettings{Widths: widths}, set)), Place: "start"}
}

func well(t *testing.T) *sgdlab.Site {
	return &sgdlab.Site{Model: must[sgdlab.Model](t)(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)), Place: "start"}
}

func clock(seed uint64) *sgdlab.Clock {
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, uint64(l)
	}
	return at
}

func draw(s sgdlab.Start, d int, at *sgdlab.Clock) lanes.Pack {
	p := make(lanes.Pack, d)
	for j := range p {
		p[j] = lanes.Splat(math.NaN())
	}
	s.Draw(p, at)
	return p
}

func same(a, b lanes.Pack, m lanes.Mask) bool {
	for j := range a {
		for l := range a[j] {
			if m.Has(l) && math.Float64bits(a[j][l]) != math.Float64bits(b[j][l]) {
				return false
			}
		}
	}
	return true
}

// A replica's start depends on the seed of the starts and on the replica, and on nothing else.
func TestWhoDrawsWhat(t *testing.T) {
	s := site(t, true, 4, 5, 3)
	d := s.Model.Dim()
	g := must[sgdlab.Start](t)(NewGaussian(GaussianSettings{Deviation: sgdlab.Constant(0.5)}, s))
	first := draw(g, d, clock(1))
	if g.Centre() != nil || g.Deterministic(0) {
		t.Errorf("centre %v, deterministic %t of a Gaussian start", g.Centre(), g.Deterministic(0))
	}
	late := clock(1)
	for l := range lanes.W {
		late.Step[l], late.Branch[l], late.Time[l], late.Point[l] = 77, 3, 0.5, int32(l)
	}
	if !same(draw(g, d, late), first, lanes.All) {
		t.Error("a start depends on the step, branch, time or point")
	}
	turned := clock(1)
	turned.Replica[2], turned.Replica[6] = 6, 2
	p := draw(g, d, turned)
	if p[0][2] != first[0][6] || p[d-1][6] != first[d-1][2] || !same(p, first, lanes.All.Without(2).Without(6)) {
		t.Error("a start depends on the lane")
	}
	if same(draw(g, d, clock(2)), first, lanes.First(1)) {
		t.Error("another seed draws the same start")
	}
	if q := draw(must[sgdlab.Start](t)(NewGaussian(GaussianSettings{Deviation: sgdlab.Constant(0.5)}, s.At("flow.start"))), d, clock(1)); same(q, first, lanes.First(1)) {
		t.Error("another place draws the same start")
	}
	// Points of a sweep over the deviation share z.
	swept := must[sgdlab.Start](t)(NewGaussian(GaussianSettings{Deviation: sgdlab.Table([]float64{0.5, 1, 0})}, s))
	at := clock(1)
	at.Point[3], at.Point[4] = 1, 2
	q := draw(swept, d, at)
	if q[1][3] != 2*first[1][3] || q[1][4] != 0 || q[1][5] != first[1][5] {
		t.Errorf("deviations 1, 0 and ½: %g %g %g of %g %g %g", q[1][3], q[1][4], q[1][5], first[1][3], first[1][4], first[1][5])
	}
	if swept.Deterministic(0) || swept.Deterministic(1) || !swept.Deterministic(2) {
		t.Error("a start is deterministic just where its deviation is 0")
	}
}

// Mean and variance of 8·10⁴ kicks within 4.5 standard errors; the seeds are fixed.
func TestKick(t *testing.T) {
	s := site(t, true, 4, 5, 3)
	d := s.Model.Dim()
	k := must[sgdlab.Start](t)(NewSaddle(SaddleSettings{Modes: []int{2}, Deviation: sgdlab.Constant(0.02)}, s))
	centre := k.Centre()
	var sum, square, n float64
	for seed := range 300 {
		p := draw(k, d, clock(uint64(seed)))
		for j := range p {
			for l := range p[j] {
				x := (p[j][l] - centre[j]) / 0.02
				sum, square, n = sum+x, square+x*x, n+1
			}
		}
	}
	if z := sum / math.Sqrt(n); math.Abs(z) > 4.5 {
		t.Errorf("mean of kicks: %.1f standard errors", z)
	}
	if z := (square/n - 1) / math.Sqrt(2/n); math.Abs(z) > 4.5 {
		t.Errorf("variance of kicks: %.1f standard errors", z)
	}
}

func TestCentres(t *testing.T) {
	s := site(t, true, 4, 5, 3)
	m := s.Model
	critical := func(modes ...int) []float64 {
		theta, _, err := m.(sgdlab.Saddled).Critical(modes)
		if err != nil {
			t.Fatal(err)
		}
		return theta
	}
	balanced, err := m.(Balanced).Balanced([]int{1, 2}, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]float64, m.Dim())
	third := make([]float64, m.Dim())
	for j := range list {
		list[j], third[j] = float64(j), 1.0/3
	}
	for _, tc := range []struct {
		what  string
		start sgdlab.Start
		want  []float64
	}{
		{"saddle of modes", must[sgdlab.Start](t)(NewSaddle(SaddleSettings{Modes: []int{1, 3}}, s)), critical(1, 3)},
		{"saddle of a rank", must[sgdlab.Start](t)(NewSaddle(SaddleSettings{Rank: 2, Deviation: sgdlab.Constant(0)}, s)), critical(1, 2)},
		{"the origin", must[sgdlab.Start](t)(NewSaddle(SaddleSettings{}, s)), make([]float64, m.Dim())},
		{"balanced", must[sgdlab.Start](t)(NewBalanced(BalancedSettings{Strength: 0.01, Modes: []int{1, 2}}, s)), balanced},
		{"a point", must[sgdlab.Start](t)(NewPoint(PointSettings{At: Coordinates{List: list}}, s)), list},
		{"a point on the diagonal", must[sgdlab.Start](t)(NewPoint(PointSettings{At: Coordinates{Every: 1.0 / 3}}, s)), third},
	} {
		p := draw(tc.start, m.Dim(), clock(1))
		if !same(p, lanes.Of(tc.want), lanes.All) || !same(lanes.Of(tc.start.Centre()), lanes.Of(tc.want), lanes.All) || !tc.start.Deterministic(0) {
			t.Errorf("%s: drawn %v, centre %v, want %v", tc.what, p[:3], tc.start.Centre()[:3], tc.want[:3])
		}
		tc.start.Centre()[0] = 99
		if tc.start.Centre()[0] == 99 {
			t.Errorf("%s: its centre can be changed", tc.what)
		}
	}
}

// −0 and 0 are one start, in a pack whose other lanes are kicked and in one where none is.
func TestSignOfZero(t *testing.T) {
	s := well(t)
	p := must[sgdlab.Start](t)(NewPoint(PointSettings{At: Coordinates{List: []float64{math.Copysign(0, -1)}}}, s))
	if x := draw(p, 1, clock(1)); math.Signbit(x[0][0]) {
		t.Error("a start at −0")
	}
}

func TestDecode(t *testing.T) {
	var c Coordinates
	if err := c.Decode([]any{-1.0, 2}); err != nil || len(c.List) != 2 || c.List[0] != -1 || c.List[1] != 2 {
		t.Errorf("list: %+v, %v", c, err)
	}
	if err := c.Decode(0.5); err != nil || c.List != nil || c.Every != 0.5 {
		t.Errorf("number: %+v, %v", c, err)
	}
	for _, v := range []any{"x", []any{1.0, "x"}, true, nil} {
		if err := c.Decode(v); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%v: error %v", v, err)
		}
	}
}

func TestErrors(t *testing.T) {
	s := site(t, true, 4, 2, 3)
	point := func(s *sgdlab.Site, at ...float64) error {
		_, err := NewPoint(PointSettings{At: Coordinates{List: at}}, s)
		return err
	}
	saddle := func(s *sgdlab.Site, rank int, modes ...int) error {
		_, err := NewSaddle(SaddleSettings{Modes: modes, Rank: rank}, s)
		return err
	}
	balanced := func(s *sgdlab.Site, strength float64, modes ...int) error {
		_, err := NewBalanced(BalancedSettings{Strength: strength, Modes: modes}, s)
		return err
	}
	gaussian := func(s *sgdlab.Site, d sgdlab.Setting) error {
		_, err := NewGaussian(GaussianSettings{Deviation: d}, s)
		return err
	}
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{point(well(t), 1, 2), []string{"2 coordinates", "model has 1"}},
		{point(well(t), math.NaN()), []string{"coordinate 0 is NaN"}},
		{point(&sgdlab.Site{}, 1), []string{"needs a model"}},
		{gaussian(nil, sgdlab.Constant(1)), []string{"needs a model"}},
		{gaussian(s, nil), []string{"deviation is missing"}},
		{saddle(well(t), 0), []string{"Saddled", "DoubleWell"}},
		{saddle(s, 0, 4), []string{"mode 4", "1 to 3"}},
		{saddle(s, 9), []string{"rank is 9", "at most 3"}},
		{saddle(s, -1), []string{"rank is -1"}},
		{saddle(s, 1, 2), []string{"leave out one"}},
		{saddle(s, 3), []string{"3 modes", "at most 2"}},
		{balanced(well(t), 1), []string{"Balanced", "DoubleWell"}},
		{balanced(s, -1, 1), []string{"strength is -1"}},
		{balanced(s, math.NaN(), 1), []string{"strength is NaN"}},
		{balanced(s, 1), []string{"3 modes", "at most 2"}},
	} {
		if tc.err == nil {
			t.Errorf("no error; want one with %q", tc.want)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(tc.err.Error(), w) {
				t.Errorf("error %q lacks %q", tc.err, w)
			}
		}
	}
}
