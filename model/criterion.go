package model

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// criterion is ρ(h, y) of outputs beside targets; see Loss.
type criterion interface {
	// total is Σ ρ over the rows of h, which it may overwrite.
	total(h lanes.Pack, rows sgdlab.Rows) lanes.Vec
	// slope turns a jet of h into that of f ∂ρ/∂h. Of the jet it has so many parts: one, the first two or all four.
	slope(h jet, parts int, f float64, rows sgdlab.Rows)
	// bent reports whether ∂²ρ/∂h² depends on h.
	bent() bool
}

// newCriterion checks that the targets are such as a loss has.
func newCriterion(l Loss, y lanes.Mat) (criterion, error) {
	switch l.of {
	case "logistic":
		return margins{y, logistic{}}, signs(l.of, y)
	case "exponential":
		return margins{y, exponential{}}, signs(l.of, y)
	case "cross-entropy":
		return newCrossEntropy(y)
	}
	return &square{y, widen(y)}, nil
}

// square is ρ = ‖h − y‖².
type square struct {
	y    lanes.Mat  // (n, k)
	wide lanes.Pack // y in every lane, for whole batches; nil where it is large
}

// widen copies a small matrix, by rows, to every lane.
func widen(y lanes.Mat) lanes.Pack {
	if y.Rows*y.Cols > 1<<14 {
		return nil
	}
	p := make(lanes.Pack, 0, y.Rows*y.Cols)
	for i := range y.Rows {
		for j := range y.Cols {
			p = append(p, lanes.Splat(y.At(i, j)))
		}
	}
	return p
}

// residuals turns h into h − y.
func (s *square) residuals(h lanes.Pack, rows sgdlab.Rows) {
	k := s.y.Cols
	if rows.Index != nil {
		lanes.SubGathered(lanes.ByRows(h, rows.Len(), k), &s.y, rows.Index)
		return
	}
	if s.wide != nil {
		lanes.Sub(h, h, s.wide)
		return
	}
	for i := range rows.N {
		for j := range k {
			y, x := s.y.At(i, j), &h[i*k+j]
			for l := range x {
				x[l] -= y
			}
		}
	}
}

func (s *square) total(h lanes.Pack, rows sgdlab.Rows) lanes.Vec {
	s.residuals(h, rows)
	return lanes.Dot(h, h)
}

func (s *square) slope(h jet, parts int, f float64, rows sgdlab.Rows) {
	s.residuals(h[0], rows)
	if f *= 2; f != 1 {
		for _, part := range h[:parts] {
			lanes.Scale(part, f)
		}
	}
}

func (s *square) bent() bool { return false }

// margins are losses ρ = Σⱼ φ(yⱼhⱼ) with y = ±1.
type margins struct {
	y   lanes.Mat // (n, k)
	phi marginLoss
}

// marginLoss is φ and its derivatives.
type marginLoss interface {
	value(z lanes.Vec) lanes.Vec
	// derivatives returns φ′, φ″ and φ‴.
	derivatives(z lanes.Vec) (first, second, third lanes.Vec)
}

// signs refuses targets other than ±1.
func signs(loss string, y lanes.Mat) error {
	for i := range y.Rows {
		for j := range y.Cols {
			if x := y.At(i, j); x != 1 && x != -1 {
				return fmt.Errorf("loss: %s wants targets of −1 and 1, and target %d of row %d is %g; use other data, or cross-entropy for one-hot targets", loss, j+1, i+1, x)
			}
		}
	}
	return nil
}

// label is y of a row of a batch in each lane.
func label(y *lanes.Mat, rows sgdlab.Rows, i, j int) (v lanes.Vec) {
	if rows.Index == nil {
		return lanes.Splat(y.At(i, j))
	}
	for l, row := range rows.Index[i] {
		v[l] = y.At(int(row), j)
	}
	return v
}

func (m margins) total(h lanes.Pack, rows sgdlab.Rows) (sum lanes.Vec) {
	k := m.y.Cols
	for i := range rows.Len() {
		for j := range k {
			z := label(&m.y, rows, i, j)
			for l := range z {
				z[l] *= h[i*k+j][l]
			}
			for l, x := range m.phi.value(z) {
				sum[l] += x
			}
		}
	}
	return sum
}

func (m margins) slope(h jet, parts int, f float64, rows sgdlab.Rows) {
	k := m.y.Cols
	for i := range rows.Len() {
		for j := range k {
			at := i*k + j
			y := label(&m.y, rows, i, j)
			z := y
			for l := range z {
				z[l] *= h[0][at][l]
			}
			first, second, third := m.phi.derivatives(z)
			for l := range z {
				h[0][at][l] = f * y[l] * first[l]
			}
			if parts == 4 {
				for l := range z {
					h[3][at][l] = f * math.FMA(second[l], h[3][at][l], float64(y[l]*third[l]*h[1][at][l]*h[2][at][l]))
				}
			}
			for part := 1; part < min(parts, 3); part++ {
				for l := range z {
					h[part][at][l] *= f * second[l]
				}
			}
		}
	}
}

func (m margins) bent() bool { return true }

// logistic is φ = log(1 + e^−z), with s = 1/(1 + e^z): φ′ = −s, φ″ = s(1 − s), φ‴ = −s(1 − s)(1 − 2s).
type logistic struct{}

