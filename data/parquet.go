package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Parquet is read here and not by the library that writes the tables of runs, because a file of somebody else's may lie:
// what is made of it here is bounded by its own size, and a page of it by what it may unpack to.

// Physical types.
const (
	typeBool   = 0
	typeInt32  = 1
	typeInt64  = 2
	typeFloat  = 4
	typeDouble = 5
	typeFixed  = 7
)

// Encodings of values.
const (
	encodingPlain           = 0
	encodingPlainDictionary = 2
	encodingRLE             = 3
	encodingDelta           = 5
	encodingDictionary      = 8
	encodingByteStreamSplit = 9
)

// leaf is a column of a Parquet file.
type leaf struct {
	name     string
	index    int // among the chunks of a row group
	kind     int64
	size     int // bytes of one value, 0 of a bit
	optional bool
	unsigned bool
	refused  string // why it cannot be read, "" where it can
}

// null is the NaN that stands for a null: no file's numbers have its payload, but for one that means to.
var null = math.Float64frombits(0x7ff8_6e75_6c6c_0000)

func isNull(x float64) bool { return math.Float64bits(x) == math.Float64bits(null) }

var errParquet = errors.New("the file is damaged; write it anew")

// readParquet reads the columns that choose takes.
func readParquet(b []byte, path string, t *table, choose func(*table) error) error {
	if len(b) < 12 || string(b[len(b)-4:]) != "PAR1" || string(b[:4]) != "PAR1" {
		if len(b) >= 4 && (string(b[:4]) == "PARE" || string(b[len(b)-4:]) == "PARE") {
			return fmt.Errorf("%s is an encrypted Parquet file; write it without encryption", path)
		}
		return fmt.Errorf("%s begins as a Parquet file and does not end as one: it is truncated; write it anew", path)
	}
	size := uint64(binary.LittleEndian.Uint32(b[len(b)-8:]))
	if size > uint64(len(b)-12) {
		return fmt.Errorf("%s: its footer claims %d bytes of %d; %w", path, size, len(b), errParquet)
	}
	meta, _, err := readRecord(b[len(b)-8-int(size) : len(b)-8])
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	leaves, err := schema(meta.list(2))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, l := range leaves {
		t.header = append(t.header, l.name)
	}
	if err := choose(t); err != nil {
		return err
	}
	for _, j := range t.used {
		if l := leaves[j]; l.refused != "" {
			return fmt.Errorf("%s: column %s %s; want flat columns of truth values, integers or floats", path, l.name, l.refused)
		}
	}
	r := &parquetReader{b: b}
	defer r.close()
	columns := make([][]float64, len(t.used))
	row := make([]float64, len(t.used))
	before := 0
	for g, group := range meta.list(4) {
		group, _ := group.(record)
		chunks, n := group.list(1), group.int(3)
		if n < 0 || n > int64(most/max(1, len(t.used))-before) {
			return fmt.Errorf("%s: row group %d has %d rows: more than %d numbers (1 GiB) in %d columns; use fewer rows or columns", path, g, n, most, len(t.used))
		}
		for i, j := range t.used {
			chunk := record{}
			if leaves[j].index < len(chunks) {
				chunk, _ = chunks[leaves[j].index].(record)
			}
			if columns[i], err = r.chunk(columns[i][:0], chunk, leaves[j], int(n)); err != nil {
				return fmt.Errorf("%s: row group %d, column %s: %w", path, g, leaves[j].name, err)
			}
		}
		for k := range int(n) {
			whole := true
			for i := range row {
				row[i] = columns[i][k]
				what := ""
				switch x := row[i]; {
				case isNull(x):
					what = "a null"
				case math.IsNaN(x):
					what = "NaN"
				case math.IsInf(x, 0):
					return fmt.Errorf("%s: row %d: column %s: found %g; want a finite number", path, before+k+1, t.header[t.used[i]], x)
				}
				if what != "" && !t.drop {
					return fmt.Errorf("%s: row %d: column %s: found %s; fill it in, or drop such rows with missing: drop", path, before+k+1, t.header[t.used[i]], what)
				}
				whole = whole && what == ""
			}
			if !whole {
				t.dropped++
				continue
			}
			if err := t.add(row); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		before += int(n)
	}
	return nil
}

// schema lists the columns of a file. Its elements are a tree, written depth first.
func schema(elements []any) ([]leaf, error) {
	if len(elements) == 0 {
		return nil, fmt.Errorf("it has no columns; %w", errParquet)
	}
	var leaves []leaf
	next := 0
	var walk func(prefix string, depth int) error
	walk = func(prefix string, depth int) error {
		if next >= len(elements) || depth > 32 {
			return fmt.Errorf("its columns are no tree; %w", errParquet)
		}
		e, _ := elements[next].(record)
		next++
		name := e.text(4)
		if depth > 1 {
			name = prefix + "." + name
		}
		if children := e.int(5); depth == 0 || children > 0 {
			if children > int64(len(elements)) {
				return fmt.Errorf("its columns are no tree; %w", errParquet)
			}
			for range children {
				if err := walk(name, depth+1); err != nil {
					return err
				}
			}
			return nil
		}
		l := leaf{name: name, index: len(leaves), kind: e.int(1), optional: e.int(3) == 1}
		l.describe(e)
		if depth > 1 || e.int(3) == 2 {
			l.refused = "is nested or repeated"
		}
		leaves = append(leaves, l)
		return nil
	}
	if err := walk("", 0); err != nil {
		return nil, err
	}
	return leaves, nil
}

// describe says how the values of a column are read, or why not.
func (l *leaf) describe(e record) {
	logical := e.record(10)
	for field, what := range map[int]string{1: "is text", 4: "is text", 5: "holds decimals", 6: "holds dates", 7: "holds times", 8: "holds dates and times", 12: "is text", 13: "is binary", 14: "holds identifiers"} {
		if logical.has(field) {
			l.refused = what
			return
		}
	}
	if e.has(6) && logical == nil {
		switch c := e.int(6); {
		case c == 5:
			l.refused = "holds decimals"
		case c >= 6 && c <= 10 || c == 21:
			l.refused = "holds dates or times"
		case c < 11 || c > 18:
			l.refused = "is text"
		}
		l.unsigned = e.int(6) >= 11 && e.int(6) <= 14
	}
	if i := logical.record(10); i != nil {
		signed, ok := i[2].(bool)
		l.unsigned = ok && !signed
	}
	if l.refused != "" {
		return
	}
	switch l.kind {
	case typeBool:
	case typeInt32, typeFloat:
		l.size = 4
	case typeInt64, typeDouble:
		l.size = 8
	case typeFixed:
		if l.size = 2; !logical.has(15) || e.int(2) != 2 {
			l.refused = "is binary"
		}
	default:
		l.refused = "is text or binary"
	}
}

// number turns the bits of a value into a number.
func (l *leaf) number(u uint64) (float64, error) {
	ok := true
	var x float64
	switch l.kind {
	case typeBool:
		x = float64(u & 1)
	case typeInt32:
		if x = float64(int32(u)); l.unsigned {
			x = float64(uint32(u))
		}
	case typeInt64:
		if x, ok = exact(int64(u)); l.unsigned {
			x = float64(u)
			ok = x < 1<<64 && uint64(x) == u
		}
	case typeFloat:
		x = float64(math.Float32frombits(uint32(u)))
	case typeDouble:
		x = math.Float64frombits(u)
	case typeFixed:
		x = half(uint16(u))
	}
	if !ok {
		return 0, fmt.Errorf("it holds an integer that no float64 holds; write smaller ones, or floats")
	}
	return x, nil
}

// parquetReader reads column chunks.
type parquetReader struct {
	b    []byte
	zstd *zstd.Decoder
}

func (r *parquetReader) close() {
	if r.zstd != nil {
		r.zstd.Close()
	}
}

// chunk appends the n values of a column in a row group; nulls are the NaN null.
func (r *parquetReader) chunk(dst []float64, chunk record, l leaf, n int) ([]float64, error) {
	meta := chunk.record(3)
	switch {
	case chunk.text(1) != "":
		return nil, fmt.Errorf("it is in another file, %q; write one file", chunk.text(1))
	case chunk.has(8):
		return nil, errors.New("it is encrypted; write it without encryption")
	case meta == nil || meta.int(1) != l.kind || meta.int(5) != int64(n):
		return nil, errParquet
	}
	from, size := meta.int(9), meta.int(7)
	if d := meta.int(11); d > 0 && d < from {
		from = d
	}
	if from < 4 || size < 0 || from > int64(len(r.b)) || size > int64(len(r.b))-from {
		return nil, errParquet
	}
	rest := r.b[from : from+size]
	var dictionary []float64
	for len(dst) < n {
		h, taken, err := readRecord(rest)
		if err != nil {
			return nil, errParquet
		}
		rest = rest[taken:]
		packed, unpacked := h.int(3), h.int(2)
		if packed < 0 || unpacked < 0 || packed > int64(len(rest)) || unpacked > max(64<<20, packed<<10) {
			return nil, fmt.Errorf("a page of %d bytes claims to unpack to %d; %w", packed, unpacked, errParquet)
		}
		body := rest[:packed]
		rest = rest[packed:]
		if h.has(4) && crc32.ChecksumIEEE(body) != uint32(h.int(4)) {
			return nil, fmt.Errorf("a page does not have its checksum; %w", errParquet)
		}
		switch h.int(1) {
		case 0: // a data page of version 1
			p := h.record(5)
			if body, err = r.unpack(meta.int(4), body, int(unpacked)); err != nil {
				return nil, err
			}
			dst, err = l.page(dst, body, nil, p.int(1), p.int(2), n, dictionary)
		case 1: // an index
		case 2:
			p := h.record(7)
			if body, err = r.unpack(meta.int(4), body, int(unpacked)); err != nil {
				return nil, err
			}
			if e := p.int(2); dictionary != nil || e != encodingPlain && e != encodingPlainDictionary {
				return nil, errParquet
			}
			dictionary, err = l.plain(make([]float64, 0, min(len(body), int(max(0, min(p.int(1), most))))), body, p.int(1))
		case 3: // a data page of version 2: levels are not compressed
			p := h.record(8)
			repeats, levels := p.int(6), p.int(5)
			if repeats != 0 || levels < 0 || levels > int64(len(body)) {
				return nil, errParquet
			}
			level := body[:levels:levels]
			body = body[levels:]
			if compressed, ok := p[7].(bool); !ok || compressed {
				if body, err = r.unpack(meta.int(4), body, int(max(0, unpacked-levels))); err != nil {
					return nil, err
				}
			}
			dst, err = l.page(dst, body, level, p.int(1), p.int(4), n, dictionary)
		default:
			return nil, errParquet
		}
		if err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// page appends the values of a data page. level are its definition levels, nil where they are before the values.
func (l *leaf) page(dst []float64, body, level []byte, count, encoding int64, n int, dictionary []float64) ([]float64, error) {
	if count < 0 || count > int64(n-len(dst)) {
		return nil, errParquet
	}
	if !l.optional {
		return l.values(dst, body, count, encoding, dictionary)
	}
	if level == nil {
		var err error
		if level, body, err = prefixed(body); err != nil {
			return nil, err
		}
	}
	var runs []int64 // of nulls and of values, in turn
	there := int64(0)
	err := hybrid(level, 1, count, func(v uint64, n int64) error {
		if v > 1 {
			return errParquet
		}
		for len(runs) == 0 || (len(runs)-1)%2 != int(v) {
			runs = append(runs, 0)
		}
		runs[len(runs)-1] += n
		if v == 1 {
			there += n
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	values, err := l.values(nil, body, there, encoding, dictionary)
	if err != nil {
		return nil, err
	}
	for i, run := range runs {
		if i%2 == 1 {
			dst = append(dst, values[:run]...)
			values = values[run:]
			continue
		}
		for range run {
			dst = append(dst, null)
		}
	}
	return dst, nil
}

// values appends count values.
func (l *leaf) values(dst []float64, b []byte, count, encoding int64, dictionary []float64) ([]float64, error) {
	if count == 0 {
		return dst, nil
	}
	put := func(u uint64, n int64) error {
		x, err := l.number(u)
		for range n {
			dst = append(dst, x)
		}
		return err
	}
	var err error
	switch {
	case encoding == encodingPlain:
		return l.plain(dst, b, count)
	case encoding == encodingDictionary || encoding == encodingPlainDictionary:
		if len(b) == 0 || b[0] > 32 {
			return nil, errParquet
		}
		err = hybrid(b[1:], int(b[0]), count, func(u uint64, n int64) error {
			if u >= uint64(len(dictionary)) {
				return errParquet
			}
			for range n {
				dst = append(dst, dictionary[u])
			}
			return nil
		})
	case encoding == encodingRLE && l.kind == typeBool:
		if b, _, err = prefixed(b); err == nil {
			err = hybrid(b, 1, count, put)
		}
	case encoding == encodingDelta && (l.kind == typeInt32 || l.kind == typeInt64):
		err = deltas(b, count, func(u uint64) error { return put(u, 1) })
	case encoding == encodingByteStreamSplit && l.size > 0:
		if int64(len(b)) != count*int64(l.size) {
			return nil, errParquet
		}
		for i := range int(count) {
			u := uint64(0)
			for k := range l.size {
				u |= uint64(b[k*int(count)+i]) << (8 * k)
			}
			if err := put(u, 1); err != nil {
				return nil, err
			}
		}
	default:
		err = fmt.Errorf("its values have encoding %d; write them plain, by dictionary, as deltas or as split byte streams", encoding)
	}
	return dst, err
}

// plain appends count values that stand one after another.
func (l *leaf) plain(dst []float64, b []byte, count int64) ([]float64, error) {
	if count < 0 || l.size == 0 && count > 8*int64(len(b)) || l.size > 0 && count > int64(len(b)/l.size) {
		return nil, errParquet
	}
	for i := range int(count) {
		var u uint64
		switch l.size {
		case 0:
			u = uint64(b[i/8] >> (i % 8))
		case 2:
			u = uint64(binary.LittleEndian.Uint16(b[2*i:]))
		case 4:
			u = uint64(binary.LittleEndian.Uint32(b[4*i:]))
		default:
			u = binary.LittleEndian.Uint64(b[8*i:])
		}
		x, err := l.number(u)
		if err != nil {
			return nil, err
		}
		dst = append(dst, x)
	}
	return dst, nil
}

// prefixed splits off a part that is preceded by its length.
func prefixed(b []byte) (part, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errParquet
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > uint64(len(b)-4) {
		return nil, nil, errParquet
	}
	return b[4 : 4+n : 4+n], b[4+n:], nil
}

// hybrid reads count numbers of so many bits, in runs of one value or packed by eights.
func hybrid(b []byte, width int, count int64, emit func(u uint64, n int64) error) error {
	for count > 0 {
		h, k := binary.Uvarint(b)
		if k <= 0 || h>>1 == 0 {
			return errParquet
		}
		b = b[k:]
		if h&1 == 0 {
			size := (width + 7) / 8
			if len(b) < size {
				return errParquet
			}
			u := uint64(0)
			for i := range size {
				u |= uint64(b[i]) << (8 * i)
			}
			b = b[size:]
			n := int64(min(h>>1, uint64(count)))
			if err := emit(u, n); err != nil {
				return err
			}
			count -= n
			continue
		}
		if width > 0 && h>>1 > uint64(len(b)/width) {
			return errParquet
		}
		n := int64(min(h>>1, uint64(count+7)/8)) * 8
		for i := range min(n, count) {
			if err := emit(packedBits(b, int(i)*width, width), 1); err != nil {
				return err
			}
		}
		count -= min(n, count)
		if width > 0 {
			b = b[int(h>>1)*width:]
		}
	}
	return nil
}

// packedBits is a number of width bits from a position on, the low bits first.
func packedBits(b []byte, at, width int) uint64 {
	u := uint64(0)
	for got := 0; got < width; {
		bit := at + got
		take := min(8-bit%8, width-got)
		u |= uint64(b[bit/8]>>(bit%8)&(1<<take-1)) << got
		got += take
	}
	return u
}

// deltas reads count integers by their differences, in blocks of which each part has its own number of bits.
func deltas(b []byte, count int64, emit func(u uint64) error) error {
	head := func() uint64 {
		u, k := binary.Uvarint(b)
		if k <= 0 {
			b = nil
			return 0
		}
		b = b[k:]
		return u
	}
	zigzag := func(u uint64) uint64 { return u>>1 ^ -(u & 1) }
	block, parts, total := head(), head(), head()
	if b == nil || block == 0 || block > 1<<20 || parts == 0 || parts > block || block%parts != 0 || block/parts%8 != 0 || total != uint64(count) {
		return errParquet
	}
	each := int(block / parts)
	if len(b) == 0 {
		return errParquet
	}
	x := zigzag(head())
	if err := emit(x); err != nil {
		return err
	}
	for count--; count > 0; {
		if len(b) == 0 {
			return errParquet
		}
		least := zigzag(head())
		if uint64(len(b)) < parts {
			return errParquet
		}
		widths := b[:parts]
		b = b[parts:]
		for _, w := range widths {
			if count == 0 {
				break
			}
			width := int(w)
			if width > 64 || len(b) < each*width/8 {
				return errParquet
			}
			for i := range min(int64(each), count) {
				x += least + packedBits(b, int(i)*width, width)
				if err := emit(x); err != nil {
					return err
				}
			}
			b = b[each*width/8:]
			count -= min(int64(each), count)
		}
	}
	return nil
}

// unpack decompresses a page to exactly size bytes.
func (r *parquetReader) unpack(codec int64, b []byte, size int) (out []byte, err error) {
	stream := func(from io.Reader, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(from, int64(size)+1))
	}
	switch codec {
	case 0:
		out = b
	case 1:
		var n int
		if n, err = snappy.DecodedLen(b); err == nil && n == size {
			out, err = snappy.Decode(nil, b)
		}
	case 2:
		var z *gzip.Reader
		z, err = gzip.NewReader(bytes.NewReader(b))
		out, err = stream(z, err)
	case 4:
		out, err = stream(brotli.NewReader(bytes.NewReader(b)), nil)
	case 6:
		if r.zstd == nil {
			if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30)); err != nil {
				return nil, err
			}
		}
		var h zstd.Header
		if err = h.Decode(b); err == nil && (!h.HasFCS || h.FrameContentSize <= uint64(size)) {
			out, err = r.zstd.DecodeAll(b, make([]byte, 0, size))
		}
	case 7:
		out = make([]byte, size)
		var n int
		n, err = lz4.UncompressBlock(b, out)
		out = out[:max(0, n)]
	default:
		return nil, fmt.Errorf("it is compressed by codec %d; use snappy, gzip, zstd, brotli or LZ4_RAW", codec)
	}
	if err != nil || len(out) != size {
		why := ""
		if err != nil {
			why = " (" + strings.TrimSpace(err.Error()) + ")"
		}
		return nil, fmt.Errorf("a page does not unpack%s; %w", why, errParquet)
	}
	return out, nil
}
