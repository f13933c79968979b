// Package docs hands the program the tables of two pages: what was found wrong in the literature (corrections.md), and which claims
// of it no paper's file makes (deviations.md).
//
// What belongs here: pages, and what reads their tables. What does not: words about a thing that the program builds, which stand
// where the thing is.
package docs

import (
	_ "embed"
	"strings"
)

//go:embed corrections.md
var corrections string

//go:embed deviations.md
var deviations string

// Correction is a statement of a claim sheet, a plan or the review that is wrong, with the command or test that shows it.
type Correction struct {
	Where   string `json:"where"`
	Says    string `json:"says"`
	Right   string `json:"right"`
	ShownBy string `json:"shown_by"`
}

// Deviation is a claim of a paper's sheet that its file does not make, or makes more loosely.
type Deviation struct {
	Paper   string `json:"paper"`
	Claim   string `json:"claim"`
	Missing string `json:"missing"`
	Why     string `json:"why"`
}

// Corrections are those that the runs of a paper show, in the order of the page.
func Corrections(paper string) []Correction {
	out := []Correction{}
	for _, r := range rows(corrections) {
		if r[3] == "sgdlab reproduce "+paper {
			out = append(out, Correction{r[0], r[1], r[2], r[3]})
		}
	}
	return out
}

// Deviations are those of a paper, in the order of the page.
func Deviations(paper string) []Deviation {
	out := []Deviation{}
	for _, r := range rows(deviations) {
		if r[0] == paper {
			out = append(out, Deviation{r[0], r[1], r[2], r[3]})
		}
	}
	return out
}

// rows are the rows below the heads of a page's tables, of four cells each, as plain text.
func rows(page string) (out [][4]string) {
	head := true
	for line := range strings.Lines(page) {
		line, table := strings.CutPrefix(strings.TrimSpace(line), "| ")
		switch {
		case strings.HasPrefix(line, "|--"):
			head = false
		case !table:
			head = true
		case !head:
			const bar = "\x00" // an escaped one, which parts no cells
			line = strings.ReplaceAll(strings.TrimSuffix(line, " |"), `\|`, bar)
			var r [4]string
			copy(r[:], strings.Split(line, " | "))
			for i := range r {
				r[i] = strings.NewReplacer(bar, "|", "`", "").Replace(strings.TrimSpace(r[i]))
			}
			out = append(out, r)
		}
	}
	return out
}
