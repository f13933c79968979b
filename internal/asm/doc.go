// Package asm generates the assembly of packages lanes, rng, elementary, fused and workload with avo, for AVX2 and AVX-512. It is a module of its own, so that
// sgdlab does not depend on avo; what it writes is committed beside the plain twins. After a change here, run
// go generate ./lanes ./rng ./elementary ./fused ./workload in the main module.
package asm
