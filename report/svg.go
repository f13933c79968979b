package report

import (
	"bytes"
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// palette is Okabe and Ito's, which people of all colour visions tell apart; black stands for the yellow, which white
// paper swallows. The page has its own order of them on dark ground.
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x22, 0x22, 0x22, 0xff},
}

func colourOf(k int) color.RGBA { return palette[k%len(palette)] }

var (
	ink   = color.RGBA{0x22, 0x26, 0x2a, 0xff}
	faint = color.RGBA{0xe3, 0xe6, 0xe8, 0xff}
)

const (
	// The SVG of a figure of many panels has them side by side: at most so many, and of so many points a curve.
	svgPanels  = 36
	svgColumns = 6
	svgPoints  = 40_000 // of all panels
	textSize   = 10
	smallText  = 7.5
	bold       = 3 // in golang.org/x/image/font
)

// svg draws the figure's panels side by side, on white. A panic of the plotting library is an error: its bugs must not
// cost the run.
func (f *figure) svg() (_ []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the plotting library failed: %v", r)
		}
	}()
	if f.Strips != nil {
		return f.stripFile(), nil
	}
	panels := f.still()
	columns, rows, w, h := 1, 1, vg.Length(520), vg.Length(340)
	if n := len(panels); n > 1 {
		columns = min(n, 3)
		if n > 9 {
			columns = svgColumns
		}
		rows = (n + columns - 1) / columns
		w, h = 240, 180
	}
	grid := make([][]*plot.Plot, rows)
	shown := 0
	for _, p := range panels {
		for _, it := range p.Items {
			if c := &f.Curves[it.Curve]; c.Kind != dots {
				shown += len(c.X)
			}
		}
	}
	share := 1.0
	if shown > svgPoints {
		share = svgPoints / float64(shown)
	}
	for i := range grid {
		grid[i] = make([]*plot.Plot, columns)
		for j := range grid[i] {
			if k := i*columns + j; k < len(panels) {
				p, err := f.plot(&panels[k], len(panels) > 1, share)
				if err != nil {
					return nil, err
				}
				grid[i][j] = p
			}
		}
	}
	legend := f.legend(panels)
	const margin = 14
	width := w*vg.Length(columns) + 2*margin
	titleHeight, legendHeight := vg.Length(34), legend.height(width-2*margin)
	names := ""
	if c := f.choices(); len(panels) > 1 && len(c) > 1 {
		names = "Panels: " + strings.Join(c, " · ")
		titleHeight += 14
	}
	height := h*vg.Length(rows) + titleHeight + legendHeight + margin
	c := vgsvg.New(width, height)
	dc := draw.New(c)
	dc.SetColor(color.White)
	dc.Fill(dc.Rectangle.Path())
	style := words(textSize + 2)
	style.Font.Weight = bold
	dc.FillText(style, vg.Point{X: margin, Y: height - margin - 6}, clean(f.Title))
	if names != "" {
		dc.FillText(words(textSize-1), vg.Point{X: margin, Y: height - margin - 22}, clean(names))
	}
	area := draw.Crop(dc, margin, -margin, legendHeight+margin/2, -titleHeight)
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: 10, PadY: 18, PadTop: 12}
	if columns*rows == 1 {
		grid[0][0].Draw(area)
	} else {
		for i, row := range plot.Align(grid, tiles, area) {
			for j, at := range row {
				if p := grid[i][j]; p != nil {
					p.Draw(at)
					top, style := p.DataCanvas(at), words(smallText)
					style.XAlign = -0.5
					dc.FillText(style, vg.Point{X: top.Center().X, Y: top.Max.Y + 4}, clean(f.title(&panels[i*columns+j])))
				}
			}
		}
	}
	legend.draw(dc, margin, legendHeight)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// still chooses the panels of the SVG: all settings, but of the views the first.
func (f *figure) still() []panel {
	var out []panel
	for _, p := range f.Panels {
		first := true
		for i, d := range f.Dims {
			first = first && (d.Name != view || p.At[i] == 0)
		}
		if first && len(out) < svgPanels {
			out = append(out, p)
		}
	}
	if len(out) == 0 && len(f.Panels) > 0 {
		out = f.Panels[:1] // of the first view there is nothing
	}
	if len(out) == 0 {
		out = []panel{{}}
	}
	return out
}

