package noise

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// uniform fails where counts are not uniform: Pearson's χ², as a normal variable by Wilson & Hilferty.
func uniform(t *testing.T, what string, counts []int) {
	t.Helper()
	total := 0
	for _, c := range counts {
		total += c
	}
	want := float64(total) / float64(len(counts))
	chi, k := 0.0, float64(len(counts)-1)
	for _, c := range counts {
		chi += (float64(c) - want) * (float64(c) - want) / want
	}
	z := (math.Cbrt(chi/k) - (1 - 2/(9*k))) / math.Sqrt(2/(9*k))
	if z > sigmas {
		t.Errorf("%s: χ² = %.1f on %g degrees of freedom, %.1f standard errors too much: %v", what, chi, k, z, counts)
	}
}

func samples(n, batch int) *sgdlab.Site {
	return &sgdlab.Site{Data: &data.Set{X: lanes.NewMat(n, 1)}, Batch: batch, Place: "rows"}
}

var samplers = []struct {
	name  string
	build func(SamplerSettings, *sgdlab.Site) (sgdlab.Sampler, error)
}{
	{"with-replacement", NewWithReplacement},
	{"without-replacement", NewWithoutReplacement},
	{"reshuffled", NewReshuffled},
}

func TestRowsAreUniform(t *testing.T) {
	const n, b = 5, 2
	for _, tc := range samplers {
		s := must(tc.build(SamplerSettings{}, samples(n, b)))
		if s.Batch() != b {
			t.Errorf("%s: batch %d, want %d", tc.name, s.Batch(), b)
		}
		single, pairs := make([]int, n), make([]int, n*n)
		var rows sgdlab.Rows
		for k := range uint64(5000) {
			s.Draw(&rows, step(clock(5, 0), k))
			if rows.N != n || rows.Len() != b {
				t.Fatalf("%s: drew %d rows of %d, want %d of %d", tc.name, rows.Len(), rows.N, b, n)
			}
			for l := range lanes.W {
				i, j := rows.Index[0][l], rows.Index[1][l]
				single[i]++
				single[j]++
				pairs[int(i)*n+int(j)]++
			}
		}
		uniform(t, tc.name, single)
		if tc.name != "with-replacement" {
			var different []int
			for i, c := range pairs {
				if i/n != i%n {
					different = append(different, c)
				} else if c > 0 {
					t.Errorf("%s: drew row %d twice in one batch", tc.name, i/n)
				}
			}
			pairs = different
		}
		uniform(t, tc.name+", pairs", pairs)
	}
}

func TestEpochs(t *testing.T) {
	for _, tc := range []struct{ n, b int }{{12, 3}, {12, 12}, {11, 3}, {7, 1}} {
		s := must(NewReshuffled(SamplerSettings{}, samples(tc.n, tc.b)))
		steps := tc.n / tc.b
		var rows sgdlab.Rows
		for epoch := range 4 {
			seen := make([][lanes.W]int, tc.n)
			for k := range steps {
				s.Draw(&rows, step(clock(5, 0), uint64(epoch*steps+k)))
				for i := range rows.Index {
					for l, r := range rows.Index[i] {
						seen[r][l]++
					}
				}
			}
			for l := range lanes.W {
				once, missed := 0, 0
				for i := range seen {
					switch seen[i][l] {
					case 1:
						once++
					case 0:
						missed++
					}
				}
				if once != steps*tc.b || missed != tc.n%tc.b {
					t.Errorf("n = %d, B = %d: an epoch visits %d rows once and misses %d, want %d and %d", tc.n, tc.b, once, missed, steps*tc.b, tc.n%tc.b)
				}
			}
		}
	}
}

