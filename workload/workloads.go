package workload

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/fused"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/scheme"
)

// Case is one of W1 … W5.
type Case struct {
	Name     string
	Says     string
	Replicas int
	Block    int     // steps that a pack takes while it is in the first-level cache
	Flops    float64 // of one step of one replica, without random numbers
	Check    string  // the statistic that must agree between programs
	Live     lanes.Mask

	site  func() (*sgdlab.Site, error)
	step  func(s *sgdlab.Site) (sgdlab.Stepper, error)
	start func(theta []float64, next func() float64)
	event *sgdlab.Event // watched at the ends of steps; a replica that met it steps on
	every int           // steps between two looks at the largest eigenvalue, 0 for never
	read  func(p *pack, l int) float64
}

// Cases are those that can be run, in order.
var Cases = []*Case{
	{
		Name: "W1", Says: "Langevin on a 5-5-5-5 linear network, ½‖W₃W₂W₁ − M‖², whole gradient, 75 normals a step",
		Replicas: 8192, Block: 100, Flops: 1825, Check: "mean of ‖θ‖²",
		site:  network(targetMatrix(diagonal(1, .8, .6, .4, .2)), 5, 5, 5, 5),
		step:  langevin(.05, .003),
		start: layers(5, 3, .5, .1), read: squares,
	},
	{
		Name: "W2", Says: "mini-batch SGD on the same network, teacher–student, n = 64, batch 4 with replacement",
		Replicas: 8192, Block: 100, Flops: 1750, Check: "mean of ‖θ‖²",
		site: network(waves, 5, 5, 5, 5),
		step: func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			// η = 0.0125 on the sum over the batch of ½‖e‖².
			return dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(.05), Batch: 4}, s)
		},
		start: layers(5, 3, .5, .1), read: squares,
	},
	{
		Name: "W3", Says: "diagonal network w = u ⊙ u − v ⊙ v, d = 100, n = 40, batch 1, labels ± ½",
		Replicas: 4096, Block: 200, Flops: 1000, Check: "mean of Σ|u² − v²|",
		site: diagonalNet,
		step: func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			signs := func(s *sgdlab.Site) (sgdlab.Law, error) { return noise.NewRademacher(noise.LawSettings{}, s) }
			return dynamics.NewSGD(dynamics.SGDSettings{
				Rate: sgdlab.Constant(.001), Batch: 1, LabelNoise: &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(.5), Law: signs},
			}, s)
		},
		start: func(theta []float64, _ func() float64) {
			for j := range theta {
				theta[j] = .3
			}
		},
		read: func(p *pack, l int) float64 {
			sum, d := 0.0, len(p.theta)/2
			for j := range d {
				u, v := p.theta[j][l], p.theta[d+j][l]
				sum += math.Abs(u*u - v*v)
			}
			return sum
		},
	},
	{
		Name: "W4", Says: "double well x⁴/4 − x²/2 under Euler–Maruyama, first step with x > 0 recorded",
		Replicas: 100000, Block: 256, Flops: 7, Check: "fraction that has crossed",
		site: func() (*sgdlab.Site, error) {
			m, err := model.NewDoubleWell(model.DoubleWellSettings{Barrier: .25, Well: 1}, nil)
			return &sgdlab.Site{Model: m}, err
		},
		step:  langevin(.01, .0316228),
		start: func(theta []float64, _ func() float64) { theta[0] = -1 },
		event: &sgdlab.Event{Name: "cross", Of: observable.Coordinate{}, Direction: sgdlab.RisesAbove},
		read: func(p *pack, l int) float64 {
			if p.met.Has(l) {
				return 1
			}
			return 0
		},
	},
	{
		Name: "W5", Says: "64-64-64-64 linear network, whole gradient, 5 Hessian–vector products of power iteration every 10 steps",
		Replicas: 64, Block: 10, Flops: 6.29e6, Check: "top eigenvalue of replica 0",
		site: network(targetMatrix(harmonic(64)), 64, 64, 64, 64),
		step: func(s *sgdlab.Site) (sgdlab.Stepper, error) {
			return dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(.05)}, s)
		},
		start: layers(64, 3, .3, .15), every: 10,
		read: func(p *pack, l int) float64 { return p.top[l] },
	},
}

