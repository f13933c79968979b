// Package comments reads from the source of this module what package reference shows: the comments of the constructors and
// types behind the entries of the lists, those of the views of a model, and the samples of the tests of package catalog.
//
// What belongs here: reading Go source. What does not: the words and the look of the reference (package reference), which
// needs no source.
package comments

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sgdlab/catalog"
	"sgdlab/reference"
)

const module = "sgdlab"

// Read reads the comments from the source of the module in the folder root.
func Read(root string) (*reference.Comments, error) {
	r := reader{root: root, packages: map[string]*pkg{}}
	out := &reference.Comments{Entries: map[string]reference.Comment{}, Views: map[string]string{}}
	for _, k := range catalog.Kinds() {
		for _, e := range k.Entries {
			c, err := r.entry(e.Constructor)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", e.Name, k.Name, err)
			}
			out.Entries[e.Constructor] = c
		}
	}
	top, err := r.open(module)
	if err != nil {
		return nil, err
	}
	for name, t := range top.types {
		if t.view && ast.IsExported(name) {
			out.Views[name] = t.doc
		}
	}
	return out, r.samples(filepath.Join(root, "catalog", "stage_test.go"), out)
}

type reader struct {
	root     string
	packages map[string]*pkg
}

// pkg is the comments of one package.
type pkg struct {
	funcs map[string]*ast.FuncDecl
	types map[string]typ
}

type typ struct {
	doc  string
	view bool // an interface
}

func (r *reader) open(path string) (*pkg, error) {
	if p := r.packages[path]; p != nil {
		return p, nil
	}
	p := &pkg{funcs: map[string]*ast.FuncDecl{}, types: map[string]typ{}}
	dir := filepath.Join(r.root, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(path, module), "/")))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parse(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					p.funcs[d.Name.Name] = d
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					t, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					text := t.Doc.Text()
					if text == "" && !d.Lparen.IsValid() {
						text = d.Doc.Text()
					}
					_, view := t.Type.(*ast.InterfaceType)
					p.types[t.Name.Name] = typ{text, view}
				}
			}
		}
	}
	r.packages[path] = p
	return p, nil
}

func parse(path string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
}

// entry reads the comments behind a constructor NewX: its own, and those of the types that it builds. These are X, where there
// is such a type, and all that its comment links to, as in [Absolute].
func (r *reader) entry(constructor string) (reference.Comment, error) {
	dot := max(0, strings.LastIndexByte(constructor, '.'))
	path, name := constructor[:dot], strings.TrimPrefix(constructor[dot:], ".")
	base, ok := strings.CutPrefix(name, "New")
	if !ok || !strings.HasPrefix(path+"/", module+"/") {
		return reference.Comment{}, fmt.Errorf("it is built by %s; want a function NewX of this module, whose comment can be shown", constructor)
	}
	p, err := r.open(path)
	if err != nil {
		return reference.Comment{}, err
	}
	f := p.funcs[name]
	if f == nil {
		return reference.Comment{}, fmt.Errorf("there is no function %s in %s", name, path)
	}
	c := reference.Comment{New: f.Doc.Text(), Types: []reference.TypeComment{}}
	add := func(name, text string) {
		if text != "" && !slices.ContainsFunc(c.Types, func(t reference.TypeComment) bool { return t.Name == name }) {
			c.Types = append(c.Types, reference.TypeComment{Name: name, Text: text})
		}
	}
	if t := p.types[base]; !t.view {
		add(base, t.doc)
	}
	for _, l := range linksOf(c.New) {
		from, at := p, path
		if l.ImportPath != "" {
			if from, err = r.open(l.ImportPath); err != nil {
				return c, err
			}
			at = l.ImportPath
		}
		t, ok := from.types[l.Name]
		if !ok {
			return c, fmt.Errorf("the comment of %s links to %s.%s, and there is no such type", name, at, l.Name)
		}
		add(l.Name, t.doc)
	}
	return c, nil
}

