package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"sgdlab/ensemble"
	"sgdlab/spec"
	"sgdlab/store"
	"sgdlab/study"
)

// AnalysesFile holds what the asks of a run found.
const AnalysesFile = "analyses.json"

// Lab drives a run folder from a study to its tables.
type Lab struct {
	Out      string // where run folders go
	Dir      string // the run folder itself, where it is known; else it is made from the study under Out
	Workers  int
	Save     time.Duration // see Local
	Command  []string      // the command line, for the manifest
	Paper    string        // the paper whose claims are judged; empty for a spec's own
	From     string        // the folder of a run that this one extends; empty for none
	Progress func(Progress)
	Stage    func(string) // told what is done once the shards are; may be nil
	Notice   func(string)
}

// Run is a finished run.
type Run struct {
	Dir      string
	Manifest *store.Manifest
	Cells    []store.Cell
	Verdicts []store.Verdict
	Analyses []study.Analysis
	Fresh    bool // computed now, or completed now; false where the folder held it all
}

// Folder returns the folder of a study: a slug of its title and the hash of its resolved spec, so that the same question
// asked twice is the same folder.
func (l *Lab) Folder(st *study.Study) string {
	if l.Dir != "" {
		return l.Dir
	}
	title := st.Title
	if title == "" {
		title = "run"
	}
	return store.Folder(l.Out, store.Slug(title), st.Hash()[:8])
}

// Do runs a study, or finishes it, or returns what its folder holds.
func (l *Lab) Do(ctx context.Context, st *study.Study) (*Run, error) {
	_, planText, plan, err := PlanOf(st)
	if err != nil {
		return nil, err
	}
	dir := l.Folder(st)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, &Refused{fmt.Errorf("the run folder %s cannot be made: %w; choose another place with --out DIR", dir, cause(err))}
	}
	lock, err := store.LockRun(dir)
	if err != nil {
		return nil, &Refused{err}
	}
	defer lock.Release()
	if _, err := store.Sweep(dir); err != nil { // also of a run that was killed in its report
		return nil, err
	}
	if run, ok := l.finished(dir, plan); ok {
		return run, nil
	}
	origin, err := l.seed(dir, st)
	if err != nil {
		return nil, err
	}
	m, err := l.begin(dir, st, planText, plan)
	if err != nil {
		return nil, err
	}
	if origin != nil {
		m.Extends = origin
		if err := store.WriteManifest(dir, m); err != nil {
			return nil, err
		}
	}
	run, err := l.compute(ctx, dir, st, plan, m)
	var stopped *Stopped
	switch {
	case errors.As(err, &stopped):
		m.Status = store.Interrupted
	case err != nil:
		m.Status, m.Error = store.Failed, err.Error()
	}
	if err != nil {
		if w := store.WriteManifest(dir, m); w != nil && stopped == nil && !errors.Is(err, syscall.ENOSPC) {
			err = errors.Join(err, w)
		}
		return nil, err
	}
	return run, nil
}

// cause is a system's error without the operation and the path.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// name is the name of a run folder, whatever the path to it.
func name(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// Holds reports whether a study's folder says that it holds the finished run. Nothing but its manifest is read.
func (l *Lab) Holds(st *study.Study) bool {
	_, _, plan, err := PlanOf(st)
	if err != nil {
		return false
	}
	m, err := store.ReadManifest(l.Folder(st))
	return err == nil && whole(m, plan)
}

// whole reports whether a manifest is that of a finished run of a plan, without cells that failed.
func whole(m *store.Manifest, plan store.Digest) bool {
	return m.Status == store.Done && m.Plan == plan && len(m.Failed) == 0
}

// finished returns a run whose folder holds it whole, with the tables' hash as the manifest says.
func (l *Lab) finished(dir string, plan store.Digest) (*Run, bool) {
	m, err := store.ReadManifest(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false
	case err != nil:
		l.notice(err.Error())
		return nil, false
	case !whole(m, plan):
		altered, _ := store.CheckSums(dir, document) // of another plan, or the plan in the manifest is damaged
		for _, a := range altered {
			l.notice(filepath.Join(dir, a.File) + ": " + a.Finding)
		}
		return nil, false
	}
	run, err := Open(dir)
	if err != nil {
		_, bad := Files(dir)
		for _, f := range bad {
			l.notice(filepath.Join(dir, f.File) + ": " + f.Found)
		}
		if len(bad) == 0 {
			l.notice(err.Error())
		}
		return nil, false
	}
	if err := store.ReadFrames(KeepPath(dir), func(store.Frame) error { return nil }); err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.notice(fmt.Sprintf("%v, by an extension; it is removed", err))
		if err := os.Remove(KeepPath(dir)); err != nil {
			l.notice(err.Error())
		}
	}
	if l.Paper != "" {
		for i := range run.Verdicts {
			run.Verdicts[i].Paper = l.Paper
		}
	}
	_ = discard(dir, "shard-*") // left where a run was killed right after its end
	return run, true
}

