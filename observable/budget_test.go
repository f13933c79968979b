package observable_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/rng"
)

func made[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// deepLinear is a deep linear network on a regression with residuals.
func deepLinear(loss string, widths ...int) *sgdlab.Site {
	env := &data.Env{Seed: 5}
	set := made(data.NewGaussian(data.GaussianSettings{Samples: 7, Inputs: widths[0], Outputs: widths[len(widths)-1], Teacher: "none", LabelNoise: 1}, env))
	var l model.Loss
	if err := l.Decode(loss); err != nil {
		panic(err)
	}
	return &sgdlab.Site{Data: set, Model: made(model.NewDeepLinear(model.DeepLinearSettings{Widths: widths, Loss: l}, set))}
}

func startOf(d int, scale float64) lanes.Pack {
	p, at := make(lanes.Pack, d), &rng.Lanes{}
	for l := range at.Replica {
		at.Replica[l] = uint64(l)
	}
	rng.New("start").Normals(p, at)
	lanes.Scale(p, scale)
	return p
}

// descents are GD, SGD in each way of drawing, and label noise on either.
func descents(rate float64) map[string]func(*sgdlab.Site) sgdlab.Stepper {
	eta := sgdlab.Constant(rate)
	labels := func() *noise.LabelNoiseSettings {
		return &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(1.5)}
	}
	sgd := func(draw func(noise.SamplerSettings, *sgdlab.Site) (sgdlab.Sampler, error), l *noise.LabelNoiseSettings) func(*sgdlab.Site) sgdlab.Stepper {
		return func(s *sgdlab.Site) sgdlab.Stepper {
			part := func(s *sgdlab.Site) (sgdlab.Sampler, error) { return draw(noise.SamplerSettings{}, s) }
			return made(dynamics.NewSGD(dynamics.SGDSettings{Rate: eta, Batch: 3, Draw: part, LabelNoise: l}, s))
		}
	}
	return map[string]func(*sgdlab.Site) sgdlab.Stepper{
		"gd": func(s *sgdlab.Site) sgdlab.Stepper {
			return made(dynamics.NewGD(dynamics.GDSettings{Rate: eta}, s))
		},
		"label noise on gd": func(s *sgdlab.Site) sgdlab.Stepper {
			return made(dynamics.NewGD(dynamics.GDSettings{Rate: eta, LabelNoise: labels()}, s))
		},
		"sgd":                    sgd(noise.NewWithReplacement, nil),
		"sgd, reshuffled":        sgd(noise.NewReshuffled, nil),
		"label noise on sgd":     sgd(noise.NewWithReplacement, labels()),
		"label noise, reshuffle": sgd(noise.NewReshuffled, labels()),
	}
}

// walked takes steps from θ and adds them up.
func walked(stepper sgdlab.Stepper, theta lanes.Pack, steps int, each func(theta lanes.Pack, dt lanes.Vec), sums ...sgdlab.Accumulator) (end lanes.Pack, acc []lanes.Pack) {
	var ws lanes.Arena
	at := &sgdlab.Clock{}
	for l := range at.Replica {
		at.Seed[l], at.Replica[l] = 3, uint64(l)
	}
	end = append(lanes.Pack(nil), theta...)
	for _, a := range sums {
		acc = append(acc, make(lanes.Pack, len(a.Columns())))
	}
	for range steps {
		before := append(lanes.Pack(nil), end...)
		rec := sgdlab.StepRecord{At: at}
		dt := stepper.Step(end, at, lanes.All, &rec)
		for i, a := range sums {
			a.Add(acc[i], before, end, &rec, &ws)
		}
		if each != nil {
			each(before, dt)
		}
		for l := range at.Step {
			at.Step[l]++
			at.Time[l] += dt[l]
		}
	}
	return end, acc
}

