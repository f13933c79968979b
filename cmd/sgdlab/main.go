// Command sgdlab is a laboratory for the dynamics of gradient descent.
//
// What belongs here: verbs, flags, what is printed, exit statuses. What does not: everything else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/engine"
	"sgdlab/spec"
)

// Exit statuses.
const (
	exitDone      = 0
	exitFailed    = 1 // a run failed
	exitDifferent = 1 // diff, compare: the runs differ
	exitRequest   = 2 // the request is wrong; nothing was run
	exitClaim     = 3 // a claim failed
)

// errClaim is the end of a reproduction in which a claim fails.
var errClaim = errors.New("a claim fails")

// requestError is a request that is wrong.
type requestError struct{ error }

func (e requestError) Unwrap() error { return e.error }

func wrong(format string, args ...any) error { return requestError{fmt.Errorf(format, args...)} }

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program: it prints what went wrong and returns the exit status.
func run(ctx context.Context, args []string, out, log io.Writer) int {
	root := commands(args, out, log)
	root.SetArgs(append([]string{}, args...)) // nil would be the process's own
	root.SetOut(out)
	root.SetErr(log)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var problems spec.Problems
	var placed *catalog.PlacedError
	var request requestError
	var stopped *engine.Stopped
	var refused *engine.Refused
	switch {
	case errors.Is(err, errClaim):
		return exitClaim
	case errors.Is(err, errDifferent):
		return exitDifferent
	case errors.As(err, &problems), errors.As(err, &placed):
		fmt.Fprintln(log, err)
		return exitRequest
	case errors.As(err, &request), errors.As(err, &refused):
		fmt.Fprintf(log, "sgdlab: %v\n", err)
		return exitRequest
	case errors.As(err, &stopped):
		fmt.Fprintln(log, err)
		return exitFailed
	}
	fmt.Fprintf(log, "sgdlab: %v\n", err)
	return exitFailed
}

// app is what the verbs share: where they print, and the flags that several have.
type app struct {
	args     []string
	out, log io.Writer
	json     bool
	dir      string
	workers  int
	quick    bool
	engine   string
	noted    bool // that a spec is damaged
}

func commands(args []string, out, log io.Writer) *cobra.Command {
	a := &app{args: args, out: out, log: log}
	root := &cobra.Command{
		Use:           "sgdlab",
		Short:         "A laboratory for the dynamics of gradient descent",
		Version:       sgdlab.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var verbs []string
			for _, c := range cmd.Commands() {
				if !c.Hidden && c.Name() != "help" && c.Name() != "completion" {
					verbs = append(verbs, c.Name())
				}
			}
			slices.Sort(verbs)
			return wrong("got %s; want one of %s%s", args[0], strings.Join(verbs, ", "), spec.DidYouMean(args[0], verbs))
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if text, _, number := strings.Cut(err.Error(), ": strconv."); number {
			want := "a whole number"
			if strings.Contains(err.Error(), "ParseFloat") {
				want = "a number"
			}
			err = fmt.Errorf("%s; want %s", text, want)
		}
		return requestError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print one JSON document on standard output")
	root.AddCommand(a.runCommand(), a.checkCommand(), a.resumeCommand(), a.reproduceCommand(), a.theoryCommand(),
		a.listCommand(), a.explainCommand(), a.lsCommand(), a.showCommand(), a.reportCommand())
	root.AddCommand(a.exportCommand(), a.diffCommand(), a.compareCommand(), a.newCommand(), a.benchCommand(), a.extendCommand(), a.verifyCommand())
	a.complete(root)
	return root
}

// exactly and atLeast check the number of arguments, as mistakes of the request.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return wrong("%s: got %d arguments; want %s", cmd.Name(), len(args), what)
		}
		return nil
	}
}

func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return wrong("%s: got %d arguments; want %s", cmd.Name(), len(args), what)
		}
		return nil
	}
}

// whereToLook is the help of --out where it finds runs.
const whereToLook = "where to look (default: runs, or examples/runs where there is none)"

// computing adds the flags of verbs that compute.
func (a *app) computing(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	out := "where run folders go (default: runs beside the spec)"
	switch cmd.Name() {
	case "reproduce":
		out = "where run folders go (default: runs)"
	case "resume", "extend":
		out = whereToLook
	}
	f.StringVar(&a.dir, "out", "", out)
	f.IntVar(&a.workers, "workers", 0, "cores to use (default: all)")
	if n := cmd.Name(); n != "resume" && n != "extend" { // what is there is thinned already, or not at all
		f.BoolVar(&a.quick, "quick", false, "fewer replicas and sweep points; never a shorter horizon of an event")
	}
	f.StringVar(&a.engine, "engine", "local", "where shards run: local")
	pre := cmd.PreRunE
	cmd.PreRunE = func(c *cobra.Command, args []string) error {
		if a.engine != "local" {
			return wrong("engine %q; want local", a.engine)
		}
		if a.workers < 0 {
			return wrong("workers %d; want a number of cores ≥ 1", a.workers)
		}
		if pre != nil {
			return pre(c, args)
		}
		return nil
	}
	return cmd
}
