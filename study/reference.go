package study

import (
	"reflect"
	"strings"

	"sgdlab/catalog"
)

// Word describes a word of the grammar of specs: a key of its top, an ask, a measure or an expectation.
type Word struct {
	Name    string
	Doc     string // in a line
	Text    string // more, laid out like a comment of Go: paragraphs, and what is indented by a tab stands by itself
	Fields  []catalog.Field
	Example string // as a spec would write it
}

// Keys describes the keys of the top of a spec, in the order of spec.TopKeys. Split is not among them: no version reads it yet.
func Keys() []Word {
	return []Word{
		{Name: "title", Doc: "words over the report", Example: "title: Escape from a double well"},
		{Name: "question", Doc: "what the study asks, in words for the report", Example: "question: Does the mean exit time follow Kramers' law?"},
		{Name: "seed", Doc: "the seeds of all random numbers", Fields: of[Seeds](),
			Text: `One number serves as all three; each alone can be swept. The numbers that a replica draws are a function of the seed, the
replica and what is drawn, and of nothing else: points of a sweep and dynamics share them, so that replica i of one
is compared with replica i of the other.`,
			Example: "seed: {data: 1, init: 2, noise: 3}"},
		{Name: "data", Doc: "inputs and targets; left out for landscapes without data", Text: "A name of `sgdlab list data` with its parameters.",
			Example: "data: {name: gaussian, inputs: 3, outputs: 2, samples: 8}"},
		{Name: "model", Doc: "the loss landscape; required", Example: "model: {name: deep-linear, widths: [3, 2, 2], loss: mean-half}",
			Text: "A name of `sgdlab list models` with its parameters. Models of data take a `loss`,\n\n\tL = p Σ ‖y − f(x)‖²,\n\n" +
				"where p is 1/2n for mean-half, ½ for sum-half, 1/n for mean, or {prefactor: EXPRESSION in n}."},
		{Name: "start", Doc: "where replicas start; required", Text: "A name of `sgdlab list starts` with its parameters; what is random is drawn for each replica.",
			Example: "start: {name: gaussian, deviation: 0.1}"},
		{Name: "dynamics", Doc: "how replicas move: a map from names of your own; required",
			Text: `Each entry is a name of ` + "`sgdlab list dynamics`" + ` with its parameters; every one runs at every point of the sweep, with the
same random numbers where they draw the same things. Time is ηk for discrete dynamics and the SDE's own time for
SDEs; steps, in schedules and horizons, mean time/η, so that all dynamics share an axis.

A replica whose max|θ| passes 10¹⁰ or becomes NaN has diverged: that is an event with a time, and its other events are
censored there.`,
			Example: "dynamics:\n  small: {name: sgd, rate: 0.01, batch: 4}\n  flow: {name: sde, calculus: ito, rate: 0.01, noise: {factor: per-sample}}"},
		{Name: "observe", Doc: "what is read off every replica, and when: a list", Fields: of[observeKeys](),
			Text: `Each entry is a name of ` + "`sgdlab list observables` or `sgdlab list accumulators`" + ` with its parameters and a schedule. Where the
horizon is a time or a number of steps, every column is also read at the end; where an event ends replicas, only
columns without a schedule, those with on: end, and those that a claim asks for.`,
			Example: "observe:\n  - {name: loss, every: 10}\n  - {name: singular-values, log-spaced: 20, on: start}"},
		{Name: "events", Doc: "levels that replicas cross: a map from names of your own", Fields: of[eventKeys](),
			Text: `A LEVEL is one of

	0.1                            a number
	{start: FACTOR}                a multiple of the value at the replica's start
	{from: saddle, by: ε}          ε below the loss at the saddle where replicas start
	{from: saddle, fraction: f}    the part f of the drop to the next saddle below it

Events are tested after every step. For diffusions without jumps a Brownian bridge finds and dates crossings between
two steps; for other observables, and for GD and SGD, the end of the step is when it happened.`,
			Example: "events:\n  escape: {of: {name: loss}, falls-below: {from: saddle, fraction: 0.1}}"},
		{Name: "plateaus", Doc: "start, end, height and duration of the plateaus of every replica", Fields: of[plateauKeys](),
			Text: "Which singular value or mode rose most after each plateau is told too.", Example: "plateaus: {of: loss}"},
		{Name: "ensemble", Doc: "how many replicas, and until when; required", Fields: of[Ensemble](),
			Text: `Until is one of steps, time and event; an event needs at-most, the horizon at which a replica that did not meet it is
censored. A deterministic dynamics from a deterministic start runs one replica, whose numbers are exact.`,
			Example: "ensemble: {replicas: 1000, until: {event: exit, at-most: {time: 1000}}}"},
		{Name: "sweep", Doc: "paths and their values: the points of the study",
			Text: "A map from a path to its values; maps under product: are crossed, those under zip: go in step. A * in a path is every entry " +
				"that has the key. Values are a list, or\n\n" +
				"\trange(a, b[, step])    half open\n\tlinspace(a, b, n)      n values from a to b, both included\n\tlogspace(a, b, n)      the same, evenly spaced in the logarithm\n\n" +
				"On the command line path=value,value or path=range(…) sweeps in place of the spec's own sweep over that path. In values of " +
				"the spec `$path` is the value at that path in the same point, and `$path/10` an expression of it.",
			Example: "sweep:\n  product: {seed: \"range(0, 10)\", dynamics.*.rate: [0.01, 0.02, 0.05]}"},
		{Name: "answer", Doc: "how long until an event, on several roads at once: a map from the event", Fields: of[answerKeys](),
			Text: "The names of the roads stand in a list.\n\n" +
				"\ttheory      the closed law whose regime holds\n\tsolve       the mean exit time by quadrature, for one coordinate\n\tsimulate    the mean over replicas",
			Example: "answer: {exit: [theory, solve, simulate]}"},
		{Name: "ask", Doc: "analyses over all points: a list", Text: "Each entry has a name, escape-law, compare-laws, compare-models or bifurcation, and its parameters.",
			Example: "ask:\n  - {name: compare-laws, event: exit, reference: sgd}"},
		{Name: "claims", Doc: "measurements beside expectations: a list", Fields: of[claimsKeys](),
			Text: `A claim is judged in each cell (a point of the sweep under one dynamics) that its measure chooses. With the whole 95 %
interval inside the tolerance it holds, outside it fails; else it is undecided, with the n that would decide where that
can be said. Measures that share random numbers are compared by replica.`,
			Example: "claims:\n  - {id: kramers, says: exits follow Kramers' law, measure: {mean-time: exit}, expect: {equals: {theory: kramers}, relative: 0.1}}"},
	}
}

