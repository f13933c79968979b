// Package store holds the tables and files of a run folder: it writes them so that no crash, full disk or second
// writer can leave a wrong or half-written file under a final name, and reads them so that a damaged one is found and
// named before a single value of it is believed.
//
// Here belong: the tables (cells, samples, passages, plateaus) and their Parquet form; the hash over their values;
// framed blobs of shards and checkpoints; write-once commits and atomic replacements; the manifest, the verdicts and the
// document of `show --json`; finding and locking run folders.
//
// Here do not belong: what the numbers mean, how they are estimated or drawn, and what a shard computes. This room
// imports nothing of ours.
package store

import (
	"encoding/hex"
	"fmt"
)

// The files of a run folder.
const (
	SpecYAML      = "spec.yaml"
	SpecJSON      = "spec.json"
	ManifestFile  = "manifest.json"
	CellsFile     = "cells.parquet"
	SamplesFile   = "samples.parquet"
	PassagesFile  = "passages.parquet"
	PlateausFile  = "plateaus.parquet"
	VerdictsFile  = "verdicts.json"
	ReportFile    = "report.html"
	CheckpointDir = "checkpoints"
	FigureDir     = "figures"

	KeepFile = "keep.bin" // in CheckpointDir: what an extension goes on from

	lockFile = ".lock"
)

// Digest is a SHA-256; its text is 64 hexadecimal digits, and the empty text where it is zero, which means "none".
type Digest [32]byte

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String is the digest in hexadecimal; "" where there is none.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// Short is the first 8 digits, as in the names of run folders; "none" where there is none.
func (d Digest) Short() string {
	if d.IsZero() {
		return "none"
	}
	return hex.EncodeToString(d[:4])
}

// MarshalText is String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes 64 hexadecimal digits, or nothing.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Digest{}
		return nil
	}
	if len(text) != 2*len(d) {
		return fmt.Errorf("got a digest of %d digits; want %d", len(text), 2*len(d))
	}
	if _, err := hex.Decode(d[:], text); err != nil {
		return fmt.Errorf("got digest %.80q; want hexadecimal digits", text)
	}
	return nil
}
