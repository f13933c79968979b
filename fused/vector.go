//go:build amd64 && !purego

package fused

import (
	"golang.org/x/sys/cpu"

	"sgdlab/lanes"
)

//go:generate go -C ../internal/asm run ./fused -out ../../fused/kernels_amd64.s -stubs ../../fused/kernels_amd64.go -pkg fused

// Whether this processor runs the kernel of the double well; tests switch it off.
var hasAVX512 = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL

func vectors() bool { return hasAVX512 }

// walk takes up to n steps of the live lanes of a table, from a place of their block of random bits, and returns how many.
func walk(t *table, place, n int, live lanes.Mask, bridge bool) int {
	b := uint64(0)
	if bridge {
		b = 1
	}
	return wellAVX512(&t.x[0], place, n, uint64(live), b)
}
