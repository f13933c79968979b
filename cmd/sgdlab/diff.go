package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sgdlab/compare"
	"sgdlab/engine"
	"sgdlab/spec"
	"sgdlab/store"
)

// errDifferent is the end of a comparison that found a difference.
var errDifferent = errors.New("the runs differ")

// side opens a run as one of two. Its spec is read without running anything of it.
func (a *app) side(arg string) (*compare.Side, *engine.Run, error) {
	dir, err := a.find(arg)
	if err != nil {
		return nil, nil, err
	}
	run, err := engine.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(dir, store.SpecYAML)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		file = filepath.Join(dir, store.SpecJSON)
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w; copy it back from where the run was made", file, bare(err))
	}
	root, problems := spec.Parse(file, text)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	// Where the data lie is no part of the question: what is in them has a hash.
	if at := root.Lookup("data.path"); at != nil {
		if t, ok := at.Text(); ok {
			root.Get("data").Put("path", spec.New(path.Base(filepath.ToSlash(t))).At(at))
		}
	}
	return &compare.Side{Dir: dir, Manifest: run.Manifest, Cells: run.Cells, Spec: root}, run, nil
}

// sides opens both runs of a comparison.
func (a *app) sides(args []string) (first, second *compare.Side, runs [2]*engine.Run, err error) {
	if first, runs[0], err = a.side(args[0]); err != nil {
		return
	}
	second, runs[1], err = a.side(args[1])
	return
}

// twofold is a fact about both runs.
type twofold struct {
	First  string `json:"first"`
	Second string `json:"second"`
}

func (t twofold) same() bool { return t.First == t.Second }

// cellCounts is which cells two runs have in common.
type cellCounts struct {
	Both       int      `json:"both"`
	OnlyFirst  []string `json:"only_first"`
	OnlySecond []string `json:"only_second"`
}

func counts(m compare.Matching, a, b *compare.Side) cellCounts {
	c := cellCounts{Both: len(m.Pairs), OnlyFirst: []string{}, OnlySecond: []string{}}
	for _, i := range m.OnlyA {
		c.OnlyFirst = append(c.OnlyFirst, compare.Label(&a.Cells[i]))
	}
	for _, i := range m.OnlyB {
		c.OnlySecond = append(c.OnlySecond, compare.Label(&b.Cells[i]))
	}
	return c
}

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff RUN RUN",
		Short: "Say what differs between two runs: settings, program, seeds, data, numbers",
		Long: `Say what differs between two runs: settings path by path, program, seeds and data, and then the numbers of all tables in the
cells that both have, bit for bit. Cells are the same where dynamics and settings are; a setting that one run sweeps is looked up
in the spec of the other.

Exit status: 0 where the results are identical, 1 where they are not, or one of the runs has none yet, 2 for a wrong request.`,
		Args: exactly(2, "two runs: their folders, names or hashes"),
		RunE: func(_ *cobra.Command, args []string) error {
			first, second, runs, err := a.sides(args)
			if err != nil {
				return err
			}
			m, n := first.Manifest, second.Manifest
			d := difference{
				Run: twofold{first.Dir, second.Dir}, Status: twofold{string(m.Status), string(n.Status)},
				Hash: twofold{m.Result.String(), n.Result.String()}, Program: twofold{m.Program, n.Program},
				Settings: append([]compare.Change{}, compare.Settings(first.Spec, second.Spec)...),
				Seeds:    twofold{seedText(m.Seeds), seedText(n.Seeds)}, Data: twofold{dataText(m), dataText(n)}, Values: []*compare.Difference{},
			}
			finished := m.Status == store.Done && n.Status == store.Done
			d.Identical = finished && m.Result == n.Result
			if finished {
				matching := compare.Match(first, second)
				d.Cells = counts(matching, first, second)
				d.Notes = matching.Notes
				if !d.Identical {
					if d.Values, err = compare.Values(first, second, matching); err != nil {
						return err
					}
				}
			}
			for _, r := range runs {
				if r.Manifest.Status != store.Done {
					d.Notes = append(d.Notes, unfinished(r)+": until then it has no numbers")
				}
			}
			if a.json {
				d.Notes = append([]string{}, d.Notes...)
				err = store.Encode(a.out, d)
			} else {
				err = a.differences(&d, finished)
			}
			if err == nil && !d.Identical {
				err = errDifferent
			}
			return err
		},
	}
	a.looking(cmd)
	return cmd
}

