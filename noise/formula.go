package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// Formula is noise that a spec writes out, of one to three variables,
//
//	scale·σ(θ)dW,  σ a matrix of shape (d, m),
//
// with any number m of independent noises, more or fewer than the d variables, and the language of the model `formula`.
// scale·σ is in units of θ over √time.
type Formula struct {
	dim, width int
	kind       sgdlab.NoiseKind
	entries    []entry // of σ that are not 0 everywhere
	sigma      *formula.Program
	slopes     []entry // (entry, variable): derivatives that are not 0 everywhere
	along      *formula.Program
	induced    []string // ½Σ(∂σ)σ
}

// entry says where a result of a program belongs: entry (row, column) of σ, and the variable by which it is derived.
type entry struct{ row, column, by int }

// FormulaSettings are those of the factor `formula`.
type FormulaSettings struct {
	Sigma [][]string `doc:"σ(θ) by rows: a row for each variable, a column for each noise, of expressions such as [[x, 0.1], [0, y]]"`
	formula.Settings
	Scale sgdlab.Setting `default:"1" check:">=0" doc:"what σ is multiplied by"`
}

// NewFormula builds the noise; of σ it is decided what kind it is: additive where no entry depends on θ; diagonal where
// σᵢⱼ = δᵢⱼbᵢ(θᵢ); commutative where the columns satisfy
//
//	Σᵢ (σᵢⱼ∂ᵢσₖ − σᵢₖ∂ᵢσⱼ) = 0 for all j, k,
//
// which holds for a single column, by simplification or, failing that, to 10⁻¹² of its terms at all of 200 scattered
// points where it is finite; else general.
func NewFormula(c FormulaSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	none := sgdlab.Source{}
	g, err := c.Graph(spec.DidYouMean)
	if err != nil {
		return none, err
	}
	d := len(c.Variables)
	if len(c.Sigma) != d {
		return none, fmt.Errorf("sigma: got %d rows for %d variables; want one for each", len(c.Sigma), d)
	}
	if s.Model != nil && s.Model.Dim() != d {
		return none, fmt.Errorf("variables: got %d for a model of %d coordinates; want as many", d, s.Model.Dim())
	}
	f := &Formula{dim: d, width: len(c.Sigma[0])}
	if f.width == 0 {
		return none, fmt.Errorf("sigma: got rows without entries; want a column for each noise")
	}
	sigma := make([][]formula.Ref, d)
	for i, row := range c.Sigma {
		if len(row) != f.width {
			return none, fmt.Errorf("sigma[%d]: got %d entries, and %d in sigma[0]; want rows of one length", i, len(row), f.width)
		}
		for j, text := range row {
			r, err := g.Parse(text)
			if err != nil {
				return none, fmt.Errorf("sigma[%d][%d]: %w", i, j, err)
			}
			sigma[i] = append(sigma[i], r)
		}
	}
	if err := g.Done(); err != nil {
		return none, err
	}
	var entries, slopes []formula.Ref
	for i, row := range sigma {
		for j, r := range row {
			if !zero(g, r) {
				f.entries = append(f.entries, entry{row: i, column: j})
				entries = append(entries, r)
			}
			for k, r := range g.Gradient(r) {
				if !zero(g, r) {
					f.slopes = append(f.slopes, entry{i, j, k})
					slopes = append(slopes, r)
				}
			}
		}
	}
	if f.kind, err = kindOf(g, sigma); err != nil {
		return none, fmt.Errorf("sigma: %w", err)
	}
	for i := range sigma {
		sum := g.Number(0)
		for j := range sigma[i] {
			for k := range sigma {
				sum = g.Make(formula.Add, sum, g.Make(formula.Multiply, g.Derivative(sigma[i][j], k), sigma[k][j]))
			}
		}
		f.induced = append(f.induced, g.String(g.Make(formula.Multiply, g.Number(0.5), sum)))
	}
	if f.sigma, err = g.Compile(entries...); err != nil {
		return none, fmt.Errorf("sigma: %w", err)
	}
	if f.along, err = g.Compile(slopes...); err != nil {
		return none, fmt.Errorf("sigma: %w", err)
	}
	return sgdlab.Source{Factor: f, Scale: func(float64) sgdlab.Setting { return c.Scale }}, nil
}

func zero(g *formula.Graph, r formula.Ref) bool {
	v, ok := g.Constant(r)
	return ok && v == 0
}

