package reference

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

// Comments is what the reference takes from the source text: comments, and the samples of the catalog's tests. Package
// internal/comments reads it; comments.json holds it, so that the program needs no source.
type Comments struct {
	Entries map[string]Comment             `json:"entries"` // by constructor, as in sgdlab/model.NewQuadratic
	Views   map[string]string              `json:"views"`   // of the interfaces of package sgdlab, by name
	Samples map[string]map[string][]Sample `json:"samples"` // by list and entry
	Sets    map[string]string              `json:"sets"`    // the data sets that samples of models name
	Stages  []Stage                        `json:"stages"`  // models besides those of the samples
}

// Comment is what the source says of an entry.
type Comment struct {
	New   string        `json:"new"`   // of its constructor
	Types []TypeComment `json:"types"` // of the types that it builds
}

// TypeComment is the comment of a type.
type TypeComment struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Sample is an entry with settings under which the batteries of package catalog run it.
type Sample struct {
	Settings string `json:"settings"`     // as YAML
	On       string `json:"on,omitempty"` // of a model of data, its set
}

// Stage is a model on which the batteries try what is built on models.
type Stage struct {
	Model string `json:"model"` // as a spec would write it
	On    string `json:"on,omitempty"`
}

//go:embed comments.json
var embedded []byte

var comments = sync.OnceValue(func() *Comments {
	c := &Comments{}
	if err := json.Unmarshal(embedded, c); err != nil {
		panic(err) // the file is part of the program
	}
	return c
})

// Embedded returns the text of comments.json.
func Embedded() string { return string(embedded) }

// JSON is the text of comments.json: the same bytes for the same comments.
func (c *Comments) JSON() (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	err := e.Encode(c)
	return b.String(), err
}
