// Package engine runs the shards of a plan and joins their results into a run folder.
//
// Only the store says what is done: a shard is done when its result stands, whole, under its name. Running and resuming
// are one loop over the shards that are missing. Shards in progress leave a checkpoint every few seconds and when they
// are told to stop, so that little is lost and not a bit changes.
//
// What belongs here: where and when shards run, progress, the order of events in a run folder. What does not: what a
// shard computes (package ensemble), what results mean (package study), the form of files (package store).
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"sgdlab"
	"sgdlab/ensemble"
	"sgdlab/lanes"
	"sgdlab/store"
	"sgdlab/study"
)

// saveEvery is how often a shard in progress is saved.
const saveEvery = 5 * time.Second

// Plan is what plan.json holds: all that the results depend on. Its hash is the plan's name.
type Plan struct {
	Spec    string           `json:"spec"` // SHA-256 of the resolved spec
	Results int              `json:"results"`
	Data    []string         `json:"data,omitempty"` // SHA-256 of the data sets
	Shards  []ensemble.Shard `json:"shards"`
}

// PlanFile is the plan in a run folder.
const PlanFile = "plan.json"

// PlanOf returns the plan of a study, its text and its hash.
func PlanOf(st *study.Study) (p Plan, text []byte, hash store.Digest, err error) {
	p = Plan{Spec: st.Hash(), Results: sgdlab.Results, Shards: st.Shards}
	for _, g := range st.Groups {
		if h := g.DataHash(); h != "" && (len(p.Data) == 0 || p.Data[len(p.Data)-1] != h) {
			p.Data = append(p.Data, h)
		}
	}
	if text, err = json.MarshalIndent(p, "", " "); err != nil {
		return p, nil, hash, fmt.Errorf("encode the plan: %w", err)
	}
	return p, text, sha256.Sum256(text), nil
}

// Progress is how far a run is.
type Progress struct {
	Shards, ShardsDone     int
	Points, PointsDone     int // of the sweep
	Replicas, ReplicasDone int64
	Done                   float64 // replicas' worth of work, with the part that running replicas have behind them
	Steps                  int64   // replica-steps of this session
	Elapsed                time.Duration
	Left                   time.Duration // estimated; 0 while unknown
}

// Local runs shards on the cores of this machine.
type Local struct {
	Workers  int            // goroutines; 0: one per core
	Save     time.Duration  // how often a shard in progress is saved; 0: every 5 s
	Progress func(Progress) // called now and then from one goroutine; may be nil
	Notice   func(string)   // told of damaged files that are recomputed and the like, from several goroutines; may be nil
}

// Stopped is the error of a run that was told to stop and can be resumed.
type Stopped struct{ Dir string }

func (e *Stopped) Error() string {
	return fmt.Sprintf("interrupted; `sgdlab resume %s` continues", Word(e.Dir))
}

// Word is a path as a shell takes it.
func Word(path string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+,@%", r)
	}
	if path != "" && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// Refused is a run that was not begun: nothing was computed and nothing was changed.
type Refused struct{ error }

func (e *Refused) Unwrap() error { return e.error }

// Run computes the missing shards of a study in a run folder. When it returns nil every shard is in the store. A
// cancelled context makes it save what is in progress and return *Stopped.
func (e *Local) Run(ctx context.Context, dir string, st *study.Study, plan store.Digest) error {
	b, err := openBase(dir, st, func(err error) {
		if e.Notice != nil {
			e.Notice(err.Error())
		}
	})
	if err != nil {
		return err
	}
	return e.run(ctx, dir, st, plan, b)
}