func words(size float64) text.Style {
	return text.Style{Color: ink, Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Length(size)), Handler: plot.DefaultTextHandler, YAlign: 0}
}

// plot draws one panel.
func (f *figure) plot(of *panel, small bool, share float64) (*plot.Plot, error) {
	p := plot.New()
	size := float64(textSize)
	if small {
		size = smallText
	}
	p.BackgroundColor = color.Transparent
	// What is drawn: finite, and positive where an axis is logarithmic.
	logX, logY := f.X.Log, f.Y.Log
	var xs, ys limits
	for _, it := range of.Items {
		c := &f.Curves[it.Curve]
		for i := range c.X {
			xs.add(c.X[i])
			ys.add(c.Y[i])
			if i < len(c.Lo) {
				ys.add(c.Lo[i])
				ys.add(c.Hi[i])
			}
		}
	}
	logX, logY = logX && xs.positive > 0, logY && ys.positive > 0
	beside := 0.02
	if marked(f, of) > 0 {
		beside = 0.06
	}
	dress(&p.X, f.X, size, xs.pad(logX, beside), logX)
	dress(&p.Y, f.Y, size, ys.pad(logY, 0.06), logY)
	p.X.Label.TextStyle.XAlign, p.Y.Label.TextStyle.XAlign = -0.5, -0.5
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	grid.Vertical.Width, grid.Horizontal.Width = 0.5, 0.5
	p.Add(grid, &curves{f, of, logX, logY, share})
	return p, nil
}

// limits gather the range of an axis.
type limits struct {
	any               bool
	lo, hi            float64
	positive, largest float64 // least and largest that are > 0
}

func (l *limits) add(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	if !l.any {
		l.any, l.lo, l.hi = true, x, x
	}
	l.lo, l.hi = math.Min(l.lo, x), math.Max(l.hi, x)
	if x > 0 {
		if l.positive == 0 {
			l.positive, l.largest = x, x
		}
		l.positive, l.largest = math.Min(l.positive, x), math.Max(l.largest, x)
	}
}

// pad is the range with a margin, never empty, never beyond what float64 holds.
func (l *limits) pad(log bool, by float64) [2]float64 {
	if !l.any {
		return [2]float64{0, 1}
	}
	lo, hi := l.lo, l.hi
	if log {
		lo, hi = l.positive, l.largest
		if lo == hi {
			return [2]float64{lo / 2, math.Min(hi*2, math.MaxFloat64)}
		}
		r := math.Exp(by * (math.Log(hi) - math.Log(lo)))
		return [2]float64{math.Max(lo/r, math.SmallestNonzeroFloat64), math.Min(hi*r, math.MaxFloat64)}
	}
	if d := hi - lo; d > 1e-12*math.Max(math.Abs(lo), math.Abs(hi)) && !math.IsInf(d, 0) {
		lo, hi = lo-by*d, hi+by*d
	} else if d := math.Max(math.Abs(lo)*0.1, 1e-300); lo == 0 {
		lo, hi = -1, 1
	} else {
		lo, hi = lo-d, hi+d
	}
	const most = 1e300
	return [2]float64{math.Max(-most, math.Min(lo, most/2)), math.Min(most, math.Max(hi, -most/2))}
}

// dress makes an axis.
func dress(a *plot.Axis, is axis, size float64, within [2]float64, log bool) {
	a.Min, a.Max = within[0], within[1]
	a.Label.Text = clean(is.Label)
	a.Label.TextStyle.Font = words(size).Font
	a.Label.TextStyle.Color = ink
	a.Tick.Label.Font = words(size - 1).Font
	a.Tick.Label.Color = ink
	a.Tick.Color, a.LineStyle.Color = ink, ink
	a.Tick.LineStyle.Width, a.LineStyle.Width = 0.5, 0.5
	a.Tick.Length, a.Padding = 3, 2
	a.Scale = plot.LinearScale{}
	if log {
		a.Scale = logScale{}
	}
	n := 6
	if size < textSize {
		n = 4
	}
	a.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		var out []plot.Tick
		if log {
			return logTicks(lo, hi, n)
		}
		for _, t := range ticks(lo, hi, n) {
			if t >= lo && t <= hi {
				out = append(out, plot.Tick{Value: t, Label: short(t)})
			}
		}
		return out
	})
}

