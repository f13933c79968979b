// Package theory holds predictions: closed formulas and single integrals, one file per subject, each with its regime, its
// source and the size of what it leaves out.
//
// A theory refuses parameters outside its regime: a number that would be wrong is an error that says why. The fields of a
// theory are its settings. What is left out of them is read from the run, where there is one and it fits the theory;
// `sgdlab theory NAME key=value` has no run and gives every field.
//
// Time is ηk for discrete dynamics and the SDE's own time otherwise. An SDE is dθ = −∇L dt + √(2D)dW; where D = T·I, T is
// its temperature. Sources are keys of sources.bib (package papers), which also says how far each was read.
//
// What belongs here: results that can be printed beside a measurement, and what it takes to read their inputs from a run.
// What does not: numerical solutions of an SDE's equations (package fokkerplanck), and anything that simulates.
package theory
