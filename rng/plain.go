//go:build !amd64 || purego

package rng

import "sgdlab/lanes"

func words(dst lanes.Pack, s *source) { wordsGo(dst, s) }

func normals(dst lanes.Pack, s *source) { normalsGo(dst, s) }

func indices(dst [][lanes.W]int32, s *source, n uint64) { indicesGo(dst, s, n) }

func fullNormals(dst lanes.Pack) { fullNormalsGo(dst) }

func uniforms(dst lanes.Pack) { uniformsGo(dst) }
