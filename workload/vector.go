//go:build amd64 && !purego

package workload

import "golang.org/x/sys/cpu"

//go:generate go -C ../internal/asm run ./workload -out ../../workload/kernels_amd64.s -stubs ../../workload/kernels_amd64.go -pkg workload

// peak runs fused multiply-adds, and returns how many floating-point operations they were.
func peak(rounds int) (flops float64) {
	switch {
	case cpu.X86.HasAVX512F:
		peakAVX512(rounds)
		return float64(rounds) * 28 * 8 * 2
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		peakAVX2(rounds)
		return float64(rounds) * 12 * 4 * 2
	}
	return 0
}
