package study

import (
	"testing"

	"sgdlab/ensemble"
)

// BenchmarkSpecs measures a shard of each example as `run` computes it: events, observations and all. An operation is a
// stretch of the runner between two looks at what else there is to do; a replica-step is a step of one replica.
func BenchmarkSpecs(b *testing.B) {
	for _, tc := range []struct {
		name, file string
		group      int
	}{
		{"double-well", "../examples/double-well-exit.yaml", 0},
		{"digits", "../examples/digits-saddle-to-saddle.yaml", 0},
		{"descent", "../examples/saddle-escape.yaml", 0},
		{"sgd", "../examples/saddle-escape.yaml", 9},
		{"ald", "../examples/saddle-escape.yaml", 18},
		{"langevin", "../examples/saddle-escape.yaml", 27},
		{"hessian", "../examples/saddle-escape.yaml", 36},
		{"power-law", "../examples/saddle-escape.yaml", 45},
	} {
		b.Run(tc.name, func(b *testing.B) {
			st, err := LoadFile(tc.file, Options{})
			if err != nil {
				b.Fatal(err)
			}
			g := st.Groups[tc.group]
			rig, err := g.Rig()
			if err != nil {
				b.Fatal(err)
			}
			cell := len(g.Cells) - 1
			shard := ensemble.Shard{Group: tc.group, Blocks: []ensemble.Block{{Cell: cell, From: 0, To: min(64, g.Cells[cell].Replicas)}}}
			run, err := ensemble.NewRunner(rig, g.Cells, shard)
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			steps, done := int64(0), int64(0)
			for b.Loop() {
				if run.Run(func() bool { return run.Steps() > steps }) {
					done += run.Steps()
					if run, err = ensemble.NewRunner(rig, g.Cells, shard); err != nil {
						b.Fatal(err)
					}
					steps = 0
				}
				steps = run.Steps()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, done+run.Steps())), "ns/replica-step")
		})
	}
}
