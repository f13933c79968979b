//go:build !amd64 || purego

package fused

import "sgdlab/lanes"

func vectors() bool { return false }

func walk(*table, int, int, lanes.Mask, bool) int { return 0 }
