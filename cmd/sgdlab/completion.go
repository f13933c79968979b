package main

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sgdlab/catalog"
	"sgdlab/export"
	"sgdlab/papers"
	"sgdlab/spec"
	"sgdlab/store"
)

// completer is what a shell is told at a verb's arguments.
type completer = func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective)

const nothingElse = cobra.ShellCompDirectiveNoFileComp

// complete gives every verb the completion of its arguments. Which they are is read off its usage line: RUN, SPEC, NAME, KIND,
// PAPER, key=value. Completion never fails and never prints: where something cannot be read there is less to offer.
func (a *app) complete(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.ValidArgsFunction == nil {
			c.ValidArgsFunction = a.arguments(c.Name(), strings.Fields(c.Use)[1:])
		}
		flag := func(name string, f completer) {
			if c.Flags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, f) // fails only where it is registered already
			}
		}
		folder := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		flag("runs", folder)
		if c.Name() != "export" {
			flag("out", folder)
		}
		flag("engine", cobra.FixedCompletions([]cobra.Completion{"local"}, nothingElse))
		flag("format", cobra.FixedCompletions(export.Formats, nothingElse))
		flag("tables", func(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			done := word[:strings.LastIndexByte(word, ',')+1]
			var out []cobra.Completion
			for _, t := range export.Tables {
				if !slices.Contains(strings.Split(done, ","), t) {
					out = append(out, done+t)
				}
			}
			return out, nothingElse | cobra.ShellCompDirectiveNoSpace
		})
		flag("from", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return starterCompletions(), nothingElse
		})
	}
}