// TestBudgets: whatever makes the gradients, the determinant and the imbalance change by what their laws say, per step and in sum; the
// drift is all of it on GD alone, and noise makes the determinant fall.
func TestBudgets(t *testing.T) {
	const steps = 400
	for _, loss := range []string{"mean-half", "sum-half", "mean"} {
		site := deepLinear(loss, 3, 8, 2)
		rate := 0.02
		if loss == "sum-half" {
			rate /= 7
		}
		gram := made(observable.NewLogDetGram(observable.LogDetGramSettings{}, site))
		norms := made(observable.NewLayerNorms(observable.LayerNormsSettings{Norm: "frobenius"}, site))
		read := func(o sgdlab.Observable, theta lanes.Pack) lanes.Pack {
			dst := make(lanes.Pack, len(o.Columns()))
			o.Observe(dst, theta, &sgdlab.Clock{}, &lanes.Arena{})
			return dst
		}
		trace := func(theta lanes.Pack) (q lanes.Vec) {
			n := read(norms, theta)
			for l := range q {
				q[l] = n[0][l]*n[0][l] - n[1][l]*n[1][l]
			}
			return q
		}
		for name, build := range descents(rate) {
			theta := startOf(site.Model.Dim(), 1)
			end, acc := walked(build(site), theta, steps, nil, made(observable.NewLogDetProduct(observable.LogDetProductSettings{}, site)),
				made(observable.NewImbalance(observable.ImbalanceSettings{}, site)))
			det, q := acc[0], acc[1]
			start, final := read(gram, theta)[0], read(gram, end)[0]
			trace0, trace1 := trace(theta), trace(end)
			for l := range lanes.W {
				if got := final[l] - start[l]; !(math.Abs(got-det[0][l]) <= 1e-10) || !(math.Abs(det[3][l]) <= 1e-10) {
					t.Errorf("%s, %s: log det changes by %.15g, the steps say %.15g; residual %.2g", loss, name, got, det[0][l], det[3][l])
				}
				if got := trace1[l] - trace0[l]; !(math.Abs(got-q[0][l]) <= 1e-10) || !(math.Abs(q[3][l]) <= 1e-10) || !(q[4][l] <= 1e-10) {
					t.Errorf("%s, %s: tr Q changes by %.15g, the steps say %.15g; residual %.2g, gap %.2g", loss, name, got, q[0][l], q[3][l], q[4][l])
				}
				if math.Abs(det[0][l]) < 1e-3 || math.Abs(q[0][l]) < 1e-5 {
					t.Errorf("%s, %s: log det by %g and tr Q by %g: no test", loss, name, det[0][l], q[0][l])
				}
				switch noisy := strings.Contains(name, "sgd") || strings.Contains(name, "noise"); {
				case !noisy && (det[2][l] != 0 || q[2][l] != 0):
					t.Errorf("%s, %s: noise of %g and %g", loss, name, det[2][l], q[2][l])
				case strings.Contains(name, "noise") && !(det[2][l] < 0):
					t.Errorf("%s, %s: label noise of %g, drift of %g", loss, name, det[2][l], det[1][l])
				case math.Abs(det[0][l]-det[1][l]-det[2][l]) > 1e-12 || math.Abs(q[0][l]-q[1][l]-q[2][l]) > 1e-12:
					t.Errorf("%s, %s: the parts do not add up", loss, name)
				}
			}
		}
	}
}

// TestImbalanceOfLayers: the law holds for each pair of neighbours at any depth, and for any loss.
func TestImbalanceOfLayers(t *testing.T) {
	site := deepLinear("mean-half", 3, 4, 5, 2)
	for name, build := range descents(0.01) {
		_, acc := walked(build(site), startOf(site.Model.Dim(), 0.6), 300, nil, made(observable.NewImbalance(observable.ImbalanceSettings{}, site)))
		for l := range lanes.W {
			for i := range 2 {
				if q := acc[0]; !(q[8+i][l] <= 1e-10) || math.Abs(q[i][l]) < 1e-6 || math.Abs(q[i][l]-q[2+i][l]-q[4+i][l]) > 1e-12 {
					t.Errorf("%s, layers %d and %d: change %g, drift %g, noise %g, gap %.2g", name, i+1, i+2, q[i][l], q[2+i][l], q[4+i][l], q[8+i][l])
				}
			}
		}
	}
}

// TestDriftIsLeading: the drift is −2η²‖∂L/∂W‖² to the fourth order.
func TestDriftIsLeading(t *testing.T) {
	const eta = 1e-3
	site := deepLinear("mean-half", 3, 8, 2)
	x, y := site.Data.X, site.Data.Y
	var want lanes.Vec
	each := func(theta lanes.Pack, _ lanes.Vec) {
		for l := range want {
			for o := range 2 {
				for j := range 3 {
					g := 0.0
					for i := range x.Rows {
						h := -y.At(i, o)
						for a := range 8 {
							for b := range 3 {
								h += theta[24+8*o+a][l] * theta[3*a+b][l] * x.At(i, b)
							}
						}
						g += h * x.At(i, j) / float64(x.Rows)
					}
					want[l] -= 2 * eta * eta * g * g
				}
			}
		}
	}
	_, acc := walked(descents(eta)["label noise on gd"](site), startOf(site.Model.Dim(), 1), 50, each, made(observable.NewLogDetProduct(observable.LogDetProductSettings{}, site)))
	for l, w := range want {
		if got := acc[0][1][l]; math.Abs(got/w-1) > 2e-4 {
			t.Errorf("drift %.10g, want %.10g", got, w)
		}
	}
}

