package spec

import (
	"fmt"
	"strings"
)

// maxNodes bounds what references may make a spec grow to: ten lists of ten references each would hold 10¹⁰ values.
const maxNodes = 100_000

// Reference splits a scalar that is nothing but `$path` and returns the path.
func Reference(n *Node) (path string, ok bool) {
	text, ok := n.Text()
	if !ok || len(text) < 2 || text[0] != '$' {
		return "", false
	}
	if _, err := parsePath(text[1:]); err != nil {
		return "", false
	}
	return text[1:], true
}

// keepsRefs says whether the values under a top-level key keep their references: words, and what is evaluated per cell
// after the run.
func keepsRefs(key string) bool {
	switch key {
	case "title", "question", "claims", "ask", "sweep":
		return true
	}
	return false
}

// Resolve replaces every scalar that is exactly `$path` by a clone of the value at that path of the same tree, however
// many references lead there; the clone takes the place of the reference. Text with more in it than the path, as
// `1/$a.b`, is an expression and stays (Expr). So do `title`, `question`, `claims`, `ask` and `sweep`. Paths that match
// nothing, circles, and trees that grow beyond reason are problems.
func Resolve(root *Node) Problems {
	r := &resolver{root: root, state: map[*Node]refState{}, left: maxNodes}
	if root == nil || root.Kind != Map {
		return nil
	}
	for _, p := range root.Pairs {
		if !keepsRefs(p.Key) {
			r.tree(p.Value, p.Key)
		}
	}
	return r.problems
}

type refState uint8

const (
	unseen refState = iota
	open            // being resolved: meeting it again is a circle
	circle          // met again, and reported
	done
)

type resolver struct {
	root     *Node
	state    map[*Node]refState
	chain    []string // the references being resolved, for the message of a circle
	left     int      // nodes that may still be made
	problems Problems
}

// tree resolves every reference in n and says whether all could be.
func (r *resolver) tree(n *Node, path string) bool {
	ok := true
	switch n.Kind {
	case Scalar:
		ok = r.scalar(n, path)
	case Seq:
		for i, it := range n.Items {
			ok = r.tree(it, fmt.Sprintf("%s[%d]", path, i)) && ok
		}
	case Map:
		for _, p := range n.Pairs {
			ok = r.tree(p.Value, join(path, p.Key)) && ok
		}
	}
	return ok
}

func (r *resolver) scalar(n *Node, path string) bool {
	switch r.state[n] {
	case circle:
		return false
	case open:
		r.state[n] = circle
		r.problems.Add(n.Mistake(path, n.Value+", which leads back to itself: "+strings.Join(append(r.chain, n.Value), " → "), "a value in place of one of these references"))
		return false
	case done:
		return true
	}
	to, is := Reference(n)
	if !is {
		return true
	}
	r.state[n] = open
	r.chain = append(r.chain, n.Value)
	defer func() {
		r.state[n] = done
		r.chain = r.chain[:len(r.chain)-1]
	}()
	target, ok := r.follow(n, to, path)
	if target == nil || !r.tree(target, to) {
		return ok
	}
	if r.left -= size(target); r.left < 0 {
		if r.left+size(target) >= 0 { // say it once
			r.problems.Add(n.Mistake(path, fmt.Sprintf("references that grow the spec beyond %d values", maxNodes), "fewer of them"))
		}
		return false
	}
	place := *n
	*n = *target.Clone()
	n.File, n.Line, n.Col = place.File, place.Line, place.Col
	return true
}

// follow walks a path, resolving references that lie on it. A nil target with ok is an expression in disguise.
func (r *resolver) follow(n *Node, to, path string) (target *Node, ok bool) {
	steps, err := parsePath(to)
	if err != nil {
		return nil, true
	}
	cur := r.root
	for i := range steps {
		if cur.Kind == Scalar && !r.scalar(cur, joinSteps(steps[:i])) {
			return nil, false
		}
		if steps[i].star {
			r.problems.Add(n.Mistake(path, n.Value, "a path to one value, without *"))
			return nil, false
		}
		places, m := cur.findSteps(steps[i:i+1], false)
		if len(places) == 0 {
			if pathLen(to) < len(to) {
				return nil, true // `$data.samples-1`, which is no path but a difference
			}
			m.steps, m.depth = steps, i
			if m.at = joinSteps(steps[:i]); m.found != "" {
				m.found = cur.Describe()
			}
			r.problems.Add(n.Mistake(path, n.Value, m.want()))
			return nil, false
		}
		cur = places[0].Node
	}
	return cur, true
}

// size counts the nodes of a tree.
func size(n *Node) int {
	count := 1
	for _, p := range n.Pairs {
		count += size(p.Value)
	}
	for _, it := range n.Items {
		count += size(it)
	}
	return count
}
