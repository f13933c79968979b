package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/ensemble"
	"sgdlab/spec"
	"sgdlab/store"
	"sgdlab/study"
)

// Finding is a file of a run folder that is not as the run left it.
type Finding struct {
	File  string `json:"file"`
	Found string `json:"found"`
}

// Files checks the files of a run folder against their own hashes, the manifest's and those that are listed, and replays
// nothing. It returns how many it looked at and those that are missing or damaged.
func Files(dir string) (looked int, bad []Finding) {
	check := func(file string, err error) {
		looked++
		if err != nil {
			text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), filepath.Join(dir, file)), ": ")
			bad = append(bad, Finding{file, text})
		}
	}
	m, err := store.ReadManifest(dir)
	check(store.ManifestFile, err)
	if m == nil {
		m = &store.Manifest{}
	}
	want := func(what string, got, want store.Digest) error {
		if !want.IsZero() && got != want {
			return fmt.Errorf("its hash is %s; the manifest says %s", got.Short(), want.Short())
		}
		return nil
	}
	for _, file := range []string{store.SpecYAML, store.SpecJSON} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil {
			root, problems := spec.Parse(file, text)
			if err = problems.Err(); err == nil {
				var d store.Digest
				if err = d.UnmarshalText([]byte(study.HashOf(root))); err == nil {
					err = want(file, d, m.Spec)
				}
			}
		}
		check(file, cause(err))
	}
	text, err := os.ReadFile(filepath.Join(dir, PlanFile))
	if err == nil {
		err = want(PlanFile, sha256.Sum256(text), m.Plan)
	}
	check(PlanFile, cause(err))
	if m.Status == store.Done {
		sums, whole := store.Sums{}, true
		table := func(file string, sum func() (store.Digest, error), into *store.Digest) {
			d, err := sum()
			if err == nil {
				_, err = os.Stat(filepath.Join(dir, file)) // one that is missing has the sum of an empty one
				err = cause(err)
			}
			whole = whole && err == nil
			*into = d
			check(file, err)
		}
		table(store.CellsFile, func() (store.Digest, error) {
			cells, err := store.ReadCells(filepath.Join(dir, store.CellsFile))
			if err != nil {
				return store.Digest{}, err
			}
			return store.SumCells(cells)
		}, &sums.Cells)
		table(store.SamplesFile, func() (store.Digest, error) { return store.SumFile[store.Sample](dir) }, &sums.Samples)
		table(store.PassagesFile, func() (store.Digest, error) { return store.SumFile[store.Passage](dir) }, &sums.Passages)
		table(store.PlateausFile, func() (store.Digest, error) { return store.SumFile[store.Plateau](dir) }, &sums.Plateaus)
		if whole {
			if err := want("", sums.Hash(), m.Result); err != nil {
				bad = append(bad, Finding{"*.parquet", "a sound table stands in place of another: together " + err.Error()})
			}
		}
		_, err := store.ReadVerdicts(dir)
		check(store.VerdictsFile, err)
		text, err := os.ReadFile(filepath.Join(dir, AnalysesFile))
		if err == nil {
			var analyses []study.Analysis
			err = json.Unmarshal(text, &analyses)
		}
		check(AnalysesFile, cause(err))
	}
	blobs, _ := filepath.Glob(filepath.Join(glob(dir), store.CheckpointDir, "*"))
	for _, path := range blobs {
		file := filepath.Join(store.CheckpointDir, filepath.Base(path))
		switch ext := filepath.Ext(path); {
		case path == KeepPath(dir):
			check(file, store.ReadFrames(path, func(store.Frame) error { return nil }))
		case ext == result || ext == partial:
			_, err := store.ReadBlob(path, store.Shard, m.Plan)
			check(file, err)
		case ext == saved:
			_, err := store.ReadBlob(path, store.Checkpoint, m.Plan)
			check(file, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, store.SumsFile)); err != nil {
		return looked, bad // of a run in progress, or of an earlier version
	}
	keep := filepath.ToSlash(filepath.Join(store.CheckpointDir, store.KeepFile))
	altered, err := store.CheckSums(dir, func(name string) bool {
		if name == store.ReportFile || strings.HasPrefix(name, store.FigureDir+"/") {
			looked++
		}
		return name != keep // which may be removed
	})
	looked++
	for _, a := range altered {
		if !slices.ContainsFunc(bad, func(f Finding) bool { return f.File == a.File }) {
			bad = append(bad, Finding{a.File, a.Finding})
		}
	}
	if err != nil {
		bad = append(bad, Finding{store.SumsFile, err.Error()})
	}
	return looked, bad
}

