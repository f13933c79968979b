package estimate

import (
	"fmt"
	"math"
	"slices"

	"sgdlab/elementary"
)

// Plateau is a stretch of a series on which it lingers. Height is the median of the series over it. Open says that
// the record ends on it: its duration is then a lower bound, as of a censored time.
type Plateau struct {
	Start, End, Height, Duration float64
	Open                         bool
}

// PlateauOptions are the scales of Plateaus; zeros mean the defaults, which are in parentheses.
//
// Slope (⅓) is the largest slope of a plateau relative to the mean slope of the record. Duration (0.03) is its least duration
// relative to the record. Floor (10⁻³) is the loss, relative to the largest, below which it counts as gone. With LogTime
// slopes and durations are in ln t, from the first time above 0 on: plateaus of very different lengths are found in one
// record, each if it lasts long enough relative to its age.
type PlateauOptions struct {
	Slope, Duration, Floor float64
	LogTime                bool
}

// Check reports scales that cannot be.
func (o PlateauOptions) Check() error {
	if !(o.Slope >= 0 && o.Slope < 1 && o.Duration >= 0 && o.Duration < 1 && o.Floor >= 0 && o.Floor < 1) {
		return fmt.Errorf("got plateau scales slope %v, duration %v, floor %v; want each between 0 and 1", o.Slope, o.Duration, o.Floor)
	}
	return nil
}

// Plateaus finds where a falling loss lingers. With times t₀ … t_T and y = log max(L, Floor·max L):
//
//  1. z is the non-increasing sequence nearest to y in least squares. A monotone fit averages the noise of SGD away without a
//     bandwidth to choose: over a plateau it is flat, and it does not round the corners.
//  2. D = z₀ − z_T is the total drop, and δ = Slope·Duration·D; or 3σ, if that is larger: levels closer than the noise
//     are not told apart. The noise σ is 1.48 times the median of |y − z| above the floor, a standard deviation if it
//     is Gaussian, and 0 for a falling curve.
//  3. A window of m points [t_i, t_j] is slow if it lasts at least Duration·(t_T − t₀), z falls by at most δ over it, its
//     mean slope is at most Slope times the mean slope of the record, s̄ = D/(t_T − t₀), and it is long enough for
//     noise not to feign that: the standard error of a slope over it, σ√(12τ/m)/(t_j − t_i), is at most s̄/6, where τ is the
//     autocorrelation time of y − z. (A monotone fit of noise about an even descent is a staircase; its steps are shorter.)
//  4. A plateau is a maximal union of slow windows that overlap. Neighbours whose heights differ by less than 2δ in
//     log-loss are one.
//
// So a plateau begins when the loss has come within δ of it and ends when the loss has left it by δ. The definition does not change when loss or time
// is multiplied by a constant. It does depend on the record's length, as "long" must: a record ten times as long has no
// room for a plateau of a fortieth of it. A rise of the loss (a catapult, an edge of stability) counts as noise about a plateau.
//
// Errors: columns of different lengths, times that do not rise, a loss that is negative or not finite. Fewer than two points
// have no plateaus.
func Plateaus(times, loss []float64, opts PlateauOptions) ([]Plateau, error) {
	defaults := func(v *float64, to float64) {
		if *v == 0 {
			*v = to
		}
	}
	defaults(&opts.Slope, 1.0/3)
	defaults(&opts.Duration, 0.03)
	defaults(&opts.Floor, 1e-3)
	if err := opts.Check(); err != nil {
		return nil, fmt.Errorf("estimate: %w", err)
	}
	if err := checkColumns([]string{"times", "loss"}, times, loss); err != nil {
		return nil, err
	}
	largest := 0.0
	for i, l := range loss {
		if l < 0 {
			return nil, fmt.Errorf("estimate: loss is %v in row %d; want losses ≥ 0", l, i)
		}
		if i > 0 && times[i] <= times[i-1] {
			return nil, fmt.Errorf("estimate: times are %v and %v in rows %d and %d; want rising times", times[i-1], times[i], i-1, i)
		}
		largest = math.Max(largest, l)
	}
	at := times
	if opts.LogTime {
		for len(times) > 0 && times[0] <= 0 {
			times, loss = times[1:], loss[1:]
		}
		at = make([]float64, len(times))
		for i, t := range times {
			at[i] = elementary.Log(t)
		}
	}
	n := len(loss)
	if n < 2 {
		return nil, nil
	}
	y := make([]float64, n)
	for i, l := range loss {
		y[i] = 0 // a loss that is 0 throughout
		if largest > 0 {
			y[i] = elementary.Log(math.Max(l/largest, opts.Floor))
		}
	}
	z := falling(y)
	sigma, tau := roughness(y, z, elementary.Log(opts.Floor))
	span := at[n-1] - at[0]
	steep := opts.Slope * (z[0] - z[n-1]) / span
	long := opts.Duration * span
	delta := math.Max(steep*long, 3*sigma)
	var slow [][2]int // maximal unions of slow windows, first and last index
	for i, j := 0, 0; i < n; i++ {
		for j = max(j, i); j+1 < n && z[i]-z[j+1] <= delta; j++ {
		}
		k := j // δ above Slope·Duration·D may reach into the descent: back to where the window is slow
		for k > i && z[i]-z[k] > steep*(at[k]-at[i])*(1+1e-12) {
			k--
		}
		d := at[k] - at[i]
		if d < long || sure*sigma*math.Sqrt(12*tau/float64(k-i+1)) > (z[0]-z[n-1])*d/span {
			continue
		}
		if last := len(slow) - 1; last >= 0 && i < slow[last][1] {
			slow[last][1] = max(slow[last][1], k)
		} else {
			slow = append(slow, [2]int{i, k})
		}
	}
	var found []Plateau
	begin := 0
	for w, s := range slow {
		p := plateau(times, loss, s[0], s[1])
		if w > 0 {
			last := &found[len(found)-1]
			if elementary.Log(math.Max(last.Height/largest, opts.Floor))-elementary.Log(math.Max(p.Height/largest, opts.Floor)) < 2*delta {
				*last = plateau(times, loss, begin, s[1])
				continue
			}
		}
		begin = s[0]
		found = append(found, p)
	}
	return found, nil
}