// of lists the keys of a struct; the tag as says what a value looks like where its type does not.
func of[T any]() []catalog.Field {
	t := reflect.TypeFor[T]()
	fields := catalog.Fields(t)
	for i := range fields {
		if as := t.Field(i).Tag.Get("as"); as != "" {
			fields[i].Type = as
		}
	}
	return fields
}

// What follows says in tags what the loader reads by hand.

type observeKeys struct {
	Every     float64  `optional:"true" check:">0" doc:"read every so many steps"`
	LogSpaced int      `optional:"true" check:">=1 <=1000" doc:"readings per decade of steps"`
	On        []string `optional:"true" oneof:"start|end" doc:"read at these instants, one or both"`
}

type eventKeys struct {
	Of         string `as:"an observable, by name or as a map" doc:"the observable whose column is watched"`
	Column     string `optional:"true" doc:"which of its columns, such as mode[2]; the first where left out"`
	RisesAbove string `as:"LEVEL" optional:"true" doc:"the event is that the column rises above this; this or falls-below"`
	FallsBelow string `as:"LEVEL" optional:"true" doc:"the event is that the column falls below this; this or rises-above"`
}

type plateauKeys struct {
	Of string `doc:"an observable that observe reads on a schedule; of it the first column"`
}

type answerKeys struct {
	Event []string `spec:"EVENT" oneof:"theory|solve|simulate" doc:"an event by its name, and the roads to its mean time"`
}

