package main

import (
	"slices"
	"testing"
)

// Every mistake can still be planted, and there are at least twenty, no two alike.
func TestMistakes(t *testing.T) {
	all, err := parse(mistakes)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Errorf("%d mistakes, want at least 20", len(all))
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, m := range all {
		if _, err := m.plant(root); err != nil {
			t.Error(err)
		}
		if m.from == m.to || slices.Contains(titles, m.title) {
			t.Errorf("%s changes nothing, or is there twice", m.title)
		}
		titles = append(titles, m.title)
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "a\nb\n- c", "a\nb\nc\nd", "a\nb\n+ c\n- d", "a\nb\n- c\n+ d\n\nx"} {
		if _, err := parse(text); err == nil {
			t.Errorf("%q is taken for mistakes", text)
		}
	}
}
