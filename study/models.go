package study

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"sgdlab/estimate"
	"sgdlab/spec"
	"sgdlab/store"
)

type compareModelsSettings struct {
	Reference string   `doc:"the dynamics that the others are models of"`
	Columns   []string `doc:"the columns that are compared, where replicas stop; all of observe where missing" optional:"true"`
	N         int      `doc:"replicas of each of the two samples whose difference a statistic has to show" default:"64" check:">=8"`
}

// The shape of the comparison.
const (
	mostPoints    = 512  // replicas of a sample between which distances are taken
	powerRounds   = 99   // permutations of a test whose power is measured
	rejects       = 0.05 // the level of such a test
	toldApart     = 0.01 // the p below which two laws are
	leastTellings = 4    // pairs of samples in each half of the replicas, for a power
)

func (l *loader) askCompareModels(n *spec.Node, at string) func(st *Study, all []*Outcome) (Analysis, error) {
	var s compareModelsSettings
	if !l.askSettings(n, at, &s) {
		return nil
	}
	if indexOf(l.study.Arms, s.Reference) < 0 {
		l.problems.Add(n.Get("reference").Problem(at+".reference", "one of the dynamics "+strings.Join(l.study.Arms, ", ")))
		return nil
	}
	if l.blind {
		return nil // something else is wrong where columns come from
	}
	have := l.study.comparable()
	if s.Columns == nil {
		s.Columns = have
	}
	for j, c := range s.Columns {
		if indexOf(have, c) < 0 {
			l.problems.Add(n.Get("columns").Mistake(fmt.Sprintf("%s.columns[%d]", at, j), shown(c), "a column that every dynamics reads: "+strings.Join(have, ", ")+spec.DidYouMean(c, have)))
		}
	}
	if len(s.Columns) == 0 {
		l.problems.Add(n.Mistake(at, "no column that every dynamics reads", "some under observe"))
	}
	for _, g := range l.study.Groups {
		for i := range g.Cells {
			if c := &g.Cells[i]; c.Replicas > 1 && c.Keep < c.Replicas && c.Keep < mostPoints {
				l.problems.Add(n.Mistake(at, fmt.Sprintf("%d of %d replicas kept", c.Keep, c.Replicas), fmt.Sprintf("ensemble.keep of at least %d: laws are compared replica by replica", min(c.Replicas, mostPoints))))
				return nil
			}
		}
	}
	return func(st *Study, all []*Outcome) (Analysis, error) { return st.compareModels(&s, all) }
}

// comparable lists the columns that every group reads.
func (st *Study) comparable() []string {
	var out []string
	for i, g := range st.Groups {
		var own []string
		for _, cols := range g.Columns {
			for _, c := range cols {
				own = append(own, c.Name)
			}
		}
		if i == 0 {
			out = own
			continue
		}
		out = slices.DeleteFunc(out, func(c string) bool { return indexOf(own, c) < 0 })
	}
	return out
}

// bundle is what one arm's replicas read where they stopped, at one point of the sweep.
type bundle struct {
	arm     string
	replica []int64
	rows    [][]float64 // by replica, a number for each column
	lost    int         // replicas that diverged, or have a column that is not finite
}

func (st *Study) bundle(o *Outcome, columns []string) bundle {
	b := bundle{arm: o.Cell.Arm}
	var ids []int64
	for id := range o.Last[columns[0]] {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		row := make([]float64, len(columns))
		ok := true
		for k, c := range columns {
			x, has := o.Last[c][id]
			row[k] = x
			ok = ok && has && x-x == 0
		}
		if !ok {
			b.lost++
			continue
		}
		b.replica, b.rows = append(b.replica, id), append(b.rows, row)
	}
	return b
}

// scaled returns the bundles in units of the reference's standard deviations, those of all where it has none, and which columns vary at all.
func scaled(bundles []bundle, reference int, columns int) (vary []int) {
	for k := range columns {
		var own, all estimate.Moments
		for i, b := range bundles {
			for _, row := range b.rows {
				if i == reference {
					own.Add(row[k])
				}
				all.Add(row[k])
			}
		}
		sd := own.Variance(estimate.Level).Value
		if !(sd > 0) {
			sd = all.Variance(estimate.Level).Value
		}
		if !(sd > 0) {
			continue
		}
		vary = append(vary, k)
		sd = math.Sqrt(sd)
		mean := own.Mean(estimate.Level).Value
		for _, b := range bundles {
			for _, row := range b.rows {
				row[k] = (row[k] - mean) / sd
			}
		}
	}
	return vary
}

