package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sgdlab/engine"
	"sgdlab/store"
)

// harm flips a random bit of a file, or cuts it at a random byte, empties or removes it, and says what it did.
func harm(t *testing.T, rnd *rand.Rand, path string, how int) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := rnd.IntN(len(data))
	what := ""
	switch how % 4 {
	case 0, 1:
		bit := rnd.IntN(8)
		data[at] ^= 1 << bit
		what = fmt.Sprintf("bit %d of byte %d flipped in", bit, at)
	case 2:
		data = data[:at]
		what = fmt.Sprintf("cut at byte %d:", at)
	case 3:
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return "removed: " + path
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return what + " " + path
}

// contents are the bytes of every file below a run folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range listing(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

// Of a finished run, every file, of any kind, that has one bit flipped, is cut short or is gone is named by verify --files
// and by resume, and resume makes it anew, to the same bytes. That holds for one file and for several at once.
func TestDamagedFilesAreMadeAnew(t *testing.T) {
	dir, want := reference(t, write(t, fragile))
	intact := t.TempDir()
	if err := os.CopyFS(intact, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	whole := contents(t, dir)
	names := listing(t, dir)
	keep := filepath.Join(store.CheckpointDir, store.KeepFile)
	for _, name := range []string{store.ManifestFile, store.SpecYAML, store.SpecJSON, engine.PlanFile, engine.AnalysesFile, store.VerdictsFile,
		store.CellsFile, store.SamplesFile, store.PassagesFile, store.PlateausFile, store.ReportFile, store.SumsFile, keep} {
		if !slices.Contains(names, name) {
			t.Fatalf("the folder has no %s: %q", name, names)
		}
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	rounds, each := 5, 6
	if *long {
		rounds, each = 150, 4
	}
	harmed := 0
	for round := range rounds {
		var chosen, did []string
		for range 1 + round%each {
			name := names[rnd.IntN(len(names))]
			// Of what says what the run is, one at a time: two of three that differ are no witness.
			core := []string{store.ManifestFile, store.SpecYAML, store.SpecJSON, store.SumsFile}
			if slices.Contains(chosen, name) || slices.Contains(core, name) && slices.ContainsFunc(chosen, func(c string) bool { return slices.Contains(core, c) }) {
				continue
			}
			if name == store.SumsFile && len(chosen) > 0 || slices.Contains(chosen, store.SumsFile) {
				continue // the list that is damaged cannot tell of others
			}
			how := rnd.IntN(4)
			if how == 3 && (name == store.ManifestFile || name == keep || name == store.SumsFile) {
				how = 2 // a folder without a manifest is no run; and the others may be removed
			}
			chosen = append(chosen, name)
			did = append(did, harm(t, rnd, filepath.Join(dir, name), how))
		}
		harmed += len(chosen)
		_, found, _ := lab("verify", dir, "--files")
		status, out, log := lab("resume", dir)
		if status != exitDone {
			t.Errorf("%q: status %d\n%s%s", did, status, out, log)
		}
		damagedManifest := slices.Contains(chosen, store.ManifestFile)
		for _, name := range chosen {
			if !strings.Contains(found, name) && !damagedManifest {
				t.Errorf("%q: verify --files does not name %s in\n%s", did, name, found)
			}
			if !strings.Contains(log, name) && !damagedManifest {
				t.Errorf("%q: resume does not name %s in\n%s", did, name, log)
			}
		}
		if damagedManifest && (!strings.Contains(found, store.ManifestFile) || !strings.Contains(log, store.ManifestFile)) {
			t.Errorf("%q: the manifest is not named in\n%s\nnor in\n%s", did, found, log)
		}
		same(t, fmt.Sprintf("%q", did), tables(t, dir), want)
		now := contents(t, dir)
		for _, name := range names {
			// Times of the clock are in some; spec.yaml may come of spec.json, and be laid out otherwise; keep.bin may be removed, or
			// hold cells in other parts, where two cells are the same but for their shards.
			clocked := name == store.ManifestFile || name == store.SumsFile || name == store.ReportFile
			if !clocked && name != store.SpecYAML && name != keep && now[name] != whole[name] {
				t.Errorf("%q: %s is not what it was", did, name)
			}
		}
		if status, out, _ := lab("verify", dir, "--files"); status != exitDone {
			t.Errorf("%q: after resume %s", did, out)
		}
		if t.Failed() {
			return
		}
		// The next round begins from the folder as it was.
		os.RemoveAll(dir)
		if err := os.CopyFS(dir, os.DirFS(intact)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d files damaged in %d rounds, all of them named and made anew", harmed, rounds)
}

// A flipped digit that leaves a document valid is found all the same: it would be believed.
func TestDamagedDigits(t *testing.T) {
	dir, want := reference(t, write(t, fragile))
	for name, pair := range map[string][2]string{ // of each, what it holds, and what it is made to hold
		store.VerdictsFile: {`"verdict": "holds"`, `"verdict": "fails"`}, store.ManifestFile: {`"noise": 3`, `"noise": 7`}, engine.PlanFile: {`"results": `, `"results": 7`},
		store.SpecYAML: {"temperature: 0.2", "temperature: 0.6"}, store.ReportFile: {"<title>", "<tITle>"},
	} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), pair[0]) {
			t.Fatalf("%s holds no %s: %v", name, pair[0], err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), pair[0], pair[1], 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		if status, _, log := lab("show", dir); name != store.ReportFile && (status != exitFailed || !strings.Contains(log, name) || !strings.Contains(log, "sgdlab resume")) {
			t.Errorf("%s: show has status %d\n%s", name, status, log)
		}
		if _, log := done(t, "resume", dir); !strings.Contains(log, name) {
			t.Errorf("%s is not named in\n%s", name, log)
		}
		same(t, name, tables(t, dir), want)
	}
	// With neither spec there is nothing to compute from.
	for _, name := range []string{store.SpecYAML, store.SpecJSON} {
		if err := os.Truncate(filepath.Join(dir, name), 40); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, log := lab("resume", dir); status != exitFailed || !strings.Contains(log, store.SpecYAML) || !strings.Contains(log, "put one of them back from a copy") {
		t.Errorf("without a spec: status %d\n%s", status, log)
	}
}

// Of a run that was stopped halfway, every damaged shard, checkpoint and document is named and made anew, as the run goes
// on to the same bytes.
func TestDamagedHalfway(t *testing.T) {
	spec := write(t, fragile)
	_, want := reference(t, spec)
	rounds := 1
	if *long {
		rounds = 20
	}
	rnd := rand.New(rand.NewPCG(8, 9))
	harmed := 0
	for range rounds {
		dir, _, _ := halfway(t, spec)
		names := slices.DeleteFunc(listing(t, dir), func(name string) bool { return name == store.ManifestFile })
		core := false
		var chosen, did []string
		for _, i := range rnd.Perm(len(names))[:min(len(names), 6)] {
			name := names[i]
			if name == store.SpecYAML || name == store.SpecJSON {
				if core {
					continue
				}
				core = true
			}
			chosen = append(chosen, name)
			did = append(did, harm(t, rnd, filepath.Join(dir, name), rnd.IntN(3)))
		}
		harmed += len(chosen)
		status, out, log := lab("resume", dir)
		if status != exitDone {
			t.Fatalf("%q: status %d\n%s%s", did, status, out, log)
		}
		for _, name := range chosen {
			if !strings.Contains(log, name) {
				t.Errorf("%q: resume does not name %s in\n%s", did, name, log)
			}
		}
		same(t, fmt.Sprintf("%q", did), tables(t, dir), want)
	}
	t.Logf("%d files damaged in %d runs", harmed, rounds)
}
