package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The largest text that Parse takes. The parser below is quadratic in the number of keys of a block map and recurses
// with depth, so both are bounded before it starts: any text of these sizes is answered within seconds.
const (
	MaxBytes = 1 << 20 // of text
	MaxKeys  = 5_000   // `key:` entries
	MaxDepth = 64      // of lists and maps in each other
)

// Parse reads one spec: a single YAML document whose top is a map. It takes YAML 1.2 without tags, directives,
// anchors, aliases, merge keys and `? ` keys (`$path` says what an alias would, and names it), and adds one thing: in
// `{a: range(0, 3)}` and `[range(0, 3)]` the parentheses hold the commas together.
//
// All mistakes that can be told apart are reported: refused features, tabs, duplicate keys; after a syntax error, where
// the text cannot be read further, that one. With problems the tree is nil or what could be read of it. No text makes
// Parse panic or hang.
func Parse(file string, text []byte) (*Node, Problems) {
	root, problems := parse(file, text)
	if len(problems) == 0 && root.Kind != Map {
		if root.IsNull() {
			problems.Add(Problem{File: file, Line: 1, Found: "an empty spec", Want: "`key: value` lines, such as `model: {name: double-well}`"})
		} else {
			problems.Add(root.Problem("", "`key: value` lines at the top"))
		}
	}
	return root, problems
}

// parse is Parse without its demand for a map at the top.
func parse(file string, text []byte) (root *Node, problems Problems) {
	r := &reader{file: file, lines: 1}
	defer func() {
		if p := recover(); p != nil { // the library's mistake; its text is of no use to the reader of a spec
			r.problem(0, 0, "text that the YAML parser cannot digest", "plain YAML: simplify quotes, blocks and indentation")
			root, problems = nil, r.problems
		}
	}()
	src, ok := r.clean(text)
	if !ok {
		return nil, r.problems
	}
	tokens := lexer.Tokenize(src)
	if r.screen(tokens); len(r.problems) > 0 { // what clean found counts too: the tokens may tell more
		return nil, r.problems
	}
	// Duplicates are allowed to the parser because it would stop at the first; the reader reports all.
	doc, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil, r.problems
	}
	root = r.empty(1, 1)
	if len(doc.Docs) > 0 && doc.Docs[0].Body != nil {
		root = r.node(doc.Docs[0].Body, "")
	}
	return root, r.problems
}

// reader turns the library's tree into ours.
type reader struct {
	file     string
	lines    int
	problems Problems
}

func (r *reader) problem(line, col int, found, want string) {
	r.problems.Add(Problem{File: r.file, Line: min(line, r.lines), Col: col, Found: found, Want: want})
}

