// Package papers holds the literature: the sources that theories and claims cite, and how far each was read.
//
// What belongs here: sources.bib and one file of claims per paper, which are data, and what reads them. What does not: the
// formulas (package theory) and anything that runs.
package papers

import (
	_ "embed"
	"fmt"
	"sort"
	"strings"
)

//go:embed sources.bib
var bib string

// Source is an entry of a BibTeX file.
type Source struct {
	Key   string
	Type  string            // article, inproceedings, misc, …
	Field map[string]string // by lower-case name, braces and line breaks removed
}

// Standing says how far a source was read for this project.
type Standing string

const (
	Read     Standing = "read"     // the text or the authors' code, as far as it is used here
	Restated Standing = "restated" // somebody else's detailed restatement of it
	Abstract Standing = "abstract" // its abstract or first pages
	Memory   Standing = "memory"   // not opened: the statement is common knowledge, and was derived or computed here
	Own      Standing = "own"      // derived in this project
)

// Standing returns the entry's field of that name.
func (s Source) Standing() Standing { return Standing(s.Field["standing"]) }

// Cite returns the words to print beside a number: "Kramers 1940", led by "after" where the paper's own text was not read,
// as the statement then is what this project derived or computed, not a quotation.
func (s Source) Cite() string {
	if s.Standing() == Own {
		return "derived here"
	}
	authors := strings.Split(s.Field["author"], " and ")
	for i, a := range authors {
		authors[i], _, _ = strings.Cut(a, ",")
	}
	cite := authors[0]
	switch n := len(authors); {
	case n == 2:
		cite += " & " + authors[1]
	case n == 3:
		cite += ", " + authors[1] + " & " + authors[2]
	case n > 3:
		cite += " et al."
	}
	cite += " " + s.Field["year"]
	if s.Standing() == Read {
		return cite
	}
	return "after " + cite
}

// Link returns the address of a source, from its doi, eprint (of arXiv) or url; empty where it has none.
func (s Source) Link() string {
	switch {
	case s.Field["doi"] != "":
		return "https://doi.org/" + s.Field["doi"]
	case s.Field["eprint"] != "":
		return "https://arxiv.org/abs/" + s.Field["eprint"]
	}
	return s.Field["url"]
}

// Bibliography is a list of sources with distinct keys.
type Bibliography struct {
	list  []Source
	index map[string]int
}

// Sources returns the sources of this project, sources.bib.
func Sources() (*Bibliography, error) { return ParseSources("sources.bib", bib) }

// Keys returns all keys in alphabetical order.
func (b *Bibliography) Keys() []string {
	keys := make([]string, len(b.list))
	for i, s := range b.list {
		keys[i] = s.Key
	}
	sort.Strings(keys)
	return keys
}

// All returns the sources in the order of the file.
func (b *Bibliography) All() []Source { return b.list }

// Get returns the source of that key.
func (b *Bibliography) Get(key string) (Source, bool) {
	i, ok := b.index[key]
	if !ok {
		return Source{}, false
	}
	return b.list[i], true
}

// ParseSources reads BibTeX: entries @type{key, name = {value}, …} with values in braces, in quotes or bare numbers, and
// between entries anything that holds no @. It wants an author, a title, a year and a standing in each.
//
// Errors name the file and line: a key or field that appears twice, a field that is missing, and what is not BibTeX.
func ParseSources(name, text string) (*Bibliography, error) {
	p := parser{name: name, text: text, line: 1}
	b := &Bibliography{index: map[string]int{}}
	for p.seek('@') {
		line := p.line
		s, err := p.entry()
		if err != nil {
			return nil, err
		}
		if first, twice := b.index[s.Key]; twice {
			return nil, fmt.Errorf("%s:%d: %s appears twice; it is also entry %d", name, line, s.Key, first+1)
		}
		for _, f := range []string{"author", "title", "year", "standing"} {
			if s.Field[f] == "" {
				return nil, fmt.Errorf("%s:%d: %s has no %s", name, line, s.Key, f)
			}
		}
		switch s.Standing() {
		case Read, Restated, Abstract, Memory, Own:
		default:
			return nil, fmt.Errorf("%s:%d: %s has the standing %q; want read, restated, abstract, memory or own", name, line, s.Key, s.Standing())
		}
		b.index[s.Key] = len(b.list)
		b.list = append(b.list, s)
	}
	return b, nil
}

type parser struct {
	name, text string
	pos, line  int
}

func (p *parser) peek() byte {
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) next() byte {
	c := p.peek()
	if p.pos < len(p.text) {
		p.pos++
	}
	if c == '\n' {
		p.line++
	}
	return c
}

// seek goes past the next c and reports whether there is one.
func (p *parser) seek(c byte) bool {
	for p.pos < len(p.text) {
		if p.next() == c {
			return true
		}
	}
	return false
}

func (p *parser) space() {
	for strings.IndexByte(" \t\r\n", p.peek()) >= 0 && p.pos < len(p.text) {
		p.next()
	}
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.name, p.line, fmt.Sprintf(format, args...))
}

// want takes the character c.
func (p *parser) want(c byte, where string) error {
	p.space()
	if got := p.peek(); got != c {
		if p.pos == len(p.text) {
			return p.errorf("the file ends %s; want %q", where, c)
		}
		return p.errorf("got %q %s; want %q", got, where, c)
	}
	p.next()
	return nil
}

// word takes letters, digits and signs up to one of BibTeX's own.
func (p *parser) word(what string) (string, error) {
	p.space()
	from := p.pos
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n{}(),=\"#@", p.peek()) < 0 {
		p.next()
	}
	if p.pos == from {
		return "", p.errorf("want %s", what)
	}
	return p.text[from:p.pos], nil
}

func (p *parser) entry() (Source, error) {
	s := Source{Field: map[string]string{}}
	kind, err := p.word("a type after @, such as article")
	if err != nil {
		return s, err
	}
	s.Type = strings.ToLower(kind)
	if err := p.want('{', "after @"+kind); err != nil {
		return s, err
	}
	if s.Key, err = p.word("a key"); err != nil {
		return s, err
	}
	for {
		p.space()
		if p.peek() == '}' {
			p.next()
			return s, nil
		}
		if err := p.want(',', "in "+s.Key); err != nil {
			return s, err
		}
		p.space()
		if p.peek() == '}' { // a comma after the last field
			continue
		}
		field, err := p.word("a field of " + s.Key)
		if err != nil {
			return s, err
		}
		field = strings.ToLower(field)
		if err := p.want('=', "after "+field+" of "+s.Key); err != nil {
			return s, err
		}
		value, err := p.value(field + " of " + s.Key)
		if err != nil {
			return s, err
		}
		if _, twice := s.Field[field]; twice {
			return s, p.errorf("%s has %s twice", s.Key, field)
		}
		s.Field[field] = value
	}
}

// value takes {…} with balanced braces, "…" or a bare word.
func (p *parser) value(where string) (string, error) {
	p.space()
	open := p.peek()
	if open != '{' && open != '"' {
		return p.word("a value for " + where)
	}
	line := p.line
	p.next()
	from, depth := p.pos, 0
	for p.pos < len(p.text) {
		c := p.peek()
		if depth == 0 && (open == '{' && c == '}' || open == '"' && c == '"') {
			raw := p.text[from:p.pos]
			p.next()
			return strings.Join(strings.Fields(strings.NewReplacer("{", "", "}", "").Replace(raw)), " "), nil
		}
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return "", p.errorf("%s has a } too many", where)
			}
		}
		p.next()
	}
	return "", fmt.Errorf("%s:%d: the value for %s does not end", p.name, line, where)
}
