package study

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/ensemble"
	"sgdlab/spec"
)

// Study is a spec understood: everything that a run needs to know before it starts.
type Study struct {
	Title, Question string
	Root            *spec.Node // resolved: defaults written out, itself a valid spec
	Folder          string     // where relative paths start
	Quick           bool
	KeepGoing       bool // points that cannot be built are left out, not refused

	Points []spec.Point
	Arms   []string
	Cells  []Cell
	Groups []*Group
	Shards []ensemble.Shard

	Ensemble Ensemble
	Events   []string
	Answers  []Answer
	Asks     []Ask
	Claims   []Claim
	Sets     map[string]string // data sets used: name → SHA-256
	Warnings []string

	// Perturb, if set, changes what theories predict, and what solve finds (under the name solve): a claim that still
	// holds does not test them. Tests of papers use it.
	Perturb func(theory string, p sgdlab.Prediction) sgdlab.Prediction
}

// Cell is one point of the sweep under one dynamics.
type Cell struct {
	ID    int
	Point int
	Arm   string
	Group int // index of its group, and
	Index int // its place there
}

// Ensemble is the spec's ensemble section.
type Ensemble struct {
	Replicas    int   `doc:"number of replicas of each cell" check:">=1"`
	Until       Until `doc:"when a replica stops"`
	Keep        int   `doc:"number of replicas of each cell whose whole path is kept" default:"0" check:">=0"`
	Quick       int   `doc:"number of replicas of each cell with --quick, at every point of the sweep; where left out, --quick takes a thirty-second of them, at the ends of sweeps" optional:"true" check:">=1"`
	Independent bool  `doc:"every dynamics draws its own noise; otherwise arms share random numbers and pair by replica" default:"false"`
}

// Until is when a replica stops: at an event, or at a horizon.
type Until struct {
	Steps  float64  `doc:"horizon in steps of length η" optional:"true" check:">0"`
	Time   float64  `doc:"horizon in time" optional:"true" check:">0"`
	Event  []string `doc:"an event, or a list of events, that stops a replica" optional:"true"`
	AtMost *Horizon `doc:"the horizon at which a replica that met no event is censored" optional:"true"`
}

// Horizon is a time, or a number of steps of length η.
type Horizon struct {
	Steps float64 `doc:"in steps of length η" optional:"true" check:">0"`
	Time  float64 `doc:"in time" optional:"true" check:">0"`
}

// Seeds are the three seeds of a point.
type Seeds struct {
	Data  uint64 `doc:"of the data set" default:"1"`
	Init  uint64 `doc:"of the starts" default:"1"`
	Noise uint64 `doc:"of all that happens after" default:"1"`
}

// Options say how to read a spec.
type Options struct {
	Overrides []string // key=value of the command line
	Quick     bool     // fewer replicas and sweep points
	Thinned   bool     // the spec is of a quick run already: its claims may speak of points that were left out
	KeepGoing bool     // leave out the points of a sweep that cannot be built
}

// LoadFile reads a spec file. Its error is a spec.Problems wherever the spec is to blame.
func LoadFile(path string, o Options) (*Study, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, spec.Problems{{Found: path + " does not exist; name a spec file, as in examples/double-well-exit.yaml"}}
	case err != nil:
		return nil, spec.Problems{{Found: fmt.Sprintf("%s cannot be read: %v", path, reasonOf(err))}}
	}
	return LoadText(path, text, filepath.Dir(path), o)
}

