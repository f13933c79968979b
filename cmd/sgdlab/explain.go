package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sgdlab/catalog"
	"sgdlab/docs"
	"sgdlab/papers"
	ref "sgdlab/reference"
	"sgdlab/spec"
	"sgdlab/store"
	"sgdlab/study"
)

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [KIND]",
		Short: "List what exists: models, data, dynamics, noises, observables, theories, papers and the like",
		RunE: func(_ *cobra.Command, args []string) error {
			type entry struct {
				Name    string   `json:"name"`
				Aliases []string `json:"aliases"`
				Doc     string   `json:"doc"`
			}
			type section struct {
				kind, doc string
				entries   []entry
			}
			var all []section
			for _, k := range catalog.Kinds() {
				s := section{kind: k.Name, doc: k.Doc}
				for _, e := range k.Entries {
					s.entries = append(s.entries, entry{e.Name, append([]string{}, e.Aliases...), e.Doc})
				}
				all = append(all, s)
			}
			for _, w := range []struct {
				kind, doc string
				words     []study.Word
			}{
				{"asks", "analyses over all cells", study.Asks()}, {"measures", "what a claim may measure", study.Measures()},
				{"expectations", "what a claim may expect", study.Expectations()}, {"keys", "what a spec may have at its top", study.Keys()},
			} {
				s := section{kind: w.kind, doc: w.doc}
				for _, e := range w.words {
					s.entries = append(s.entries, entry{e.Name, []string{}, e.Doc})
				}
				all = append(all, s)
			}
			s := section{kind: "papers", doc: "whose claims `sgdlab reproduce` reruns"}
			for _, name := range papers.Names() {
				p, err := papers.Load(name)
				if err != nil {
					return err
				}
				s.entries = append(s.entries, entry{name, []string{}, p.Title})
			}
			all = append(all, s)
			var kinds []string
			for _, s := range all {
				kinds = append(kinds, s.kind)
			}
			if len(args) > 1 {
				return wrong("list: got %d arguments; want one of %s", len(args), strings.Join(kinds, ", "))
			}
			if len(args) == 1 {
				i := slices.Index(kinds, args[0])
				if i < 0 {
					return wrong("list: got %s; want one of %s%s", args[0], strings.Join(kinds, ", "), spec.DidYouMean(args[0], kinds))
				}
				all = all[i : i+1]
			}
			if a.json {
				out := map[string][]entry{}
				for _, s := range all {
					out[s.kind] = s.entries
				}
				return store.Encode(a.out, out)
			}
			var b strings.Builder
			for i, s := range all {
				if i > 0 {
					b.WriteByte('\n')
				}
				fmt.Fprintf(&b, "%s (%d): %s\n", s.kind, len(s.entries), s.doc)
				var rows [][]string
				for _, e := range s.entries {
					rows = append(rows, []string{strings.Join(append([]string{e.Name}, e.Aliases...), ", "), e.Doc})
				}
				ref.WriteRows(&b, rows, a.columns())
			}
			b.WriteString("\n`sgdlab explain NAME` tells what one of them is\n")
			fmt.Fprint(a.out, b.String())
			return nil
		},
	}
}

// columns is the width to lay text out for: the terminal's, or that of a page.
func (a *app) columns() int {
	if f, ok := a.out.(*os.File); ok {
		if n := columns(f); n > 0 {
			return n
		}
	}
	return ref.Columns
}

