package study

import (
	"math"
	"time"

	"sgdlab"
	"sgdlab/ensemble"
	"sgdlab/lanes"
)

// Cost is an estimate of what a study takes.
type Cost struct {
	Replicas int64
	Steps    float64 // replica-steps if no event ended a replica; +∞ is never met: horizons are finite
	Seconds  float64 // of one core, for these steps

	// The same where events end replicas as early as those of a trial, some of a cell for a moment.
	LikelySteps, LikelySeconds float64
	longest                    float64 // likely seconds of a shard

	// If no event ended a replica, in bytes, to a factor of two or so:
	Tables  float64 // of the tables
	Kept    float64 // of what an extension goes on from; over a limit of the engine's it is not kept
	Shards  float64 // of the results of shards, which are there while it runs
	Shard   float64 // of memory, of a shard in progress with its way to the disk, for each worker
	Merging float64 // of memory, when tables are made
}

// Likely is an estimate of the seconds that a run takes on so many workers.
func (c *Cost) Likely(workers int) float64 {
	return math.Max(c.LikelySeconds/float64(workers), c.longest)
}

// Memory is an estimate of the most memory that a run takes on so many workers.
func (c *Cost) Memory(workers int) float64 {
	const program = 80e6 // with the buffers of tables
	return program + math.Max(c.Shard*float64(workers), c.Merging)
}

// Sizes, measured on the studies in examples: a row of the table of samples and of passages on disk, a number over n
// replicas in memory and on disk.
const (
	sampleRow  = 5
	passageRow = 12
	manyMemory = 1800
	manyDisk   = 400
	fewMemory  = 48
)

func statMemory(n float64) float64 {
	if n > 32 {
		return manyMemory
	}
	return fewMemory + 10*n
}

func statDisk(n float64) float64 {
	if n > 32 {
		return manyDisk
	}
	return 6 + 8*n
}

// sizes adds what a cell takes, one of so many of its group, in shards of at most size replicas.
func (c *Cost) sizes(rig *ensemble.Rig, cell *ensemble.Cell, cells int, values, readings, size float64) {
	n := float64(cell.Replicas)
	rows := 11.0
	if n == 1 {
		rows = 2
	}
	kept := math.Min(n, float64(cell.Keep))
	events := n * float64(len(rig.Events))
	c.Tables += sampleRow*(values*rows+values*kept) + passageRow*events
	numbers := float64(sgdlab.Size(rig.Stepper) + 2*len(rig.Events)) // of a replica at its horizon
	for i := range rig.Watches {
		w := &rig.Watches[i]
		if w.Accumulate != nil {
			numbers += float64(len(w.Columns()))
		}
		if w.Plateaus != nil || w.Jumps || w.Slopes {
			numbers += readings * float64(1+len(w.Columns()))
		}
	}
	parked := n * (20 + 8*numbers)
	c.Kept += values*statDisk(n) + parked + passageRow*events
	shards := math.Max(1, math.Ceil(n/size))
	c.Shards += shards*values*statDisk(n/shards) + parked + passageRow*events
	beside := math.Min(float64(cells), math.Max(1, math.Floor(size/n))) // cells in a shard
	perShard := beside*values*(statMemory(n/shards)+3*statDisk(n/shards)) + size*(100+16*numbers)
	c.Shard = math.Max(c.Shard, 2*perShard) // twice: the garbage of a collector
	c.Merging = math.Max(c.Merging, 2*(3*values*statMemory(n)+math.Min(shards, 2)*perShard/2+parked+60*events))
}

// trial is how long each group's speed is measured, and for how long a cell is tried whose replicas an event may end, of at most tried
// replicas, or a few cells that fill a pack together: longer where not as many as a pack holds have ended, until all such trials have taken
// patience more. A group has at most trials of them: cells between take the steps of the last.
const (
	trial    = 30 * time.Millisecond
	patience = time.Second
	tried    = 8 * lanes.W
	trials   = 64
)

