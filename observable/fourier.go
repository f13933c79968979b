package observable

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// FourierError is how much of a frequency of the targets is still to be learnt,
//
//	|ĥ(k) − ŷ(k)|/|ŷ(k)|,  f̂(k) = (1/n) Σᵢ fᵢ exp(−ikxᵢ),
//
// a column for each frequency k, over the training rows of a set of one input and one target. It is 1 where nothing is learnt, and 0 where
// all is. On data: fourier the transform is the discrete one, whose frequencies are orthogonal; elsewhere it is the sum as it stands.
//
// Source: Xu, Zhang, Luo, Xiao & Ma 2019.
type FourierError struct {
	net         sgdlab.Network
	frequencies []int
	wave        []lanes.Mat // cos and sin of kx over |nŷ(k)|, (2, n) for each frequency
	y           lanes.Mat
}

// FourierErrorSettings are those of NewFourierError.
type FourierErrorSettings struct {
	Frequencies []int `check:">=0" doc:"k of each column"`
}

// NewFourierError needs a network of one input and one output, and targets that have these frequencies.
func NewFourierError(c FourierErrorSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	net, err := sgdlab.As[sgdlab.Network](s.Model)
	if err != nil {
		return nil, err
	}
	if s.Data == nil || s.Data.Inputs() != 1 || s.Data.Outputs() != 1 {
		return nil, errors.New("is that of a function of one input, with one target; use data such as fourier")
	}
	if len(c.Frequencies) == 0 {
		return nil, errors.New("frequencies is empty; give at least one, such as [1, 3, 5]")
	}
	o := &FourierError{net: net, frequencies: c.Frequencies, y: s.Data.Y}
	x, n := s.Data.X, s.Data.N()
	top := 0.0
	for i := range n {
		top = max(top, math.Abs(o.y.At(i, 0)))
	}
	for _, k := range c.Frequencies {
		w := lanes.NewMat(2, n)
		var re, im float64
		for i := range n {
			turn := float64(k) * x.At(i, 0)
			w.Set(0, i, elementary.Cos(turn))
			w.Set(1, i, elementary.Sin(turn))
			re, im = math.FMA(w.At(0, i), o.y.At(i, 0), re), math.FMA(w.At(1, i), o.y.At(i, 0), im)
		}
		size := math.Hypot(re, im)
		if !(size > 1e-10*float64(n)*top) {
			return nil, fmt.Errorf("the targets have no frequency %d, beside which an error would be; leave it out", k)
		}
		for i := range w.Data {
			w.Data[i] /= size
		}
		o.wave = append(o.wave, w)
	}
	return o, nil
}

// Columns is fourier-error[k] for each frequency k.
func (o *FourierError) Columns() []sgdlab.Column {
	c := make([]sgdlab.Column, len(o.frequencies))
	for i, k := range o.frequencies {
		c[i].Name = fmt.Sprintf("fourier-error[%d]", k)
	}
	return c
}

// Observe is dst = the error at each frequency.
func (o *FourierError) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := o.y.Rows
	h := ws.Pack(n)
	o.net.Predict(h, theta, sgdlab.AllRows(n), ws)
	for i := range h {
		for l := range h[i] {
			h[i][l] -= o.y.At(i, 0)
		}
	}
	parts := ws.Pack(2)
	for i, w := range o.wave {
		lanes.MatVec(parts, w, h)
		for l := range lanes.W {
			dst[i][l] = math.Hypot(parts[0][l], parts[1][l])
		}
	}
}
