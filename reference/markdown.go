package reference

import (
	"fmt"
	"regexp"
	"strings"
)

// Markdown is the whole book as one page.
func (b *Book) Markdown() string {
	var w strings.Builder
	w.WriteString(`# Reference

Every word that a spec or the command line may use. ` + "`sgdlab explain NAME`" + ` shows the same on a terminal, ` + "`sgdlab explain NAME --json`" + ` to
programs. (This page is written by ` + "`go generate ./reference`" + ` from the code; [spec.md](spec.md) explains how a spec is put together.)

`)
	for _, s := range b.Sections {
		fmt.Fprintf(&w, "- [%s](#%s): %s (%d)\n", capital(s.Kind), s.Kind, escape(s.Doc), len(s.Topics))
	}
	for _, s := range b.Sections {
		fmt.Fprintf(&w, "\n## %s\n\n%s.\n\n| | |\n|---|---|\n", capital(s.Kind), escape(capital(s.Doc)))
		for _, t := range s.Topics {
			fmt.Fprintf(&w, "| [`%s`](#%s) | %s |\n", t.Name, t.anchor(), cell(t.Doc))
		}
		for _, t := range s.Topics {
			w.WriteByte('\n')
			t.Complete().writeMarkdown(&w)
		}
	}
	return w.String()
}

// anchor is the topic's own: names of several kinds may agree.
func (t *Topic) anchor() string { return t.Kind + "-" + t.Name }

func (t *Topic) writeMarkdown(w *strings.Builder) {
	fmt.Fprintf(w, "<a id=\"%s\"></a>\n\n### %s\n\n%s", t.anchor(), t.Name, escape(capital(t.Doc)))
	if len(t.Aliases) > 0 {
		fmt.Fprintf(w, " (also `%s`)", strings.Join(t.Aliases, "`, `"))
	}
	w.WriteString(".\n")
	for _, k := range t.Text {
		w.WriteByte('\n')
		switch {
		case k.Formula != "":
			fmt.Fprintf(w, "```text\n%s\n```\n", k.Formula)
		case len(k.List) > 0:
			for _, it := range k.List {
				fmt.Fprintf(w, "- %s\n", escape(it))
			}
		default:
			w.WriteString(escape(k.Text) + "\n")
		}
	}
	if len(t.Fields) > 0 {
		w.WriteString("\n| parameter | value | meaning |\n|---|---|---|\n")
		walk(t.Fields, "", func(path string, f Field) {
			fmt.Fprintf(w, "| `%s` | %s | %s |\n", path, cell(form(f)), cell(f.Doc))
		})
	}
	if len(t.Facts) > 0 {
		w.WriteByte('\n')
		for _, f := range t.Facts {
			fmt.Fprintf(w, "- *%s*: %s\n", escape(f.Name), escape(f.Text))
		}
	}
	for _, table := range t.Tables {
		fmt.Fprintf(w, "\n%s:\n\n|", escape(table.Title))
		for _, c := range table.Columns {
			fmt.Fprintf(w, " %s |", cell(c))
		}
		w.WriteString("\n|" + strings.Repeat("---|", len(table.Columns)) + "\n")
		for _, r := range table.Rows {
			w.WriteByte('|')
			for i, c := range r {
				if i == 0 && c != "" {
					c = "`" + c + "`"
				}
				fmt.Fprintf(w, " %s |", cell(c))
			}
			w.WriteByte('\n')
		}
	}
	for _, e := range t.Examples {
		kind := "yaml"
		if strings.HasPrefix(e, "sgdlab ") {
			kind = "sh"
		}
		fmt.Fprintf(w, "\n```%s\n%s\n```\n", kind, e)
	}
	for _, s := range t.Sources {
		fmt.Fprintf(w, "\nSource: %s.\n", strings.TrimSuffix(escape(s), "."))
	}
}

var code = regexp.MustCompile("`[^`]*`|https?://[^\\s)]+")

// escape keeps what Markdown would take for its own, but in code and addresses.
func escape(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range append(code.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		b.WriteString(marks.Replace(text[last:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		last = at[1]
	}
	return b.String()
}

var marks = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `<`, `&lt;`, `[`, `\[`, `]`, `\]`, `~`, `\~`)

// cell is a text inside a table.
func cell(text string) string { return strings.ReplaceAll(escape(text), "|", `\|`) }
