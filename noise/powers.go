package noise

import (
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// powers is vᵖ in each lane; square roots, which laws with a variance need, are exact.
func powers(v lanes.Vec, p float64) lanes.Vec {
	if x, ok := v.Same(); ok {
		return lanes.Splat(power(x, p))
	}
	for l, x := range v {
		v[l] = power(x, p)
	}
	return v
}

func power(x, p float64) float64 {
	switch p {
	case 0.5:
		return math.Sqrt(x)
	case 0:
		return 1
	case 1:
		return x
	}
	return elementary.Exp(p * elementary.Log(x))
}
