package study

import (
	"strings"
	"testing"
)

// check says what the other sense adds to the drift, exactly where the noise is written out.
func TestSenses(t *testing.T) {
	for _, c := range []struct{ dynamics, want string }{
		{"{name: sde, calculus: ito, step: 0.01, noise: {factor: formula, variables: [x], sigma: [[x^2]], scale: 2}}", "ito with the drift a is the same equation as calculus: stratonovich with the drift a - 4*[x^3]"},
		{"{name: sde, calculus: stratonovich, scheme: heun, step: 0.01, noise: {factor: proportional, amplitude: 3}}", "stratonovich with the drift a is the same equation as calculus: ito with the drift a + 9*[theta/2]"},
		{"{name: sde, calculus: ito, step: 0.01, noise: {factor: identity, temperature: 1}}", ""},
		{"{name: gd, rate: 0.01}", ""},
	} {
		st, err := LoadText("senses.yaml", []byte("model: {name: double-well}\nstart: {name: point, at: 1}\ndynamics: {d: "+c.dynamics+"}\nensemble: {replicas: 8, until: {time: 1}}\n"), ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := st.Senses()
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(got, "\n"); !strings.Contains(all, c.want) || (c.want == "") != (all == "") {
			t.Errorf("%s: got %q; want %q in it", c.dynamics, all, c.want)
		}
	}
}
