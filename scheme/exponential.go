package scheme

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/rng"
)

// Exponential is the exponential Euler scheme. With H = ∇²L, frozen at one point, the drift is −Hθ + r(θ); the linear part is
// solved exactly, and the rest r taken for constant during a step:
//
//	θ ← θ + hφ(hH)a(θ) + N,  φ(x) = (1 − e^{−x})/x,
//
// where N is normal with the covariance of the Ornstein–Uhlenbeck process,
//
//	Cov N = ∫₀ʰ e^{−Hs}ΣΣᵀe^{−Hs}ds,  Σ = scale·σ, of each noise,
//	N = φ(hH)ΣΔW + C_h ζ,  C_hC_hᵀ = Cov N − hφ(hH)ΣΣᵀφ(hH).
//
// The first part is what the increments say of N; the normals ζ, from a stream of their own, rest, are what they do not. On
// a quadratic, whatever its Hessian and the noise, a step is exact in law at any h; elsewhere the scheme has strong and
// weak order 1, and its error holds r's changes only. Curvature, however sharp, limits no step that r does not.
//
// H is that of the site's model at the unkicked start, or at the critical point that at names; its eigendecomposition takes
// O(d³) once, and so does C_h for each step length h; a step costs O(d²). Models of up to 512 parameters.
//
// It is for additive noise, which has no sense, and for laws that do not jump: other noise is refused. Under a law other than
// gaussian means and covariances are still exact on a quadratic.
//
// Sources: Gillespie 1996 for the exact transition; Jentzen & Kloeden 2009 for the scheme.
type Exponential struct {
	dim     int
	values  []float64 // eigenvalues of H
	vectors lanes.Mat // in columns
	stream  *rng.Stream

	of      *sgdlab.SDE // whose noises spread holds
	spread  []lanes.Mat // of each noise VᵀσσᵀV
	strides []stride
	zeta    lanes.Pack
	work    linalg.Scratch
}

// stride is what a step of one length needs.
type stride struct {
	h    float64
	phi  lanes.Mat   // φ(hH)
	rest []lanes.Mat // C_h of each noise, of scale 1
}

// ExponentialSettings are those of `exponential`.
type ExponentialSettings struct {
	At string `optional:"true" doc:"the critical point at which ∇²L is taken, by its name; the unkicked start where missing"`
}

const maxExponential = 512

// NewExponential is the exponential Euler scheme.
func NewExponential(c ExponentialSettings, s *sgdlab.Site) (sgdlab.Scheme, error) {
	m, err := sgdlab.As[sgdlab.Curved](s.Model)
	if err != nil {
		return nil, fmt.Errorf("exponential %w", err)
	}
	d := s.Model.Dim()
	if d > maxExponential {
		return nil, fmt.Errorf("exponential keeps dense matrices, for at most %d parameters; the model has %d; use scheme: euler-maruyama or heun", maxExponential, d)
	}
	theta, err := frozenAt(c.At, s)
	if err != nil {
		return nil, err
	}
	var ws lanes.Arena
	h := ws.Pack(d * d)
	linalg.Form(lanes.ByRows(h, d, d), func(hv, v lanes.Pack) { m.HessVec(hv, lanes.Of(theta), v, &ws) }, &ws)
	for l := 1; l < lanes.W; l++ { // lanes that cost nothing
		for i := range h {
			h[i][l] = math.NaN()
		}
	}
	e := &Exponential{dim: d, stream: rng.New(stream(s, "rest"))}
	values, vectors := ws.Pack(d), ws.Pack(d*d)
	e.work.Eigen(values, lanes.ByRows(vectors, d, d), lanes.ByRows(h, d, d))
	e.values, e.vectors = values.Lane(nil, 0), lanes.NewMat(d, d)
	vectors.Lane(e.vectors.Data, 0)
	if slices.ContainsFunc(e.values, math.IsNaN) {
		return nil, errors.New("exponential: ∇²L is not finite at the unkicked start; start elsewhere, or name a critical point, as in scheme: {name: exponential, at: NAME}")
	}
	return e, nil
}

// frozenAt is the point at which the linear part is taken.
func frozenAt(name string, s *sgdlab.Site) ([]float64, error) {
	if name == "" {
		if s.Start != nil {
			if c := s.Start.Centre(); c != nil {
				return c, nil
			}
		}
		return nil, errors.New("exponential takes ∇²L at the unkicked start, and there is none; start at a point, or name a critical point, as in scheme: {name: exponential, at: NAME}")
	}
	m, err := sgdlab.As[sgdlab.Charted](s.Model)
	if err != nil {
		return nil, fmt.Errorf("at: %w; leave it out to take ∇²L at the unkicked start", err)
	}
	var known []string
	for _, p := range m.CriticalPoints() {
		if p.Name == name {
			return p.At, nil
		}
		known = append(known, p.Name)
	}
	return nil, fmt.Errorf("at: got %s; want a critical point of the model, one of %s", name, strings.Join(known, ", "))
}

// Sense is Itô; additive noise has none.
func (*Exponential) Sense() sgdlab.Sense { return sgdlab.Ito }

