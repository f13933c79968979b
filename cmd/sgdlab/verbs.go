package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/engine"
	"sgdlab/papers"
	"sgdlab/report"
	"sgdlab/spec"
	"sgdlab/store"
	"sgdlab/study"
)

func (a *app) runCommand() *cobra.Command {
	keep := false
	cmd := a.computing(&cobra.Command{
		Use:   "run SPEC [key=value …]",
		Short: "Run an experiment and its sweep; write a run folder with its report",
		Args:  atLeast(1, "a spec file, and then key=value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			st, err := study.LoadFile(args[0], study.Options{Overrides: args[1:], Quick: a.quick, KeepGoing: keep})
			if err != nil {
				return err
			}
			out := a.dir
			if out == "" {
				out = filepath.Join(filepath.Dir(args[0]), "runs")
			}
			run, err := a.do(cmd.Context(), st, &engine.Lab{Out: out})
			if err != nil {
				return err
			}
			return a.told(run)
		},
	})
	cmd.Flags().BoolVar(&keep, "keep-going", false, "leave out the points of the sweep that cannot be built, and run the others")
	return cmd
}

// do runs a study with progress and writes its report.
func (a *app) do(ctx context.Context, st *study.Study, lab *engine.Lab) (*engine.Run, error) {
	for _, w := range st.Warnings {
		fmt.Fprintln(a.log, "note: "+w)
	}
	p := newProgress(a.log)
	lab.Workers = a.workers
	lab.Command = append([]string{"sgdlab"}, a.args...)
	var mu sync.Mutex
	lab.Progress = func(g engine.Progress) {
		mu.Lock()
		defer mu.Unlock()
		p.show(g)
	}
	lab.Notice = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		p.end()
		fmt.Fprintln(a.log, "note: "+text)
	}
	lab.Stage = func(what string) {
		mu.Lock()
		defer mu.Unlock()
		p.stage(what)
	}
	ctx, restore := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restore()
	told := make(chan struct{})
	quiet := context.AfterFunc(ctx, func() {
		restore()                      // a second signal ends the program at once
		signal.Ignore(syscall.SIGPIPE) // Ctrl-C ends a `| tee log` first: what is in progress is saved all the same
		lab.Notice("stopping: what is in progress is saved; Ctrl-C again stops at once")
		close(told)
	})
	run, err := lab.Do(ctx, st)
	if !quiet() {
		<-told
	}
	restore()
	defer p.end()
	if err != nil {
		return nil, err
	}
	if !run.Fresh {
		bad, err := store.CheckSums(run.Dir, func(name string) bool {
			return name == store.ReportFile || strings.HasPrefix(name, store.FigureDir+"/")
		})
		if err != nil {
			return nil, err
		}
		for _, f := range bad {
			lab.Notice(fmt.Sprintf("%s: %s; it is made anew", filepath.Join(run.Dir, f.File), f.Finding))
		}
		_, listed := os.Stat(filepath.Join(run.Dir, store.SumsFile))
		_, there := os.Stat(filepath.Join(run.Dir, store.ReportFile))
		if len(bad) == 0 && listed == nil && there == nil {
			return run, nil
		}
	}
	lab.Stage("writing the report")
	return run, reported(run.Dir)
}

// reported writes the report of a finished run, and then the list of what its folder holds.
func reported(dir string) error {
	if err := report.Write(dir); err != nil {
		return err
	}
	return store.WriteSums(dir)
}

// told prints what a finished run found, and fails if a claim of it fails.
func (a *app) told(run *engine.Run) error {
	if a.json {
		if err := store.Encode(a.out, document(run)); err != nil {
			return err
		}
	} else {
		what := "computed"
		if !run.Fresh {
			what = "nothing to compute: the folder holds it; it took"
		}
		a.summary(run, what)
	}
	if err := unfinishedCells(run); err != nil {
		return err
	}
	return judged(run.Verdicts)
}

