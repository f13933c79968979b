package estimate

import (
	"fmt"
	"math"
	"sort"

	"sgdlab/elementary"
)

// Survival is the law of a first-passage time seen through right censoring: what n replicas, followed until the event
// or until they were given up, say of S(t) = P(T > t).
//
// Censoring must not depend on what the replica would have done next: a common horizon (type I) is the rule here. Of
// equal times, events count before censorings. A time of 0 is an event at the start.
//
// Source: Kaplan & Meier 1958; Kalbfleisch & Prentice 2002.
type Survival struct {
	N, Events int64
	Exposure  float64 // Σ times followed
	Last      float64 // the longest time followed
	Steps     []SurvivalStep
	rows      []row // by time
}

// SurvivalStep is a drop of the Kaplan–Meier curve: S is its value from Time on.
type SurvivalStep struct {
	Time           float64
	AtRisk, Events int64
	S              float64
	Greenwood      float64 // Σ d/(r(r−d)), the variance of log S; +∞ once S is 0
}

// NewSurvival counts the rows. Negative times and values that are not finite are errors; no rows at all is an empty law
// of which everything is missing.
func NewSurvival(of Sample) (*Survival, error) {
	if err := of.check(); err != nil {
		return nil, err
	}
	s := &Survival{N: int64(len(of.Values)), rows: make([]row, len(of.Values))}
	for i, t := range of.Values {
		if t < 0 {
			return nil, fmt.Errorf("estimate: passage time of row %d is %v; want a time ≥ 0", i, t)
		}
		s.rows[i] = row{value: t, censored: of.censored(i)}
	}
	byValue(s.rows)
	risk, surv, green := s.N, 1.0, 0.0
	for i := 0; i < len(s.rows); {
		t := s.rows[i].value
		var died, left int64
		for ; i < len(s.rows) && s.rows[i].value == t; i++ {
			s.Exposure += t
			if s.rows[i].censored {
				left++
			} else {
				died++
			}
		}
		if died > 0 {
			surv *= float64(risk-died) / float64(risk)
			green += float64(died) / float64(risk) / float64(risk-died)
			s.Steps = append(s.Steps, SurvivalStep{Time: t, AtRisk: risk, Events: died, S: surv, Greenwood: green})
			s.Events += died
		}
		risk -= died + left
		s.Last = t
	}
	return s, nil
}

// Censored is the number of replicas to which nothing happened while they were followed.
func (s *Survival) Censored() int64 { return s.N - s.Events }

// atRisk is the number of replicas followed to time t or beyond.
func (s *Survival) atRisk(t float64) int64 {
	return s.N - int64(sort.Search(len(s.rows), func(i int) bool { return s.rows[i].value >= t }))
}

// stepAt is the index of the last step at or before t, or −1.
func (s *Survival) stepAt(t float64) int {
	return sort.Search(len(s.Steps), func(i int) bool { return s.Steps[i].Time > t }) - 1
}

// limits is the log-log interval at step i,
//
//	S^exp(±z·√G/|log S|),   G Greenwood's sum,
//
// which stays in [0, 1]. At S = 0, where it does not exist, it is [0, upper limit one step earlier].
func (s *Survival) limits(i int, z float64) (lo, hi float64) {
	st := s.Steps[i]
	if st.S == 0 {
		if i == 0 {
			return 0, 1
		}
		_, hi = s.limits(i-1, z)
		return 0, hi
	}
	l := elementary.Log(st.S)
	w := z * math.Sqrt(st.Greenwood) / -l
	return elementary.Exp(l * elementary.Exp(w)), elementary.Exp(l * elementary.Exp(-w))
}

// noneYet is the lower limit of S while none of r replicas had the event: the p with pʳ = (1−level)/2 (Clopper–Pearson).
func noneYet(r int64, alpha float64) float64 {
	if r == 0 {
		return 0
	}
	return elementary.Exp(elementary.Log(alpha) / float64(r))
}

// At is the Kaplan–Meier estimate of S(t), with Greenwood's standard error and the log-log interval. Before the first
// event it is 1 with the exact binomial lower limit. Beyond the last time followed it is known only if every replica
// had the event; otherwise the value is missing, and the interval is [0, upper limit at the last time].
func (s *Survival) At(t, level float64) Estimate {
	alpha := tail(level)
	return s.at(t, alpha, normalQuantile(alpha))
}

