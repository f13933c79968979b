package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// readCSV reads the columns that choose takes.
func readCSV(b []byte, path string, t *table, choose func(*table) error) error {
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1 // counted here, to say where and how many
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err == io.EOF {
		return fmt.Errorf("%s is empty; want a header and rows of numbers", path)
	}
	if err != nil {
		return broken(path, err)
	}
	for j, name := range header {
		name = strings.TrimSpace(name)
		if j == 0 {
			name = strings.TrimPrefix(name, "\ufeff")
		}
		t.header = append(t.header, name)
	}
	if err := choose(t); err != nil {
		return err
	}
	row := make([]float64, len(t.used))
	for {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return broken(path, err)
		}
		line, _ := r.FieldPos(0)
		if len(record) != len(t.header) {
			return fmt.Errorf("%s:%d: %d cells, but the header has %d; give every row as many cells as the header", path, line, len(record), len(t.header))
		}
		whole := true
		for i, j := range t.used {
			cell := strings.TrimSpace(record[j])
			if missing(cell) {
				if !t.drop {
					found := "an empty cell"
					if cell != "" {
						found = cell
					}
					return fmt.Errorf("%s:%d: column %s: found %s; fill it in, or drop such rows with missing: drop", path, line, t.header[j], found)
				}
				whole = false
				break
			}
			if row[i], err = strconv.ParseFloat(cell, 64); err != nil || math.IsInf(row[i], 0) {
				return fmt.Errorf("%s:%d: column %s: found %q; want a finite number", path, line, t.header[j], cell)
			}
		}
		if !whole {
			t.dropped++
			continue
		}
		if err := t.add(row); err != nil {
			return fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
}

// missing reports whether a cell stands for no value.
func missing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "nan", "na", "n/a", "null":
		return true
	}
	return false
}

func broken(path string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d: column %d of the line: %w; want cells separated by commas, quotes in pairs", path, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
