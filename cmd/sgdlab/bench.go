package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/scheme"
	"sgdlab/spec"
	"sgdlab/store"
	"sgdlab/workload"
)

func (a *app) benchCommand() *cobra.Command {
	var threads int
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine: normals, products, workloads W1 to W5; orders: those of the schemes for SDEs",
		Long:  "Measure this machine: " + benchLong,
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if threads < 1 {
				return wrong("bench: got --threads %d; want at least 1", threads)
			}
			if len(args) == 0 {
				return a.machine(threads)
			}
			return a.workloads(args, threads)
		},
	}
	cmd.Flags().IntVar(&threads, "threads", 1, "threads that step packs")
	cmd.AddCommand(a.ordersCommand(), a.curvesCommand())
	return cmd
}

func (a *app) curvesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "curves",
		Short: "Measure what a step costs against width, depth, batch and replicas, beside what flops and noise predict",
		Args:  exactly(0, "none"),
		RunE: func(*cobra.Command, []string) error {
			p := newProgress(a.log)
			curves, err := workload.Curves(func(name string, size int) { p.stage(fmt.Sprintf("%s %d", name, size)) })
			p.end()
			if err != nil {
				return fmt.Errorf("bench curves: %w", err)
			}
			if a.json {
				return store.Encode(a.out, curves)
			}
			w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
			for _, c := range curves {
				fmt.Fprintf(w, "%s\treplica-steps/s\tpredicted\tmeasured/predicted\t%s\n", c.Name, c.Of)
				for _, pt := range c.Points {
					fmt.Fprintf(w, "%d\t%.3g\t%.3g\t%.2f\t\n", pt.Size, pt.Rate, pt.Expected, pt.Rate/pt.Expected)
				}
				w.Flush()
				fmt.Fprintln(a.out)
			}
			return nil
		},
	}
}

const benchLong = "without arguments the price of random numbers, pack products beside the peak of fused multiply-adds, and the rates of all workloads; " +
	"with names of workloads one line for each, WORKLOAD sgdlab THREADS REPLICA-STEPS/S, as the baselines under bench/ print it.\n\n" +
	"STEPS=n in the environment has a workload take just n steps, for the check that is printed beside."

// workloads times workloads and prints a line for each.
func (a *app) workloads(names []string, threads int) error {
	steps := 0
	if text := os.Getenv("STEPS"); text != "" {
		var err error
		if steps, err = strconv.Atoi(text); err != nil || steps < 1 {
			return wrong("bench: got STEPS=%s in the environment; want a number of steps, at least 1", text)
		}
	}
	var todo []*workload.Case
	for _, name := range names {
		w, err := caseOf(name)
		if err != nil {
			return err
		}
		todo = append(todo, w)
	}
	for _, w := range todo {
		r, err := w.Run(threads, steps)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		fmt.Fprintf(a.log, "# check %.6g %.2g after %d steps; max %.4g\n", r.Value, r.SE, r.Steps, r.Best)
		fmt.Fprintf(a.out, "%s sgdlab %d %.4g\n", w.Name, threads, r.Rate)
	}
	return nil
}

func caseOf(name string) (*workload.Case, error) {
	known := []string{"orders"}
	for _, w := range workload.Cases {
		if w.Name == name {
			return w, nil
		}
		known = append(known, w.Name)
	}
	return nil, wrong("bench: got %s; want one of %s%s", name, strings.Join(known, ", "), spec.DidYouMean(name, known))
}