// logScale is the library's, without its panic: what is not positive lies far below.
type logScale struct{}

func (logScale) Normalize(lo, hi, x float64) float64 {
	if !(x > 0) {
		return -1
	}
	return (math.Log(x) - math.Log(lo)) / (math.Log(hi) - math.Log(lo))
}

// logTicks are powers of ten, every so many that about n stay, with 2 and 5 between them over few decades.
func logTicks(lo, hi float64, n int) []plot.Tick {
	a, b := math.Log10(lo), math.Log10(hi)
	if b-a < 0.7 {
		var out []plot.Tick
		for _, t := range ticks(lo, hi, n) {
			if t >= lo && t <= hi {
				out = append(out, plot.Tick{Value: t, Label: short(t)})
			}
		}
		return out
	}
	every := max(1, int(math.Ceil((b-a)/float64(n))))
	var out []plot.Tick
	for k := int(math.Floor(a)); k <= int(math.Ceil(b)); k++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, float64(k))
			if v < lo || v > hi {
				continue
			}
			t := plot.Tick{Value: v}
			switch {
			case m == 1 && ((k%every)+every)%every == 0:
				t.Label = short(v)
				if k > 3 || k < -2 {
					t.Label = "10" + superscript(k)
				}
			case (m == 2 || m == 5) && b-a < 1.5:
				t.Label = short(v)
			case m != 1 && every > 1:
				continue
			}
			out = append(out, t)
		}
	}
	return out
}

// marked counts the curves of points in a panel. They stand side by side, so that one does not hide another.
func marked(f *figure, p *panel) int {
	n := 0
	for _, it := range p.Items {
		if f.Curves[it.Curve].Kind == points {
			n++
		}
	}
	return n
}

// stroke is how a line of the item is drawn.
func (it *item) stroke(k kind) draw.LineStyle {
	c := colourOf(it.Colour)
	s := draw.LineStyle{Color: c, Width: 1.2, Dashes: [][]vg.Length{nil, {1.5, 2}, {8, 2, 2, 2}}[it.variant()%3]}
	switch k {
	case dashed:
		s.Dashes = []vg.Length{5, 3}
	case faintLine:
		s.Color, s.Width = color.NRGBA{c.R, c.G, c.B, 0x80}, 0.6
	}
	return s
}

// glyph is how a point of the item is drawn.
func (it *item) glyph() draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.RingGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}}
	return draw.GlyphStyle{Color: colourOf(it.Colour), Radius: 2.8, Shape: shapes[it.variant()%len(shapes)]}
}

// variant tells curves apart also where the palette starts anew.
func (it *item) variant() int { return it.Variant + it.Colour/len(palette) }

// curves draw themselves into a panel.
type curves struct {
	f          *figure
	panel      *panel
	logX, logY bool
	share      float64 // of the points
}

// Plot is the library's plot.Plotter.
func (d *curves) Plot(dc draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&dc)
	inside := func(x, y float64) (vg.Point, bool) {
		ok := !math.IsNaN(x) && !math.IsNaN(y) && !math.IsInf(x, 0) && !math.IsInf(y, 0) && !(d.logX && x <= 0) && !(d.logY && y <= 0)
		if !ok {
			return vg.Point{}, false
		}
		// Far outside is far enough: the library's clipping overflows on what is farther.
		const far = 1e5
		at := vg.Point{X: max(-far, min(tx(x), far)), Y: max(-far, min(ty(y), far))}
		return at, at.X == at.X && at.Y == at.Y
	}
	floor := p.Y.Min
	beside, place := marked(d.f, d.panel), 0
	end := func(y float64) float64 {
		if d.logY && !(y > 0) {
			return floor
		}
		return y
	}
	for _, bands := range []bool{true, false} {
		for _, it := range d.panel.Items {
			c := d.f.Curves[it.Curve]
			if c.Kind == dots {
				if !bands {
					d.cloud(dc, &c, it, inside)
				}
				continue
			}
			if n := int(d.share * float64(len(c.X))); n < len(c.X) {
				keep := thin(c.X, c.Y, max(8, n))
				c.X, c.Y, c.Lo, c.Hi = pick(c.X, keep), pick(c.Y, keep), pick(c.Lo, keep), pick(c.Hi, keep)
			}
			colour := colourOf(it.Colour)
			if c.Kind == points {
				if !bands {
					step := math.Min(4, 20/float64(beside))
					d.marks(dc, &c, it, vg.Length(step*(float64(place)-float64(beside-1)/2)), inside, end)
					place++
				}
				continue
			}
			if bands {
				d.band(dc, &c, colour, inside, end)
				continue
			}
			style := it.stroke(c.Kind)
			var run []vg.Point
			flush := func() {
				if len(run) > 1 {
					dc.StrokeLines(style, dc.ClipLinesXY(run)...)
				}
				run = nil
			}
			for i := range c.X {
				at, ok := inside(c.X[i], c.Y[i])
				if !ok {
					flush()
					continue
				}
				if c.Kind == steps && len(run) > 0 {
					run = append(run, vg.Point{X: at.X, Y: run[len(run)-1].Y})
				}
				run = append(run, at)
			}
			if len(run) == 1 && len(c.X) == 1 {
				dc.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: 2, Shape: draw.CircleGlyph{}}, run[0])
			}
			flush()
		}
	}
}

