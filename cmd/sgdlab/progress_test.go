package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sgdlab/engine"
)

// The line never is wider than the terminal, whatever its width, and shows what matters most first.
func TestProgressFits(t *testing.T) {
	g := engine.Progress{
		Shards: 1e6, ShardsDone: 123456, Points: 4321, PointsDone: 1234, Replicas: 1e8, ReplicasDone: 42_500_000, Done: 42_500_000, Steps: 1e15,
		Elapsed: 300 * time.Hour, Left: 400 * time.Hour,
	}
	const whole = "████████░░░░░░░░░░░░  42 %  16.7 days left  replicas 42500000/100000000  points 1234/4321  926 M steps/s"
	if got := describe(g, 200); got != whole {
		t.Errorf("got  %s\nwant %s", got, whole)
	}
	for width := range 120 {
		line := describe(g, width)
		if n := utf8.RuneCountInString(line); n > width {
			t.Errorf("width %d: %d columns: %s", width, n, line)
		}
		if width >= 5 && !strings.Contains(line, "42 %") {
			t.Errorf("width %d: no percentage: %s", width, line)
		}
		if width >= 22 && !strings.Contains(line, "days left") {
			t.Errorf("width %d: no time left: %s", width, line)
		}
	}
	done := engine.Progress{Shards: 2, ShardsDone: 2, Points: 1, PointsDone: 1, Replicas: 10, ReplicasDone: 10, Done: 10}
	if got := describe(done, 80); got != strings.Repeat("█", 20)+" 100 %  replicas 10/10" {
		t.Errorf("at the end: %s", got)
	}
	almost := engine.Progress{Shards: 2, Replicas: 100000, ReplicasDone: 99999, Done: 99999}
	if got := describe(almost, 80); !strings.Contains(got, " 99 %") {
		t.Errorf("not yet at the end: %s", got)
	}
	if got := describe(engine.Progress{}, 80); strings.Contains(got, "NaN") {
		t.Errorf("of nothing: %s", got)
	}
}

// Piped, the progress is plain lines, ten seconds apart.
func TestProgressPiped(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	g := engine.Progress{Shards: 10, ShardsDone: 4, Points: 2, Replicas: 100, ReplicasDone: 42, Done: 42}
	p.show(g)
	p.end()
	if b.Len() != 0 {
		t.Errorf("at once: %q", b.String())
	}
	p.last = time.Now().Add(-11 * time.Second)
	p.show(g)
	p.show(g)
	p.end()
	if want := "████████░░░░░░░░░░░░  42 %  replicas 42/100  points 0/2\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "under 1 s", 0.4: "under 1 s", 1: "1 s", 59.6: "60 s", 119: "119 s", 150: "2.5 min", 5400: "90 min", 7200: "2 h", 86400 * 1.5: "36 h", 86400 * 3: "3 days",
		86400 * 365.25 * 20: "20 years", 1e300: "3.2e+292 years",
	} {
		if got := span(seconds); got != want {
			t.Errorf("%g s: %s, want %s", seconds, got, want)
		}
	}
}
