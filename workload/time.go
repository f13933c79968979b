package workload

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sgdlab/lanes"
)

// Result is what a workload yielded.
type Result struct {
	Rate, Best float64 // replica-steps per second: the median of the repetitions and their greatest; 0 where the steps were given
	Value, SE  float64 // the check, and its standard error over replicas: 0 where it is that of one
	Steps      int
}

// repetitions are timed apart, after one that is not counted.
const (
	repetitions = 9
	atLeast     = 200 * time.Millisecond
)

// Run times a workload on so many threads; where steps is above 0 it takes just as many steps instead, for the check.
func (w *Case) Run(threads, steps int) (Result, error) {
	return w.run(threads, steps, repetitions, atLeast)
}

func (w *Case) run(threads, steps, repetitions int, atLeast time.Duration) (Result, error) {
	first, err := w.worker()
	if err != nil {
		return Result{}, err
	}
	workers := []*worker{first}
	for range threads - 1 {
		k, err := w.worker()
		if err != nil {
			return Result{}, err
		}
		workers = append(workers, k)
	}
	packs := make([]*pack, (w.Replicas+lanes.W-1)/lanes.W)
	for i := range packs {
		packs[i] = w.pack(i, first.model.Dim())
	}
	var out Result
	round := func(n int) {
		var next atomic.Int64
		var group sync.WaitGroup
		work := func(k *worker) {
			for i := int(next.Add(1)) - 1; i < len(packs); i = int(next.Add(1)) - 1 {
				k.walk(packs[i], n)
			}
		}
		for _, k := range workers[1:] {
			group.Go(func() { work(k) })
		}
		work(first)
		group.Wait()
		out.Steps += n
	}
	if steps > 0 {
		for left := steps; left > 0; left -= w.Block {
			round(min(left, w.Block))
		}
	} else {
		var rates []float64
		for k := range 1 + repetitions {
			began, taken := time.Now(), 0
			for taken == 0 || time.Since(began) < atLeast {
				round(w.Block)
				taken += w.Block
			}
			if k > 0 {
				rates = append(rates, float64(taken)*float64(w.Replicas)/time.Since(began).Seconds())
			}
		}
		slices.Sort(rates)
		out.Rate, out.Best = rates[len(rates)/2], rates[len(rates)-1]
	}
	sum, square, n := 0.0, 0.0, 0.0
	for i := range packs {
		for l := range lanes.W {
			if i*lanes.W+l >= w.Replicas {
				break
			}
			x := w.read(packs[i], l)
			if w.every > 0 && n == 1 {
				continue // the check is that of the first replica
			}
			n++
			d := x - sum/max(n-1, 1)
			square += d * d * (n - 1) / n
			sum += x
		}
	}
	out.Value = sum / n
	if n > 1 {
		out.SE = math.Sqrt(square / (n - 1) / n)
	}
	return out, nil
}
