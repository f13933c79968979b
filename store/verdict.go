package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// Verdict is one claim in one cell of its sweep: what was measured beside what was expected.
type Verdict struct {
	Paper       string    `json:"paper"` // "" where the claim is a spec's own
	ID          string    `json:"id"`
	Cell        string    `json:"cell"` // dynamics and settings that tell it apart; "" where the claim is over cells
	Says        string    `json:"says"`
	Measured    Number    `json:"measured"`
	Interval    [2]Number `json:"interval"`  // lower and upper end, of the measured
	Predicted   Number    `json:"predicted"` // null where nothing is predicted, as for an order
	Expectation string    `json:"expectation"`
	N           int64     `json:"n"` // observations behind it
	Verdict     Judgement `json:"verdict"`
	Needs       int64     `json:"needs,omitempty"` // the n that would decide, of an undecided claim
}

// Judgement is the word of a verdict.
type Judgement string

const (
	Holds     Judgement = "holds"     // the whole interval is inside the tolerance
	Fails     Judgement = "fails"     // it is outside
	Undecided Judgement = "undecided" // it straddles
)

// Verdicts is the document of `reproduce --json` and of verdicts.json.
type Verdicts struct {
	Claims []Verdict `json:"claims"`
}

func (v Verdicts) check() error {
	for i, c := range v.Claims {
		switch {
		case c.ID == "":
			return fmt.Errorf("claims[%d].id: got nothing; want the claim's name", i)
		case c.Verdict != Holds && c.Verdict != Fails && c.Verdict != Undecided:
			return fmt.Errorf("claims[%d].verdict: got %q; want holds, fails or undecided", i, c.Verdict)
		case c.Needs != 0 && c.Verdict != Undecided:
			return fmt.Errorf("claims[%d].needs: got %d for a claim that %s; only an undecided one needs more", i, c.Needs, c.Verdict)
		}
	}
	return nil
}

// WriteVerdicts replaces the verdicts of a run folder, atomically.
func WriteVerdicts(dir string, v Verdicts) error {
	path := filepath.Join(dir, VerdictsFile)
	if err := v.check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if v.Claims == nil {
		v.Claims = []Verdict{} // [], not null
	}
	return writeJSON(path, v)
}

// ReadVerdicts reads the verdicts of a run folder, strictly. The error is a *MissingError, *DamagedError or *DiskError.
func ReadVerdicts(dir string) (Verdicts, error) {
	path := filepath.Join(dir, VerdictsFile)
	remedy := fmt.Sprintf("`sgdlab resume %s` judges the claims anew", dir)
	data, err := os.ReadFile(path)
	if err != nil {
		return Verdicts{}, readError(path, err, remedy)
	}
	var v Verdicts
	if err := decodeStrict(data, &v); err != nil {
		return Verdicts{}, &DamagedError{Path: path, Finding: jsonFinding(data, err), Remedy: remedy}
	}
	if err := v.check(); err != nil {
		return Verdicts{}, &DamagedError{Path: path, Finding: err.Error(), Remedy: remedy}
	}
	return v, nil
}