// clean checks what can be checked without grammar and returns the text with \n as its only line break; ok is false
// where it is no text to look at further.
func (r *reader) clean(text []byte) (src string, ok bool) {
	if len(text) > MaxBytes {
		r.problem(0, 0, fmt.Sprintf("a file of %d bytes", len(text)), fmt.Sprintf("at most %d; large inputs belong in data files", MaxBytes))
		return "", false
	}
	src = strings.TrimPrefix(string(text), "\ufeff")
	if !utf8.ValidString(src) {
		bad := 0
		for i, c := range src {
			if c == utf8.RuneError {
				if _, size := utf8.DecodeRuneInString(src[i:]); size == 1 {
					bad = i
					break
				}
			}
		}
		r.lines = 1 + strings.Count(src, "\n")
		r.problem(1+strings.Count(src[:bad], "\n"), 0, "bytes that are not UTF-8", "text saved as UTF-8")
		return "", false
	}
	src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(src, "\n")
	r.lines = len(lines)
	tabWork := 0 // the lexer looks from every tab in double quotes to the end of its line
	for i, line := range lines {
		if j := strings.IndexFunc(line, func(c rune) bool { return c < ' ' && c != '\t' }); j >= 0 {
			c, _ := utf8.DecodeRuneInString(line[j:])
			r.problem(i+1, j+1, fmt.Sprintf("the control character %U", c), `text; in double quotes it can be written as an escape such as "\u0007"`)
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if strings.Contains(indent, "\t") && len(indent) < len(line) && line[len(indent)] != '#' {
			r.problem(i+1, 1, "a tab in the indentation", "spaces")
		}
		tabWork += strings.Count(line, "\t") * len(line)
	}
	if tabWork > 1e7 {
		r.problem(0, 0, "too many tabs on long lines", "spaces")
		return "", false
	}
	return src, true
}

// screen refuses, on the tokens alone, what a spec may not use and what the parser may not see.
func (r *reader) screen(tokens token.Tokens) {
	var (
		columns []int // of the block lists and keys that are open
		flow    int   // brackets that are open
		keys    int
		content bool // something of the document has been seen
		percent bool // a directive has been seen, after which --- opens the first document
	)
	for i, tk := range tokens {
		line, col := tk.Position.Line, tk.Position.Column
		next := ""
		if i+1 < len(tokens) {
			next = shorten(tokens[i+1].Value)
		}
		block := 0 // the column of the block list or key that the token opens
		switch tk.Type {
		case token.AnchorType:
			r.problem(line, col, "the anchor &"+next, "no anchor: $path refers to another value by its path; text that begins with & needs quotes")
		case token.AliasType:
			r.problem(line, col, "the alias *"+next, "$path to refer to another value by its path; text or a path that begins with * needs quotes")
		case token.MergeKeyType:
			r.problem(line, col, "the merge key <<", "the keys themselves, written out")
		case token.TagType:
			r.problem(line, col, "the tag "+shorten(tk.Value), "no tag; text that begins with ! needs quotes")
		case token.DirectiveType:
			percent = true
			r.problem(line, col, "the directive %"+next, "no directive; text that begins with % needs quotes")
		case token.MappingKeyType:
			r.problem(line, col, "a `? ` key", "`key: value`; text that begins with ? needs quotes")
		case token.DocumentHeaderType:
			if content && !percent {
				r.problem(line, col, "a second document after ---", "one spec per file")
			}
			columns = columns[:0]
		case token.DocumentEndType:
			if i+1 < len(tokens) {
				r.problem(line, col, "more text after the end of the document ...", "one spec per file")
			}
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(flow-1, 0)
		case token.SequenceEntryType:
			block = col
		case token.MappingValueType:
			keys++
			if i > 0 {
				block = tokens[i-1].Position.Column
			}
		}
		if tk.Type != token.CommentType && tk.Type != token.DocumentHeaderType {
			content = true
		}
		if block > 0 && flow == 0 {
			for len(columns) > 0 && columns[len(columns)-1] >= block {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, block)
		}
		if len(columns)+flow > MaxDepth {
			r.problem(line, col, fmt.Sprintf("more than %d lists and maps in each other", MaxDepth), "fewer levels; are all brackets closed?")
			return
		}
		if keys > MaxKeys {
			r.problem(line, col, fmt.Sprintf("more than %d keys", MaxKeys), "fewer; large inputs belong in data files")
			return
		}
		if len(r.problems) > 100 {
			return
		}
	}
}

// syntax reports an error of the library in the words of someone who wrote a spec.
func (r *reader) syntax(err error) {
	var e interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &e) {
		r.problem(0, 0, "text that is not YAML: "+shorten(err.Error()), "`key: value` lines")
		return
	}
	line, col := 0, 0
	found := ""
	if tk := e.GetToken(); tk != nil && tk.Position != nil {
		line, col = tk.Position.Line, tk.Position.Column
		found = shorten(tk.Value)
	}
	message := e.GetMessage()
	if tk := e.GetToken(); strings.Contains(message, "mapping value is not allowed") {
		// Text over several lines that ends in a colon: the mistake is its last line.
		lines := strings.Split(strings.TrimSpace(tk.Origin), "\n")
		line += len(lines) - 1
		found = shorten(lines[len(lines)-1])
	}
	for _, known := range []struct{ part, found, want string }{
		{"mapping value is not allowed", "", "one `key: value`; text with a colon and a space in it needs quotes, and keys of one map the same indentation"},
		{"value is not allowed in this context", "", "a line that fits its indentation: keys of one map start in one column"},
		{"non-map value is specified", "", "`key: value`, as the lines above it"},
		{"unexpected key name", "", "`key: value`, with a space after the colon"},
		{"is a reserved character", "", "quotes around text that begins with @ or `"},
		{"',' or ']' must be specified", "", "`,` or `]` before it: a list is not closed"},
		{"sequence end token ']' not found", "an open [", "the ] that closes the list"},
		{"',' or '}' must be specified", "", "`,` or `}` before it: a map is not closed"},
		{"flow mapping end token '}'", "an open {", "the } that closes the map"},
		{"could not find flow map content", "", "`}` or `key: value`"},
		{"corresponding to ']'", "a ] that closes nothing", "a [ before it"},
		{"corresponding to '}'", "a } that closes nothing", "a { before it"},
		{"end character of double-quoted", `an open "`, `the " that closes the text`},
		{"end character of single-quoted", "an open '", "the ' that closes the text; write '' for an apostrophe inside"},
		{"unexpected scalar value type", "", "a value on either side of each comma"},
		{"expected sequence element", "", "a value on either side of each comma"},
		{"unknown escape character", `an unknown escape after a \ in double quotes`, `an escape that YAML has, as \n; or single quotes, which have none`},
		{"sequence entries are not allowed", "", "a list in brackets, or its dashes on the lines below"},
		{"cannot start any token", "", "spaces, not tabs"},
	} {
		if strings.Contains(message, known.part) {
			if known.found != "" {
				found = known.found
			}
			if found != "" {
				want := known.want
				if found == "[" {
					want = "quotes around it, or `.1` for `[1]` in a path: inside brackets a bracket opens a list"
				}
				r.problem(line, col, found, want)
				return
			}
		}
	}
	if found != "" {
		found += ": "
	}
	r.problem(line, col, found+"not YAML ("+shorten(message)+")", "`key: value` lines, or quotes around text with special characters")
}

