package ensemble

// Cell is one point of a sweep under one dynamics: a number of replicas that differ in nothing but chance.
type Cell struct {
	ID        int    // of the cell in the run
	Point     int32  // row of the group's tables of settings
	InitSeed  uint64 // of the start
	NoiseSeed uint64 // of everything that happens after
	Replicas  int
	Keep      int     // whole paths are kept for this many replicas
	Horizon   float64 // in steps of the spec; 0: none
	AtMost    float64 // in time; 0: none
	Until     []int   // the events that stop a replica
}

// Block is consecutive replicas of one cell.
type Block struct {
	Cell     int // index into the group's cells
	From, To int // replicas [From, To)
}

// Shard is the unit of work: blocks of one group.
type Shard struct {
	ID     int
	Group  int
	Blocks []Block
}

// Replicas returns the number of replicas in the shard.
func (s *Shard) Replicas() int {
	n := 0
	for _, b := range s.Blocks {
		n += b.To - b.From
	}
	return n
}

// Divide cuts the cells of groups into shards of about equal numbers of replicas. The cut depends on nothing but the
// cells: a whole number of packs, at most 512 replicas so that a shard is seconds of work and the idle lanes at its end
// are few, and small enough that 32 shards can share the work.
func Divide(groups [][]Cell) []Shard {
	total := 0
	for _, cells := range groups {
		for i := range cells {
			total += cells[i].Replicas
		}
	}
	size := min(512, max(8, (total/32+7)/8*8))
	var shards []Shard
	for g, cells := range groups {
		cur := Shard{Group: g}
		free := size
		flush := func() {
			if len(cur.Blocks) > 0 {
				cur.ID = len(shards)
				shards = append(shards, cur)
			}
			cur, free = Shard{Group: g}, size
		}
		for c := range cells {
			for from := 0; from < cells[c].Replicas; {
				to := min(cells[c].Replicas, from+free)
				cur.Blocks = append(cur.Blocks, Block{Cell: c, From: from, To: to})
				free -= to - from
				from = to
				if free == 0 {
					flush()
				}
			}
		}
		flush()
	}
	return shards
}
