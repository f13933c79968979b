package report

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"sgdlab/store"
	"sgdlab/study"
)

//go:embed assets
var assets embed.FS

func asset(name string) string {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("report: " + err.Error()) // it is in the binary
	}
	return string(text)
}

// page is the report as one file.
func (r *run) page(figures []*figure) ([]byte, error) {
	t, err := template.New("page").Parse(asset("page.html"))
	if err != nil {
		return nil, err
	}
	// The library's first line names its home; the page, which links nowhere, has its licence in full instead.
	plotter := asset("uPlot.iife.min.js")
	if _, rest, ok := strings.Cut(plotter, "\n"); ok {
		plotter = rest
	}
	licence := "/* uPlot\n" + asset("uPlot.LICENSE") + "*/\n"
	head := r.headline()
	view := map[string]any{
		"Style":    template.CSS(asset("uPlot.min.css") + asset("page.css")),
		"Library":  template.JS(licence + plotter),
		"Script":   template.JS(asset("page.js")),
		"Data":     template.JS(pageData(figures)),
		"M":        r.manifest,
		"Title":    orElse(r.manifest.Title, r.manifest.Run),
		"Question": r.question,
		"Facts":    r.facts(),
		"Headline": head,
		"Lost":     len(head) == 0 && r.lost(),
		"Silent":   len(head) == 0 && !slices.ContainsFunc(r.analyses, func(a study.Analysis) bool { return len(a.Text) > 0 }),
		"Absent":   r.absent,
		"Answers":  r.answers(),
		"Claims":   r.claims(),
		"Analyses": r.analysisTables(),
		"Figures":  r.frames(figures),
		"Thinned":  r.thinned,
		"Cells":    r.cellTable(),
		"Spec":     specHTML(r.spec),
		"Rows":     r.provenance(),
		"Rerun":    "sgdlab run " + store.SpecYAML,
		"Command":  shell(r.manifest.Command),
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// lost reports whether every replica diverged.
func (r *run) lost() bool {
	return len(r.cells) > 0 && !slices.ContainsFunc(r.cells, func(c store.Cell) bool { return c.Diverged < c.Replicas || c.Replicas == 0 })
}

func orElse(s, other string) string {
	if strings.TrimSpace(s) == "" {
		return other
	}
	return s
}

// facts are the run's size in a line.
func (r *run) facts() []string {
	m := r.manifest
	out := []string{plural(len(r.points), "sweep point"), plural(len(r.arms), "dynamics")}
	if len(r.arms) != 1 {
		out[1] = fmt.Sprintf("%d dynamics", len(r.arms))
	}
	least, most := int64(math.MaxInt64), int64(0)
	diverged, failed := int64(0), 0
	for _, c := range r.cells {
		least, most = min(least, c.Replicas), max(most, c.Replicas)
		diverged += c.Diverged
		if c.Failed != "" {
			failed++
		}
	}
	switch {
	case len(r.cells) == 0:
	case least == most && most == 1:
		out = append(out, "1 replica each")
	case least == most:
		out = append(out, count(most)+" replicas each")
	default:
		out = append(out, count(least)+" to "+count(most)+" replicas each")
	}
	if m.ReplicaSteps > 0 {
		out = append(out, short(float64(m.ReplicaSteps))+" replica-steps in "+duration(m.WallSeconds))
	}
	if diverged > 0 {
		out = append(out, count(diverged)+" replicas diverged")
	}
	if failed > 0 {
		out = append(out, plural(failed, "failed cell"))
	}
	return out
}

// headline is the answer in sentences, the first being the answer.
func (r *run) headline() []string {
	var out []string
	if n := len(r.verdicts); n > 0 {
		tally := map[store.Judgement]int{}
		for _, v := range r.verdicts {
			tally[v.Verdict]++
		}
		var parts []string
		for _, w := range []struct {
			is        store.Judgement
			one, many string
		}{{store.Holds, "holds", "hold"}, {store.Fails, "fails", "fail"}, {store.Undecided, "is undecided", "are undecided"}} {
			switch k := tally[w.is]; {
			case k == n && n == 1:
				parts = append(parts, "The claim "+w.one)
			case k == n && n == 2:
				parts = append(parts, "Both claims "+w.many)
			case k == n:
				parts = append(parts, fmt.Sprintf("All %d claims %s", n, w.many))
			case k == 1:
				parts = append(parts, "1 "+w.one)
			case k > 1:
				parts = append(parts, fmt.Sprintf("%d %s", k, w.many))
			}
		}
		s := strings.Join(parts, ", ")
		if len(parts) > 1 {
			s = fmt.Sprintf("Of %d claims %s", n, s)
		}
		out = append(out, s+".")
	}
	for _, e := range r.events() {
		out = append(out, r.compareRoads(e)...)
	}
	if len(r.verdicts) == 0 {
		for _, e := range r.events() {
			out = append(out, r.rangeOfTimes(e))
		}
	}
	if len(r.events()) == 0 && len(r.verdicts) == 0 {
		out = append(out, r.ends()...)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// compareRoads says how simulation stands to theory and solve, in one sentence each.
func (r *run) compareRoads(event string) []string {
	var out []string
	for _, road := range []string{"solve", "theory"} {
		lo, hi, n, inside := math.Inf(1), math.Inf(-1), 0, 0
		for i := range r.cells {
			sim, _ := meanTime(&r.cells[i], event)
			ref, ok := r.cells[i].Estimate(road + ":" + event)
			if !ok || !(ref.Value > 0) || math.IsNaN(sim.Value) {
				continue
			}
			n++
			q := sim.Value / ref.Value
			lo, hi = math.Min(lo, q), math.Max(hi, q)
			if sim.Lo <= ref.Value && ref.Value <= sim.Hi {
				inside++
			}
		}
		if n == 0 {
			continue
		}
		named := map[string]string{"solve": "the exact one (solve)", "theory": "theory’s"}[road]
		rng := digits(lo, 3)
		if digits(lo, 3) != digits(hi, 3) {
			rng += " to " + digits(hi, 3)
		}
		s := fmt.Sprintf("The simulated mean time to %s is %s times %s", event, rng, named)
		if n == 1 {
			s += map[bool]string{true: ", which is inside its 95 % interval.", false: ", which is outside its 95 % interval."}[inside == 1]
		} else {
			s += fmt.Sprintf(", which lies inside the 95 %% interval in %d of %d cells.", inside, n)
		}
		out = append(out, s)
	}
	return out
}

// rangeOfTimes says how long events take, where no claim does.
func (r *run) rangeOfTimes(event string) string {
	lo, hi, n, never := math.Inf(1), math.Inf(-1), 0, 0
	for i := range r.cells {
		if e, _ := meanTime(&r.cells[i], event); !math.IsNaN(e.Value) {
			lo, hi = math.Min(lo, e.Value), math.Max(hi, e.Value)
			n++
		} else {
			never++
		}
	}
	switch {
	case n == 0 && never == 0:
		return ""
	case n == 0:
		return fmt.Sprintf("No replica met %s before the horizon.", event)
	}
	s := fmt.Sprintf("The mean time to %s ranges from %s to %s over %s", event, digits(lo, 3), digits(hi, 3), plural(n, "cell"))
	if n == 1 {
		s = fmt.Sprintf("The mean time to %s is %s", event, digits(lo, 3))
	}
	if never > 0 {
		s += fmt.Sprintf("; in %d no replica met it before the horizon", never)
	}
	return s + "."
}

// ends says where replicas end, of a run that asks for nothing else.
func (r *run) ends() []string {
	var out []string
	for _, what := range []struct{ name, says string }{{"end:loss", "The loss ends at"}, {"end:test-loss", "the test loss at"}, {"plateaus", "Plateaus per replica:"}} {
		var parts []string
		for i := range r.cells {
			if e, ok := r.cells[i].Estimate(what.name); ok && !math.IsNaN(e.Value) {
				s := uncertain(e)
				if name := r.cellName(i); name != "" {
					s += " (" + name + ")"
				}
				parts = append(parts, s)
			}
		}
		if len(parts) > 4 {
			parts = append(parts[:3], fmt.Sprintf("and so on for %d cells", len(parts)))
		}
		if len(parts) == 0 {
			continue
		}
		s := what.says + " " + strings.Join(parts, ", ")
		if strings.HasPrefix(what.says, "the") && len(out) > 0 {
			out[len(out)-1] = strings.TrimSuffix(out[len(out)-1], ".") + ", " + s + "."
			continue
		}
		out = append(out, s+".")
	}
	return out
}

// grid is a table as the page shows it.
type grid struct {
	Title, Note string
	Head        []heading
	Rows        [][]field
	Fold        bool // long: behind a click
}

type heading struct {
	Text, Full string
	Number     bool
}

type field struct {
	Text, More string // More: smaller, behind it
	HTML       template.HTML
	Number     bool
	Mark       string // of a verdict
	Header     bool
	Wide       bool
}

func plain(s string) field { return field{Text: s} }
func num(s string) field   { return field{Text: s, Number: true} }

// foldRows is the length beyond which a table starts folded.
const foldRows = 40

// settingsHead are the headings of the columns that tell cells apart.
func (r *run) settingsHead() []heading {
	var out []heading
	for _, s := range r.swept {
		out = append(out, heading{Text: s.label, Full: s.path, Number: numeric(s.values)})
	}
	return out
}

func (r *run) settingFields(params []store.Param) []field {
	var out []field
	for _, s := range r.swept {
		f := field{Number: numeric(s.values)}
		if i := slices.IndexFunc(params, func(p store.Param) bool { return p.Path == s.path }); i >= 0 {
			f.Text = setting(params[i].Text)
		}
		out = append(out, f)
	}
	return out
}

// answers has a table for each event: the roads side by side where there are several, else dynamics side by side.
func (r *run) answers() []grid {
	var out []grid
	for _, e := range r.events() {
		roads := map[string]bool{}
		for i := range r.cells {
			for _, road := range []string{"theory", "solve"} {
				if x, ok := r.cells[i].Estimate(road + ":" + e); ok && !math.IsNaN(x.Value) {
					roads[road] = true
				}
			}
		}
		if len(roads) > 0 {
			out = append(out, r.roadTable(e, roads))
		} else if len(r.cells) > 0 {
			out = append(out, r.armTable(e))
		}
	}
	return out
}

// roadTable sets theory, solve and simulate side by side, and the ratio of the last to the best of the others.
func (r *run) roadTable(event string, roads map[string]bool) grid {
	g := grid{Title: "Mean time to " + event, Head: r.settingsHead()}
	if len(r.arms) > 1 || len(r.swept) == 0 {
		g.Head = append(g.Head, heading{Text: "dynamics"})
	}
	ref := "theory"
	for _, road := range []string{"theory", "solve"} {
		if roads[road] {
			g.Head = append(g.Head, heading{Text: road, Number: true})
			ref = road
		}
	}
	g.Head = append(g.Head, heading{Text: "simulate", Full: "mean over replicas, 95 % interval", Number: true}, heading{Text: "n", Number: true},
		heading{Text: "simulate / " + ref, Number: true}, heading{})
	type row struct{ q, lo, hi float64 }
	ratios := make([]row, len(r.cells))
	reach := 0.05
	for i := range r.cells {
		sim, _ := meanTime(&r.cells[i], event)
		base, _ := r.cells[i].Estimate(ref + ":" + event)
		nan := math.NaN()
		ratios[i] = row{nan, nan, nan}
		if base.Value > 0 {
			ratios[i] = row{sim.Value / base.Value, sim.Lo / base.Value, sim.Hi / base.Value}
		}
		for _, v := range []float64{ratios[i].q, ratios[i].lo, ratios[i].hi} {
			if v > 0 && !math.IsInf(v, 0) {
				reach = math.Max(reach, math.Abs(math.Log(v)))
			}
		}
	}
	reach = math.Min(reach*1.1, math.Log(10))
	censored := false
	for i := range r.cells {
		c := &r.cells[i]
		fs := r.settingFields(c.Params)
		if len(r.arms) > 1 || len(r.swept) == 0 {
			fs = append(fs, plain(c.Dynamics))
		}
		for _, road := range []string{"theory", "solve"} {
			if roads[road] {
				e, ok := c.Estimate(road + ":" + event)
				f := num("–")
				if ok && !math.IsNaN(e.Value) {
					f = num(short(e.Value))
					if math.Abs(e.Hi-e.Lo) > 1e-3*math.Abs(e.Value) {
						f.More = interval(e.Lo, e.Hi)
					}
				}
				fs = append(fs, f)
			}
		}
		sim, how := meanTime(c, event)
		f := num("–")
		if how != "" {
			f = num(fixed(sim.Value, sim.SE))
			f.More = interval(sim.Lo, sim.Hi)
			if how != "mean" {
				f.Text, censored = f.Text+"†", true
			}
		}
		q := ratios[i]
		ratio := num("–")
		if !math.IsNaN(q.q) {
			ratio = num(fixed(q.q, (q.hi-q.lo)/4))
			ratio.More = interval(q.lo, q.hi)
		}
		fs = append(fs, f, num(count(sim.N)), ratio, field{HTML: ratioMark(q.q, q.lo, q.hi, reach)})
		g.Rows = append(g.Rows, fs)
	}
	g.Fold = len(g.Rows) > foldRows
	g.Note = fmt.Sprintf("Brackets are 95 %% intervals; of theory, the error that it states for itself. The mark shows the ratio to %s on a logarithmic scale from %s to %s; the upright line is 1.", ref, digits(math.Exp(-reach), 2), digits(math.Exp(reach), 2))
	if censored {
		g.Note += censoredNote
	}
	return g
}

const censoredNote = " † Some replicas met no event before the horizon: time followed over number of events, which is the mean if the law is exponential."

// ratioMark is a point with its interval on a scale of log ratio, with an upright at 1.
func ratioMark(q, lo, hi, reach float64) template.HTML {
	const w, h = 120.0, 18.0
	x := func(v float64) float64 {
		return w/2 + (w/2-6)*math.Max(-1.05, math.Min(1.05, math.Log(v)/reach))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="ratio" viewBox="0 0 %g %g" width="%g" height="%g" aria-hidden="true"><line class="a" x1="0" x2="%g" y1="9" y2="9"/><line class="one" x1="60" x2="60" y1="1" y2="17"/>`, w, h, w, h, w)
	if q > 0 && !math.IsInf(q, 0) {
		if lo > 0 && hi > 0 && !math.IsInf(hi, 0) {
			fmt.Fprintf(&b, `<line class="i" x1="%.1f" x2="%.1f" y1="9" y2="9"/>`, x(lo), x(hi))
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="9" r="4"/>`, x(q))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// armTable has a row for each point and a column for each dynamics.
func (r *run) armTable(event string) grid {
	g := grid{Title: "Mean time to " + event, Head: r.settingsHead()}
	for _, a := range r.arms {
		g.Head = append(g.Head, heading{Text: a, Number: true})
	}
	g.Note = "Mean over replicas ± standard error."
	censored, never := false, false
	for i := range r.points {
		p := &r.points[i]
		fs := r.settingFields(p.params)
		for _, a := range r.arms {
			f := num("–")
			if c := r.cellAt(p.id, a); c >= 0 {
				e, how := meanTime(&r.cells[c], event)
				share, ok := r.cells[c].Estimate("censored:" + event)
				switch {
				case how == "mean":
					f.Text = uncertain(e)
				case how != "":
					f.Text, censored = uncertain(e)+"†", true
					if ok {
						f.More = digits(100*share.Value, 2) + " % censored"
					}
				case ok && share.Value == 1:
					f.Text, never = "never", true
				}
			}
			fs = append(fs, f)
		}
		g.Rows = append(g.Rows, fs)
	}
	if never {
		g.Note += " Never: no replica met it before the horizon."
	}
	if censored {
		g.Note += censoredNote
	}
	g.Fold = len(g.Rows) > foldRows
	return g
}

// claimGroup is a claim in all the cells in which it was judged.
type claimGroup struct {
	Anchor, ID, Paper, Says, Tally string
	Table                          grid
}

// claims groups the verdicts.
func (r *run) claims() []claimGroup {
	var out []claimGroup
	tallies := []map[store.Judgement]int{}
	for _, v := range r.verdicts {
		k := slices.IndexFunc(out, func(g claimGroup) bool { return g.ID == v.ID && g.Paper == v.Paper })
		if k < 0 {
			k = len(out)
			out = append(out, claimGroup{ID: v.ID, Paper: v.Paper, Says: v.Says})
			out[k].Table.Head = []heading{{Text: "verdict"}, {Text: "cell"}, {Text: "measured", Number: true}, {Text: "predicted", Number: true}, {Text: "expectation"}, {Text: "n", Number: true}}
			tallies = append(tallies, map[store.Judgement]int{})
		}
		tallies[k][v.Verdict]++
		measured := num("–")
		if x := float64(v.Measured); !math.IsNaN(x) {
			lo, hi := float64(v.Interval[0]), float64(v.Interval[1])
			measured = num(fixed(x, (hi-lo)/4))
			measured.More = interval(lo, hi)
		}
		n := num(count(v.N))
		if v.Needs > 0 {
			n.More = "needs " + count(v.Needs)
		}
		expect := plain(v.Expectation)
		expect.Wide = true
		out[k].Table.Rows = append(out[k].Table.Rows, []field{{Text: string(v.Verdict), Mark: string(v.Verdict)}, plain(r.claimCell(v.Cell)), measured, num(short(float64(v.Predicted))), expect, n})
	}
	for i := range out {
		if len(out[i].Table.Rows) > 1 {
			var parts []string
			for _, j := range []store.Judgement{store.Holds, store.Fails, store.Undecided} {
				if n := tallies[i][j]; n > 0 {
					parts = append(parts, fmt.Sprintf("%s in %d", j, n))
				}
			}
			out[i].Tally = strings.Join(parts, ", ") + fmt.Sprintf(" of %d cells", len(out[i].Table.Rows))
		}
		out[i].Table.Fold = len(out[i].Table.Rows) > foldRows
	}
	return out
}

// claimCell shortens the paths in a claim's cell as everywhere on the page.
func (r *run) claimCell(cell string) string {
	cell = setting(cell)
	for _, s := range r.swept {
		cell = strings.ReplaceAll(cell, s.path+"=", s.label+" ")
	}
	return orElse(cell, "all")
}

// analysisView is an analysis, without its plots, which are among the figures.
type analysisView struct {
	Title  string
	Text   []string
	Tables []grid
}

func (r *run) analysisTables() []analysisView {
	var out []analysisView
	for _, a := range r.analyses {
		v := analysisView{Title: orElse(a.Title, a.Name), Text: a.Text}
		for _, t := range a.Tables {
			if len(t.Words) == 0 && len(t.Numbers) == 0 {
				continue
			}
			g := grid{Title: t.Title}
			texts := 0
			if len(t.Words) > 0 {
				texts = len(t.Words[0])
			}
			for i, c := range t.Columns {
				g.Head = append(g.Head, heading{Text: c, Number: i >= texts})
			}
			for i := range max(len(t.Words), len(t.Numbers)) {
				var row []field
				if i < len(t.Words) {
					for _, w := range t.Words[i] {
						row = append(row, plain(r.claimCell(w)))
					}
				}
				if i < len(t.Numbers) {
					for _, x := range t.Numbers[i] {
						row = append(row, num(digits(float64(x), cmp.Or(t.Digits, 4))))
					}
				}
				g.Rows = append(g.Rows, row)
			}
			g.Fold = len(g.Rows) > foldRows
			v.Tables = append(v.Tables, g)
		}
		out = append(out, v)
	}
	return out
}

// cellTable is the table of cells with all their estimates.
func (r *run) cellTable() grid {
	g := grid{Head: append([]heading{{Text: "cell", Number: true}, {Text: "dynamics"}}, r.settingsHead()...)}
	g.Head = append(g.Head, heading{Text: "replicas", Number: true})
	diverged, failed, fewer := false, false, false
	var names []string
	units := map[string]string{}
	for i := range r.cells {
		c := &r.cells[i]
		diverged, failed = diverged || c.Diverged > 0, failed || c.Failed != ""
		for _, e := range c.Estimates {
			if numberOf(e.Name) > mostNumbered {
				fewer = true
			} else if !slices.Contains(names, e.Name) {
				names = append(names, e.Name)
				units[e.Name] = e.Unit
			}
		}
	}
	if diverged {
		g.Head = append(g.Head, heading{Text: "diverged", Number: true})
	}
	for _, n := range names {
		h := heading{Text: n, Number: true}
		if u := units[n]; u != "" && u != "1" {
			h.Full = "in units of " + u
		}
		g.Head = append(g.Head, h)
	}
	if failed {
		g.Head = append(g.Head, heading{Text: "failed"})
	}
	for i := range r.cells {
		c := &r.cells[i]
		row := append([]field{num(strconv.Itoa(c.ID)), plain(c.Dynamics)}, r.settingFields(c.Params)...)
		row = append(row, num(count(c.Replicas)))
		if diverged {
			row = append(row, num(count(c.Diverged)))
		}
		for _, n := range names {
			f := num("")
			if e, ok := c.Estimate(n); ok {
				f.Text = uncertain(e)
			}
			row = append(row, f)
		}
		if failed {
			row = append(row, plain(c.Failed))
		}
		g.Rows = append(g.Rows, row)
	}
	g.Note = "Value ± standard error; intervals and numbers of observations are in " + store.CellsFile + "."
	if fewer {
		g.Note += fmt.Sprintf(" Of numbered columns the first %d are here, and all there.", mostNumbered)
	}
	g.Fold = len(g.Rows) > foldRows
	return g
}

// frame is a figure's place on the page.
type frame struct {
	*figure
	Place  int // among the data
	Strips []stripView
	Modes  []modeKey
	More   string
}

type stripView struct {
	Name string
	SVG  template.HTML
	Note string
}

type modeKey struct {
	Class string
	Name  string
}

func (r *run) frames(figures []*figure) []frame {
	var out []frame
	for i, f := range figures {
		v := frame{figure: f, Place: i}
		if f.Strips != nil {
			jumps := f.jumps()
			for k, s := range f.Strips {
				if k == stripCells {
					v.More = fmt.Sprintf("%d more cells are in %s.", len(f.Strips)-stripCells, store.PlateausFile)
					break
				}
				one := stripView{Name: s.name, SVG: template.HTML(s.svg("", "", jumps))}
				if s.more > 0 {
					one.Note = fmt.Sprintf("%d more replicas are in %s.", s.more, store.PlateausFile)
				}
				v.Strips = append(v.Strips, one)
			}
			for k, j := range jumps {
				v.Modes = append(v.Modes, modeKey{fmt.Sprintf("c%d", 1+k%(len(palette)-1)), fmt.Sprintf("mode %d jumps", j+1)})
			}
			v.Modes = append(v.Modes, modeKey{"c0", "none, or not known"})
		} else if n := len(f.Panels); n > svgPanels {
			v.More = fmt.Sprintf("The SVG has the first %d panels.", svgPanels)
		}
		out = append(out, v)
	}
	return out
}

// provenance is what it takes to know the run.
func (r *run) provenance() [][2]string {
	m := r.manifest
	var out [][2]string
	add := func(k, v string) {
		if v != "" {
			out = append(out, [2]string{k, v})
		}
	}
	add("run", m.Run)
	add("status", string(m.Status))
	add("error", m.Error)
	add("program", m.Program)
	cpu := m.Machine.CPU
	if cpu != "" {
		cpu += ", "
	}
	add("machine", fmt.Sprintf("%s%s, %s/%s, %s", cpu, plural(m.Machine.Cores, "core"), m.Machine.OS, m.Machine.Arch, m.Machine.Go))
	add("workers", strconv.Itoa(m.Workers))
	add("seeds", fmt.Sprintf("data %d, init %d, noise %d", m.Seeds.Data, m.Seeds.Init, m.Seeds.Noise))
	names := make([]string, 0, len(m.Data))
	for name := range m.Data {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add("data "+name, m.Data[name].String())
	}
	if !m.Started.IsZero() {
		add("started", m.Started.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	if !m.Ended.IsZero() {
		add("ended", m.Ended.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	add("time", fmt.Sprintf("%s of wall clock, %s of CPU", duration(m.WallSeconds), duration(m.CPUSeconds)))
	add("replica-steps", count(m.ReplicaSteps))
	var rows []string
	for _, t := range []string{"cells", "samples", "passages", "plateaus"} {
		if n, ok := m.Rows[t]; ok {
			rows = append(rows, t+" "+count(n))
		}
	}
	add("rows", strings.Join(rows, ", "))
	add("spec hash", m.Spec.String())
	add("plan hash", m.Plan.String())
	add("result hash", m.Result.String())
	return out
}

// specHTML is the spec with its keys and comments marked.
func specHTML(spec string) template.HTML {
	var b strings.Builder
	for _, l := range strings.SplitAfter(spec, "\n") {
		body := strings.TrimLeft(l, " -")
		if strings.HasPrefix(body, "#") {
			b.WriteString("<i>" + html.EscapeString(l) + "</i>")
			continue
		}
		indent := l[:len(l)-len(body)]
		key, rest, ok := strings.Cut(body, ":")
		if ok && key != "" && !strings.ContainsAny(key, " '\"{[") {
			b.WriteString(html.EscapeString(indent) + "<b>" + html.EscapeString(key) + "</b>:" + html.EscapeString(rest))
			continue
		}
		b.WriteString(html.EscapeString(l))
	}
	return template.HTML(b.String())
}
