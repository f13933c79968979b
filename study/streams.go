package study

import (
	"fmt"
	"regexp"

	"sgdlab/spec"
)

// place is the name of a stream where none is given.
var place = regexp.MustCompile(`^(rows|inputs|label-noise|noise\[\d+\])$`)

// loneStreams notes names of streams that stand once and are no place: a misspelt one replays nothing, and nothing else
// would tell.
func (l *loader) loneStreams(root *spec.Node) {
	known, count := []string{"rows", "inputs", "label-noise"}, map[string]int{}
	type named struct{ path, word string }
	var all []named
	var walk func(n *spec.Node, path string)
	walk = func(n *spec.Node, path string) {
		for i, x := range n.Items {
			walk(x, fmt.Sprintf("%s[%d]", path, i))
		}
		for _, p := range n.Pairs {
			at := path + "." + p.Key
			if word, ok := p.Value.Text(); ok && p.Key == "stream" {
				all = append(all, named{at, word})
				if count[word]++; count[word] == 2 {
					known = append(known, word)
				}
			}
			walk(p.Value, at)
		}
	}
	if n := root.Get("dynamics"); n != nil {
		walk(n, "dynamics")
	}
	for _, s := range all {
		if count[s.word] == 1 && !place.MatchString(s.word) {
			l.study.Warnings = append(l.study.Warnings, fmt.Sprintf("%s: nothing else draws from the stream %s, which so replays nothing%s", s.path, s.word, spec.DidYouMean(s.word, known)))
		}
	}
}
