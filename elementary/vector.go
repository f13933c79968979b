//go:build amd64 && !purego

package elementary

import "golang.org/x/sys/cpu"

//go:generate go -C ../internal/asm run ./elementary -out ../../elementary/kernels_amd64.s -stubs ../../elementary/kernels_amd64.go -pkg elementary

// Which kernels this processor runs; tests switch them off one by one.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL
)

// exps and the like do the first numbers, and return how many, and the size of a block that they could not do.
func exps(dst, x []float64) (done, block int) {
	switch {
	case hasAVX512 && len(x) >= 8:
		return 8 * expAVX512(&dst[0], &x[0], len(x)/8), 8
	case hasAVX2 && len(x) >= 4:
		return 4 * expAVX2(&dst[0], &x[0], len(x)/4), 4
	}
	return 0, 8
}

func logs(dst, x []float64) (done, block int) {
	switch {
	case hasAVX512 && len(x) >= 8:
		return 8 * logAVX512(&dst[0], &x[0], len(x)/8), 8
	case hasAVX2 && len(x) >= 4:
		return 4 * logAVX2(&dst[0], &x[0], len(x)/4), 4
	}
	return 0, 8
}

func tanhs(dst, x []float64) (done, block int) {
	switch {
	case hasAVX512 && len(x) >= 8:
		return 8 * tanhAVX512(&dst[0], &x[0], len(x)/8), 8
	case hasAVX2 && len(x) >= 4:
		return 4 * tanhAVX2(&dst[0], &x[0], len(x)/4), 4
	}
	return 0, 8
}

func erfs(dst, x []float64) (done, block int) {
	switch {
	case hasAVX512 && len(x) >= 8:
		return 8 * erfAVX512(&dst[0], &x[0], len(x)/8), 8
	case hasAVX2 && len(x) >= 4:
		return 4 * erfAVX2(&dst[0], &x[0], len(x)/4), 4
	}
	return 0, 8
}
