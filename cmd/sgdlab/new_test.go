package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every starter is valid as it is written and runs in seconds with --quick.
func TestStarters(t *testing.T) {
	t.Chdir(t.TempDir())
	entries, err := starters.ReadDir("starters")
	if err != nil || len(entries) != len(starterNames) {
		t.Fatalf("%v; %d files for %d names", err, len(entries), len(starterNames))
	}
	listed, _ := done(t, "new")
	for _, name := range starterNames {
		out, _ := done(t, "new", name)
		if !strings.HasPrefix(out, name+".yaml\n") || !strings.HasSuffix(out, "next: sgdlab run "+name+".yaml --quick\n") {
			t.Errorf("%s:\n%s", name, out)
		}
		text, err := os.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		about, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		if !strings.Contains(listed, name) || !strings.Contains(listed, about) {
			t.Errorf("the list has no %q:\n%s", about, listed)
		}
		if n := strings.Count(string(text), "#"); n < 5 {
			t.Errorf("%s: %d comments", name, n)
		}
		done(t, "check", name+".yaml")
		out, _ = done(t, "run", name+".yaml", "--quick")
		if !strings.Contains(out, "computed: ") {
			t.Errorf("%s:\n%s", name, out)
		}
		if strings.Contains(out, "✗ fails") {
			t.Errorf("%s: a claim fails\n%s", name, out)
		}
	}
}

// new writes under the name that is asked for and never over what is there.
func TestNew(t *testing.T) {
	t.Chdir(t.TempDir())
	done(t, "new", "mine", "--from", "double-well")
	text, err := os.ReadFile("mine.yaml")
	if err != nil || !strings.Contains(string(text), "sgdlab run mine.yaml") || strings.Contains(string(text), "double-well.yaml") {
		t.Errorf("%v\n%s", err, text)
	}
	if err := os.Mkdir("sub", 0o777); err != nil {
		t.Fatal(err)
	}
	d := object[struct {
		Starter string
		Files   []string
	}](t, first(done(t, "new", "sub/images.yml", "--from", "digits", "--json")))
	if d.Starter != "digits" || len(d.Files) != 2 || d.Files[0] != "sub/images.yml" || d.Files[1] != filepath.Join("sub", "digits.csv.gz") {
		t.Errorf("%+v", d)
	}
	done(t, "new", "sub/again", "--from", "digits") // whose data are there
	if err := os.WriteFile("digits.csv.gz", []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		words  string
	}{
		{[]string{"mine", "--from", "saddle"}, exitRequest, "mine.yaml is there already; choose another name"},
		{[]string{"images", "--from", "digits"}, exitRequest, "digits.csv.gz is there already"},
		{[]string{"mine2"}, exitRequest, "mine2 is no starter"},
		{[]string{"x", "--from", "sadle"}, exitRequest, "did you mean saddle?"},
		{[]string{"--from", "saddle"}, exitRequest, "no file to write"},
		{[]string{"a", "b"}, exitRequest, "got 2 arguments"},
		{[]string{"none/x", "--from", "saddle"}, exitFailed, "none/x.yaml cannot be made: no such file or directory"},
	} {
		if status, out, log := lab(append([]string{"new"}, c.args...)...); status != c.status || out != "" || !strings.Contains(log, c.words) {
			t.Errorf("%v: status %d\n%s%s", c.args, status, out, log)
		}
	}
	if again, err := os.ReadFile("mine.yaml"); err != nil || string(again) != string(text) {
		t.Errorf("mine.yaml was overwritten: %v", err)
	}
	if _, err := os.Stat("images.yaml"); err == nil {
		t.Error("half a starter was left: images.yaml without its data")
	}
}