func (s *Survival) at(t, alpha, z float64) Estimate {
	e := Missing(s.N)
	if s.N == 0 || math.IsNaN(t) {
		return e
	}
	if t < 0 {
		return Estimate{Value: 1, Lo: 1, Hi: 1, N: s.N}
	}
	i := s.stepAt(t)
	e.Lo, e.Hi = 0, 1
	if i >= 0 {
		e.Lo, e.Hi = s.limits(i, z)
	}
	switch {
	case t > s.Last && s.Events < s.N && (i < 0 || s.Steps[i].S > 0):
		e.Lo = 0
	case i < 0:
		e.Value, e.SE = 1, 0
		e.Lo = noneYet(s.atRisk(t), alpha)
	case s.Steps[i].S == 0:
		e.Value, e.SE = 0, 0
	default:
		e.Value = s.Steps[i].S
		e.SE = e.Value * math.Sqrt(s.Steps[i].Greenwood)
	}
	return e
}

// CurvePoint is S(Time), the number at risk just before and the events at it.
type CurvePoint struct {
	Time           float64
	AtRisk, Events int64
	S              Estimate
}

// Curve is the Kaplan–Meier curve: a point at 0, one at each event time, and one at the last time followed. Between
// points S is constant.
func (s *Survival) Curve(level float64) []CurvePoint {
	if s.N == 0 {
		return nil
	}
	alpha := tail(level)
	z := normalQuantile(alpha)
	var points []CurvePoint
	if len(s.Steps) == 0 || s.Steps[0].Time > 0 {
		points = append(points, CurvePoint{AtRisk: s.N, S: s.at(0, alpha, z)})
	}
	for _, st := range s.Steps {
		points = append(points, CurvePoint{Time: st.Time, AtRisk: st.AtRisk, Events: st.Events, S: s.at(st.Time, alpha, z)})
	}
	if last := points[len(points)-1]; last.Time < s.Last {
		points = append(points, CurvePoint{Time: s.Last, AtRisk: s.atRisk(s.Last), S: s.at(s.Last, alpha, z)})
	}
	return points
}

// Quantile is the smallest time at which a fraction q has had the event, S(t) ≤ 1 − q. Its interval is Brookmeyer and
// Crowley's: the times at which 1 − q is inside the interval of S(t). Where S never falls so low the value is missing,
// though the lower end may be known; an upper end that was not seen is +∞.
func (s *Survival) Quantile(q, level float64) Estimate {
	alpha := tail(level)
	e := Missing(s.N)
	if s.N == 0 || !(q > 0 && q < 1) {
		return e
	}
	z := normalQuantile(alpha)
	p := 1 - q
	e.Lo, e.Hi = s.Last, math.Inf(1)
	first := s.Last
	if len(s.Steps) > 0 {
		first = s.Steps[0].Time
	}
	if noneYet(s.atRisk(first), alpha) <= p {
		e.Lo = 0
	}
	sawLo := false
	for i, st := range s.Steps {
		if !e.Known() && st.S <= p+1e-12 { // S is a product of fractions: (9/10)(8/9)… is not ½ to the last bit
			e.Value = st.Time
		}
		lo, hi := s.limits(i, z)
		if !sawLo && lo <= p {
			sawLo = true
			e.Lo = math.Min(e.Lo, st.Time)
		}
		if hi < p {
			e.Hi = st.Time
			break
		}
	}
	if !math.IsInf(e.Hi, 1) {
		e.SE = (e.Hi - e.Lo) / 2 / z
	}
	return e
}

// Median is the quantile ½.
func (s *Survival) Median(level float64) Estimate { return s.Quantile(0.5, level) }

// Mean is the mean time, with Student's interval, if every replica had the event. With any replica censored the data do
// not determine it and it is missing: see RestrictedMean and Rate.
func (s *Survival) Mean(level float64) Estimate {
	if s.Censored() > 0 {
		return Missing(s.N)
	}
	var m Moments
	for _, r := range s.rows {
		m.Add(r.value)
	}
	return m.Mean(level)
}