// arguments is the completion of the arguments of a usage line. Its last entry holds for all that follow where it may repeat.
func (a *app) arguments(verb string, usage []string) completer {
	var want []string
	repeats := false
	for _, u := range usage {
		if u = strings.Trim(u, "[]"); u == "…" {
			repeats = true
		} else {
			want = append(want, u)
		}
	}
	offer := func(args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		i := len(args)
		if i >= len(want) {
			if !repeats || len(want) == 0 {
				return nil, nothingElse
			}
			i = len(want) - 1
		}
		switch {
		case want[i] == "RUN":
			if list := a.runNames(args); len(list) > 0 && !strings.ContainsAny(word, `/\`) {
				return list, nothingElse
			}
			return nil, cobra.ShellCompDirectiveFilterDirs // a path
		case want[i] == "SPEC":
			return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		case want[i] == "PAPER":
			var out []cobra.Completion
			for _, n := range papers.Names() {
				if !slices.Contains(args, n) {
					out = append(out, n)
				}
			}
			return out, cobra.ShellCompDirectiveDefault // or a file of one's own
		case want[i] == "KIND":
			var out []cobra.Completion
			for _, k := range catalog.Kinds() {
				out = append(out, cobra.CompletionWithDesc(k.Name, k.Doc))
			}
			return append(out, "papers"), nothingElse
		case want[i] == "NAME" && verb == "new":
			return starterCompletions(), nothingElse
		case want[i] == "NAME":
			return names(verb == "theory"), nothingElse
		case want[i] == "key=value" && verb == "theory":
			return theoryKeys(args, word)
		case want[i] == "key=value":
			return overrides(args, word)
		case strings.HasPrefix(want[i], "data.path="):
			return []cobra.Completion{"data.path="}, nothingElse | cobra.ShellCompDirectiveNoSpace
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	return func(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		list, directive := offer(args, word)
		if directive&cobra.ShellCompDirectiveFilterFileExt == 0 {
			list = slices.DeleteFunc(list, func(c cobra.Completion) bool { return !strings.HasPrefix(c, word) })
		}
		return list, directive
	}
}

// runNames are the runs that a RUN argument may name, but those that are given.
func (a *app) runNames(given []string) []cobra.Completion {
	dir, err := a.runs()
	if err != nil {
		return nil
	}
	entries, err := store.List(dir)
	if err != nil {
		return nil
	}
	var out []cobra.Completion
	for _, e := range entries {
		if slices.Contains(given, e.Name) {
			continue
		}
		about := "damaged"
		if e.Manifest != nil {
			about = string(e.Manifest.Status) + ": " + e.Manifest.Title
		}
		out = append(out, cobra.CompletionWithDesc(e.Name, about))
	}
	return out
}

// names are those of all things that a spec may hold, and of papers; or of theories alone.
func names(theories bool) []cobra.Completion {
	var out []cobra.Completion
	seen := map[string]bool{}
	for _, k := range catalog.Kinds() {
		if theories && k.Name != "theories" {
			continue
		}
		for _, e := range k.Entries {
			if !seen[e.Name] {
				seen[e.Name] = true
				out = append(out, cobra.CompletionWithDesc(e.Name, e.Doc))
			}
		}
	}
	if !theories {
		out = append(out, papers.Names()...)
	}
	return out
}

func starterCompletions() []cobra.Completion {
	var out []cobra.Completion
	for _, n := range starterNames {
		if s, err := starterOf(n); err == nil {
			out = append(out, cobra.CompletionWithDesc(n, s.about()))
		}
	}
	return out
}

// theoryKeys are the parameters of the theory that args name.
func theoryKeys(args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	directive := nothingElse | cobra.ShellCompDirectiveNoSpace
	if strings.Contains(word, "=") {
		return nil, directive
	}
	given := func(key string) bool {
		return slices.ContainsFunc(args[1:], func(a string) bool { return strings.HasPrefix(a, key+"=") })
	}
	var out []cobra.Completion
	for _, k := range catalog.Kinds() {
		for _, e := range k.Entries {
			if k.Name != "theories" || e.Name != args[0] {
				continue
			}
			for _, f := range catalog.Fields(e.Settings) {
				if !given(f.Key) {
					out = append(out, cobra.CompletionWithDesc(f.Key+"=", f.Doc))
				}
			}
		}
	}
	if len(out) > 0 && !given("at") {
		out = append(out, cobra.CompletionWithDesc("at=", "times"))
	}
	return out, directive
}

// overrides are the settings of the spec that args name: those written in it with their values, and those that the things
// in it have by default.
func overrides(args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	directive := nothingElse | cobra.ShellCompDirectiveNoSpace
	text, err := os.ReadFile(args[0])
	if err != nil {
		return nil, nothingElse
	}
	root, _ := spec.Parse(args[0], text) // of a spec with mistakes, what could be read
	if root == nil || root.Kind != spec.Map {
		return nil, nothingElse
	}
	var out []cobra.Completion
	add := func(path, about string) {
		if !slices.ContainsFunc(args[1:], func(a string) bool { return strings.HasPrefix(a, path+"=") }) {
			out = append(out, cobra.CompletionWithDesc(path+"=", about))
		}
	}
	value := ""
	path, _, valued := strings.Cut(word, "=")
	var walk func(n *spec.Node, at string)
	walk = func(n *spec.Node, at string) {
		switch {
		case n.Kind == spec.Map && len(n.Pairs) > 0:
			for _, p := range n.Pairs {
				if at == "" && (p.Key == "claims" || p.Key == "ask" || p.Key == "answer" || p.Key == "sweep") {
					continue
				}
				walk(p.Value, strings.TrimPrefix(at+"."+p.Key, "."))
			}
			for _, f := range settings(n, at) {
				if n.Get(f.Key) == nil && len(f.Fields) == 0 {
					about := f.Doc
					if f.Default != "" {
						about = "default " + f.Default + ": " + about
					}
					add(at+"."+f.Key, about)
				}
			}
		case n.Kind == spec.Seq && slices.ContainsFunc(n.Items, func(it *spec.Node) bool { return it.Kind == spec.Map }):
			for i, it := range n.Items {
				walk(it, at+"["+strconv.Itoa(i)+"]")
			}
		default:
			if at == path {
				value = spec.Inline(n)
			}
			add(at, "now "+spec.Inline(n))
		}
	}
	walk(root, "")
	if valued {
		if value == "" {
			return nil, directive
		}
		return []cobra.Completion{path + "=" + value}, directive
	}
	return out, directive
}

// sections hold one kind of thing each, whose names may be those of other things elsewhere.
var sections = map[string]string{"data": "data", "models": "model", "starts": "start"}

// settings are the parameters of the thing that a map at a path describes.
func settings(n *spec.Node, at string) []catalog.Field {
	for _, k := range catalog.Kinds() {
		if of, ok := sections[k.Name]; ok && at != of || !ok && (at == "data" || at == "model" || at == "start") {
			continue
		}
		name, _ := n.Get(k.Key).Text()
		for _, e := range k.Entries {
			if e.Name == name {
				return catalog.Fields(e.Settings)
			}
		}
	}
	return nil
}
