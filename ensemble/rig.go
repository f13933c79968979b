package ensemble

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/estimate"
)

// Rig is one worker's tools for the shards of a group.
type Rig struct {
	Dim     int // of θ
	Start   sgdlab.Start
	Stepper sgdlab.Stepper
	Unit    sgdlab.Setting // time of one step of the spec (η), which schedules and horizons count
	Step    sgdlab.Setting // time of one call of Step, nominal
	Watches []Watch
	Events  []sgdlab.Event
	Slopes  []Slope
}

// Slope asks for the least-squares slope of one column of each replica's own path: paths are independent, the points of
// a path are not.
type Slope struct {
	Watch, Column int
	From, To      float64 // window of time; against log t, times > 0 of it
	LogX, LogY    bool
}

func (s *Slope) abscissa(t float64) float64 {
	if s.LogX {
		return elementary.Log(t)
	}
	return t
}

func (s *Slope) ordinate(y float64) float64 {
	if s.LogY {
		return elementary.Log(y)
	}
	return y
}

// Watch is an observable or an accumulator with the times at which its columns are read.
type Watch struct {
	Name       string
	Observable sgdlab.Observable  // or
	Accumulate sgdlab.Accumulator // exactly one of the two
	Schedule   Schedule
	Plateaus   *estimate.PlateauOptions // of its first column; where set, each replica's series is kept until it stops
	Jumps      bool                     // keep each replica's series: its columns are what jumps between plateaus
	Slopes     bool                     // keep each replica's series: a slope is asked of it
	End        bool                     // read it where a replica stops, too
}

func (w *Watch) kept() bool { return w.Plateaus != nil || w.Jumps || w.Slopes }

// Columns returns the watch's columns.
func (w *Watch) Columns() []sgdlab.Column {
	if w.Observable != nil {
		return w.Observable.Columns()
	}
	return w.Accumulate.Columns()
}

// Schedule says at which steps of the spec (multiples of η) a watch is read.
type Schedule struct {
	Every     float64 // every so many steps, from step 0
	PerDecade int     // or at step 0, 1 and so many log-spaced steps per decade
	Start     bool    // at step 0
	End       bool    // where a replica stops, apart from the series
}

// steps lists the steps of the readings, without end where there is no end to them.
func (s Schedule) steps(yield func(float64) bool) {
	switch {
	case s.Every > 0:
		for k := 0.0; yield(k * s.Every); k++ {
		}
	case s.PerDecade > 0:
		last := 0.0
		for j := 0.0; yield(last); {
			// Readings below the spacing of whole steps coincide: skip them.
			x := last
			for ; x == last; j++ {
				x = math.Round(elementary.Pow(10, j/float64(s.PerDecade)))
			}
			last = x
		}
	case s.Start:
		yield(0)
	}
}

// Check reports what is wrong with a schedule.
func (s Schedule) Check() error {
	if s.Every > 0 && s.PerDecade > 0 {
		return fmt.Errorf("got both every and log-spaced; want one of them")
	}
	if s.Every < 0 || s.PerDecade < 0 {
		return fmt.Errorf("got a negative schedule; want every: STEPS > 0 or log-spaced: READINGS PER DECADE > 0")
	}
	return nil
}

// times tabulates a schedule up to a horizon, in steps, in calls of the stepper and in time.
type times struct {
	steps []float64
	calls []uint64
	time  []float64
}

// tabulate lists the readings of s up to horizon calls, where one step of the spec takes perStep calls. Readings that
// fall on one call are one; one that falls between two calls is taken at the nearer, and its step is that of the call.
func (s Schedule) tabulate(perStep float64, horizon uint64) times {
	var t times
	for x := range s.steps {
		at := x * perStep
		c := math.Round(at)
		if !(c <= float64(horizon)) {
			break
		}
		if n := len(t.calls); n > 0 && t.calls[n-1] == uint64(c) {
			continue
		}
		if math.Abs(at-c) > 1e-9*max(1, c) {
			x = c / perStep
		}
		t.steps = append(t.steps, x)
		t.calls = append(t.calls, uint64(c))
	}
	return t
}