// Open reads a run folder. Of a finished run all tables are read and their hash is compared with the manifest's.
func Open(dir string) (*Run, error) {
	m, err := store.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	m.Run = name(dir) // it may have been renamed
	if m.Status == store.Running && !store.Driven(dir) {
		m.Status = store.Interrupted // killed: it had no time to say so
	}
	run := &Run{Dir: dir, Manifest: m}
	if m.Status != store.Done {
		// What stands is in the folder; a killed run had no time to count it.
		if found, err := filepath.Glob(filepath.Join(glob(dir), store.CheckpointDir, "shard-*.bin")); err == nil {
			m.Shards.Done = len(found)
		}
		return run, nil
	}
	for _, table := range []string{store.CellsFile, store.SamplesFile, store.PassagesFile, store.PlateausFile} {
		if _, err := os.Stat(filepath.Join(dir, table)); errors.Is(err, fs.ErrNotExist) {
			return nil, &store.MissingError{Path: filepath.Join(dir, table), Remedy: fmt.Sprintf("`sgdlab resume %s` makes it anew", Word(dir))}
		}
	}
	hash, err := store.Hash(dir)
	if err != nil {
		return nil, err
	}
	if hash != m.Result {
		return nil, fmt.Errorf("%s: the tables have the hash %s, but the manifest says %s: one of them was changed; `sgdlab resume %s` makes them anew", dir, hash.Short(), m.Result.Short(), Word(dir))
	}
	if run.Cells, err = store.ReadCells(filepath.Join(dir, store.CellsFile)); err != nil {
		return nil, err
	}
	v, err := store.ReadVerdicts(dir)
	if err != nil {
		return nil, err
	}
	run.Verdicts = v.Claims
	altered, err := store.CheckSums(dir, document)
	if err != nil {
		return nil, err
	}
	if len(altered) > 0 {
		a := altered[0]
		return nil, &store.DamagedError{Path: filepath.Join(dir, a.File), Finding: a.Finding, Remedy: fmt.Sprintf("`sgdlab resume %s` makes it anew", Word(dir))}
	}
	text, err := os.ReadFile(filepath.Join(dir, AnalysesFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; `sgdlab resume %s` makes it anew", filepath.Join(dir, AnalysesFile), cause(err), Word(dir))
	}
	if err := json.Unmarshal(text, &run.Analyses); err != nil {
		return nil, fmt.Errorf("%s: %w; `sgdlab resume %s` makes it anew", filepath.Join(dir, AnalysesFile), err, Word(dir))
	}
	return run, nil
}

// document: a file of the folder itself that has no hash of its own. The report is made from the others.
func document(name string) bool {
	return !strings.Contains(name, "/") && !strings.HasSuffix(name, ".parquet") && name != store.ReportFile
}

// glob is a path as a pattern that matches nothing else.
func glob(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(path)
}

// begin writes what a run folder holds before anything is computed. A folder of another plan is refused.
func (l *Lab) begin(dir string, st *study.Study, planText []byte, plan store.Digest) (*store.Manifest, error) {
	prev, prevErr := store.ReadManifest(dir)
	ours := prevErr == nil && prev.Plan == plan
	old, err := os.ReadFile(filepath.Join(dir, PlanFile))
	switch {
	case err == nil && string(old) == string(planText):
	case err == nil && json.Valid(old) && !ours:
		return nil, &Refused{fmt.Errorf("%s holds another plan: it was begun by another version of the program, with other data, or with another spec; move it away, or use another --out", dir)}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		if err == nil {
			l.notice(fmt.Sprintf("%s: damaged; it is written anew", filepath.Join(dir, PlanFile)))
		}
		if err := store.Replace(filepath.Join(dir, PlanFile), planText); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(filepath.Join(dir, store.SumsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	portable := st.Portable(dir)
	if err := store.Replace(filepath.Join(dir, store.SpecYAML), spec.Marshal(portable)); err != nil {
		return nil, err
	}
	if err := store.Replace(filepath.Join(dir, store.SpecJSON), spec.JSON(portable)); err != nil {
		return nil, err
	}
	specHash := store.Digest{}
	if err := specHash.UnmarshalText([]byte(st.Hash())); err != nil {
		return nil, err
	}
	m := &store.Manifest{
		Run: name(dir), Title: st.Title, Paper: l.Paper, Status: store.Running, Quick: st.Quick, Spec: specHash, Plan: plan,
		Program: Program(), Machine: store.ThisMachine(), Command: l.Command,
		Workers: l.workers(), Started: time.Now().UTC(), Shards: store.Progress{Total: len(st.Shards)}, Warnings: st.Warnings,
		Seeds: st.Seeds(), Data: map[string]store.Digest{},
	}
	for name, hash := range st.Sets {
		var d store.Digest
		if err := d.UnmarshalText([]byte(hash)); err != nil {
			return nil, fmt.Errorf("hash of data set %s: %w", name, err)
		}
		m.Data[name] = d
	}
	if ours {
		if l.Paper == "" { // a paper's run that is resumed by its folder
			l.Paper, m.Paper = prev.Paper, prev.Paper
		}
		m.Started, m.WallSeconds, m.CPUSeconds, m.ReplicaSteps = prev.Started, prev.WallSeconds, prev.CPUSeconds, prev.ReplicaSteps
		m.Extends = prev.Extends
		if m.Quick = prev.Quick || st.Quick; prev.Quick {
			m.Warnings = prev.Warnings // the spec in the folder is thinned already
		}
	}
	return m, store.WriteManifest(dir, m)
}

func (l *Lab) notice(text string) {
	if l.Notice != nil {
		l.Notice(text)
	}
}

func (l *Lab) stage(what string) {
	if l.Stage != nil {
		l.Stage(what)
	}
}

func (l *Lab) workers() int {
	if l.Workers > 0 {
		return l.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// compute runs the shards and makes the tables.
func (l *Lab) compute(ctx context.Context, dir string, st *study.Study, plan store.Digest, m *store.Manifest) (*Run, error) {
	begun, cpu, wall, cpuBefore := time.Now(), cpuSeconds(), m.WallSeconds, m.CPUSeconds
	steps := m.ReplicaSteps
	clock := func() {
		m.WallSeconds, m.CPUSeconds = wall+time.Since(begun).Seconds(), cpuBefore+cpuSeconds()-cpu
	}
	local := &Local{Workers: l.Workers, Save: l.Save, Notice: l.Notice, Progress: func(p Progress) {
		m.ReplicaSteps, m.Shards.Done = steps+p.Steps, p.ShardsDone
		if l.Progress != nil {
			l.Progress(p)
		}
	}}
	known, err := openBase(dir, st, func(err error) {
		if l.Notice != nil {
			l.Notice(err.Error())
		}
	})
	if err != nil {
		return nil, err
	}
	err = local.run(ctx, dir, st, plan, known)
	clock()
	if err != nil {
		return nil, err
	}
	l.stage("writing tables")
	t, err := newTables(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer t.abort()
	t.keeper = newKeeper(dir, st, plan)
	outcomes, err := st.GatherOnto(known.cell, known.load(dir, st, plan), t)
	if err != nil {
		return nil, err
	}
	if err := t.close(); err != nil {
		return nil, err
	}
	l.stage("answering questions")
	found, err := st.Conclude(l.Paper, outcomes)
	if err != nil {
		return nil, err
	}
	cellSum, err := store.WriteCells(filepath.Join(dir, store.CellsFile), found.Cells)
	if err != nil {
		return nil, err
	}
	if err := store.WriteVerdicts(dir, store.Verdicts{Claims: found.Verdicts}); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(found.Analyses, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode the analyses: %w", err)
	}
	if err := store.Replace(filepath.Join(dir, AnalysesFile), text); err != nil {
		return nil, err
	}
	sums := t.sums()
	sums.Cells = cellSum
	m.Result = sums.Hash()
	m.Rows = t.rows()
	m.Rows["cells"] = int64(len(found.Cells))
	m.Status, m.Error, m.Ended = store.Done, "", time.Now().UTC()
	m.Shards.Done, m.ReplicaSteps, m.Failed = len(st.Shards), t.steps, nil
	for i := range found.Cells {
		if c := &found.Cells[i]; c.Failed != "" {
			m.Failed = append(m.Failed, store.FailedCell{Cell: c.ID, Name: st.Label(&st.Cells[i]), Why: c.Failed})
		}
	}
	clock()
	if err := store.WriteManifest(dir, m); err != nil {
		return nil, err
	}
	// The tables hold it all now, and what an extension needs is in one file.
	t.keeper.close()
	if t.keeper.why != "" && l.Notice != nil {
		l.Notice(fmt.Sprintf("what an extension of this run could go on from is not kept: %s; `sgdlab extend` would compute it anew", t.keeper.why))
	}
	if err := discard(dir, "shard-*"); err != nil {
		return nil, err
	}
	_ = os.Remove(filepath.Join(dir, store.CheckpointDir)) // where it is empty
	return &Run{Dir: dir, Manifest: m, Cells: found.Cells, Verdicts: found.Verdicts, Analyses: found.Analyses, Fresh: true}, nil
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// tables are the long tables of a run folder being written, and what it keeps.
type tables struct {
	ctx      context.Context
	dir      string
	keeper   *keeper
	steps    int64 // replica-steps of the cells
	samples  *store.Writer[store.Sample]
	passages *store.Writer[store.Passage]
	plateaus *store.Writer[store.Plateau]
}

func newTables(ctx context.Context, dir string) (*tables, error) {
	t := &tables{ctx: ctx, dir: dir}
	var err error
	if t.samples, err = store.Create[store.Sample](store.TablePath[store.Sample](dir)); err != nil {
		return nil, err
	}
	if t.passages, err = store.Create[store.Passage](store.TablePath[store.Passage](dir)); err != nil {
		t.abort()
		return nil, err
	}
	if t.plateaus, err = store.Create[store.Plateau](store.TablePath[store.Plateau](dir)); err != nil {
		t.abort()
		return nil, err
	}
	return t, nil
}

// Samples, Passages and Plateaus write rows, until the run is stopped.
func (t *tables) Samples(rows ...store.Sample) error {
	if t.ctx.Err() != nil {
		return &Stopped{Dir: t.dir}
	}
	return t.samples.Write(rows...)
}

// Passages writes rows.
func (t *tables) Passages(rows ...store.Passage) error {
	if t.ctx.Err() != nil {
		return &Stopped{Dir: t.dir}
	}
	return t.passages.Write(rows...)
}

// Plateaus writes rows.
func (t *tables) Plateaus(rows ...store.Plateau) error { return t.plateaus.Write(rows...) }

// Keep takes part of a cell as it is.
func (t *tables) Keep(cell, from, to int, part *ensemble.Result) error {
	t.steps += part.Cells[0].Steps + part.Tails[0].Steps
	t.keeper.add(&t.keeper.st.Cells[cell], from, to, part)
	return nil
}

func (t *tables) close() error {
	for _, c := range []interface{ Close() error }{t.samples, t.passages, t.plateaus} {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (t *tables) abort() {
	if t.keeper != nil {
		t.keeper.abort()
	}
	if t.samples != nil {
		t.samples.Abort()
	}
	if t.passages != nil {
		t.passages.Abort()
	}
	if t.plateaus != nil {
		t.plateaus.Abort()
	}
}

func (t *tables) sums() store.Sums {
	return store.Sums{Samples: t.samples.Sum(), Passages: t.passages.Sum(), Plateaus: t.plateaus.Sum()}
}

func (t *tables) rows() map[string]int64 {
	return map[string]int64{"samples": t.samples.Rows(), "passages": t.passages.Rows(), "plateaus": t.plateaus.Rows()}
}
