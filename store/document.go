package store

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
)

// Document is what `show RUN --json` and `run --json` print.
type Document struct {
	Run    string    `json:"run"`
	Status Status    `json:"status"`
	Hash   Digest    `json:"hash"` // "" until the run is done
	Cells  []Finding `json:"cells"`
	Claims []Verdict `json:"claims"`
}

// Finding is one cell of a Document.
type Finding struct {
	Cell       int       `json:"cell"`
	Dynamics   string    `json:"dynamics"`
	Replicas   int64     `json:"replicas"`
	Diverged   int64     `json:"diverged"`
	Failed     string    `json:"failed,omitempty"`
	Parameters Settings  `json:"parameters"`
	Estimates  Estimates `json:"estimates"`
}

// Settings are parameters as a JSON object, in their order: path → value.
type Settings []Param

// Estimates are estimates as a JSON object, in their order: name → {value, se, interval, n, unit}.
type Estimates []Named

// Show makes the document of a run.
func Show(m *Manifest, cells []Cell) Document {
	d := Document{Run: m.Run, Status: m.Status, Hash: m.Result, Cells: make([]Finding, len(cells)), Claims: []Verdict{}}
	for i, c := range cells {
		d.Cells[i] = Finding{
			Cell: c.ID, Dynamics: c.Dynamics, Replicas: c.Replicas, Diverged: c.Diverged, Failed: c.Failed,
			Parameters: c.Params, Estimates: c.Estimates,
		}
	}
	return d
}

// MarshalJSON prints the object.
func (s Settings) MarshalJSON() ([]byte, error) {
	return object(len(s), func(i int) (string, any) { return s[i].Path, s[i].json() })
}

// json is the value as JSON: a number, a list, a map or a truth value where it is one; null where it is a number that
// JSON does not have; else a string.
func (p Param) json() any {
	text := strings.TrimSpace(p.Text)
	switch {
	case math.IsInf(p.Number, 0):
		return nil
	case !math.IsNaN(p.Number):
		if !p.exact() && json.Valid([]byte(text)) {
			return json.RawMessage(text) // an integer of more digits than a float64 has
		}
		return p.Number
	case text == "NaN" || text == ".nan":
		return nil
	case text == "true" || text == "false" || text == "null",
		(strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{")) && json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	return p.Text
}

// MarshalJSON prints the object.
func (s Estimates) MarshalJSON() ([]byte, error) {
	type estimate struct {
		Value    Number    `json:"value"`
		SE       Number    `json:"se"`
		Interval [2]Number `json:"interval"`
		N        int64     `json:"n"`
		Unit     string    `json:"unit"`
	}
	return object(len(s), func(i int) (string, any) {
		e := s[i].Estimate
		return s[i].Name, estimate{Number(e.Value), Number(e.SE), [2]Number{Number(e.Lo), Number(e.Hi)}, e.N, e.Unit}
	})
}

// object is a JSON object with its keys in a given order; a map would sort them.
func object(n int, entry func(i int) (key string, value any)) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		key, value := entry(i)
		k, err := compact(key)
		if err != nil {
			return nil, err
		}
		v, err := compact(value)
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
