package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake of a spec: where, what was found, and what would be right. It prints as
//
//	kramers.yaml:9: dynamics.rate: got -0.1; want a step size > 0
//
// With no Want, Found is the whole sentence, printed without "got".
type Problem struct {
	File      string
	Line, Col int // 0: unknown; Col orders problems of one line and is not printed
	Path      string
	Found     string
	Want      string
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		if p.File != "" {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%d", p.Line)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path)
		b.WriteString(": ")
	}
	switch {
	case p.Want == "":
		b.WriteString(p.Found)
	case p.Found == "":
		b.WriteString("want " + p.Want)
	default:
		b.WriteString("got " + p.Found + "; want " + p.Want)
	}
	return b.String()
}

// Problem says that n, found at path, is not what was wanted. On a nil node the place is unknown.
func (n *Node) Problem(path, want string) Problem {
	return n.Mistake(path, n.Describe(), want)
}

// Mistake is a Problem at n's place with its finding in the caller's words.
func (n *Node) Mistake(path, found, want string) Problem {
	p := Problem{Path: path, Found: found, Want: want}
	if n != nil {
		p.File, p.Line, p.Col = n.File, n.Line, n.Col
	}
	return p
}

// AtKey moves a problem to the key of a Map's entry, where the mistake is the key itself.
func (p Problem) AtKey(pair Pair) Problem {
	p.Line, p.Col = pair.Line, pair.Col
	return p
}

// Problems are all mistakes of a spec. Error lists them by place, each once, and ends in their number.
type Problems []Problem

// Add appends problems.
func (ps *Problems) Add(more ...Problem) { *ps = append(*ps, more...) }

// Err returns the problems as an error, nil where there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Sorted returns the problems by file, line and column, files before the command line, each once.
func (ps Problems) Sorted() Problems {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(late(a), late(b)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Found, b.Found),
			cmp.Compare(a.Want, b.Want),
		)
	})
	return slices.CompactFunc(sorted, func(a, b Problem) bool { return a.String() == b.String() })
}

func late(p Problem) int {
	if p.File == CommandLine {
		return 1
	}
	return 0
}

func (ps Problems) Error() string {
	sorted := ps.Sorted()
	var b strings.Builder
	for _, p := range sorted {
		b.WriteString(p.String())
		b.WriteByte('\n')
	}
	if len(sorted) == 1 {
		b.WriteString("1 problem; nothing was run")
	} else {
		fmt.Fprintf(&b, "%d problems; nothing was run", len(sorted))
	}
	return b.String()
}

// Suggest returns the candidate that word most likely meant, "" where none is near. Near is a Damerau–Levenshtein
// distance (insertions, deletions, substitutions, swaps of neighbours) of at most 1 for each four letters begun, case
// and `_` for `-` free of charge, that leaves something of the word. Of equals the first wins.
func Suggest(word string, candidates []string) string {
	best, least := "", (len([]rune(word))+3)/4
	plain := fold(word)
	for _, c := range candidates {
		if c == "" {
			continue
		}
		other := fold(c)
		d := distance(plain, other, least)
		if d >= max(len(plain), len(other)) && d > 0 {
			continue // x is no misspelt q
		}
		if d < least || d == least && best == "" {
			best, least = c, d
		}
	}
	return best
}

// DidYouMean is Suggest as the end of a message: "; did you mean sharpness?", or "".
func DidYouMean(word string, candidates []string) string {
	if s := Suggest(word, candidates); s != "" {
		return "; did you mean " + s + "?"
	}
	return ""
}

func fold(s string) []rune {
	return []rune(strings.ReplaceAll(strings.ToLower(s), "_", "-"))
}

// distance is the optimal string alignment distance of a and b, or some number above most where it is above most.
func distance(a, b []rune, most int) int {
	if gap := len(a) - len(b); gap > most || -gap > most {
		return most + 1
	}
	before := make([]int, len(b)+1) // row i−2
	row := make([]int, len(b)+1)    // row i−1
	next := make([]int, len(b)+1)   // row i
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// listed joins the first few words for a message.
func listed(words []string) string {
	const most = 12
	if len(words) > most {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	}
	return strings.Join(words, ", ")
}
