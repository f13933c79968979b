package start

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
)

// Uniform coordinates have the mean, the variance and the ends of their law, and points of a sweep share them. 4.5 standard
// errors; the seeds are fixed.
func TestUniform(t *testing.T) {
	s := site(t, true, 4, 5, 3)
	d := s.Model.Dim()
	for _, tc := range []struct {
		c            UniformSettings
		middle, half float64
		centre       bool
	}{
		{UniformSettings{HalfWidth: sgdlab.Constant(0.5)}, 0, 0.5, false},
		{UniformSettings{HalfWidth: sgdlab.Constant(2), Centre: Coordinates{Every: -1}}, -1, 2, true},
		{UniformSettings{Between: []float64{-1, 3}}, 1, 2, true},
	} {
		u := must[sgdlab.Start](t)(NewUniform(tc.c, s))
		if u.Deterministic(0) || (u.Centre() != nil) != tc.centre {
			t.Errorf("%+v: deterministic %t, centre %v", tc.c, u.Deterministic(0), u.Centre())
		}
		var n, sum, square, least, most float64
		least, most = 1, -1
		for seed := range 100 {
			p := draw(u, d, clock(uint64(seed)))
			for j := range p {
				for l := range p[j] {
					x := (p[j][l] - tc.middle) / tc.half
					n, sum, square = n+1, sum+x, square+x*x
					least, most = min(least, x), max(most, x)
				}
			}
		}
		if z := sum / math.Sqrt(n/3); math.Abs(z) > 4.5 {
			t.Errorf("%+v: mean off by %.1f standard errors", tc.c, z)
		}
		if z := (square/n - 1.0/3) / math.Sqrt(4.0/45/n); math.Abs(z) > 4.5 {
			t.Errorf("%+v: mean square off by %.1f standard errors", tc.c, z)
		}
		if least < -1 || most > 1 || least > -0.999 || most < 0.999 {
			t.Errorf("%+v: from %g to %g of the half width", tc.c, least, most)
		}
	}
	swept := must[sgdlab.Start](t)(NewUniform(UniformSettings{HalfWidth: sgdlab.Table([]float64{0.5, 1, 0})}, s))
	first, at := draw(swept, d, clock(1)), clock(1)
	at.Point[3], at.Point[4] = 1, 2
	if q := draw(swept, d, at); q[1][3] != 2*first[1][3] || q[1][4] != 0 || !swept.Deterministic(2) {
		t.Errorf("half widths 1, 0 and ½: %g %g of %g", q[1][3], q[1][4], first[1][3])
	}
	if g := draw(must[sgdlab.Start](t)(NewUniform(UniformSettings{Between: []float64{2, 2}}, s)), d, clock(1)); g[0][0] != 2 || g[d-1][7] != 2 {
		t.Errorf("between 2 and 2: %g", g[0][0])
	}
}

// Layers are scaled by their own fans, of the same random numbers.
func TestFans(t *testing.T) {
	s := site(t, true, 4, 5, 3)
	d := s.Model.Dim()
	fans := map[string]func(w sgdlab.Shape) float64{
		"fan-in":      func(w sgdlab.Shape) float64 { return 1 / math.Sqrt(float64(w.Cols)) },
		"fan-average": func(w sgdlab.Shape) float64 { return math.Sqrt(2 / float64(w.Cols+w.Rows)) },
	}
	for scale, f := range fans {
		for what, build := range map[string]func(scale string) (sgdlab.Start, error){
			"gaussian": func(scale string) (sgdlab.Start, error) {
				return NewGaussian(GaussianSettings{Deviation: sgdlab.Constant(1), Scale: scale}, s)
			},
			"uniform": func(scale string) (sgdlab.Start, error) {
				return NewUniform(UniformSettings{HalfWidth: sgdlab.Constant(1), Scale: scale}, s)
			},
		} {
			plain, scaled := draw(must[sgdlab.Start](t)(build("equal")), d, clock(1)), draw(must[sgdlab.Start](t)(build(scale)), d, clock(1))
			for _, w := range must[sgdlab.Layered](t)(sgdlab.As[sgdlab.Layered](s.Model)).Layers() {
				for j := w.Offset; j < w.Offset+w.Rows*w.Cols; j++ {
					if want := plain[j][2] * f(w); math.Abs(scaled[j][2]-want) > 1e-15*math.Abs(want) {
						t.Fatalf("%s, %s: coordinate %d is %g, want %g", what, scale, j, scaled[j][2], want)
					}
				}
			}
		}
	}
}

