package main

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sgdlab/compare"
	"sgdlab/store"
)

func (a *app) compareCommand() *cobra.Command {
	var o compare.Options
	all := false
	cmd := &cobra.Command{
		Use:   "compare RUN RUN",
		Short: "Test whether two runs estimate the same: other seeds, versions, schemes",
		Long: `Test whether two runs estimate the same quantities, in the cells that both have: other seeds, versions, steps or schemes of one
question. Estimates are compared by Welch's t test, counts by Fisher's, laws of passage times by the log-rank and the
Kolmogorov–Smirnov test; runs that share seeds are compared by replica. Holm's correction holds over all tests of the two
runs together: where nothing differs, a difference is found anywhere with probability --false-alarm at most.

A cell differs where one of its tests says so. It agrees where every 95 % interval of a difference lies within --within, as a
part of the value or of the standard deviation over replicas, whichever is larger. Else it is undecided: more replicas decide.

Exit status: 0 where nothing differs, 1 where a cell does, 2 for a wrong request.`,
		Example: `  sgdlab run spec.yaml
  sgdlab run spec.yaml seed=2
  sgdlab compare 3f0c 91ab`,
		Args: exactly(2, "two runs: their folders, names or hashes"),
		RunE: func(_ *cobra.Command, args []string) error {
			if !(o.FalseAlarm > 0 && o.FalseAlarm < 1) {
				return wrong("--false-alarm %g; want a probability between 0 and 1, as 0.01", o.FalseAlarm)
			}
			if !(o.Within > 0) || math.IsInf(o.Within, 1) {
				return wrong("--within %g; want a part > 0, as 0.1", o.Within)
			}
			first, second, runs, err := a.sides(args)
			if err != nil {
				return err
			}
			for _, r := range runs {
				if r.Manifest.Status != store.Done {
					return requestError{fmt.Errorf("%s; until then there is nothing to compare", unfinished(r))}
				}
			}
			c, err := compare.Runs(first, second, o)
			if err != nil {
				return err
			}
			cells := counts(c.Matching, first, second)
			if len(c.Cells) == 0 {
				partnerless(a.log, cells)
				return wrong("compare: %s and %s have no cell in common; want runs of one question, with the same dynamics and at least one point of the sweep in both", args[0], args[1])
			}
			if dataText(first.Manifest) != dataText(second.Manifest) {
				c.Notes = append(c.Notes, "the data differ: a difference may be one of the two data sets")
			}
			settings := compare.Settings(first.Spec, second.Spec)
			if a.json {
				if err := store.Encode(a.out, map[string]any{
					"runs": twofold{first.Dir, second.Dir}, "false_alarm": o.FalseAlarm, "within": o.Within, "tests": c.Tests, "notes": append([]string{}, c.Notes...),
					"settings": append([]compare.Change{}, settings...), "cells": c.Cells, "only_first": cells.OnlyFirst, "only_second": cells.OnlySecond,
				}); err != nil {
					return err
				}
			} else if err := a.compared(c, o, cells, settings, all); err != nil {
				return err
			}
			for _, cell := range c.Cells {
				if cell.Verdict == compare.Differ {
					return errDifferent
				}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.Float64Var(&o.FalseAlarm, "false-alarm", 0.01, "probability of any difference found where there is none")
	f.Float64Var(&o.Within, "within", 0.1, "the largest part by which what agrees may differ")
	f.BoolVar(&all, "all", false, "every test of every cell (default: those that differ, and the widest that do not decide)")
	a.looking(cmd)
	return cmd
}

// compared prints a comparison for people.
func (a *app) compared(c *compare.Comparison, o compare.Options, cells cellCounts, settings []compare.Change, all bool) error {
	for _, s := range settings {
		fmt.Fprintf(a.out, "%s: %s → %s\n", s.Path, orNothing(s.Old), orNothing(s.New))
	}
	for _, n := range c.Notes {
		fmt.Fprintln(a.out, "note: "+n)
	}
	partnerless(a.out, cells)
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	tally := map[compare.Verdict]int{}
	for _, cell := range c.Cells {
		tally[cell.Verdict]++
		mark := map[compare.Verdict]string{compare.Agree: "= agree", compare.Differ: "≠ differ", compare.Undecided: "? undecided"}[cell.Verdict]
		fmt.Fprintf(w, "%s\t%s\t%s\n", mark, cell.Label, gist(cell))
		for _, t := range cell.Tests {
			if all || t.Verdict == compare.Differ {
				fmt.Fprintf(w, "\t  %s\t%s\n", t.Quantity, line(t, all))
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s: %d agree within %g, %d differ, %d undecided; %s, false-alarm probability %g over all of them\n",
		count(len(c.Cells), "cell"), tally[compare.Agree], o.Within, tally[compare.Differ], tally[compare.Undecided], count(c.Tests, "test"), o.FalseAlarm)
	return nil
}

// gist is one cell in a few words.
func gist(c *compare.Cell) string {
	differ, undecided, identical := 0, 0, 0
	var needs int64
	smallest := math.NaN()
	widest := ""
	for _, t := range c.Tests {
		switch t.Verdict {
		case compare.Differ:
			differ++
		case compare.Undecided:
			undecided++
			if t.Needs > needs {
				needs, widest = t.Needs, t.Quantity
			}
		}
		if t.Method == "identical" || t.Why == "the same number" {
			identical++
		}
		if p := float64(t.Adjusted); !math.IsNaN(p) && !(p >= smallest) {
			smallest = p
		}
	}
	var parts []string
	if identical == len(c.Tests) && identical > 0 {
		return "the same numbers"
	}
	if !math.IsNaN(smallest) {
		parts = append(parts, fmt.Sprintf("smallest adjusted p %.2g in %s", smallest, count(len(c.Tests), "comparison")))
	}
	if differ > 0 {
		parts = append(parts, fmt.Sprintf("%d differ", differ))
	}
	if undecided > 0 {
		text := fmt.Sprintf("%d undecided", undecided)
		if needs > 0 {
			text += fmt.Sprintf(" (n = %d would decide %s)", needs, widest)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// line is one test.
func line(t *compare.Test, verdict bool) string {
	var parts []string
	if !math.IsNaN(float64(t.A)) && !math.IsNaN(float64(t.B)) {
		parts = append(parts, fmt.Sprintf("%s and %s", withError(store.Estimate{Value: float64(t.A), SE: float64(t.SEA)}), withError(store.Estimate{Value: float64(t.B), SE: float64(t.SEB)})))
	}
	if !math.IsNaN(float64(t.Lo)) && t.Method != "identical" {
		parts = append(parts, fmt.Sprintf("difference %.4g [%.4g, %.4g]", float64(t.Difference), float64(t.Lo), float64(t.Hi)))
	}
	if !math.IsNaN(float64(t.P)) {
		parts = append(parts, fmt.Sprintf("p %.2g, adjusted %.2g", float64(t.P), float64(t.Adjusted)))
	}
	if t.Why != "" {
		parts = append(parts, t.Why)
	}
	text := strings.Join(parts, "; ") + " (" + t.Method + ")"
	if verdict {
		text = string(t.Verdict) + ": " + text
	}
	return text
}
