package scheme

import (
	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

func clock(seed, first uint64) *sgdlab.Clock {
	at := new(sgdlab.Clock)
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, first+uint64(l)
	}
	return at
}

func gaussian(place string) sgdlab.Law {
	law, err := noise.NewGaussian(noise.GaussianSettings{}, &sgdlab.Site{Place: place})
	if err != nil {
		panic(err)
	}
	return law
}
