package study

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/ensemble"
	"sgdlab/rng"
	"sgdlab/spec"
)

// Group is the cells of one arm that may share packs: they differ in settings and seeds only.
type Group struct {
	Arm    string
	Points []int // of the sweep, in its order; a cell's place here is its Point in clocks
	Cells  []ensemble.Cell

	Watches []string   // names of the observables and accumulators, in the order of the rig
	Columns [][]Column // of each

	slopes []ensemble.Slope // asked of single paths
	ends   map[string]bool  // columns whose value where replicas stop a claim asks for

	folder string   // where relative paths start
	files  []string // hashes of those that the start reads
	failed string   // why its tools cannot be made; empty where they can
	key    string   // what its cells have in common
	made   *sections

	identity string        // see settings; made when it is first asked for
	reader   *ensemble.Rig // tells when watches are read; one for all cells
	data     *data.Set
	model    sgdlab.Model
	test     sgdlab.Model
	tables   [][]float64
	values   []float64 // read in each cell: columns times readings
}

// Column is a column of a watch, with its reading times.
type Column struct {
	Name, Unit string
}

type madeSet struct {
	set         *data.Set
	model, test sgdlab.Model
}

// cells lists the cells: by point, then by dynamics.
func (l *loader) cells() {
	st := l.study
	for p := range st.Points {
		for a, arm := range st.Arms {
			st.Cells = append(st.Cells, Cell{ID: p*len(st.Arms) + a, Point: p, Arm: arm})
		}
	}
}

// group sorts cells into groups, builds the tools of each once, and so finds the mistakes that only building shows.
func (l *loader) group() {
	st := l.study
	for a, arm := range st.Arms {
		byKey := map[string]*Group{}
		for p, s := range l.scans[a] {
			g := byKey[s.key]
			if g == nil {
				g = &Group{Arm: arm, key: s.key}
				byKey[s.key] = g
				st.Groups = append(st.Groups, g)
			}
			c := &st.Cells[p*len(st.Arms)+a]
			c.Group, c.Index = groupIndex(st.Groups, g), len(g.Points)
			g.Points = append(g.Points, p)
			g.tables = appendRow(g.tables, s.values)
			until := s.ensemble.Until
			cell := ensemble.Cell{
				ID: c.ID, Point: int32(c.Index), InitSeed: s.seeds.Init, NoiseSeed: s.seeds.Noise, Replicas: s.ensemble.Replicas, Keep: s.ensemble.Keep,
				Horizon: orZero(until.Steps), AtMost: orZero(until.Time),
			}
			if m := until.AtMost; m != nil {
				cell.Horizon, cell.AtMost = orZero(m.Steps), orZero(m.Time)
			}
			if s.ensemble.Independent {
				cell.InitSeed, cell.NoiseSeed = apart(s.seeds.Init, arm), apart(s.seeds.Noise, arm)
			}
			for _, e := range until.Event {
				cell.Until = append(cell.Until, indexOf(st.Events, e))
			}
			g.Cells = append(g.Cells, cell)
		}
	}
	l.buildAll()
	if len(*l.problems) == 0 {
		l.sizes()
	}
	if len(*l.problems) == 0 {
		st.Ensemble = l.scans[0][0].ensemble
		cells := make([][]ensemble.Cell, len(st.Groups))
		for i, g := range st.Groups {
			if g.failed == "" {
				cells[i] = g.Cells
			}
		}
		st.Shards = ensemble.Divide(cells)
	}
}

// buildAll builds every group. A mistake that is one at some points only is told with those points, once; where the run is
// to keep going, the points that can be built are the study, and the others fail.
func (l *loader) buildAll() {
	st := l.study
	type mistake struct {
		spec.Problem
		groups []*Group
	}
	var found []*mistake
	given, good := *l.problems, 0
	for _, g := range st.Groups {
		*l.problems = nil
		l.build(g)
		for _, p := range l.problems.Sorted() {
			k := slices.IndexFunc(found, func(m *mistake) bool { return m.Problem == p })
			if k < 0 {
				k = len(found)
				found = append(found, &mistake{Problem: p})
			}
			found[k].groups = append(found[k].groups, g)
			g.failed = strings.Join(slices.DeleteFunc([]string{g.failed, p.Path + ": " + told(p)}, func(s string) bool { return s == "" }), "; ")
		}
		cause := l.cause(g)
		if g.model == nil && g.failed == "" {
			g.failed = l.broken[cause] // told with the group that met it first
			for _, m := range found {
				if slices.ContainsFunc(m.groups, func(o *Group) bool { return o.model == nil && l.cause(o) == cause }) {
					m.groups = append(m.groups, g)
				}
			}
		}
		if g.failed == "" {
			good++
		} else if l.broken[cause] == "" && g.model == nil {
			l.broken[cause] = g.failed
		}
	}
	*l.problems = given
	if st.KeepGoing && good > 0 {
		for _, m := range found {
			st.Warnings = append(st.Warnings, fmt.Sprintf("%s: %s%s: left out", m.Path, told(m.Problem), st.among(m.groups)))
		}
		return
	}
	for _, m := range found {
		if m.Want == "" {
			m.Found += st.among(m.groups)
		} else {
			m.Want += st.among(m.groups)
		}
		l.problems.Add(m.Problem)
	}
	for _, g := range st.Groups {
		g.failed = ""
	}
}