func (r *reader) empty(line, col int) *Node {
	return &Node{File: r.file, Line: min(line, r.lines), Col: col}
}

// scalar makes a Scalar with the place of its token.
func (r *reader) scalar(tk *token.Token, text string, quoted bool) *Node {
	n := r.empty(tk.Position.Line, tk.Position.Column)
	n.Kind, n.Value, n.Quoted = Scalar, text, quoted || !plain(text, false)
	if !quoted && text != "" && strings.IndexByte("[]{},&*!|>%@`\"'#", text[0]) >= 0 { // the library takes some of these
		r.problems.Add(n.Mistake("", shorten(text), "quotes around text that begins with "+text[:1]+"; are all brackets in pairs?"))
	}
	if !quoted && isWord(text) && text != "true" && text != "false" {
		n.Kind, n.Value = Null, ""
	}
	return n
}

// node converts one value; path is its place for messages.
func (r *reader) node(n ast.Node, path string) *Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n, path)
	case *ast.SequenceNode:
		return r.sequence(n, path)
	case *ast.LiteralNode:
		return r.scalar(n.Start, n.Value.Value, true)
	case *ast.StringNode:
		quoted := n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		return r.scalar(n.Token, n.Value, quoted)
	case *ast.NullNode:
		return r.empty(n.Token.Position.Line, n.Token.Position.Column)
	case ast.ScalarNode:
		return r.scalar(n.GetToken(), n.GetToken().Value, false)
	}
	at := r.empty(0, 0)
	if tk := n.GetToken(); tk != nil {
		at = r.empty(tk.Position.Line, tk.Position.Column)
	}
	r.problems.Add(at.Mistake(path, "a YAML feature that specs do not use: "+n.Type().YAMLName(), "text, a number, a list or a map"))
	return at
}

func (r *reader) sequence(n *ast.SequenceNode, path string) *Node {
	s := r.empty(n.Start.Position.Line, n.Start.Position.Column)
	s.Kind, s.Items = Seq, make([]*Node, 0, len(n.Values))
	for i := 0; i < len(n.Values); i++ {
		it := r.node(n.Values[i], fmt.Sprintf("%s[%d]", path, len(s.Items)))
		if n.IsFlowStyle {
			i += r.join(it, path, func(k int) (string, bool) {
				if i+k >= len(n.Values) {
					return "", false
				}
				return plainText(n.Values[i+k])
			})
		}
		s.Items = append(s.Items, it)
	}
	return s
}

