package workload

import (
	"math"
	"time"

	"sgdlab"
	"sgdlab/dynamics"
)

// Curve is what a step costs against one of its sizes.
type Curve struct {
	Name   string
	Of     string
	Points []Point
}

// Point is one size: the rate measured, and the one predicted from the flops of a step at the rate of products and its random numbers
// at their price.
type Point struct {
	Size           int
	Rate, Expected float64
}

// Curves measures replica-steps per second against width, depth, batch and replicas, on one core. A prediction knows nothing of caches,
// of calls, or of passes over packs.
func Curves(report func(name string, size int)) ([]Curve, error) {
	var gflops, normal, index float64
	for _, f := range Machine() {
		switch f.Name {
		case "products of packs of 12 × 12":
			gflops = f.Value
		case "normal numbers, resolution single":
			normal = f.Value
		case "indices of rows":
			index = f.Value
		}
	}
	measure := func(c *Curve, w *Case, size int, flops, numbers float64) error {
		report(c.Name, size)
		r, err := w.run(1, 0, 3, 100*time.Millisecond)
		c.Points = append(c.Points, Point{size, r.Rate, 1e9 / (flops/gflops + numbers)})
		return err
	}
	// square is Langevin's equation on a network of square layers.
	square := func(width, depth int) *Case {
		widths := make([]int, depth+1)
		for i := range widths {
			widths[i] = width
		}
		w := *Cases[0]
		w.Replicas, w.Block = 8*max(1, min(1024, 1<<16/(width*width*depth))), max(1, min(100, 1<<16/(width*width)))
		w.site = network(targetMatrix(harmonic(width)), widths...)
		w.step = langevin(.05/float64(width), .0003)
		w.start = layers(width, depth, .5, .01)
		return &w
	}
	cost := func(width, depth int) (flops, numbers float64) {
		cube := math.Pow(float64(width), 3)
		return 3 * float64(depth-1) * 2 * cube, float64(depth*width*width) * normal
	}
	width := Curve{Name: "width", Of: "Langevin on a linear network of three layers of equal width"}
	for n := 2; n <= 256; n *= 2 {
		flops, numbers := cost(n, 3)
		if err := measure(&width, square(n, 3), n, flops, numbers); err != nil {
			return nil, err
		}
	}
	depth := Curve{Name: "depth", Of: "Langevin on a linear network of width 8"}
	for n := 2; n <= 8; n++ {
		flops, numbers := cost(8, n)
		if err := measure(&depth, square(8, n), n, flops, numbers); err != nil {
			return nil, err
		}
	}
	batch := Curve{Name: "batch", Of: "mini-batch SGD on W2's network, n = 64"}
	for b := 1; b <= 64; b *= 2 {
		w := *Cases[1]
		w.step = func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			return dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(.01), Batch: b}, s)
		}
		// Few rows pass through the layers; many meet the end-to-end map, whose price does not depend on them.
		rows, through := 8.*2*25*float64(b), 6.*2*125+4*25*float64(b)
		if err := measure(&batch, &w, b, min(rows, through), float64(b)*index); err != nil {
			return nil, err
		}
	}
	replicas := Curve{Name: "replicas", Of: "W1 up to 10⁵ replicas, W4 for more"}
	flops, numbers := cost(5, 3)
	for _, n := range []int{1, 2, 4, 8, 80, 1000, 10000, 100000, 1000000} {
		w := *Cases[0]
		if n > 100000 {
			w = *Cases[3]
			flops, numbers = 7, normal
		}
		w.Replicas = n
		if n < 8 {
			w.Live = 1<<n - 1
		}
		if err := measure(&replicas, &w, n, flops, numbers); err != nil {
			return nil, err
		}
	}
	return []Curve{width, depth, batch, replicas}, nil
}