// Difference is the first number in which a replay differs from what a run folder holds.
type Difference struct {
	Table    string `json:"table"` // samples, …, or end: the states of replicas at their horizon
	Cell     int    `json:"cell"`
	Name     string `json:"name"`    // of the cell: its dynamics and settings
	Replica  int64  `json:"replica"` // −1 for a number over replicas
	Column   string `json:"column"`
	Stored   string `json:"stored"`
	Replayed string `json:"replayed"`
}

func (d *Difference) String() string {
	who := ""
	if d.Replica >= 0 {
		who = fmt.Sprintf(", replica %d", d.Replica)
	}
	return fmt.Sprintf("%s: cell %d (%s)%s: %s is %s in the folder and %s in the replay", d.Table, d.Cell, d.Name, who, d.Column, d.Stored, d.Replayed)
}

// Check is what a replay found.
type Check struct {
	Run       string      `json:"run"`
	Program   string      `json:"program"` // that made the run
	Replay    string      `json:"replay"`  // the program that replays it
	Shards    int         `json:"shards"`  // that were replayed, of
	Total     int         `json:"total"`
	Seed      uint64      `json:"seed,omitempty"` // of the sample
	Numbers   int64       `json:"numbers"`        // rows that were compared
	Stored    string      `json:"stored"`         // hash, of a whole replay
	Replayed  string      `json:"replayed"`
	Identical bool        `json:"identical"`
	First     *Difference `json:"first,omitempty"`
	Notes     []string    `json:"notes"`
}

// Program is this program, as manifests name it.
func Program() string { return fmt.Sprintf("sgdlab %s, results %d", sgdlab.Version, sgdlab.Results) }

// Verify replays a finished run from its spec, in a folder of its own that it removes again, and compares. With 0 < part < 1
// it replays a random sample of that part of the shards, and compares what the folder holds of single replicas: their
// passages, plateaus, kept paths and states at the horizon. seed draws the sample.
func (l *Lab) Verify(ctx context.Context, dir string, st *study.Study, part float64, seed uint64) (*Check, error) {
	m, err := store.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Status == store.Running && !store.Driven(dir) {
		m.Status = store.Interrupted
	}
	if m.Status != store.Done {
		return nil, &Refused{fmt.Errorf("%s is not done: it is %s; `sgdlab resume %s` finishes it, and --files checks the files that there are", dir, m.Status, Word(dir))}
	}
	c := &Check{Run: name(dir), Program: m.Program, Replay: Program(), Total: len(st.Shards), Stored: m.Result.String(), Notes: []string{}}
	if c.Program != c.Replay {
		note := "made by " + c.Program + ", replayed by " + c.Replay
		var version string
		var results int
		if at := strings.LastIndex(c.Program, ", results "); at >= 0 {
			version = c.Program[:at]
			_, _ = fmt.Sscanf(c.Program[at:], ", results %d", &results)
		}
		if results != sgdlab.Results {
			note += ": the number of results differs, so the bits may"
		} else if version != "" {
			note += ": the number of results is the same, so the bits should be"
		}
		c.Notes = append(c.Notes, note)
	}
	_, _, plan, err := PlanOf(st)
	if err != nil {
		return nil, err
	}
	if plan != m.Plan {
		c.Notes = append(c.Notes, "the plan differs: other data, another spec or another version of the program")
	}
	if part > 0 && part < 1 {
		return c, l.sample(ctx, c, dir, st, part, seed)
	}
	return c, l.replay(ctx, c, dir, st, m)
}