// TestAddedNoiseBreaksTheBudget is the control that has to fail: noise of covariance 2D dt on every entry of θ adds 2D(h − d − k − 1) ∫tr (ΘᵀΘ)⁻¹dt
// to log det ΘᵀΘ on average, which the product does not see, and D(d − k)·2h t to tr Q. The mean of 8·packs replicas is held to it
// within 4 standard errors, which a right program fails once in 16,000 seeds for each number.
func TestAddedNoiseBreaksTheBudget(t *testing.T) {
	const temp, eta, steps, packs = 0.01, 0.01, 100, 60
	const d, k = 3, 2
	for _, hidden := range []int{12, d + k + 1, d + k} {
		site := deepLinear("mean-half", d, hidden, k)
		theta := make(lanes.Pack, site.Model.Dim()) // Θ has orthogonal columns of length 0.8
		for j := range d {
			theta[d*j+j] = lanes.Splat(0.8)
		}
		for j := range k {
			theta[d*hidden+hidden*j+d+j] = lanes.Splat(0.8)
		}
		product := made(observable.NewLogDetProduct(observable.LogDetProductSettings{}, site))
		imbalance := made(observable.NewImbalance(observable.ImbalanceSettings{}, site))
		var off, offSquare, mean, trace, traceSquare, n float64
		for pack := range packs {
			kick := func(s *sgdlab.Site) (sgdlab.Noise, error) {
				return noise.Join(made(noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(temp)}}, s)),
					made(noise.NewGaussian(noise.GaussianSettings{}, s)))
			}
			stepper := made(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), Noise: []sgdlab.Part[sgdlab.Noise]{kick}},
				site.At(fmt.Sprintf("pack %d of %d", pack, hidden))))
			var law lanes.Vec
			var scratch linalg.Scratch
			each := func(theta lanes.Pack, dt lanes.Vec) {
				for l, x := range inverseTrace(&scratch, theta, hidden, d, k) {
					law[l] += 2 * temp * float64(hidden-d-k-1) * x * dt[l]
				}
			}
			_, acc := walked(&offset{stepper, uint64(8 * pack)}, theta, steps, each, product, imbalance)
			for l := range lanes.W {
				x := acc[0][3][l] - law[l]
				off, offSquare, mean, n = off+x, offSquare+x*x, mean+acc[0][3][l], n+1
				x = acc[1][3][l] - 2*temp*float64(hidden*(d-k))*eta*steps
				trace, traceSquare = trace+x, traceSquare+x*x
			}
		}
		error := func(sum, square float64) float64 { return math.Sqrt((square/n - sum*sum/n/n) / n) }
		se := error(off, offSquare)
		if math.Abs(off/n) > 4*se {
			t.Errorf("width %d: residual %.4g off the law by %.2g ± %.1g", hidden, mean/n, off/n, se)
		}
		if hidden == 12 && mean/n < 8*se || hidden == d+k && mean/n > -2*se {
			t.Errorf("width %d: residual %.4g ± %.1g; the control does not fail", hidden, mean/n, se)
		}
		if se := error(trace, traceSquare); math.Abs(trace/n) > 4*se {
			t.Errorf("width %d: tr Q off the law by %.2g ± %.1g", hidden, trace/n, se)
		}
	}
}

// offset steps replicas from a number on.
type offset struct {
	sgdlab.Stepper
	first uint64
}

func (o *offset) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	b := *at
	for l := range b.Replica {
		b.Replica[l] += o.first
	}
	return o.Stepper.Step(state, &b, live, rec)
}

// inverseTrace is tr (ΘᵀΘ)⁻¹ = Σ 1/σᵢ².
func inverseTrace(scratch *linalg.Scratch, theta lanes.Pack, hidden, d, k int) (sum lanes.Vec) {
	p := lanes.ByRows(make(lanes.Pack, hidden*(d+k)), hidden, d+k)
	for i := range hidden {
		for j := range d {
			*p.At(i, j) = theta[i*d+j]
		}
		for j := range k {
			*p.At(i, d+j) = theta[hidden*d+j*hidden+i]
		}
	}
	sigma := make(lanes.Pack, d+k)
	scratch.Singular(sigma, lanes.View{}, lanes.View{}, p, d+k)
	for i := range sigma {
		for l, s := range sigma[i] {
			sum[l] += 1 / (s * s)
		}
	}
	return sum
}