// unfinishedCells is the error of a run with cells that failed, listed.
func unfinishedCells(run *engine.Run) error {
	failed := run.Manifest.Failed
	if len(failed) == 0 {
		return nil
	}
	const most = 10
	var list strings.Builder
	for i, f := range failed {
		if i == most {
			fmt.Fprintf(&list, "\n  … and %d more in %s", len(failed)-most, filepath.Join(run.Dir, store.ManifestFile))
			break
		}
		fmt.Fprintf(&list, "\n  %s: %s", f.Name, f.Why)
	}
	return fmt.Errorf("%d of %s failed; `sgdlab resume %s` tries again:%s", len(failed), count(len(run.Cells), "cell"), engine.Word(run.Dir), list.String())
}

// judged is errClaim where a claim fails; undecided is not failed.
func judged(verdicts []store.Verdict) error {
	for _, v := range verdicts {
		if v.Verdict == store.Fails {
			return errClaim
		}
	}
	return nil
}

func document(run *engine.Run) store.Document {
	d := store.Show(run.Manifest, run.Cells)
	d.Claims = append(d.Claims, run.Verdicts...)
	return d
}

// summary prints a run for people.
func (a *app) summary(run *engine.Run, what string) {
	m := run.Manifest
	if m.Title != "" {
		fmt.Fprintf(a.out, "%s\n\n", m.Title)
	}
	a.cells(run.Cells)
	for _, an := range run.Analyses {
		fmt.Fprintf(a.out, "\n%s\n", an.Title)
		for _, t := range an.Text {
			fmt.Fprintf(a.out, "  %s\n", t)
		}
	}
	if len(run.Verdicts) > 0 {
		fmt.Fprintln(a.out)
		a.verdicts(run.Verdicts)
	}
	over := ""
	if m.Extends != nil && m.Extends.ReplicaSteps > 0 {
		over = fmt.Sprintf(", %s of them in %s,", si(float64(m.Extends.ReplicaSteps)), m.Extends.Run)
	}
	fmt.Fprintf(a.out, "\n%s: %s replica-steps%s in %s on %s; hash %s\n", what, si(float64(m.ReplicaSteps)), over, span(m.WallSeconds), count(m.Workers, "worker"), m.Result.Short())
	if abs, err := filepath.Abs(filepath.Join(run.Dir, store.ReportFile)); err == nil {
		fmt.Fprintf(a.out, "run    %s\nreport file://%s\n", run.Dir, abs)
	}
}

// shown are the estimates that a terminal has room for, by prefix.
var shown = []string{"theory:", "solve:", "mean-time:", "rate:", "censored:", "end:loss", "plateaus"}

