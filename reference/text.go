package reference

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Columns is the width that text is wrapped to where nobody knows better.
const Columns = 100

// WriteText lays a topic out for a terminal of so many columns.
func (t *Topic) WriteText(b *strings.Builder, columns int) {
	columns = max(40, min(columns, 2*Columns))
	head := fmt.Sprintf("%s (%s)", t.Name, t.is())
	if len(t.Aliases) > 0 {
		head += ", also " + strings.Join(t.Aliases, ", ")
	}
	fmt.Fprintln(b, head)
	fill(b, t.Doc, "  ", columns)
	for _, k := range t.Text {
		b.WriteByte('\n')
		switch {
		case k.Formula != "":
			for _, line := range strings.Split(k.Formula, "\n") {
				b.WriteString(strings.TrimRight("      "+line, " ") + "\n")
			}
		case len(k.List) > 0:
			for _, it := range k.List {
				fillAfter(b, "  · ", it, "    ", columns)
			}
		default:
			fill(b, k.Text, "  ", columns)
		}
	}
	if t.Kind == "verbs" {
		t.writeExamples(b, "Usage")
	}
	if len(t.Fields) > 0 {
		b.WriteString("\nParameters\n")
		writeFields(b, t.Fields, columns)
	}
	if len(t.Facts) > 0 {
		b.WriteByte('\n')
		var rows [][]string
		for _, f := range t.Facts {
			rows = append(rows, []string{capital(f.Name), f.Text})
		}
		aligned(b, "", rows, columns)
	}
	for _, table := range t.Tables {
		b.WriteByte('\n')
		fillAfter(b, "", table.Title, "    ", columns)
		rows := table.Rows
		if strings.Join(table.Columns[1:], "") != "" {
			rows = append([][]string{table.Columns}, rows...)
		}
		aligned(b, "  ", rows, columns)
	}
	if t.Kind != "verbs" {
		t.writeExamples(b, "Example")
	}
	if len(t.Sources) > 0 {
		b.WriteString("\nSource\n")
		for _, s := range t.Sources {
			fillAfter(b, "  ", s, "    ", columns)
		}
	}
}

