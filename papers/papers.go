package papers

import (
	"embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sgdlab/spec"
)

//go:embed *.yaml
var files embed.FS

// Paper is a set of runs, ordinary specs, and of claims about them. No code belongs to it.
type Paper struct {
	ID     string
	Title  string
	Folder string // where relative paths in its runs start: that of its file
	Runs   []Run
}

// Run is one spec of a paper, with the claims that are about it.
type Run struct {
	Name string
	Root *spec.Node
}

// Names lists the papers at hand.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Load reads a paper by name, or from a file of the user's own. Its error is a spec.Problems wherever the file is to blame.
func Load(name string) (*Paper, error) {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, spec.Problems{{File: name, Found: fmt.Sprintf("cannot be read: %v", err)}}
		}
		base := filepath.Base(name)
		p, err := Parse(strings.TrimSuffix(base, filepath.Ext(base)), name, text)
		if p != nil {
			p.Folder = filepath.Dir(name)
		}
		return p, err
	}
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, spec.Problems{{Found: "the paper " + name, Want: "one of " + strings.Join(Names(), ", ") + spec.DidYouMean(name, Names())}}
	}
	return Parse(name, path.Join("papers", name+".yaml"), text)
}

// Parse reads the text of a paper.
func Parse(id, file string, text []byte) (*Paper, error) {
	root, problems := spec.Parse(file, text)
	if len(problems) > 0 {
		return nil, problems
	}
	keys := []string{"paper", "title", "runs", "claims"}
	for _, p := range root.Pairs {
		if !slices.Contains(keys, p.Key) {
			problems.Add(p.Value.Mistake(p.Key, "the unknown key "+p.Key, "one of "+strings.Join(keys, ", ")).AtKey(p))
		}
	}
	p := &Paper{ID: id, Folder: "."}
	p.Title, _ = root.Get("title").Text()
	if t, _ := root.Get("paper").Text(); t != id {
		problems.Add(root.Get("paper").Problem("paper", "the name of the file, "+id))
	}
	runs, claims := root.Get("runs"), root.Get("claims")
	if runs == nil || runs.Kind != spec.Map || len(runs.Pairs) == 0 {
		problems.Add(root.Get("runs").Problem("runs", "a map from a name to a spec"))
		return nil, problems
	}
	if claims == nil || claims.Kind != spec.Seq {
		problems.Add(root.Get("claims").Problem("claims", "a list of claims"))
		return nil, problems
	}
	for i, c := range claims.Items {
		name, _ := c.Get("run").Text()
		if c.Get("run").IsNull() && len(runs.Pairs) == 1 {
			continue
		}
		if !slices.Contains(runs.Keys(), name) {
			problems.Add(c.Get("run").Problem(fmt.Sprintf("claims[%d].run", i), "one of the runs "+strings.Join(runs.Keys(), ", ")))
		}
	}
	for _, r := range runs.Pairs {
		if r.Value.Kind != spec.Map {
			problems.Add(r.Value.Problem("runs."+r.Key, "a spec"))
			continue
		}
		run := r.Value.Clone()
		if run.Get("title").IsNull() {
			run.Put("title", spec.New(id+" "+r.Key).At(r.Value))
		}
		about := &spec.Node{Kind: spec.Seq, File: file, Line: claims.Line}
		for _, c := range claims.Items {
			name, _ := c.Get("run").Text()
			if name == r.Key || name == "" && len(runs.Pairs) == 1 {
				about.Items = append(about.Items, c.Clone())
			}
		}
		run.Put("claims", about)
		p.Runs = append(p.Runs, Run{Name: r.Key, Root: run})
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return p, nil
}
