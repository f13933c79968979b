package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// OfProcess is another observable f, of one of the processes that go in lock step in the dynamics joint,
//
//	f(θ_a),  a the process,
//
// in the units of f: its columns are called PROCESS.COLUMN, such as flow.loss. What it is handed of the state are that process's θ and blocks.
type OfProcess struct {
	Process string
	Of      sgdlab.Observable
	Dim     int
}

// OfProcessSettings are those of NewOfProcess.
type OfProcessSettings struct {
	Process string                         `doc:"the name of a process of the dynamics joint"`
	Of      sgdlab.Part[sgdlab.Observable] `doc:"what is read off it, such as loss"`
}

// NewOfProcess costs what the other observable does.
func NewOfProcess(c OfProcessSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	of, err := c.Of(s)
	if err != nil {
		return nil, err
	}
	if _, twice := of.(*OfProcess); twice {
		return nil, fmt.Errorf("of: got process of a process; want what is read off %s", c.Process)
	}
	return &OfProcess{Process: c.Process, Of: of, Dim: m.Dim()}, nil
}

// Reads is θ and the blocks that the other reads, of the process.
func (o *OfProcess) Reads() []string { return blocksOf(o.Process, o.Of) }

// blocksOf names what an observable is handed of a process.
func blocksOf(process string, o sgdlab.Observable) []string {
	names := []string{process + ".theta"}
	if r, more := o.(sgdlab.Reading); more {
		for _, b := range r.Reads() {
			names = append(names, process+"."+b)
		}
	}
	return names
}

// Columns are those of the other, behind the process's name.
func (o *OfProcess) Columns() []sgdlab.Column {
	var c []sgdlab.Column
	for _, of := range o.Of.Columns() {
		c = append(c, sgdlab.Column{Name: o.Process + "." + of.Name, Unit: of.Unit})
	}
	return c
}

// Observe is the other's, of the process.
func (o *OfProcess) Observe(dst, state lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	o.Of.Observe(dst, state[o.Dim:], at, ws)
}

// ProcessDistance is how far two processes a and b of the dynamics joint are from each other,
//
//	‖θ_a − θ_b‖,
//
// in units of θ, or with `of` |f(a) − f(b)|, f the first column of another observable, in its units. The columns are called after both: a-b.distance,
// and for an f such as the loss a-b.loss.
type ProcessDistance struct {
	A, B string
	Of   sgdlab.Observable // nil for θ
	Dim  int
	rows lanes.Pack // the columns of Of
}

// ProcessDistanceSettings are those of NewProcessDistance.
type ProcessDistanceSettings struct {
	Between []string                       `doc:"the names of two processes of the dynamics joint, such as [discrete, flow]"`
	Of      sgdlab.Part[sgdlab.Observable] `optional:"true" doc:"what is compared, by its first column, such as loss; θ where missing. It may read θ alone"`
}

// NewProcessDistance reads the θ of both processes, and costs what the other observable does, twice.
func NewProcessDistance(c ProcessDistanceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if len(c.Between) != 2 || c.Between[0] == c.Between[1] {
		return nil, fmt.Errorf("between: got %d names; want those of two processes, such as [discrete, flow]", len(c.Between))
	}
	o := &ProcessDistance{A: c.Between[0], B: c.Between[1], Dim: m.Dim()}
	if c.Of == nil {
		return o, nil
	}
	if o.Of, err = c.Of(s); err != nil {
		return nil, err
	}
	if r, more := o.Of.(sgdlab.Reading); more {
		return nil, fmt.Errorf("of: got an observable that reads %v; want one that reads θ alone, as both processes have it", r.Reads())
	}
	o.rows = make(lanes.Pack, len(o.Of.Columns()))
	return o, nil
}

// Reads is the θ of both.
func (o *ProcessDistance) Reads() []string { return []string{o.A + ".theta", o.B + ".theta"} }

// Columns is a-b.distance, or a-b.COLUMN.
func (o *ProcessDistance) Columns() []sgdlab.Column {
	c := sgdlab.Column{Name: "distance"}
	if o.Of != nil {
		c = o.Of.Columns()[0]
	}
	c.Name = o.A + "-" + o.B + "." + c.Name
	return []sgdlab.Column{c}
}

// Observe is dst = ‖θ_a − θ_b‖, or |f(a) − f(b)|.
func (o *ProcessDistance) Observe(dst, state lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	a, b := state[o.Dim:2*o.Dim], state[2*o.Dim:]
	if o.Of == nil {
		apart := ws.Pack(o.Dim)
		lanes.Sub(apart, a, b)
		dst[0] = root(lanes.Dot(apart, apart))
		return
	}
	o.Of.Observe(o.rows, a, at, ws)
	first := o.rows[0]
	o.Of.Observe(o.rows, b, at, ws)
	for l := range first {
		dst[0][l] = math.Abs(first[l] - o.rows[0][l])
	}
}
