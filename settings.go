package sgdlab

import "fmt"

// Constructors say what they read from a spec in the fields of their settings struct; the decoder (package catalog) fills
// it. A field's key is its name in kebab-case. Tags:
//
//	spec:"key,alias"   another key, and other spellings that are accepted
//	doc:"…"            what it is, with its unit; every field has one
//	default:"…"        the value where the key is missing, as YAML; a field without default or optional is required
//	optional:"true"    may be missing: the field keeps its zero value (NaN for a float64, nil for a Setting or a Part)
//	check:">0"         also >=0, >=1, 0..1 and the like: what a number must satisfy, entrywise for lists
//	oneof:"a|b"        the words a string may be
//	words:"a|b"        the words a Quantity may be instead of a number
//
// Fields may be float64, int, uint64, bool, string, lists of these, Setting, Quantity, Sense, Part[T], []Part[T], Named[T], nested
// structs or pointers to them (optional), or types with a method Decode(value any) error.

// Decodable types read themselves from a spec value: a string, float64, bool, []any or map[string]any.
type Decodable interface{ Decode(value any) error }

// Quantity is a Setting, or one of a few words that its constructor understands.
type Quantity struct {
	Word    string
	Setting Setting
}

// Decode reads a Sense.
func (s *Sense) Decode(value any) error {
	switch value {
	case "ito":
		*s = Ito
	case "stratonovich":
		*s = Stratonovich
	default:
		return fmt.Errorf("got %v; want ito or stratonovich", value)
	}
	return nil
}

// Source is a factor with the scale at which its noise is SGD's, as a function of the index α of the law that drives it.
type Source struct {
	Factor Factor
	Scale  func(alpha float64) Setting
}

// Run is what a theory may read its inputs from: a site, one point of the sweep and the resolved settings there.
type Run struct {
	*Site
	Clock   *Clock                            // at time 0, every lane at the point
	Dynamic Stepper                           // of the arm
	Event   *Event                            // the event asked about, nil where there is none
	Number  func(path string) (float64, bool) // a number of the arm's settings, such as "rate" or "label-noise.amplitude"
	Word    func(path string) string          // a word of the arm's settings, such as "draw"; "" where there is none
}