// run computes what is missing beside what is known already.
func (e *Local) run(ctx context.Context, dir string, st *study.Study, plan store.Digest, known *base) error {
	workers := e.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	checkpoints := filepath.Join(dir, store.CheckpointDir)
	if err := os.MkdirAll(checkpoints, 0o777); err != nil {
		return err
	}
	if _, err := store.Sweep(dir); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := discard(dir, "shard-*.failed"); err != nil { // they are tried again
		return err
	}
	r := &round{engine: e, dir: dir, st: st, plan: plan, known: known, ctx: ctx, begun: time.Now()}
	r.parts = make([]int, len(st.Points))
	for i := range st.Shards {
		r.total += int64(st.Shards[i].Replicas())
		for _, p := range pointsOf(st, i) {
			r.parts[p]++
		}
	}
	for _, n := range r.parts {
		if n == 0 {
			r.points++ // that cannot be built: nothing is to be done
		}
	}
	for i := range st.Shards {
		ok, err := r.stands(i)
		if err != nil {
			return err
		}
		if ok {
			r.before += int64(st.Shards[i].Replicas())
			r.done(i)
		} else {
			r.missing = append(r.missing, i)
		}
	}
	if n := len(r.missing); n > 0 && n < workers { // the cores that have no shard share the products of those that have
		lanes.Cores.Store(int32(workers / n))
		defer lanes.Cores.Store(1)
	}
	r.finished.Store(r.before)
	done := make(chan struct{})
	var reporter sync.WaitGroup
	if e.Progress != nil {
		reporter.Go(func() {
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					e.Progress(r.progress())
				case <-done:
					e.Progress(r.progress())
					return
				}
			}
		})
	}
	var group sync.WaitGroup
	for range min(workers, max(1, len(r.missing))) {
		group.Go(func() {
			if err := r.work(); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	close(done)
	reporter.Wait()
	if err := context.Cause(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			return &Stopped{Dir: dir}
		}
		return err
	}
	return nil
}

// round is one call of Run.
type round struct {
	engine  *Local
	dir     string
	st      *study.Study
	plan    store.Digest
	known   *base
	ctx     context.Context
	missing []int
	begun   time.Time
	total   int64 // replicas
	before  int64 // of these, done in earlier sessions

	next     atomic.Int64 // index into missing
	finished atomic.Int64
	partial  atomic.Int64 // millionths of a replica's work that running replicas have behind them
	steps    atomic.Int64

	mu     sync.Mutex
	shards int   // that stand
	points int   // of which all shards stand
	parts  []int // of each point, its shards that do not stand yet
}

// pointsOf lists the points of the sweep that a shard holds replicas of.
func pointsOf(st *study.Study, id int) []int {
	var out []int
	for _, b := range st.Shards[id].Blocks {
		if p := st.Groups[st.Shards[id].Group].Points[b.Cell]; !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// done counts a shard that stands.
func (r *round) done(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shards++
	for _, p := range pointsOf(r.st, id) {
		if r.parts[p]--; r.parts[p] == 0 {
			r.points++
		}
	}
}

func (r *round) progress() Progress {
	p := Progress{
		Shards: len(r.st.Shards), Points: len(r.st.Points), Replicas: r.total, ReplicasDone: r.finished.Load(),
		Steps: r.steps.Load(), Elapsed: time.Since(r.begun),
	}
	r.mu.Lock()
	p.ShardsDone, p.PointsDone = r.shards, r.points
	r.mu.Unlock()
	p.Done = float64(p.ReplicasDone) + float64(r.partial.Load())*1e-6
	if n := p.Done - float64(r.before); n > 0 {
		left := float64(p.Elapsed) * (float64(p.Replicas) - p.Done) / n
		p.Left = time.Duration(min(left, math.MaxInt64/2))
	}
	return p
}

func (r *round) notice(err error) {
	if r.engine.Notice != nil {
		r.engine.Notice(err.Error())
	}
}

// discard removes files from the checkpoints of a run.
func discard(dir, pattern string) error {
	found, err := filepath.Glob(filepath.Join(glob(dir), store.CheckpointDir, pattern))
	if err != nil {
		return err
	}
	for _, path := range found {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// ShardPath is where the result of a shard stands in a run that extends no other.
func ShardPath(dir string, id int) string { return (*base)(nil).shard(dir, id, result) }

// What the files of a shard hold, by their names.
const (
	result  = ".bin"
	saved   = ".part"   // in progress
	partial = ".failed" // the result, some cells of which failed
)

// stands reports whether a shard's result is there and sound, or none is needed. A damaged one is named and will be
// computed anew.
func (r *round) stands(id int) (bool, error) {
	if _, some := r.known.rest(r.st.Shards[id]); !some {
		return true, nil
	}
	_, err := store.ReadBlob(r.known.shard(r.dir, id, result), store.Shard, r.plan)
	var damaged *store.DamagedError
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.As(err, &damaged):
		r.notice(fmt.Errorf("%w: it is computed anew", err))
		return false, nil
	}
	return false, err
}

// work takes missing shards until there are none.
func (r *round) work() error {
	rigs := map[int]*ensemble.Rig{}
	for {
		i := r.next.Add(1) - 1
		if i >= int64(len(r.missing)) || r.ctx.Err() != nil {
			return nil
		}
		shard := r.st.Shards[r.missing[i]]
		err := guarded(func() error {
			rig := rigs[shard.Group]
			if rig == nil {
				var err error
				if rig, err = r.st.Groups[shard.Group].Rig(); err != nil {
					return &crash{err.Error()}
				}
				clear(rigs) // shards come by group: one set of tools is enough
				rigs[shard.Group] = rig
			}
			return r.compute(rig, shard)
		})
		var c *crash
		if errors.As(err, &c) {
			clear(rigs) // its tools may be in any state
			err = r.apart(shard)
		}
		if err != nil {
			return err
		}
	}
}

// crash is a failure of what a cell is made of: of a constructor, or a panic of a kernel. It is the cell's, not the run's.
type crash struct{ why string }

func (e *crash) Error() string { return e.why }

// guarded calls f and turns a panic into a *crash.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &crash{fmt.Sprintf("panic: %v%s", p, place())}
		}
	}()
	return f()
}

// place says where the panic being recovered from was raised: the first line of the stack that is not the runtime's.
func place() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") && f.File != "" {
			return fmt.Sprintf(" (%s:%d)", filepath.Join(filepath.Base(filepath.Dir(f.File)), filepath.Base(f.File)), f.Line)
		}
		if !more {
			return ""
		}
	}
}