// cloud is the replicas [from, to) of a bundle in the columns that vary.
func (b bundle) cloud(from, to int, vary []int, paired bool) estimate.Cloud {
	c := estimate.Cloud{Dim: len(vary)}
	for i := from; i < to; i++ {
		for _, k := range vary {
			c.Values = append(c.Values, b.rows[i][k])
		}
		if paired {
			c.Replica = append(c.Replica, b.replica[i])
		}
	}
	return c
}

// column is one column of the replicas [from, to).
func (b bundle) column(from, to, k int) []float64 {
	var out []float64
	for _, row := range b.rows[from:to] {
		out = append(out, row[k])
	}
	return out
}

var between = []estimate.Between{estimate.EnergyDistance, estimate.MMD, estimate.SlicedWasserstein}

// statistic tells two samples apart: p of the hypothesis that they have one law, or one that shares what it looks at.
type statistic struct {
	name string
	p    func(a, b bundle, from, to int, vary []int) (float64, error)
}

// statistics are, of each column, its mean, its spread and its law, and of all columns together the distances.
func statistics(columns []string, seed uint64) []statistic {
	var out []statistic
	for k, name := range columns {
		of := func(what string, p func(x, y []float64) (float64, error)) {
			out = append(out, statistic{what + " of " + name, func(a, b bundle, from, to int, vary []int) (float64, error) {
				if !slices.Contains(vary, k) {
					return 1, nil
				}
				return p(a.column(from, to, k), b.column(from, to, k))
			}})
		}
		of("mean", func(x, y []float64) (float64, error) { return estimate.WelchTest(x, y).P, nil })
		of("spread", func(x, y []float64) (float64, error) {
			return estimate.WelchTest(estimate.FromMedian(x), estimate.FromMedian(y)).P, nil
		})
		of("law", func(x, y []float64) (float64, error) {
			d, err := estimate.KolmogorovSmirnov(estimate.Sample{Values: x}, estimate.Sample{Values: y}, estimate.Level)
			return estimate.KolmogorovP(d.Value, int64(len(x)), int64(len(y))), err
		})
	}
	for _, d := range between {
		out = append(out, statistic{d.Name, func(a, b bundle, from, to int, vary []int) (float64, error) {
			t, err := d.Test(a.cloud(from, to, vary, false), b.cloud(from, to, vary, false), powerRounds, seed+uint64(from))
			return t.P, err
		}})
	}
	return out
}

// duel is how often each statistic tells two dynamics apart.
type duel struct {
	chosen, told []int64   // pairs of samples told apart, of the first halves of the replicas, by which it is chosen, and of the second
	score        []float64 // −Σ ln p over the first halves
	of           int64     // pairs of samples in each half
}

func newDuel(statistics int) *duel {
	return &duel{chosen: make([]int64, statistics), told: make([]int64, statistics), score: make([]float64, statistics)}
}

// add takes in samples of n replicas of two dynamics, and reports whether there are enough.
func (d *duel) add(b, c bundle, n int, looks []statistic, vary []int) (enough bool, err error) {
	half := min(len(b.rows), len(c.rows)) / 2
	pairs := half / n
	if pairs < leastTellings {
		return false, nil
	}
	d.of += int64(pairs)
	for s, look := range looks {
		for k := range 2 * pairs {
			from := k % pairs * n
			if k >= pairs {
				from += half
			}
			p, err := look.p(b, c, from, from+n, vary)
			if err != nil {
				return true, err
			}
			switch {
			case k < pairs:
				d.score[s] -= math.Log(max(p, 1e-300))
				if p < rejects {
					d.chosen[s]++
				}
			case p < rejects:
				d.told[s]++
			}
		}
	}
	return true, nil
}

