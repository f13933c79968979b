package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"sgdlab/estimate"
	"sgdlab/store"
	"sgdlab/study"
)

// analysesFile is written by package engine beside the tables.
const analysesFile = "analyses.json"

// run is what the files of a run folder say, in the size that a page can hold.
type run struct {
	manifest *store.Manifest
	spec     string
	question string
	cells    []store.Cell
	series   []series
	paths    []series
	laws     []law
	plateaus []store.Plateau
	verdicts []store.Verdict
	analyses []study.Analysis
	absent   []string // files that are not there
	thinned  bool     // of the series, points were left out

	arms   []string // dynamics, in the order of cells
	points []point
	swept  []parameter
	grid   bool // the points are all combinations of the swept values
}

// point is one point of the sweep.
type point struct {
	id     int
	params []store.Param
	at     []int // per swept parameter, which of its values
}

// parameter is a swept path and its distinct values, in the order of the cells.
type parameter struct {
	path, label string
	values      []store.Param
}

// series is a column of one cell over time: the mean over replicas and the band from the 5 % to the 95 % quantile; or,
// of a kept replica, its path, without a band.
type series struct {
	cell       int // index among the run's cells
	column     string
	replica    int64
	time, mean []float64
	n, lo, hi  []float64
}

// law is the law of an event's time in one cell, as its Kaplan–Meier curve.
type law struct {
	cell      int
	event     string
	time, s   []float64
	lo, hi    []float64
	n, events int64
}

const (
	// pagePoints bounds the points of time series on a page, and seriesPoints those of one series: at 20 bytes a point
	// of a mean and its band, 60,000 are 1.2 MB. A series keeps at least leastPoints.
	pagePoints   = 60_000
	seriesPoints = 2_000
	leastPoints  = 40

	// lawPoints bounds the points of survival curves on a page.
	lawPoints = 30_000

	// shownPaths is how many kept replicas of a cell are drawn.
	shownPaths = 4
)

func load(dir string) (*run, error) {
	r := &run{}
	var err error
	if r.manifest, err = store.ReadManifest(dir); err != nil {
		return nil, err
	}
	if r.cells, err = store.ReadCells(filepath.Join(dir, store.CellsFile)); err != nil {
		return nil, err
	}
	r.index()
	if text, err := r.text(dir, store.SpecYAML); err != nil {
		return nil, err
	} else {
		r.spec = string(text)
	}
	if text, err := r.text(dir, store.SpecJSON); err != nil {
		return nil, err
	} else if text != nil {
		var words struct {
			Question string `json:"question"`
		}
		if err := json.Unmarshal(text, &words); err == nil {
			r.question = words.Question
		}
	}
	if v, err := store.ReadVerdicts(dir); err == nil {
		r.verdicts = v.Claims
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if text, err := os.ReadFile(filepath.Join(dir, analysesFile)); err == nil {
		if err := json.Unmarshal(text, &r.analyses); err != nil {
			return nil, &store.DamagedError{Path: filepath.Join(dir, analysesFile), Finding: err.Error(), Remedy: fmt.Sprintf("remove it, and `sgdlab resume %s` writes it anew", dir)}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, &store.DiskError{Path: filepath.Join(dir, analysesFile), Op: "read", Err: err, Run: dir}
	}
	if err := r.loadSamples(dir); err != nil {
		return nil, err
	}
	if err := r.loadPassages(dir); err != nil {
		return nil, err
	}
	for row, err := range store.Rows[store.Plateau](store.TablePath[store.Plateau](dir)) {
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, err
		}
		r.plateaus = append(r.plateaus, row)
	}
	return r, nil
}

// text is a file's content; nil, and noted as absent, where it is not there.
func (r *run) text(dir, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.absent = append(r.absent, name)
		return nil, nil
	case err != nil:
		return nil, &store.DiskError{Path: filepath.Join(dir, name), Op: "read", Err: err, Run: dir}
	}
	return text, nil
}