func init() {
	one := *Cases[0]
	one.Name, one.Says, one.Replicas, one.Live = "W1-one", "one replica of W1, alone in its pack", 1, lanes.First(1)
	Cases = append(Cases, &one)
}

func diagonal(x ...float64) []float64 { return x }

func harmonic(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1 / float64(1+i)
	}
	return x
}

func targetMatrix(singular []float64) func() (*data.Set, error) {
	return func() (*data.Set, error) {
		return data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: singular}, &data.Env{})
	}
}

// waves is X = 1.4 sin(1 + 7i + 13j) and Y = XMᵀ + 0.1 cos(3i + 5j), M = diag(1, 0.8, 0.6, 0.4, 0.2).
func waves() (*data.Set, error) {
	x, y := lanes.NewMat(64, 5), lanes.NewMat(64, 5)
	for i := range 64 {
		for j := range 5 {
			a, b := float64(i), float64(j)
			x.Set(i, j, 1.4*math.Sin(1+7*a+13*b))
			y.Set(i, j, (1-.2*b)*x.At(i, j)+.1*math.Cos(3*a+5*b))
		}
	}
	return &data.Set{Name: "waves", X: x, Y: y}, nil
}

func diagonalNet() (*sgdlab.Site, error) {
	x, y := lanes.NewMat(40, 100), lanes.NewMat(40, 1)
	for i := range 40 {
		sum := 0.0
		for j := range 100 {
			x.Set(i, j, 1.4*math.Sin(1+.37*float64(i*j)+float64(j)))
			if j < 5 {
				sum += x.At(i, j)
			}
		}
		y.Set(i, 0, sum)
	}
	set := &data.Set{Name: "waves", X: x, Y: y}
	m, err := model.NewDiagonal(model.DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 2, Loss: model.MeanHalf()}, set)
	return &sgdlab.Site{Data: set, Model: m}, err
}

func network(of func() (*data.Set, error), widths ...int) func() (*sgdlab.Site, error) {
	return func() (*sgdlab.Site, error) {
		set, err := of()
		if err != nil {
			return nil, err
		}
		m, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: widths}, set)
		return &sgdlab.Site{Data: set, Model: m}, err
	}
}

// langevin is Euler and Maruyama's scheme of step h, each coordinate with a kick of the given deviation.
func langevin(h, kick float64) func(s *sgdlab.Site) (sgdlab.Stepper, error) {
	temperature := sgdlab.Constant(kick * kick / h / 2)
	isotropic := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		source, err := noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: temperature}}, s)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		law, err := noise.NewGaussian(noise.GaussianSettings{}, s)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		return noise.Join(source, law)
	}
	return func(s *sgdlab.Site) (sgdlab.Stepper, error) {
		return scheme.NewSDE(scheme.SDESettings{Step: sgdlab.Constant(h), Noise: []sgdlab.Part[sgdlab.Noise]{isotropic}}, s)
	}
}

// layers starts square layers at a multiple of the unit matrix and a uniform part of the given width.
func layers(width, depth int, unit, spread float64) func(theta []float64, next func() float64) {
	return func(theta []float64, next func() float64) {
		for i := range theta {
			theta[i] = spread * (next() - .5)
			if k := i % (width * width); k/width == k%width {
				theta[i] += unit
			}
		}
	}
}

func squares(p *pack, l int) float64 {
	sum := 0.0
	for j := range p.theta {
		sum += p.theta[j][l] * p.theta[j][l]
	}
	return sum
}

