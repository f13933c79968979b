package catalog

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sgdlab"
	"sgdlab/spec"
)

// fields fills the fields of v, which the list describes, from a map.
func (d *Decoder) fields(r *reading, v reflect.Value, list []Field) bool {
	ok := true
	n := r.node
	for _, f := range list {
		r.use(f.Key)
		key, child := f.Key, n.Get(f.Key)
		for _, name := range f.Aliases {
			r.used[name], r.alias[name] = true, f.Key
			c := n.Get(name)
			switch {
			case c.IsNull():
			case !child.IsNull():
				d.Problems.Add(c.Mistake(r.at(name), fmt.Sprintf("both %s and %s", key, name), "one of them"))
				ok = false
			default:
				key, child = name, c
				if d.spelt == nil {
					d.spelt = map[string]*spec.Node{}
				}
				d.spelt[r.at(f.Key)] = c
			}
		}
		if child.IsNull() {
			switch {
			case f.Default != "":
				child = defaultOf(f).At(n)
				n.Put(f.Key, child)
			case f.Optional:
				if x := v.FieldByIndex(f.index); x.Kind() == reflect.Float64 {
					x.SetFloat(math.NaN())
				}
				continue
			default:
				r.lacks = append(r.lacks, f)
				ok = false
				continue
			}
		}
		d.Note("%s:", f.Key)
		if out, is := partOf(f.typ); is && out != reflect.TypeFor[sgdlab.Noise]() && of(out).Key == f.Key && child.Kind == spec.Scalar {
			it, good := d.beside(of(out), key, r)
			if good {
				v.FieldByIndex(f.index).Set(it.part(out, f.typ))
			}
			ok = ok && good
		} else if !d.value(child, r.at(key), f, f.typ, v.FieldByIndex(f.index)) {
			ok = false
		}
		d.Note(";")
	}
	return ok
}

// defaultOf returns a new node of a field's default.
func defaultOf(f Field) *spec.Node {
	if strings.IndexFunc(f.Default, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.')
	}) < 0 {
		return &spec.Node{Kind: spec.Scalar, Value: f.Default} // as Parse would read it
	}
	def, problems := spec.Parse("default", []byte("value: "+f.Default))
	if len(problems) > 0 {
		panic(fmt.Sprintf("catalog: default of %s: %v", f.Key, problems))
	}
	return def.Get("value")
}

// value decodes one field, or one entry of a list, of type t.
func (d *Decoder) value(n *spec.Node, path string, f Field, t reflect.Type, v reflect.Value) bool {
	bad := func(want string) bool {
		d.Problems.Add(n.Problem(path, f.said(want)))
		return false
	}
	if reflect.PointerTo(t).Implements(decodable) {
		d.Note("%q", spec.Canonical(n))
		if err := v.Addr().Interface().(sgdlab.Decodable).Decode(plain(n)); err != nil {
			d.Report(n, path, err)
			return false
		}
		return true
	}
	switch t {
	case reflect.TypeFor[sgdlab.Setting]():
		s, ok := d.changing(n, path, f)
		if ok {
			v.Set(reflect.ValueOf(s))
		}
		return ok
	case reflect.TypeFor[sgdlab.Quantity]():
		if word, ok := n.Text(); ok && slices.Contains(f.words, word) {
			d.Note("%q", word)
			v.Set(reflect.ValueOf(sgdlab.Quantity{Word: word}))
			return true
		}
		s, ok := d.changing(n, path, f)
		if ok {
			v.Set(reflect.ValueOf(sgdlab.Quantity{Setting: s}))
		}
		return ok
	}
	if out, ok := partOf(t); ok {
		p, ok := d.part(n, path, out, t)
		if ok {
			v.Set(p)
		}
		return ok
	}
	switch t.Kind() {
	case reflect.Float64:
		x, ok := d.number(n, path, f)
		if ok {
			d.Note("%v", x)
			v.SetFloat(x)
		}
		return ok
	case reflect.Int, reflect.Int64:
		x, ok := n.Int()
		if !ok || !satisfies(float64(x), f.Check) {
			return bad(demand("a whole number", f.Check))
		}
		d.Note("%v", x)
		v.SetInt(x)
		return true
	case reflect.Uint64:
		x, ok := n.Uint()
		if !ok || !satisfies(float64(x), f.Check) {
			return bad(demand("a whole number", ">=0 "+f.Check))
		}
		d.Note("%v", x)
		v.SetUint(x)
		return true
	case reflect.Bool:
		x, ok := n.Bool()
		if !ok {
			return bad("true or false")
		}
		d.Note("%v", x)
		v.SetBool(x)
		return true
	case reflect.String:
		x, ok := n.Text()
		if !ok {
			return bad("text")
		}
		if len(f.words) > 0 && !slices.Contains(f.words, x) {
			return bad(strings.Join(f.words, " or ") + spec.DidYouMean(x, f.words))
		}
		d.Note("%q", x)
		v.SetString(x)
		return true
	case reflect.Slice:
		if out, ok := namedOf(t.Elem()); ok {
			return d.several(n, path, f, out, t, v)
		}
		return d.list(n, path, f, t, v)
	case reflect.Pointer:
		e := reflect.New(t.Elem())
		if !d.nested(n, path, e.Elem(), f.Fields) {
			return false
		}
		v.Set(e)
		return true
	case reflect.Struct:
		return d.nested(n, path, v, f.Fields)
	}
	panic(fmt.Sprintf("catalog: cannot decode %s into %s", path, t))
}