type claimsKeys struct {
	ID      string `spec:"id" doc:"a name that no other claim has"`
	Says    string `optional:"true" doc:"the claim in words"`
	Measure string `as:"a measure, as a map" optional:"true" doc:"what is measured: one of the measures; expect: {diverges: …} needs none"`
	Expect  string `as:"an expectation, as a map" doc:"what is expected: one of the expectations"`
	Run     string `optional:"true" doc:"in the file of a paper, the run that the claim is about"`
}

// Asks describes the analyses over cells.
func Asks() []Word {
	return []Word{
		{Name: "escape-law", Doc: "which law the mean time to leave a saddle follows", Fields: of[escapeLawSettings](),
			Text: `The logarithm of the mean time τ is fitted, for each dynamics and each value of the paths under by, on

	log τ = c₀ + c₁ ΔL/T + c₂ log ΔL + c₃ Δ log L,

with ΔL the drop of the loss from the saddle where replicas start to the next one, Δ log L that of its logarithm, and
T = tr D/d the temperature of isotropic noise as strong in all as the dynamics' own at the saddle (D half the covariance
of the noise per unit of time, d the number of parameters). Each regressor is also fitted alone, and the collinearity of
all is told.

A fit takes at least 8 points with a known mean time; with ΔL/T among the regressors, dynamics without noise have none.`,
			Example: "ask:\n  - {name: escape-law, event: escape, regressors: [drop-over-temperature, log-of-drop], by: [start.modes]}"},
		{Name: "compare-laws", Doc: "which dynamics has the law of passage times of another", Fields: of[compareLawsSettings](),
			Text: `At every point of the sweep the times of each dynamics are set beside those of the reference: their Kolmogorov–Smirnov
distance with a p-value by permutation, and the ratio of mean times with its interval, paired by replica where random
numbers are shared.`,
			Example: "ask:\n  - {name: compare-laws, event: exit, reference: sgd}"},
		{Name: "compare-models", Doc: "which dynamics ends with the law of another, and what tells two of them apart", Fields: of[compareModelsSettings](),
			Text: `At every point of the sweep the columns that replicas read where they stop are set beside those of the reference, all together and in units of
its standard deviations: by the energy distance, the maximum mean discrepancy and the sliced Wasserstein distance, each with a p-value by
permutation (paired by replica where random numbers are shared), and column by column by the difference of means. A law counts as told apart
where one of the three p-values is below 0.01/3. Of each dynamics up to 512 replicas are taken; they have to be kept (keep under ensemble).
Replicas that diverged, or whose columns are not finite, are lost, and counted.

With independent: true under ensemble it also asks what to track: for each two dynamics, which statistic tells a sample of n replicas of the one
from n of the other most often, at the level of 5 %. Statistics are the mean (Welch), the spread (Brown and Forsythe) and the law
(Kolmogorov and Smirnov) of each column, and the three distances of all columns. The statistic is chosen on one half of the replicas, in samples
that have none in common, and its power told from the other half, in the same way.`,
			Example: "ask:\n  - {name: compare-models, reference: sgd, columns: [loss], n: 64}"},
		{Name: "bifurcation", Doc: "which orbits deterministic dynamics settles on along a swept path, where their period changes, and where chaos begins", Fields: of[bifurcationSettings](),
			Text: `It draws the values of an orbit against the path (observe {name: orbit, of: …, values: 64}, a cycle's each once), the Lyapunov
exponent and the Floquet multipliers where lyapunov and cycle are observed, and lists the stretches of one period and where the period
changes, between which two neighbouring points; 0 is no period up to max-period. The ratio of a doubling after two others is

	(x₂ − x₁)/(x₃ − x₂),

which tends to Feigenbaum's 4.669; beside that of the middles stand the least and the largest that the brackets allow. Chaos begins where the exponent first exceeds chaos.

With bisect: true the dynamics is run from its start between the two points, at eight places at once, until the bracket is as narrow as
tolerance says, relative to the parameter, each time for 360 steps over the relative width of the bracket. Where chaos begins is narrowed down
in the same way, by runs as long as the cells'. It is one replica a cell: sweep the seed for others.`,
			Example: "ask:\n  - {name: bifurcation, over: dynamics.gd.rate, bisect: true}"},
	}
}

