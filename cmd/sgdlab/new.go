package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sgdlab/data"
	"sgdlab/engine"
	"sgdlab/spec"
	"sgdlab/store"
)

//go:embed starters/*.yaml
var starters embed.FS

// starter is a spec to begin with.
type starter struct {
	name string
	text []byte
	data map[string][]byte // files that it reads, by the name beside it
}

// starterNames are in the order in which they are shown: simplest first.
var starterNames = []string{"double-well", "saddle", "label-noise", "digits", "claim"}

func starterOf(name string) (*starter, error) {
	text, err := starters.ReadFile("starters/" + name + ".yaml")
	if err != nil || !slices.Contains(starterNames, name) {
		return nil, wrong("new: got the starter %s; want one of %s%s", name, strings.Join(starterNames, ", "), spec.DidYouMean(name, starterNames))
	}
	s := &starter{name: name, text: text}
	if name == "digits" {
		s.data = map[string][]byte{"digits.csv.gz": data.Shipped("digits.csv.gz")}
	}
	return s, nil
}

// about is the first line of a starter's comment.
func (s *starter) about() string {
	line, _, _ := strings.Cut(string(s.text), "\n")
	return strings.TrimPrefix(line, "# ")
}

func (a *app) newCommand() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "new [NAME]",
		Short: "Write a starter spec that runs as it stands",
		Long: `Write a starter spec: short, with comments that explain its choices, and ready to run. NAME is the file to write, .yaml added
where it has no ending; --from says which starter, where NAME is none itself. Without NAME the starters are listed. Nothing is
overwritten.`,
		Example: `  sgdlab new
  sgdlab new saddle
  sgdlab new my-study --from saddle && sgdlab run my-study.yaml --quick`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong("new: got %d arguments; want the name of the file to write, or none to list the starters", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				if from != "" {
					if _, err := starterOf(from); err != nil {
						return err
					}
					return wrong("new: got no file to write; want `sgdlab new NAME --from %s`", from)
				}
				return a.listStarters()
			}
			path := args[0]
			if filepath.Ext(path) == "" {
				path += ".yaml"
			}
			if from == "" {
				from = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
				if !slices.Contains(starterNames, from) {
					return wrong("new: %s is no starter, so it does not say which to write; want --from with one of %s%s", from, strings.Join(starterNames, ", "), spec.DidYouMean(from, starterNames))
				}
			}
			s, err := starterOf(from)
			if err != nil {
				return err
			}
			files, err := s.write(path)
			if err != nil {
				return err
			}
			if a.json {
				return store.Encode(a.out, map[string]any{"starter": s.name, "files": files})
			}
			for _, f := range files {
				fmt.Fprintln(a.out, f)
			}
			fmt.Fprintf(a.out, "next: sgdlab run %s --quick\n", engine.Word(path))
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the starter: "+strings.Join(starterNames, ", "))
	return cmd
}

func (a *app) listStarters() error {
	list := []map[string]string{}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, name := range starterNames {
		s, err := starterOf(name)
		if err != nil {
			return err
		}
		list = append(list, map[string]string{"name": name, "doc": s.about()})
		if !a.json {
			fmt.Fprintf(w, "%s\t%s\n", name, s.about())
		}
	}
	if a.json {
		return store.Encode(a.out, list)
	}
	return w.Flush()
}

// write puts the starter at path and what it reads beside it. A data file that is there with the same content is used.
func (s *starter) write(path string) (written []string, err error) {
	text := bytes.ReplaceAll(s.text, []byte(s.name+".yaml"), []byte(engine.Word(filepath.Base(path)))) // in its comments
	defer func() {
		if err != nil {
			for _, f := range written {
				os.Remove(f)
			}
		}
	}()
	put := func(path string, data []byte) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		switch {
		case errors.Is(err, fs.ErrExist):
			return wrong("new: %s is there already; choose another name, or move it away", path)
		case err != nil:
			return fmt.Errorf("%s cannot be made: %w; name a file in a folder that is there and writable", path, bare(err))
		}
		written = append(written, path)
		_, err = f.Write(data)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s cannot be written: %w; free space on that disk", path, bare(err))
		}
		return nil
	}
	if err := put(path, text); err != nil {
		return written, err
	}
	for name, data := range s.data {
		beside := filepath.Join(filepath.Dir(path), name)
		if old, err := os.ReadFile(beside); err == nil && bytes.Equal(old, data) {
			continue
		}
		if err := put(beside, data); err != nil {
			return written, err
		}
	}
	return written, nil
}