// machine measures the machine.
func (a *app) machine(threads int) error {
	figures := workload.Machine()
	type rate struct {
		Workload string  `json:"workload"`
		Threads  int     `json:"threads"`
		Rate     float64 `json:"replica-steps-per-second"`
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	if !a.json {
		for _, f := range figures {
			of := ""
			if f.Peak > 0 {
				of = fmt.Sprintf("%.0f %% of the peak", 100*f.Value/f.Peak)
			}
			fmt.Fprintf(w, "%s\t%.3g\t%s\t%s\n", f.Name, f.Value, f.Unit, of)
		}
		w.Flush()
		fmt.Fprintln(a.out)
	}
	var rates []rate
	for _, c := range workload.Cases {
		r, err := c.Run(threads, 0)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		rates = append(rates, rate{c.Name, threads, r.Rate})
		if !a.json {
			fmt.Fprintf(w, "%s\t%.3g\treplica-steps/s\t%s\n", c.Name, r.Rate, c.Says)
			w.Flush()
		}
	}
	if a.json {
		return store.Encode(a.out, map[string]any{"machine": figures, "workloads": rates})
	}
	return nil
}

func (a *app) ordersCommand() *cobra.Command {
	var names []string
	var paths int
	cmd := &cobra.Command{
		Use:   "orders",
		Short: "Measure the strong and weak orders of schemes on test problems",
		Long: "Measure the strong and weak orders of schemes on test problems with known answers, beside those that are declared; exit status 3 where one differs.\n\n" +
			"Strong errors are mean distances at time 1 on the same paths of the noise, over steps 2⁻⁵ … 2⁻⁹; weak errors are those of " +
			"moments, or of E f(x), without sampling. Orders are slopes of their logarithms.",
		Args: exactly(0, "none; --scheme NAME for one scheme"),
		RunE: func(*cobra.Command, []string) error {
			if paths < 80 {
				return wrong("bench orders: got --paths %d; want at least 80", paths)
			}
			var known []string
			for _, it := range catalog.Schemes {
				known = append(known, it.Name)
			}
			for _, n := range names {
				if !slices.Contains(known, n) {
					return wrong("bench orders: got --scheme %s; want one of %s%s", n, strings.Join(known, ", "), spec.DidYouMean(n, known))
				}
			}
			if len(names) == 0 {
				names = known
			}
			return a.orders(names, paths)
		},
	}
	cmd.Flags().StringSliceVar(&names, "scheme", nil, "the schemes to measure (default: all)")
	cmd.Flags().IntVar(&paths, "paths", 640, "paths of the noise for strong orders")
	return cmd
}

// orderRow is one scheme on one problem, as --json shows it.
type orderRow struct {
	Scheme    string      `json:"scheme"`
	Problem   string      `json:"problem"`
	Equation  string      `json:"equation"`
	Noise     string      `json:"noise"`
	Refused   string      `json:"refused,omitempty"`
	PathAreas bool        `json:"path-areas,omitempty"`
	Strong    *orderEntry `json:"strong,omitempty"`
	Weak      *orderEntry `json:"weak,omitempty"`
}

type orderEntry struct {
	Declared store.Number   `json:"declared"`
	Measured store.Number   `json:"measured"`
	Error    store.Number   `json:"standard-error"`
	Exact    bool           `json:"exact"`
	Steps    []store.Number `json:"steps"`
	Errors   []store.Number `json:"errors"`
}

func (a *app) orders(names []string, paths int) error {
	began := time.Now()
	problems := scheme.Problems()
	p := newProgress(a.log)
	defer p.end()
	var rows []orderRow
	off := []string{} // orders that are not those declared
	for i, name := range names {
		build, err := schemeOf(name)
		if err != nil {
			return err
		}
		for j, pr := range problems {
			p.stage(fmt.Sprintf("%s on %s, %d of %d", name, pr.Name, i*len(problems)+j+1, len(names)*len(problems)))
			m, err := scheme.Measure(build, pr, paths)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", name, pr.Name, err)
			}
			row := orderRow{Scheme: name, Problem: pr.Name, Equation: pr.Text, Noise: pr.Kind.String(), Refused: m.Refused, PathAreas: m.PathAreas}
			if m.Refused == "" {
				row.Strong, row.Weak = entry(&m.Strong), entry(&m.Weak)
			}
			rows = append(rows, row)
			if !m.Strong.Agrees() {
				off = append(off, fmt.Sprintf("the strong order of %s on %s", name, pr.Name))
			}
			if !m.Weak.Agrees() {
				off = append(off, fmt.Sprintf("the weak order of %s on %s", name, pr.Name))
			}
		}
	}
	p.end()
	if a.json {
		if err := store.Encode(a.out, map[string]any{"paths": paths, "orders": rows, "off": off}); err != nil {
			return err
		}
	} else {
		a.orderTable(rows)
		verdict := "every order is the one declared, within 0.08 and four standard errors"
		if len(off) > 0 {
			verdict = "not as declared, within 0.08 and four standard errors: " + strings.Join(off, "; ")
		}
		fmt.Fprintf(a.out, "\n%s (%d paths, %s)\n", verdict, paths, span(time.Since(began).Seconds()))
	}
	if len(off) > 0 {
		return errClaim
	}
	return nil
}

// schemeOf builds a scheme of the catalog with its default settings.
func schemeOf(name string) (sgdlab.Part[sgdlab.Scheme], error) {
	n, problems := spec.Parse(spec.CommandLine, []byte("name: "+name+"\n"))
	made, ok := catalog.Decode[*sgdlab.Site, sgdlab.Scheme](catalog.Scanner(&problems), n, "scheme")
	if !ok {
		return nil, problems
	}
	return made.Build, nil
}

func entry(o *scheme.Order) *orderEntry {
	if math.IsNaN(o.Measured) {
		return nil
	}
	e := &orderEntry{Declared: store.Number(o.Declared), Measured: store.Number(o.Measured), Error: store.Number(o.Error), Exact: o.Exact}
	for i := range o.Steps {
		e.Steps, e.Errors = append(e.Steps, store.Number(o.Steps[i])), append(e.Errors, store.Number(o.Errors[i]))
	}
	return e
}

func (a *app) orderTable(rows []orderRow) {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "scheme\tproblem\tnoise\tstrong\tmeasured\terrors\tweak\tmeasured\terrors")
	refused, areas := false, false
	for _, r := range rows {
		if r.Refused != "" {
			refused = true
			fmt.Fprintf(w, "%s\t%s\t%s\trefused\t\t\t\t\t\n", r.Scheme, r.Problem, r.Noise)
			continue
		}
		name := r.Scheme
		if r.PathAreas {
			areas = true
			name += "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, r.Problem, r.Noise, r.Strong.cells(), r.Weak.cells())
	}
	w.Flush()
	fmt.Fprintln(a.out)
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.Problem] {
			seen[r.Problem] = true
			fmt.Fprintf(a.out, "%-20s %s\n", r.Problem, r.Equation)
		}
	}
	if areas {
		fmt.Fprintln(a.out, "* with the Lévy areas of the path")
	}
	if refused {
		fmt.Fprintln(a.out, "refused: the scheme is not for such noise; --json says why")
	}
}

// cells are a declared and a measured order, and the errors at the longest and the shortest step.
func (e *orderEntry) cells() string {
	if e == nil {
		return "\t\t"
	}
	measured := fmt.Sprintf("%.2f", float64(e.Measured))
	switch {
	case e.Exact:
		measured = "exact"
	case e.Error > 0:
		measured += fmt.Sprintf(" ± %.2f", float64(e.Error))
	}
	last := len(e.Steps) - 1
	return fmt.Sprintf("%.2g\t%s\t%.1e at %s … %.1e at %s", float64(e.Declared), measured,
		float64(e.Errors[0]), fraction(float64(e.Steps[0])), float64(e.Errors[last]), fraction(float64(e.Steps[last])))
}

// fraction shows a step that is one over a whole number.
func fraction(h float64) string { return fmt.Sprintf("1/%d", int(math.Round(1/h))) }
