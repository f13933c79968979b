package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sgdlab/store"
)

// shapes is what arrays the table of samples makes: for each column, the readings of its statistics in each cell, and the
// paths of kept replicas.
type shapes struct {
	statistics []string // in order of appearance
	order      map[string]int
	columns    []*series
	at         map[string]*series
}

// series is one column in the table of samples.
type series struct {
	name string
	of   map[int32]*readings // statistics, by cell
	kept map[int32]*paths    // by cell
}

// readings are the times at which statistics were taken.
type readings struct {
	time []float64
	step []int64
	seen map[int]bool // statistics of the last reading
}

// paths are those of the kept replicas of one cell.
type paths struct {
	replicas []int64
	time     []float64 // of the first replica
	step     []int64
	here     int  // readings of the last replica
	ragged   bool // another replica was read at other times
}

func newShapes() *shapes { return &shapes{order: map[string]int{}, at: map[string]*series{}} }

// next is where a row of statistics belongs: the reading, and whether it is the first row of it.
func (r *readings) next(s *store.Sample, statistic int) int {
	n := len(r.time)
	if n == 0 || r.time[n-1] != s.Time || r.step[n-1] != s.Step || r.seen[statistic] {
		r.time, r.step = append(r.time, s.Time), append(r.step, s.Step)
		clear(r.seen)
		n++
	}
	r.seen[statistic] = true
	return n - 1
}

func (sh *shapes) series(name string) *series {
	c := sh.at[name]
	if c == nil {
		c = &series{name: name, of: map[int32]*readings{}, kept: map[int32]*paths{}}
		sh.at[name] = c
		sh.columns = append(sh.columns, c)
	}
	return c
}

func (sh *shapes) statistic(name string) int {
	n, ok := sh.order[name]
	if !ok {
		n = len(sh.statistics)
		sh.order[name] = n
		sh.statistics = append(sh.statistics, name)
	}
	return n
}

func (sh *shapes) add(s *store.Sample) {
	c := sh.series(s.Column)
	if s.Replica == store.Statistics {
		r := c.of[s.Cell]
		if r == nil {
			r = &readings{seen: map[int]bool{}}
			c.of[s.Cell] = r
		}
		r.next(s, sh.statistic(s.Statistic))
		return
	}
	p := c.kept[s.Cell]
	if p == nil {
		p = &paths{}
		c.kept[s.Cell] = p
	}
	if n := len(p.replicas); n == 0 || p.replicas[n-1] != s.Replica {
		p.ragged = p.ragged || n > 0 && p.here != len(p.time)
		p.replicas, p.here = append(p.replicas, s.Replica), 0
	}
	switch {
	case len(p.replicas) == 1:
		p.time, p.step = append(p.time, s.Time), append(p.step, s.Step)
	case p.here >= len(p.time) || p.time[p.here] != s.Time:
		p.ragged = true
	}
	p.here++
}

// block is the paths of a column as an array over cell × replica × time.
type block struct {
	column   string
	cells    []int32
	replicas []int64
	times    [][]float64 // by cell
	steps    [][]int64
}

// rectangular makes a block of each column whose paths were kept: of the cells whose replicas were all read equally often,
// as most cells were. It says which cells are left out.
func (sh *shapes) rectangular() (blocks []block, notes []string) {
	for _, c := range sh.columns {
		if len(c.kept) == 0 {
			continue
		}
		cells := slices.Sorted(maps.Keys(c.kept))
		shape := func(p *paths) string { return fmt.Sprint(len(p.time), p.replicas) }
		votes, best := map[string]int{}, ""
		for _, cell := range cells {
			if p := c.kept[cell]; !p.ragged && p.here == len(p.time) {
				votes[shape(p)]++
			}
		}
		for _, cell := range cells { // in their order, so that the first of equals wins
			if s := shape(c.kept[cell]); votes[s] > votes[best] {
				best = s
			}
		}
		b := block{column: c.name}
		var out []int32
		for _, cell := range cells {
			p := c.kept[cell]
			if p.ragged || p.here != len(p.time) || shape(p) != best {
				out = append(out, cell)
				continue
			}
			b.cells, b.replicas = append(b.cells, cell), p.replicas
			b.times, b.steps = append(b.times, p.time), append(b.steps, p.step)
		}
		if len(out) > 0 {
			notes = append(notes, fmt.Sprintf("the array of kept paths of %s leaves out %s, whose replicas were read at other numbers of times: the table of samples in csv or parquet has them", c.name, few(out)))
		}
		if len(b.cells) > 0 {
			blocks = append(blocks, b)
		}
	}
	return blocks, notes
}

// few lists cells, but not a screenful.
func few(cells []int32) string {
	const most = 8
	var s []string
	for _, c := range cells[:min(len(cells), most)] {
		s = append(s, fmt.Sprint(c))
	}
	text := "cells "
	if len(cells) == 1 {
		text = "cell "
	}
	text += strings.Join(s, ", ")
	if n := len(cells) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// common is the one list that all lists are, if they are.
func common[T comparable](lists [][]T) ([]T, bool) {
	for _, l := range lists[1:] {
		if !slices.Equal(l, lists[0]) {
			return nil, false
		}
	}
	return lists[0], true
}