// band fills between the ends of a line's intervals.
func (d *curves) band(dc draw.Canvas, c *curve, colour color.RGBA, inside func(x, y float64) (vg.Point, bool), end func(float64) float64) {
	fill := color.NRGBA{colour.R, colour.G, colour.B, 0x28}
	var upper, lower []vg.Point
	flush := func() {
		if len(upper) > 1 {
			for i := len(lower) - 1; i >= 0; i-- {
				upper = append(upper, lower[i])
			}
			dc.FillPolygon(fill, dc.ClipPolygonXY(upper))
		}
		upper, lower = nil, nil
	}
	for i := range c.Lo {
		lo, ok := inside(c.X[i], end(c.Lo[i]))
		hi, also := inside(c.X[i], c.Hi[i])
		if !ok || !also {
			flush()
			continue
		}
		if n := len(upper); c.Kind == steps && n > 0 {
			upper, lower = append(upper, vg.Point{X: hi.X, Y: upper[n-1].Y}), append(lower, vg.Point{X: lo.X, Y: lower[n-1].Y})
		}
		upper, lower = append(upper, hi), append(lower, lo)
	}
	flush()
}

// marks draws points with their intervals.
func (d *curves) marks(dc draw.Canvas, c *curve, it item, shift vg.Length, inside func(x, y float64) (vg.Point, bool), end func(float64) float64) {
	colour := colourOf(it.Colour)
	bar := draw.LineStyle{Color: colour, Width: 1}
	for i := range c.X {
		at, ok := inside(c.X[i], c.Y[i])
		if !ok {
			continue
		}
		if i < len(c.Lo) {
			lo, ok := inside(c.X[i], end(c.Lo[i]))
			hi, also := inside(c.X[i], c.Hi[i])
			if ok && also {
				lo.Y, hi.Y = max(lo.Y, dc.Min.Y), min(hi.Y, dc.Max.Y)
				dc.StrokeLine2(bar, lo.X+shift, lo.Y, hi.X+shift, hi.Y)
			}
		}
		if dc.Contains(at) {
			dc.DrawGlyph(it.glyph(), vg.Point{X: at.X + shift, Y: at.Y})
		}
	}
}

// cloud draws dots on a raster finer than the eye: those that fill a stretch of a column are one stroke, and all are one path, so
// that a million of them weigh no more than the raster.
func (d *curves) cloud(dc draw.Canvas, c *curve, it item, inside func(x, y float64) (vg.Point, bool)) {
	const pitch = 0.5
	filled := map[int][]int{}
	for i := range c.X {
		at, ok := inside(c.X[i], c.Y[i])
		if !ok || !dc.Contains(at) {
			continue
		}
		column := int(math.Round(float64(at.X) / pitch))
		filled[column] = append(filled[column], int(math.Round(float64(at.Y)/pitch)))
	}
	var path vg.Path
	for _, column := range slices.Sorted(maps.Keys(filled)) {
		rows := filled[column]
		slices.Sort(rows)
		rows = slices.Compact(rows)
		x := vg.Length(column) * pitch
		for i := 0; i < len(rows); {
			k := i + 1
			for k < len(rows) && rows[k] == rows[k-1]+1 {
				k++
			}
			path.Move(vg.Point{X: x, Y: (vg.Length(rows[i]) - 0.6) * pitch})
			path.Line(vg.Point{X: x, Y: (vg.Length(rows[k-1]) + 0.6) * pitch})
			i = k
		}
	}
	if len(path) > 0 {
		dc.SetLineStyle(draw.LineStyle{Color: colourOf(it.Colour), Width: 1.2 * pitch})
		dc.Stroke(path)
	}
}

