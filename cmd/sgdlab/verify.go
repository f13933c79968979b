package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sgdlab/engine"
	"sgdlab/store"
)

func (a *app) verifyCommand() *cobra.Command {
	part, files, seed := 1.0, false, uint64(0)
	cmd := &cobra.Command{
		Use:   "verify RUN [data.path=FILE]",
		Short: "Replay a run, or some of it, and compare; or check its files",
		Long: `Replay a run from the spec in its folder, in a temporary place, and compare the hash over all tables; where it differs, the
first number that does is shown with both values. With --sample F only a random part of the shards is replayed, and what
the folder holds of their single replicas is compared: times of events, plateaus, kept paths, states at the horizon. With
--files nothing is replayed: every file is checked against its own hash and the manifest's. Exit status 1 where anything
differs or is damaged.`,
		Args: atLeast(1, "a run: its folder, its name or its hash"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, o := range args[1:] {
				if !strings.HasPrefix(o, "data.path=") {
					return wrong("verify: got %s; want nothing but data.path=FILE: another spec is another run", o)
				}
			}
			if !(part > 0 && part <= 1) {
				return wrong("verify: got a sample of %g; want a part of the shards, over 0 and at most 1", part)
			}
			if a.workers < 0 {
				return wrong("workers %d; want a number of cores ≥ 1", a.workers)
			}
			dir, err := a.find(args[0])
			if err != nil {
				return err
			}
			if files {
				return a.verifyFiles(dir)
			}
			st, err := a.stored(dir, args[1:])
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("seed") {
				seed = uint64(rand.Uint32())
			}
			p := newProgress(a.log)
			ctx, restore := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer restore()
			context.AfterFunc(ctx, restore) // a second signal ends the program at once
			lab := &engine.Lab{Workers: a.workers, Progress: p.show, Stage: p.stage}
			c, err := lab.Verify(ctx, dir, st, part, seed)
			p.end()
			if err != nil {
				return err
			}
			return a.verified(c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.dir, "out", "", whereToLook)
	f.IntVar(&a.workers, "workers", 0, "cores to use (default: all)")
	f.Float64Var(&part, "sample", 1, "replay this part of the shards, drawn at random")
	f.Uint64Var(&seed, "seed", 0, "of the sample (default: another each time; it is printed)")
	f.BoolVar(&files, "files", false, "check the files against their hashes, and replay nothing")
	return cmd
}

// verified says what a replay found.
func (a *app) verified(c *engine.Check) error {
	if a.json {
		if err := store.Encode(a.out, c); err != nil {
			return err
		}
	} else {
		for _, n := range c.Notes {
			fmt.Fprintln(a.out, "note: "+n)
		}
		what := fmt.Sprintf("%d of %d shards, %d rows", c.Shards, c.Total, c.Numbers)
		if c.Shards < c.Total {
			what += fmt.Sprintf(", sample --seed %d", c.Seed)
		}
		switch {
		case c.Identical && c.Replayed != "":
			fmt.Fprintf(a.out, "%s: identical: %s; hash %s\n", c.Run, what, c.Replayed)
		case c.Identical:
			fmt.Fprintf(a.out, "%s: identical: %s\n", c.Run, what)
		default:
			fmt.Fprintf(a.out, "%s: different: %s\n", c.Run, what)
			if c.Replayed != "" {
				fmt.Fprintf(a.out, "  folder %s\n  replay %s\n", c.Stored, c.Replayed)
			}
			if c.First != nil {
				fmt.Fprintf(a.out, "  first: %v\n", c.First)
			}
		}
	}
	if !c.Identical {
		return errDifferent
	}
	return nil
}

func (a *app) verifyFiles(dir string) error {
	looked, bad := engine.Files(dir)
	if a.json {
		if bad == nil {
			bad = []engine.Finding{}
		}
		if err := store.Encode(a.out, map[string]any{"files": looked, "damaged": bad}); err != nil {
			return err
		}
	} else {
		for _, f := range bad {
			fmt.Fprintf(a.out, "%s: %s\n", f.File, f.Found)
		}
		if len(bad) == 0 {
			fmt.Fprintf(a.out, "%s: %d files, all as the run left them\n", dir, looked)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return errors.New(count(len(bad), "file") + " of the run missing or damaged")
}
