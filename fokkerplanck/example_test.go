package fokkerplanck_test

import (
	"fmt"
	"math"

	"sgdlab/fokkerplanck"
)

// From one well of V = x⁴/4 − x²/2 to the other, at a temperature where nobody can wait for it.
func ExampleProblem_MeanExitTime() {
	p := fokkerplanck.Problem{
		Drift:     func(x float64) float64 { return x - x*x*x },
		Diffusion: func(float64) float64 { return 0.00025 },
		Lo:        math.Inf(-1), Hi: 1,
	}
	r, err := p.MeanExitTime(-1, 1e-10)
	fmt.Printf("ln E τ = %.9f, against ΔV/T = %g; error below 1e-10: %v, %v\n", r.LogValue, 0.25/0.00025, r.Error < 1e-10, err)
	// Output: ln E τ = 1001.491678852, against ΔV/T = 1000; error below 1e-10: true, <nil>
}
