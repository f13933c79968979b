package elementary

import "math"

// Exps is dst = eˣ, entry by entry, with the bits of Exp. dst may be x, and is as long.
func Exps(dst, x []float64) { many(dst, x, exps, Exp) }

// Logs is dst = log x, entry by entry, with the bits of Log. dst may be x, and is as long.
func Logs(dst, x []float64) { many(dst, x, logs, Log) }

// Tanhs is dst = tanh x, entry by entry, with the bits of Tanh. dst may be x, and is as long.
func Tanhs(dst, x []float64) { many(dst, x, tanhs, Tanh) }

// Erfs is dst = erf x, entry by entry, with the bits of Erf. dst may be x, and is as long.
func Erfs(dst, x []float64) { many(dst, x, erfs, Erf) }

// Sqrts is dst = √x, entry by entry. dst may be x, and is as long.
func Sqrts(dst, x []float64) {
	for i, v := range x {
		dst[i] = math.Sqrt(v)
	}
}

// many takes blocks as far as a kernel can, and what it leaves one by one.
func many(dst, x []float64, kernel func(dst, x []float64) (done, block int), one func(float64) float64) {
	dst = dst[:len(x)]
	for len(x) > 0 {
		done, block := kernel(dst, x)
		dst, x = dst[done:], x[done:]
		for i := range min(len(x), block) {
			dst[i] = one(x[i])
		}
		n := min(len(x), block)
		dst, x = dst[n:], x[n:]
	}
}
