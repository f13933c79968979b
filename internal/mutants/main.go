// Command mutants plants one mistake at a time into the code and says which tests find it.
//
//	go run ./internal/mutants            all of mistakes.txt: against the tests of their room and, where none of these finds
//	                                     it, against all others
//	go run ./internal/mutants -all       against all tests, always
//	go run ./internal/mutants -n 3,7     some of them
//
// The tree is left alone: a changed file is laid over it (go test -overlay), and rooms that do not see it are not tested
// again. It ends with status 1 where a mistake is not found, or a test fails without any.
//
// What belongs here: planting. What does not: how the code is tested, which is beside the code.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// mistakes holds blocks of a title, a file, and lines to take out (-) and to put in (+).
//
//go:embed mistakes.txt
var mistakes string

// mistake is one line changed for another.
type mistake struct {
	title, file string
	from, to    string
}

func parse(text string) ([]mistake, error) {
	var all []mistake
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(lines) != 4 || !strings.HasPrefix(lines[2], "- ") || !strings.HasPrefix(lines[3], "+ ") {
			return nil, fmt.Errorf("got the block\n%s\nwant a title, a file, `- ` what is there and `+ ` what is put there", block)
		}
		all = append(all, mistake{title: lines[0], file: lines[1], from: lines[2][2:], to: lines[3][2:]})
	}
	return all, nil
}

// plant returns the file with the mistake in it. What is changed must be there once.
func (m mistake) plant(root string) (string, error) {
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(b), m.from); n != 1 {
		return "", fmt.Errorf("%s: %s: got %d places with %q; want one", m.title, m.file, n, m.from)
	}
	return strings.Replace(string(b), m.from, m.to, 1), nil
}

// event is a line of go test -json.
type event struct{ Action, Package, Test, ImportPath string }

// found returns the tests of some rooms that fail under a mistake.
func (m mistake) found(root, dir, rooms string) ([]string, error) {
	text, err := m.plant(root)
	if err != nil {
		return nil, err
	}
	return failing(root, dir, rooms, m.title, map[string]string{m.file: text})
}

// failing returns the tests of some rooms that fail with some files laid over the tree.
func failing(root, dir, rooms, title string, over map[string]string) ([]string, error) {
	replace := map[string]string{}
	for file, text := range over {
		changed := filepath.Join(dir, "changed"+filepath.Ext(file))
		if err := os.WriteFile(changed, []byte(text), 0o666); err != nil {
			return nil, err
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = changed
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return nil, err
	}
	laid := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(laid, overlay, 0o666); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "test", "-json", "-timeout", "5m", "-overlay", laid, rooms)
	cmd.Dir = root
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var tests []string
	seen := 0
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<24) // what a test prints may be long
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch {
		case e.Action == "build-fail":
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return nil, fmt.Errorf("%s: %s does not build with it", title, e.ImportPath)
		case e.Action == "pass" && e.Test == "", e.Action == "fail" && e.Test == "":
			seen++
		}
		if e.Action == "fail" && e.Test != "" && !strings.Contains(e.Test, "/") {
			tests = append(tests, strings.TrimPrefix(e.Package, "sgdlab/")+"."+e.Test)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	_ = cmd.Wait() // fails where a test does
	if seen == 0 {
		return nil, fmt.Errorf("%s: no test ran", title)
	}
	slices.Sort(tests)
	return tests, nil
}

func run() error {
	only := flag.String("n", "", "numbers of the mistakes to plant, as in 3,7 (default: all)")
	whole := flag.Bool("all", false, "run all tests on each, not only those of its room where these find it")
	flag.Parse()
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	all, err := parse(mistakes)
	if err != nil {
		return err
	}
	pick := map[int]bool{}
	for _, f := range strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(f)
		if err != nil || n < 1 || n > len(all) {
			return fmt.Errorf("got -n %s; want numbers from 1 to %d", *only, len(all))
		}
		pick[n] = true
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if tests, err := failing(root, dir, "./...", "no mistake", nil); err != nil || len(tests) > 0 {
		return errors.Join(err, fmt.Errorf("without any mistake %d tests fail: %s", len(tests), strings.Join(tests, " ")))
	}
	missed := 0
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\tmistake\tfile\ttests that fail\tamong them")
	for i, m := range all {
		if len(pick) > 0 && !pick[i+1] {
			continue
		}
		begun := time.Now()
		var tests []string
		if !*whole {
			if tests, err = m.found(root, dir, "./"+path.Dir(m.file)); err != nil {
				return err
			}
		}
		if len(tests) == 0 {
			if tests, err = m.found(root, dir, "./..."); err != nil {
				return err
			}
		}
		if len(tests) == 0 {
			missed++
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", i+1, m.title, m.file, len(tests), strings.Join(tests[:min(3, len(tests))], " "))
		fmt.Fprintf(os.Stderr, "%d of %d: %s: %d tests fail (%.0f s)\n", i+1, len(all), m.title, len(tests), time.Since(begun).Seconds())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d mistakes were not found", missed)
	}
	return nil
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}