// index lists the dynamics, the points and the swept parameters of the cells.
func (r *run) index() {
	for i := range r.cells {
		c := &r.cells[i]
		if !slices.Contains(r.arms, c.Dynamics) {
			r.arms = append(r.arms, c.Dynamics)
		}
		if !slices.ContainsFunc(r.points, func(p point) bool { return p.id == c.Point }) {
			r.points = append(r.points, point{id: c.Point, params: c.Params})
		}
	}
	for _, p := range r.points {
		for _, q := range p.params {
			k := slices.IndexFunc(r.swept, func(s parameter) bool { return s.path == q.Path })
			if k < 0 {
				k = len(r.swept)
				r.swept = append(r.swept, parameter{path: q.Path})
			}
			if s := &r.swept[k]; !slices.ContainsFunc(s.values, func(v store.Param) bool { return v.Text == q.Text }) {
				s.values = append(s.values, q)
			}
		}
	}
	r.label()
	product := 1
	seen := map[string]bool{}
	complete := true
	for _, s := range r.swept {
		product *= len(s.values)
	}
	for i := range r.points {
		p := &r.points[i]
		for _, s := range r.swept {
			j := slices.IndexFunc(p.params, func(q store.Param) bool { return q.Path == s.path })
			if j < 0 {
				complete = false
				p.at = append(p.at, -1)
				continue
			}
			p.at = append(p.at, slices.IndexFunc(s.values, func(v store.Param) bool { return v.Text == p.params[j].Text }))
		}
		seen[fmt.Sprint(p.at)] = true
	}
	r.grid = complete && len(r.points) > 1 && len(seen) == len(r.points) && product == len(r.points)
}

// label gives every swept path the shortest ending that tells it apart.
func (r *run) label() {
	for i := range r.swept {
		parts := strings.Split(r.swept[i].path, ".")
		for n := 1; n <= len(parts); n++ {
			label := strings.Join(parts[len(parts)-n:], ".")
			r.swept[i].label = label
			same := 0
			for _, o := range r.swept {
				if o.path == label || strings.HasSuffix(o.path, "."+label) {
					same++
				}
			}
			if same == 1 {
				break
			}
		}
	}
}

// cellAt is the index of the cell of a point under a dynamics; −1 where there is none.
func (r *run) cellAt(point int, arm string) int {
	return slices.IndexFunc(r.cells, func(c store.Cell) bool { return c.Point == point && c.Dynamics == arm })
}

// cellIndex finds a cell by its ID.
func (r *run) cellIndex(id int32) int {
	i := sort.Search(len(r.cells), func(i int) bool { return r.cells[i].ID >= int(id) })
	if i < len(r.cells) && r.cells[i].ID == int(id) {
		return i
	}
	return -1
}

// gathering is a series of which rows are still coming, one row for each statistic of a reading.
type gathering struct {
	series
	last int // the reading that the latest row belongs to
}

// at is the index of the reading at a time, made where it is new.
func (g *gathering) at(t float64) int {
	if n := len(g.time); n == 0 || t > g.time[n-1] {
		nan := math.NaN()
		g.time, g.mean, g.n, g.lo, g.hi = append(g.time, t), append(g.mean, nan), append(g.n, nan), append(g.lo, nan), append(g.hi, nan)
		g.last = n
		return n
	}
	if g.time[g.last] != t {
		g.last = sort.SearchFloat64s(g.time, t)
		if g.last == len(g.time) || g.time[g.last] != t {
			return -1 // a time between two that came before, or no time
		}
	}
	return g.last
}

