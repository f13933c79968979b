package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sort"

	"sgdlab/ensemble"
	"sgdlab/store"
	"sgdlab/study"
)

// A finished run keeps, in one file, what it takes to extend it: of each cell its statistics in full and the states of the
// replicas that reached their horizon. Sums do not depend on how replicas were cut into shards, so what is kept is as good
// for a run of more replicas, of a longer horizon, or of more points. The file may be removed: an extension then computes
// everything.

// KeepLimit is the largest file of that kind, in bytes; of a run that needs more nothing is kept.
const KeepLimit = 512 << 20

// KeepPath is where a run keeps what an extension goes on from.
func KeepPath(dir string) string { return filepath.Join(dir, store.CheckpointDir, store.KeepFile) }

// keptHead is the head of a kept cell.
type keptHead struct {
	Key      store.Digest `json:"key"`
	From, To int          // replicas [From, To)
	Horizon  uint64       // in calls of the stepper
	Parked   int          // replicas that can go on
	Waiting  int          // replicas that reached the horizon
}

// keptCell encodes part of a cell: the length of its head, the head, and a result with one of Cells and one of Tails.
func keptCell(h keptHead, r *ensemble.Result) ([]byte, error) {
	h.Parked, h.Waiting = len(r.Parked), int(r.Tails[0].Replicas)
	head, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode a kept cell: %w", err)
	}
	body, err := r.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return slices.Concat(binary.AppendUvarint(nil, uint64(len(head))), head, body), nil
}

func keptParts(payload []byte) (h keptHead, body []byte, err error) {
	n, k := binary.Uvarint(payload)
	if k <= 0 || n > uint64(len(payload)-k) {
		return h, nil, errors.New("the head is cut short")
	}
	d := json.NewDecoder(bytes.NewReader(payload[k : k+int(n)]))
	if err := d.Decode(&h); err != nil {
		return h, nil, err
	}
	return h, payload[k+int(n):], nil
}

// span is a part of a cell that is known already.
type span struct {
	keptHead
	on           bool // the horizon is longer now: its parked replicas go on
	offset, size int64
}

// base is what is known of a study's cells before a run of it begins, from an earlier run. A nil *base knows nothing.
type base struct {
	path  string
	st    *study.Study
	cells [][]span // of each cell, disjoint, ascending
	id    store.Digest
}

// openBase finds what a run folder has kept of a study's cells. Damaged parts are named and not used.
func openBase(dir string, st *study.Study, notice func(error)) (*base, error) {
	path := KeepPath(dir)
	found := map[store.Digest][]span{}
	err := store.ReadFrames(path, func(f store.Frame) error {
		if f.Blob.Kind != store.Kept {
			return nil
		}
		h, _, err := keptParts(f.Blob.Payload)
		if err == nil {
			found[h.Key] = append(found[h.Key], span{keptHead: h, offset: f.Offset, size: f.Size})
		}
		return err
	})
	var damaged *store.DamagedError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &damaged):
		notice(err)
	case err != nil:
		return nil, err
	}
	b := &base{path: path, st: st, cells: make([][]span, len(st.Cells))}
	h := sha256.New()
	any := false
	for i := range st.Cells {
		c := &st.Cells[i]
		if st.Failed(c) != "" {
			continue
		}
		spans := found[st.Key(c)]
		if len(spans) == 0 {
			continue
		}
		replicas, horizon, err := st.Size(c)
		if err != nil {
			return nil, err
		}
		sort.SliceStable(spans, func(i, j int) bool {
			a, b := &spans[i], &spans[j]
			if a.From != b.From {
				return a.From < b.From
			}
			return a.To > b.To || a.To == b.To && a.Horizon > b.Horizon
		})
		end := 0
		for _, s := range spans {
			s.on = s.Horizon < horizon
			if s.From < end || s.To > replicas || s.Horizon > horizon || s.on && s.Parked < s.Waiting {
				continue
			}
			end, any = s.To, true
			b.cells[i] = append(b.cells[i], s)
			fmt.Fprintf(h, "cell %d: %d %d %d\n", i, s.From, s.To, s.Horizon)
		}
	}
	if !any {
		return nil, nil
	}
	b.id = store.Digest(h.Sum(nil))
	return b, nil
}

// shard is the path of a file of a shard. Where parts of cells are known its name says which, so that a result that leaves
// them out is never taken for one that leaves out others.
func (b *base) shard(dir string, id int, ext string) string {
	mark := ""
	if b != nil {
		mark = "-" + b.id.Short()
	}
	return filepath.Join(dir, store.CheckpointDir, fmt.Sprintf("shard-%06d%s%s", id, mark, ext))
}