// cause is the key of what groups without a model have in common: the data set, where that cannot be built, or else the model.
func (l *loader) cause(g *Group) string {
	key := "data " + g.made.dataKey
	if set, tried := l.sets[key]; tried && set == nil {
		return key
	}
	return g.made.modelKey
}

// told is a problem's finding and remedy.
func told(p spec.Problem) string {
	p.File, p.Line, p.Path = "", 0, ""
	return p.String()
}

// among says at which points of the sweep some groups are, where others of their arms are elsewhere.
func (st *Study) among(groups []*Group) string {
	var at []int
	for _, g := range groups {
		for _, p := range g.Points {
			if !slices.Contains(at, p) {
				at = append(at, p)
			}
		}
	}
	if len(at) == len(st.Points) {
		return ""
	}
	slices.Sort(at)
	var words []string
	const most = 3
	for _, p := range at[:min(most, len(at))] {
		var one []string
		for _, v := range st.Points[p].Params {
			one = append(one, v.Path+"="+valueText(v.Value))
		}
		words = append(words, strings.Join(one, " "))
	}
	if len(at) > most {
		words = append(words, "…")
	}
	return fmt.Sprintf(" (at %d of %d points: %s)", len(at), len(st.Points), strings.Join(words, ", "))
}

func groupIndex(groups []*Group, g *Group) int {
	for i := range groups {
		if groups[i] == g {
			return i
		}
	}
	return -1
}

// appendRow adds one point's values to the tables, which are by setting, then by point.
func appendRow(tables [][]float64, values []float64) [][]float64 {
	if tables == nil {
		tables = make([][]float64, len(values))
	}
	for i, x := range values {
		tables[i] = append(tables[i], x)
	}
	return tables
}

func orZero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// apart gives an arm random numbers of its own.
func apart(seed uint64, arm string) uint64 {
	w, _ := rng.New("arm."+arm).Words(&rng.Lanes{Seed: [8]uint64{seed}}, 0, 0)
	return w
}

// build decodes a group for good and makes one rig of it.
func (l *loader) build(g *Group) {
	root := l.study.Points[g.Points[0]].Root
	d := catalog.Builder(l.problems, g.tables)
	g.made = l.sections(d, root, g.Arm)
	m := l.land(d, g.made)
	if m == nil {
		l.blind = true
		return
	}
	g.data, g.model, g.test, g.folder = m.set, m.model, m.test, l.study.Folder
	rig, err := g.Rig()
	if err != nil {
		l.parts(d, g, m)
		d.Report(root, "", err)
		return
	}
	l.filed(g, rig.Start)
	seen := map[string]bool{}
	for i, w := range rig.Watches {
		g.Watches = append(g.Watches, w.Name)
		var cols []Column
		for _, c := range w.Columns() {
			if seen[c.Name] {
				n := g.made.watches[i].node
				l.problems.Add(n.Mistake(g.made.watches[i].path, "a second column "+c.Name, "each observable once"))
			}
			seen[c.Name] = true
			cols = append(cols, Column{Name: c.Name, Unit: c.Unit})
		}
		g.Columns = append(g.Columns, cols)
	}
	for i := range g.Cells {
		if !rig.Stepper.Random() && rig.Start.Deterministic(g.Cells[i].Point) {
			g.Cells[i].Replicas = 1
		}
	}
	l.horizons(g, rig)
	if len(*l.problems) == 0 {
		l.levels(g, rig)
		l.edges(g, rig)
	}
}

// rough builds what can be built of a spec that is wrong somewhere, each part by itself, to find the other mistakes that
// only building shows.
func (l *loader) rough() {
	for _, s := range l.kinds {
		d := catalog.Scanner(l.problems)
		g := &Group{Arm: s.arm, made: s}
		l.study.Groups = append(l.study.Groups, g)
		if m := l.land(d, s); m != nil {
			l.parts(d, g, m)
		} else {
			l.blind = true
		}
		if len(*l.problems) > 50 {
			return
		}
	}
}