// replay runs it all again.
func (l *Lab) replay(ctx context.Context, c *Check, dir string, st *study.Study, m *store.Manifest) error {
	temp, err := os.MkdirTemp(l.Out, "sgdlab-verify-")
	if err != nil {
		return fmt.Errorf("a folder for the replay: %w", err)
	}
	defer os.RemoveAll(temp)
	again := *l
	again.Dir, again.Paper, again.From = filepath.Join(temp, filepath.Base(name(dir))), m.Paper, ""
	run, err := again.Do(ctx, st)
	if err != nil {
		var stopped *Stopped
		if errors.As(err, &stopped) {
			return errors.New("stopped: the replay is dropped, nothing was compared")
		}
		return err
	}
	c.Shards, c.Replayed = len(st.Shards), run.Manifest.Result.String()
	for _, n := range run.Manifest.Rows {
		c.Numbers += n
	}
	stored, err := store.Hash(dir)
	if err != nil {
		c.Notes = append(c.Notes, err.Error())
		c.Identical = false
		if run.Manifest.Result == m.Result {
			c.Notes = append(c.Notes, "the replay has the hash of the manifest: the files are damaged, the run was right")
		}
		return nil
	}
	if stored != m.Result {
		c.Notes = append(c.Notes, fmt.Sprintf("the tables have the hash %s, the manifest says %s: one was changed after the run", stored.Short(), m.Result.Short()))
		c.Stored = stored.String()
	}
	if c.Identical = run.Manifest.Result == stored && stored == m.Result; c.Identical {
		return nil
	}
	c.First, err = firstDifference(st, dir, again.Dir)
	return err
}

// firstDifference compares the tables of two folders.
func firstDifference(st *study.Study, stored, replayed string) (*Difference, error) {
	a, err := store.ReadCells(filepath.Join(stored, store.CellsFile))
	if err != nil {
		return nil, err
	}
	b, err := store.ReadCells(filepath.Join(replayed, store.CellsFile))
	if err != nil {
		return nil, err
	}
	passages, err := differs(st, store.Rows[store.Passage](store.TablePath[store.Passage](stored)), store.Rows[store.Passage](store.TablePath[store.Passage](replayed)))
	if passages != nil || err != nil {
		return passages, err
	}
	plateaus, err := differs(st, store.Rows[store.Plateau](store.TablePath[store.Plateau](stored)), store.Rows[store.Plateau](store.TablePath[store.Plateau](replayed)))
	if plateaus != nil || err != nil {
		return plateaus, err
	}
	samples, err := differs(st, store.Rows[store.Sample](store.TablePath[store.Sample](stored)), store.Rows[store.Sample](store.TablePath[store.Sample](replayed)))
	if samples != nil || err != nil {
		return samples, err
	}
	return cellsDiffer(st, a, b), nil
}

// text prints a value so that equal texts are equal bits, but for NaNs.
func spelled(v any) string {
	if x, ok := v.(float64); ok {
		if x == 0 && math.Signbit(x) {
			return "-0"
		}
		return fmt.Sprintf("%.17g", x)
	}
	return fmt.Sprint(v)
}

// differs finds the first row in which two tables differ, and in it the first column.
func differs[T store.Row](st *study.Study, stored, replayed iter.Seq2[T, error]) (*Difference, error) {
	nextA, stopA := iter.Pull2(stored)
	defer stopA()
	nextB, stopB := iter.Pull2(replayed)
	defer stopB()
	for {
		a, errA, okA := nextA()
		b, errB, okB := nextB()
		switch {
		case errA != nil || errB != nil:
			return nil, errors.Join(errA, errB)
		case !okA && !okB:
			return nil, nil
		case !okA:
			return rowDifference(st, b, "the row", "missing", "there"), nil
		case !okB:
			return rowDifference(st, a, "the row", "there", "missing"), nil
		}
		x, y := reflect.ValueOf(a), reflect.ValueOf(b)
		for i := range x.NumField() {
			if s, r := spelled(x.Field(i).Interface()), spelled(y.Field(i).Interface()); s != r {
				column := strings.ToLower(x.Type().Field(i).Name)
				return rowDifference(st, a, column, s, r), nil
			}
		}
	}
}

// rowDifference says which row of which table differs.
func rowDifference(st *study.Study, row any, column, stored, replayed string) *Difference {
	d := &Difference{Column: column, Stored: stored, Replayed: replayed, Replica: -1}
	switch r := row.(type) {
	case store.Sample:
		d.Table, d.Cell, d.Replica = "samples", int(r.Cell), r.Replica
		if column == "value" || column == "the row" {
			d.Column = fmt.Sprintf("%s of %s at time %g", r.Statistic, r.Column, r.Time)
		}
	case store.Passage:
		d.Table, d.Cell, d.Replica = "passages", int(r.Cell), r.Replica
		d.Column = column + " of " + r.Event
	case store.Plateau:
		d.Table, d.Cell, d.Replica = "plateaus", int(r.Cell), r.Replica
		d.Column = fmt.Sprintf("%s of plateau %d", column, r.Index+1)
	}
	if d.Cell < len(st.Cells) {
		d.Name = st.Label(&st.Cells[d.Cell])
	}
	return d
}

