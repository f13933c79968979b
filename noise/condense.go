package noise

import (
	"sgdlab"
	"sgdlab/lanes"
)

// condensable factors may know a cheaper σ with the same σσᵀ at every θ: all that matters under a Gaussian law.
type condensable interface {
	// condensed returns it, nil where there is none.
	condensed() sgdlab.Factor
}

// condense returns the cheapest factor with the σσᵀ of f.
func condense(f sgdlab.Factor) sgdlab.Factor {
	if c, ok := f.(condensable); ok {
		if g := c.condensed(); g != nil {
			return g
		}
	}
	return f
}

// scattered is per-sample noise of a network that is linear in its inputs, σσᵀ = C by moments of the data,
//
//	σ(θ)ξ = Σₐⱼ (S(W)ξ)ₐⱼ ∇Wₐⱼ(θ),
//
// with S of sgdlab.Scattered: its price is free of n. Shapes (Scattering) → (d).
type scattered struct {
	net sgdlab.Mapped
	by  sgdlab.Scattered
}

// condensed is nil where sums over the rows are as cheap.
func (f PerSample) condensed() sgdlab.Factor {
	net, by := moments(f.Model)
	if by == nil || by.Scattering() == 0 {
		return nil
	}
	return scattered{net: net, by: by}
}

// moments returns the views of a network that is linear in its inputs; nil where the model is none.
func moments(m sgdlab.Model) (sgdlab.Mapped, sgdlab.Scattered) {
	net, err := sgdlab.As[sgdlab.Mapped](m)
	if err != nil {
		return nil, nil
	}
	by, err := sgdlab.As[sgdlab.Scattered](m)
	if err != nil {
		return nil, nil
	}
	return net, by
}

// Width is the number of columns of S.
func (f scattered) Width() int { return f.by.Scattering() }

// Apply is dst = σ(θ)ξ.
func (f scattered) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	k, d := f.net.EffectiveShape()
	w, g := ws.Pack(k*d), ws.Pack(k*d)
	tape := f.net.Map(w, theta, ws)
	f.by.Scatter(g, w, xi, ws)
	f.net.PullMap(dst, theta, g, tape, ws)
}

// ApplyT is dst = S(W)ᵀ·DW(θ)v.
func (f scattered) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	k, d := f.net.EffectiveShape()
	w, g := ws.Pack(k*d), ws.Pack(k*d)
	tape := f.net.Map(w, theta, ws)
	f.net.PushMap(g, theta, v, tape, ws)
	f.by.ScatterT(dst, w, g, ws)
}

// mapped is Output of a network that is linear in its inputs,
//
//	σ(θ)ξ = Σₐⱼ (ΞRᵀ)ₐⱼ ∇Wₐⱼ(θ),  RRᵀ = a²Σxx,
//
// since Σᵢ ξᵢxᵢᵀ/√n has rows of covariance Σxx. Ξ is ξ by rows, (k, r), r the rank of Σxx; shapes (k·r) → (d).
type mapped struct {
	net  sgdlab.Mapped
	root lanes.Mat // R, (inputs, r)
}

// condensed is nil where the model is not linear in its inputs, or has no more samples than these have dimensions.
func (f Output) condensed() sgdlab.Factor {
	net, by := moments(f.Model)
	if by == nil {
		return nil
	}
	root := by.InputRoot().Clone()
	if root.Cols >= f.Model.Samples() {
		return nil
	}
	for i := range root.Data {
		root.Data[i] *= f.Each
	}
	return mapped{net: net, root: root}
}

// Width is k·r.
func (f mapped) Width() int {
	k, _ := f.net.EffectiveShape()
	return k * f.root.Cols
}

// Apply is dst = σ(θ)ξ.
func (f mapped) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	k, d := f.net.EffectiveShape()
	g := ws.Pack(k * d)
	lanes.SharedMul(lanes.ByRows(g, k, d).T(), f.root, lanes.ByRows(xi, k, f.root.Cols).T())
	f.net.PullMap(dst, theta, g, nil, ws)
}

// ApplyT is dst = DW(θ)v·R.
func (f mapped) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	k, d := f.net.EffectiveShape()
	g := ws.Pack(k * d)
	f.net.PushMap(g, theta, v, nil, ws)
	lanes.SharedMul(lanes.ByRows(dst, k, f.root.Cols).T(), f.root.T(), lanes.ByRows(g, k, d).T())
}

// condensed is the root over the directions that it has.
func (f Dense) condensed() sgdlab.Factor {
	if f.thin.Cols == 0 || f.thin.Cols == f.Root.Cols {
		return nil
	}
	return Dense{Root: f.thin}
}

// condensed is √(2L) times what σ condenses to.
func (f lossScaledT) condensed() sgdlab.Factor {
	of, ok := condense(f.of).(sgdlab.Transposed)
	if !ok {
		return nil
	}
	return lossScaledT{LossScaled: LossScaled{Of: of, Model: f.Model}, of: of}
}
