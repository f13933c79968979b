package spec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Marshal writes a tree as YAML in its own order: block style, with short lists and maps of scalars on one line.
// Scalars keep their text, numbers too. Reading the result gives an equal tree, for every tree that Parse or New made; in
// one made otherwise, unquoted text that would read as something else is written in quotes and comes back Quoted.
func Marshal(n *Node) []byte {
	w := &yamlWriter{}
	switch {
	case n.IsNull(), n.Kind == Scalar, len(n.Pairs)+len(n.Items) == 0:
		w.inline(n, false)
		w.b.WriteByte('\n')
	default:
		w.block(n, 0, false)
	}
	return w.b.Bytes()
}

// Inline writes a value on one line, as a label: `[3, 2, 1]`, `{name: loss, every: 5}`.
func Inline(n *Node) string {
	w := &yamlWriter{}
	w.inline(n, false)
	return w.b.String()
}

const (
	lineWidth = 100
	flowDepth = 2 // lists of lists of scalars fit on a line, deeper ones don't read well
)

type yamlWriter struct{ b bytes.Buffer }

// block writes a list or map over several lines. When begun, the first line already holds its indentation.
func (w *yamlWriter) block(n *Node, indent int, begun bool) {
	line := func() {
		if !begun {
			for range indent {
				w.b.WriteByte(' ')
			}
		}
		begun = false
	}
	for _, it := range n.Items {
		line()
		w.b.WriteString("- ")
		if flat, ok := flat(it, indent+2); ok {
			w.b.WriteString(flat)
			w.b.WriteByte('\n')
		} else {
			w.block(it, indent+2, true)
		}
	}
	for _, p := range n.Pairs {
		line()
		w.scalar(p.Key, false, false, true)
		w.b.WriteByte(':')
		if flat, ok := flat(p.Value, indent+len(p.Key)+2); ok {
			w.b.WriteByte(' ')
			w.b.WriteString(flat)
			w.b.WriteByte('\n')
		} else {
			w.b.WriteByte('\n')
			w.block(p.Value, indent+2, false)
		}
	}
}

// flat returns the one-line form of a value, if it has one that fits after column col. Scalars always have.
func flat(n *Node, col int) (string, bool) {
	if n.IsNull() || n.Kind == Scalar || len(n.Pairs)+len(n.Items) == 0 {
		return Inline(n), true
	}
	if !flowSafe(n, flowDepth) {
		return "", false
	}
	line := Inline(n)
	return line, col+utf8.RuneCountInString(line) <= lineWidth
}

// flowSafe says whether a value may stand in brackets: not too deep, and without ranges, whose commas need lines of
// their own to be plain YAML for other readers.
func flowSafe(n *Node, depth int) bool {
	switch {
	case n.Kind == Scalar:
		return n.Quoted || plain(n.Value, true) || !plain(n.Value, false)
	case n.Kind != Null && depth == 0:
		return false
	}
	return !slices.ContainsFunc(n.Pairs, func(p Pair) bool { return !flowSafe(p.Value, depth-1) }) &&
		!slices.ContainsFunc(n.Items, func(it *Node) bool { return !flowSafe(it, depth-1) })
}

// inline writes a value on the current line.
func (w *yamlWriter) inline(n *Node, flow bool) {
	switch {
	case n.IsNull():
		w.b.WriteString("null")
	case n.Kind == Scalar:
		w.scalar(n.Value, n.Quoted, flow, false)
	case n.Kind == Seq:
		w.b.WriteByte('[')
		for i, it := range n.Items {
			if i > 0 {
				w.b.WriteString(", ")
			}
			w.inline(it, true)
		}
		w.b.WriteByte(']')
	default:
		w.b.WriteByte('{')
		for i, p := range n.Pairs {
			if i > 0 {
				w.b.WriteString(", ")
			}
			w.scalar(p.Key, false, true, true)
			w.b.WriteString(": ")
			w.inline(p.Value, true)
		}
		w.b.WriteByte('}')
	}
}

func (w *yamlWriter) scalar(text string, quoted, flow, key bool) {
	null := isWord(text) && text != "true" && text != "false" // as a value it would be nothing; as a key it is text
	if !quoted && plain(text, flow || key) && (key || !null) {
		w.b.WriteString(text)
		return
	}
	w.b.WriteByte('"')
	for _, c := range strings.ToValidUTF8(text, "\ufffd") {
		switch {
		case c == '"' || c == '\\':
			w.b.WriteByte('\\')
			w.b.WriteRune(c)
		case c == '\n':
			w.b.WriteString(`\n`)
		case c == '\t':
			w.b.WriteString(`\t`)
		case c == ' ' || unicode.IsPrint(c):
			w.b.WriteRune(c)
		case c > 0xffff:
			w.b.WriteString(`\U` + hexDigits(c, 8))
		default:
			w.b.WriteString(`\u` + hexDigits(c, 4))
		}
	}
	w.b.WriteByte('"')
}