// parts builds start, dynamics, observables and events, each by itself, and notes their mistakes.
func (l *loader) parts(d *catalog.Decoder, g *Group, m *madeSet) {
	s := g.made
	site := &sgdlab.Site{Data: m.set, Model: m.model, Test: m.test, Folder: l.study.Folder}
	if s.start == nil {
		l.blind = true
		return
	}
	start, err := s.start.Build(site.At("start"))
	if err != nil {
		l.blind = true
		d.Report(s.start.Node, "start", err)
		return
	}
	site.Start = start
	var stepper sgdlab.Stepper
	if s.dynamic != nil {
		if stepper, err = s.dynamic.Build(site.At("")); err != nil {
			d.Report(s.dynamic.Node, "dynamics."+s.arm, err)
		} else {
			site.Rate, _ = stepper.Pace()
		}
	}
	broken := false // an observable failed for want of the dynamics, which has been told
	site.Stepper = func() (sgdlab.Stepper, error) {
		if broken = stepper == nil; broken {
			return nil, errors.New("the dynamics cannot be built")
		}
		return s.dynamic.Build(site.At(""))
	}
	for i := range s.watches {
		w := &s.watches[i]
		if w.observable == nil && w.accumulate == nil {
			l.blind = true
			continue
		}
		broken = false
		made, err := w.build(site, stepper)
		if err != nil {
			l.blind = true
			if !broken {
				d.Report(w.node, w.path, err)
			}
			continue
		}
		var cols []Column
		for _, c := range made.Columns() {
			cols = append(cols, Column{Name: c.Name, Unit: c.Unit})
		}
		g.Columns = append(g.Columns, cols)
	}
	for i := range s.events {
		e := &s.events[i]
		if e.of == nil || !e.level.ok() || stepper == nil {
			continue
		}
		ev, err := e.build(site, stepper)
		if err == nil {
			at := &sgdlab.Clock{}
			if _, err = reach(&ev, stepper, m.model, start, at, at, 1); err != nil {
				err = catalog.Place(e.level.node, e.level.path, err)
			}
		}
		if err != nil {
			d.Report(e.node, e.path, err)
		}
	}
}

// filed notes the files that a start reads, and whether they have a row for every replica.
func (l *loader) filed(g *Group, start sgdlab.Start) {
	if f, ok := start.(interface{ Files() []data.File }); ok {
		for _, f := range f.Files() {
			l.study.Sets["file "+f.Path] = f.Hash
			g.files = append(g.files, f.Hash)
		}
	}
	if f, ok := start.(interface{ Replicas() int }); ok {
		if rows, n := f.Replicas(), g.made.ensemble.Replicas; rows > 0 && rows < n {
			l.problems.Add(g.made.start.Node.Mistake("start", fmt.Sprintf("a file of %d rows for %d replicas", rows, n),
				fmt.Sprintf("a row for each replica, or ensemble.replicas: %d at most", rows)))
		}
	}
}

// land builds the data set and the models of a point, once for all groups that share them. It returns nil where it
// cannot, and has noted why.
func (l *loader) land(d *catalog.Decoder, s *sections) *madeSet {
	key := s.modelKey
	if m, ok := l.sets[key]; ok {
		return m
	}
	m := &madeSet{}
	l.sets[key] = nil
	if s.data == nil && !s.root.Get("data").IsNull() {
		return nil
	}
	if s.data != nil {
		if twin, ok := l.sets["data "+s.dataKey]; ok {
			if twin == nil {
				return nil
			}
			m.set = twin.set
		} else {
			l.sets["data "+s.dataKey] = nil
			set, err := s.data.Build(&data.Env{Folder: l.study.Folder, Seed: s.seeds.Data})
			if err != nil {
				d.Report(s.data.Node, "data", err)
				return nil
			}
			l.sets["data "+s.dataKey] = &madeSet{set: set}
			m.set = set
			l.study.Sets[fmt.Sprintf("%s[%d]", set.Name, len(l.study.Sets))] = set.Hash
			for _, f := range set.Files {
				l.study.Sets["file "+f.Path] = f.Hash
			}
			l.study.Warnings = append(l.study.Warnings, set.Warnings...)
		}
	}
	if s.model == nil {
		return nil
	}
	var err error
	if m.model, err = s.model.Build(m.set); err != nil {
		d.Report(s.model.Node, "model", err)
		return nil
	}
	if m.set != nil && m.set.TestX.Rows > 0 {
		test := &data.Set{Name: m.set.Name, X: m.set.TestX, Y: m.set.TestY, Teacher: m.set.Teacher, SumHalf: m.set.SumHalf}
		if m.test, err = s.model.Build(test); err != nil {
			d.Report(s.model.Node, "model", err)
			return nil
		}
	}
	l.sets[key] = m
	return m
}

