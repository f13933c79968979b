package sgdlab

// Version is the version of the program.
const Version = "0.1.0"

// Results counts the changes that altered the bits of results: the same spec gives the same bits under the same number.
const Results = 3
