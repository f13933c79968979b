package workload

import "fmt"

// Pieces are the workloads of which Piece has a part: W5 would take millions of instructions, all of them in the products of the others.
func Pieces() (names []string) {
	for _, w := range Cases {
		if w.every == 0 {
			names = append(names, w.Name)
		}
	}
	return names
}

// Piece returns what takes a fixed number of steps of one pack of a workload, for counting instructions.
func Piece(name string) (func(), error) {
	for _, w := range Cases {
		if w.Name != name {
			continue
		}
		k, err := w.worker()
		if err != nil {
			return nil, err
		}
		p := w.pack(0, k.model.Dim())
		steps := 4 // they share a block of random bits
		if w.event != nil {
			steps = 16 // two rounds of a leap
		}
		start := *p
		theta := append(p.theta[:0:0], p.theta...)
		return func() {
			*p = start
			copy(p.theta, theta)
			k.walk(p, steps)
		}, nil
	}
	return nil, fmt.Errorf("workload: no %s", name)
}
