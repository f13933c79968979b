package export

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"sgdlab/store"
)

// npz writes a zip of .npy arrays, one for each column of each table, which numpy.load opens:
//
//	TABLE/COLUMN                            int64, float64, bool, or text as <U
//	paths/COLUMN                            float64, cell × replica × time, where the kept paths are an array
//	paths/COLUMN.cell, .replica, .time      what its axes are; .time is time, or cell × time where cells differ in it
//	title, run, hash, program, spec         text
//
// A float64 that the cell was not asked for is NaN, such a count is −1.
//
// Source: the NPY format, version 1.0 (NumPy Enhancement Proposal 1).
func (w *writer) npz(d *draft) error {
	z := zip.NewWriter(d.buf)
	var press *flate.Writer // of one entry after the other
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (_ io.WriteCloser, err error) {
		if press == nil {
			press, err = flate.NewWriter(out, flate.BestSpeed)
			return press, err
		}
		press.Reset(out)
		return press, nil
	})
	for _, n := range w.names {
		passes := int64(1)
		if n != "cells" {
			passes += int64(len(w.table(n).columns))
		}
		w.total += passes * w.rows(n)
	}
	for _, n := range w.names {
		if err := w.npzTable(z, w.table(n)); err != nil {
			return err
		}
	}
	if slices.Contains(w.names, "samples") {
		if err := w.npzPaths(z); err != nil {
			return err
		}
	}
	m := w.run.Manifest
	for _, kv := range [][2]string{{"title", m.Title}, {"run", m.Run}, {"hash", m.Result.String()}, {"program", m.Program}, {"spec", w.run.Spec}} {
		width := max(1, utf8.RuneCountInString(kv[1]))
		a, err := array(z, kv[0], words, width, nil)
		if err != nil {
			return err
		}
		a.text(kv[1], width)
		if err := a.flush(); err != nil {
			return err
		}
	}
	return z.Close()
}

// npzTable writes the columns of a table, one walk for each, so that no table need fit into memory.
func (w *writer) npzTable(z *zip.Writer, t *table) error {
	rows := 0
	width := make([]int, len(t.columns))
	for j := range width {
		width[j] = 1 // readers differ in what they make of text of no length
	}
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		rows++
		for j := range row {
			if t.columns[j].kind == words {
				width[j] = max(width[j], utf8.RuneCountInString(row[j].s))
			}
		}
	}
	for j, c := range t.columns {
		a, err := array(z, t.name+"/"+c.name, c.kind, width[j], []int{rows})
		if err != nil {
			return err
		}
		for row, err := range t.rows {
			if err != nil {
				return err
			}
			switch v := &row[j]; c.kind {
			case whole:
				a.word(uint64(v.i))
			case real:
				a.word(math.Float64bits(v.f))
			case truth:
				a.WriteByte(byte(v.i))
			default:
				a.text(v.s, width[j])
			}
		}
		if err := a.flush(); err != nil {
			return err
		}
	}
	return nil
}

// npzPaths writes the kept paths as arrays. Their rows come by cell, replica and time.
func (w *writer) npzPaths(z *zip.Writer) error {
	w.total += w.rows("samples")
	sh, err := w.survey()
	if err != nil {
		return err
	}
	blocks, notes := sh.rectangular()
	w.result.Notes = append(w.result.Notes, notes...)
	w.total += int64(len(blocks)) * w.rows("samples")
	for _, b := range blocks {
		name := "paths/" + b.column
		a, err := array(z, name, real, 0, []int{len(b.cells), len(b.replicas), len(b.times[0])})
		if err != nil {
			return err
		}
		for s, err := range store.Rows[store.Sample](filepath.Join(w.run.Dir, store.SamplesFile)) {
			if err == nil {
				err = w.tick()
			}
			if err != nil {
				return err
			}
			if s.Replica != store.Statistics && s.Column == b.column && slices.Contains(b.cells, s.Cell) {
				a.word(math.Float64bits(s.Value))
			}
		}
		if err := a.flush(); err != nil {
			return err
		}
		cells := make([]int64, len(b.cells))
		for i, c := range b.cells {
			cells[i] = int64(c)
		}
		if err := list(z, name+".cell", cells); err != nil {
			return err
		}
		if err := list(z, name+".replica", b.replicas); err != nil {
			return err
		}
		shape, lists := []int{len(b.times), len(b.times[0])}, b.times
		if one, ok := common(b.times); ok {
			shape, lists = shape[1:], [][]float64{one}
		}
		if a, err = array(z, name+".time", real, 0, shape); err != nil {
			return err
		}
		for _, l := range lists {
			for _, x := range l {
				a.word(math.Float64bits(x))
			}
		}
		if err := a.flush(); err != nil {
			return err
		}
	}
	return nil
}

func list(z *zip.Writer, name string, xs []int64) error {
	a, err := array(z, name, whole, 0, []int{len(xs)})
	if err != nil {
		return err
	}
	for _, x := range xs {
		a.word(uint64(x))
	}
	return a.flush()
}

// npy is an array being written; its errors come with flush.
type npy struct{ *bufio.Writer }

func (a npy) word(bits uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], bits)
	a.Write(b[:])
}

// text is UCS-4, with zeros up to the width.
func (a npy) text(s string, width int) {
	var b [4]byte
	for _, r := range s {
		binary.LittleEndian.PutUint32(b[:], uint32(r))
		a.Write(b[:])
		width--
	}
	clear(b[:])
	for ; width > 0; width-- {
		a.Write(b[:])
	}
}

func (a npy) flush() error { return a.Flush() }

// array begins an array in the zip: its header, padded so that the numbers start at a multiple of 64 bytes.
func array(z *zip.Writer, name string, k kind, width int, shape []int) (npy, error) {
	out, err := z.Create(name + ".npy")
	if err != nil {
		return npy{}, err
	}
	descr := map[kind]string{whole: "<i8", real: "<f8", truth: "|b1"}[k]
	if k == words {
		descr = fmt.Sprintf("<U%d", width)
	}
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = fmt.Sprint(n)
	}
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	const before = 10 // magic, version, length
	pad := 64 - (before+len(header)+1)%64
	header += strings.Repeat(" ", pad%64) + "\n"
	b := bufio.NewWriterSize(out, 1<<14)
	b.WriteString("\x93NUMPY\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	_, err = b.WriteString(header)
	return npy{b}, err
}
