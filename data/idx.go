package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// readIDX reads an array of the format of the MNIST files: two zeros, the type, the number of axes, their sizes as 32-bit
// integers, and the numbers by rows, all with the high byte first.
func readIDX(b []byte) (*array, error) {
	if len(b) < 4 || b[0] != 0 || b[1] != 0 {
		return nil, errors.New("not an IDX file: it does not begin with two zero bytes")
	}
	var size int
	var one func(b []byte) float64
	switch b[2] {
	case 0x08:
		size, one = 1, func(b []byte) float64 { return float64(b[0]) }
	case 0x09:
		size, one = 1, func(b []byte) float64 { return float64(int8(b[0])) }
	case 0x0B:
		size, one = 2, func(b []byte) float64 { return float64(int16(binary.BigEndian.Uint16(b))) }
	case 0x0C:
		size, one = 4, func(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) }
	case 0x0D:
		size, one = 4, func(b []byte) float64 { return float64(math.Float32frombits(binary.BigEndian.Uint32(b))) }
	case 0x0E:
		size, one = 8, func(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }
	default:
		return nil, fmt.Errorf("its type is 0x%02X; want 08 (ubyte), 09 (byte), 0B (short), 0C (int), 0D (float) or 0E (double)", b[2])
	}
	axes := int(b[3])
	if len(b) < 4+4*axes {
		return nil, fmt.Errorf("ends within the sizes of its %d axes: it is truncated; copy it anew", axes)
	}
	a := &array{shape: make([]int, axes)}
	for i := range axes {
		a.shape[i] = int(binary.BigEndian.Uint32(b[4+4*i:]))
	}
	b = b[4+4*axes:]
	n, err := volume(a.shape, size, len(b))
	if err != nil {
		return nil, err
	}
	a.values = make([]float64, n)
	for i := range a.values {
		a.values[i] = one(b[i*size:])
	}
	return a, nil
}