// Measures describes what a claim may measure.
func Measures() []Word {
	out := make([]Word, len(measureKinds))
	for i, k := range measureKinds {
		w := Word{Name: k.verb, Doc: k.doc, Text: measureTexts[k.verb].text, Example: "measure: " + measureTexts[k.verb].example}
		for _, f := range of[modifierKeys]() {
			if f.Key == "dynamics" || f.Key == "where" || indexOf(strings.Fields(k.with), f.Key) >= 0 {
				w.Fields = append(w.Fields, f)
			}
		}
		out[i] = w
	}
	return out
}

// modifierKeys are the modifiers of measures.
type modifierKeys struct {
	At       string    `as:"end, start or a number" optional:"true" doc:"end (where left out), start, or a TIME of the column's readings"`
	Window   []float64 `as:"two numbers" optional:"true" doc:"[a, b]: the readings with a ≤ time ≤ b; all where left out"`
	Q        float64   `optional:"true" check:">0 <1" doc:"which quantile; 0.5, the median, where left out"`
	Dynamics string    `optional:"true" doc:"only the cells of this dynamics"`
	Where    string    `as:"map" optional:"true" doc:"only the cells with these values, {path: value}, of paths of the sweep as they are written there"`
}

// measureTexts is what is to be said of a measure besides its line in measureKinds.
var measureTexts = map[string]struct{ example, text string }{
	"mean-time":            {"{mean-time: exit}", "Where a replica is censored the mean is not known: use restricted-mean-time or rate."},
	"restricted-mean-time": {"{restricted-mean-time: exit}", "\tE min(τ, horizon)\n\nIt is known whatever is censored at the horizon."},
	"median-time":          {"{median-time: exit}", "It is known where at least half of the replicas met the event."},
	"rate":                 {"{rate: exit}", "\tκ = events / Σ min(τ, horizon),\n\nin 1/time: the rate of an exponential law, whatever is censored."},
	"fraction":             {"{fraction: diverged}", "With the exact binomial interval (Clopper–Pearson)."},
	"value":                {"{value: loss, at: end}", ""},
	"variance":             {"{variance: \"coordinate[0]\", at: 100}", ""},
	"quantile":             {"{quantile: loss, q: 0.9}", ""},
	"max":                  {"{max: loss, window: [10, 100]}", ""},
	"min":                  {"{min: loss, window: [10, 100]}", ""},
	"mean":                 {"{mean: loss, window: [10, 100]}", ""},
	"slope": {"{slope: {of: {mean-time: exit}, over: 1/$dynamics.sde.noise.temperature, log: y}}",
		`Over time, a line is fitted to each replica's own path, and the slopes are averaged; across cells, a line is fitted to their
values, weighted by their errors. log says which axes are logarithmic.`},
	"crossing": {"{crossing: {of: {value: flip-multiplier}, level: -1, over: dynamics.gd.rate}}",
		`The first place, or the last, where two neighbouring cells are on different sides of the level, in either direction. Between them it is placed by
inverse interpolation through four cells; its interval is what three of them say, with the errors of all. Where the values are not smooth, as those
of a Lyapunov exponent, ask for linear: true, whose interval is from the one cell to the other; it is so too where the four cells do not rise or
fall together. It is missing where nothing crosses.`},
	"ratio":      {"{ratio: [{mean-time: exit, dynamics: sde}, {mean-time: exit, dynamics: sgd}]}", "By replica where random numbers are shared; else by Fieller's interval."},
	"difference": {"{difference: [{value: loss, dynamics: sde}, {value: loss, dynamics: sgd}]}", "By replica where random numbers are shared; else by Welch's interval."},
	"distance":   {"{distance: [{value: loss, dynamics: sde}, {value: loss, dynamics: sgd}]}", ""},
	"deviation":  {"{deviation: {of: \"mode[1]\", from: {theory: saxe-sigmoid}, scale: 2}}", "\tmax │mean path − predicted path│ / scale\n\nover the readings in the window; scale is 1 where left out."},
	"expression": {"{expression: {value: a/b - 1, with: {a: {mean-time: exit}, b: {theory: kramers}}}}", ""},
	"replicas": {"{replicas: {value: late - early, with: {late: {passage: second}, early: {passage: first}}, statistic: median}}",
		"No event may be censored, and {end: COLUMN} needs keep of all replicas. The statistic is the mean where left out; tail-index is Hill's, from the top largest in size."},
	"theory":   {"{theory: {name: kramers, temperature: 0.05}}", "Parameters that are left out are read from the cell, where the theory can."},
	"estimate": {"{estimate: solve:exit}", ""},
}