// reasonOf is a system's error without the operation and the path.
func reasonOf(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// LoadText reads the text of a spec; relative paths in it start at folder.
func LoadText(name string, text []byte, folder string, o Options) (*Study, error) {
	root, problems := spec.Parse(name, text)
	if len(problems) == 0 {
		return Load(root, folder, o)
	}
	if root == nil || root.Kind != spec.Map || len(root.Pairs) == 0 {
		return nil, problems
	}
	// What could be read is checked all the same; a second finding on a line that could not be read says nothing.
	broken := map[int]bool{}
	for _, p := range problems {
		broken[p.Line] = true
	}
	_, err := Load(root, folder, o)
	var more spec.Problems
	if errors.As(err, &more) {
		for _, p := range more {
			if !(p.File == name && broken[p.Line]) {
				problems.Add(p)
			}
		}
	}
	return nil, problems
}

// Load understands a spec, or returns all that is wrong with it.
func Load(root *spec.Node, folder string, o Options) (*Study, error) {
	overrides := o.Overrides
	if root != nil && root.Kind == spec.Map {
		overrides = respell(root, overrides)
	}
	problems := spec.Override(root, overrides)
	l := &loader{study: &Study{Folder: folder, Quick: o.Quick || o.Thinned, KeepGoing: o.KeepGoing, Sets: map[string]string{}}, problems: &problems, sets: map[string]*madeSet{}, broken: map[string]string{}}
	if root == nil || root.Kind != spec.Map {
		problems.Add(root.Problem("", "a map with "+strings.Join(spec.TopKeys(), ", ")))
		return nil, problems
	}
	l.top(root)
	if o.Quick {
		l.study.Warnings = append(l.study.Warnings, quicken(root)...)
	}
	if l.study.Points = l.expand(root); len(l.study.Points) == 0 {
		return nil, problems
	}
	l.scan(l.study.Points)
	l.cells()
	if len(problems) == 0 {
		l.group()
	} else {
		l.rough()
	}
	l.startsBeyond()
	l.loneStreams(l.study.Points[0].Root)
	if len(l.study.Cells) > 0 {
		l.questions(root)
	}
	if len(problems) == 0 {
		l.foresee()
	}
	if len(problems) > 0 {
		return nil, problems
	}
	l.needEnds()
	l.study.Root = l.resolved(root)
	return l.study, nil
}

// expand makes the points of the sweep. Of a sweep with mistakes there is one point, the spec without it, so that the
// rest can be checked: as in a quick study, it is not held against a claim that the point has not its values.
func (l *loader) expand(root *spec.Node) []spec.Point {
	points, problems := spec.Expand(root)
	l.problems.Add(problems...)
	if len(points) > 0 || root.Get("sweep").IsNull() {
		return points
	}
	alone := root.Clone()
	alone.Delete("sweep")
	points, problems = spec.Expand(alone)
	l.problems.Add(problems...)
	if len(points) == 1 {
		points[0].Params = paramsOf(root.Get("sweep"))
		l.study.Quick = true
	}
	return points
}

// paramsOf names the paths of a sweep, with a value that may stand for those of each.
func paramsOf(sweep *spec.Node) []spec.Param {
	var out []spec.Param
	if sweep.Kind != spec.Map {
		return nil
	}
	for _, p := range sweep.Pairs {
		if (p.Key == "product" || p.Key == "zip") && p.Value.Kind == spec.Map {
			out = append(out, paramsOf(p.Value)...)
			continue
		}
		value := spec.New(1).At(p.Value)
		if list, err := p.Value.List(); err == nil && len(list) > 0 {
			value = list[0]
		}
		out = append(out, spec.Param{Path: p.Key, Value: value})
	}
	return out
}

type loader struct {
	study    *Study
	problems *spec.Problems
	scans    [][]*scanned // by arm, by point
	kinds    []*sections  // of each arm's groups, the first point
	sets     map[string]*madeSet
	broken   map[string]string // why a model cannot be built, by its key
	beyond   []beyond          // by event
	past     map[string]beyond // the edge of stability, by arm
	blind    bool              // the spec is wrong where columns come from: which there are is not known
}

// top checks the top-level keys.
func (l *loader) top(root *spec.Node) {
	for _, p := range root.Pairs {
		known := false
		for _, k := range spec.TopKeys() {
			known = known || k == p.Key
		}
		if !known {
			want := "one of " + strings.Join(spec.TopKeys(), ", ")
			if s := spec.Suggest(p.Key, spec.TopKeys()); s != "" {
				want = "a known key; did you mean " + s + "?"
			}
			l.problems.Add(p.Value.Mistake(p.Key, "the unknown key "+p.Key, want).AtKey(p))
		}
	}
	for _, w := range []struct {
		key  string
		into *string
	}{{"title", &l.study.Title}, {"question", &l.study.Question}} {
		n := root.Get(w.key)
		text, ok := n.Text()
		if !ok && !n.IsNull() {
			l.problems.Add(n.Problem(w.key, "words for the report"))
		}
		*w.into = text
	}
	for _, k := range []string{"model", "start", "dynamics", "ensemble"} {
		if n := root.Get(k); n.IsNull() {
			place := root
			if n != nil {
				place = n
			}
			l.problems.Add(place.Mistake(k, "nothing", "the section "+k))
		}
	}
	if d := root.Get("dynamics"); !d.IsNull() {
		const want = "a map from your name to a dynamics, as in {sgd: {name: sgd, rate: 0.01, batch: 4}}"
		switch {
		case d.Kind == spec.Map && d.Get("name") != nil && d.Get("name").Kind == spec.Scalar:
			l.problems.Add(d.Mistake("dynamics", "a dynamics without a name of yours", want))
		case d.Kind != spec.Map:
			l.problems.Add(d.Problem("dynamics", want))
		case len(d.Pairs) == 0:
			l.problems.Add(d.Mistake("dynamics", "an empty map", want))
		default:
			l.study.Arms = l.names(d, "dynamics")
		}
	}
	if e := root.Get("events"); !e.IsNull() {
		if e.Kind != spec.Map {
			l.problems.Add(e.Problem("events", "a map from your name to an event, as in {escape: {of: {name: loss}, falls-below: 0.1}}"))
		}
		l.study.Events = l.names(e, "events")
	}
}

// names are the keys of a map that are names of the user's own. They stand in paths and in names of estimates.
func (l *loader) names(n *spec.Node, path string) []string {
	for _, p := range n.Pairs {
		switch {
		case !isName(p.Key):
			l.problems.Add(p.Value.Mistake(path, fmt.Sprintf("the name %q", p.Key), "a name of letters, digits, - and _, as in sgd-small: names stand in paths such as dynamics.NAME.rate").AtKey(p))
		case path == "events" && p.Key == "diverged":
			l.problems.Add(p.Value.Mistake(path, "the name diverged", "another name: diverged is the event of a replica that leaves every bound").AtKey(p))
		}
	}
	return n.Keys()
}

func isName(s string) bool {
	for i, r := range s {
		if !(unicode.IsLetter(r) || unicode.IsDigit(r) || i > 0 && (r == '-' || r == '_')) {
			return false
		}
	}
	return s != ""
}

// scanned is what one point says of one arm.
type scanned struct {
	dataKey, modelKey, key string
	values                 []float64
	ensemble               Ensemble
	seeds                  Seeds
}

// scan reads every (point, arm) once.
func (l *loader) scan(points []spec.Point) {
	l.scans = make([][]*scanned, len(l.study.Arms))
	seen := map[string]bool{}
	for p := range points {
		l.compute(points[p].Root)
		for a, arm := range l.study.Arms {
			d := catalog.Scanner(l.problems)
			s := l.sections(d, points[p].Root, arm)
			s.key, s.values = d.Key(), d.Values
			l.scans[a] = append(l.scans[a], &scanned{s.dataKey, s.modelKey, s.key, s.values, s.ensemble, s.seeds})
			if of := arm + ": " + s.key; !seen[of] {
				seen[of] = true
				l.kinds = append(l.kinds, s)
			}
		}
		if len(*l.problems) > 50 {
			return
		}
	}
}

// compute replaces every expression in $paths, such as $dynamics.sgd.rate/10, by its value at the point.
func (l *loader) compute(root *spec.Node) {
	var walk func(n *spec.Node, path string)
	walk = func(n *spec.Node, path string) {
		switch n.Kind {
		case spec.Scalar:
			if n.Quoted || !strings.Contains(n.Value, "$") {
				return
			}
			x, err := spec.EvalExpr(n.Value, spec.Numbers(root, nil))
			if err != nil {
				l.problems.Add(n.Mistake(path, n.Value, fmt.Sprintf("an expression in $paths: %v", err)))
				return
			}
			*n = *spec.New(x).At(n)
		case spec.Seq:
			for i, it := range n.Items {
				walk(it, fmt.Sprintf("%s[%d]", path, i))
			}
		case spec.Map:
			for _, p := range n.Pairs {
				walk(p.Value, path+"."+p.Key)
			}
		}
	}
	for _, k := range []string{"seed", "data", "model", "start", "dynamics", "observe", "events", "ensemble"} {
		if n := root.Get(k); n != nil {
			walk(n, k)
		}
	}
}

// sections is one point's tree decoded for one arm; what is wrong there is nil.
type sections struct {
	scanned
	data    *catalog.Made[*data.Env, *data.Set]
	model   *catalog.Made[*data.Set, sgdlab.Model]
	start   *catalog.Made[*sgdlab.Site, sgdlab.Start]
	dynamic *catalog.Made[*sgdlab.Site, sgdlab.Stepper]
	watches []watch
	events  []event
	plateau plateaus
	root    *spec.Node
	arm     string
}

func (l *loader) sections(d *catalog.Decoder, root *spec.Node, arm string) *sections {
	s := &sections{root: root, arm: arm}
	s.seeds = l.seeds(d, root)
	if n := root.Get("data"); !n.IsNull() {
		s.data, _ = catalog.Decode[*data.Env, *data.Set](d, n, "data")
		d.Note("seed %d", s.seeds.Data)
	}
	s.dataKey = d.Key()
	if n := root.Get("model"); !n.IsNull() {
		s.model, _ = catalog.Decode[*data.Set, sgdlab.Model](d, n, "model")
	}
	s.modelKey = d.Key()
	if n := root.Get("start"); !n.IsNull() {
		s.start, _ = catalog.Decode[*sgdlab.Site, sgdlab.Start](d, n, "start")
	}
	s.dynamic, _ = catalog.Decode[*sgdlab.Site, sgdlab.Stepper](d, root.Get("dynamics").Get(arm), "dynamics."+arm)
	s.watches = l.watches(d, root.Get("observe"))
	s.events = l.events(d, root.Get("events"))
	s.plateau = l.plateaus(d, root.Get("plateaus"), s.watches)
	l.ensemble(d, root.Get("ensemble"), &s.ensemble)
	return s
}

// seeds reads `seed`: one number, or {data, init, noise}. It enters no key: replicas with other seeds share packs.
func (l *loader) seeds(d *catalog.Decoder, root *spec.Node) Seeds {
	n := root.Get("seed")
	if n.IsNull() {
		return Seeds{Data: 1, Init: 1, Noise: 1}
	}
	if n.Kind == spec.Scalar {
		x, ok := n.Uint()
		if !ok {
			l.problems.Add(n.Problem("seed", "a whole number ≥ 0, or {data, init, noise}"))
		}
		return Seeds{Data: x, Init: x, Noise: x}
	}
	var s Seeds
	if n.Kind != spec.Map {
		l.problems.Add(n.Problem("seed", "a whole number ≥ 0, or {data, init, noise}"))
		return s
	}
	own := catalog.Scanner(l.problems)
	own.Struct(n, "seed", &s)
	return s
}

func (l *loader) ensemble(d *catalog.Decoder, n *spec.Node, e *Ensemble) {
	if n.IsNull() {
		return
	}
	own := catalog.Scanner(l.problems)
	if n.Kind != spec.Map {
		l.problems.Add(n.Problem("ensemble", "a map with replicas, until, keep, quick"))
		return
	}
	if !own.Struct(n, "ensemble", e) {
		return
	}
	d.Note("keep %d independent %v", e.Keep, e.Independent)
	u, at := n.Get("until"), "ensemble.until"
	given := 0
	for _, ok := range []bool{e.Until.Steps > 0, e.Until.Time > 0, len(e.Until.Event) > 0} {
		if ok {
			given++
		}
	}
	switch {
	case given == 0:
		l.problems.Add(u.Mistake(at, "no horizon", "steps, time or event"))
	case given > 1:
		l.problems.Add(u.Mistake(at, "more than one of steps, time and event", "one of them; at-most gives an event its horizon"))
	case len(e.Until.Event) > 0 && e.Until.AtMost == nil:
		l.problems.Add(u.Mistake(at, "an event without a horizon", "at-most: {time: …} or {steps: …}, at which a replica is censored: an event may never come"))
	case len(e.Until.Event) == 0 && e.Until.AtMost != nil:
		l.problems.Add(u.Mistake(at, "at-most without an event", "steps or time alone"))
	}
	if m := e.Until.AtMost; m != nil && (m.Steps > 0) == (m.Time > 0) {
		l.problems.Add(u.Get("at-most").Mistake(at+".at-most", "not one horizon", "{steps: …} or {time: …}"))
	}
	for _, name := range e.Until.Event {
		if indexOf(l.study.Events, name) < 0 {
			l.problems.Add(u.Get("event").Mistake(at+".event", shown(name), l.anEvent(name)))
		}
	}
}

func indexOf(list []string, x string) int {
	for i, y := range list {
		if y == x {
			return i
		}
	}
	return -1
}

// resolved is the spec with every default written out, and its sweep.
func (l *loader) resolved(root *spec.Node) *spec.Node {
	g := l.study.Groups[l.study.Cells[0].Group]
	for _, other := range l.study.Groups {
		if g.failed != "" {
			g = other
		}
	}
	g.made.model.Resolve(g.model)
	r := l.study.Points[0].Root.Clone()
	if s := root.Get("sweep"); !s.IsNull() {
		r.Put("sweep", s.Clone())
	}
	for _, k := range []string{"claims", "ask", "answer"} {
		if n := root.Get(k); !n.IsNull() {
			r.Put(k, n.Clone())
		}
	}
	out := &spec.Node{Kind: spec.Map}
	for _, k := range spec.TopKeys() {
		if n := r.Get(k); !n.IsNull() {
			out.Put(k, n)
		}
	}
	return out
}