// compareModels sets every dynamics beside the reference, at every point by distances between laws, and every two of them by the
// statistic that tells them apart.
func (st *Study) compareModels(a *compareModelsSettings, all []*Outcome) (Analysis, error) {
	out := Analysis{Title: "Which dynamics has the law of " + a.Reference + ", and what tells them apart"}
	far := Table{Title: "Distance to the law of " + a.Reference + ", in units of its standard deviations", Columns: []string{"dynamics", "cell"}}
	for _, d := range between {
		far.Columns = append(far.Columns, d.Name, "p")
	}
	far.Columns = append(far.Columns, "n", "lost")
	off := Table{Title: "Mean less that of " + a.Reference + ", in units of its standard deviation", Columns: append([]string{"dynamics", "cell"}, a.Columns...)}

	looks := statistics(a.Columns, st.Seeds().Noise)
	duels := map[[2]string]*duel{}
	type tally struct {
		cells, apart int
		where        []string
	}
	tallies := map[string]*tally{}
	curves := newCurves(st)
	few := false
	for point := range st.Points {
		j := &judge{st: st, all: all}
		var bundles []bundle
		ref := -1
		for _, arm := range st.Arms {
			o := j.at(point, arm)
			if o.Failed != "" || o.Replicas < 2 {
				continue
			}
			if arm == a.Reference {
				ref = len(bundles)
			}
			bundles = append(bundles, st.bundle(o, a.Columns))
		}
		if ref < 0 || len(bundles[ref].rows) < 2 {
			continue
		}
		vary := scaled(bundles, ref, len(a.Columns))
		if len(vary) == 0 {
			continue
		}
		cell := st.cellName(point)
		for i, b := range bundles {
			n := min(len(b.rows), len(bundles[ref].rows), mostPoints)
			if i == ref || n < 2 {
				continue
			}
			paired := !st.Ensemble.Independent && slices.Equal(b.replica[:n], bundles[ref].replica[:n])
			var numbers []float64
			apart := false
			for k, d := range between {
				t, err := d.Test(b.cloud(0, n, vary, paired), bundles[ref].cloud(0, n, vary, paired), permutations, uint64(point))
				if err != nil {
					return out, err
				}
				numbers = append(numbers, t.Statistic, t.P)
				apart = apart || t.P < toldApart/float64(len(between))
				if k == 0 {
					curves.add(point, b.arm, t.Statistic)
				}
			}
			far.add([]string{b.arm, cell}, append(numbers, float64(n), float64(b.lost))...)
			means := make([]float64, len(a.Columns))
			for k := range means {
				means[k] = math.NaN()
				if slices.Contains(vary, k) {
					var m estimate.Moments
					for _, row := range b.rows {
						m.Add(row[k])
					}
					means[k] = m.Mean(estimate.Level).Value
				}
			}
			off.add([]string{b.arm, cell}, means...)
			if tallies[b.arm] == nil {
				tallies[b.arm] = &tally{}
			}
			tl := tallies[b.arm]
			tl.cells++
			if apart {
				tl.apart++
			} else {
				tl.where = append(tl.where, cell)
			}
		}
		if !st.Ensemble.Independent {
			continue
		}
		for i, b := range bundles {
			for _, c := range bundles[i+1:] {
				key := [2]string{b.arm, c.arm}
				d := duels[key]
				if d == nil {
					d = newDuel(len(looks))
				}
				enough, err := d.add(b, c, a.N, looks, vary)
				if err != nil {
					return out, err
				}
				if few = few || !enough; enough {
					duels[key] = d
				}
			}
		}
	}
	for _, arm := range st.Arms {
		tl := tallies[arm]
		if tl == nil {
			continue
		}
		text := fmt.Sprintf("%s: its law is told apart from that of %s in %d of %d cells (p < 0.01 over the three distances)", arm, a.Reference, tl.apart, tl.cells)
		if n := len(tl.where); n > 0 && n < tl.cells {
			text += "; not in " + strings.Join(tl.where, ", ")
		}
		out.Text = append(out.Text, text)
	}
	out.Tables = []Table{far, off}
	out.Plots = curves.plots("Energy distance to the law of "+a.Reference, "energy distance",
		"Between replicas of both where they stop, in all columns together and in units of the reference's standard deviations. Between samples of one law it is small, and not 0.")
	switch {
	case !st.Ensemble.Independent:
		out.Text = append(out.Text, "what tells two dynamics apart is not asked: arms share random numbers; want independent: true under ensemble")
		return out, nil
	case len(duels) == 0:
		if few {
			out.Text = append(out.Text, fmt.Sprintf("what tells two dynamics apart is not asked: that takes %d samples of %d replicas of each half, %d kept replicas in all", leastTellings, a.N, 2*leastTellings*a.N))
		}
		return out, nil
	}

	best := Table{
		Title:   fmt.Sprintf("The statistic with the highest power, from %d replicas of each of two dynamics, at the level of 5 %%", a.N),
		Columns: []string{"dynamics", "and", "statistic", "its runner-up", "power", "lower", "upper", "runner-up", "best distance of all columns", "samples"},
	}
	wins, rank := map[string]int{}, make([]float64, len(looks))
	n := 0
	for i, x := range st.Arms {
		for _, y := range st.Arms[i+1:] {
			d := duels[[2]string{x, y}]
			if d == nil {
				continue
			}
			n++
			order := make([]int, len(looks))
			for s := range order {
				order[s] = s
				rank[s] += float64(d.told[s]) / float64(d.of)
			}
			slices.SortStableFunc(order, func(s, t int) int {
				return cmp.Or(cmp.Compare(d.chosen[t], d.chosen[s]), cmp.Compare(d.score[t], d.score[s]))
			})
			joint := order[slices.IndexFunc(order, func(s int) bool { return s >= len(looks)-len(between) })]
			first, second := order[0], order[1]
			power := estimate.Proportion(d.told[first], d.of, estimate.Level)
			best.add([]string{x, y, looks[first].name, looks[second].name},
				power.Value, power.Lo, power.Hi, float64(d.told[second])/float64(d.of), float64(d.told[joint])/float64(d.of), float64(d.of))
			if power.Lo > 2*rejects {
				wins[looks[first].name]++
			}
		}
	}
	order := make([]int, len(looks))
	for s := range order {
		order[s] = s
	}
	slices.SortStableFunc(order, func(s, t int) int { return cmp.Compare(rank[t], rank[s]) })
	ranks := Table{Title: "Power in the mean over all pairs of dynamics", Columns: []string{"statistic", "power", "best of pairs"}}
	for _, s := range order {
		ranks.add([]string{looks[s].name}, rank[s]/float64(n), float64(wins[looks[s].name]))
	}
	out.Tables = append(out.Tables, best, ranks)
	out.Text = append(out.Text, fmt.Sprintf("of all statistics %s tells two dynamics apart most often: with %d replicas of each at power %.2f in the mean over %d pairs", looks[order[0]].name, a.N, rank[order[0]]/float64(n), n))
	var winners []string
	for name := range wins {
		winners = append(winners, name)
	}
	sort.Slice(winners, func(i, j int) bool {
		return wins[winners[i]] > wins[winners[j]] || wins[winners[i]] == wins[winners[j]] && winners[i] < winners[j]
	})
	if len(winners) > 0 {
		var parts []string
		for _, w := range winners {
			parts = append(parts, fmt.Sprintf("%s (%d)", w, wins[w]))
		}
		out.Text = append(out.Text, "the best statistic of a pair, chosen on one half of the replicas and with its power told from the other, is "+strings.Join(parts, ", "))
	}
	return out, nil
}