// RestrictedMean is the mean of min(T, h), which censoring at or after h leaves determined:
//
//	∫₀ʰ S(t) dt,   se² = n/(n−1) Σⱼ Aⱼ² dⱼ/(rⱼ(rⱼ − dⱼ)),   Aⱼ = ∫_{tⱼ}ʰ S(t) dt.
//
// Without censoring before h this is the sample mean of min(T, h) with its usual standard error, digit for digit. The
// interval is Student's with n − 1 degrees of freedom, cut to [0, h]. With no event before h the value is h, and the
// lower limit is h times the exact lower limit of S. It is missing where h ≤ 0, or S is not known up to h.
func (s *Survival) RestrictedMean(h, level float64) Estimate {
	alpha := tail(level)
	known := s.N > 0 && (h <= s.Last || s.Events == s.N || (len(s.Steps) > 0 && s.Steps[len(s.Steps)-1].S == 0))
	if !known || !(h > 0) || math.IsInf(h, 1) {
		return Missing(s.N)
	}
	last := s.stepAt(h)
	if last < 0 {
		return Estimate{Value: h, Lo: h * noneYet(s.atRisk(h), alpha), Hi: h, N: s.N}
	}
	area, variance, right := 0.0, 0.0, h
	for i := last; i >= 0; i-- {
		st := s.Steps[i]
		area = math.FMA(st.S, right-st.Time, area) // Aᵢ
		if st.AtRisk > st.Events {
			variance = math.FMA(float64(area*area), float64(st.Events)/float64(st.AtRisk)/float64(st.AtRisk-st.Events), variance)
		}
		right = st.Time
	}
	n := float64(s.N)
	se := math.NaN()
	if s.N > 1 {
		se = math.Sqrt(variance * n / (n - 1))
	}
	return around(area+right, se, studentQuantile(alpha, n-1), s.N).within(0, h)
}

// Rate is events over exposure, the hazard where it is constant. Its interval is exact for a Poisson count d over the
// exposure E,
//
//	[χ²(α/2; 2d), χ²(1 − α/2; 2d + 2)] / 2E,
//
// and therefore somewhat wide where d is fixed (nothing censored). It assumes an exponential law: see Exponentiality.
// With no event the value is 0 and the upper limit is 3.7/E at 95 %. Its n is the number of replicas.
func (s *Survival) Rate(level float64) Estimate { return poissonRate(s.Events, s.Exposure, s.N, level) }

func poissonRate(events int64, exposure float64, n int64, level float64) Estimate {
	alpha := tail(level)
	if n == 0 || !(exposure > 0) {
		return Missing(n)
	}
	d := float64(events)
	return Estimate{
		Value: d / exposure,
		SE:    math.Sqrt(d) / exposure,
		Lo:    gammaQuantile(alpha, d) / exposure,
		Hi:    gammaQuantile(1-alpha, d+1) / exposure,
		N:     n,
	}
}

// HazardBin is the hazard over the times (Lo, Hi]: events over exposure within it. Its n counts the replicas that
// entered the bin.
type HazardBin struct {
	Lo, Hi   float64
	Events   int64
	Exposure float64
	Rate     Estimate
}

// Hazard is the hazard by bins of time with the given edges, strictly rising: level for an exponential law, rising
// where the replicas must first travel, falling where some never leave. Bins that nobody entered are missing.
func (s *Survival) Hazard(edges []float64, level float64) ([]HazardBin, error) {
	tail(level)
	if len(edges) < 2 {
		return nil, fmt.Errorf("estimate: hazard has %d edges; want at least 2", len(edges))
	}
	bins := make([]HazardBin, len(edges)-1)
	for i := range bins {
		lo, hi := edges[i], edges[i+1]
		if !(lo < hi) {
			return nil, fmt.Errorf("estimate: hazard edges %d and %d are %v and %v; want rising edges", i, i+1, lo, hi)
		}
		b := HazardBin{Lo: lo, Hi: hi}
		var n int64
		for j := sort.Search(len(s.rows), func(j int) bool { return s.rows[j].value > lo }); j < len(s.rows); j++ {
			r := s.rows[j]
			n++
			b.Exposure += math.Min(r.value, hi) - lo
			if !r.censored && r.value <= hi {
				b.Events++
			}
		}
		b.Rate = poissonRate(b.Events, b.Exposure, n, level)
		bins[i] = b
	}
	return bins, nil
}