// Cost measures the speed of each group for a moment and multiplies by the steps that its cells may take, and are likely to. The first
// readings, which are of everything at once, are timed apart and counted as often as the rarest reading comes. What asks and answers
// take is not in it.
func (st *Study) Cost() (Cost, error) {
	var total Cost
	left := patience
	for gi, g := range st.Groups {
		if g.failed != "" {
			continue
		}
		rig, err := g.Rig()
		if err != nil {
			return total, err
		}
		rarest := 0.0
		for _, w := range rig.Watches {
			rarest = math.Max(rarest, w.Schedule.Every)
		}
		size, shards, all := 1.0, 0.0, 0.0
		for i := range g.Cells {
			all += float64(g.Cells[i].Replicas)
		}
		for i := range st.Shards {
			size = math.Max(size, float64(st.Shards[i].Replicas()))
			if st.Shards[i].Group == gi {
				shards++
			}
		}
		var most, likely struct{ steps, readings float64 }
		var reading, stepping, steps, ended float64 // of trials: seconds of a reading, of steps, how many these were, and those of a replica
		next := 0                                   // cell to be tried
		for i := range g.Cells {
			c := &g.Cells[i]
			columns := 0
			for w := range g.Columns {
				columns += len(g.Columns[w])
			}
			total.sizes(rig, c, len(g.Cells), g.values[i], g.values[i]/math.Max(1, float64(columns)), size)
			at := g.Clock(i)
			unit, step := rig.Unit(at)[0], rig.Step(at)[0]
			calls := math.Inf(1)
			if c.Horizon > 0 {
				calls = c.Horizon * unit / step
			}
			if c.AtMost > 0 {
				calls = math.Min(calls, c.AtMost/step)
			}
			if n, err := ensemble.Horizon(rig, c); err == nil && c.AtMost > 0 && !rig.Step.Fixed() {
				calls = float64(n)
			}
			if i == 0 || len(c.Until) > 0 && i >= next {
				shard, n := ensemble.Shard{Group: gi}, 0
				for k := i; k < len(g.Cells) && n < lanes.W; k++ {
					to := min(g.Cells[k].Replicas, tried)
					shard.Blocks = append(shard.Blocks, ensemble.Block{Cell: k, From: 0, To: to})
					n += to
				}
				next = i + max(len(shard.Blocks), (len(g.Cells)+trials-1)/trials)
				run, err := ensemble.NewRunner(rig, g.Cells, shard)
				if err != nil {
					return total, err
				}
				begun := time.Now()
				run.Run(func() bool { return true }) // asked first after the readings at step 0
				if i == 0 {
					reading = time.Since(begun).Seconds()
				}
				begun = time.Now()
				run.Run(func() bool {
					over := time.Since(begun) - trial
					return run.Steps() > 0 && over > 0 && (len(c.Until) == 0 || over > left || run.Finished() >= int64(min(n, lanes.W)))
				})
				took := time.Since(begun)
				left -= max(0, took-trial)
				stepping += took.Seconds()
				steps += float64(run.Steps())
				ended = math.Inf(1)
				if n := run.Finished(); n > 0 && len(c.Until) > 0 {
					ended = float64(run.Steps()) / float64(n)
				}
			}
			total.Replicas += int64(c.Replicas)
			packs := float64(c.Replicas) / math.Min(lanes.W, all)
			for _, sum := range []struct {
				of    *struct{ steps, readings float64 }
				calls float64
			}{{&most, calls}, {&likely, math.Min(calls, ended)}} {
				sum.of.steps += sum.calls * float64(c.Replicas)
				sum.of.readings += packs
				if rarest > 0 {
					sum.of.readings += packs * math.Floor(sum.calls*step/unit/rarest)
				}
			}
		}
		pace := 0.0
		if steps > 0 {
			pace = stepping / steps
		}
		total.Steps += most.steps
		total.Seconds += pace*most.steps + reading*most.readings
		total.LikelySteps += likely.steps
		seconds := pace*likely.steps + reading*likely.readings
		total.LikelySeconds += seconds
		total.longest = math.Max(total.longest, seconds/math.Max(1, shards))
	}
	return total, nil
}