// cellName is the values of the sweep at a point.
func (st *Study) cellName(point int) string {
	var parts []string
	for _, p := range st.Points[point].Params {
		parts = append(parts, p.Path+"="+param(p.Path, p.Value).Text)
	}
	return strings.Join(parts, " ")
}

// pointCurves are values over the points of a sweep, along its first path that has numbers: a figure for each value of the others.
type pointCurves struct {
	st    *Study
	along int // among the parameters of a point; −1 where there is none
	names []string
	by    map[string][]Curve
}

func newCurves(st *Study) *pointCurves {
	c := &pointCurves{st: st, along: -1, by: map[string][]Curve{}}
	if len(st.Points) > 1 {
		for i, p := range st.Points[0].Params {
			if _, ok := p.Value.Float(); ok {
				c.along = i
				break
			}
		}
	}
	return c
}

func (c *pointCurves) add(point int, arm string, y float64) {
	x := float64(point)
	var rest []string
	for i, p := range c.st.Points[point].Params {
		if i == c.along {
			x, _ = p.Value.Float()
		} else if c.along >= 0 {
			rest = append(rest, p.Path+"="+param(p.Path, p.Value).Text)
		}
	}
	name := strings.Join(rest, " ")
	if _, ok := c.by[name]; !ok {
		c.names = append(c.names, name)
	}
	list := c.by[name]
	k := slices.IndexFunc(list, func(v Curve) bool { return v.Name == arm })
	if k < 0 {
		k, list = len(list), append(list, Curve{Name: arm})
	}
	list[k].X, list[k].Y = append(list[k].X, store.Number(x)), append(list[k].Y, store.Number(y))
	c.by[name] = list
}

func (c *pointCurves) plots(title, y, note string) []Plot {
	x := "point of the sweep"
	if c.along >= 0 {
		x = c.st.Points[0].Params[c.along].Path
	}
	var out []Plot
	for _, name := range c.names {
		p := Plot{Title: title, X: x, Y: y, LogX: c.along >= 0, LogY: true, Points: c.by[name], Note: note}
		if name != "" {
			p.Title += " at " + name
		}
		out = append(out, p)
	}
	return out
}
