package start

import (
	"fmt"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/spec"
)

// CriticalSettings are the settings of NewCritical.
type CriticalSettings struct {
	Point     string         `doc:"the name of a critical point of the model; explain MODEL names them"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// NewCritical starts at a critical point that the model names, kicked,
//
//	θ = θ* + δz,  ∇L(θ*) = 0,  z standard normal,
//
// θ of shape (d) and δ in units of θ. It needs a model that names its critical points, as the landscapes in closed form
// do, `formula` those under `critical`; a name that the model does not have is a mistake, and the names that it has are
// listed. Starts at saddles of linear networks are named by their modes instead (start saddle).
func NewCritical(c CriticalSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	m, err := sgdlab.As[sgdlab.Charted](s.Model)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range m.CriticalPoints() {
		if p.Name == c.Point {
			return newCloud(slices.Clone(p.At), c.Deviation, nil, s), nil
		}
		names = append(names, p.Name)
	}
	hint := spec.DidYouMean(c.Point, names)
	const shown = 12
	if more := len(names) - shown; more > 0 {
		names = append(names[:shown], fmt.Sprintf("and %d more", more))
	}
	return nil, fmt.Errorf("point is %q, and the model's critical points are %s%s", c.Point, strings.Join(names, ", "), hint)
}
