package engine

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sgdlab/store"
)

// A replay of a run, whole or of a part of its shards, finds it identical; it finds the one number that was changed in any of
// its tables, and says which. Nothing is left behind.
func TestVerify(t *testing.T) {
	_, st := load(t, apace)
	out := t.TempDir()
	run := do(t, &Lab{Out: out}, st)
	verify := func(part float64, seed uint64) *Check {
		t.Helper()
		c, err := (&Lab{Out: t.TempDir(), Workers: 2}).Verify(context.Background(), run.Dir, st, part, seed)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := verify(0, 0); !c.Identical || c.First != nil || c.Replayed != run.Manifest.Result.String() || c.Shards != c.Total || len(c.Notes) > 0 || c.Numbers < 1000 {
		t.Errorf("whole: %+v", c)
	}
	for seed := range uint64(3) {
		if c := verify(0.3, seed); !c.Identical || c.Shards >= c.Total || c.Shards < 2 || c.Numbers < 10 {
			t.Errorf("sample: %+v", c)
		}
	}

	// One changed number in each table, which is sound by its own seal.
	tamper := func(name string) func() {
		t.Helper()
		file := filepath.Join(run.Dir, map[string]string{"passage": store.PassagesFile, "sample": store.SamplesFile, "plateau": store.PlateausFile, "cell": store.CellsFile}[name])
		old, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch name {
		case "passage":
			rows, err := store.Read[store.Passage](file)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if rows[i].Cell == 2 && rows[i].Replica == 9 && rows[i].Event == "down" {
					rows[i].Time = math.Nextafter(rows[i].Time, 100)
				}
			}
			rewrite(t, file, rows)
		case "sample":
			rows, err := store.Read[store.Sample](file)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if rows[i].Cell == 0 && rows[i].Statistic == "variance" && rows[i].Step == 300 {
					rows[i].Value *= 1 + 0x1p-52
				}
			}
			rewrite(t, file, rows)
		case "cell":
			cells, err := store.ReadCells(file)
			if err != nil {
				t.Fatal(err)
			}
			cells[1].Estimates[0].SE += 1
			if _, err := store.WriteCells(file, cells); err != nil {
				t.Fatal(err)
			}
		}
		return func() {
			if err := os.WriteFile(file, old, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range map[string]string{
		"passage": "passages: cell 2 (sde dynamics.sde.noise.temperature=0.3), replica 9: time of down is ",
		"sample":  "samples: cell 0 (sde dynamics.sde.noise.temperature=0.1): variance of loss at time 3 is ",
		"cell":    "cells: cell 1 (gd dynamics.sde.noise.temperature=0.1): ",
	} {
		mend := tamper(name)
		if c := verify(0, 0); c.Identical || c.First == nil || !strings.HasPrefix(c.First.String(), want) || !strings.Contains(strings.Join(c.Notes, " "), "changed after the run") {
			t.Errorf("%s: %v %+v; want %s", name, c.First, c, want)
		}
		if _, bad := Files(run.Dir); len(bad) != 1 || bad[0].File != "*.parquet" {
			t.Errorf("%s: files %+v", name, bad)
		}
		if name == "passage" {
			found := false
			for seed := range uint64(12) {
				c := verify(0.4, seed)
				if found = found || !c.Identical; !c.Identical && !strings.HasPrefix(c.First.String(), want) {
					t.Errorf("sample: %v", c.First)
				}
			}
			if !found {
				t.Error("no sample has found it")
			}
		}
		mend()
	}
	m := *run.Manifest
	m.Program = "sgdlab 0.0.9, results 0"
	if err := store.WriteManifest(run.Dir, &m); err != nil {
		t.Fatal(err)
	}
	if c := verify(0.2, 1); !c.Identical || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "the number of results differs") {
		t.Errorf("another version: %+v", c)
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*verify*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	_, bare := load(t, apace, "ensemble.until={time: 1}", "events={}", "ensemble.keep=0", "claims=[]", "plateaus=null")
	none := do(t, &Lab{Out: out}, bare)
	if c, err := (&Lab{}).Verify(context.Background(), none.Dir, bare, 0.3, 1); err != nil || !c.Identical || c.Numbers == 0 {
		t.Errorf("by the states at the horizon: %v %+v", err, c)
	}
	os.Remove(KeepPath(none.Dir))
	var refused *Refused
	if _, err := (&Lab{}).Verify(context.Background(), none.Dir, bare, 0.3, 1); !errors.As(err, &refused) || !strings.Contains(err.Error(), "without --sample") {
		t.Errorf("nothing to compare: %v", err)
	}
}

func rewrite[T store.Row](t *testing.T, file string, rows []T) {
	t.Helper()
	w, err := store.Create[T](file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// Every file of a finished run is looked at; a flipped bit, a cut and a missing file are found by name.
func TestFiles(t *testing.T) {
	_, st := load(t, short)
	run := do(t, &Lab{Out: t.TempDir()}, st)
	looked, bad := Files(run.Dir)
	if len(bad) > 0 || looked != 11 {
		t.Fatalf("%d files looked at, %+v", looked, bad)
	}
	for _, file := range []string{
		store.ManifestFile, store.SpecYAML, store.SpecJSON, PlanFile, store.CellsFile, store.SamplesFile, store.PassagesFile, store.PlateausFile,
		store.VerdictsFile, AnalysesFile, filepath.Join(store.CheckpointDir, store.KeepFile),
	} {
		path := filepath.Join(run.Dir, file)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for harm, b := range map[string][]byte{"cut": whole[:len(whole)/2], "missing": nil, "flipped": append([]byte{whole[0] ^ 1}, whole[1:]...)} {
			if harm == "missing" {
				os.Remove(path)
				if filepath.Base(file) == store.KeepFile {
					b = nil // which may be removed
					if _, bad := Files(run.Dir); len(bad) > 0 {
						t.Errorf("%s %s: %+v", harm, file, bad)
					}
					continue
				}
			} else if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			if _, bad := Files(run.Dir); len(bad) == 0 || bad[0].File != file || bad[0].Found == "" || strings.Contains(bad[0].Found, run.Dir+": ") {
				t.Errorf("%s %s: %+v", harm, file, bad)
			}
		}
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, bad := Files(run.Dir); len(bad) > 0 {
		t.Errorf("mended: %+v", bad)
	}
}
