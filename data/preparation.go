package data

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sgdlab/lanes"
	"sgdlab/rng"
)

// Preparation is what is done to the rows of a file, in the order of the fields.
type Preparation struct {
	Missing    string    `doc:"rows with an empty, null or NaN value that is used: error, or drop them and count" default:"error" oneof:"error|drop"`
	Classes    []float64 `doc:"keep the rows whose target is one of these labels; one-hot columns and signs follow this order" optional:"true"`
	Samples    int       `doc:"rows used, of those left: drawn with shuffle, else the first ones; all where missing" optional:"true" check:">=1"`
	Train      float64   `doc:"training rows: a fraction up to 1, or a number of rows above 1; the rest is the test set" default:"1" check:">0"`
	Shuffle    bool      `doc:"draw the rows by the data seed; false takes the first ones" default:"true"`
	Labels     string    `doc:"what becomes of a target that is a label: the number itself (raw), one-hot rows, or signs: −1 and +1 for two classes" default:"raw" oneof:"raw|one-hot|signs"`
	Scale      Scale     `doc:"what is done to every column; one-hot rows and signs stay as they are" optional:"true"`
	Components int       `doc:"project the inputs on so many of the principal components of the training rows, largest first" optional:"true" check:">=1"`
	Whiten     bool      `doc:"then make the training inputs exactly white, XᵀX/n = I, by Σxx^−½: white inputs that are nearest to the old ones" default:"false"`
}

// Scale are the steps of scaling, in their order. What they subtract and divide by comes from the training rows only, and
// serves the test rows as well.
type Scale struct {
	DivideBy    float64 `doc:"divide every value by this; 1 where missing" optional:"true" check:">0"`
	Center      bool    `spec:"center,centre" doc:"subtract the mean of every column" default:"false"`
	Standardise bool    `spec:"standardise,standardize" doc:"subtract the mean of every column and divide by its standard deviation" default:"false"`
	Of          string  `doc:"which columns: both, or inputs only" default:"both" oneof:"both|inputs"`
}

// rows are inputs and targets that belong together.
type rows struct{ x, y lanes.Mat }

// preparing is a Preparation of what a file held.
type preparing struct {
	Preparation
	what            string   // the file
	inputs, targets []string // names of columns, for warnings; nil: numbers
	seen, dropped   int      // rows of the file, and those that it lost on the way here
}

// fill makes the training and test rows of a set. held are test rows of the file's own, empty where there are none.
func (p *preparing) fill(s *Set, all, held rows, seed uint64) error {
	if by := p.Scale.DivideBy; by < 0 || math.IsInf(by, 0) {
		return fmt.Errorf("scale: divide-by is %g; want a finite number > 0", by)
	}
	if !held.x.Empty() && p.Train != 1 {
		return fmt.Errorf("train is %g, but the test rows have a file of their own; leave out train, or that file", p.Train)
	}
	labels, err := p.labels(all, held)
	if err != nil {
		return err
	}
	for _, r := range []*rows{&all, &held} {
		keep := make([]int32, 0, r.x.Rows)
		for i := range r.x.Rows {
			whole := complete(r.x, i) && complete(r.y, i)
			if !whole {
				if p.Missing != "drop" {
					return fmt.Errorf("%s: row %d holds NaN; fill it in, or drop such rows with missing: drop", p.what, i+1)
				}
				p.dropped++
			} else if p.Classes == nil || slices.Contains(p.Classes, r.y.At(i, 0)) {
				keep = append(keep, int32(i))
			}
		}
		if len(keep) < r.x.Rows {
			*r = rows{take(r.x, keep), take(r.y, keep)}
		}
	}
	if p.dropped > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s: dropped %d of %d rows with missing values", p.what, p.dropped, p.seen))
	}
	if all.x.Rows == 0 {
		return fmt.Errorf("%s has no rows left: of %d, %d were dropped for missing values, and the rest is of other classes", p.what, p.seen, p.dropped)
	}

	order := make([]int32, all.x.Rows)
	for i := range order {
		order[i] = int32(i)
	}
	used := len(order)
	if p.Samples > 0 {
		if p.Samples > used {
			return fmt.Errorf("samples is %d, but %s has %d rows; use at most %d", p.Samples, p.what, used, used)
		}
		used = p.Samples
	}
	train, err := trainRows(p.Train, used)
	if err != nil {
		return err
	}
	if p.Shuffle && train < len(order) {
		at := &rng.Lanes{}
		at.Seed[0] = seed
		rng.New("data/split").Permutation(order, at, 0)
	}
	s.X, s.Y = take(all.x, order[:train]), take(all.y, order[:train])
	s.TestX, s.TestY = held.x, held.y
	if held.x.Empty() {
		s.TestX, s.TestY = take(all.x, order[train:used]), take(all.y, order[train:used])
	}

	if p.Labels == "raw" || p.Labels == "" {
		if p.Scale.Of != "inputs" {
			p.Scale.apply(s.Y, s.TestY, p.targets)
		}
	} else {
		s.Y, s.TestY = encode(s.Y, labels, p.Labels), encode(s.TestY, labels, p.Labels)
	}
	s.Warnings = append(s.Warnings, p.Scale.apply(s.X, s.TestX, p.inputs)...)
	return p.project(s)
}