// cells prints a row per cell.
func (a *app) cells(cells []store.Cell) {
	if len(cells) == 0 {
		return
	}
	var names []string
	for _, prefix := range shown {
		for _, c := range cells {
			for _, e := range c.Estimates {
				if strings.HasPrefix(e.Name, prefix) && !slices.Contains(names, e.Name) {
					names = append(names, e.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		for _, e := range cells[0].Estimates {
			names = append(names, e.Name)
		}
		names = names[:min(5, len(names))]
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	head := []string{"dynamics"}
	for _, p := range cells[0].Params {
		head = append(head, short(p.Path))
	}
	fmt.Fprintln(w, strings.Join(append(append(head, "n"), names...), "\t"))
	const most = 60
	for i, c := range cells {
		if i == most {
			fmt.Fprintf(w, "… %d more rows in %s\n", len(cells)-most, store.CellsFile)
			break
		}
		row := []string{c.Dynamics}
		for _, p := range c.Params {
			row = append(row, p.Text)
		}
		n := fmt.Sprint(c.Replicas)
		if c.Diverged > 0 {
			n += fmt.Sprintf(" (%d diverged)", c.Diverged)
		}
		if c.Failed != "" {
			n = "failed"
		}
		row = append(row, n)
		for _, name := range names {
			e, ok := c.Estimate(name)
			if !ok {
				row = append(row, "")
				continue
			}
			row = append(row, withError(e))
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

// short is the end of a path that fits a column.
func short(path string) string {
	parts := strings.Split(path, ".")
	return strings.Join(parts[max(0, len(parts)-2):], ".")
}

// withError writes a value with its standard error where it has one.
func withError(e store.Estimate) string {
	if math.IsNaN(e.Value) {
		return "–"
	}
	if !(e.SE > 0) {
		return fmt.Sprintf("%.6g", e.Value)
	}
	digits := int(math.Max(0, 1-math.Floor(math.Log10(e.SE))))
	if digits > 6 || math.Abs(e.Value) >= 1e7 {
		return fmt.Sprintf("%.4g ± %.1g", e.Value, e.SE)
	}
	return fmt.Sprintf("%.*f ± %.*f", digits, e.Value, digits, e.SE)
}

func (a *app) checkCommand() *cobra.Command {
	return a.computing(&cobra.Command{
		Use:   "check SPEC [key=value …]",
		Short: "Validate everything; print the resolved spec, the points and the cost; run nothing",
		Args:  atLeast(1, "a spec file, and then key=value"),
		RunE: func(_ *cobra.Command, args []string) error {
			st, err := study.LoadFile(args[0], study.Options{Overrides: args[1:], Quick: a.quick})
			if err != nil {
				return err
			}
			cost, err := st.Cost()
			if err != nil {
				return err
			}
			senses, err := st.Senses()
			if err != nil {
				return err
			}
			workers := a.cores()
			out := a.dir
			if out == "" {
				out = filepath.Join(filepath.Dir(args[0]), "runs")
			}
			disk, memory := cost.Tables+math.Min(cost.Kept, engine.KeepLimit)+cost.Shards, cost.Memory(workers)
			free, unused := freeDisk(out), freeMemory()
			var tight []string
			if disk > free {
				tight = append(tight, fmt.Sprintf("it may need %s of disk while it runs, and %s are free where %s is: observe less, run fewer replicas, or choose another place with --out DIR", amount(disk), amount(free), out))
			}
			if memory > unused {
				tight = append(tight, fmt.Sprintf("it may need %s of memory, and %s are free: observe less often, or use fewer --workers", amount(memory), amount(unused)))
			}
			if a.json {
				return store.Encode(a.out, map[string]any{
					"disk_bytes_at_most": store.Number(disk), "folder_bytes_at_most": store.Number(cost.Tables + math.Min(cost.Kept, engine.KeepLimit)), "disk_bytes_free": store.Number(free),
					"memory_bytes_at_most": store.Number(memory), "memory_bytes_free": store.Number(unused), "does_not_fit": append([]string{}, tight...),
					"spec": jsonOf(st.Root), "points": len(st.Points), "cells": len(st.Cells), "shards": len(st.Shards), "replicas": cost.Replicas,
					"replica_steps_at_most": cost.Steps, "seconds_at_most": store.Number(cost.Seconds / float64(workers)),
					"replica_steps_likely": cost.LikelySteps, "seconds_likely": store.Number(cost.Likely(workers)), "warnings": st.Warnings, "senses": append([]string{}, senses...),
				})
			}
			fmt.Fprintf(a.out, "%s\n", spec.Marshal(st.Root))
			for _, w := range st.Warnings {
				fmt.Fprintf(a.out, "# note: %s\n", w)
			}
			for _, line := range senses {
				fmt.Fprintf(a.out, "# %s\n", line)
			}
			fmt.Fprintf(a.out, "# %s × %d dynamics = %s, %s, %s\n", count(len(st.Points), "point"), len(st.Arms), count(len(st.Cells), "cell"), count(int(cost.Replicas), "replica"), count(len(st.Shards), "shard"))
			early := ""
			if len(st.Ensemble.Until.Event) > 0 {
				early = fmt.Sprintf("; events end replicas earlier: likely %s", span(cost.Likely(workers)))
			}
			fmt.Fprintf(a.out, "# at most %s replica-steps: %s on %s, by the speed measured just now%s\n",
				si(cost.Steps), span(cost.Seconds/float64(workers)), count(workers, "worker"), early)
			fmt.Fprintf(a.out, "# at most about %s of disk, %s while it runs; about %s of memory\n",
				amount(cost.Tables+math.Min(cost.Kept, engine.KeepLimit)), amount(disk), amount(memory))
			for _, t := range tight {
				fmt.Fprintf(a.out, "# warning: %s\n", t)
			}
			return nil
		},
	})
}

// cores is how many workers a run has.
func (a *app) cores() int {
	if a.workers == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return a.workers
}

// amount writes a number of bytes, to 100 kB and never less than that.
func amount(x float64) string {
	if math.IsInf(x, 0) {
		return "any amount"
	}
	if x < 1e5 {
		return "100 kB"
	}
	return si(math.Round(x/1e5)*1e5) + "B"
}

// freeDisk is what is free on the disk that a folder is on, or will be; +∞ where the system does not tell.
func freeDisk(dir string) float64 {
	for {
		var s syscall.Statfs_t
		if syscall.Statfs(dir, &s) == nil {
			return float64(s.Bavail) * float64(s.Bsize)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return math.Inf(1)
		}
		dir = up
	}
}

// freeMemory is how much memory programs can have without swapping; +∞ where the system does not tell.
func freeMemory() float64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return math.Inf(1)
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %f kB", &kib); n == 1 {
			return kib * 1024
		}
	}
	return math.Inf(1)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// raw is JSON text that is already encoded.
type raw []byte

// MarshalJSON returns the text.
func (r raw) MarshalJSON() ([]byte, error) { return r, nil }

func jsonOf(n *spec.Node) raw { return raw(spec.JSON(n)) }

func (a *app) resumeCommand() *cobra.Command {
	return a.computing(&cobra.Command{
		Use:   "resume RUN [data.path=FILE]",
		Short: "Continue an interrupted run, as if never interrupted",
		Long: `Continue an interrupted run, as if never interrupted: finished shards are kept, those in progress go on from their
checkpoints, damaged files are made anew. A run folder that was moved away from its data is told where the data are.`,
		Args: atLeast(1, "a run: its folder, its name or its hash"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, o := range args[1:] {
				if !strings.HasPrefix(o, "data.path=") {
					return wrong("resume: got %s; want nothing but data.path=FILE: another spec is another run", o)
				}
			}
			dir, err := a.find(args[0])
			if err != nil {
				return err
			}
			st, err := a.stored(dir, args[1:])
			if err != nil {
				return err
			}
			run, err := a.do(cmd.Context(), st, &engine.Lab{Dir: dir})
			if err != nil {
				return err
			}
			return a.told(run)
		},
	})
}

// movedAway adds a hint to an error about a run's data.
func (a *app) movedAway(dir string, err error) {
	var problems spec.Problems
	if errors.As(err, &problems) && slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Path == "data" }) {
		fmt.Fprintf(a.log, "note: where the folder was moved away from its data: sgdlab resume %s data.path=FILE\n", engine.Word(dir))
	}
}

// find resolves a RUN argument.
func (a *app) find(arg string) (string, error) {
	runs, err := a.runs()
	if err != nil {
		return "", err
	}
	dir, err := store.Find(runs, arg)
	if err != nil {
		return "", requestError{err}
	}
	return dir, nil
}

// runs is the folder that runs are looked for in.
func (a *app) runs() (string, error) {
	folder := func(d string) bool {
		s, err := os.Stat(d)
		return err == nil && s.IsDir()
	}
	if a.dir != "" {
		if !folder(a.dir) {
			return "", wrong("--out %s is no folder; want one that holds runs", a.dir)
		}
		return a.dir, nil
	}
	if beside := filepath.Join("examples", "runs"); !folder("runs") && folder(beside) {
		return beside, nil
	}
	return "runs", nil
}

func (a *app) reproduceCommand() *cobra.Command {
	all := false
	cmd := a.computing(&cobra.Command{
		Use:   "reproduce [PAPER …]",
		Short: "Rerun the claims of papers and print one verdict per claim",
		Long: `Rerun the claims of papers and print one verdict per claim. At full size it says first how long each paper will take, and all of
them: the speed of each run is measured for a moment, and how early events end some of its replicas. What
answers and asks take after that is not in it. Runs that are in their folders are not computed again.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all {
				args = papers.Names()
			}
			if len(args) == 0 {
				return wrong("reproduce: got no paper; want --all, or some of %s", strings.Join(papers.Names(), ", "))
			}
			out := a.dir
			if out == "" {
				out = "runs"
			}
			type job struct {
				paper string
				st    *study.Study
			}
			var jobs []job
			for _, name := range args {
				p, err := papers.Load(name)
				if err != nil {
					return err
				}
				for _, r := range p.Runs {
					st, err := study.Load(r.Root, p.Folder, study.Options{Quick: a.quick})
					if err != nil {
						return err
					}
					jobs = append(jobs, job{p.ID, st})
				}
			}
			if !a.quick {
				var rows []forecast
				for _, j := range jobs {
					if len(rows) == 0 || rows[len(rows)-1].paper != j.paper {
						rows = append(rows, forecast{paper: j.paper})
					}
					if err := rows[len(rows)-1].add(&engine.Lab{Out: out}, j.st, a.cores()); err != nil {
						return err
					}
				}
				a.foretell(rows)
			}
			verdicts := []store.Verdict{}
			var failed error
			for _, j := range jobs {
				fmt.Fprintln(a.log, j.st.Title)
				run, err := a.do(cmd.Context(), j.st, &engine.Lab{Out: out, Paper: j.paper})
				if err != nil {
					return err
				}
				verdicts = append(verdicts, run.Verdicts...)
				failed = errors.Join(failed, unfinishedCells(run))
			}
			if a.json {
				if err := store.Encode(a.out, store.Verdicts{Claims: verdicts}); err != nil {
					return err
				}
			} else {
				a.verdicts(verdicts)
			}
			if failed != nil {
				return failed
			}
			return judged(verdicts)
		},
	})
	cmd.Flags().BoolVar(&all, "all", false, "every paper at hand")
	return cmd
}

// forecast is how long the runs of a paper will take.
type forecast struct {
	paper        string
	likely, most float64 // seconds
	runs, held   int     // in all, and those that are in their folders
}

// add foresees one run more.
func (f *forecast) add(lab *engine.Lab, st *study.Study, workers int) error {
	f.runs++
	if lab.Holds(st) {
		f.held++
		return nil
	}
	cost, err := st.Cost()
	if err != nil {
		return err
	}
	likely := cost.Likely(workers)
	f.likely += likely
	f.most += math.Max(likely, cost.Seconds/float64(workers))
	return nil
}

func (f *forecast) String() string {
	if f.held == f.runs {
		return "there already"
	}
	text := "about " + span(f.likely)
	if !(f.likely >= 1) {
		text = span(f.likely)
	}
	if f.most >= 1 && f.most > 2*f.likely {
		text += ", at most " + span(f.most)
	}
	if f.held > 0 {
		text += fmt.Sprintf("; %d of %s there already", f.held, count(f.runs, "run"))
	}
	return text
}

// foretell says, before anything runs, how long each paper will take, and all of them.
func (a *app) foretell(rows []forecast) {
	all := forecast{paper: "in all"}
	for _, r := range rows {
		all = forecast{all.paper, all.likely + r.likely, all.most + r.most, all.runs + r.runs, all.held + r.held}
	}
	if len(rows) > 1 {
		rows = append(rows, all)
	}
	if all.held < all.runs {
		fmt.Fprintf(a.log, "by the speed measured just now, on %s:\n", count(a.cores(), "worker"))
	}
	w := tabwriter.NewWriter(a.log, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "  %s\t%v\n", r.paper, &r)
	}
	w.Flush()
	if all.likely > 60 {
		fmt.Fprintln(a.log, "  (--quick takes fewer replicas and sweep points)")
	}
}

// verdicts prints one line per claim and cell, and their tally.
func (a *app) verdicts(list []store.Verdict) {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	tally := map[store.Judgement]int{}
	for _, v := range list {
		tally[v.Verdict]++
		id := v.ID
		if v.Paper != "" {
			id = v.Paper + " " + id
		}
		needs := ""
		if v.Needs > 0 {
			needs = fmt.Sprintf("; n = %d would decide", v.Needs)
		}
		mark := map[store.Judgement]string{store.Holds: "✓ holds", store.Fails: "✗ fails", store.Undecided: "? undecided"}[v.Verdict]
		interval := ""
		if lo, hi := float64(v.Interval[0]), float64(v.Interval[1]); !math.IsNaN(lo) || !math.IsNaN(hi) {
			interval = fmt.Sprintf(" [%.5g, %.5g]", lo, hi)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s%s\t%s%s\n", mark, id, v.Cell, number(v.Measured), interval, v.Expectation, needs)
	}
	w.Flush()
	fmt.Fprintf(a.out, "%d claims: %d hold, %d fail, %d undecided\n", len(list), tally[store.Holds], tally[store.Fails], tally[store.Undecided])
}

func number(x store.Number) string {
	if math.IsNaN(float64(x)) {
		return "–"
	}
	return fmt.Sprintf("%.6g", float64(x))
}

func (a *app) theoryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "theory NAME key=value …",
		Short: "Print one prediction, its regime and its source",
		Args:  atLeast(1, "the name of a theory, and then key=value; at=[…] gives times"),
		RunE: func(_ *cobra.Command, args []string) error {
			var text strings.Builder
			fmt.Fprintf(&text, "name: %q\n", args[0])
			for _, kv := range args[1:] {
				k, v, ok := strings.Cut(kv, "=")
				if !ok {
					return wrong("theory: got %s; want key=value", kv)
				}
				fmt.Fprintf(&text, "%s: %s\n", k, v)
			}
			n, problems := spec.Parse(spec.CommandLine, []byte(text.String()))
			if len(problems) > 0 {
				return problems
			}
			var at []float64
			if t := n.Get("at"); !t.IsNull() {
				items, err := t.List()
				if x, ok := t.Float(); ok {
					at, err = []float64{x}, nil
				} else if err == nil {
					at, err = (&spec.Node{Kind: spec.Seq, Items: items}).Floats()
				}
				if err != nil {
					return wrong("theory: at: %v", err)
				}
			}
			d := catalog.Scanner(&problems)
			made, ok := catalog.DecodeExcept[*sgdlab.Run, sgdlab.Theory](d, n, "theory", "at")
			if !ok {
				return problems
			}
			t, err := made.Build(nil)
			if err != nil {
				return requestError{err}
			}
			p := t.Predict(at)
			if a.json {
				values := make([]store.Number, len(p.Values))
				for i, x := range p.Values {
					values[i] = store.Number(x)
				}
				neglects := make([]store.Number, len(p.Neglects))
				for i, x := range p.Neglects {
					neglects[i] = store.Number(x)
				}
				return store.Encode(a.out, map[string]any{"values": values, "kind": p.Kind.String(), "neglects": neglects, "regime": p.Regime, "source": p.Source})
			}
			for i, x := range p.Values {
				line := fmt.Sprintf("%.10g", x)
				if i < len(at) {
					line = fmt.Sprintf("%g\t%s", at[i], line)
				}
				if i < len(p.Neglects) && p.Neglects[i] > 0 {
					line += fmt.Sprintf("\tneglects a part of relative size %.2g", p.Neglects[i])
				}
				fmt.Fprintln(a.out, line)
			}
			fmt.Fprintf(a.out, "kind    %s\nregime  %s\nsource  %s\n", p.Kind, p.Regime, p.Source)
			return nil
		},
	}
}

func (a *app) lsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List runs",
		Args:  exactly(0, "none"),
		RunE: func(*cobra.Command, []string) error {
			runs, err := a.runs()
			if err != nil {
				return err
			}
			entries, err := store.List(runs)
			if err != nil {
				return err
			}
			if a.json {
				type row struct {
					Run    string       `json:"run"`
					Dir    string       `json:"dir"`
					Status store.Status `json:"status"`
					Failed int          `json:"failed,omitempty"` // cells
					Title  string       `json:"title"`
					Hash   string       `json:"hash"`
				}
				out := []row{}
				for _, e := range entries {
					r := row{Run: e.Name, Dir: e.Path}
					if e.Manifest != nil {
						r.Status, r.Title, r.Hash, r.Failed = e.Manifest.Status, e.Manifest.Title, e.Manifest.Result.String(), len(e.Manifest.Failed)
					}
					out = append(out, r)
				}
				return store.Encode(a.out, out)
			}
			w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
			for _, e := range entries {
				if e.Manifest == nil {
					fmt.Fprintf(w, "%s\tdamaged\t%v\n", e.Name, e.Err)
					continue
				}
				m := e.Manifest
				status := string(m.Status)
				if n := len(m.Failed); n > 0 {
					status += ", " + count(n, "cell") + " failed"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.Name, status, m.Started.Local().Format("2006-01-02 15:04"), m.Result.Short(), m.Title)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&a.dir, "out", "", whereToLook)
	return cmd
}

func (a *app) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: its cells and estimates",
		Args:  exactly(1, "a run: its folder, its name or its hash"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.find(args[0])
			if err != nil {
				return err
			}
			run, err := engine.Open(dir)
			if err != nil {
				return err
			}
			if a.json {
				return store.Encode(a.out, document(run))
			}
			if run.Manifest.Status != store.Done {
				fmt.Fprintln(a.out, unfinished(run))
				return nil
			}
			a.summary(run, "it took")
			if err := unfinishedCells(run); err != nil {
				fmt.Fprintf(a.out, "\n%v\n", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&a.dir, "out", "", whereToLook)
	return cmd
}

// unfinished says how far a run is and how to go on.
func unfinished(run *engine.Run) string {
	m := run.Manifest
	why := ""
	if m.Error != "" {
		why = " (" + m.Error + ")"
	}
	return fmt.Sprintf("%s: %s%s, %d of %d shards; `sgdlab resume %s` continues", m.Run, m.Status, why, m.Shards.Done, m.Shards.Total, engine.Word(run.Dir))
}

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Make the report of a run anew, from its tables",
		Args:  exactly(1, "a run: its folder, its name or its hash"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.find(args[0])
			if err != nil {
				return err
			}
			run, err := engine.Open(dir)
			if err != nil {
				return err // a report of damaged tables would be one of other numbers
			}
			if run.Manifest.Status != store.Done {
				return errors.New(unfinished(run) + "; until then there is nothing to report")
			}
			if err := reported(dir); err != nil {
				return err
			}
			path, err := filepath.Abs(filepath.Join(dir, store.ReportFile))
			if err != nil {
				return err
			}
			if a.json {
				return store.Encode(a.out, map[string]string{"report": path})
			}
			fmt.Fprintln(a.out, "file://"+path)
			return nil
		},
	}
	cmd.Flags().StringVar(&a.dir, "out", "", whereToLook)
	return cmd
}
