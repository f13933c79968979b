package dynamics

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

// Fresh is the gradient of least squares on inputs that were never seen before and never will be again,
//
//	g = (1/B) Σ xᵦ(⟨xᵦ, θ⟩ − σεᵦ),  x ~ N(0, H),
//
// H the Hessian of the quadratic ½θᵀHθ, which is the mean of ½⟨x, θ⟩².
type Fresh struct {
	Roots  []float64 // √λ
	Turn   lanes.Mat // Q, (d, d), its columns the eigenvectors of H; empty for I
	Batch  int
	Inputs sgdlab.Law
	Labels sgdlab.Law     // nil where labels are exact
	Sigma  sgdlab.Setting // σ
}

// Gradient is dst = g.
func (f *Fresh) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d := len(f.Roots)
	// In the eigenbasis, where x = √λ ⊙ z.
	w, g := theta, dst
	if !f.Turn.Empty() {
		w, g = ws.Pack(d), ws.Pack(d)
		lanes.MatVec(w, f.Turn.T(), theta)
	}
	z := ws.Pack(f.Batch * d)
	f.Inputs.Draw(z, at)
	var labels lanes.Pack
	if f.Labels != nil {
		labels = ws.Pack(f.Batch)
		f.Labels.Draw(labels, at)
		lanes.ScaleLanes(labels, f.Sigma(at))
	}
	scaled := ws.Pack(d) // √λ ⊙ w
	for j, r := range f.Roots {
		for l, x := range w[j] {
			scaled[j][l] = r * x
		}
	}
	lanes.Zero(g)
	for b := range f.Batch {
		row := z[b*d : (b+1)*d]
		e := lanes.Dot(row, scaled)
		if labels != nil {
			for l := range e {
				e[l] -= labels[b][l]
			}
		}
		lanes.AddScaled(g, e, row)
	}
	for j, r := range f.Roots {
		r /= float64(f.Batch)
		for l := range g[j] {
			g[j][l] *= r
		}
	}
	if !f.Turn.Empty() {
		lanes.MatVec(dst, f.Turn, g)
	}
	rec.Used(sgdlab.Rows{}, nil, dst)
}

// Random is true.
func (f *Fresh) Random() bool { return true }

// FreshLabels is noise on the labels of online-sgd.
type FreshLabels struct {
	Amplitude sgdlab.Setting          `spec:"amplitude,zeta" check:">=0" doc:"σ, the standard deviation of the noise on one label"`
	Law       sgdlab.Part[sgdlab.Law] `default:"gaussian" doc:"what is drawn"`
}

// OnlineSettings are those of `online-sgd`.
type OnlineSettings struct {
	Rate       sgdlab.Setting `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Batch      int            `spec:"batch,batch-size" default:"1" check:">=1" doc:"B, the number of fresh samples of a step"`
	LabelNoise *FreshLabels   `optional:"true" doc:"noise on the labels, fresh for every sample"`
}

// mostFresh bounds the numbers that a step draws.
const mostFresh = 1 << 20

// NewOnline is one pass of SGD over endless data, least squares on Gaussian inputs,
//
//	θ ← θ − (η/B) Σ xᵦ(⟨xᵦ, θ⟩ − σεᵦ),  xᵦ ~ N(0, H), εᵦ ~ N(0, 1),
//
// on the model quadratic, whose L = ½θᵀHθ is the mean of ½⟨x, θ⟩², the teacher at 0: a step has mean −ηHθ and the covariance
//
//	(η²/B)·(HθθᵀH + (θᵀHθ)·H + σ²H),
//
// of which the first two parts grow with θ: multiplicative noise, with heavy tails at rates that are not small. H has no negative eigenvalue.
// θ has the shape (d), and η the unit of time, θ² over L. A step draws Bd normals, and B of the labels. Its streams are inputs and
// label-noise. Events are seen at the ends of steps.
//
// Source: Gürbüzbalaban, Şimşekli & Zhu 2021, of its tails; Ziyin, Liu, Mori & Ueda 2022, of its covariance.
func NewOnline(c OnlineSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	q, ok := s.Model.(*model.Quadratic)
	if !ok {
		return nil, errors.New("online-sgd draws inputs whose covariance is the Hessian of a quadratic; use model: quadratic, or sgd on data")
	}
	f := &Fresh{Turn: q.Turn, Batch: c.Batch}
	for _, x := range q.Eigenvalues {
		if x < 0 {
			return nil, fmt.Errorf("the model has the eigenvalue %g, and a covariance of inputs has none below 0; use another spectrum", x)
		}
		f.Roots = append(f.Roots, math.Sqrt(x))
	}
	if n := c.Batch * len(f.Roots); n > mostFresh {
		return nil, fmt.Errorf("a step draws %d × %d numbers; use a batch of at most %d", c.Batch, len(f.Roots), mostFresh/len(f.Roots))
	}
	at := *s
	at.Rate, at.Batch, at.Draws = c.Rate, c.Batch, nil
	var err error
	if f.Inputs, err = noise.NewGaussian(noise.GaussianSettings{}, at.At("inputs")); err != nil {
		return nil, err
	}
	drawn := []noise.Drawn{{Key: "inputs", By: f.Inputs}}
	if c.LabelNoise != nil {
		if c.LabelNoise.Amplitude == nil {
			return nil, errors.New("label-noise needs an `amplitude`")
		}
		law := c.LabelNoise.Law
		if law == nil {
			law = func(s *sgdlab.Site) (sgdlab.Law, error) { return noise.NewGaussian(noise.GaussianSettings{}, s) }
		}
		if f.Labels, err = law(at.At("label-noise")); err != nil {
			return nil, fmt.Errorf("label-noise: %w", err)
		}
		if err := noise.Drives(f.Labels, noise.Output{}); err != nil {
			return nil, fmt.Errorf("label-noise: %w", err)
		}
		f.Sigma = c.LabelNoise.Amplitude
		drawn = append(drawn, noise.Drawn{Key: "label-noise", By: f.Labels})
	}
	return descent(f, rule{rate: c.Rate}, nil, &at, drawn...)
}