func (t *Topic) writeExamples(b *strings.Builder, title string) {
	for i, e := range t.Examples {
		if i == 0 {
			fmt.Fprintf(b, "\n%s\n", title)
		}
		for _, line := range strings.Split(e, "\n") {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
}

// WriteTopics lays out several topics, one below the other; of many parameters a list.
func WriteTopics(b *strings.Builder, topics []*Topic, columns int) {
	if len(topics) > 2 && !slices.ContainsFunc(topics, func(t *Topic) bool { return !t.parameter }) {
		var rows []definition
		for _, t := range topics {
			rows = append(rows, definition{t.Name, t.Doc, t.form})
		}
		define(b, rows, 40, columns)
		return
	}
	for i, t := range topics {
		if i > 0 {
			b.WriteString("\n\n")
		}
		t.WriteText(b, columns)
	}
}

// writeFields lists keys with what they mean, and below that what they may be.
func writeFields(b *strings.Builder, list []Field, columns int) {
	var rows []definition
	var add func(list []Field, indent string)
	add = func(list []Field, indent string) {
		for _, f := range list {
			rows = append(rows, definition{indent + f.Key, f.Doc, form(f)})
			add(f.Fields, indent+"  ")
		}
	}
	add(list, "")
	define(b, rows, 24, columns)
}

type definition struct{ key, doc, form string }

// define writes what keys mean and may be beside them, or below those that are wider than widest.
func define(b *strings.Builder, rows []definition, widest, columns int) {
	most := 0
	for _, r := range rows {
		if w := width(r.key); w <= widest {
			most = max(most, w)
		}
	}
	rest := strings.Repeat(" ", most+4)
	for _, r := range rows {
		lead := "  " + r.key + strings.Repeat(" ", max(0, most-width(r.key))+2)
		if width(r.key) > most {
			fmt.Fprintln(b, "  "+r.key)
			lead = rest
		}
		fillAfter(b, lead, r.doc, rest, columns)
		fillAfter(b, rest, r.form, rest, columns)
	}
}

// form says in words what a parameter may be: "number > 0; default 1".
func form(f Field) string {
	out := strings.Replace(f.Type, "number, may be swept within packs", "number", 1)
	if f.Check != "" {
		if rest, ok := strings.CutPrefix(out, "number"); ok {
			out = "number" + condition(f.Check) + rest
		} else {
			out += condition(f.Check)
		}
	}
	switch {
	case f.Default != "":
		out += "; default " + f.Default
	case f.Optional:
		out += "; optional"
	default:
		out += "; required"
	}
	if len(f.Aliases) > 0 {
		out += "; also " + strings.Join(f.Aliases, ", ")
	}
	return out
}

// condition is a check in words: " > 0", " from 0 to 1".
func condition(check string) string {
	var parts []string
	for _, c := range strings.Fields(check) {
		if lo, hi, between := strings.Cut(c, ".."); between {
			parts = append(parts, "from "+lo+" to "+hi)
			continue
		}
		sign := strings.TrimRight(c, "0123456789.e-")
		parts = append(parts, map[string]string{">": ">", ">=": "≥", "<": "<", "<=": "≤"}[sign]+" "+c[len(sign):])
	}
	return " " + strings.Join(parts, " and ")
}

// aligned writes rows whose columns stand below each other; what is too wide is wrapped.
func aligned(b *strings.Builder, indent string, rows [][]string, columns int) {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			for len(widths) <= i {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(c))
		}
	}
	last := len(widths) - 1
	for last > 0 && widths[last] == 0 {
		last--
	}
	const narrowest = 12
	for {
		total, widest := len(indent)-2, 0
		for i := range last + 1 {
			total += widths[i] + 2
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if total <= columns || widths[widest] <= narrowest {
			break
		}
		widths[widest]--
	}
	for _, r := range rows {
		lines := make([][]string, last+1)
		high := 1
		for i := range lines {
			if i < len(r) {
				lines[i] = wrap(r[i], widths[i])
			}
			high = max(high, len(lines[i]))
		}
		for h := range high {
			line := indent
			for i := range lines {
				cell := ""
				if h < len(lines[i]) {
					cell = lines[i][h]
				}
				line += cell + strings.Repeat(" ", widths[i]-min(widths[i], width(cell))+2)
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
}

// fill writes a paragraph.
func fill(b *strings.Builder, text, indent string, columns int) {
	fillAfter(b, indent, text, indent, columns)
}

func fillAfter(b *strings.Builder, first, text, indent string, columns int) {
	for i, line := range wrap(text, max(20, columns-width(indent))) {
		if i == 0 {
			b.WriteString(strings.TrimRight(first+line, " ") + "\n")
		} else {
			b.WriteString(indent + line + "\n")
		}
	}
}

// wrap breaks a text into lines between words; short formulas stay in one.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range whole(strings.Fields(text)) {
		switch {
		case line == "":
			line = word
		case width(line)+1+width(word) <= columns:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// whole joins what stands on both sides of a sign, as in V″(0) = 2, where that is short.
func whole(words []string) []string {
	const short = 24
	var out []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		for i+2 < len(words) && signs[words[i+1]] && width(w)+width(words[i+2])+3 <= short {
			w += " " + words[i+1] + " " + words[i+2]
			i += 2
		}
		out = append(out, w)
	}
	return out
}

var signs = map[string]bool{"=": true, "<": true, ">": true, "≤": true, "≥": true, "≠": true, "≈": true, "≪": true, "≫": true, "∝": true, "~": true, "∼": true,
	"→": true, "←": true, "∈": true, "⊥": true, "+": true, "−": true, "·": true, "±": true, "×": true, "⊙": true}

// width is how many columns a text takes: marks that combine take none.
func width(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.Is(unicode.Mn, r) {
			n++
		}
	}
	return n
}

// WriteRows writes rows whose columns stand below each other, indented, for a terminal of so many columns.
func WriteRows(b *strings.Builder, rows [][]string, columns int) { aligned(b, "  ", rows, columns) }
