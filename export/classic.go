package export

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode"
)

// The types of netCDF classic.
const (
	ncByte   = 1
	ncChar   = 2
	ncInt    = 4
	ncDouble = 6
)

// ncDim is a dimension.
type ncDim struct {
	name string
	size int64
}

// ncAttr is an attribute: a string, a float64 or an int32.
type ncAttr struct {
	name  string
	value any
}

// ncVar is a variable of fixed size.
type ncVar struct {
	name  string
	kind  int
	dims  []int
	attrs []ncAttr
	begin int64 // where its values start in the file
}

// classic is a netCDF file in the making: its header. Version 1 has offsets of 32 bits, version 2 (64-bit offset) files of
// any size with variables below 4 GiB, version 5 (64-bit data) variables of any size.
//
// Source: the NetCDF Classic Format Specification; CDF-5 Format Specification.
type classic struct {
	dims    []ncDim
	attrs   []ncAttr
	vars    []*ncVar
	version int
	taken   map[string]bool
}

// largest is the size from which a variable needs version 5.
const largest = 1<<32 - 4

// dim adds a dimension.
func (c *classic) dim(name string, size int) int {
	c.dims = append(c.dims, ncDim{c.free("dim ", name), int64(size)})
	return len(c.dims) - 1
}

// width is the dimension of texts of so many bytes.
func (c *classic) width(n int) int {
	name := fmt.Sprintf("string%d", n)
	for i, d := range c.dims {
		if d.name == name {
			return i
		}
	}
	return c.dim(name, n)
}

func (c *classic) variable(name string, kind int, dims []int, attrs ...ncAttr) *ncVar {
	legal := c.free("var ", name)
	if legal != name {
		attrs = append(attrs, ncAttr{"name", name})
	}
	v := &ncVar{name: legal, kind: kind, dims: dims, attrs: attrs}
	c.vars = append(c.vars, v)
	return v
}

// free is a name as the format has it, that is not taken: it starts with a letter, a digit or _, and holds no slash and no
// control character.
func (c *classic) free(space, name string) string {
	name = strings.TrimRight(strings.Map(func(r rune) rune {
		if r == '/' || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, name), " ")
	if name == "" || name[0] < 0x80 && name[0] != '_' && !unicode.IsLetter(rune(name[0])) && !unicode.IsDigit(rune(name[0])) {
		name = "_" + name
	}
	if c.taken == nil {
		c.taken = map[string]bool{}
	}
	for c.taken[space+name] {
		name += "_"
	}
	c.taken[space+name] = true
	return name
}

func (c *classic) size(v *ncVar) int64 {
	n := int64(map[int]int{ncByte: 1, ncChar: 1, ncInt: 4, ncDouble: 8}[v.kind])
	for _, d := range v.dims {
		n *= c.dims[d].size
	}
	return n
}

// padded is a size up to the next multiple of 4.
func padded(n int64) int64 { return (n + 3) &^ 3 }

// lay chooses the version, places the variables, and returns the header and the size of the file.
func (c *classic) lay() (header []byte, size int64) {
	c.version = max(c.version, 2)
	for _, v := range c.vars {
		if c.size(v) > largest {
			c.version = 5
		}
	}
	at := int64(len(c.header())) // of the same length whatever the offsets are
	for _, v := range c.vars {
		v.begin = at
		at += padded(c.size(v))
	}
	return c.header(), at
}

func (c *classic) header() []byte {
	h := &ncHeader{wide: c.version == 5}
	h.b = append(h.b, 'C', 'D', 'F', byte(c.version))
	h.count(0) // records
	if len(c.dims) == 0 {
		h.absent()
	} else {
		h.list(0x0a, len(c.dims))
		for _, d := range c.dims {
			h.name(d.name)
			h.count(d.size)
		}
	}
	h.attributes(c.attrs)
	if len(c.vars) == 0 {
		h.absent()
		return h.b
	}
	h.list(0x0b, len(c.vars))
	for _, v := range c.vars {
		h.name(v.name)
		h.count(int64(len(v.dims)))
		for _, d := range v.dims {
			h.count(int64(d))
		}
		h.attributes(v.attrs)
		h.int(int32(v.kind))
		h.count(padded(c.size(v)))
		h.b = binary.BigEndian.AppendUint64(h.b, uint64(v.begin))
	}
	return h.b
}

// ncHeader writes the parts of a header, big-endian.
type ncHeader struct {
	b    []byte
	wide bool // counts have 64 bits
}

func (h *ncHeader) int(i int32) { h.b = binary.BigEndian.AppendUint32(h.b, uint32(i)) }

func (h *ncHeader) count(n int64) {
	if h.wide {
		h.b = binary.BigEndian.AppendUint64(h.b, uint64(n))
		return
	}
	h.b = binary.BigEndian.AppendUint32(h.b, uint32(n))
}

func (h *ncHeader) list(tag int32, n int) {
	h.int(tag)
	h.count(int64(n))
}

func (h *ncHeader) absent() { h.list(0, 0) }

func (h *ncHeader) name(s string) {
	h.count(int64(len(s)))
	h.bytes(s)
}

// bytes appends text with zeros up to a multiple of 4.
func (h *ncHeader) bytes(s string) {
	h.b = append(h.b, s...)
	for range padded(int64(len(s))) - int64(len(s)) {
		h.b = append(h.b, 0)
	}
}

func (h *ncHeader) attributes(attrs []ncAttr) {
	if len(attrs) == 0 {
		h.absent()
		return
	}
	h.list(0x0c, len(attrs))
	for _, a := range attrs {
		h.name(a.name)
		switch v := a.value.(type) {
		case string:
			h.int(ncChar)
			h.count(int64(len(v)))
			h.bytes(v)
		case float64:
			h.int(ncDouble)
			h.count(1)
			h.b = binary.BigEndian.AppendUint64(h.b, math.Float64bits(v))
		case int32:
			h.int(ncInt)
			h.count(1)
			h.int(v)
		case int8:
			h.int(ncByte)
			h.count(1)
			h.b = append(h.b, byte(v), 0, 0, 0)
		default:
			panic(fmt.Sprintf("attribute %s of type %T", a.name, a.value))
		}
	}
}
