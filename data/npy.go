package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// readNPY reads a NumPy array of format 1, 2 or 3: truth values, integers of 8 to 64 bits and floats of 16 to 64, of
// either byte order, by rows or by columns.
func readNPY(b []byte) (*array, error) {
	if len(b) < 10 || string(b[:6]) != "\x93NUMPY" {
		return nil, errors.New("not an NPY file: its first bytes are not \\x93NUMPY; write it with numpy.save")
	}
	length, from := int(binary.LittleEndian.Uint16(b[8:])), 10
	switch b[6] {
	case 1:
	case 2, 3:
		if len(b) < 12 {
			return nil, errors.New("ends in its header: it is truncated; write it anew")
		}
		n := binary.LittleEndian.Uint32(b[8:])
		if n > 1<<20 {
			return nil, fmt.Errorf("its header claims %d bytes, more than 1 MiB: it is damaged; write it anew", n)
		}
		length, from = int(n), 12
	default:
		return nil, fmt.Errorf("NPY format %d.%d; want 1, 2 or 3", b[6], b[7])
	}
	if len(b) < from+length {
		return nil, fmt.Errorf("its header claims %d bytes, but %d follow: it is truncated; write it anew", length, len(b)-from)
	}
	h, err := parseHeader(string(b[from : from+length]))
	if err != nil {
		return nil, err
	}
	b = b[from+length:]
	one, size, order, err := number(h.descr)
	if err != nil {
		return nil, err
	}
	n, err := volume(h.shape, size, len(b))
	if err != nil {
		return nil, err
	}
	a := &array{shape: h.shape, values: make([]float64, n)}
	at := func(i int) int { return i }
	if h.byColumns && len(h.shape) > 1 {
		at = transposed(h.shape)
	}
	for i := range n {
		x, ok := one(order, b[i*size:])
		if !ok {
			return nil, fmt.Errorf("entry %d is an integer that no float64 holds; write smaller ones, or floats", i)
		}
		a.values[at(i)] = x
	}
	return a, nil
}

// transposed maps positions by columns to positions by rows.
func transposed(shape []int) func(int) int {
	return func(i int) int {
		at, stride := 0, 1
		for _, s := range shape[1:] {
			stride *= s
		}
		for k, s := range shape {
			at += i % s * stride
			i /= s
			if k+1 < len(shape) {
				stride /= shape[k+1]
			}
		}
		return at
	}
}

// decoder reads one number from the front of b; it fails where no float64 holds it.
type decoder func(order binary.ByteOrder, b []byte) (float64, bool)

// exact is an integer as a float64.
func exact(i int64) (float64, bool) {
	x := float64(i)
	return x, x < 1<<63 && int64(x) == i
}

// number is how one number of a NumPy type such as "<f8" is read, its size and byte order.
func number(descr string) (decoder, int, binary.ByteOrder, error) {
	refuse := func(what string) (decoder, int, binary.ByteOrder, error) {
		return nil, 0, nil, fmt.Errorf("its numbers are of type %s, %s; want bool, integers of 8 to 64 bits, or floats of 16, 32 or 64 bits", strconv.Quote(descr), what)
	}
	if len(descr) < 3 {
		return refuse("which is none of NumPy's")
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch descr[0] {
	case '<', '|', '=':
	case '>':
		order = binary.BigEndian
	default:
		return refuse("which is none of NumPy's")
	}
	switch descr[1:] {
	case "b1", "u1":
		return func(_ binary.ByteOrder, b []byte) (float64, bool) { return float64(b[0]), true }, 1, order, nil
	case "i1":
		return func(_ binary.ByteOrder, b []byte) (float64, bool) { return float64(int8(b[0])), true }, 1, order, nil
	case "u2":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return float64(o.Uint16(b)), true }, 2, order, nil
	case "i2":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return float64(int16(o.Uint16(b))), true }, 2, order, nil
	case "u4":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return float64(o.Uint32(b)), true }, 4, order, nil
	case "i4":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return float64(int32(o.Uint32(b))), true }, 4, order, nil
	case "u8":
		return func(o binary.ByteOrder, b []byte) (float64, bool) {
			u := o.Uint64(b)
			x := float64(u)
			return x, x < 1<<64 && uint64(x) == u
		}, 8, order, nil
	case "i8":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return exact(int64(o.Uint64(b))) }, 8, order, nil
	case "f2":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return half(o.Uint16(b)), true }, 2, order, nil
	case "f4":
		return func(o binary.ByteOrder, b []byte) (float64, bool) {
			return float64(math.Float32frombits(o.Uint32(b))), true
		}, 4, order, nil
	case "f8":
		return func(o binary.ByteOrder, b []byte) (float64, bool) { return math.Float64frombits(o.Uint64(b)), true }, 8, order, nil
	}
	switch descr[1] {
	case 'O':
		return refuse("Python objects")
	case 'c':
		return refuse("complex")
	case 'S', 'U', 'a':
		return refuse("text")
	case 'M', 'm':
		return refuse("dates or times")
	case 'V':
		return refuse("raw bytes")
	case 'f', 'g':
		return refuse("floats of an unusual size")
	}
	return refuse("which is none of NumPy's")
}