// runner readies what is left of a shard.
func (r *round) runner(rig *ensemble.Rig, shard ensemble.Shard) (*ensemble.Runner, error) {
	left, _ := r.known.rest(shard)
	runner, err := ensemble.NewRunner(rig, r.st.Groups[shard.Group].Cells, left)
	if err != nil {
		return nil, &crash{err.Error()}
	}
	parked, err := r.known.parked(shard)
	if err != nil {
		return nil, err
	}
	return runner, runner.Continue(parked)
}

// compute runs one shard from its checkpoint, if there is a sound one, to its end or until the run is stopped.
func (r *round) compute(rig *ensemble.Rig, shard ensemble.Shard) error {
	runner, err := r.runner(rig, shard)
	if err != nil {
		return err
	}
	part := r.known.shard(r.dir, shard.ID, saved)
	state, err := store.ReadBlob(part, store.Checkpoint, r.plan)
	switch {
	case err == nil:
		if err := runner.Restore(state); err != nil {
			r.notice(fmt.Errorf("%s: %w; its shard starts anew", part, err))
			if runner, err = r.runner(rig, shard); err != nil {
				return err
			}
		}
	case !errors.Is(err, fs.ErrNotExist):
		r.notice(fmt.Errorf("%w; its shard starts anew", err))
	}
	count := r.counter(runner)
	defer func() {
		if p := recover(); p != nil {
			count(0) // what is not done after all
			panic(p)
		}
	}()
	save := func() error {
		data, err := runner.Save()
		if err != nil {
			return err
		}
		return store.Replace(part, store.Blob{Kind: store.Checkpoint, Plan: r.plan, Payload: data}.Encode())
	}
	every := r.engine.Save
	if every == 0 {
		every = saveEvery
	}
	last := time.Now()
	looked := last
	var failed error
	done := runner.Run(func() bool {
		if time.Since(looked) < min(every, 10*time.Millisecond) && r.ctx.Err() == nil {
			return false
		}
		looked = time.Now()
		count(1)
		if r.ctx.Err() != nil {
			failed = save()
			return true
		}
		if time.Since(last) > every {
			if failed = save(); failed != nil {
				return true
			}
			last = time.Now()
		}
		return false
	})
	count(1)
	if failed != nil {
		return failed
	}
	if !done {
		return nil
	}
	data, err := runner.Result().MarshalBinary()
	if err != nil {
		return err
	}
	if _, err := store.Commit(r.known.shard(r.dir, shard.ID, result), store.Blob{Kind: store.Shard, Plan: r.plan, Payload: data}); err != nil {
		return err
	}
	return r.close(shard, runner.Finished())
}