// covers are the known parts of a cell of a group.
func (b *base) covers(group, index int) []span {
	if b == nil {
		return nil
	}
	return b.cells[b.st.Groups[group].Cells[index].ID]
}

// rest is what is left to do of a shard: the replicas that are not known, block by block, and whether there are any, or
// any that may have to go on.
func (b *base) rest(sh ensemble.Shard) (left ensemble.Shard, some bool) {
	left = ensemble.Shard{ID: sh.ID, Group: sh.Group}
	for _, blk := range sh.Blocks {
		at := blk.From
		for _, s := range b.covers(sh.Group, blk.Cell) {
			if s.To <= at || s.From >= blk.To {
				continue
			}
			if s.From > at {
				left.Blocks = append(left.Blocks, ensemble.Block{Cell: blk.Cell, From: at, To: s.From})
				some = true
			}
			at = min(s.To, blk.To)
			some = some || s.on && s.Waiting > 0
		}
		left.Blocks = append(left.Blocks, ensemble.Block{Cell: blk.Cell, From: at, To: blk.To}) // empty ones name the cell
		some = some || at < blk.To
	}
	return left, some
}

// parked are the replicas of a shard that go on.
func (b *base) parked(sh ensemble.Shard) ([]ensemble.Parked, error) {
	var out []ensemble.Parked
	for _, blk := range sh.Blocks {
		for _, s := range b.covers(sh.Group, blk.Cell) {
			if !s.on || s.Waiting == 0 || s.To <= blk.From || s.From >= blk.To {
				continue
			}
			r, err := b.read(s)
			if err != nil {
				return nil, err
			}
			for _, p := range r.Parked {
				if p.Replica >= uint64(blk.From) && p.Replica < uint64(blk.To) {
					p.Cell = blk.Cell
					out = append(out, p)
				}
			}
		}
	}
	return out, nil
}

func (b *base) read(s span) (*ensemble.Result, error) {
	blob, err := store.ReadFrame(b.path, s.offset, s.size)
	if err != nil {
		return nil, err
	}
	_, body, err := keptParts(blob.Payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.path, err)
	}
	r := &ensemble.Result{}
	if err := r.UnmarshalBinary(body); err != nil || len(r.Cells) != 1 || len(r.Tails) != 1 {
		return nil, fmt.Errorf("%s: a kept cell cannot be read: %v; remove the file, and what it held is computed anew", b.path, err)
	}
	return r, nil
}

// cell are the parts of a cell that are known.
func (b *base) cell(i int) (out []study.Known) {
	if b == nil {
		return nil
	}
	index := b.st.Cells[i].Index
	for _, s := range b.cells[i] {
		out = append(out, study.Known{From: s.From, To: s.To, Final: !s.on, Read: func() (*ensemble.Result, error) {
			r, err := b.read(s)
			if err != nil {
				return nil, err
			}
			r.Cells[0].Cell, r.Tails[0].Cell = index, index
			for k := range r.Parked {
				r.Parked[k].Cell = index
			}
			return r, nil
		}})
	}
	return out
}

// replicas is how many replicas of a study need not be started.
func (b *base) replicas() (n int64) {
	if b == nil {
		return 0
	}
	for _, spans := range b.cells {
		for _, s := range spans {
			n += int64(s.To - s.From)
		}
	}
	return n
}

// keeper writes what an extension goes on from.
type keeper struct {
	st     *study.Study
	plan   store.Digest
	frames *store.Frames
	why    string // nothing is kept
}

func newKeeper(dir string, st *study.Study, plan store.Digest) *keeper {
	k := &keeper{st: st, plan: plan}
	var err error
	if k.frames, err = store.CreateFrames(KeepPath(dir)); err != nil {
		k.frames, k.why = nil, err.Error()
	}
	return k
}

// add appends part of a cell. A failure is no failure of the run: nothing is kept then.
func (k *keeper) add(c *study.Cell, from, to int, r *ensemble.Result) {
	if k.frames == nil {
		return
	}
	_, horizon, err := k.st.Size(c)
	var payload []byte
	if err == nil {
		payload, err = keptCell(keptHead{Key: k.st.Key(c), From: from, To: to, Horizon: horizon}, r)
	}
	if err == nil {
		if err = k.frames.Append(store.Blob{Kind: store.Kept, Plan: k.plan, Payload: payload}); err == nil && k.frames.Size() > KeepLimit {
			err = fmt.Errorf("it is over %d MB", KeepLimit>>20)
		}
	}
	if err != nil {
		k.frames.Abort()
		k.frames, k.why = nil, err.Error()
	}
}

func (k *keeper) close() {
	if k.frames != nil {
		if err := k.frames.Close(); err != nil {
			k.why = err.Error()
		}
	}
}

func (k *keeper) abort() {
	if k.frames != nil {
		k.frames.Abort()
	}
}
