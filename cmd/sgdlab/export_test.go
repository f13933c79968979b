package main

import (
	"archive/zip"
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// export writes what show prints, in every format, and says what it wrote.
func TestExport(t *testing.T) {
	runs := t.TempDir()
	done(t, "run", write(t, langevin), "--out", runs)
	run := filepath.Base(folder(t, runs))
	t.Chdir(t.TempDir())
	out, _ := done(t, "export", run, "--runs", runs, "--format", "csv", "--tables", "cells", "--out", "-")
	records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(records) != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
	shown := object[shownRun](t, first(done(t, "show", run, "--out", runs, "--json")))
	for i, c := range shown.Cells {
		for _, name := range []string{"mean-time:exit", "rate:exit", "solve:exit"} {
			j := slices.Index(records[0], name)
			if j < 0 || c.Estimates[name].Value != nil && object[float64](t, records[i+1][j]) != *c.Estimates[name].Value {
				t.Errorf("cell %d, %s: %q; want %v", i, name, records[i+1], *c.Estimates[name].Value)
			}
		}
		if records[i+1][slices.Index(records[0], "dynamics")] != c.Dynamics {
			t.Errorf("cell %d: %q", i, records[i+1])
		}
	}
	for format, files := range map[string][]string{
		"csv": {run + "-csv/cells.csv", run + "-csv/samples.csv", run + "-csv/passages.csv", run + "-csv/plateaus.csv"}, "npz": {run + ".npz"}, "netcdf": {run + ".nc"},
		"parquet": {run + "-parquet/cells.parquet", run + "-parquet/samples.parquet", run + "-parquet/passages.parquet", run + "-parquet/plateaus.parquet"},
	} {
		d := object[struct {
			Run, Hash, Format string
			Files             []struct {
				Path string
				Rows int64
			}
			Notes []string
		}](t, first(done(t, "export", run, "--runs", runs, "--format", format, "--json")))
		var got []string
		for _, f := range d.Files {
			got = append(got, f.Path)
			if s, err := os.Stat(f.Path); err != nil || s.Size() == 0 {
				t.Errorf("%s: %v", f.Path, err)
			}
		}
		if !slices.Equal(got, files) || d.Run != run || d.Hash != shown.Hash || d.Format != format || d.Notes == nil {
			t.Errorf("%s: %+v", format, d)
		}
		if status, out, log := lab("export", run, "--runs", runs, "--format", format); status != exitRequest || out != "" || !strings.Contains(log, "it is there already; --force replaces it") {
			t.Errorf("%s, a second time: status %d\n%s%s", format, status, out, log)
		}
		done(t, "export", run, "--runs", runs, "--format", format, "--force")
	}
	z, err := zip.OpenReader(run + ".npz")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == "passages/time.npy" }) {
		t.Error("the NPZ has no passages/time")
	}
	entries, _ := os.ReadDir(".")
	if len(entries) != 4 {
		t.Errorf("%d things were left in the folder; want 4", len(entries))
	}
}

// What cannot be exported is said with its place and what would help, and leaves nothing behind.
func TestExportRefusals(t *testing.T) {
	runs := t.TempDir()
	done(t, "run", write(t, langevin), "--out", runs)
	run := folder(t, runs)
	here := t.TempDir()
	t.Chdir(here)
	for _, c := range []struct {
		args   []string
		status int
		words  []string
	}{
		{[]string{run}, exitRequest, []string{"no --format", "csv, npz, parquet, netcdf"}},
		{[]string{run, "--format", "xls"}, exitRequest, []string{`"xls"`, "csv, npz, parquet, netcdf"}},
		{[]string{run, "--format", "csv", "--tables", "cell"}, exitRequest, []string{`"cell"`, "cells, samples, passages, plateaus"}},
		{[]string{run, "--format", "csv", "--out", "-"}, exitRequest, []string{"several tables", "--tables"}},
		{[]string{run, "--format", "npz", "--out", "-", "--json"}, exitRequest, []string{"--out - and --json"}},
		{[]string{run, "--format", "npz", "--wide"}, exitRequest, []string{"npz", "csv or parquet"}},
		{[]string{"none", "--format", "csv", "--runs", runs}, exitRequest, []string{`"none"`, "no such run"}},
		{[]string{"none", "--format", "csv", "--runs", "nowhere"}, exitRequest, []string{"--runs nowhere is no folder"}},
		{[]string{run, "--format", "csv", "--out", "/dev/null/x"}, exitFailed, []string{"/dev/null/x", "not a directory", "--out"}},
		{[]string{run, "--format", "netcdf", "--out", "none/x.nc"}, exitFailed, []string{"none/x.nc", "no such file or directory", "make its folder first"}},
		{[]string{run, "--format", "netcdf", "--out", "/dev/full"}, exitFailed, []string{"/dev/full", "no space left on device", "free space"}},
	} {
		if slices.Contains(c.args, "/dev/full") && runtime.GOOS != "linux" {
			continue
		}
		status, out, log := lab(append([]string{"export"}, c.args...)...)
		if status != c.status || out != "" {
			t.Errorf("%v: status %d, output %q; want %d", c.args, status, out, c.status)
		}
		for _, w := range c.words {
			if !strings.Contains(log, w) {
				t.Errorf("%v: no %q in\n%s", c.args, w, log)
			}
		}
	}
	samples := filepath.Join(run, "samples.parquet")
	if err := os.Rename(samples, samples+".away"); err != nil {
		t.Fatal(err)
	}
	if status, _, log := lab("export", run, "--format", "csv"); status != exitFailed || !strings.Contains(log, "samples.parquet: no such file; `sgdlab resume ") {
		t.Errorf("a missing table: status %d\n%s", status, log)
	}
	manifest := filepath.Join(run, "manifest.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, []byte(strings.Replace(string(text), `"status": "done"`, `"status": "interrupted"`, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, log := lab("export", run, "--format", "csv"); status != exitRequest || !strings.Contains(log, "interrupted") || !strings.Contains(log, "sgdlab resume") || !strings.Contains(log, "no tables") {
		t.Errorf("an unfinished run: status %d\n%s", status, log)
	}
	if entries, _ := os.ReadDir(here); len(entries) != 0 {
		t.Errorf("something was left: %v", entries)
	}
}
