package lanes

// Arena is scratch memory for packs: a bump allocator that one worker owns and resets at every step. The zero Arena is
// ready to use. What it hands out is not cleared.
type Arena struct {
	Idle Mask // lanes whose results nobody reads: they may be anything
	slab []Vec
	used int
}

// Pack returns n rows of scratch, valid until Release of an earlier Mark or Reset.
func (a *Arena) Pack(n int) Pack {
	if a.used+n > len(a.slab) {
		// Older packs keep the old slab alive; marks taken on it stay below the new slab's size.
		a.slab = make([]Vec, max(2*len(a.slab), a.used+n, 64))
	}
	p := a.slab[a.used : a.used+n : a.used+n]
	a.used += n
	return Pack(p)
}

// Zeroed is Pack, cleared.
func (a *Arena) Zeroed(n int) Pack {
	p := a.Pack(n)
	clear(p)
	return p
}

// Mark remembers how much is in use.
func (a *Arena) Mark() int { return a.used }

// Release gives back all that was handed out since Mark.
func (a *Arena) Release(mark int) { a.used = mark }

// Reset gives back everything.
func (a *Arena) Reset() {
	a.used = 0
}
