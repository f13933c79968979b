package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sgdlab/engine"
	"sgdlab/export"
	"sgdlab/store"
)

func (a *app) exportCommand() *cobra.Command {
	var format, out string
	var tables []string
	var wide, force bool
	cmd := &cobra.Command{
		Use:   "export RUN",
		Short: "Write the tables of a run for pandas, polars, xarray, Julia, R",
		Long: `Write the tables of a run as files that other programs read. Numbers keep every bit.

  csv      one file for each table, RFC 4180; NaN: no value, an empty field: not asked for    pandas, polars, R, Julia
  npz      one file of arrays TABLE/COLUMN, kept paths as cell × replica × time               numpy
  parquet  one file for each table                                                            pandas, polars, DuckDB, R
  netcdf   one file: readings over cell × time × statistic, with the spec as an attribute     xarray, ncdump, Julia, R

Tables are cells, samples, passages and plateaus. Without --out, csv and parquet go into the folder NAME-csv or NAME-parquet,
npz and netcdf into NAME.npz and NAME.nc, NAME being the run's; --out - prints what is one file.`,
		Example: `  sgdlab export exit --format csv
  sgdlab export exit --format csv --tables cells --out - | head
  sgdlab export exit --format netcdf --out exit.nc`,
		Args: exactly(1, "a run: its folder, its name or its hash"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format == "" {
				return wrong("export: got no --format; want one of %s", strings.Join(export.Formats, ", "))
			}
			run, err := a.finished(args[0])
			if err != nil {
				return err
			}
			text, err := os.ReadFile(filepath.Join(run.Dir, store.SpecYAML))
			if err != nil {
				return fmt.Errorf("%s: %w; `sgdlab resume %s` needs it too: copy it back from where the run was made", filepath.Join(run.Dir, store.SpecYAML), bare(err), engine.Word(run.Dir))
			}
			path, printed := out, out == "-"
			switch {
			case printed:
				dir, err := os.MkdirTemp("", "sgdlab")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				path = filepath.Join(dir, "table"+export.Extension(format))
				if (format == "csv" || format == "parquet") && len(tables) != 1 {
					return wrong("export: got --out - for several tables; want --tables with one of %s", strings.Join(export.Tables, ", "))
				}
				if a.json {
					return wrong("export: got --out - and --json, which both print; want one of them")
				}
			case path == "":
				path = export.DefaultPath(run.Manifest.Run, format)
			}
			p := newProgress(a.log)
			defer p.end()
			ctx, restore := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer restore()
			result, err := export.Write(ctx, &export.Run{Dir: run.Dir, Manifest: run.Manifest, Cells: run.Cells, Spec: string(text)}, format, path, export.Options{
				Tables: tables, Wide: wide, Force: force,
				Progress: func(done, total int64) {
					p.stage(fmt.Sprintf("exporting: %d %%", 100*done/max(total, 1)))
				},
			})
			p.end()
			switch {
			case err != nil && ctx.Err() != nil:
				return errors.New("interrupted; nothing of the export was left")
			case err != nil:
				return exportError(err)
			}
			for _, n := range result.Notes {
				fmt.Fprintln(a.log, "note: "+n)
			}
			if printed {
				f, err := os.Open(path)
				if err != nil {
					return err
				}
				defer f.Close()
				if _, err := io.Copy(a.out, f); err != nil {
					return fmt.Errorf("standard output: %w; where it leads there is no more room, or nobody reads", bare(err))
				}
				return nil
			}
			if a.json {
				return store.Encode(a.out, map[string]any{"run": run.Manifest.Run, "hash": run.Manifest.Result, "format": format, "files": result.Files, "notes": append([]string{}, result.Notes...)})
			}
			for _, f := range result.Files {
				fmt.Fprintf(a.out, "%s  %s\n", f.Path, count(int(f.Rows), "row"))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "", strings.Join(export.Formats, ", "))
	f.StringSliceVar(&tables, "tables", nil, "which tables (default: all)")
	f.StringVar(&out, "out", "", "where to write: a file, or the folder of several; - for standard output")
	f.BoolVar(&wide, "wide", false, "samples with one column for each column of an observable (csv, parquet)")
	f.BoolVar(&force, "force", false, "replace files that are there")
	a.looking(cmd)
	return cmd
}

// exportError tells what is wrong with the request from what went wrong.
func exportError(err error) error {
	var failed *export.Error
	var missing *store.MissingError
	var damaged *store.DamagedError
	var disk *store.DiskError
	switch {
	case errors.As(err, &failed) && (failed.Err == nil || errors.Is(err, fs.ErrExist)):
		return requestError{err}
	case failed != nil, errors.As(err, &missing), errors.As(err, &damaged), errors.As(err, &disk):
		return err
	}
	return requestError{fmt.Errorf("export: %w", err)}
}

// bare is a system's error without the operation and the path.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// looking adds the flag of verbs that read runs and write elsewhere, or read several.
func (a *app) looking(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.dir, "runs", "", whereToLook)
	pre := cmd.PreRunE
	cmd.PreRunE = func(c *cobra.Command, args []string) error {
		if a.dir != "" {
			if s, err := os.Stat(a.dir); err != nil || !s.IsDir() {
				return wrong("--runs %s is no folder; want one that holds runs", a.dir)
			}
		}
		if pre != nil {
			return pre(c, args)
		}
		return nil
	}
}

// finished finds and opens a run that is done.
func (a *app) finished(arg string) (*engine.Run, error) {
	dir, err := a.find(arg)
	if err != nil {
		return nil, err
	}
	run, err := engine.Open(dir)
	if err != nil {
		return nil, err
	}
	if run.Manifest.Status != store.Done {
		return nil, requestError{fmt.Errorf("%s; until then it has no tables", unfinished(run))}
	}
	return run, nil
}