// loadSamples reads the samples cell by cell, of which there may be tens of millions, and keeps of each series what a
// page has room for.
func (r *run) loadSamples(dir string) error {
	type key struct {
		column  string
		replica int64
	}
	current, open := int32(-1), map[key]*gathering{}
	var order []key
	limit := clamp(2*pagePoints/max(1, len(r.cells)), 3*leastPoints, seriesPoints)
	flush := func() {
		for _, k := range order {
			s := open[k].series
			kept := s.thin(limit)
			r.thinned = r.thinned || len(kept.time) < len(s.time)
			if k.replica == store.Statistics {
				r.series = append(r.series, kept)
			} else {
				r.paths = append(r.paths, kept)
			}
		}
		clear(open)
		order = order[:0]
	}
	var g *gathering // of the row before, which most rows go on with
	for row, err := range store.Rows[store.Sample](store.TablePath[store.Sample](dir)) {
		if errors.Is(err, fs.ErrNotExist) {
			r.absent = append(r.absent, store.SamplesFile)
			return nil
		}
		if err != nil {
			return err
		}
		if row.Cell != current {
			flush()
			current, g = row.Cell, nil
		}
		cell := r.cellIndex(row.Cell)
		if cell < 0 || row.Replica >= shownPaths || math.IsNaN(row.Time) {
			continue
		}
		switch row.Statistic {
		case "mean", "n", "q05", "q95", store.Path:
		default:
			continue
		}
		if g == nil || g.column != row.Column || g.replica != row.Replica || g.cell != cell {
			k := key{row.Column, row.Replica}
			if g = open[k]; g == nil {
				g = &gathering{series: series{cell: cell, column: row.Column, replica: row.Replica}}
				open[k] = g
				order = append(order, k)
			}
		}
		i := g.at(row.Time)
		if i < 0 {
			continue
		}
		switch row.Statistic {
		case "mean", store.Path:
			g.mean[i] = row.Value
		case "n":
			g.n[i] = row.Value
		case "q05":
			g.lo[i] = row.Value
		case "q95":
			g.hi[i] = row.Value
		}
	}
	flush()
	limit = clamp(pagePoints/max(1, len(r.series)), leastPoints, seriesPoints)
	for i := range r.series {
		kept := r.series[i].thin(limit)
		r.thinned = r.thinned || len(kept.time) < len(r.series[i].time)
		r.series[i] = kept
	}
	if len(r.series)+len(r.paths) > 0 {
		limit = clamp(pagePoints/(len(r.series)+len(r.paths)), leastPoints, seriesPoints)
	}
	for i := range r.paths {
		kept := r.paths[i].thin(limit)
		r.thinned = r.thinned || len(kept.time) < len(r.paths[i].time)
		r.paths[i] = kept
	}
	return nil
}

// thin keeps at most limit points of a series.
func (s *series) thin(limit int) series {
	out := *s
	if len(s.time) > limit {
		keep := thin(s.time, s.mean, limit)
		out.time, out.mean = pick(s.time, keep), pick(s.mean, keep)
		out.n, out.lo, out.hi = pick(s.n, keep), pick(s.lo, keep), pick(s.hi, keep)
	}
	return out
}

// loadPassages makes the laws of the events' times.
func (r *run) loadPassages(dir string) error {
	current, open := int32(-1), map[string]*estimate.Sample{}
	var order []string
	flush := func() error {
		cell := r.cellIndex(current)
		for _, event := range order {
			s, err := estimate.NewSurvival(*open[event])
			if err != nil {
				return &store.DamagedError{Path: filepath.Join(dir, store.PassagesFile), Finding: err.Error(), Remedy: fmt.Sprintf("remove it, and `sgdlab resume %s` writes it anew", dir)}
			}
			l := law{cell: cell, event: event, n: s.N, events: s.Events}
			for _, p := range s.Curve(estimate.Level) {
				l.time, l.s = append(l.time, p.Time), append(l.s, p.S.Value)
				l.lo, l.hi = append(l.lo, p.S.Lo), append(l.hi, p.S.Hi)
			}
			r.laws = append(r.laws, l)
		}
		clear(open)
		order = order[:0]
		return nil
	}
	for row, err := range store.Rows[store.Passage](store.TablePath[store.Passage](dir)) {
		if errors.Is(err, fs.ErrNotExist) {
			r.absent = append(r.absent, store.PassagesFile)
			return nil
		}
		if err != nil {
			return err
		}
		if row.Cell != current {
			if err := flush(); err != nil {
				return err
			}
			current = row.Cell
		}
		if r.cellIndex(row.Cell) < 0 || row.Kind == "diverged" {
			continue
		}
		s := open[row.Event]
		if s == nil {
			s = &estimate.Sample{}
			open[row.Event] = s
			order = append(order, row.Event)
		}
		s.Values, s.Censored = append(s.Values, row.Time), append(s.Censored, row.Censored)
	}
	if err := flush(); err != nil {
		return err
	}
	limit := clamp(lawPoints/max(1, len(r.laws)), leastPoints, seriesPoints)
	for i := range r.laws {
		l := &r.laws[i]
		if len(l.time) <= limit {
			continue
		}
		// Steps are dense at the start and sparse, but long, in the tail: half of the points go to either.
		keep := thinTail(len(l.time), limit)
		l.time, l.s, l.lo, l.hi = pick(l.time, keep), pick(l.s, keep), pick(l.lo, keep), pick(l.hi, keep)
	}
	return nil
}

func clamp(x, lo, hi int) int { return max(lo, min(x, hi)) }
