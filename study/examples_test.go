package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sgdlab/store"
)

// Every example loads without a warning, has a title, and is one of the README's.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v %v", files, err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		st, err := LoadFile(file, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if st.Title == "" || len(st.Warnings) > 0 {
			t.Errorf("%s: title %q, warnings %q", file, st.Title, st.Warnings)
		}
		if !strings.Contains(string(readme), "examples/"+filepath.Base(file)) {
			t.Errorf("the README does not name %s", file)
		}
	}
}

// The example of maps takes a second: its claims hold, no replica diverges, and it finds the doublings and the onset of chaos.
func TestPeriodDoublingExample(t *testing.T) {
	st, err := LoadFile("../examples/period-doubling.yaml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := simulated(t, st)
	found, err := st.Conclude("", all)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found.Verdicts {
		if v.Verdict != store.Holds {
			t.Errorf("%s: %s, measured %v", v.ID, v.Verdict, v.Measured)
		}
	}
	for _, o := range all {
		if o.Diverged > 0 {
			t.Errorf("cell %d diverges", o.Cell.ID)
		}
	}
	if text := strings.Join(found.Analyses[0].Text, "\n"); len(found.Verdicts) != 3 || !strings.Contains(text, "1 → 2 in [0.333") || !strings.Contains(text, "begins in [0.434") {
		t.Errorf("%d verdicts, %s", len(found.Verdicts), text)
	}
}