// Order is (1, 1); NaN for noise that it refuses.
func (*Exponential) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	if kind != sgdlab.AdditiveNoise {
		return math.NaN(), math.NaN()
	}
	return 1, 1
}

// Fits refuses noise that depends on θ, and jumps.
func (*Exponential) Fits(sde *sgdlab.SDE) error {
	if !sde.Additive() {
		return errors.New("exponential is for additive noise, and this noise depends on θ; use scheme: milstein, or euler-maruyama")
	}
	return continuous("exponential", sde)
}

// Draw draws ζ.
func (e *Exponential) Draw(sde *sgdlab.SDE, _ lanes.Vec, _ sgdlab.Increments, at *sgdlab.Clock) {
	e.ready(sde)
	e.stream.Normals(e.zeta, &at.Lanes)
}

// ready works out VᵀσσᵀV of each noise of an SDE.
func (e *Exponential) ready(sde *sgdlab.SDE) {
	if e.of == sde {
		return
	}
	var ws lanes.Arena
	e.of, e.spread, e.strides = sde, nil, nil
	e.zeta = make(lanes.Pack, e.dim*len(sde.Noise))
	theta, out := lanes.Of(make([]float64, e.dim)), ws.Pack(e.dim)
	for _, n := range sde.Noise {
		m := n.Factor.Width()
		sigma, unit := lanes.NewMat(e.dim, m), ws.Zeroed(m)
		for j := range m {
			unit[j] = lanes.Splat(1)
			n.Factor.Apply(out, theta, unit, &ws)
			unit[j] = lanes.Vec{}
			for i := range out {
				sigma.Set(i, j, out[i][0])
			}
		}
		u := lanes.MulMat(e.vectors.T(), sigma)
		e.spread = append(e.spread, lanes.MulMat(u, u.T()))
	}
}

// phi is (1 − e^{−x})/x.
func phi(x float64) float64 {
	if x == 0 {
		return 1
	}
	return -elementary.Expm1(-x) / x
}

const maxStrides = 64 // step lengths remembered

// strideOf returns what a step of length h needs.
func (e *Exponential) strideOf(h float64) *stride {
	for i := range e.strides {
		if e.strides[i].h == h {
			return &e.strides[i]
		}
	}
	if len(e.strides) == maxStrides {
		e.strides = e.strides[:0]
	}
	d := e.dim
	f, scaled := make([]float64, d), lanes.NewMat(d, d)
	for j, x := range e.values {
		f[j] = phi(float64(h * x))
		for i := range d {
			scaled.Set(i, j, e.vectors.At(i, j)*f[j])
		}
	}
	t := stride{h: h, phi: lanes.MulMat(scaled, e.vectors.T())}
	r, values, vectors := make(lanes.Pack, d*d), make(lanes.Pack, d), make(lanes.Pack, d*d)
	for _, s := range e.spread {
		top := 0.0
		for i := range d {
			top = max(top, s.At(i, i)*h*phi(float64(2*h*e.values[i])))
			for j := range d {
				g := phi(float64(h*(e.values[i]+e.values[j]))) - float64(f[i]*f[j])
				r[i*d+j] = lanes.Splat(math.NaN())
				r[i*d+j][0] = float64(s.At(i, j) * h * g)
			}
		}
		e.work.Eigen(values, lanes.ByRows(vectors, d, d), lanes.ByRows(r, d, d))
		half := lanes.NewMat(d, d)
		for j := range d {
			x := values[j][0] // of a covariance: what is negative, or below its rounding, is 0
			if !(x > float64(d)*0x1p-52*top) {
				continue
			}
			for i := range d {
				half.Set(i, j, vectors[i*d+j][0]*math.Sqrt(x))
			}
		}
		t.rest = append(t.rest, lanes.MulMat(e.vectors, half))
	}
	e.strides = append(e.strides, t)
	return &e.strides[len(e.strides)-1]
}

// Step moves the live lanes.
func (e *Exponential) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	e.ready(sde)
	d := e.dim
	drive, next, part := ws.Pack(d), ws.Pack(d), ws.Pack(d) // ah + ΣΔW
	sde.Drift.Drift(drive, theta, ws)
	lanes.ScaleLanes(drive, h)
	for i, n := range sde.Noise {
		n.Factor.Apply(part, theta, inc.Draw[i], ws)
		lanes.AddScaled(drive, inc.Kick(i), part)
	}
	for todo := live; todo != lanes.None; {
		like := todo // lanes of one step length
		first := bits.TrailingZeros8(uint8(todo))
		for l := range lanes.W {
			if h[l] != h[first] {
				like = like.Without(l)
			}
		}
		if like == lanes.None { // a step of NaN
			like = lanes.None.With(first)
		}
		todo &^= like
		t := e.strideOf(h[first])
		lanes.Copy(next, theta)
		lanes.MatVec(part, t.phi, drive)
		lanes.Add(next, next, part)
		for i := range sde.Noise {
			lanes.MatVec(part, t.rest[i], e.zeta[i*d:(i+1)*d])
			lanes.AddScaled(next, inc.Scale[i], part)
		}
		lanes.CopyLanes(theta, next, like)
	}
	ws.Release(mark)
}
