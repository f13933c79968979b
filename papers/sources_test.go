package papers

import (
	"strings"
	"testing"
)

func TestSourcesParse(t *testing.T) {
	b, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(bib, "\n@"); n != len(b.All()) || n != len(b.Keys()) {
		t.Errorf("%d entries were read of %d", len(b.All()), n)
	}
	for _, s := range b.All() {
		if got, ok := b.Get(s.Key); !ok || got.Field["title"] != s.Field["title"] {
			t.Errorf("%s is not found under its key", s.Key)
		}
		if strings.ContainsAny(s.Field["title"]+s.Cite(), `{}\`) {
			t.Errorf("%s reads %q, cited as %q: TeX is left in it", s.Key, s.Field["title"], s.Cite())
		}
		if !strings.HasSuffix(s.Key, s.Field["year"]) && s.Standing() != Own {
			t.Errorf("%s is of %s; a key ends in its year", s.Key, s.Field["year"])
		}
	}
	if _, ok := b.Get("nobody-1900"); ok {
		t.Error("a source was found that is not there")
	}
}

// Words that are printed must not claim more than was read.
func TestCite(t *testing.T) {
	b, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]string{
		"kramers-1940":    {"after Kramers 1940", ""},
		"saxe-2013":       {"after Saxe, McClelland & Ganguli 2013", "https://arxiv.org/abs/1312.6120"},
		"chen-bruna-2023": {"Chen & Bruna 2023", "https://arxiv.org/abs/2206.04172"},
		"mori-2022":       {"Mori et al. 2022", "https://arxiv.org/abs/2105.09557"},
		"brehier-2016":    {"after Bréhier et al. 2016", "https://doi.org/10.1214/16-AAP1185"},
		"simsekli-2019":   {"after Şimşekli, Sagun & Gürbüzbalaban 2019", "https://arxiv.org/abs/1901.06053"},
		"varre-2024":      {"after Varre, Sagitova & Flammarion 2024", "https://openreview.net/forum?id=TSaieShX3j"},
		"derived-here":    {"derived here", ""},
		"oksendal-2003":   {"after Øksendal 2003", ""},
	} {
		s, ok := b.Get(key)
		if !ok {
			t.Errorf("%s is missing", key)
			continue
		}
		if s.Cite() != want[0] || s.Link() != want[1] {
			t.Errorf("%s: %q at %q, want %q at %q", key, s.Cite(), s.Link(), want[0], want[1])
		}
	}
}

func TestParseSources(t *testing.T) {
	const rest = `author = {A, B}, title = "On {nested {braces}} and
	  lines", year = 1999, standing = {read}`
	b, err := ParseSources("x.bib", "words\n@Article{k, "+rest+",}\n% more\n@misc{l,Author={C},title={t},year={2000},standing={own}}")
	if err != nil {
		t.Fatal(err)
	}
	k, _ := b.Get("k")
	if k.Type != "article" || k.Field["title"] != "On nested braces and lines" || k.Field["year"] != "1999" || k.Cite() != "A 1999" {
		t.Errorf("got %+v", k)
	}
	if len(b.All()) != 2 || b.Keys()[1] != "l" {
		t.Errorf("got %v", b.Keys())
	}
	for _, tc := range []struct{ text, want string }{
		{"@misc{k, " + rest + "}\n\n@misc{k, " + rest + "}", "x.bib:4: k appears twice"},
		{"@misc{k, " + rest + ", year = 2000}", "x.bib:2: k has year twice"},
		{"\n@misc{k, author = {A}, title = {t}, standing = {read}}", "x.bib:2: k has no year"},
		{"@misc{k, author = {A}, title = {t}, year = 1, standing = {guess}}", `the standing "guess"`},
		{"@misc{k,\n author = {A, title = {t}", "x.bib:2: the value for author of k does not end"},
		{"@misc{k, author {A}}", "want '='"},
		{"@misc{k author = {A}}", "want ','"},
		{"@misc k", "want '{'"},
		{"@misc{k, " + rest, "the file ends"},
		{"@misc{", "want a key"},
		{`@misc{k, author = "a } b"}`, "a } too many"},
		{"@misc{k, author = }", "want a value for author of k"},
	} {
		if _, err := ParseSources("x.bib", tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: error %v, want one with %q", tc.text, err, tc.want)
		}
	}
}
