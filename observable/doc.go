// Package observable reads numbers off θ: losses and norms, the spectrum of the end-to-end map, how layers lie to each
// other, the covariance of the gradient noise, the top of the Hessian. Accumulators sum along a path; locators find and
// date the crossing of a level inside a step.
//
// An observable asks its model for the one view it needs, and its constructor says so where the model lacks it. Counts of
// 0, or left out, mean all. What is not defined at θ, such as a ratio at 0, is NaN; a diverged θ gives NaN too.
//
// What belongs here: functions of θ with names. What does not: what a model is made of (package model), statistics over
// replicas (package estimate), and which levels are worth waiting for (package study).
package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// numbered returns the columns name[1] … name[count].
func numbered(name string, count int) []sgdlab.Column {
	c := make([]sgdlab.Column, count)
	for i := range c {
		c[i].Name = fmt.Sprintf("%s[%d]", name, i+1)
	}
	return c
}

func named(names ...string) []sgdlab.Column {
	c := make([]sgdlab.Column, len(names))
	for i, n := range names {
		c[i].Name = n
	}
	return c
}

// count resolves a count setting where have exist.
func count(asked, have int, what string) (int, error) {
	switch {
	case asked == 0:
		return have, nil
	case asked < 0:
		return 0, fmt.Errorf("count is %d; use 1 to %d, or leave it out for all", asked, have)
	case asked > have:
		return 0, fmt.Errorf("count is %d, but there are only %d %s; use at most %d", asked, have, what, have)
	}
	return asked, nil
}

// standing returns the site's model, which every observable needs.
func standing(s *sgdlab.Site) (sgdlab.Model, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("needs a model; there is none")
	}
	return s.Model, nil
}

func root(v lanes.Vec) lanes.Vec {
	for l := range v {
		v[l] = math.Sqrt(v[l])
	}
	return v
}
