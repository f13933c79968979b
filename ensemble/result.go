package ensemble

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"sgdlab/estimate"
)

// Result is what a shard yields.
type Result struct {
	Cells []CellResult
	Steps int64 // replica-steps taken
}

// CellResult is a shard's part of one cell.
type CellResult struct {
	Cell     int // index into the group's cells
	Replicas int64
	Diverged int64
	Series   []Series // one per watch
	End      []Stat   // columns of all watches at the end of each replica that did not diverge
	Slopes   []Stat   // of each slope asked of single paths
	Paths    []Path
	Passages []Passage
	Plateaus []Plateau
}

// Series is the statistics of one watch at its readings: Stats[k·columns + c] is column c at reading k.
type Series struct{ Stats []Stat }

// Stat streams one number over replicas.
type Stat struct {
	Moments estimate.Moments
	Sketch  estimate.Sketch
}

// Add takes in one value.
func (s *Stat) Add(x float64) {
	s.Moments.Add(x)
	s.Sketch.Add(x)
}

// Merge takes in another part. Merge in the order of the plan.
func (s *Stat) Merge(b *Stat) {
	s.Moments.Merge(b.Moments)
	s.Sketch.Merge(&b.Sketch)
}

// Path is one reading of one kept replica.
type Path struct {
	Replica int64
	Watch   int
	Reading int // index of the reading; −1 for the end
	Call    uint64
	Time    float64
	Values  []float64
}

// Passage is the first time at which a replica met an event. Event −1 is divergence.
type Passage struct {
	Replica  int64
	Event    int
	Time     float64
	Censored bool // not met by Time, when the replica stopped
}

// Diverged is the event of a replica that left every bound: max|θ| > 10¹⁰ or NaN.
const Diverged = -1

// Plateau is a stretch of a replica's path where its loss hardly moves.
type Plateau struct {
	Replica                      int64
	Index                        int
	Start, End, Height, Duration float64
	Jumped                       int // which column of the jumping watch rose most after the plateau; −1 for none
}

// Merge takes in the next shard's part of the same cell.
func (r *CellResult) Merge(b *CellResult) {
	r.Replicas += b.Replicas
	r.Diverged += b.Diverged
	for len(r.Series) < len(b.Series) {
		r.Series = append(r.Series, Series{})
	}
	for w := range b.Series {
		r.Series[w].Stats = mergeStats(r.Series[w].Stats, b.Series[w].Stats)
	}
	r.End = mergeStats(r.End, b.End)
	r.Slopes = mergeStats(r.Slopes, b.Slopes)
	r.Paths = append(r.Paths, b.Paths...)
	r.Passages = append(r.Passages, b.Passages...)
	r.Plateaus = append(r.Plateaus, b.Plateaus...)
}

func mergeStats(a, b []Stat) []Stat {
	for len(a) < len(b) {
		a = append(a, Stat{})
	}
	for i := range b {
		a[i].Merge(&b[i])
	}
	return a
}

// MarshalBinary encodes the result.
func (r *Result) MarshalBinary() ([]byte, error) {
	type plain Result
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode((*plain)(r)); err != nil {
		return nil, fmt.Errorf("encode a shard's result: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary decodes a result.
func (r *Result) UnmarshalBinary(data []byte) error {
	type plain Result
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode((*plain)(r)); err != nil {
		return fmt.Errorf("decode a shard's result: %w", err)
	}
	return nil
}
