package sgdlab

// Kind says how a prediction may be compared with a measurement.
type Kind int

const (
	Exact   Kind = iota
	Leading      // leading order in a small parameter; Neglects says how much is left out
	Scaling      // right up to a factor
	Upper        // an upper bound
	Lower        // a lower bound
)

func (k Kind) String() string {
	return [...]string{"exact", "leading", "scaling", "upper", "lower"}[k]
}

// Prediction is what a theory says: numbers, how they may be compared, in what regime, and whose they are.
type Prediction struct {
	Kind     Kind
	Values   []float64
	Neglects []float64 // the relative size of what each value leaves out, where known
	Regime   string
	Source   string // a key of sources.bib
}

// One is the prediction of a single number that leaves out a part of relative size neglects.
func One(kind Kind, value, neglects float64, regime, source string) Prediction {
	return Prediction{Kind: kind, Values: []float64{value}, Neglects: []float64{neglects}, Regime: regime, Source: source}
}

// Theory predicts numbers.
type Theory interface {
	// Predict returns one value per time or abscissa in at; a theory without an axis ignores at and returns one value.
	Predict(at []float64) Prediction
}