func (logistic) value(z lanes.Vec) lanes.Vec {
	for l, x := range z {
		z[l] = max(-x, 0) + elementary.Log1p(elementary.Exp(-math.Abs(x)))
	}
	return z
}

func (logistic) derivatives(z lanes.Vec) (first, second, third lanes.Vec) {
	elementary.Exps(z[:], z[:])
	for l, e := range z {
		s, c := 1/(1+e), 1.0 // c = 1 − s
		if e < math.Inf(1) {
			c = e / (1 + e)
		}
		first[l], second[l], third[l] = -s, s*c, -s*c*(c-s)
	}
	return first, second, third
}

// exponential is φ = e^−z.
type exponential struct{}

func (exponential) value(z lanes.Vec) lanes.Vec {
	for l := range z {
		z[l] = -z[l]
	}
	elementary.Exps(z[:], z[:])
	return z
}

func (e exponential) derivatives(z lanes.Vec) (first, second, third lanes.Vec) {
	second = e.value(z)
	for l, x := range second {
		first[l], third[l] = -x, -x
	}
	return first, second, third
}

// crossEntropy is ρ = log Σⱼ exp(hⱼ) − h_c, c the class of a row. With the softmax q of h, ∂ρ = q − e_c, ∂²ρ a = q⊙(a − ⟨q, a⟩),
// and ∂³ρ[a, b] = b̄⊙(a − ⟨q, a⟩) − q⟨b̄, a⟩ with b̄ = ∂²ρ b. What is small is not computed as a difference.
type crossEntropy struct {
	class   []int32
	classes int
}

func newCrossEntropy(y lanes.Mat) (criterion, error) {
	c := crossEntropy{make([]int32, y.Rows), y.Cols}
	if y.Cols < 2 {
		return nil, fmt.Errorf("loss: cross-entropy is of two classes at least, and the data has one output; use logistic, with targets of −1 and 1")
	}
	for i := range y.Rows {
		ones := 0
		for j := range y.Cols {
			switch y.At(i, j) {
			case 1:
				c.class[i] = int32(j)
				ones++
			case 0:
			default:
				ones = -y.Cols
			}
		}
		if ones != 1 {
			return nil, fmt.Errorf("loss: cross-entropy wants one-hot targets, one 1 and else 0, and row %d is not; read labels with labels: one-hot", i+1)
		}
	}
	return c, nil
}

// of returns the class of a row of a batch in a lane.
func (c crossEntropy) of(rows sgdlab.Rows, i, l int) int {
	if rows.Index != nil {
		i = int(rows.Index[i][l])
	}
	return int(c.class[i])
}

// odds turns the outputs of a row in a lane into exp(hⱼ − max h), and returns their sum without that of the class, and the class's.
func (c crossEntropy) odds(h lanes.Pack, class, l int) (others, own, top float64) {
	top = h[0][l]
	for j := range h {
		top = max(top, h[j][l])
	}
	for j := range h {
		h[j][l] = elementary.Exp(h[j][l] - top)
		if j != class {
			others += h[j][l]
		}
	}
	return others, h[class][l], top
}

func (c crossEntropy) total(h lanes.Pack, rows sgdlab.Rows) (sum lanes.Vec) {
	for i := range rows.Len() {
		row := h[i*c.classes : (i+1)*c.classes]
		for l := range lanes.W {
			class := c.of(rows, i, l)
			own := row[class][l]
			others, e, top := c.odds(row, class, l)
			if own == top {
				sum[l] += elementary.Log1p(others)
			} else {
				sum[l] += top - own + elementary.Log(others+e)
			}
		}
	}
	return sum
}

func (c crossEntropy) slope(h jet, parts int, f float64, rows sgdlab.Rows) {
	k := c.classes
	for i := range rows.Len() {
		var row jet
		for part := range parts {
			row[part] = h[part][i*k : (i+1)*k]
		}
		for l := range lanes.W {
			class := c.of(rows, i, l)
			others, own, _ := c.odds(row[0], class, l)
			q := row[0]
			for j := range q {
				q[j][l] /= others + own
			}
			bend := func(a, q lanes.Pack) { // a ← q⊙(a − ⟨q, a⟩)
				mean := innerAt(q, a, l)
				for j := range a {
					a[j][l] = q[j][l] * (a[j][l] - mean)
				}
			}
			if parts == 4 {
				u, v, uv := row[1], row[2], row[3]
				mean := innerAt(q, u, l)
				bend(v, q)
				bend(uv, q)
				turn := innerAt(v, u, l)
				for j := range uv {
					uv[j][l] += float64(v[j][l]*(u[j][l]-mean)) - float64(q[j][l]*turn)
				}
				bend(u, q)
			} else if parts == 2 {
				bend(row[1], q)
			}
			q[class][l] = -others / (others + own)
			for part := range parts {
				for j := range q {
					row[part][j][l] *= f
				}
			}
		}
	}
}

// innerAt is ⟨a, b⟩ in a lane.
func innerAt(a, b lanes.Pack, l int) (sum float64) {
	for j := range a {
		sum = math.FMA(a[j][l], b[j][l], sum)
	}
	return sum
}

func (c crossEntropy) bent() bool { return true }
