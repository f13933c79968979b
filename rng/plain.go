//go:build !amd64 || purego

package rng

import "sgdlab/lanes"

func words(dst lanes.Pack, first uint64, k0, k1, step *[lanes.W]uint64) {
	wordsGo(dst, first, k0, k1, step)
}

func normals(dst lanes.Pack, k0, k1, step *[lanes.W]uint64) { normalsGo(dst, k0, k1, step) }

func uniforms(dst lanes.Pack, k0, k1, step *[lanes.W]uint64) { uniformsGo(dst, k0, k1, step) }