func cellsDiffer(st *study.Study, a, b []store.Cell) *Difference {
	for i := range max(len(a), len(b)) {
		d := &Difference{Table: "cells", Cell: i, Replica: -1}
		if i < len(st.Cells) {
			d.Name = st.Label(&st.Cells[i])
		}
		switch {
		case i >= len(a):
			d.Column, d.Stored, d.Replayed = "the row", "missing", "there"
			return d
		case i >= len(b):
			d.Column, d.Stored, d.Replayed = "the row", "there", "missing"
			return d
		}
		x, y := &a[i], &b[i]
		fields := [][3]string{
			{"replicas", spelled(x.Replicas), spelled(y.Replicas)}, {"diverged", spelled(x.Diverged), spelled(y.Diverged)}, {"failed", x.Failed, y.Failed},
			{"dynamics", x.Dynamics, y.Dynamics}, {"the settings", spelled(x.Params), spelled(y.Params)},
		}
		for _, e := range x.Estimates {
			o, ok := y.Estimate(e.Name)
			if !ok {
				fields = append(fields, [3]string{e.Name, "there", "missing"})
				continue
			}
			for _, f := range []struct {
				name string
				a, b float64
			}{{"", e.Value, o.Value}, {".se", e.SE, o.SE}, {".lo", e.Lo, o.Lo}, {".hi", e.Hi, o.Hi}, {".n", float64(e.N), float64(o.N)}} {
				fields = append(fields, [3]string{e.Name + f.name, spelled(f.a), spelled(f.b)})
			}
		}
		for _, e := range y.Estimates {
			if _, ok := x.Estimate(e.Name); !ok {
				fields = append(fields, [3]string{e.Name, "missing", "there"})
			}
		}
		for _, f := range fields {
			if f[1] != f[2] {
				d.Column, d.Stored, d.Replayed = f[0], f[1], f[2]
				return d
			}
		}
	}
	return nil
}

// sample replays some shards and compares replica by replica.
func (l *Lab) sample(ctx context.Context, c *Check, dir string, st *study.Study, part float64, seed uint64) error {
	rnd := rand.New(rand.NewPCG(seed, 0))
	order := rnd.Perm(len(st.Shards))
	chosen := order[:max(1, int(math.Ceil(part*float64(len(order)))))]
	slices.Sort(chosen)
	c.Shards, c.Seed, c.Stored = len(chosen), seed, ""

	some := *st
	some.Shards = nil
	in := map[int][][2]int{} // cell → replicas
	for _, id := range chosen {
		sh := st.Shards[id]
		sh.ID = len(some.Shards)
		some.Shards = append(some.Shards, sh)
		for _, b := range sh.Blocks {
			cell := st.Groups[sh.Group].Cells[b.Cell].ID
			in[cell] = append(in[cell], [2]int{b.From, b.To})
		}
	}
	temp, err := os.MkdirTemp(l.Out, "sgdlab-verify-")
	if err != nil {
		return fmt.Errorf("a folder for the replay: %w", err)
	}
	defer os.RemoveAll(temp)
	_, _, plan, err := PlanOf(&some)
	if err != nil {
		return err
	}
	local := &Local{Workers: l.Workers, Notice: l.Notice, Progress: l.Progress}
	if err := local.Run(ctx, temp, &some, plan); err != nil {
		var stopped *Stopped
		if errors.As(err, &stopped) {
			return errors.New("stopped: the replay is dropped, nothing was compared")
		}
		return err
	}
	got := &collected{parked: map[int][]ensemble.Parked{}}
	var none *base
	if _, err := some.GatherOnto(none.cell, none.load(temp, &some, plan), got); err != nil {
		return err
	}
	chose := func(cell, replica int64) bool {
		return replica >= 0 && slices.ContainsFunc(in[int(cell)], func(b [2]int) bool { return int(replica) >= b[0] && int(replica) < b[1] })
	}
	count := func(n int) { c.Numbers += int64(n) }
	d, err := differs(st, only(store.Rows[store.Passage](store.TablePath[store.Passage](dir)), func(r store.Passage) bool { return chose(int64(r.Cell), r.Replica) }), all(got.passages))
	count(len(got.passages))
	if d == nil && err == nil {
		d, err = differs(st, only(store.Rows[store.Plateau](store.TablePath[store.Plateau](dir)), func(r store.Plateau) bool { return chose(int64(r.Cell), r.Replica) }), all(got.plateaus))
		count(len(got.plateaus))
	}
	if d == nil && err == nil {
		d, err = differs(st, only(store.Rows[store.Sample](store.TablePath[store.Sample](dir)), func(r store.Sample) bool { return chose(int64(r.Cell), r.Replica) }), all(got.paths))
		count(len(got.paths))
	}
	if d == nil && err == nil {
		var n int
		d, n, err = endsDiffer(dir, st, got.parked, chose)
		count(n)
	}
	if err != nil {
		return err
	}
	c.First, c.Identical = d, d == nil
	if c.Numbers == 0 {
		return &Refused{fmt.Errorf("%s holds nothing of single replicas in the sample (no events, no kept paths, and no %s): want the whole run: verify without --sample", dir, filepath.Join(store.CheckpointDir, store.KeepFile))}
	}
	return nil
}

