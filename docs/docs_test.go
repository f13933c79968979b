package docs

import (
	"strings"
	"testing"
)

// Every row of the pages is read, and says something in each of its cells.
func TestRows(t *testing.T) {
	for name, page := range map[string]string{"corrections.md": corrections, "deviations.md": deviations} {
		list := rows(page)
		if n := strings.Count(page, "\n| ") - strings.Count(page, "\n|--"); n != len(list) || n == 0 {
			t.Errorf("%s: %d rows are read; it has %d", name, len(list), n)
		}
		for _, r := range list {
			for i, cell := range r {
				if cell == "" || strings.ContainsAny(cell, "`\x00") || strings.HasPrefix(cell, "the same") && i == 0 {
					t.Errorf("%s: cell %d of %q is %q", name, i+1, r, cell)
				}
			}
		}
	}
	got := rows("| a | b | c | d |\n|---|---|---|---|\n| 1 | `x` | y | `p\\|q` |\n\n| e | f | g | h |\n|---|---|---|---|\n| 2 | x | y | z |\n")
	if len(got) != 2 || got[0] != [4]string{"1", "x", "y", "p|q"} || got[1] != [4]string{"2", "x", "y", "z"} {
		t.Errorf("rows are %q", got)
	}
}