// Site is where the group's tools are built.
func (g *Group) Site() (*sgdlab.Site, error) {
	site := &sgdlab.Site{Data: g.data, Model: g.model, Test: g.test, Folder: g.folder, Shared: map[string]any{}}
	start, err := g.made.start.Build(site.At("start"))
	if err != nil {
		return nil, err
	}
	site.Start = start
	site.StartSeed = func(point int32) uint64 { return g.Cells[point].InitSeed }
	return site, nil
}

// Rig builds the tools of one worker. Its errors name their place in the spec.
func (g *Group) Rig() (*ensemble.Rig, error) {
	site, err := g.Site()
	if err != nil {
		return nil, err
	}
	s := g.made
	rig := &ensemble.Rig{Dim: g.model.Dim(), Start: site.Start}
	if rig.Stepper, err = s.dynamic.Build(site.At("")); err != nil {
		return nil, err
	}
	rig.Unit, rig.Step = rig.Stepper.Pace()
	site.Rate = rig.Unit
	site.Stepper = func() (sgdlab.Stepper, error) { return s.dynamic.Build(site.At("")) }
	for i := range s.watches {
		w, err := s.watches[i].build(site, rig.Stepper)
		if err != nil {
			return nil, err
		}
		w.End = w.Schedule.End || w.Schedule == (ensemble.Schedule{}) || len(s.ensemble.Until.Event) == 0
		for _, c := range w.Columns() {
			w.End = w.End || g.ends[c.Name]
		}
		if s.plateau.of != "" {
			name := w.Columns()[0].Name
			if name == s.plateau.of {
				w.Plateaus = &s.plateau.options
			}
			w.Jumps = strings.HasPrefix(name, "singular-value") || strings.HasPrefix(name, "mode[")
		}
		rig.Watches = append(rig.Watches, w)
	}
	for _, sl := range g.slopes {
		if sl.Watch >= 0 {
			rig.Watches[sl.Watch].Slopes = true
		}
	}
	rig.Slopes = g.slopes
	for i := range s.events {
		e, err := s.events[i].build(site, rig.Stepper)
		if err != nil {
			return nil, err
		}
		for j := range i { // events of one observable share its readings
			if spec.Equal(s.events[j].of.Node, s.events[i].of.Node) {
				e.Of = rig.Events[j].Of
				break
			}
		}
		rig.Events = append(rig.Events, e)
	}
	return rig, nil
}

// Clock is a clock at time 0 with every lane at one point of the group.
func (g *Group) Clock(index int) *sgdlab.Clock {
	at := &sgdlab.Clock{}
	for l := range at.Point {
		at.Point[l] = int32(index)
		at.Seed[l] = g.Cells[index].NoiseSeed
	}
	return at
}

// Root is the resolved tree of one of the group's points.
func (g *Group) Root(st *Study, index int) *spec.Node { return st.Points[g.Points[index]].Root }

// DataHash is the SHA-256 of the group's data set, with those of the files that its start reads; empty where it has none.
func (g *Group) DataHash() string {
	hash := ""
	if g.data != nil {
		hash = g.data.Hash
	}
	if len(g.files) > 0 {
		sum := sha256.Sum256([]byte(hash + strings.Join(g.files, "")))
		hash = hex.EncodeToString(sum[:])
	}
	return hash
}

// needEnds has the columns read where replicas stop that a claim asks for there.
func (l *loader) needEnds() {
	var walk func(m *measure)
	walk = func(m *measure) {
		if m == nil {
			return
		}
		for _, t := range m.terms {
			walk(t)
		}
		column := m.column
		switch m.kind {
		case "value", "variance", "quantile", "end":
			if column == "" || !math.IsInf(m.at, 1) {
				return
			}
		case "estimate":
			column = strings.TrimPrefix(column, "end:")
		default:
			return
		}
		for _, g := range l.study.Groups {
			if g.ends == nil {
				g.ends = map[string]bool{}
			}
			g.ends[column] = true
		}
	}
	for _, c := range l.study.Claims {
		walk(c.measure)
		if c.expect != nil {
			walk(c.expect.source)
		}
	}
}
