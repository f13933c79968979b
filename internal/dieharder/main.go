// Command dieharder writes the random words of the laboratory's streams to standard output without end, for a battery of tests:
//
//	go run ./internal/dieharder serial   | dieharder -a -g 200     # one replica, step after step
//	go run ./internal/dieharder parallel | dieharder -a -g 200     # replicas of small numbers in turn, at each step
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"

	"sgdlab/lanes"
	"sgdlab/rng"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "serial" && os.Args[1] != "parallel" {
		fmt.Fprintln(os.Stderr, "dieharder: want serial or parallel")
		os.Exit(2)
	}
	parallel := os.Args[1] == "parallel"
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	s, at := rng.New("noise[0]"), &rng.Lanes{}
	var b []byte
	put := func(l int, block uint64) bool {
		w0, w1 := s.Words(at, l, block)
		b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b[:0], w0), w1)
		_, err := out.Write(b)
		return err == nil
	}
	for step := uint64(0); ; step++ {
		replicas := 1
		if parallel {
			replicas = 1024
		}
		for r := 0; r < replicas; r += lanes.W {
			for l := range lanes.W {
				at.Seed[l], at.Replica[l], at.Step[l] = 1, uint64(r+l), step
			}
			n := lanes.W
			if !parallel {
				n = 1
			}
			for l := range n {
				for block := range uint64(4) {
					if !put(l, block) {
						return
					}
				}
			}
		}
	}
}