func TestOrdersOfEpochsAreUniform(t *testing.T) {
	const n = 4
	s := must(NewReshuffled(SamplerSettings{}, samples(n, n)))
	counts, names := make([]int, 24), map[[n]int32]int{}
	again := 0
	var rows sgdlab.Rows
	var last [lanes.W][n]int32
	for k := range uint64(3000) {
		s.Draw(&rows, step(clock(5, 0), k))
		for l := range lanes.W {
			var order [n]int32
			for i := range order {
				order[i] = rows.Index[i][l]
			}
			if _, ok := names[order]; !ok {
				names[order] = len(names)
			}
			counts[names[order]]++
			if order == last[l] {
				again++
			}
			last[l] = order
		}
	}
	uniform(t, "orders", counts)
	// Successive epochs are independent: 24000 chances of 1/24 to see an order again.
	if z := (float64(again) - 1000) / math.Sqrt(24000.0/24*23/24); math.Abs(z) > sigmas {
		t.Errorf("%d of 24000 epochs repeat the one before, want 1000 within %g standard errors", again, sigmas)
	}
}

// TestRowsFollowTheReplica: what a replica draws does not depend on its lane, its companions, the order of the calls or
// what the sampler drew before.
func TestRowsFollowTheReplica(t *testing.T) {
	const n, b = 9, 2
	for _, tc := range samplers {
		alone := must(tc.build(SamplerSettings{}, samples(n, b)))
		mixed := must(tc.build(SamplerSettings{}, samples(n, b)))
		var one, many sgdlab.Rows
		for _, k := range []uint64{0, 1, 2, 3, 4, 9, 5, 4, 1000} {
			alone.Draw(&one, step(clock(5, 40), k))
			at := clock(6, 7)
			for l := range lanes.W {
				at.Step[l] = uint64(3*l) + k%2
			}
			at.Seed[5], at.Replica[5], at.Step[5] = 5, 40, k
			mixed.Draw(&many, at)
			for i := range one.Index {
				if one.Index[i][0] != many.Index[i][5] {
					t.Errorf("%s, step %d: row %d in lane 0, %d in lane 5", tc.name, k, one.Index[i][0], many.Index[i][5])
				}
			}
			mixed.Draw(&many, clock(8, 3))
		}
	}
}

// TestReshuffledForgets: a lane that passes to another replica, branch or seed gets that one's order.
func TestReshuffledForgets(t *testing.T) {
	const n = 30
	used := must(NewReshuffled(SamplerSettings{}, samples(n, n)))
	var before, after, fresh sgdlab.Rows
	for name, change := range map[string]func(at *sgdlab.Clock){
		"replica": func(at *sgdlab.Clock) { at.Replica[4] = 77 },
		"branch":  func(at *sgdlab.Clock) { at.Branch[4] = 1 },
		"seed":    func(at *sgdlab.Clock) { at.Seed[4] = 6 },
		"epoch":   func(at *sgdlab.Clock) { at.Step[4] = 9 },
	} {
		at := clock(5, 0)
		used.Draw(&before, at)
		was := append([][lanes.W]int32{}, before.Index...)
		change(at)
		used.Draw(&after, at)
		must(NewReshuffled(SamplerSettings{}, samples(n, n))).Draw(&fresh, at)
		same := true
		for i := range was {
			same = same && was[i][4] == after.Index[i][4]
			if after.Index[i] != fresh.Index[i] {
				t.Fatalf("another %s: row %d is %v, of a fresh sampler %v", name, i, after.Index[i], fresh.Index[i])
			}
		}
		if same {
			t.Errorf("another %s has the same order", name)
		}
	}
}

func TestBatchesThatDoNotFit(t *testing.T) {
	for _, tc := range samplers {
		for _, c := range []struct {
			site *sgdlab.Site
			want string
		}{
			{samples(200, 300), "batch 300 is larger than the 200 samples; use at most 200"},
			{samples(200, 0), "got batch 0; want at least 1"},
			{&sgdlab.Site{Batch: 1}, "no data to draw rows from"},
		} {
			if _, err := tc.build(SamplerSettings{}, c.site); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %q", tc.name, err, c.want)
			}
		}
		must(tc.build(SamplerSettings{}, samples(200, 200)))
	}
	for name, err := range map[string]error{
		"multinomial": func() error { _, err := NewMultinomial(MultinomialSettings{Batch: 300}, samples(200, 0)); return err }(),
		"per-sample": func() error {
			_, _, err := rateAndBatch(300, &sgdlab.Site{Data: samples(200, 0).Data, Rate: sgdlab.Constant(1)})
			return err
		}(),
	} {
		if err == nil || !strings.Contains(err.Error(), "batch 300 is larger than the 200 samples") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