// generator are the numbers that the starts of replica r are made of, the same in every program: s ← 1664525 s + 1013904223 modulo
// 2³², from s = r + 1, as s/2³².
func generator(r int) func() float64 {
	s := uint32(r + 1)
	return func() float64 {
		s = 1664525*s + 1013904223
		return float64(s) / (1 << 32)
	}
}

// pack is eight replicas of a workload.
type pack struct {
	theta lanes.Pack
	clock sgdlab.Clock
	met   lanes.Mask
	top   lanes.Vec  // the largest eigenvalue
	v     lanes.Pack // and its vector, as far as power iteration has come
}

func (w *Case) pack(i, dim int) *pack {
	p := &pack{theta: make(lanes.Pack, dim)}
	if w.every > 0 {
		p.v = make(lanes.Pack, dim)
	}
	for l := range lanes.W {
		p.clock.Seed[l], p.clock.Replica[l] = 1, uint64(i*lanes.W+l)
		next := generator(i*lanes.W + l)
		theta := make([]float64, dim)
		w.start(theta, next)
		p.theta.SetLane(l, theta)
		for j := range p.v {
			p.v[j][l] = next() - .5
		}
	}
	return p
}

// worker steps packs of a workload, one at a time.
type worker struct {
	of      *Case
	stepper sgdlab.Stepper
	kernel  fused.Kernel
	watch   fused.Watch
	model   sgdlab.Model
	hessian sgdlab.Curved
	ws      lanes.Arena
	buffer  lanes.Pack
}

func (w *Case) worker() (*worker, error) {
	site, err := w.site()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	site.Place = "dynamics"
	k := &worker{of: w, model: site.Model}
	if k.stepper, err = w.step(site); err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	var events []sgdlab.Event
	if w.event != nil {
		events = append(events, *w.event)
	}
	k.kernel = fused.Find(k.stepper, events)
	if w.every > 0 {
		if k.hessian, err = sgdlab.As[sgdlab.Curved](site.Model); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
		k.buffer = make(lanes.Pack, site.Model.Dim())
	}
	return k, nil
}

// walk takes n steps of a pack.
func (k *worker) walk(p *pack, n int) {
	live := k.of.Live
	if live == lanes.None {
		live = lanes.All
	}
	p.clock.Idle = lanes.All &^ live
	for n > 0 {
		if k.of.every > 0 && p.clock.Step[0]%uint64(k.of.every) == 0 {
			k.iterate(p)
		}
		if k.kernel.Leap != nil {
			k.watch = fused.Watch{Bound: math.Inf(1), Armed: lanes.All &^ p.met}
			taken, _ := k.kernel.Leap(p.theta, &p.clock, live, &k.watch, n)
			p.tick(uint64(taken))
			if n -= taken; n == 0 {
				return
			}
		}
		if k.kernel.Step != nil {
			k.kernel.Step(p.theta, &p.clock, live, math.Inf(1))
		} else {
			k.stepper.Step(p.theta, &p.clock, live, nil)
		}
		p.tick(1)
		if k.of.event != nil {
			for l, x := range p.theta[0] {
				if x > 0 {
					p.met = p.met.With(l)
				}
			}
		}
		n--
	}
}

// tick moves the clock by n steps; nothing here reads the time.
func (p *pack) tick(n uint64) {
	for l := range p.clock.Step {
		p.clock.Step[l] += n
	}
}

// iterate is five steps of power iteration, v ← Hv/‖Hv‖.
func (k *worker) iterate(p *pack) {
	for range 5 {
		k.ws.Reset()
		k.hessian.HessVec(k.buffer, p.theta, p.v, &k.ws)
		p.top = lanes.Dot(k.buffer, k.buffer)
		var over lanes.Vec
		for l, x := range p.top {
			p.top[l] = math.Sqrt(x)
			over[l] = 1 / p.top[l]
		}
		lanes.ScaleLanes(k.buffer, over)
		lanes.Copy(p.v, k.buffer)
	}
}
