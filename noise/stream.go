package noise

import (
	"fmt"
	"strings"

	"sgdlab"
	"sgdlab/rng"
)

// StreamSettings name the random numbers that a law or a sampler draws.
type StreamSettings struct {
	Stream string `optional:"true" doc:"the name of its random numbers, a word such as rows, label-noise or noise[0]; where missing, that of its place in the dynamics. Two arms that name one stream see the same draws, wherever they use them"`
}

// stream is a stream of random numbers with its name.
type stream struct {
	*rng.Stream
	name string
}

// streamOf is the stream that the settings name, else that of the site's place.
func streamOf(c StreamSettings, s *sgdlab.Site) (stream, error) {
	name := c.Stream
	switch {
	case name == "":
		name = s.Place
	case name == "start":
		return stream{}, fmt.Errorf("stream: start is where replicas start, and noise on it would repeat their random parts; name another, such as noise[0]")
	case strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_[]", r))
	}) >= 0:
		return stream{}, fmt.Errorf("got stream %q; want a word of letters, digits, - and _, such as rows or noise[0]", name)
	}
	return stream{rng.New(name), name}, nil
}

// Drawn is something that draws random numbers: a law, a sampler or label noise, under its key in a spec.
type Drawn struct {
	Key string
	By  any
}

// streamed things say from which stream they draw; "" is from none.
type streamed interface{ drawsFrom() string }

// Distinct fails where two of the things that one dynamics draws have one stream. They would be the same numbers, and what a
// dynamics draws is independent: covariances add.
func Distinct(all ...Drawn) error {
	for i, a := range all {
		x, ok := a.By.(streamed)
		if !ok || x.drawsFrom() == "" {
			continue
		}
		for _, b := range all[:i] {
			if y, ok := b.By.(streamed); ok && y.drawsFrom() == x.drawsFrom() {
				return fmt.Errorf("%s and %s draw from one stream, %s, and would not be independent; name another `stream` for one of them", b.Key, a.Key, x.drawsFrom())
			}
		}
	}
	return nil
}

// Build builds the noises of a dynamics, at the places noise[0], noise[1] and so on, whatever the dynamics is called: arms
// are paired by replica. Beside names what else the dynamics draws. It fails where two of all these have one stream.
func Build(parts []sgdlab.Part[sgdlab.Noise], s *sgdlab.Site, beside ...Drawn) ([]sgdlab.Noise, error) {
	var out []sgdlab.Noise
	for i, part := range parts {
		place := fmt.Sprintf("noise[%d]", i)
		n, err := part(s.At(place))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		if err := Drives(n.Law, n.Factor); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		out = append(out, n)
		beside = append(beside, Drawn{place, n.Law})
	}
	return out, Distinct(beside...)
}