func (r *reader) mapping(n *ast.MappingNode, path string) *Node {
	m := r.empty(n.GetToken().Position.Line, n.GetToken().Position.Column)
	m.Kind, m.Pairs = Map, make([]Pair, 0, len(n.Values))
	if !n.IsFlowStyle && len(n.Values) > 0 { // a block map's token is its first colon
		if tk := n.Values[0].Key.GetToken(); tk != nil {
			m.Line, m.Col = min(tk.Position.Line, r.lines), tk.Position.Column
		}
	}
	seen := make(map[string]int, len(n.Values)) // key → line
	for i := 0; i < len(n.Values); i++ {
		pair := n.Values[i]
		tk := pair.Key.GetToken()
		p := Pair{Key: tk.Value, Line: min(tk.Position.Line, r.lines), Col: tk.Position.Column}
		at := join(path, p.Key)
		if _, isScalar := pair.Key.(ast.ScalarNode); !isScalar {
			r.problems.Add(Problem{File: r.file, Line: p.Line, Col: p.Col, Path: path, Found: "a key that is not text", Want: "text"})
			continue
		}
		if pair.Start != nil && pair.Start.Type != token.MappingValueType {
			r.problems.Add(Problem{File: r.file, Line: p.Line, Col: p.Col, Path: path, Found: shorten(p.Key) + " with no value", Want: shorten(p.Key) + ": VALUE, or quotes around text with commas"})
			continue
		}
		p.Value = r.node(pair.Value, at)
		if p.Value.Kind == Null && p.Value.Line == 0 {
			p.Value.Line, p.Value.Col = p.Line, p.Col
		}
		if n.IsFlowStyle {
			i += r.join(p.Value, at, func(k int) (string, bool) {
				if i+k >= len(n.Values) || n.Values[i+k].Start == nil || n.Values[i+k].Start.Type == token.MappingValueType {
					return "", false
				}
				return plainText(n.Values[i+k].Key)
			})
		}
		if line, twice := seen[p.Key]; twice {
			r.problems.Add(Problem{File: r.file, Line: p.Line, Col: p.Col, Path: at, Found: "this key a second time", Want: fmt.Sprintf("it once; it is on line %d too", line)})
			continue
		}
		seen[p.Key] = p.Line
		m.Pairs = append(m.Pairs, p)
	}
	return m
}

// join puts a call back together that YAML's brackets cut at its commas: `range(0` and `3)`. It returns how many of the
// pieces that follow belong to n.
func (r *reader) join(n *Node, path string, piece func(k int) (string, bool)) (taken int) {
	if n.Kind != Scalar || n.Quoted {
		return 0
	}
	parts := []string{n.Value}
	depth := strings.Count(n.Value, "(") - strings.Count(n.Value, ")")
	for depth > 0 {
		text, ok := piece(len(parts))
		if !ok {
			r.problems.Add(n.Mistake(path, shorten(strings.Join(parts, ", ")), "the ) that closes the ("))
			return len(parts) - 1
		}
		parts = append(parts, text)
		depth += strings.Count(text, "(") - strings.Count(text, ")")
	}
	n.Value = strings.Join(parts, ", ")
	n.Quoted = !plain(n.Value, false) // a piece may be what no plain text holds
	return len(parts) - 1
}

// plainText returns the text of an unquoted scalar.
func plainText(n ast.Node) (string, bool) {
	s, ok := n.(ast.ScalarNode)
	if !ok {
		return "", false
	}
	switch s.(type) {
	case *ast.LiteralNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "", false
	}
	tk := s.GetToken()
	if slices.Contains([]token.Type{token.SingleQuoteType, token.DoubleQuoteType, token.ImplicitNullType}, tk.Type) {
		return "", false
	}
	return tk.Value, true
}