// said adds what a field is to what its value should be.
func (f Field) said(want string) string {
	if f.Doc == "" {
		return want
	}
	return want + ": " + f.Doc
}

func (d *Decoder) nested(n *spec.Node, path string, v reflect.Value, list []Field, except ...string) bool {
	if n == nil || n.Kind != spec.Map {
		keys := append([]string(nil), except...)
		for _, f := range list {
			keys = append(keys, f.Key)
		}
		d.Problems.Add(n.Problem(path, "a map with "+strings.Join(keys, ", ")))
		return false
	}
	r := read(n, path, except...)
	d.Note("{")
	ok := d.fields(r, v, list)
	d.Note("}")
	return d.finish(r) && ok
}

// list decodes a list; a value that is not one is a list of one, but a list of lists is written as it is.
func (d *Decoder) list(n *spec.Node, path string, f Field, t reflect.Type, v reflect.Value) bool {
	items, at := []*spec.Node{n}, func(int) string { return path }
	switch {
	case n.Kind == spec.Seq || n.IsRange():
		var err error
		if items, err = n.List(); err != nil {
			d.Report(n, path, err)
			return false
		}
		at = func(i int) string { return fmt.Sprintf("%s[%d]", path, i) }
	case t.Elem().Kind() == reflect.Slice:
		d.Problems.Add(n.Problem(path, f.said(f.Type)))
		return false
	}
	out := reflect.MakeSlice(t, len(items), len(items))
	ok := true
	d.Note("[")
	for i, it := range items {
		if t.Elem().Kind() == reflect.Slice && it.Kind != spec.Seq && !it.IsRange() {
			d.Problems.Add(it.Problem(at(i), f.said(typeName(t.Elem(), f.words))))
			ok = false
			continue
		}
		ok = d.value(it, at(i), f, t.Elem(), out.Index(i)) && ok
		d.Note(",")
	}
	d.Note("]")
	v.Set(out)
	return ok
}

// several decodes a map from names to items.
func (d *Decoder) several(n *spec.Node, path string, f Field, out, t reflect.Type, v reflect.Value) bool {
	if n == nil || n.Kind != spec.Map {
		d.Problems.Add(n.Problem(path, f.said(f.Type)))
		return false
	}
	all := reflect.MakeSlice(t, len(n.Pairs), len(n.Pairs))
	ok := true
	d.Note("{")
	for i, p := range n.Pairs {
		d.Note("%q:", p.Key)
		it, good := d.item(of(out), p.Value, join(path, p.Key))
		if ok = ok && good; good {
			all.Index(i).Field(0).SetString(p.Key)
			all.Index(i).Field(1).Set(it.part(out, t.Elem().Field(1).Type))
		}
	}
	d.Note("}")
	v.Set(all)
	return ok
}

// number decodes a finite number.
func (d *Decoder) number(n *spec.Node, path string, f Field) (float64, bool) {
	x, ok := n.Float()
	if ok && !math.IsInf(x, 0) && satisfies(x, f.Check) {
		return x, true
	}
	what := "a number"
	if math.IsInf(x, 0) {
		what = "a finite number"
	}
	want := demand(what, f.Check)
	if len(f.words) > 0 {
		want += ", or " + strings.Join(f.words, " or ")
		if word, ok := n.Text(); ok {
			want += spec.DidYouMean(word, f.words)
		}
	}
	d.Problems.Add(n.Problem(path, f.said(want)))
	return 0, false
}

// changing decodes a number that may differ between points of a group, or a schedule of such numbers.
func (d *Decoder) changing(n *spec.Node, path string, f Field) (sgdlab.Setting, bool) {
	if n != nil && n.Kind == spec.Map {
		return d.schedule(n, path, f)
	}
	return d.setting(n, path, f)
}