func complete(m lanes.Mat, i int) bool {
	for j := range m.Cols {
		if math.IsNaN(m.At(i, j)) {
			return false
		}
	}
	return true
}

// take copies rows of a matrix that is stored by rows.
func take(m lanes.Mat, rows []int32) lanes.Mat {
	out := lanes.NewMat(len(rows), m.Cols)
	for i, r := range rows {
		copy(out.Data[i*m.Cols:(i+1)*m.Cols], m.Data[int(r)*m.RowStride:])
	}
	return out
}

// labels returns the classes in their order, where targets are labels.
func (p *preparing) labels(all, held rows) ([]float64, error) {
	if p.Classes == nil && (p.Labels == "raw" || p.Labels == "") {
		return nil, nil
	}
	if all.y.Cols != 1 || !held.y.Empty() && held.y.Cols != 1 {
		return nil, fmt.Errorf("labels are one number in each row, but there are %d targets; name one target, or leave out classes and labels", all.y.Cols)
	}
	classes := slices.Clone(p.Classes)
	for i, c := range classes {
		if slices.Contains(classes[:i], c) {
			return nil, fmt.Errorf("classes: %g is named twice; name it once", c)
		}
	}
	if p.Classes == nil {
		seen := map[float64]bool{}
		for _, y := range []lanes.Mat{all.y, held.y} {
			for i := range y.Rows {
				c := y.At(i, 0)
				if math.IsNaN(c) || seen[c] {
					continue
				}
				if c != math.Trunc(c) {
					return nil, fmt.Errorf("labels: %s, but row %d of %s has the target %g, no whole number; name a target that is a label, or give classes", p.Labels, i+1, p.what, c)
				}
				seen[c] = true
				if classes = append(classes, c); len(classes) > 1<<12 {
					return nil, fmt.Errorf("labels: %s, but %s has more than %d different targets; name a target that is a label", p.Labels, p.what, 1<<12)
				}
			}
		}
		slices.Sort(classes)
	} else {
		for _, c := range classes {
			found := false
			for i := 0; i < all.y.Rows && !found; i++ {
				found = all.y.At(i, 0) == c
			}
			if !found {
				return nil, fmt.Errorf("classes: no row of %s has the label %g; name labels that occur", p.what, c)
			}
		}
	}
	switch {
	case p.Labels == "signs" && len(classes) != 2:
		return nil, fmt.Errorf("labels: signs want two classes, but there are %d; choose two with classes, such as classes: [%g, %g], or use one-hot", len(classes), classes[0], classes[len(classes)-1])
	case p.Labels == "one-hot" && float64(len(classes))*float64(all.y.Rows) > most:
		return nil, fits("one-hot targets", all.y.Rows, len(classes))
	}
	return classes, nil
}

// encode turns labels into one-hot rows, or into −1 and +1.
func encode(y lanes.Mat, classes []float64, as string) lanes.Mat {
	cols := len(classes)
	if as == "signs" {
		cols = 1
	}
	out := lanes.NewMat(y.Rows, cols)
	for i := range y.Rows {
		switch c := slices.Index(classes, y.At(i, 0)); {
		case as != "signs":
			out.Set(i, c, 1)
		case c == 0:
			out.Set(i, 0, -1)
		default:
			out.Set(i, 0, 1)
		}
	}
	return out
}

