package elementary

import "math"

// Exps is dst = eˣ, entry by entry, with the bits of Exp. dst may be x, and is as long.
func Exps(dst, x []float64) {
	for dst = dst[:len(x)]; len(x) > 0; {
		done, block := exps(dst, x)
		end := min(len(x), done+block)
		for i := done; i < end; i++ {
			dst[i] = Exp(x[i])
		}
		dst, x = dst[end:], x[end:]
	}
}

// Logs is dst = log x, entry by entry, with the bits of Log. dst may be x, and is as long.
func Logs(dst, x []float64) {
	for dst = dst[:len(x)]; len(x) > 0; {
		done, block := logs(dst, x)
		end := min(len(x), done+block)
		for i := done; i < end; i++ {
			dst[i] = Log(x[i])
		}
		dst, x = dst[end:], x[end:]
	}
}

// Tanhs is dst = tanh x, entry by entry, with the bits of Tanh. dst may be x, and is as long.
func Tanhs(dst, x []float64) {
	for dst = dst[:len(x)]; len(x) > 0; {
		done, block := tanhs(dst, x)
		end := min(len(x), done+block)
		for i := done; i < end; i++ {
			dst[i] = Tanh(x[i])
		}
		dst, x = dst[end:], x[end:]
	}
}

// Erfs is dst = erf x, entry by entry, with the bits of Erf. dst may be x, and is as long.
func Erfs(dst, x []float64) {
	for dst = dst[:len(x)]; len(x) > 0; {
		done, block := erfs(dst, x)
		end := min(len(x), done+block)
		for i := done; i < end; i++ {
			dst[i] = Erf(x[i])
		}
		dst, x = dst[end:], x[end:]
	}
}

// Sqrts is dst = √x, entry by entry. dst may be x, and is as long.
func Sqrts(dst, x []float64) {
	for i, v := range x {
		dst[i] = math.Sqrt(v)
	}
}