// Expectations describes what a claim may expect.
func Expectations() []Word {
	return []Word{
		{Name: "equals", Doc: "the measured equals a number, a prediction or another measure, within a tolerance", Fields: of[equalsKeys](),
			Text: `The right-hand side is one of

	2.5                                   a number
	2/$dynamics.gd.rate                   an expression in $paths
	{theory: NAME}                        what a theory predicts in the cell, or {theory: {name: …, …}}
	{solve: EVENT}                        the mean exit time by quadrature
	{measure: …}                          another measure
	{over: PATH, values: {x: y, …}}       a table: only the cells that it lists take part

and exactly one tolerance belongs to it.`,
			Example: "expect: {equals: {theory: kramers}, relative: 0.1}"},
		{Name: "at-least", Doc: "the measured is at least a number", Example: "expect: {at-least: 0.9}"},
		{Name: "at-most", Doc: "the measured is at most a number", Example: "expect: {at-most: 0.1}"},
		{Name: "between", Doc: "the measured is between two numbers", Example: "expect: {between: [0.4, 0.6]}"},
		{Name: "ordered", Doc: "increasing or decreasing from cell to cell", Fields: of[orderedKeys](),
			Text:    "Every step between neighbouring cells along the axis has that sign; it fails where one has the other, each with its whole interval.",
			Example: "expect: {ordered: increasing, over: dynamics.sgd.rate}"},
		{Name: "fraction-of-seeds", Doc: "an expectation holds in at least this fraction of replicas, or of seeds swept", Fields: of[seedsKeys](),
			Text:    "Replicas are counted of replicas, mean-time and value at the end; 1 means each that was seen.",
			Example: "expect: {fraction-of-seeds: {at-least: 0.9, of: {at-most: 0.01}}}"},
		{Name: "same-law", Doc: "passage times have the law of another dynamics", Fields: of[sameLawKeys](),
			Text:    "The Kolmogorov–Smirnov distance of the times of the measure's event from those of that dynamics at the same point is at most distance.",
			Example: "expect: {same-law: sgd, distance: 0.05}"},
		{Name: "diverges", Doc: "most replicas diverge (true), or do not (false); it needs no measure", Example: "expect: {diverges: false}"},
	}
}

type equalsKeys struct {
	Relative float64 `as:"number or expression" optional:"true" check:">=0" doc:"r: │measured/predicted − 1│ ≤ r; a number or an expression in $paths"`
	Absolute float64 `as:"number or expression" optional:"true" check:">=0" doc:"a: │measured − predicted│ ≤ a; a number or an expression in $paths"`
	Digits   int     `optional:"true" check:">=1 <=15" doc:"k: equal as printed to k digits"`
}

type orderedKeys struct {
	Over string `as:"path or expression" optional:"true" doc:"the axis: a path of the sweep, or an expression in $paths; may be left out where one path is swept"`
}

type seedsKeys struct {
	AtLeast float64 `check:">0 <=1" doc:"the fraction"`
	Of      string  `as:"an expectation, as a map" doc:"what is to hold: equals, at-least, at-most or between"`
}

type sameLawKeys struct {
	Distance float64 `default:"0.1" check:">0 <=1" doc:"the largest Kolmogorov–Smirnov distance"`
}
