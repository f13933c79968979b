package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"github.com/parquet-go/parquet-go"

	"sgdlab/store"
)

// parquet copies a table's file, which is Parquet already: every bit, and the hash in its footer, as they are. Wide
// samples are written anew, with null for what was not read.
func (w *writer) parquet(d *draft, name string) (rows int64, err error) {
	if name == "samples" && w.o.Wide {
		return w.wideParquet(d)
	}
	in, err := os.Open(filepath.Join(w.run.Dir, name+".parquet"))
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if _, err := io.Copy(d.buf, reader{in, w}); err != nil {
		return 0, err
	}
	w.done += w.rows(name)
	return w.rows(name), w.ctx.Err()
}

// reader stops where the export is told to.
type reader struct {
	io.Reader
	w *writer
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.w.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// group is a Parquet group whose columns come in our order; the library's own sorts them by name.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func (g group) Fields() []parquet.Field { return g.fields }

type field struct {
	parquet.Node
	name string
}

func (f field) Name() string { return f.name }

// Value is asked for only when Go structs are written; rows of values are.
func (f field) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}

// rowGroup bounds the rows that the library holds.
const rowGroup = 1 << 16

func (w *writer) wideParquet(d *draft) (rows int64, err error) {
	defer func() {
		if r := recover(); r != nil { // a bug of the library must not look like one of the run
			err = fmt.Errorf("the Parquet library failed: %v", r)
		}
	}()
	t, err := w.wide()
	if err != nil {
		return rows, err
	}
	g := group{Group: parquet.Group{}}
	const fixed = 5
	for j, c := range t.columns {
		var node parquet.Node
		switch {
		case c.kind == whole:
			node = parquet.Int(64)
		case c.kind == words:
			node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		default:
			node = parquet.Leaf(parquet.DoubleType)
		}
		if j >= fixed {
			node = parquet.Optional(node)
		}
		g.Group[c.name] = node
		g.fields = append(g.fields, field{node, c.name})
	}
	if len(g.Group) != len(t.columns) {
		return 0, errors.New("an observable has a column cell, replica, statistic, time or step: a wide table cannot hold it; export without --wide")
	}
	config := parquet.DefaultWriterConfig()
	config.CreatedBy = "sgdlab"
	config.Compression = &parquet.Zstd
	config.MaxRowsPerRowGroup = rowGroup
	config.Schema = parquet.NewSchema("samples", g)
	about, err := json.Marshal(map[string]string{"hash": w.run.Manifest.Result.String(), "program": w.run.Manifest.Program, "title": w.run.Manifest.Title, "spec": w.run.Spec})
	if err != nil {
		return rows, err
	}
	config.KeyValueMetadata = map[string]string{"sgdlab.run": string(about)}
	out := parquet.NewGenericWriter[any](d.buf, config)
	row := make(parquet.Row, len(t.columns))
	for v, err := range t.rows {
		if err != nil {
			return rows, err
		}
		for j := range v {
			level := 0
			var x parquet.Value
			switch {
			case j >= fixed && v[j].none:
				x = parquet.NullValue()
			case t.columns[j].kind == whole:
				x = parquet.Int64Value(v[j].i)
			case t.columns[j].kind == words:
				x = parquet.ByteArrayValue([]byte(v[j].s))
			default:
				x = parquet.DoubleValue(v[j].f)
			}
			if j >= fixed && !v[j].none {
				level = 1
			}
			row[j] = x.Level(0, level, j)
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, out.Close()
}

// survey finds what shapes the table of samples has.
func (w *writer) survey() (*shapes, error) {
	sh := newShapes()
	for s, err := range store.Rows[store.Sample](filepath.Join(w.run.Dir, store.SamplesFile)) {
		if err == nil {
			err = w.tick()
		}
		if err != nil {
			return nil, err
		}
		sh.add(&s)
	}
	return sh, nil
}