// TestBudgetsOfRescaledDescent: the laws are of the gradient that a step follows, also where that is ∇L or a mini-batch's over its length, or ∇L over √L.
func TestBudgetsOfRescaledDescent(t *testing.T) {
	site := deepLinear("mean-half", 3, 8, 2)
	for name, stepper := range map[string]sgdlab.Stepper{
		"normalised":       made(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(0.05)}, site)),
		"normalised batch": made(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(0.05), Batch: 3}, site)),
		"root loss":        made(dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: sgdlab.Constant(0.05), Minimum: sgdlab.Constant(-1)}, site)),
	} {
		_, acc := walked(stepper, startOf(site.Model.Dim(), 1), 200, nil, made(observable.NewLogDetProduct(observable.LogDetProductSettings{}, site)),
			made(observable.NewImbalance(observable.ImbalanceSettings{}, site)))
		for l := range lanes.W {
			if det, q := acc[0], acc[1]; !(math.Abs(det[3][l]) <= 1e-10) || !(q[4][l] <= 1e-10) || !(det[0][l] < -1e-3) {
				t.Errorf("%s: log det by %.3g, residual %.2g, gap %.2g", name, det[0][l], det[3][l], q[4][l])
			}
		}
	}
}

// TestBudgetsWithoutGradients: an SDE reports no gradient, and one that is not of the end-to-end map has no law.
func TestBudgetsWithoutGradients(t *testing.T) {
	site := deepLinear("mean-half", 3, 8, 2)
	product := made(observable.NewLogDetProduct(observable.LogDetProductSettings{}, site))
	imbalance := made(observable.NewImbalance(observable.ImbalanceSettings{}, site))
	theta := startOf(site.Model.Dim(), 1)
	for _, grad := range []lanes.Pack{nil, startOf(site.Model.Dim(), 2)} {
		det, q := make(lanes.Pack, 4), make(lanes.Pack, 5)
		rec := &sgdlab.StepRecord{Dt: lanes.Splat(0.1), Live: lanes.All.Without(2), Gradient: grad}
		product.Add(det, theta, theta, rec, &lanes.Arena{})
		imbalance.Add(q, theta, theta, rec, &lanes.Arena{})
		if !math.IsNaN(det[0][0]) || !(det[1][0] < 0) || !math.IsNaN(det[3][0]) || det[0][2] != 0 {
			t.Errorf("gradient %v: budget %v, drift %g", grad != nil, det[0], det[1][0])
		}
		if math.IsNaN(q[0][0]) != (grad == nil) || math.IsNaN(q[4][0]) != (grad == nil) || q[0][2] != 0 {
			t.Errorf("gradient %v: imbalance %v", grad != nil, q[0])
		}
	}
}

// TestLawOfTheImbalance is what stands behind theory noise-balance: in the mean over label noise of variance δ a step adds
//
//	η²δ(s/n)² [tr(XᵀX) W₂ᵀW₂ − k W₁XᵀXW₁ᵀ]
//
// to Q where the residuals are 0. The mean of a square over ξ is its sum over the unit vectors, one for each label.
func TestLawOfTheImbalance(t *testing.T) {
	const d, h, k = 3, 5, 2
	site := deepLinear("mean-half", d, h, k)
	x := site.Data.X
	m := made(sgdlab.As[sgdlab.Sampled](site.Model))
	theta := startOf(m.Dim(), 1)
	w1 := func(i, j int) float64 { return theta[i*d+j][0] }
	w2 := func(i, j int) float64 { return theta[d*h+i*h+j][0] }
	g, c := make(lanes.Pack, m.Dim()), make(lanes.Pack, m.Samples()*k)
	var got, want [h][h]float64
	for label := range c {
		lanes.Zero(c)
		c[label] = lanes.Splat(1)
		m.Pullback(g, theta, c, sgdlab.AllRows(m.Samples()), nil, &lanes.Arena{})
		for a := range h {
			for b := range h {
				for j := range d {
					got[a][b] += g[a*d+j][0] * g[b*d+j][0]
				}
				for i := range k {
					got[a][b] -= g[d*h+i*h+a][0] * g[d*h+i*h+b][0]
				}
			}
		}
	}
	for a := range h {
		for b := range h {
			for r := range x.Rows {
				square, left, right := 0.0, 0.0, 0.0
				for j := range d {
					square += x.At(r, j) * x.At(r, j)
					left, right = left+w1(a, j)*x.At(r, j), right+w1(b, j)*x.At(r, j)
				}
				for i := range k {
					want[a][b] += square * w2(i, a) * w2(i, b)
				}
				want[a][b] -= k * left * right
			}
			if math.Abs(got[a][b]-want[a][b]) > 1e-12*(1+math.Abs(want[a][b])) {
				t.Errorf("Q(%d, %d) gains %.15g, the law says %.15g", a, b, got[a][b], want[a][b])
			}
		}
	}
}
