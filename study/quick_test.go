package study

import (
	"strings"
	"testing"

	"sgdlab/spec"
)

// A quick run thins replicas and points, and nothing else.
func TestQuicken(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"few", "ensemble: {replicas: 10}\nsweep: {a: [1, 2, 3]}", "ensemble: {replicas: 10}\nsweep: {a: [1, 2, 3]}"},
		{"one axis", "ensemble: {replicas: 20000}\nsweep: {a: [1, 2, 3, 4, 5]}", "ensemble: {replicas: 625}\nsweep: {a: [1, 3, 5]}"},
		{"several", "ensemble: {replicas: 512}\nsweep: {product: {a: [1, 2, 3], b: [1, 2, 3], c: [1, 2], d: [0, 9]}}", "ensemble: {replicas: 16}\nsweep:\n  product: {a: [1, 3], b: [1, 3], c: [1, 2], d: [9]}"},
		{"zip", "sweep: {zip: {a: [1, 2, 3, 4], b: [5, 6, 7, 8]}}", "sweep:\n  zip: {a: [1, 3, 4], b: [5, 7, 8]}"},
		{"range", "sweep: {a: \"range(0, 9)\"}", "sweep: {a: [0, 4, 8]}"},
		{"named", "ensemble: {replicas: 512, quick: 32}\nsweep: {a: [1, 2, 3, 4]}", "ensemble: {replicas: 32, quick: 32}\nsweep: {a: [1, 2, 3, 4]}"},
		{"named, more than there are", "ensemble: {replicas: 8, quick: 32}", "ensemble: {replicas: 8, quick: 32}"},
		{"horizon", "ensemble: {replicas: 64, until: {steps: 1e9}}", "ensemble:\n  replicas: 16\n  until: {steps: 1e9}"},
	} {
		text := strings.ReplaceAll(tc.text, `"`, "")
		root, problems := spec.Parse("t", []byte(text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		quicken(root)
		want, problems := spec.Parse("t", []byte(tc.want))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := string(spec.Canonical(root)); got != string(spec.Canonical(want)) {
			t.Errorf("%s: %s, want %s", tc.name, got, spec.Canonical(want))
		}
	}
}
