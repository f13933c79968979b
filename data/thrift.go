package data

import (
	"encoding/binary"
	"errors"
	"math"
)

// record is a Thrift struct by the numbers of its fields. Values are int64, float64, bool, []byte, []any or record.
type record map[int]any

// compact reads Thrift's compact protocol, in which Parquet writes what it says of itself. It never makes more of a list
// or a text than bytes are left for.
type compact struct {
	b     []byte
	depth int
	left  int // values that may still be made, so that lists of nothing end
}

var errThrift = errors.New("its description of itself is damaged; write it anew")

// readRecord reads a struct, and returns how many bytes it took.
func readRecord(b []byte) (r record, n int, err error) {
	c := &compact{b: b, left: 4*len(b) + 64}
	r, err = c.record()
	return r, len(b) - len(c.b), err
}

func (c *compact) byte() (byte, error) {
	if len(c.b) == 0 {
		return 0, errThrift
	}
	x := c.b[0]
	c.b = c.b[1:]
	return x, nil
}

func (c *compact) varint() (uint64, error) {
	x, n := binary.Uvarint(c.b)
	if n <= 0 {
		return 0, errThrift
	}
	c.b = c.b[n:]
	return x, nil
}

func (c *compact) integer() (int64, error) {
	u, err := c.varint()
	return int64(u>>1) ^ -int64(u&1), err
}

func (c *compact) length() (int, error) {
	n, err := c.varint()
	if err != nil || n > uint64(len(c.b)) {
		return 0, errThrift
	}
	return int(n), nil
}

func (c *compact) record() (record, error) {
	if c.depth++; c.depth > 32 {
		return nil, errThrift
	}
	defer func() { c.depth-- }()
	r := record{}
	last := int64(0)
	for {
		h, err := c.byte()
		if err != nil {
			return nil, err
		}
		if h == 0 {
			return r, nil
		}
		if delta := int64(h >> 4); delta != 0 {
			last += delta
		} else if last, err = c.integer(); err != nil {
			return nil, err
		}
		v, err := c.value(h&15, false)
		if err != nil {
			return nil, err
		}
		if last >= 0 && last < 1<<15 {
			r[int(last)] = v
		}
	}
}

// value reads a value of a type. In lists truth values are bytes, and in fields the type itself.
func (c *compact) value(kind byte, listed bool) (any, error) {
	if c.left--; c.left < 0 {
		return nil, errThrift
	}
	switch kind {
	case 1, 2:
		if !listed {
			return kind == 1, nil
		}
		b, err := c.byte()
		return b == 1, err
	case 3:
		b, err := c.byte()
		return int64(int8(b)), err
	case 4, 5, 6:
		return c.integer()
	case 7:
		if len(c.b) < 8 {
			return nil, errThrift
		}
		x := math.Float64frombits(binary.LittleEndian.Uint64(c.b))
		c.b = c.b[8:]
		return x, nil
	case 8:
		n, err := c.length()
		if err != nil {
			return nil, err
		}
		s := c.b[:n:n]
		c.b = c.b[n:]
		return s, nil
	case 9, 10:
		if c.depth++; c.depth > 32 {
			return nil, errThrift
		}
		defer func() { c.depth-- }()
		h, err := c.byte()
		if err != nil {
			return nil, err
		}
		n := int(h >> 4)
		if n == 15 {
			if n, err = c.length(); err != nil {
				return nil, err
			}
		}
		if n > len(c.b) { // every element takes a byte at least
			return nil, errThrift
		}
		list := make([]any, n)
		for i := range list {
			if list[i], err = c.value(h&15, true); err != nil {
				return nil, err
			}
		}
		return list, nil
	case 12:
		return c.record()
	}
	return nil, errThrift // maps: Parquet has none
}

// The fields of a record, zero where they are missing or of another type.

func (r record) int(field int) int64 {
	x, _ := r[field].(int64)
	return x
}

func (r record) text(field int) string {
	x, _ := r[field].([]byte)
	return string(x)
}

func (r record) list(field int) []any {
	x, _ := r[field].([]any)
	return x
}

func (r record) record(field int) record {
	x, _ := r[field].(record)
	return x
}

func (r record) has(field int) bool {
	_, ok := r[field]
	return ok
}