// trainRows returns how many rows train asks for.
func trainRows(train float64, rows int) (int, error) {
	switch {
	case !(train > 0) || math.IsInf(train, 0):
		return 0, fmt.Errorf("train is %g; want a fraction up to 1, or a number of rows", train)
	case train <= 1:
		n := int(math.Round(train * float64(rows)))
		if n == 0 {
			return 0, fmt.Errorf("train is %g of %d rows, which rounds to none; use a larger fraction", train, rows)
		}
		return n, nil
	case train != math.Trunc(train):
		return 0, fmt.Errorf("train is %g; want a fraction up to 1, or a whole number of rows", train)
	case train > float64(rows):
		return 0, fmt.Errorf("train is %g rows, but there are %d; use at most %d", train, rows, rows)
	}
	return int(train), nil
}

// apply scales the columns of both parts by what the first says.
func (s Scale) apply(train, test lanes.Mat, names []string) (warnings []string) {
	both := []lanes.Mat{train, test}
	if s.DivideBy > 0 {
		for _, m := range both {
			for i := range m.Data {
				m.Data[i] /= s.DivideBy
			}
		}
	}
	if !s.Center && !s.Standardise {
		return nil
	}
	n := float64(train.Rows)
	var flat []string
	for j := range train.Cols {
		mean, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for i := range train.Rows {
			x := train.At(i, j)
			mean += x
			low, high = min(low, x), max(high, x)
		}
		mean /= n
		if low == high { // exactly, so that rounding leaves no variance
			mean = low
		}
		variance := 0.0
		for i := range train.Rows {
			x := train.At(i, j) - mean
			variance = math.FMA(x, x, variance)
		}
		unit := 1.0
		if s.Standardise {
			if low == high {
				flat = append(flat, columnName(names, j))
			} else {
				unit = math.Sqrt(variance / n)
			}
		}
		for _, m := range both {
			for i := range m.Rows {
				m.Set(i, j, (m.At(i, j)-mean)/unit)
			}
		}
	}
	if len(flat) > 0 {
		warnings = append(warnings, fmt.Sprintf("standardise: constant on the training rows, and only centred: %s", strings.Join(flat, ", ")))
	}
	return warnings
}

// columnName is the name of a column, or its number where it has none.
func columnName(names []string, j int) string {
	if names == nil {
		return fmt.Sprint(j + 1)
	}
	return names[j]
}

// project takes principal components and whitens. With the singular value decomposition X = √n P diag(σ) Vᵀ of the training
// rows, components are X V, and white inputs √n P Vᵀ = X Σxx^−½, or √n P of components.
func (p *preparing) project(s *Set) error {
	if p.Components == 0 && !p.Whiten {
		return nil
	}
	d, n := s.X.Cols, s.X.Rows
	keep := d
	if p.Components > 0 {
		if keep = p.Components; keep > d {
			return fmt.Errorf("components is %d, but there are %d inputs; use at most %d", keep, d, d)
		}
	}
	o := decompose(s.X)
	a, sv, b := SVD(o.t)
	rank := min(o.rank, len(sv))
	if keep > rank {
		key := "components"
		if p.Components == 0 {
			key = "whiten"
		}
		return fmt.Errorf("%s: the inputs of %d training rows span only %d of %d directions; use components: %d or fewer, or more rows", key, n, rank, keep, rank)
	}
	left, right := lanes.MulMat(o.q, a), lanes.MulMat(o.z, b) // P and V
	left.Cols, right.Cols = keep, keep
	root := math.Sqrt(float64(n))
	unit := lanes.NewMat(d, keep) // V diag(1/σ), or V
	for i := range d {
		for j := range keep {
			x := right.At(i, j)
			if p.Whiten {
				x /= sv[j] / root
			}
			unit.Set(i, j, x)
		}
	}
	x, test := lanes.NewMat(n, keep), lanes.MulMat(s.TestX, unit)
	for i := range n {
		for j := range keep {
			y := left.At(i, j) * root
			if !p.Whiten {
				y *= sv[j] / root
			}
			x.Set(i, j, y)
		}
	}
	if p.Components == 0 { // back into the old coordinates
		x, test = lanes.MulMat(x, right.T()), lanes.MulMat(test, right.T())
	}
	s.X, s.TestX = x, test
	return nil
}