// half is a float of 16 bits.
func half(h uint16) float64 {
	sign, e, m := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 != 0 {
		sign = -1
	}
	switch e {
	case 0:
		return sign * math.Ldexp(m, -24)
	case 31:
		if m != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+m, e-25)
}

// header is what an NPY file says of its array.
type header struct {
	descr     string
	byColumns bool
	shape     []int
}

// parseHeader reads the literal of a Python dict, {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
func parseHeader(text string) (header, error) {
	var h header
	p := literal{rest: text}
	bad := func(want string) (header, error) {
		found := strings.TrimSpace(p.rest)
		if len(found) > 20 {
			found = found[:20] + "…"
		}
		return h, fmt.Errorf("its header is no dict of descr, fortran_order and shape: found %q; want %s", found, want)
	}
	if !p.take("{") {
		return bad("{")
	}
	seen := map[string]bool{}
	for !p.take("}") {
		key, ok := p.text()
		if !ok || !p.take(":") {
			return bad("a key in quotes and :")
		}
		if seen[key] {
			return h, fmt.Errorf("its header has %s twice: it is damaged; write it anew", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			if h.descr, ok = p.text(); !ok {
				if p.take("[") {
					return h, errors.New("it is an array of records; want an array of plain numbers: save its fields one by one")
				}
				return bad("a type in quotes")
			}
		case "fortran_order":
			switch {
			case p.take("True"):
				h.byColumns = true
			case p.take("False"):
			default:
				return bad("True or False")
			}
		case "shape":
			if !p.take("(") {
				return bad("a shape in parentheses")
			}
			for !p.take(")") {
				n, ok := p.integer()
				if !ok {
					return bad("a size")
				}
				if h.shape = append(h.shape, n); len(h.shape) > 32 {
					return h, errors.New("its shape has more than 32 axes: it is damaged; write it anew")
				}
				if !p.take(",") && !p.ahead(")") {
					return bad(", or )")
				}
			}
		default:
			return h, fmt.Errorf("its header has the key %q; want descr, fortran_order and shape", key)
		}
		if !p.take(",") && !p.ahead("}") {
			return bad(", or }")
		}
	}
	if strings.TrimSpace(p.rest) != "" {
		return bad("nothing more")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("its header lacks %s: it is damaged; write it anew", key)
		}
	}
	return h, nil
}

// literal reads the tokens of a Python literal.
type literal struct{ rest string }

func (p *literal) ahead(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	return strings.HasPrefix(p.rest, token)
}

func (p *literal) take(token string) bool {
	if !p.ahead(token) {
		return false
	}
	p.rest = p.rest[len(token):]
	return true
}

func (p *literal) text() (string, bool) {
	for _, quote := range []string{"'", `"`} {
		if !p.ahead(quote) {
			continue
		}
		s, rest, ok := strings.Cut(p.rest[1:], quote)
		if !ok || strings.Contains(s, `\`) {
			return "", false
		}
		p.rest = rest
		return s, true
	}
	return "", false
}

func (p *literal) integer() (int, bool) {
	p.ahead("")
	n := 0
	for n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9' {
		n++
	}
	x, err := strconv.Atoi(p.rest[:n])
	p.rest = p.rest[n:]
	p.rest = strings.TrimPrefix(p.rest, "L") // of Python 2
	return x, err == nil
}

// member reads an array of an archive by its name; without one, the only array that there is.
func (c *content) member(name string) (*array, error) {
	z, err := zip.NewReader(bytes.NewReader(c.bytes), int64(len(c.bytes)))
	if err != nil {
		return nil, fmt.Errorf("%s is no whole NPZ file (%w); write it anew with numpy.savez", c.Path, err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, strings.TrimSuffix(f.Name, ".npy"))
	}
	if name == "" {
		if len(names) != 1 {
			return nil, fmt.Errorf("%s is an archive of %d arrays; name one: it has %s", c.Path, len(names), headline(names))
		}
		name = names[0]
	}
	for i, f := range z.File {
		if names[i] != name {
			continue
		}
		where := c.Path + ": array " + name
		if f.UncompressedSize64 > largest {
			return nil, fmt.Errorf("%s has %d bytes, more than %d; use a smaller one", where, f.UncompressedSize64, int64(largest))
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s cannot be unpacked (%w); write it anew with numpy.savez", where, err)
		}
		b, err := io.ReadAll(io.LimitReader(r, largest+1))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%s is damaged (%w); write the file anew", where, err)
		}
		a, err := readNPY(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		return a, nil
	}
	return nil, fmt.Errorf("%s has no array %q%s", c.Path, name, offer(name, names))
}