// endsDiffer compares the states of replicas at their horizon with those that the folder has kept.
func endsDiffer(dir string, st *study.Study, parked map[int][]ensemble.Parked, chose func(cell, replica int64) bool) (*Difference, int, error) {
	known, err := openBase(dir, st, func(error) {})
	if known == nil || err != nil {
		return nil, 0, err
	}
	compared := 0
	for i := range st.Cells {
		if len(parked[i]) == 0 {
			continue
		}
		byReplica := map[uint64]*ensemble.Parked{}
		for _, part := range known.cell(i) {
			r, err := part.Read()
			if err != nil {
				return nil, compared, err
			}
			for k := range r.Parked {
				if chose(int64(i), int64(r.Parked[k].Replica)) {
					byReplica[r.Parked[k].Replica] = &r.Parked[k]
				}
			}
		}
		if len(byReplica) == 0 {
			continue // its states were not kept
		}
		for k := range parked[i] {
			b := &parked[i][k]
			d := &Difference{Table: "end", Cell: i, Name: st.Label(&st.Cells[i]), Replica: int64(b.Replica)}
			a := byReplica[b.Replica]
			if a == nil {
				d.Column, d.Stored, d.Replayed = "the state at the horizon", "missing", "there"
				return d, compared, nil
			}
			compared++
			for j := range min(len(a.State), len(b.State)) {
				if s, r := spelled(a.State[j]), spelled(b.State[j]); s != r {
					d.Column, d.Stored, d.Replayed = fmt.Sprintf("state[%d]", j), s, r
					return d, compared, nil
				}
			}
			if s, r := fmt.Sprint(a.Step, spelled(a.Time), len(a.State)), fmt.Sprint(b.Step, spelled(b.Time), len(b.State)); s != r {
				d.Column, d.Stored, d.Replayed = "step, time and size", s, r
				return d, compared, nil
			}
		}
	}
	return nil, compared, nil
}

// collected are rows of single replicas.
type collected struct {
	paths    []store.Sample
	passages []store.Passage
	plateaus []store.Plateau
	parked   map[int][]ensemble.Parked
}

// Samples takes those of kept replicas.
func (c *collected) Samples(rows ...store.Sample) error {
	for _, r := range rows {
		if r.Replica >= 0 {
			c.paths = append(c.paths, r)
		}
	}
	return nil
}

// Passages takes rows.
func (c *collected) Passages(rows ...store.Passage) error {
	c.passages = append(c.passages, rows...)
	return nil
}

// Plateaus takes rows.
func (c *collected) Plateaus(rows ...store.Plateau) error {
	c.plateaus = append(c.plateaus, rows...)
	return nil
}

// Keep takes the replicas that reached their horizon.
func (c *collected) Keep(cell, _, _ int, part *ensemble.Result) error {
	c.parked[cell] = append(c.parked[cell], part.Parked...)
	return nil
}

// only passes the rows on that are wanted; a table that is missing has none.
func only[T any](rows iter.Seq2[T, error], want func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for r, err := range rows {
			if errors.Is(err, fs.ErrNotExist) {
				return
			}
			if (err != nil || want(r)) && !yield(r, err) {
				return
			}
		}
	}
}

func all[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}
