package model

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// StyblinskiTang is the sum over d coordinates
//
//	V(θ) = ½ Σⱼ (xⱼ⁴ − 16xⱼ² + 5xⱼ),
//
// each with a deep well (left, x = −2.9035, V = −39.166), a shallow one (right, x = 2.7468, V = −25.029) and a barrier between
// them (top, x = 0.1567, V = 0.1957): 25.225 above the shallow well and 39.362 above the deep one.
//
// States have the shape (d). A critical point has one of the three in each coordinate, so there are 3^d, of which 2^d are
// minima; a saddle with one top joins two minima. Up to d = 5 all of them are named by their coordinates, such as
// left-top-right. Beyond that only those near the two uniform minima are: all-left and all-right, and those that differ from
// them in coordinate j = 0, 1, …, such as all-right-but-top-3 and all-right-but-left-3. V and temperatures
// are in units of θ² over time.
//
// Source: Styblinski & Tang 1990.
type StyblinskiTang struct {
	separate
	roots [3]float64 // left, top, right
}

// StyblinskiTangSettings are the settings of NewStyblinskiTang.
type StyblinskiTangSettings struct {
	Dimension int `doc:"d, the number of coordinates" default:"2" check:">=1"`
}

// charted is the dimension up to which all 3^d critical points are named.
const charted = 5

// NewStyblinskiTang builds the potential; set is nil, as it has no data.
func NewStyblinskiTang(c StyblinskiTangSettings, set *data.Set) (sgdlab.Model, error) {
	if err := noData("styblinski-tang", set); err != nil {
		return nil, err
	}
	if c.Dimension < 1 || c.Dimension > 1<<16 {
		return nil, fmt.Errorf("dimension is %d; want 1 to %d", c.Dimension, 1<<16)
	}
	m := &StyblinskiTang{}
	m.separate = separate{c.Dimension, m}
	for i, x := range []float64{-2.9, 0.16, 2.75} {
		m.roots[i] = polish(x, m.slope, func(x float64) float64 { return m.second(0, x) })
	}
	return m, nil
}

func (m *StyblinskiTang) value(x float64) float64 {
	return float64(0.5 * x * math.FMA(x, math.FMA(x, x, -16), 5))
}

func (m *StyblinskiTang) slope(x float64) float64 { return math.FMA(x, math.FMA(2*x, x, -16), 2.5) }

func (m *StyblinskiTang) second(_ int, x float64) float64 { return math.FMA(6*x, x, -16) }

func (m *StyblinskiTang) third(_ int, x float64) float64 { return 12 * x }

// Loss is V(θ).
func (m *StyblinskiTang) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for j := range theta {
		for l, x := range theta[j] {
			v[l] += m.value(x)
		}
	}
	return v
}

// Grad is dst = ∇V(θ).
func (m *StyblinskiTang) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for j := range theta {
		for l, x := range theta[j] {
			dst[j][l] = m.slope(x)
		}
	}
}

// Partial reports whether CriticalPoints leaves some out.
func (m *StyblinskiTang) Partial() bool { return m.dim > charted }

var places = [3]string{"left", "top", "right"}

// CriticalPoints returns all critical points, or those near the two uniform minima.
func (m *StyblinskiTang) CriticalPoints() []sgdlab.CriticalPoint {
	var list []sgdlab.CriticalPoint
	if !m.Partial() {
		for word := make([]int, m.dim); ; {
			p := m.critical(word)
			p.Name = spelt(word)
			if j := slices.Index(word, 1); p.Index == 1 {
				for _, side := range []int{0, 2} {
					word[j] = side
					p.Joins = append(p.Joins, spelt(word))
				}
				word[j] = 1
			}
			list = append(list, p)
			j := m.dim - 1
			for ; j >= 0 && word[j] == 2; j-- {
				word[j] = 0
			}
			if j < 0 {
				return list
			}
			word[j]++
		}
	}
	for side := 0; side < 3; side += 2 {
		word := slices.Repeat([]int{side}, m.dim)
		home, other := "all-"+places[side], places[2-side]
		p := m.critical(word)
		p.Name = home
		list = append(list, p)
		for j := range m.dim {
			for _, k := range []int{1, 2 - side} {
				word[j] = k
				p := m.critical(word)
				p.Name = fmt.Sprintf("%s-but-%s-%d", home, places[k], j)
				if k == 1 {
					p.Joins = []string{home, fmt.Sprintf("%s-but-%s-%d", home, other, j)}
				}
				list = append(list, p)
			}
			word[j] = side
		}
	}
	return list
}

// critical is the critical point with these places, 0 to 2, in its coordinates.
func (m *StyblinskiTang) critical(word []int) (p sgdlab.CriticalPoint) {
	for _, k := range word {
		p.At = append(p.At, m.roots[k])
		p.Value += m.value(m.roots[k])
		if k == 1 {
			p.Index++
		}
	}
	return p
}

func spelt(word []int) string {
	name := places[word[0]]
	for _, k := range word[1:] {
		name += "-" + places[k]
	}
	return name
}
