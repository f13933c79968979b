package store

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
)

// Number is a float64 in a JSON document: NaN and ±Inf, which JSON does not have, are null, and null is NaN.
type Number float64

// MarshalJSON prints the shortest digits that read back as the same float64.
func (x Number) MarshalJSON() ([]byte, error) {
	if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (x *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*x = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(x))
}

// Encode writes one JSON document, indented, with < and > as they are.
func Encode(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}

// compact is the JSON of a value with < and > as they are, for use inside MarshalJSON.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// writeJSON replaces a document of a run folder.
func writeJSON(path string, document any) error {
	var b bytes.Buffer
	if err := Encode(&b, document); err != nil {
		return err
	}
	return Replace(path, b.Bytes())
}

// decodeStrict reads one JSON document: unknown keys and anything after it are errors.
func decodeStrict(data []byte, document any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(document); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errTrailing
	}
	return nil
}
