package model

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

func circulant(t *testing.T, coefficients []float64) *data.Set {
	t.Helper()
	n := len(coefficients)
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, n)
		for j := range rows[i] {
			for k, c := range coefficients {
				rows[i][j] += c * math.Cos(2*math.Pi*float64(k*(i-j))/float64(n)) / float64(n)
			}
		}
	}
	return must[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{Matrix: rows}, &data.Env{}))
}

// A layer is a convolution, written out: two channels in, one out, a filter of three, with both paddings.
func TestConvolutionByHand(t *testing.T) {
	set := &data.Set{Name: "by hand", X: lanes.NewMat(1, 8), Y: lanes.NewMat(1, 4)}
	copy(set.X.Data, []float64{1, -2, 3, 0.5, 2, 1, -1, 4})
	w := []float64{0.3, -0.2, 0.7, 1.1, 0.4, -0.6}
	for _, padding := range []string{"circular", "zero"} {
		m := must[sgdlab.Model](t)(NewConvLinear(ConvLinearSettings{Channels: []int{2, 1}, Filter: 3, Padding: padding}, set))
		h := make(lanes.Pack, 4)
		m.(sgdlab.Network).Predict(h, lanes.Of(w), sgdlab.AllRows(1), &lanes.Arena{})
		for s := range 4 {
			want := 0.0
			for c := range 2 {
				for a := range 3 {
					y := s + a - 1
					if padding == "circular" {
						y = (y + 4) % 4
					} else if y < 0 || y > 3 {
						continue
					}
					want += w[3*c+a] * set.X.Data[4*c+y]
				}
			}
			if math.Abs(h[s][2]-want) > 1e-15 {
				t.Errorf("%s: output %d is %g, want %g", padding, s, h[s][2], want)
			}
		}
	}
}

// At the balanced minimum of circular convolutions the spectrum is that of the Fourier modes, nL|m̂|^(2−2/L).
func TestConvolutionsDecoupleInFourierModes(t *testing.T) {
	coefficients := []float64{4, 2.8, 2, 1.4, 1, 1.4, 2, 2.8}
	n := len(coefficients)
	set := circulant(t, coefficients)
	for _, depth := range []int{2, 3} {
		channels := make([]int, depth+1)
		for i := range channels {
			channels[i] = 1
		}
		m := must[sgdlab.Model](t)(NewConvLinear(ConvLinearSettings{Channels: channels, Padding: "circular"}, set))
		theta := make([]float64, n*depth)
		for a := range n {
			for k, c := range coefficients {
				theta[a] += math.Pow(c, 1/float64(depth)) * math.Cos(2*math.Pi*float64(k*(a-n/2))/float64(n)) / float64(n)
			}
		}
		for l := 1; l < depth; l++ {
			copy(theta[n*l:], theta[:n])
		}
		at, ws := lanes.Of(theta), &lanes.Arena{}
		if loss := m.Loss(at, ws)[0]; loss > 1e-28 {
			t.Fatalf("depth %d: loss %g", depth, loss)
		}
		// The top eigenvector of frequency 0 is the constant filter in every layer.
		v, hv := make(lanes.Pack, n*depth), make(lanes.Pack, n*depth)
		for k, c := range []float64{4, 2.8, 2, 1.4, 1} {
			for l := range depth {
				for a := range n {
					v[n*l+a] = lanes.Splat(math.Cos(2 * math.Pi * float64(k*(a-n/2)) / float64(n)))
				}
			}
			m.(sgdlab.Curved).HessVec(hv, at, v, ws)
			want := float64(n*depth) * math.Pow(c, 2-2/float64(depth))
			for i := range v {
				if e := math.Abs(hv[i][3] - want*v[i][3]); !(e <= 1e-11*want) {
					t.Errorf("depth %d, frequency %d: entry %d of Hv is off by %g of %g", depth, k, i, e, want)
					break
				}
			}
		}
	}
}

func TestConvLinearErrors(t *testing.T) {
	set := circulant(t, []float64{2, 1, 1})
	for want, c := range map[string]ConvLinearSettings{
		"no filter":      {Channels: []int{1}, Padding: "circular"},
		"one length":     {Channels: []int{2, 1}, Padding: "circular"},
		"longer than":    {Channels: []int{1, 1}, Filter: 4, Padding: "circular"},
		"padding is":     {Channels: []int{1, 1}, Padding: "same"},
		"at least 1":     {Channels: []int{1, 0, 1}, Padding: "circular"},
		"leave out loss": {Channels: []int{1, 1}, Padding: "circular", Loss: Mean()},
	} {
		if _, err := NewConvLinear(c, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v; want it to say %q", c, err, want)
		}
	}
	if _, err := NewConvLinear(ConvLinearSettings{Channels: []int{1, 1}}, nil); err == nil {
		t.Error("it needs no data")
	}
}