// legend is the names of the curves of all panels, in lines below them.
type legend []legendEntry

type legendEntry struct {
	item
	kind kind
}

func (f *figure) legend(panels []panel) legend {
	var out legend
	seen := map[string]bool{}
	for _, p := range panels {
		for _, it := range p.Items {
			e := legendEntry{it, f.Curves[it.Curve].Kind}
			if e.kind == faintLine {
				continue // the caption speaks of them
			}
			if key := fmt.Sprint(it.Name, "\x00", e.kind); !seen[key] {
				seen[key] = true
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b legendEntry) int { return a.Colour - b.Colour })
	const most = 48
	return out[:min(len(out), most)]
}

const (
	legendLine = 14
	legendGap  = 16
	legendKey  = 22
)

// lay gives each entry its place within a width.
func (l legend) lay(width vg.Length) (at []vg.Point, lines int) {
	style := words(textSize - 1)
	x := vg.Length(0)
	for _, e := range l {
		w := legendKey + style.Width(clean(e.Name)) + legendGap
		if x > 0 && x+w > width {
			x, lines = 0, lines+1
		}
		at = append(at, vg.Point{X: x, Y: vg.Length(lines) * legendLine})
		x += w
	}
	return at, lines + 1
}

func (l legend) height(width vg.Length) vg.Length {
	if len(l) == 0 {
		return 0
	}
	_, lines := l.lay(width)
	return vg.Length(lines)*legendLine + 10
}

func (l legend) draw(dc draw.Canvas, margin, height vg.Length) {
	at, _ := l.lay(dc.Max.X - dc.Min.X - 2*margin)
	style := words(textSize - 1)
	for i, e := range l {
		x, y := margin+at[i].X, height-at[i].Y-legendLine/2
		if e.kind == dots {
			dc.DrawGlyph(draw.GlyphStyle{Color: colourOf(e.Colour), Radius: 1.5, Shape: draw.CircleGlyph{}}, vg.Point{X: x + 8, Y: y + 3})
		} else if e.kind == points {
			dc.DrawGlyph(e.glyph(), vg.Point{X: x + 8, Y: y + 3})
		} else {
			dc.StrokeLine2(e.stroke(e.kind), x, y+3, x+17, y+3)
		}
		dc.FillText(style, vg.Point{X: x + legendKey, Y: y}, clean(e.Name))
	}
}

// stripFile is the strips of all cells, one below the other.
func (f *figure) stripFile() []byte {
	var b, body strings.Builder
	jumps := f.jumps()
	y := 0
	for i, s := range f.Strips {
		if i == stripCells {
			break
		}
		title := s.name
		if title == "" {
			title = f.Title
		}
		one := s.svg("", title, jumps)
		height := stripTop + 26 + stripHeight*len(s.rows) + stripAxis
		fmt.Fprintf(&body, `<svg y="%d" width="%d" height="%d" %s`, y, stripWidth, height, strings.TrimPrefix(one, "<svg "))
		y += height + 10
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">`, stripWidth, y, stripWidth, y)
	b.WriteString("<style>text{font:12px Liberation Sans,Arial,sans-serif;fill:#22262a}.h{font-weight:bold}.t{text-anchor:middle}.r{text-anchor:end}.m{text-anchor:end;fill:#fff;font-weight:bold;font-size:11px}.g{stroke:#e3e6e8}.c0{fill:#9aa3ab}")
	for k := range palette[:len(palette)-1] {
		c := colourOf(k)
		fmt.Fprintf(&b, ".c%d{fill:#%02x%02x%02x}", k+1, c.R, c.G, c.B)
	}
	b.WriteString(`</style><rect width="100%" height="100%" fill="#fff"/>`)
	b.WriteString(body.String())
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
