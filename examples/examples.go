// Package examples holds the data of the examples, for specs that are written elsewhere.
//
// What belongs here: example specs and the small public data sets that they read. What does not: code.
package examples

import _ "embed" // the data are part of the program

// Digits is data/digits.csv.gz: 1,797 images of handwritten digits, 8×8 grey levels from 0 to 16, and a label.
//
//go:embed data/digits.csv.gz
var Digits []byte