// counter returns a function that brings the counts of progress up to date with a runner: count(1), or takes back the
// replicas that were counted: count(0).
func (r *round) counter(runner *ensemble.Runner) func(keep int64) {
	counted, finished, partial := runner.Steps(), int64(0), int64(0)
	return func(keep int64) {
		s, f := runner.Steps(), keep*runner.Finished()
		p := keep * int64(1e6*(runner.Progress()-float64(runner.Finished())))
		r.steps.Add(s - counted)
		r.finished.Add(f - finished)
		r.partial.Add(p - partial)
		counted, finished, partial = s, f, p
	}
}

// close counts a shard that stands now, of whose replicas so many were counted, and removes its checkpoint.
func (r *round) close(shard ensemble.Shard, counted int64) error {
	r.finished.Add(int64(shard.Replicas()) - counted)
	r.done(shard.ID)
	if err := os.Remove(r.known.shard(r.dir, shard.ID, saved)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// apart runs the cells of a shard that failed each by itself, from the start, so that what fails, fails alone: replicas do not
// depend on their neighbours, nor sums on how they were cut. It keeps no checkpoints.
func (r *round) apart(shard ensemble.Shard) error {
	var all ensemble.Result
	var cells []int
	for _, b := range shard.Blocks {
		if !slices.Contains(cells, b.Cell) {
			cells = append(cells, b.Cell)
		}
	}
	for _, cell := range cells {
		one := ensemble.Shard{ID: shard.ID, Group: shard.Group}
		for _, b := range shard.Blocks {
			if b.Cell == cell {
				one.Blocks = append(one.Blocks, b)
			}
		}
		stopped := false
		err := guarded(func() error {
			rig, err := r.st.Groups[shard.Group].Rig()
			if err != nil {
				return &crash{err.Error()}
			}
			runner, err := r.runner(rig, one)
			if err != nil {
				return err
			}
			begun := runner.Steps()
			stopped = !runner.Run(func() bool { return r.ctx.Err() != nil })
			r.steps.Add(runner.Steps() - begun)
			got := runner.Result()
			all.Cells, all.Tails, all.Parked = append(all.Cells, got.Cells...), append(all.Tails, got.Tails...), append(all.Parked, got.Parked...)
			all.Steps += got.Steps
			return nil
		})
		var c *crash
		switch {
		case errors.As(err, &c):
			all.Failed = append(all.Failed, ensemble.Failure{Cell: cell, Why: c.why})
		case err != nil || stopped:
			return err
		}
	}
	data, err := all.MarshalBinary()
	if err != nil {
		return err
	}
	ext := partial
	if len(all.Failed) == 0 { // it does not fail again
		ext = result
	}
	path := r.known.shard(r.dir, shard.ID, ext)
	if err := store.Replace(path, store.Blob{Kind: store.Shard, Plan: r.plan, Payload: data}.Encode()); err != nil {
		return err
	}
	return r.close(shard, 0)
}

// load returns a reader of the results of shards in a run folder.
func (b *base) load(dir string, st *study.Study, plan store.Digest) func(id int) (*ensemble.Result, error) {
	return func(id int) (*ensemble.Result, error) {
		if _, some := b.rest(st.Shards[id]); !some {
			return &ensemble.Result{}, nil
		}
		path := b.shard(dir, id, result)
		data, err := store.ReadBlob(path, store.Shard, plan)
		if errors.Is(err, fs.ErrNotExist) {
			if failed, e := store.ReadBlob(b.shard(dir, id, partial), store.Shard, plan); e == nil {
				data, err = failed, nil
			}
		}
		if err != nil {
			return nil, err
		}
		r := &ensemble.Result{}
		if err := r.UnmarshalBinary(data); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return r, nil
	}
}