func (a *app) explainCommand() *cobra.Command {
	markdown := ""
	cmd := &cobra.Command{
		Use:   "explain NAME",
		Short: "Explain one thing: its equation, parameters, shapes, regime and source",
		Long: `Explain one thing that a spec or a command line may name: its equation, its parameters with their defaults, where it holds,
and its source. NAME is what sgdlab list shows, a verb, a key of a spec, or a parameter by its name or path, as in
temperature, sde.noise or ensemble.until. What several things are called is told of all of them. Of a paper it lists the claims,
the corrections of the literature that its runs show, and what of its claim sheet is not claimed.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if markdown != "" {
				return exactly(0, "none with --markdown")(cmd, args)
			}
			return exactly(1, "a name that sgdlab list shows, a verb, a key of a spec or a parameter")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			book, err := ref.New(verbs(cmd.Root()))
			if err != nil {
				return err
			}
			if markdown != "" {
				return os.WriteFile(markdown, []byte(book.Markdown()), 0o666)
			}
			name := args[0]
			found := book.Find(name)
			if len(found) == 0 && (slices.Contains(papers.Names(), name) || len(docs.Deviations(name)) > 0) {
				return a.explainPaper(name)
			}
			if len(found) == 0 {
				known := append(book.Names(), papers.Names()...)
				return wrong("explain: got %s; want a name that `sgdlab list` shows, a verb, a key of a spec or a parameter%s", name, spec.DidYouMean(name, known))
			}
			if a.json {
				return store.Encode(a.out, found)
			}
			var b strings.Builder
			ref.WriteTopics(&b, found, a.columns())
			fmt.Fprint(a.out, b.String())
			return nil
		},
	}
	cmd.Flags().StringVar(&markdown, "markdown", "", "write the whole reference to this file")
	cmd.Flags().Lookup("markdown").Hidden = true
	return cmd
}

// verbs is the program's own part of the reference.
func verbs(root *cobra.Command) []*ref.Topic {
	var out []*ref.Topic
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		out = append(out, verb(c))
	}
	return out
}

func verb(c *cobra.Command) *ref.Topic {
	t := &ref.Topic{
		Kind: "verbs", Name: c.Name(), Doc: lower(c.Short), Aliases: append([]string{}, c.Aliases...), Text: []ref.Block{}, Fields: []ref.Field{},
		Facts: []ref.Fact{}, Tables: []ref.Table{}, Examples: []string{strings.TrimSuffix(c.UseLine(), " [flags]")}, Sources: []string{},
	}
	if c.Long != "" {
		for _, p := range strings.Split(c.Long, "\n\n") {
			if rows, aligned := strings.CutPrefix(p, "  "); aligned { // a table, whose lines and columns stay
				t.Text = append(t.Text, ref.Block{Formula: strings.ReplaceAll(rows, "\n  ", "\n")})
				continue
			}
			t.Text = append(t.Text, ref.Block{Text: strings.Join(strings.Fields(p), " ")})
		}
	}
	for _, sub := range c.Commands() {
		t.Facts = append(t.Facts, ref.Fact{Name: sub.Name(), Text: lower(sub.Short)})
	}
	if c.HasAvailableSubCommands() { // alone it asks for one of them
		t.Examples = t.Examples[:0]
		for _, sub := range c.Commands() {
			t.Examples = append(t.Examples, strings.TrimSuffix(sub.UseLine(), " [flags]"))
		}
	}
	flags := ref.Table{Title: "Flags", Columns: []string{"flag", "meaning"}}
	see := func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, use := pflag.UnquoteUsage(f)
		if value != "" {
			value = " " + strings.ToUpper(value)
		}
		flags.Rows = append(flags.Rows, []string{"--" + f.Name + value, use})
	}
	c.LocalFlags().VisitAll(see)
	for _, sub := range c.Commands() {
		sub.LocalFlags().VisitAll(see)
	}
	c.InheritedFlags().VisitAll(see)
	t.Tables = append(t.Tables, flags)
	return t
}

// lower is a help text as the lists have theirs: they begin small.
func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// explainPaper tells what is claimed of a paper, what its runs put right, and what is not claimed, of papers without a file too.
func (a *app) explainPaper(name string) error {
	sources, err := papers.Sources()
	if err != nil {
		return err
	}
	source, _ := sources.Get(name)
	p := &papers.Paper{ID: name, Title: source.Field["title"]}
	if slices.Contains(papers.Names(), name) {
		if p, err = papers.Load(name); err != nil {
			return err
		}
	}
	wrongs, missing := docs.Corrections(name), docs.Deviations(name)
	type claim struct {
		Run  string `json:"run"`
		ID   string `json:"id"`
		Says string `json:"says"`
	}
	claims := []claim{}
	for _, r := range p.Runs {
		for _, c := range r.Root.Get("claims").Items {
			id, _ := c.Get("id").Text()
			says, _ := c.Get("says").Text()
			claims = append(claims, claim{r.Name, id, says})
		}
	}
	if a.json {
		return store.Encode(a.out, map[string]any{"paper": p.ID, "title": p.Title, "claims": claims, "corrections": wrongs, "not_claimed": missing})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (paper)\n  %s\n", p.ID, p.Title)
	for _, r := range p.Runs {
		fmt.Fprintf(&b, "\nClaims about the run %s\n", r.Name)
		var rows [][]string
		for _, c := range claims {
			if c.Run == r.Name {
				rows = append(rows, []string{c.ID, c.Says})
			}
		}
		ref.WriteRows(&b, rows, a.columns())
	}
	if len(wrongs) > 0 {
		fmt.Fprintf(&b, "\nCorrections that `sgdlab reproduce %s` shows\n", name)
		var rows [][]string
		for _, c := range wrongs {
			rows = append(rows, []string{c.Where, "says: " + c.Says}, []string{"", "right: " + c.Right})
		}
		ref.WriteRows(&b, rows, a.columns())
	}
	if len(missing) > 0 {
		b.WriteString("\nNot claimed, or more loosely\n")
		var rows [][]string
		for _, d := range missing {
			rows = append(rows, []string{d.Claim, d.Missing + ": " + d.Why})
		}
		ref.WriteRows(&b, rows, a.columns())
	}
	fmt.Fprint(a.out, b.String())
	return nil
}
