package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sgdlab/engine"
	"sgdlab/spec"
	"sgdlab/store"
	"sgdlab/study"
)

// extendable is what can be made longer.
const extendable = "what can be extended: ensemble.replicas (to more), ensemble.until.steps, .time or .at-most (to later), and the values of sweep (by more); for another question, sgdlab run SPEC"

func (a *app) extendCommand() *cobra.Command {
	return a.computing(&cobra.Command{
		Use:   "extend RUN key=value …",
		Short: "Lengthen a run, as if it had been that long from the start",
		Long: `Lengthen a run, as if it had been that long from the start: more replicas (ensemble.replicas=4000), a longer horizon
(ensemble.until.steps=…, .time=…, .at-most.time=…), more points of the sweep (sweep.PATH=[…], old values among them). The longer
run has a folder of its own, beside that of the run, with the name that its spec gives it; the run that it extends stays as it
is. Replicas that are there are not run again: those that reached their horizon go on from it. The result has the bits of a
fresh run of the longer spec.

What an extension goes on from is checkpoints/keep.bin in the run folder: the statistics of each cell and the states of the
replicas at their horizon. It may be removed; an extension then computes everything. Of a run that was interrupted, the shards
that stand are taken over.`,
		Args: atLeast(2, "a run, and then key=value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := a.find(args[0])
			if err != nil {
				return err
			}
			var place []string // where the data are: no part of the question
			for _, o := range args[1:] {
				if strings.HasPrefix(o, "data.path=") {
					place = append(place, o)
				}
			}
			earlier, err := a.stored(dir, place)
			if err != nil {
				return err
			}
			longer, err := a.stored(dir, args[1:])
			if err != nil {
				return err
			}
			if longer.Hash() == earlier.Hash() {
				return wrong("extend: %s asks for nothing more than the run; %s", strings.Join(args[1:], " "), extendable)
			}
			if err := engine.Extension(longer, earlier); err != nil {
				return wrong("extend: with %s it is another run, not a longer one: %v; %s", strings.Join(args[1:], " "), err, extendable)
			}
			run, err := a.do(cmd.Context(), longer, &engine.Lab{Out: filepath.Dir(dir), From: dir})
			if err != nil {
				return err
			}
			return a.told(run)
		},
	})
}

// stored loads the spec of a run folder. Points that could not be built when it ran are left out again.
func (a *app) stored(dir string, overrides []string) (*study.Study, error) {
	path, err := a.specIn(dir)
	if err != nil {
		return nil, err
	}
	m, err := store.ReadManifest(dir)
	thinned := err == nil && m.Quick
	st, err := study.LoadFile(path, study.Options{Overrides: overrides, Thinned: thinned, KeepGoing: true})
	if err != nil {
		a.movedAway(dir, err)
	}
	return st, err
}

// specIn is the file that holds the spec of a run folder: the one for people, or, where that is not what the run was begun
// with, the one for programs. What is damaged of the two and the hash in the manifest, which must agree, is named, and
// written anew as the run goes on; where all three differ it cannot.
func (a *app) specIn(dir string) (string, error) {
	first, second := filepath.Join(dir, store.SpecYAML), filepath.Join(dir, store.SpecJSON)
	m, err := store.ReadManifest(dir)
	if err != nil {
		return first, nil // nothing to compare with
	}
	hash := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			return err.Error()
		}
		root, problems := spec.Parse(path, text)
		if len(problems) > 0 {
			return problems.Error()
		}
		return study.HashOf(root)
	}
	one, two, three := hash(first), hash(second), m.Spec.String()
	damaged := ""
	switch path := first; {
	case one == three && (two == three || m.Status == store.Done): // of a finished run every file is looked at later
		return path, nil
	case one == three:
		damaged = second
	case two == three:
		damaged, first = first, second
	case one == two:
		damaged = filepath.Join(dir, store.ManifestFile)
	default:
		return "", fmt.Errorf("%s: not the spec that the run was begun with, by the hash in %s, and %s neither; put one of them back from a copy, or begin anew with another --out", path, store.ManifestFile, store.SpecJSON)
	}
	if !a.noted {
		fmt.Fprintf(a.log, "note: %s: altered: it does not agree with the other two of %s, %s and %s about the spec; it is written anew\n", damaged, store.SpecYAML, store.SpecJSON, store.ManifestFile)
	}
	a.noted = true
	return first, nil
}
