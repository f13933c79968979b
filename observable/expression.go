package observable

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// Expression is arithmetic on columns of other observables,
//
//	f(θ) = value(a, b, …, rate),
//
// each name a column of an observable, and rate the η of the dynamics: rate*S/2 of the sharpness S says how far from the edge
// of stability a replica is, x^2 - y^2 of two coordinates is their imbalance. It is in the units of its value.
type Expression struct {
	terms   []term
	rate    sgdlab.Setting // nil where the value has no rate
	program *formula.Program
	name    string
}

// term is a name of an expression: a column of an observable.
type term struct {
	of     sgdlab.Observable
	column int
}

// ExpressionSettings are those of NewExpression.
type ExpressionSettings struct {
	Value string         `doc:"the expression, of the names under terms and of rate, the η of the dynamics; its language is that of formula"`
	As    string         `doc:"the name of its column, by which claims, events and tables know it" default:"expression"`
	Terms []ExpressionOf `doc:"what the names stand for"`
}

// ExpressionOf is a name and the column that it stands for.
type ExpressionOf struct {
	As     string                         `doc:"the name in value"`
	Of     sgdlab.Part[sgdlab.Observable] `doc:"the observable"`
	Column string                         `doc:"which of its columns; the first where left out" optional:"true"`
}

// NewExpression builds it. It costs what its observables cost, and reads each once. A name that is NaN in a replica makes the
// value NaN there.
func NewExpression(c ExpressionSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	if strings.ContainsAny(c.As, "[] \t,") || c.As == "" {
		return nil, fmt.Errorf("as: got %q; want a name of a column, without blanks, commas and brackets", c.As)
	}
	o := &Expression{name: c.As}
	var names []string
	for i, t := range c.Terms {
		at := fmt.Sprintf("terms[%d]", i)
		if t.As == "rate" {
			return nil, fmt.Errorf("%s.as: rate is the η of the dynamics; choose another name", at)
		}
		of, err := ofTheta(t.Of, s.At(s.Place+"."+at))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		k, err := ColumnOf(of, t.Column)
		if err != nil {
			return nil, fmt.Errorf("%s.column: %w", at, err)
		}
		o.terms, names = append(o.terms, term{of, k}), append(names, t.As)
	}
	g, err := formula.NewGraph(append(names, "rate"), nil, spec.DidYouMean)
	if err != nil {
		return nil, err
	}
	value, err := g.Parse(c.Value)
	if err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	for i, name := range names {
		if !g.Depends(value, i) {
			return nil, fmt.Errorf("terms[%d]: %s is not in value, %s; use it, or leave it out", i, name, c.Value)
		}
	}
	if g.Depends(value, len(names)) {
		if s.Rate == nil {
			return nil, fmt.Errorf("value: %s has a rate, and there is no dynamics with one here", c.Value)
		}
		o.rate = s.Rate
	}
	if o.program, err = g.Compile(value); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	return o, nil
}

// ofTheta builds an observable that reads θ alone: those around it have no more of the state to hand on.
func ofTheta(part sgdlab.Part[sgdlab.Observable], s *sgdlab.Site) (sgdlab.Observable, error) {
	o, err := part(s)
	if err != nil {
		return nil, err
	}
	if r, ok := o.(sgdlab.Reading); ok {
		return nil, fmt.Errorf("reads %s of the state beside θ, which only an entry of observe or an event is handed; observe it by itself", strings.Join(r.Reads(), ", "))
	}
	return o, nil
}

// ColumnOf returns the place of an observable's column of that name, the first where there is none.
func ColumnOf(o sgdlab.Observable, name string) (int, error) {
	var known []string
	for i, c := range o.Columns() {
		if name == "" || c.Name == name {
			return i, nil
		}
		known = append(known, c.Name)
	}
	return 0, fmt.Errorf("got %s; want one of %s%s", name, strings.Join(known, ", "), spec.DidYouMean(name, known))
}

// Columns is the name under as.
func (o *Expression) Columns() []sgdlab.Column { return named(o.name) }

// Memory is that of all terms.
func (o *Expression) Memory() (rows int) {
	for _, t := range o.terms {
		rows += sgdlab.MemoryOf(t.of)
	}
	return rows
}

// Observe is dst = the value.
func (o *Expression) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	o.Recall(dst, nil, theta, lanes.All, at, ws)
}

// Recall is Observe with the memories of the terms, one after the other.
func (o *Expression) Recall(dst, memory, theta lanes.Pack, due lanes.Mask, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	x := ws.Pack(len(o.terms) + 1)
	for i, t := range o.terms {
		mark := ws.Mark()
		columns := ws.Pack(len(t.of.Columns()))
		own := memory[:min(len(memory), sgdlab.MemoryOf(t.of))]
		memory = memory[len(own):]
		sgdlab.ReadWith(t.of, columns, own, theta, due, at, ws)
		x[i] = columns[t.column]
		ws.Release(mark)
	}
	x[len(o.terms)] = lanes.Vec{}
	if o.rate != nil {
		x[len(o.terms)] = o.rate(at)
	}
	o.program.Run(dst[:1], x, ws)
}

// PathIntegral is the integral of a column of an observable along the path,
//
//	∫f(θ)dt, as Σₖ f(θₖ)Δtₖ,
//
// by its value before each step times the step's duration. Over the time it is the time average, which `per: time` gives. It
// is in units of the column times time; per time, of the column.
type PathIntegral struct {
	of      sgdlab.Observable
	column  int
	average bool
	name    string
}

// PathIntegralSettings are those of NewPathIntegral.
type PathIntegralSettings struct {
	Of     sgdlab.Part[sgdlab.Observable] `doc:"the observable"`
	Column string                         `doc:"which of its columns; the first where left out" optional:"true"`
	Per    string                         `doc:"the integral itself (path), or divided by the time that has passed (time)" oneof:"path|time" default:"path"`
	As     string                         `doc:"the name of its column" default:"path-integral"`
}

// NewPathIntegral builds the integral; it serves every dynamics, and takes one reading of its observable per step.
func NewPathIntegral(c PathIntegralSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	if strings.ContainsAny(c.As, "[] \t,") || c.As == "" {
		return nil, fmt.Errorf("as: got %q; want a name of a column, without blanks, commas and brackets", c.As)
	}
	of, err := ofTheta(c.Of, s)
	if err != nil {
		return nil, fmt.Errorf("of: %w", err)
	}
	a := &PathIntegral{of: of, average: c.Per == "time", name: c.As}
	if a.column, err = ColumnOf(of, c.Column); err != nil {
		return nil, fmt.Errorf("column: %w", err)
	}
	return a, nil
}

// Columns is the name under as.
func (a *PathIntegral) Columns() []sgdlab.Column { return named(a.name) }

// Add is acc += f(before)·dt on the live lanes, or the average up to the end of the step.
func (a *PathIntegral) Add(acc, before, _ lanes.Pack, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	columns := ws.Pack(len(a.of.Columns()))
	a.of.Observe(columns, before, rec.At, ws)
	f := columns[a.column]
	for l := range f {
		switch {
		case !rec.Live.Has(l):
		case a.average:
			part := rec.Dt[l] / (rec.At.Time[l] + rec.Dt[l])
			acc[0][l] = math.FMA(part, f[l]-acc[0][l], acc[0][l])
		default:
			acc[0][l] = math.FMA(f[l], rec.Dt[l], acc[0][l])
		}
	}
}
