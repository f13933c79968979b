package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Folder is where a run lies: dir/slug-hash8.
func Folder(dir, slug, hash8 string) string { return filepath.Join(dir, slug+"-"+hash8) }

// slugLength bounds the names of folders, in bytes: with the hash and the longest file below them they stay readable
// in a terminal and far from any limit.
const slugLength = 48

// spelled is how letters beyond ASCII are written in names: those of titles in physics and of European names.
var spelled = map[rune]string{
	'à': "a", 'á': "a", 'â': "a", 'ã': "a", 'ä': "a", 'å': "a", 'æ': "ae", 'ç': "c", 'č': "c", 'ć': "c", 'è': "e", 'é': "e",
	'ê': "e", 'ë': "e", 'ě': "e", 'ì': "i", 'í': "i", 'î': "i", 'ï': "i", 'ł': "l", 'ñ': "n", 'ń': "n", 'ò': "o", 'ó': "o",
	'ô': "o", 'õ': "o", 'ö': "o", 'ø': "o", 'ő': "o", 'œ': "oe", 'ř': "r", 'š': "s", 'ś': "s", 'ß': "ss", 'ù': "u", 'ú': "u",
	'û': "u", 'ü': "u", 'ű': "u", 'ý': "y", 'ž': "z", 'ż': "z",
	'α': "alpha", 'β': "beta", 'γ': "gamma", 'δ': "delta", 'ε': "epsilon", 'ζ': "zeta", 'η': "eta", 'θ': "theta", 'κ': "kappa",
	'λ': "lambda", 'μ': "mu", 'ν': "nu", 'ξ': "xi", 'π': "pi", 'ρ': "rho", 'σ': "sigma", 'τ': "tau", 'φ': "phi", 'χ': "chi",
	'ψ': "psi", 'ω': "omega",
	'²': "2", '³': "3",
}

// Slug makes a name for a folder of a title: lower-case ASCII letters, digits and single hyphens, at most 48 of them,
// cut between words where it can be; "run" if nothing is left.
func Slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range title {
		r = unicode.ToLower(r)
		s, known := spelled[r]
		switch {
		case r == '\'' || r == '’':
			continue // Kramers' law: kramers-law
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			s = string(r)
		case !known:
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteString(s)
	}
	slug := b.String()
	if len(slug) > slugLength {
		cut := strings.LastIndexByte(slug[:slugLength+1], '-')
		if cut < slugLength/2 {
			cut = slugLength
		}
		slug = strings.TrimRight(slug[:cut], "-")
	}
	return cmp.Or(slug, "run")
}

// Entry is one run of a folder of runs.
type Entry struct {
	Path     string
	Name     string
	Manifest *Manifest // nil where it cannot be read
	Err      error     // why not
}

// List finds the runs in dir, sorted by name: the folders that have a manifest, also one that cannot be read. A dir that
// does not exist has no runs.
func List(dir string) ([]Entry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, diskError(dir, "read", err)
	}
	var runs []Entry
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !isRun(path) {
			continue
		}
		m, err := ReadManifest(path)
		if err == nil && m.Status == Running && !Driven(path) {
			m.Status = Interrupted // killed: it had no time to say so
		}
		runs = append(runs, Entry{Path: path, Name: e.Name(), Manifest: m, Err: err})
	}
	return runs, nil
}

func isRun(path string) bool {
	info, err := os.Stat(filepath.Join(path, ManifestFile))
	return err == nil && info.Mode().IsRegular()
}

// FindError is an argument RUN that names no run, or several.
type FindError struct {
	Arg, Dir string
	Matches  []string // the runs that it could be; none: unknown
	Runs     []string // the runs that there are
}

func (e *FindError) Error() string {
	if len(e.Matches) > 0 {
		return fmt.Sprintf("run %q: got the start of %d runs; want one of %s", e.Arg, len(e.Matches), few(e.Matches))
	}
	if len(e.Runs) == 0 {
		return fmt.Sprintf("run %q: there are no runs in %s; want the path of a run folder, or --out with the folder of runs", e.Arg, e.Dir)
	}
	return fmt.Sprintf("run %q: no such run in %s; want a path, or the start of a name or hash of %s", e.Arg, e.Dir, few(e.Runs))
}

// few lists names, but not a screenful.
func few(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Find resolves an argument RUN to the path of a run folder: a path, or within dir a name, or the unique start of a
// name, of the hash at its end, or of the hash of its spec or plan. The error is a *FindError or a *DiskError.
func Find(dir, arg string) (string, error) {
	if arg == "" {
		arg = "."
	}
	if isRun(arg) {
		return filepath.Clean(arg), nil
	}
	if exact := filepath.Join(dir, arg); isRun(exact) {
		return exact, nil
	}
	runs, err := List(dir)
	if err != nil {
		return "", err
	}
	failed := &FindError{Arg: arg, Dir: dir}
	var path string
	for _, r := range runs {
		failed.Runs = append(failed.Runs, r.Name)
		starts := []string{r.Name, r.Name[strings.LastIndexByte(r.Name, '-')+1:]}
		if r.Manifest != nil {
			starts = append(starts, r.Manifest.Spec.String(), r.Manifest.Plan.String(), r.Manifest.Result.String())
		}
		if slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(s, arg) }) {
			failed.Matches = append(failed.Matches, r.Name)
			path = r.Path
		}
	}
	if len(failed.Matches) == 1 {
		return path, nil
	}
	return "", failed
}
