// Package asm generates the AVX2 assembly of packages lanes and rng with avo. It is a module of its own, so that
// sgdlab does not depend on avo; what it writes is committed beside the plain twins. After a change here, run
// go generate ./lanes ./rng in the main module.
package asm