// difference is the document of diff --json.
type difference struct {
	Identical bool                  `json:"identical"` // in result
	Run       twofold               `json:"runs"`
	Status    twofold               `json:"status"`
	Hash      twofold               `json:"hash"`
	Program   twofold               `json:"program"`
	Seeds     twofold               `json:"seeds"`
	Data      twofold               `json:"data"`
	Settings  []compare.Change      `json:"settings"`
	Cells     cellCounts            `json:"cells"`
	Values    []*compare.Difference `json:"values"`
	Notes     []string              `json:"notes"`
}

func seedText(s store.Seeds) string {
	return fmt.Sprintf("data %d, init %d, noise %d", s.Data, s.Init, s.Noise)
}

func dataText(m *store.Manifest) string {
	var parts []string
	for name, d := range m.Data {
		parts = append(parts, name+" "+d.Short())
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// differences prints a diff for people.
func (a *app) differences(d *difference, finished bool) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	line := func(what string, t twofold) {
		if !t.same() {
			fmt.Fprintf(w, "%s\t%s\t%s\n", what, orNothing(t.First), orNothing(t.Second))
		}
	}
	line("run", d.Run)
	line("status", d.Status)
	line("program", d.Program)
	line("seeds", d.Seeds)
	line("data", d.Data)
	for _, c := range d.Settings {
		line(c.Path, twofold{c.Old, c.New})
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range d.Notes {
		fmt.Fprintln(a.out, "note: "+n)
	}
	if !finished {
		return nil
	}
	if d.Identical {
		fmt.Fprintf(a.out, "identical in result: hash %s\n", d.Hash.First[:8])
		return nil
	}
	fmt.Fprintf(a.out, "\n%s in both\n", count(d.Cells.Both, "cell"))
	partnerless(a.out, d.Cells)
	equal := 0
	fmt.Fprintln(w, "\ttable\tquantity\tdiffer\tlargest difference\trelative\twhere")
	for _, v := range d.Values {
		if v.Same() {
			equal++
			continue
		}
		fmt.Fprintf(w, "\t%s\t%s\t%d of %d\t", v.Table, v.Quantity, v.Differ, v.Compared)
		if v.Differ > 0 {
			fmt.Fprintf(w, "%.3g\t%.2g\t%s (%.9g, %.9g)", float64(v.Absolute), float64(v.Relative), v.Where, float64(v.A), float64(v.B))
		} else {
			fmt.Fprint(w, "\t\t")
		}
		if v.OnlyA+v.OnlyB > 0 {
			fmt.Fprintf(w, "; %d only in the first, %d only in the second", v.OnlyA, v.OnlyB)
		}
		fmt.Fprintln(w)
	}
	if equal < len(d.Values) {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "%d of %d quantities are the same bits everywhere\n", equal, len(d.Values))
	return nil
}

// partnerless lists cells that only one run has.
func partnerless(w io.Writer, c cellCounts) {
	const most = 10
	for _, s := range []struct {
		which string
		cells []string
	}{{"first", c.OnlyFirst}, {"second", c.OnlySecond}} {
		for i, l := range s.cells {
			if i == most {
				fmt.Fprintf(w, "only in the %s: %d more\n", s.which, len(s.cells)-most)
				break
			}
			fmt.Fprintf(w, "only in the %s: %s\n", s.which, l)
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}
