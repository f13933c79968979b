package report

import (
	"encoding/csv"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	"sgdlab/store"
)

// strip is the plateaus of the replicas of one cell, a row for each replica.
type strip struct {
	cell int
	name string // of the cell, where there are several
	rows []stripRow
	more int // replicas that are not drawn
	end  float64
}

type stripRow struct {
	replica  int64
	plateaus []store.Plateau
}

const (
	stripReplicas = 24 // drawn of each cell
	stripCells    = 40 // drawn
)

// plateauFigures show when each replica's plateaus start and end, and which mode jumped at their ends.
func (r *run) plateauFigures() []*figure {
	if len(r.plateaus) == 0 {
		return nil
	}
	f := &figure{
		ID: "plateaus", Title: "Plateaus of each replica", X: axis{Label: "time"},
		Keys:    r.pointKeys(),
		Caption: "A bar is a stretch on which the watched column hardly moves; the number at its end is the mode whose singular value jumped there.",
	}
	f.Dims, _ = r.dims(-1)
	for i, p := range r.plateaus {
		cell := r.cellIndex(p.Cell)
		if cell < 0 {
			continue
		}
		if n := len(f.Strips); n == 0 || f.Strips[n-1].cell != cell {
			f.Strips = append(f.Strips, strip{cell: cell, name: r.cellName(cell)})
		}
		s := &f.Strips[len(f.Strips)-1]
		if math.IsInf(p.End, 0) || math.IsNaN(p.End) || math.IsNaN(p.Start) || math.IsInf(p.Start, 0) {
			continue
		}
		s.end = math.Max(s.end, p.End)
		if n := len(s.rows); n == 0 || s.rows[n-1].replica != p.Replica {
			if n == stripReplicas {
				if i == 0 || r.plateaus[i-1].Replica != p.Replica {
					s.more++
				}
				continue
			}
			s.rows = append(s.rows, stripRow{replica: p.Replica})
		}
		row := &s.rows[len(s.rows)-1]
		row.plateaus = append(row.plateaus, p)
	}
	if len(f.Strips) == 0 {
		return nil
	}
	return []*figure{f}
}

// cellName tells a cell apart from the others: "sgd, rate 0.01"; nothing where there is one cell only.
func (r *run) cellName(cell int) string {
	c := &r.cells[cell]
	var parts []string
	if len(r.arms) > 1 {
		parts = append(parts, c.Dynamics)
	}
	if name := r.pointName(c.Params, -1); name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

// stripRows writes the plateaus that are drawn.
func (f *figure) stripRows(w *csv.Writer) {
	w.Write([]string{"strip", "replica", "plateau", "start", "end", "height", "duration", "jumped"})
	exact := func(x float64) string { return number([]float64{x}, 0) }
	for _, s := range f.Strips {
		for _, row := range s.rows {
			for _, p := range row.plateaus {
				w.Write([]string{s.name, strconv.FormatInt(p.Replica, 10), strconv.Itoa(int(p.Index)), exact(p.Start), exact(p.End), exact(p.Height), exact(p.Duration), strconv.Itoa(int(p.Jumped))})
			}
		}
	}
}

// The strip's measures, in SVG units.
const (
	stripWidth  = 960
	stripLeft   = 84
	stripRight  = 24
	stripHeight = 18 // of a row
	stripTop    = 8
	stripAxis   = 44
)

// svg is the strip; style is put inside, for a file that stands alone.
func (s *strip) svg(style, title string, jumps []int32) string {
	var b strings.Builder
	head := stripTop
	if title != "" {
		head += 26
	}
	height := head + stripHeight*len(s.rows) + stripAxis
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="strip" viewBox="0 0 %d %d" role="img" aria-label="%s">`, stripWidth, height, html.EscapeString(clean("Plateaus "+s.name)))
	b.WriteString(style)
	if title != "" {
		fmt.Fprintf(&b, `<text class="h" x="%d" y="20">%s</text>`, stripLeft, html.EscapeString(clean(title)))
	}
	end := s.end
	if !(end > 0) {
		end = 1
	}
	x := func(t float64) float64 {
		return stripLeft + (stripWidth-stripLeft-stripRight)*math.Max(0, t)/end
	}
	bottom := head + stripHeight*len(s.rows)
	for _, t := range ticks(0, end, 6) {
		fmt.Fprintf(&b, `<line class="g" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text class="t" x="%.1f" y="%d">%s</text>`, x(t), x(t), head, bottom, x(t), bottom+18, short(t))
	}
	fmt.Fprintf(&b, `<text class="t" x="%d" y="%d">time</text>`, (stripWidth+stripLeft)/2, bottom+38)
	for i, row := range s.rows {
		y := head + stripHeight*i
		fmt.Fprintf(&b, `<text class="r" x="%d" y="%d">replica %d</text>`, stripLeft-10, y+13, row.replica)
		for _, p := range row.plateaus {
			k := slices.Index(jumps, p.Jumped)
			class := "c0"
			what := "no mode jumped after it"
			if p.Jumped >= 0 {
				class = fmt.Sprintf("c%d", 1+k%(len(palette)-1))
				what = fmt.Sprintf("then mode %d jumped", p.Jumped+1)
			}
			width := math.Max(1.5, x(p.End)-x(p.Start))
			fmt.Fprintf(&b, `<g><title>replica %d, plateau %d: %s to %s, height %s, %s</title><rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d" rx="2"/>`,
				row.replica, p.Index+1, short(p.Start), short(p.End), short(p.Height), what, class, x(p.Start), y+3, width, stripHeight-6)
			if p.Jumped >= 0 && width > 14 {
				fmt.Fprintf(&b, `<text class="m" x="%.1f" y="%d">%d</text>`, x(p.End)-5, y+13, p.Jumped+1)
			}
			b.WriteString("</g>")
		}
	}
	b.WriteString("</svg>")
	return b.String()
}

// jumps are the modes that jump anywhere in the figure, in order.
func (f *figure) jumps() []int32 {
	var out []int32
	for _, s := range f.Strips {
		for _, row := range s.rows {
			for _, p := range row.plateaus {
				if p.Jumped >= 0 && !slices.Contains(out, p.Jumped) {
					out = append(out, p.Jumped)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}