// linksOf lists the links to types in a comment.
func linksOf(text string) []*comment.DocLink {
	p := comment.Parser{
		LookupPackage: func(name string) (string, bool) { return module, name == module },
		LookupSym:     func(recv, name string) bool { return recv == "" && ast.IsExported(name) },
	}
	var out []*comment.DocLink
	for _, b := range p.Parse(text).Content {
		if par, ok := b.(*comment.Paragraph); ok {
			for _, t := range par.Text {
				if l, ok := t.(*comment.DocLink); ok && l.Recv == "" {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// samples reads the tables `samples`, `sets` and `stages` of the catalog's tests, which are composite literals of strings.
func (r *reader) samples(path string, out *reference.Comments) error {
	f, err := parse(path)
	if err != nil {
		return err
	}
	out.Samples, out.Sets = map[string]map[string][]reference.Sample{}, map[string]string{}
	tables := map[string]*ast.CompositeLit{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			v, ok := s.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				continue
			}
			if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
				tables[v.Names[0].Name] = lit
			}
		}
	}
	for _, want := range []string{"samples", "sets", "stages"} {
		if tables[want] == nil {
			return fmt.Errorf("%s has no table %s: %w", path, want, fs.ErrNotExist)
		}
	}
	for kind, list := range pairs(tables["samples"]) {
		out.Samples[kind] = map[string][]reference.Sample{}
		lit, ok := list.(*ast.CompositeLit)
		if !ok {
			return fmt.Errorf("%s: the samples of %s are no table", path, kind)
		}
		for name, value := range pairs(lit) {
			got := samplesOf(value)
			if len(got) == 0 {
				return fmt.Errorf("%s: the samples of %s of %s are not written as strings", path, name, kind)
			}
			out.Samples[kind][name] = got
		}
	}
	for name, value := range pairs(tables["sets"]) {
		text, ok := str(value)
		if !ok {
			return fmt.Errorf("%s: the set %s is not written as a string", path, name)
		}
		out.Sets[name] = text
	}
	for _, it := range tables["stages"].Elts {
		lit, ok := it.(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 3 {
			return fmt.Errorf("%s: a stage is not written as {name, model, set}", path)
		}
		model, ok := str(lit.Elts[1])
		on, also := str(lit.Elts[2])
		if !ok || !also {
			return fmt.Errorf("%s: a stage is not written as three strings", path)
		}
		out.Stages = append(out.Stages, reference.Stage{Model: model, On: on})
	}
	return nil
}

// pairs iterates over the entries of a map that have a string for a key.
func pairs(lit *ast.CompositeLit) map[string]ast.Expr {
	out := map[string]ast.Expr{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := str(kv.Key); ok {
				out[key] = kv.Value
			}
		}
	}
	return out
}

// samplesOf reads each("…", "…") or {{"…", "on"}, …}.
func samplesOf(e ast.Expr) []reference.Sample {
	var out []reference.Sample
	switch e := e.(type) {
	case *ast.CallExpr:
		for _, a := range e.Args {
			if text, ok := str(a); ok {
				out = append(out, reference.Sample{Settings: text})
			}
		}
	case *ast.CompositeLit:
		for _, it := range e.Elts {
			lit, ok := it.(*ast.CompositeLit)
			if !ok {
				continue
			}
			var s reference.Sample
			into := []*string{&s.Settings, &s.On}
			for i, x := range lit.Elts {
				if kv, ok := x.(*ast.KeyValueExpr); ok {
					x = kv.Value
					if id, ok := kv.Key.(*ast.Ident); ok {
						i = slices.Index([]string{"settings", "on"}, id.Name)
					}
				}
				if text, ok := str(x); ok && i >= 0 && i < len(into) {
					*into[i] = text
				}
			}
			if s.Settings != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// str is the value of a string constant written out, or put together by +.
func str(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		x, ok := str(e.X)
		y, also := str(e.Y)
		return x + y, e.Op == token.ADD && ok && also
	case *ast.ParenExpr:
		return str(e.X)
	}
	return "", false
}
