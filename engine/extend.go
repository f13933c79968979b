package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sgdlab/ensemble"
	"sgdlab/store"
	"sgdlab/study"
)

// Extension checks that a study asks for all that an earlier one asked, and more: every cell of the earlier with at least
// as many replicas and at least as long a horizon. Its error says which cell is not there.
func Extension(longer, earlier *study.Study) error {
	type size struct {
		replicas int
		horizon  uint64
	}
	there := map[store.Digest][]size{}
	for i := range longer.Cells {
		c := &longer.Cells[i]
		if longer.Failed(c) != "" {
			continue
		}
		n, h, err := longer.Size(c)
		if err != nil {
			return err
		}
		k := longer.Key(c)
		there[k] = append(there[k], size{n, h})
	}
	for i := range earlier.Cells {
		c := &earlier.Cells[i]
		if earlier.Failed(c) != "" {
			continue
		}
		n, h, err := earlier.Size(c)
		if err != nil {
			return err
		}
		sizes := there[earlier.Key(c)]
		if len(sizes) == 0 {
			return fmt.Errorf("the cell %s of the run is not in it: a point is missing, or what its replicas do has changed", earlier.Label(c))
		}
		fits := false
		for _, s := range sizes {
			fits = fits || s.replicas >= n && s.horizon >= h
		}
		if !fits {
			return fmt.Errorf("the cell %s of the run has %d replicas up to %d steps, more than %d replicas up to %d steps", earlier.Label(c), n, h, sizes[0].replicas, sizes[0].horizon)
		}
	}
	return nil
}

// seed puts what the run that is extended has kept into the folder of the longer one, if nothing is there yet.
func (l *Lab) seed(dir string, st *study.Study) (*store.Origin, error) {
	if l.From == "" {
		return nil, nil
	}
	if a, err := os.Stat(l.From); err == nil {
		if b, err := os.Stat(dir); err == nil && os.SameFile(a, b) {
			return nil, &Refused{fmt.Errorf("%s: this is all that the run asks for; `sgdlab resume %s` finishes it", dir, Word(dir))}
		}
	}
	m, err := store.ReadManifest(l.From)
	if err != nil {
		return nil, err
	}
	if l.Paper == "" {
		l.Paper = m.Paper
	}
	origin := &store.Origin{Run: name(l.From), Plan: m.Plan, Result: m.Result}
	if err := os.MkdirAll(filepath.Join(dir, store.CheckpointDir), 0o777); err != nil {
		return nil, err
	}
	if _, err := os.Stat(KeepPath(dir)); errors.Is(err, fs.ErrNotExist) {
		lock, err := store.LockRun(l.From)
		if err != nil {
			return nil, &Refused{err}
		}
		defer lock.Release()
		if _, err := os.Stat(KeepPath(l.From)); err == nil {
			err = store.Copy(KeepPath(l.From), KeepPath(dir))
			if err != nil && !errors.Is(err, fs.ErrExist) {
				return nil, err
			}
		} else if m.Status != store.Done {
			if err := l.pack(dir, m); err != nil {
				return nil, err
			}
		}
	}
	known, err := openBase(dir, st, func(err error) {
		if l.Notice != nil {
			l.Notice(err.Error())
		}
	})
	if err != nil {
		return nil, err
	}
	steps, all := int64(0), int64(0)
	for i := range st.Cells {
		for _, part := range known.cell(i) {
			r, err := part.Read()
			if err != nil {
				return nil, err
			}
			steps += r.Cells[0].Steps + r.Tails[0].Steps
		}
		all += int64(st.Groups[st.Cells[i].Group].Cells[st.Cells[i].Index].Replicas)
	}
	origin.ReplicaSteps = steps
	if l.Notice != nil {
		if n := known.replicas(); n > 0 {
			l.Notice(fmt.Sprintf("goes on from %s: %d of %d replicas were begun there", l.From, n, all))
		} else {
			l.Notice(fmt.Sprintf("%s has kept nothing to go on from: everything is computed", l.From))
		}
	}
	return origin, nil
}

// pack makes the file of what is kept from the shards that stand of a run that was interrupted.
func (l *Lab) pack(dir string, m *store.Manifest) error {
	st, err := study.LoadFile(filepath.Join(l.From, store.SpecYAML), study.Options{})
	if err != nil {
		return err
	}
	_, _, plan, err := PlanOf(st)
	if err != nil {
		return err
	}
	if plan != m.Plan {
		return nil // of another version of the program: nothing of it can be used
	}
	k := newKeeper(dir, st, plan)
	defer k.abort()
	var none *base
	load := none.load(l.From, st, plan)
	for _, sh := range st.Shards {
		r, err := load(sh.ID)
		if err != nil {
			continue // not there, or damaged
		}
		for _, b := range sh.Blocks {
			for j := range r.Cells {
				if r.Cells[j].Cell != b.Cell {
					continue
				}
				part := &ensemble.Result{Cells: r.Cells[j : j+1], Tails: r.Tails[j : j+1]}
				for _, p := range r.Parked {
					if p.Cell == b.Cell {
						part.Parked = append(part.Parked, p)
					}
				}
				k.add(&st.Cells[st.Groups[sh.Group].Cells[b.Cell].ID], b.From, b.To, part)
			}
		}
	}
	k.close()
	return nil
}