func hexDigits(c rune, digits int) string {
	s := strconv.FormatInt(int64(c), 16)
	return strings.Repeat("0", digits-len(s)) + s
}

// plain says whether text may be written without quotes and be read back as the same text, inside brackets (flow) or
// outside. It refuses some text that YAML would take: quotes never hurt.
func plain(text string, flow bool) bool {
	// The parser below takes any word that ends in << for a merge key where `: ` and a value follow.
	if text == "" || !utf8.ValidString(text) || strings.Contains(text, "<<") || strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		return false
	}
	first, last := text[0], text[len(text)-1]
	switch {
	case strings.IndexByte("?:,[]{}#&*!|>'\"%@`=~ ", first) >= 0:
		return false
	case first == '-' && (len(text) == 1 || strings.IndexByte(" -", text[1]) >= 0):
		return false
	case last == ':' || last == ' ':
		return false
	case strings.Contains(text, ": ") || strings.Contains(text, " #"):
		return false
	case strings.ContainsFunc(text, func(c rune) bool { return c != ' ' && !unicode.IsPrint(c) }):
		return false
	}
	if flow {
		return !strings.ContainsAny(text, ",[]{}:\"'") && strings.Count(text, "(") == strings.Count(text, ")")
	}
	return true
}

// JSON writes a tree as indented JSON in its own order. It is a valid spec again: scalars that are numbers become JSON
// numbers in one canonical form (`1e-4`, `0.0001` and `1E-4` alike; whole numbers exactly, up to 64 bits), true and
// false become booleans, all else text; infinities are the texts "inf" and "-inf".
func JSON(n *Node) []byte {
	compact := appendJSON(nil, n, func([]string) bool { return true }, nil)
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		panic("spec: JSON wrote what is not JSON: " + err.Error())
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Canonical writes a tree as JSON without spaces and with sorted keys, so that equal questions are equal bytes: neither
// spacing, comments, quotes, the spelling of numbers nor the order of settings counts. Where the order decides which
// result stands where it is kept: the whole of `sweep` and the names under `dynamics`, `events` and `answer`.
func Canonical(n *Node) []byte {
	return appendJSON(nil, n, func(path []string) bool {
		if len(path) == 0 {
			return false
		}
		switch path[0] {
		case "sweep":
			return true
		case "dynamics", "events", "answer":
			return len(path) == 1
		}
		return false
	}, nil)
}

// Hash is SHA-256 over Canonical, in hexadecimal.
func Hash(n *Node) string {
	sum := sha256.Sum256(Canonical(n))
	return hex.EncodeToString(sum[:])
}

// appendJSON writes a value; ordered says of a map's path whether it keeps its order.
func appendJSON(b []byte, n *Node, ordered func(path []string) bool, path []string) []byte {
	switch {
	case n.IsNull():
		return append(b, "null"...)
	case n.Kind == Scalar:
		return appendScalar(b, n)
	case n.Kind == Seq:
		b = append(b, '[')
		for i, it := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, it, ordered, append(path, ""))
		}
		return append(b, ']')
	}
	pairs := n.Pairs
	if !ordered(path) {
		pairs = slices.Clone(pairs)
		slices.SortStableFunc(pairs, func(p, q Pair) int { return cmp.Compare(p.Key, q.Key) })
	}
	b = append(b, '{')
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, p.Key)
		b = append(b, ':')
		b = appendJSON(b, p.Value, ordered, append(path, p.Key))
	}
	return append(b, '}')
}

func appendScalar(b []byte, n *Node) []byte {
	if _, ok := n.Bool(); ok {
		return append(b, n.Value...)
	}
	num, ok := n.number()
	switch {
	case !ok:
		return appendText(b, n.Value)
	case math.IsInf(num.Float, 1):
		return append(b, `"inf"`...)
	case math.IsInf(num.Float, -1):
		return append(b, `"-inf"`...)
	case num.Float == 0:
		return append(b, '0') // −0 too
	case num.Exact && num.Negative:
		return strconv.AppendUint(append(b, '-'), num.Size, 10)
	case num.Exact:
		return strconv.AppendUint(b, num.Size, 10)
	}
	// ECMAScript's shortest form, by which whole floats below 10²¹ are spelled as digits, like the whole numbers above
	text, err := json.Marshal(num.Float)
	if err != nil {
		panic("spec: a finite number that JSON cannot write: " + err.Error())
	}
	return append(b, text...)
}

func appendText(b []byte, text string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(strings.ToValidUTF8(text, "\ufffd")); err != nil {
		panic("spec: text that JSON cannot write: " + err.Error())
	}
	return append(b, bytes.TrimRight(out.Bytes(), "\n")...)
}
