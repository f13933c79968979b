package reference

import (
	"go/doc/comment"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Block is a piece of text: of its fields just one is not empty.
type Block struct {
	Text    string   `json:"text,omitempty"`    // a paragraph
	Formula string   `json:"formula,omitempty"` // lines that keep their breaks
	List    []string `json:"list,omitempty"`
}

var source = regexp.MustCompile(`^Sources?: `)

// blocks takes a comment apart. Its paragraphs that begin with "Source:" come apart from the rest.
func blocks(text string) (out []Block, sources []string) {
	p := comment.Parser{LookupSym: func(recv, name string) bool { return recv == "" && unicode.IsUpper(rune(name[0])) }}
	for _, c := range p.Parse(text).Content {
		switch c := c.(type) {
		case *comment.Paragraph:
			t := flat(c.Text)
			if from := source.FindString(t); from != "" {
				sources = append(sources, t[len(from):])
			} else {
				out = append(out, Block{Text: t})
			}
		case *comment.Heading:
			out = append(out, Block{Text: flat(c.Text)})
		case *comment.Code:
			out = append(out, Block{Formula: strings.TrimRight(c.Text, "\n")})
		case *comment.List:
			var items []string
			for _, it := range c.Items {
				var words []string
				for _, b := range it.Content {
					if par, ok := b.(*comment.Paragraph); ok {
						words = append(words, flat(par.Text))
					}
				}
				items = append(items, strings.Join(words, " "))
			}
			out = append(out, Block{List: items})
		}
	}
	return out, sources
}

func flat(list []comment.Text) string {
	var b strings.Builder
	for _, t := range list {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(flat(t.Text))
		case *comment.DocLink:
			b.WriteString(flat(t.Text))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// ofProgrammers are words in sentences that say something of Go alone.
var ofProgrammers = regexp.MustCompile(`\bnil\b|serves? one worker|safe for concurrent use|^The zero [A-Z]|^As a (Twice)?Differentiable|\bscratch\b|\bslices?\b|^See \w+( and \w+)?\.$`)

var (
	building = regexp.MustCompile(`^\w+ (makes|builds|returns|constructs|creates) `)
	being    = regexp.MustCompile(`^\w+ (is|are) [^;:,=]*\.$`)
	sentence = regexp.MustCompile(`[.] +(\p{Lu}|\p{Greek}|[(∇√∂"])`)
	camel    = regexp.MustCompile(`\b(New)?([A-Z][a-z0-9]+([A-Z][a-z0-9]*)+|[A-Z]{2,}[a-z]\w+)\b`)
	name     = regexp.MustCompile(`^[\pL\d]+`)
)

// sentences splits a paragraph.
func sentences(text string) []string {
	var out []string
	for {
		at := sentence.FindStringIndex(text)
		if at == nil {
			return append(out, text)
		}
		out = append(out, text[:at[0]+1])
		text = strings.TrimLeft(text[at[0]+1:], " ")
	}
}

// prose is what the comments behind an entry say, for readers who do not know Go: types go by the names of the entries that
// they stand for, and what is about Go alone is left out.
func prose(c Comment, own string, entries map[string]string) (out []Block, sources []string) {
	for _, t := range c.Types {
		b, s := blocks(t.Text)
		out = append(out, told(b, t.Name, own, entries)...)
		sources = append(sources, s...)
	}
	b, s := blocks(c.New)
	if len(b) > 0 && len(c.Types) > 0 {
		b[0].Text = announced(b[0].Text)
	}
	return append(out, told(b, "", own, entries)...), append(sources, s...)
}

// announced drops from a constructor's comment a first sentence that only says what it builds, which the type has said.
func announced(text string) string {
	list := sentences(text)
	first := list[0]
	switch {
	case building.MatchString(first):
		_, rest, _ := strings.Cut(first, "; ")
		list[0] = capital(rest)
	case being.MatchString(first) && len(strings.Fields(first)) <= 9:
		list[0] = ""
	}
	return strings.TrimSpace(strings.Join(list, " "))
}

// told gives blocks the names of entries. of is the type that they are about; the constructor's where empty.
func told(list []Block, of, own string, entries map[string]string) []Block {
	var out []Block
	for i, b := range list {
		if b.Text != "" {
			var kept []string
			for _, s := range sentences(b.Text) {
				if s != "" && !ofProgrammers.MatchString(s) {
					kept = append(kept, s)
				}
			}
			b.Text = strings.Join(kept, " ")
			if word := name.FindString(b.Text); i == 0 && word != "" {
				rest := b.Text[len(word):]
				base := strings.TrimPrefix(word, "New")
				switch {
				case entries[base] == own && (word == of || word != base):
					b.Text = own + rest
				case word == of:
					b.Text = capital(spaced(word)) + rest
				}
			}
			b.Text = camel.ReplaceAllStringFunc(b.Text, func(word string) string {
				base := strings.TrimPrefix(word, "New")
				if e, ok := entries[base]; ok {
					return "`" + e + "`"
				}
				return word
			})
		}
		if b.Text != "" || b.Formula != "" || len(b.List) > 0 {
			out = append(out, b)
		}
	}
	return out
}

// spaced turns DiagonalPowers into diagonal powers.
func spaced(word string) string {
	var b strings.Builder
	for i, r := range word {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

var lead = regexp.MustCompile(`^[a-z]([a-z]| )`)

// capital begins a text with a capital, where it begins with a word and not with a formula.
func capital(s string) string {
	if word, _, _ := strings.Cut(s, " "); !lead.MatchString(s) || slices.Contains([]string{"tr", "log", "exp", "det", "sgdlab"}, word) {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
