package export

import (
	"strconv"
	"strings"
)

// csv writes a table as RFC 4180 has it: a header, commas, CRLF, quotes where they are needed. Numbers have the shortest
// digits that read back as the same float64; NaN is NaN, infinities are inf and -inf, truth is true and false, and what the
// cell was not asked for is empty.
func (w *writer) csv(d *draft, name string) (rows int64, err error) {
	t := w.table(name)
	if name == "samples" && w.o.Wide {
		if t, err = w.wide(); err != nil {
			return 0, err
		}
	}
	line := []byte{}
	for j, c := range t.columns {
		if j > 0 {
			line = append(line, ',')
		}
		line = quoted(line, c.name)
	}
	line = append(line, "\r\n"...)
	for row, err := range t.rows {
		if err != nil {
			return rows, err
		}
		if _, err := d.buf.Write(line); err != nil {
			return rows, err
		}
		rows++
		line = line[:0]
		for j := range row {
			if j > 0 {
				line = append(line, ',')
			}
			v := &row[j]
			switch {
			case v.none:
			case t.columns[j].kind == whole:
				line = strconv.AppendInt(line, v.i, 10)
			case t.columns[j].kind == truth:
				line = strconv.AppendBool(line, v.i != 0)
			case t.columns[j].kind == real:
				line = append(line, number(v.f)...)
			default:
				line = quoted(line, v.s)
			}
		}
		line = append(line, "\r\n"...)
	}
	_, err = d.buf.Write(line)
	return rows, err
}

// quoted appends a field, in quotes where it holds a comma, a quote, an end of line, or blanks that a reader may drop.
func quoted(line []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") && strings.TrimSpace(s) == s {
		return append(line, s...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(s, `"`, `""`)...)
	return append(line, '"')
}
