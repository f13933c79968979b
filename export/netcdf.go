package export

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"sgdlab/store"
)

// netcdf writes a netCDF classic file, 64-bit offset or, where a variable needs it, 64-bit data:
//
//	cell(cell), point, dynamics, replicas, diverged, failed, param:PATH, NAME, NAME.se, NAME.lo, NAME.hi, NAME.n   over cell
//	COLUMN(cell, time, statistic)           what readings found, over all replicas
//	time(time), step(time)                  where all cells were read at the same times; else time(cell, reading)
//	COLUMN.path(cell, replica, time)        kept paths, where they are an array
//	passage-time:EVENT(cell, replica)       and passage-censored:EVENT, −1 where there is no such passage
//	plateau-cell(plateau), …                the table of plateaus
//
// Columns that are read on different schedules have axes time2, time3, … (reading2, …) of their own. What is missing is
// NaN. Attributes: title, run, hash, program, and spec, the whole resolved spec.
func (w *writer) netcdf(d *draft) error { return (&ncFile{w: w, out: d}).write() }

func (f *ncFile) write() error {
	w, d := f.w, f.out
	m := w.run.Manifest
	for _, kv := range [][2]string{{"title", m.Title}, {"run", m.Run}, {"hash", m.Result.String()}, {"program", m.Program}, {"spec", w.run.Spec}} {
		if kv[1] != "" { // scipy cannot read an attribute of no length
			f.c.attrs = append(f.c.attrs, ncAttr{kv[0], kv[1]})
		}
	}
	f.ids = make(map[int32]int, len(w.run.Cells))
	for i, c := range w.run.Cells {
		f.ids[int32(c.ID)] = i
	}
	f.cell = f.c.dim("cell", len(w.run.Cells))
	for _, n := range w.names {
		if n != "cells" {
			w.total += 2 * w.rows(n)
		}
	}
	for _, n := range w.names {
		var err error
		switch n {
		case "cells":
			err = f.flat(w.table(n), f.cell, "")
		case "samples":
			err = f.samples()
		case "passages":
			err = f.passages()
		case "plateaus":
			if w.rows(n) > 0 {
				err = f.flat(w.table(n), f.c.dim("plateau", int(w.rows(n))), "plateau-")
			}
		}
		if err != nil {
			return err
		}
	}
	header, size := f.c.lay()
	if _, err := d.WriteAt(header, 0); err != nil {
		return err
	}
	if err := d.file.Truncate(size); err != nil {
		d.err = err
		return err
	}
	for _, fill := range f.fills {
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

// ncFile is a netCDF file in the making. Variables are declared first; then the header is laid, and each is filled.
type ncFile struct {
	w     *writer
	out   *draft
	c     classic
	ids   map[int32]int // place of a cell along its axis
	cell  int           // its dimension
	fills []func() error
}

// fill promises values of a variable.
func (f *ncFile) fill(v *ncVar, bytes func() []byte) {
	f.fills = append(f.fills, func() error {
		_, err := f.out.WriteAt(bytes(), v.begin)
		return err
	})
}

func doubles(xs []float64) []byte {
	b := make([]byte, 0, 8*len(xs))
	for _, x := range xs {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

// describe makes the attributes of a variable.
func describe(c column) []ncAttr {
	attrs := []ncAttr{{"long_name", c.about}}
	if c.unit != "" {
		attrs = append(attrs, ncAttr{"units", c.unit})
	}
	return attrs
}

// integers declares a variable of whole numbers: int, or double where one of them needs more than 32 bits.
func (f *ncFile) integers(c column, dims []int, xs []int64) {
	kind := ncInt
	for _, x := range xs {
		if x != int64(int32(x)) {
			kind = ncDouble
		}
	}
	v := f.c.variable(c.name, kind, dims, describe(c)...)
	f.fill(v, func() []byte {
		var b []byte
		for _, x := range xs {
			if kind == ncInt {
				b = binary.BigEndian.AppendUint32(b, uint32(int32(x)))
			} else {
				b = binary.BigEndian.AppendUint64(b, math.Float64bits(float64(x)))
			}
		}
		return b
	})
}

// reals declares a variable of numbers.
func (f *ncFile) reals(c column, dims []int, xs []float64) {
	v := f.c.variable(c.name, ncDouble, dims, append(describe(c), ncAttr{"_FillValue", math.NaN()})...)
	f.fill(v, func() []byte { return doubles(xs) })
}

// texts declares a variable of texts, UTF-8 with zeros up to the longest.
func (f *ncFile) texts(c column, dims []int, xs []string) {
	n := 1
	for _, s := range xs {
		n = max(n, len(s))
	}
	v := f.c.variable(c.name, ncChar, append(slices.Clone(dims), f.c.width(n)), append(describe(c), ncAttr{"_Encoding", "utf-8"})...)
	f.fill(v, func() []byte {
		b := make([]byte, n*len(xs))
		for i, s := range xs {
			copy(b[i*n:], s)
		}
		return b
	})
}

// flat declares a variable for each column of a table that fits into memory, over one dimension.
func (f *ncFile) flat(t *table, dim int, prefix string) error {
	ints, floats, strings := make([][]int64, len(t.columns)), make([][]float64, len(t.columns)), make([][]string, len(t.columns))
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		for j, v := range row {
			ints[j], floats[j], strings[j] = append(ints[j], v.i), append(floats[j], v.f), append(strings[j], v.s)
		}
	}
	for j, c := range t.columns {
		c.name = prefix + c.name
		switch c.kind {
		case whole, truth:
			f.integers(c, []int{dim}, ints[j])
		case real:
			f.reals(c, []int{dim}, floats[j])
		default:
			f.texts(c, []int{dim}, strings[j])
		}
	}
	return nil
}

// axis is the readings that some columns share: for each cell their times.
type axis struct {
	times [][]float64 // by place of the cell; nil where it has none
	steps [][]int64
	n     int
	dim   int
	label string
}

// axis finds or declares the axis of a column.
func (f *ncFile) axis(axes *[]*axis, times [][]float64, steps [][]int64, name, flatName string) *axis {
	n := 0
	for _, t := range times {
		n = max(n, len(t))
	}
	for _, a := range *axes {
		if slices.EqualFunc(a.times, times, slices.Equal) && slices.EqualFunc(a.steps, steps, slices.Equal) {
			return a
		}
	}
	a := &axis{times: times, steps: steps, n: n}
	*axes = append(*axes, a)
	suffix := ""
	if len(*axes) > 1 {
		suffix = fmt.Sprint(len(*axes))
	}
	var have [][]float64
	var haveSteps [][]int64
	for i, t := range times {
		if len(t) > 0 {
			have, haveSteps = append(have, t), append(haveSteps, steps[i])
		}
	}
	one, same := common(have)
	oneStep, sameSteps := common(haveSteps)
	about := column{name + suffix, real, "time", "time of the readings"}
	aboutStep := column{"step" + suffix, whole, "", "the same in steps; -1: between steps"}
	if name != "time" {
		aboutStep.name = name + "-step" + suffix
		about.about = "time of the readings of kept replicas"
	}
	if same {
		a.label = name + suffix
		a.dim = f.c.dim(a.label, n)
		f.reals(about, []int{a.dim}, one)
	} else {
		a.label = flatName + suffix
		a.dim = f.c.dim(a.label, n)
		all := make([]float64, 0, n*len(times))
		for _, t := range times {
			all = append(all, t...)
			for range n - len(t) {
				all = append(all, math.NaN())
			}
		}
		f.reals(about, []int{f.cell, a.dim}, all)
	}
	if sameSteps {
		f.integers(aboutStep, []int{a.dim}, oneStep)
		return a
	}
	all := make([]int64, 0, n*len(times))
	for _, s := range steps {
		all = append(all, s...)
		for range n - len(s) {
			all = append(all, -1)
		}
	}
	f.integers(aboutStep, []int{f.cell, a.dim}, all)
	return a
}

// samples declares the statistics and the kept paths. They are filled in one walk, a cell of a column in memory at a time.
func (f *ncFile) samples() error {
	sh, err := f.w.survey()
	if err != nil || len(sh.columns) == 0 {
		return err
	}
	units := map[string]string{}
	for _, c := range f.w.run.Cells {
		for _, e := range c.Estimates {
			units[e.Name] = e.Unit
		}
	}
	cells := len(f.w.run.Cells)
	var axes []*axis
	type target struct {
		v     *ncVar
		axis  *axis
		block *block
	}
	targets := map[string]target{}
	if len(sh.statistics) > 0 {
		dim := f.c.dim("statistic", len(sh.statistics))
		f.texts(column{"statistic", words, "", "statistic over the replicas of a cell"}, []int{dim}, sh.statistics)
		for _, c := range sh.columns {
			if len(c.of) == 0 {
				continue
			}
			times, steps := make([][]float64, cells), make([][]int64, cells)
			for id, r := range c.of {
				times[f.ids[id]], steps[f.ids[id]] = r.time, r.step
			}
			a := f.axis(&axes, times, steps, "time", "reading")
			about := column{c.name, real, units["end:"+c.name], "column " + c.name + " of an observable"}
			v := f.c.variable(c.name, ncDouble, []int{f.cell, a.dim, dim}, append(describe(about), ncAttr{"_FillValue", math.NaN()})...)
			targets[c.name] = target{v, a, nil}
		}
	}
	var keptAxes []*axis
	blocks, notes := sh.rectangular()
	f.w.result.Notes = append(f.w.result.Notes, notes...)
	kept := map[string]target{}
	keptDims := map[string]int{}
	for _, b := range blocks {
		times, steps := make([][]float64, cells), make([][]int64, cells)
		for i, id := range b.cells {
			times[f.ids[id]], steps[f.ids[id]] = b.times[i], b.steps[i]
		}
		a := f.axis(&keptAxes, times, steps, "path-time", "path-reading")
		key := fmt.Sprint(b.replicas)
		dim, ok := keptDims[key]
		if !ok {
			dim = f.c.dim("kept", len(b.replicas))
			keptDims[key] = dim
			f.integers(column{f.c.dims[dim].name, whole, "", "replicas whose paths were kept"}, []int{dim}, b.replicas)
		}
		about := column{b.column + ".path", real, units["end:"+b.column], "column " + b.column + " along the paths of kept replicas"}
		v := f.c.variable(about.name, ncDouble, []int{f.cell, dim, a.dim}, append(describe(about), ncAttr{"_FillValue", math.NaN()})...)
		kept[b.column] = target{v, a, &b}
	}
	f.fills = append(f.fills, func() error {
		// What no row fills is NaN.
		for _, c := range sh.columns {
			if t, ok := targets[c.name]; ok {
				if err := f.nothing(t.v); err != nil {
					return err
				}
			}
			if t, ok := kept[c.name]; ok {
				if err := f.nothing(t.v); err != nil {
					return err
				}
			}
		}
		type state struct {
			r     readings
			block []float64
			path  []float64
		}
		now := map[string]*state{}
		cell := int32(-1)
		flush := func() error {
			for _, c := range sh.columns {
				s := now[c.name]
				if s == nil {
					continue
				}
				if t, ok := targets[c.name]; ok && len(s.block) > 0 {
					at := t.v.begin + 8*int64(f.ids[cell])*int64(t.axis.n)*int64(len(sh.statistics))
					if _, err := f.out.WriteAt(doubles(s.block), at); err != nil {
						return err
					}
				}
				if t, ok := kept[c.name]; ok && len(s.path) > 0 {
					at := t.v.begin + 8*int64(f.ids[cell])*int64(t.axis.n)*int64(len(t.block.replicas))
					if _, err := f.out.WriteAt(doubles(s.path), at); err != nil {
						return err
					}
				}
			}
			clear(now)
			return nil
		}
		for s, err := range store.Rows[store.Sample](filepath.Join(f.w.run.Dir, store.SamplesFile)) {
			if err == nil {
				err = f.w.tick()
			}
			if err != nil {
				return err
			}
			if s.Cell != cell {
				if err := flush(); err != nil {
					return err
				}
				cell = s.Cell
			}
			st := now[s.Column]
			if st == nil {
				st = &state{r: readings{seen: map[int]bool{}}}
				now[s.Column] = st
			}
			if s.Replica != store.Statistics {
				if t, ok := kept[s.Column]; ok && slices.Contains(t.block.cells, s.Cell) {
					st.path = append(st.path, s.Value)
				}
				continue
			}
			k := sh.order[s.Statistic]
			n := st.r.next(&s, k)
			for len(st.block) < (n+1)*len(sh.statistics) {
				st.block = append(st.block, math.NaN())
			}
			st.block[n*len(sh.statistics)+k] = s.Value
		}
		return flush()
	})
	return nil
}

// nothing fills a variable with NaN.
func (f *ncFile) nothing(v *ncVar) error {
	nan := slices.Repeat([]float64{math.NaN()}, 1<<13)
	b := doubles(nan)
	for at, left := v.begin, f.c.size(v); left > 0; {
		n := min(int64(len(b)), left)
		if _, err := f.out.WriteAt(b[:n], at); err != nil {
			return err
		}
		at, left = at+n, left-n
		if err := f.w.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// passages declares the times of each event, over cell and replica.
func (f *ncFile) passages() error {
	var events []string
	most := int64(0)
	path := filepath.Join(f.w.run.Dir, store.PassagesFile)
	for p, err := range store.Rows[store.Passage](path) {
		if err == nil {
			err = f.w.tick()
		}
		if err != nil {
			return err
		}
		if !slices.Contains(events, p.Event) {
			events = append(events, p.Event)
		}
		most = max(most, p.Replica+1)
	}
	if len(events) == 0 {
		return nil
	}
	dim := f.c.dim("replica", int(most))
	index := make([]int64, most)
	for i := range index {
		index[i] = int64(i)
	}
	f.integers(column{"replica", whole, "", "the replica"}, []int{dim}, index)
	times, marks := map[string]*ncVar{}, map[string]*ncVar{}
	for _, e := range events {
		times[e] = f.c.variable("passage-time:"+e, ncDouble, []int{f.cell, dim}, ncAttr{"long_name", "when " + e + " happened, or until when it had not"}, ncAttr{"units", "time"}, ncAttr{"_FillValue", math.NaN()})
		marks[e] = f.c.variable("passage-censored:"+e, ncByte, []int{f.cell, dim}, ncAttr{"long_name", "1: " + e + " did not happen before passage-time; -1: no such passage"})
	}
	f.fills = append(f.fills, func() error {
		type row struct {
			time []byte
			mark []byte
		}
		now := map[string]*row{}
		fresh := func() {
			for _, e := range events {
				r := &row{doubles(slices.Repeat([]float64{math.NaN()}, int(most))), make([]byte, most)}
				for i := range r.mark {
					r.mark[i] = 0xff
				}
				now[e] = r
			}
		}
		at := 0
		flush := func() error {
			for _, e := range events {
				if _, err := f.out.WriteAt(now[e].time, times[e].begin+8*int64(at)*most); err != nil {
					return err
				}
				if _, err := f.out.WriteAt(now[e].mark, marks[e].begin+int64(at)*most); err != nil {
					return err
				}
			}
			at++
			fresh()
			return nil
		}
		fresh()
		for p, err := range store.Rows[store.Passage](path) {
			if err == nil {
				err = f.w.tick()
			}
			if err != nil {
				return err
			}
			for at < f.ids[p.Cell] {
				if err := flush(); err != nil {
					return err
				}
			}
			r := now[p.Event]
			binary.BigEndian.PutUint64(r.time[8*p.Replica:], math.Float64bits(p.Time))
			r.mark[p.Replica] = 0
			if p.Censored {
				r.mark[p.Replica] = 1
			}
		}
		for at < len(f.w.run.Cells) {
			if err := flush(); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}
