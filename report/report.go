// Package report makes the page and the figures of a run from the stored files of its folder, and from nothing else: a
// folder that was copied, or computed elsewhere, gives the same bytes.
//
//	load      the files of a run folder → run
//	figures   run → []figure: series, survival, sweep, plateaus, the plots of analyses
//	write     figure → SVG and CSV; run and figures → report.html
//
// What belongs here: which figures the tables call for, how numbers, intervals and verdicts are shown, and the page.
// What does not: estimating (package estimate; the one thing computed here is the Kaplan–Meier curve, which no table
// holds), the tables and their files (package store), and what the keys of a spec mean (package study).
package report

import (
	"fmt"
	"os"
	"path/filepath"

	"sgdlab/store"
)

// Write makes the report of the run in dir: figures/*.svg, each with the CSV behind it, and report.html, one page that
// needs no other file and no network. What stands under these names is replaced, each file atomically; the page comes
// last. The same files give the same bytes.
//
// The error is a *store.MissingError, *store.DamagedError or *store.DiskError: the manifest and cells.parquet are
// needed, of the other files a missing one is only named on the page.
func Write(dir string) error {
	r, err := load(dir)
	if err != nil {
		return err
	}
	figures := r.figures()
	folder := filepath.Join(dir, store.FigureDir)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return &store.DiskError{Path: folder, Op: "create", Err: err, Run: dir}
	}
	for _, f := range figures {
		svg, err := f.svg()
		if err != nil {
			return fmt.Errorf("figure %s: %w", f.ID, err)
		}
		if err := store.Replace(filepath.Join(folder, f.ID+".svg"), svg); err != nil {
			return err
		}
		if err := store.Replace(filepath.Join(folder, f.ID+".csv"), f.csv()); err != nil {
			return err
		}
	}
	page, err := r.page(figures)
	if err != nil {
		return fmt.Errorf("%s: %w", store.ReportFile, err)
	}
	return store.Replace(filepath.Join(dir, store.ReportFile), page)
}