func npyFile(t *testing.T, shape string, x ...float64) []byte {
	t.Helper()
	h := "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(h)), 0)
	b = append(b, h...)
	for _, v := range x {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// One row for all replicas, or one for each; columns in the order asked for.
func TestFile(t *testing.T) {
	s := &sgdlab.Site{Model: must[sgdlab.Model](t)(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{4, 3, 2, 1}}, nil)), Place: "start"}
	d := s.Model.Dim()
	if d != 4 {
		t.Fatalf("%d coordinates", d)
	}
	dir := t.TempDir()
	path := func(name string, content []byte) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	one := path("one.npy", npyFile(t, "(4,)", 1, 2, 3, math.Copysign(0, -1)))
	list := must[sgdlab.Start](t)(NewFile(FileSettings{Path: one}, s))
	p := draw(list, d, clock(1))
	if !same(p, lanes.Of([]float64{1, 2, 3, 0}), lanes.All) || !list.Deterministic(0) || len(list.Centre()) != 4 || list.(*filed).Replicas() != 0 {
		t.Errorf("one start for all: %v, deterministic %t, centre %v", p, list.Deterministic(0), list.Centre())
	}
	if f := list.(*filed).Files(); len(f) != 1 || f[0].Path != one || len(f[0].Hash) != 64 {
		t.Errorf("files %v", f)
	}
	kicked := must[sgdlab.Start](t)(NewFile(FileSettings{Path: one, Deviation: sgdlab.Constant(0.1)}, s))
	z := draw(must[sgdlab.Start](t)(NewGaussian(GaussianSettings{Deviation: sgdlab.Constant(0.1)}, s)), d, clock(1))
	if q := draw(kicked, d, clock(1)); math.Abs(q[1][3]-2-z[1][3]) > 1e-15 || kicked.Deterministic(0) {
		t.Errorf("a kick of %g, want %g", q[1][3]-2, z[1][3])
	}

	many := path("many.csv", []byte("d,a,b,c\n9,1,2,3\n8,10,20,30\n7,100,200,300\n"))
	each := must[sgdlab.Start](t)(NewFile(FileSettings{Path: many, Columns: []string{"a..c", "d"}}, s))
	at := clock(1)
	at.Replica[0], at.Replica[5] = 2, 1
	p = draw(each, d, at)
	for l, want := range map[int][4]float64{0: {100, 200, 300, 7}, 1: {10, 20, 30, 8}, 2: {100, 200, 300, 7}, 5: {10, 20, 30, 8}} {
		for j := range want {
			if p[j][l] != want[j] {
				t.Errorf("lane %d, coordinate %d starts at %g, want %g", l, j, p[j][l], want[j])
			}
		}
	}
	if !math.IsNaN(p[0][3]) || !math.IsNaN(p[3][7]) {
		t.Error("replicas beyond the rows start somewhere")
	}
	if each.Centre() != nil || each.Deterministic(0) || each.(*filed).Replicas() != 3 {
		t.Errorf("centre %v, deterministic %t, %d replicas", each.Centre(), each.Deterministic(0), each.(*filed).Replicas())
	}
	narrow := &sgdlab.Site{Model: well(t).Model, Place: "start"}
	if p := draw(must[sgdlab.Start](t)(NewFile(FileSettings{Path: path("x.npy", npyFile(t, "(2, 1)", 5, 6))}, narrow)), 1, clock(1)); p[0][0] != 5 || p[0][1] != 6 {
		t.Errorf("two starts of one coordinate: %v", p)
	}

	for _, tc := range []struct {
		c    FileSettings
		want []string
	}{
		{FileSettings{Path: ""}, []string{"path is empty"}},
		{FileSettings{Path: filepath.Join(dir, "no.npy")}, []string{"no.npy does not exist"}},
		{FileSettings{Path: path("three.npy", npyFile(t, "(3,)", 1, 2, 3))}, []string{"3 rows of 1 numbers", "4 coordinates"}},
		{FileSettings{Path: path("nan.npy", npyFile(t, "(2, 4)", 1, 2, 3, 4, 5, 6, math.NaN(), 8))}, []string{"row 2, coordinate 2 is NaN"}},
		{FileSettings{Path: path("none.npy", npyFile(t, "(0, 4)"))}, []string{"no numbers"}},
		{FileSettings{Path: one, Columns: []string{"a"}}, []string{"columns", "leave out columns"}},
		{FileSettings{Path: one, Array: "x"}, []string{"array x", "has no name"}},
		{FileSettings{Path: many, Array: "x"}, []string{"array x", "no named arrays"}},
		{FileSettings{Path: many, Columns: []string{"e"}}, []string{`no column "e"`}},
	} {
		_, err := NewFile(tc.c, s)
		if err == nil {
			t.Errorf("%+v: no error", tc.c)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q lacks %q", err, w)
			}
		}
	}
}

// Saddles out of balance keep their modes, and are the model's.
func TestUnbalancedSaddle(t *testing.T) {
	s := site(t, true, 4, 5, 5, 3)
	want, err := s.Model.(Unbalanced).Unbalanced([]int{1, 3}, 2, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	u := must[sgdlab.Start](t)(NewSaddle(SaddleSettings{Modes: []int{1, 3}, Imbalance: 2, Idle: 0.5}, s))
	if !same(lanes.Of(u.Centre()), lanes.Of(want), lanes.All) {
		t.Error("the centre is not the model's critical point")
	}
	if m := u.(sgdlab.AtSaddle).Modes(); len(m) != 2 || m[1] != 3 {
		t.Errorf("modes %v", m)
	}
}

func TestPlacesErrors(t *testing.T) {
	s, one := site(t, true, 4, 5, 3), sgdlab.Constant(1)
	uniform := func(c UniformSettings, s *sgdlab.Site) error { _, err := NewUniform(c, s); return err }
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{uniform(UniformSettings{}, s), []string{"interval is missing", "half-width"}},
		{uniform(UniformSettings{HalfWidth: one, Between: []float64{0, 1}}, s), []string{"leave out one"}},
		{uniform(UniformSettings{Between: []float64{0}}, s), []string{"two numbers"}},
		{uniform(UniformSettings{Between: []float64{1, 0}}, s), []string{"low ≤ high"}},
		{uniform(UniformSettings{Between: []float64{0, math.Inf(1)}}, s), []string{"finite"}},
		{uniform(UniformSettings{Between: []float64{0, 1}, Centre: Coordinates{Every: 1}}, s), []string{"leave out centre"}},
		{uniform(UniformSettings{HalfWidth: one, Centre: Coordinates{List: []float64{1}}}, s), []string{"centre has 1 coordinates"}},
		{uniform(UniformSettings{HalfWidth: one, Scale: "fan-in"}, well(t)), []string{"fan-in", "Layered", "scale: equal"}},
		{uniform(UniformSettings{HalfWidth: one, Scale: "fan"}, s), []string{`"fan"`}},
		{uniform(UniformSettings{HalfWidth: one}, nil), []string{"needs a model"}},
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
