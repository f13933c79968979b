package study

import (
	"math"
	"time"

	"sgdlab/ensemble"
	"sgdlab/lanes"
)

// Cost is an estimate of what a study takes.
type Cost struct {
	Replicas int64
	Steps    float64 // replica-steps if no event ended a replica; +∞ is never met: horizons are finite
	Seconds  float64 // of one core, for these steps
}

// trial is how long each group's speed is measured.
const trial = 30 * time.Millisecond

// Cost measures the speed of each group for a moment and multiplies by the steps that its cells may take. The first readings,
// which are of everything at once, are timed apart and counted as often as the rarest reading comes.
func (st *Study) Cost() (Cost, error) {
	var total Cost
	for gi, g := range st.Groups {
		rig, err := g.Rig()
		if err != nil {
			return total, err
		}
		rarest := 0.0
		for _, w := range rig.Watches {
			rarest = math.Max(rarest, w.Schedule.Every)
		}
		steps, readings := 0.0, 0.0
		for i := range g.Cells {
			c := &g.Cells[i]
			at := g.Clock(i)
			unit, step := rig.Unit(at)[0], rig.Step(at)[0]
			calls := math.Inf(1)
			if c.Horizon > 0 {
				calls = c.Horizon * unit / step
			}
			if c.AtMost > 0 {
				calls = math.Min(calls, c.AtMost/step)
			}
			total.Replicas += int64(c.Replicas)
			steps += calls * float64(c.Replicas)
			packs := math.Ceil(float64(c.Replicas) / lanes.W)
			readings += packs
			if rarest > 0 {
				readings += packs * math.Floor(calls*step/unit/rarest)
			}
		}
		total.Steps += steps
		n := min(g.Cells[0].Replicas, 8)
		run, err := ensemble.NewRunner(rig, g.Cells, ensemble.Shard{Group: gi, Blocks: []ensemble.Block{{Cell: 0, From: 0, To: n}}})
		if err != nil {
			return total, err
		}
		begun := time.Now()
		run.Run(func() bool { return true }) // asked first after the readings at step 0
		total.Seconds += time.Since(begun).Seconds() * readings
		begun = time.Now()
		run.Run(func() bool { return run.Steps() > 0 && time.Since(begun) > trial })
		if done := run.Steps(); done > 0 {
			total.Seconds += time.Since(begun).Seconds() / float64(done) * steps
		}
	}
	return total, nil
}