func plateau(times, loss []float64, i, j int) Plateau {
	return Plateau{
		Start:    times[i],
		End:      times[j],
		Height:   median(slices.Clone(loss[i : j+1])),
		Duration: times[j] - times[i],
		Open:     j == len(loss)-1,
	}
}

// sure is how many standard errors of its slope tell a slow window from an even descent.
const sure = 6

// roughness is the standard deviation of y about z where y is above the floor, and its autocorrelation time.
func roughness(y, z []float64, floor float64) (sigma, tau float64) {
	var rest, size []float64
	for i := range y {
		if y[i] > floor {
			rest = append(rest, y[i]-z[i])
			size = append(size, math.Abs(y[i]-z[i]))
		}
	}
	if len(rest) == 0 {
		return 0, 1
	}
	tau = 1
	if c, err := Autocorrelation(rest, Level); err == nil && c.Time.Known() { // fewer than 4 points have no time
		tau = c.Time.Value
	}
	return 1.48 * median(size), tau
}

// falling is the non-increasing sequence nearest to y in least squares, by pooling adjacent violators.
func falling(y []float64) []float64 {
	type block struct {
		sum   float64
		count int
	}
	var blocks []block
	for _, v := range y {
		b := block{v, 1}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if last.sum/float64(last.count) > b.sum/float64(b.count) {
				break
			}
			b = block{last.sum + b.sum, last.count + b.count}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	z := make([]float64, 0, len(y))
	for _, b := range blocks {
		for range b.count {
			z = append(z, b.sum/float64(b.count))
		}
	}
	return z
}

// median sorts v; of an even number it is the mean of the middle two.
func median(v []float64) float64 {
	slices.Sort(v)
	h := len(v) / 2
	if len(v)%2 == 1 {
		return v[h]
	}
	return v[h-1] + float64(0.5*(v[h]-v[h-1]))
}
