package noise

import (
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// powers is vᵖ in each lane; square roots, which laws with a variance need, are exact.
func powers(v lanes.Vec, p float64) lanes.Vec {
	for l, x := range v {
		switch p {
		case 0.5:
			v[l] = math.Sqrt(x)
		case 0:
			v[l] = 1
		case 1:
		default:
			v[l] = elementary.Exp(p * elementary.Log(x))
		}
	}
	return v
}
