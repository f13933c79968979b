package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"sgdlab/engine"
)

// progress shows how far a run is: one line that is redrawn on a terminal, a plain line every ten seconds elsewhere.
type progress struct {
	to      io.Writer
	columns func() int // of the terminal; nil elsewhere
	last    time.Time
	shown   bool
}

func newProgress(to io.Writer) *progress {
	p := &progress{to: to, last: time.Now()}
	if f, ok := to.(*os.File); ok && columns(f) > 0 {
		p.columns = func() int { return columns(f) }
	}
	return p
}

// columns is the width of a terminal, 0 of anything else.
func columns(f *os.File) int {
	var size struct{ rows, columns, x, y uint16 }
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size))); e != 0 {
		return 0
	}
	if size.columns == 0 {
		return 80 // a terminal that does not know
	}
	return int(size.columns)
}

// clear empties the line of a terminal and puts the cursor at its start.
const clear = "\r\x1b[K"

func (p *progress) show(g engine.Progress) {
	if p.columns != nil {
		fmt.Fprint(p.to, clear+describe(g, p.columns()-1))
		p.shown = true
		return
	}
	if time.Since(p.last) >= 10*time.Second && g.ShardsDone < g.Shards {
		p.last = time.Now()
		fmt.Fprintln(p.to, describe(g, math.MaxInt))
	}
}

// stage shows, on a terminal, what is done after the last shard.
func (p *progress) stage(what string) {
	if p.columns != nil {
		what = what[:min(len(what), max(0, p.columns()-1))]
		fmt.Fprint(p.to, clear+what)
		p.shown = true
	}
}

// end takes the line off the terminal.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.to, clear)
		p.shown = false
	}
}

// describe fits how far a run is into a width: what matters most stands first, and what does not fit is left out.
func describe(g engine.Progress, width int) string {
	done := 0.0
	if g.Replicas > 0 {
		done = g.Done / float64(g.Replicas)
	}
	parts := []string{fmt.Sprintf("%3.0f %%", math.Floor(100*done))}
	if g.Left > 0 {
		parts = append(parts, span(g.Left.Seconds())+" left")
	}
	parts = append(parts, fmt.Sprintf("replicas %d/%d", g.ReplicasDone, g.Replicas))
	if g.Points > 1 {
		parts = append(parts, fmt.Sprintf("points %d/%d", g.PointsDone, g.Points))
	}
	if s := g.Elapsed.Seconds(); s > 0.5 {
		parts = append(parts, si(float64(g.Steps)/s)+" steps/s")
	}
	line, used := "", 0
	for i, part := range parts {
		if i > 0 {
			part = "  " + part
		}
		if used+len(part) > width {
			break
		}
		line, used = line+part, used+len(part)
	}
	const bar = 20
	if used+bar+1 <= width {
		full := int(done * bar)
		line = strings.Repeat("█", full) + strings.Repeat("░", bar-full) + " " + line
	}
	return line
}

// span writes a time for people.
func span(seconds float64) string {
	units := []struct {
		of   float64
		name string
	}{{365.25 * 86400, "years"}, {86400, "days"}, {3600, "h"}, {60, "min"}}
	switch {
	case !(seconds >= 1):
		return "under 1 s"
	case seconds >= 1e3*units[0].of:
		return fmt.Sprintf("%.1e years", seconds/units[0].of)
	}
	for _, u := range units {
		if seconds >= 2*u.of {
			return fmt.Sprintf("%.3g %s", math.Round(10*seconds/u.of)/10, u.name)
		}
	}
	return fmt.Sprintf("%.0f s", seconds)
}

// si writes a number with a decimal prefix.
func si(x float64) string {
	for _, p := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= p.size {
			return fmt.Sprintf("%.3g %s", x/p.size, p.name)
		}
	}
	return fmt.Sprintf("%.3g", x)
}