// kindOf decides how σ depends on θ.
func kindOf(g *formula.Graph, sigma [][]formula.Ref) (sgdlab.NoiseKind, error) {
	additive, diagonal := true, len(sigma) == len(sigma[0])
	for i, row := range sigma {
		for j, r := range row {
			for k := range sigma {
				if g.Depends(r, k) {
					additive = false
					diagonal = diagonal && i == j && j == k
				}
			}
			diagonal = diagonal && (i == j || zero(g, r))
		}
	}
	switch {
	case additive:
		return sgdlab.AdditiveNoise, nil
	case diagonal:
		return sgdlab.DiagonalNoise, nil
	}
	// Commutators of columns, and the sizes of their terms.
	var all []formula.Ref
	for j := range sigma[0] {
		for k := range j {
			for p := range sigma {
				sum, size := g.Number(0), g.Number(0)
				for i := range sigma {
					one := g.Make(formula.Multiply, sigma[i][j], g.Derivative(sigma[p][k], i))
					other := g.Make(formula.Multiply, sigma[i][k], g.Derivative(sigma[p][j], i))
					sum = g.Make(formula.Add, sum, g.Make(formula.Subtract, one, other))
					size = g.Make(formula.Add, size, g.Make(formula.Add, g.Make(formula.Abs, one), g.Make(formula.Abs, other)))
				}
				if !zero(g, sum) {
					all = append(all, sum, size)
				}
			}
		}
	}
	if len(all) == 0 {
		return sgdlab.CommutativeNoise, nil
	}
	program, err := g.Compile(all...)
	if err != nil {
		return sgdlab.GeneralNoise, err
	}
	var ws lanes.Arena
	x, values := make(lanes.Pack, len(sigma)), make(lanes.Pack, len(all))
	steps := [...]float64{0.8191725133961645, 0.6710436067037893, 0.5497004779019703} // powers of 1/ρ, ρ⁴ = ρ + 1: points spread evenly
	tested := 0
	for n := range 25 {
		for j := range x {
			for l := range x[j] {
				t := 0.5 + float64(steps[j]*float64(n*lanes.W+l+1))
				x[j][l] = 6*(t-math.Floor(t)) - 3
			}
		}
		program.Run(values, x, &ws)
		for l := range lanes.W {
			for i := 0; i < len(values); i += 2 {
				v, size := math.Abs(values[i][l]), values[i+1][l]
				if !(size < math.Inf(1)) {
					continue
				}
				tested++
				if v > 1e-12*size {
					return sgdlab.GeneralNoise, nil
				}
			}
		}
	}
	if tested < 50 {
		return sgdlab.GeneralNoise, nil
	}
	return sgdlab.CommutativeNoise, nil
}

// Induced is the drift ½Σ(∂σ)σ that parts the senses, a coordinate after the other, at scale 1.
func (f *Formula) Induced() []string { return append([]string(nil), f.induced...) }

// Width is m.
func (f *Formula) Width() int { return f.width }

// Kind is what was decided when it was built.
func (f *Formula) Kind() sgdlab.NoiseKind { return f.kind }

// Apply is dst = σ(θ)ξ.
func (f *Formula) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	s := ws.Pack(len(f.entries))
	f.sigma.Run(s, theta, ws)
	lanes.Zero(dst)
	for e, at := range f.entries {
		addProduct(&dst[at.row], &s[e], &xi[at.column])
	}
	ws.Release(mark)
}

// ApplyT is dst = σ(θ)ᵀv.
func (f *Formula) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	s := ws.Pack(len(f.entries))
	f.sigma.Run(s, theta, ws)
	lanes.Zero(dst)
	for e, at := range f.entries {
		addProduct(&dst[at.column], &s[e], &v[at.row])
	}
	ws.Release(mark)
}

// ApplyAlong is dst = (Dσ(θ)[v])ξ.
func (f *Formula) ApplyAlong(dst, theta, v, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	s := ws.Pack(len(f.slopes))
	f.along.Run(s, theta, ws)
	lanes.Zero(dst)
	for e, at := range f.slopes {
		for l := range s[e] {
			s[e][l] *= v[at.by][l]
		}
		addProduct(&dst[at.row], &s[e], &xi[at.column])
	}
	ws.Release(mark)
}

// addProduct is dst += ab.
func addProduct(dst, a, b *lanes.Vec) {
	for l := range dst {
		dst[l] = math.FMA(a[l], b[l], dst[l])
	}
}
