package report

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// pageData is the figures as JSON for the page's script, < and > escaped. Numbers have five digits on the horizontal
// and four on the vertical axis; lists of abscissae that many curves share are written once.
//
//	{"x": [[…], …], "figures": [{
//	  "x": [label, log], "y": [label, log], "dims": [[name, [option, …]], …],
//	  "names": […], "panels": {"0,1": [[curve, name, colour, variant], …]},
//	  "curves": [[kind, x, [y …], [lo …], [hi …], [n …] or n], …]}]}
func pageData(figures []*figure) string {
	var xs, body strings.Builder
	pool := map[string]int{}
	abscissae := func(x []float64) int {
		text := list(x, 6)
		k, ok := pool[text]
		if !ok {
			k = len(pool)
			pool[text] = k
			if k > 0 {
				xs.WriteByte(',')
			}
			xs.WriteString(text)
		}
		return k
	}
	for i, f := range figures {
		if i > 0 {
			body.WriteByte(',')
		}
		body.WriteString(`{"x":` + encode(f.X) + `,"y":` + encode(f.Y) + `,"dims":[`)
		for j, d := range f.Dims {
			if j > 0 {
				body.WriteByte(',')
			}
			body.WriteString(encodeJSON([]any{d.Name, d.Options}))
		}
		body.WriteString(`],"panels":{`)
		var names []string
		for j, p := range f.Panels {
			if j > 0 {
				body.WriteByte(',')
			}
			at := make([]string, len(p.At))
			for k, v := range p.At {
				at[k] = strconv.Itoa(v)
			}
			items := [][4]int{}
			for _, it := range p.Items {
				n := slices.Index(names, it.Name)
				if n < 0 {
					n = len(names)
					names = append(names, it.Name)
				}
				items = append(items, [4]int{it.Curve, n, it.Colour, it.Variant})
			}
			body.WriteString(`"` + strings.Join(at, ",") + `":` + encodeJSON(items))
		}
		body.WriteString(`},"names":` + encodeJSON(append([]string{}, names...)) + `,"curves":[`)
		for j := range f.Curves {
			c := &f.Curves[j]
			if j > 0 {
				body.WriteByte(',')
			}
			body.WriteString(`["` + string(c.Kind) + `",` + strconv.Itoa(abscissae(c.X)) + `,` + list(c.Y, 4))
			if c.Lo != nil || c.N != nil {
				body.WriteString(`,` + list(c.Lo, 4) + `,` + list(c.Hi, 4))
			}
			if c.N != nil {
				if slices.Min(c.N) == slices.Max(c.N) {
					body.WriteString(`,` + compactNumber(c.N[0], 9))
				} else {
					body.WriteString(`,` + list(c.N, 9))
				}
			}
			body.WriteString(`]`)
		}
		body.WriteString(`]}`)
	}
	return `{"x":[` + xs.String() + `],"figures":[` + body.String() + `]}`
}

func encode(a axis) string { return encodeJSON([]any{a.Label, a.Log}) }

func encodeJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("report: " + err.Error()) // strings and numbers
	}
	return string(text)
}

// list is numbers in so many digits, null where there is none.
func list(x []float64, digits int) string {
	b := make([]byte, 0, 8*len(x)+2)
	b = append(b, '[')
	for i, v := range x {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, compactNumber(v, digits)...)
	}
	return string(append(b, ']'))
}

// compactNumber is a number as JSON in so many digits, in as few characters as that takes.
func compactNumber(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "null"
	}
	s := strconv.FormatFloat(v, 'g', digits, 64)
	s = strings.Replace(s, "e-0", "e-", 1)
	s = strings.Replace(s, "e+0", "e", 1)
	return strings.Replace(s, "e+", "e", 1)
}
