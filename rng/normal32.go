package rng

import "math"

// normals32 maps 64 bits to two independent standard normals of float32, |z| ≤ 6.7, by the transform of Box and Muller as boxMuller
// does it: r = √(−2 ln u), u = (⌊a/2⌋ + ½)2⁻³¹ rounded, from the lower half a of the bits, whose last one is the sign of the cosine,
// and an angle x of a quarter turn to both sides from the upper half.
//
// All steps are IEEE operations of float32 with explicit fused multiply-adds: the same bits on every CPU. Each normal is within
// 2⁻²² r of what its bits stand for: far below what 10¹² draws could see in any moment. The largest are as coarse as u is: for
// probabilities below 10⁻⁸ of a single draw take boxMuller.
func normals32(w uint64) (sin, cos float64) {
	a, b := uint32(w), uint32(w>>32)
	u := fma32(float32(int32(a>>1)), 0x1p-31, 0x1p-32)
	n := math.Float32bits(u)
	e := int32(n-0x3f3504f3) >> 23 // floor of log₂(u/√½)
	t := math.Float32frombits(n-uint32(e)<<23) - 1
	p := horner32(t, &logarithm)
	p = fma32(float32(t*t), p, t)
	p = fma32(float32(e), math.Ln2, p)
	r := float32(math.Sqrt(float64(float32(-2 * p)))) // rounded twice, which is harmless: 53 ≥ 2·24 + 2
	x := float32(float32(int32(b)) * 0x1p-33)
	q := float32(x * x)
	s := float32(float32(r*x) * horner32(q, &sine))
	c := math.Float32frombits(math.Float32bits(horner32(q, &cosine)) ^ a<<31)
	return float64(s), float64(float32(r * c))
}

// Minimax polynomials, from the highest power down: (ln(1 + t) − t)/t² for |ln(1 + t)| ≤ ½ ln 2, to 3·10⁻⁸ of the logarithm; sin(2πx)/x
// and cos(2πx) in x² for |x| ≤ ¼, to 5·10⁻⁹ and 2·10⁻¹⁰.
var (
	logarithm = []float32{0.08734836429357529, -0.1430751383304596, 0.14917972683906555, -0.1657050997018814, 0.19962072372436523, -0.25001755356788635, 0.33333951234817505, -0.49999991059303284}
	sine      = []float32{39.71091842651367, -76.57498931884766, 81.60223388671875, -41.341678619384766, 6.2831854820251465}
	cosine    = []float32{-24.98223876953125, 60.14401626586914, -85.45357513427734, 64.93934631347656, -19.739208221435547, 1}
)

func horner32(x float32, c *[]float32) float32 {
	p := (*c)[0]
	for _, k := range (*c)[1:] {
		p = fma32(x, p, k)
	}
	return p
}

// fma32 is xy + z, rounded once. The product is exact in float64, and so is all but the last bit of the sum; rounding that to float32 goes
// wrong only where it is half-way between two of them without being so exactly.
func fma32(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	n := math.Float64bits(s)
	if n&(1<<29-1) == 1<<28 {
		t := s - p
		if rest := (p - (s - t)) + (c - t); rest != 0 { // what s leaves out
			if (rest > 0) == (s > 0) {
				n++
			} else {
				n--
			}
		}
	}
	return float32(math.Float64frombits(n))
}
