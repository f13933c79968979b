package papers

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/theory"
)

// Every source that a theory cites is in sources.bib, and a theory whose formula was not read in it says "after".
func TestTheoriesCiteSources(t *testing.T) {
	b, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	made := func(th sgdlab.Theory, err error) sgdlab.Theory {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return th
	}
	for _, th := range []sgdlab.Theory{
		made(theory.NewKramers(theory.Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.1}, nil)),
		made(theory.NewKramersNext(theory.KramersNext{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.1}, nil)),
		made(theory.NewEyringKramers(theory.EyringKramers{Well: []float64{2}, Saddle: []float64{-1}, Barrier: 0.25, Quartic: nan, Temperature: 0.1}, nil)),
		made(theory.NewSaxeSigmoid(theory.SaxeSigmoid{Strength: 1, Start: 0.1, Scale: nan, Rate: nan, At: []float64{1}}, nil)),
		made(theory.NewDepthTransitTime(theory.DepthTransitTime{Strength: 1, Start: 0.1, End: nan, Scale: nan, Rate: nan}, nil)),
		made(theory.NewFlatnessRate(theory.FlatnessRate{Rate: 0.1, Amplitude: 0.1, Sharpness: 2}, nil)),
		made(theory.NewSaddleJumps(theory.SaddleJumpsSettings{Jump: 1, Of: "time", Inputs: [][]float64{{1}}, Targets: []float64{1}, Scale: nan, Rate: nan}, nil)),
		made(theory.NewOnlineVariance(theory.OnlineVariance{Rate: 0.1, Batch: 1, LabelNoise: 1, Curvature: 1, Dimension: 1}, nil)),
		made(theory.NewScalingBreakdown(theory.ScalingBreakdown{Rate: 0.1, Batch: 1, Curvature: 1, Dimension: 1}, nil)),
		made(theory.NewKestenIndex(theory.KestenIndex{Rate: 0.6, Batch: 1, Curvature: 1}, nil)),
		made(theory.NewLogDetDecay(theory.LogDetDecay{Rate: 1, Variance: 1, Outputs: 1, Trace: 1, Samples: 1, PerLabel: 1}, nil)),
		made(theory.NewNoiseBalance(theory.NoiseBalance{Inputs: 5, Outputs: 2}, nil)),
		made(theory.NewRankOneBalance(theory.RankOneBalance{Fitted: 1, Inputs: 5, Depth: 2}, nil)),
		made(theory.NewModeDiffusionPeak(theory.ModeDiffusionPeak{Strength: 1, Depth: 2, Mode: 1}, nil)),
		made(theory.NewModeDeviation(theory.ModeDeviation{Rate: 0.01, Strength: 1, Amplitude: 1, Batch: 1, Second: 1, Fourth: 3}, nil)),
		made(theory.NewOUVariance(theory.OUVariance{Curvature: 1, Temperature: 1}, nil)),
		made(theory.NewOUVarianceDiscrete(theory.OUVarianceDiscrete{Curvature: 1, Rate: 0.1, Variance: 1}, nil)),
		made(theory.NewOUVarianceEuler(theory.OUVarianceEuler{Curvature: 1, Temperature: 1, Step: 0.1}, nil)),
		made(theory.NewLyapunov(theory.Lyapunov{Hessian: [][]float64{{2}}, Covariance: [][]float64{{1}}, Rate: 0.1, Batch: 1}, nil)),
		made(theory.NewOptimalStep(theory.OptimalStep{Hessian: [][]float64{{2}}, Covariance: [][]float64{{1}}, Samples: 10, Batch: 1}, nil)),
		made(theory.NewModifiedEquation(theory.ModifiedEquation{Curvature: 2, Rate: 0.1, By: "sgd", At: []float64{1}}, nil)),
		made(theory.NewSVAG(theory.SVAG{Curvature: 1, Rate: 0.8, Parts: 4, Variance: 1, Kurtosis: 1}, nil)),
		made(theory.NewLeastSquaresCovariance(theory.LeastSquaresCovariance{Inputs: [][]float64{{1}, {2}}, Targets: []float64{1, 0}, Scale: nan, Rate: 0.1, Batch: 1, Parts: nan}, nil)),
		made(theory.NewStabilityThreshold(theory.StabilityThreshold{Rate: 1}, nil)),
		made(theory.NewBalancedSharpness(theory.BalancedSharpness{Strength: 1, Scale: nan}, nil)),
		made(theory.NewChainSharpness(theory.ChainSharpness{Variances: []float64{2, 1}, Overlaps: []float64{0.5, 1}, Scale: nan}, nil)),
		made(theory.NewImbalanceStep(theory.ImbalanceStep{Rate: 0.1, Gain: 1, Full: 1, Scatter: 1, Samples: 10, Batch: 2}, nil)),
		made(theory.NewCollapseThreshold(theory.CollapseThreshold{Growth: 1, Spread: nan, Noise: 3, Step: nan, Of: "rate"}, nil)),
		made(theory.NewSoftThreshold(theory.SoftThreshold{Target: 1, Curvature: nan, Temperature: 0.5, Of: "mean", Level: 1e-3}, nil)),
		made(theory.NewScalarTwoCycle(theory.ScalarTwoCycle{Kappa: 1.1, Strength: 1, Of: "upper"}, nil)),
		made(theory.NewStrictSaddle(theory.StrictSaddle{Growth: 1, Temperature: 0.1, Radius: 1}, nil)),
		made(theory.NewDegenerateSaddle(theory.DegenerateSaddle{Power: 4, Coefficient: 1, Temperature: 0.1, Radius: nan}, nil)),
		made(theory.NewMeanExitBrownian(theory.MeanExitBrownian{Radius: 1, Dimension: 1, Diffusion: 1}, nil)),
		made(theory.NewGeometricExit(theory.GeometricExit{Drift: 1, Noise: 1, Start: 0.1, Upper: 1, Lower: nan, Of: "mean-time"}, nil)),
		made(theory.NewGibbsMass(theory.GibbsMass{Loss: "x^2", Temperature: 1, From: 0, To: 1, Low: -1, High: 1, Of: "mass"}, nil)),
		made(theory.NewMoriRate(theory.MoriRate{Curvature: 2, Saddle: -1, MinimumLoss: 0.1, SaddleLoss: 1, Rate: 0.1, Batch: 1, Dimension: 1, Determinants: nan, Of: "rate"}, nil)),
		made(theory.NewLogLossExit(theory.LogLossExit{Curvature: 1, Rate: 0.1, Batch: 1, Dimension: 1, Ratio: 1.5}, nil)),
	} {
		p := th.Predict(nil)
		if _, ok := b.Get(p.Source); !ok {
			t.Errorf("%T cites %q, which is not in sources.bib", th, p.Source)
		}
		if p.Regime == "" || len(p.Values) != 1 || len(p.Neglects) != 1 {
			t.Errorf("%T predicts %+v; want one value, what it neglects, and a regime", th, p)
		}
	}
}
