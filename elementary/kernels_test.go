//go:build amd64 && !purego

package elementary

import "testing"

// eachKernel runs a test under each kind of kernel that this processor has.
func eachKernel(t *testing.T, test func(t *testing.T)) {
	was := hasAVX512
	defer func() { hasAVX512 = was }()
	if was {
		t.Run("AVX-512", test)
	}
	hasAVX512 = false
	t.Run("AVX2", test)
}