// setting decodes a number that may differ between points of a group.
func (d *Decoder) setting(n *spec.Node, path string, f Field) (sgdlab.Setting, bool) {
	x, ok := d.number(n, path, f)
	if !ok {
		return nil, false
	}
	d.Note("~")
	if !d.building {
		d.Values = append(d.Values, x)
		return sgdlab.Constant(x), true
	}
	table := d.Tables[d.next]
	d.next++
	for _, y := range table {
		if y != table[0] {
			return sgdlab.Table(table), true
		}
	}
	return sgdlab.Constant(table[0]), true
}

// Setting decodes a number that stands alone and may differ between points of a group.
func (d *Decoder) Setting(n *spec.Node, path, doc, check string) (sgdlab.Setting, bool) {
	return d.setting(n, path, Field{Doc: doc, Check: check})
}

// part decodes a field that is itself an item. The constructor that calls it says at which place it is built.
func (d *Decoder) part(n *spec.Node, path string, out, typ reflect.Type) (reflect.Value, bool) {
	if out == reflect.TypeFor[sgdlab.Noise]() {
		return d.noise(n, path)
	}
	it, ok := d.item(of(out), n, path)
	if !ok {
		return reflect.Value{}, false
	}
	return it.part(out, typ), true
}

// part makes the function of a field of type typ that builds the item, an out.
func (it item) part(out, typ reflect.Type) reflect.Value {
	return reflect.MakeFunc(typ, func(args []reflect.Value) []reflect.Value {
		made, err := it.build(args[0].Interface())
		v, e := reflect.New(out).Elem(), reflect.New(reflect.TypeFor[error]()).Elem()
		if err != nil {
			e.Set(reflect.ValueOf(err))
		} else {
			v.Set(reflect.ValueOf(made))
		}
		return []reflect.Value{v, e}
	})
}

// bound is one condition of a check.
type bound struct {
	sign string // ">", ">=", "<", "<=", or ".." for lo to hi
	lo   float64
	hi   float64 // of ".."
}

// bounds reads a check such as ">0", ">=1" or "0..1"; several are separated by spaces, and all must hold.
func bounds(check string) []bound {
	var all []bound
	for _, c := range strings.Fields(check) {
		var b bound
		var text [2]string
		if lo, hi, between := strings.Cut(c, ".."); between {
			b.sign, text = "..", [2]string{lo, hi}
		} else {
			b.sign = strings.TrimRight(c, "0123456789.e-")
			text = [2]string{c[len(b.sign):], "0"}
		}
		var err, err2 error
		b.lo, err = strconv.ParseFloat(text[0], 64)
		b.hi, err2 = strconv.ParseFloat(text[1], 64)
		if err != nil || err2 != nil || !slices.Contains([]string{">", ">=", "<", "<=", ".."}, b.sign) {
			panic("catalog: check " + check)
		}
		all = append(all, b)
	}
	return all
}

// satisfies tests a number against a check.
func satisfies(x float64, check string) bool {
	for _, b := range bounds(check) {
		var good bool
		switch b.sign {
		case ">":
			good = x > b.lo
		case ">=":
			good = x >= b.lo
		case "<":
			good = x < b.lo
		case "<=":
			good = x <= b.lo
		case "..":
			good = x >= b.lo && x <= b.hi
		}
		if !good {
			return false
		}
	}
	return true
}

// demand says what a check asks of a number: "a number ≥ 1".
func demand(what, check string) string {
	for i, b := range bounds(check) {
		if i > 0 {
			what += " and"
		}
		switch b.sign {
		case "..":
			what += fmt.Sprintf(" from %g to %g", b.lo, b.hi)
		default:
			what += fmt.Sprintf(" %s %g", map[string]string{">": ">", ">=": "≥", "<": "<", "<=": "≤"}[b.sign], b.lo)
		}
	}
	return what
}

// plain turns a node into Go data for Decodable types.
func plain(n *spec.Node) any {
	switch n.Kind {
	case spec.Map:
		m := map[string]any{}
		for _, p := range n.Pairs {
			m[p.Key] = plain(p.Value)
		}
		return m
	case spec.Seq:
		s := make([]any, len(n.Items))
		for i, it := range n.Items {
			s[i] = plain(it)
		}
		return s
	case spec.Scalar:
		if !n.Quoted {
			if x, ok := n.Float(); ok {
				return x
			}
			if b, ok := n.Bool(); ok {
				return b
			}
		}
		return n.Value
	}
	return nil
}

// sorted goes through a map in the order of its keys.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
