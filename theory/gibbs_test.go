package theory

import (
	"math"
	"strings"
	"testing"
)

func mass(t *testing.T, c GibbsMass) float64 {
	t.Helper()
	if c.From == 0 && c.To == 0 {
		c.From, c.To = nan, nan
	}
	if c.Of == "" {
		c.Of = "mass"
	}
	th, err := NewGibbsMass(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return th.Predict(nil).Values[0]
}

// Closed forms: a Gaussian law, an exponential one, and the Laplace expansion's leading order at very low temperature.
func TestGibbsMass(t *testing.T) {
	for _, c := range []struct {
		of   GibbsMass
		want float64
	}{
		{GibbsMass{Loss: "x^2/2", Temperature: 1, From: -1, To: 1, Low: -40, High: 40}, math.Erf(1 / math.Sqrt2)},
		{GibbsMass{Loss: "x^2/2", Temperature: 1e-8, From: -1e-4, To: 2e-4, Low: -1, High: 1}, (math.Erf(1/math.Sqrt2) + math.Erf(2/math.Sqrt2)) / 2},
		{GibbsMass{Loss: "x", Temperature: 0.1, From: nan, To: 0.3, Low: 0, High: 1}, (1 - math.Exp(-3)) / (1 - math.Exp(-10))},
		{GibbsMass{Loss: "x", Temperature: 0.1, From: nan, To: 0.3, Low: 0, High: 1, Of: "odds"}, (1 - math.Exp(-3)) / (math.Exp(-3) - math.Exp(-10))},
		{GibbsMass{Loss: "0*x", Temperature: 3, From: 1, To: 2, Low: -1, High: 7}, 0.125},
		// Two wells at 0 and 1, one of order 2 and one of order 4, far below the barrier: ∫e^(−x²/T) = √(πT), ∫e^(−y⁴/T) = 2Γ(5/4)T^¼.
		{GibbsMass{Loss: "where(x - 0.5, (x - 1)^4, x^2)", Temperature: 1e-9, From: 0.5, To: nan, Low: -2, High: 3, Of: "odds"}, 2 * math.Gamma(1.25) * math.Pow(1e-9, 0.25) / math.Sqrt(math.Pi*1e-9)},
	} {
		if got := mass(t, c.of); math.Abs(got/c.want-1) > 1e-10 {
			t.Errorf("%+v: %.14g, want %.14g", c.of, got, c.want)
		}
	}
}

func TestGibbsMassRefuses(t *testing.T) {
	whole := GibbsMass{Loss: "x^2", Temperature: 1, From: nan, To: nan, Low: -1, High: 1, Of: "mass"}
	for _, c := range []struct {
		change func(*GibbsMass)
		want   string
	}{
		{func(c *GibbsMass) { c.Loss = "" }, "give loss"},
		{func(c *GibbsMass) { c.Temperature = nan }, "give temperature"},
		{func(c *GibbsMass) { c.Temperature = -1 }, "temperature is -1"},
		{func(c *GibbsMass) { c.Low = 1 }, "low and high"},
		{func(c *GibbsMass) { c.High = math.Inf(1) }, "low and high"},
		{func(c *GibbsMass) { c.From = 2 }, "no interval"},
		{func(c *GibbsMass) { c.Of = "odds" }, "there are no odds"},
		{func(c *GibbsMass) { c.Loss = "log(x)" }, "landscape is NaN"},
		{func(c *GibbsMass) { c.Loss = "x^" }, "loss"},
		{func(c *GibbsMass) { c.Loss = "y^2" }, "loss"},
	} {
		bad := whole
		c.change(&bad)
		if _, err := NewGibbsMass(bad, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", bad, err, c.want)
		}
	}
}
