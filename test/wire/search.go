package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// lengthMin is the length in bytes from which on a pattern is looked for. What
// is sealed is as good as chance, in which a pattern of 8 bytes is found at a
// given place once in 2^64: with 10,000 patterns in 100 MB once in 18 million
// runs.
const lengthMin = 8

// A search looks for many patterns at once.
type search struct {
	patterns []pattern
	known    map[string]int // by bytes, a place in patterns
	first    map[uint64][]int
	maybe    [1 << 16]uint64 // a bit for each hash of first bytes
}

// A pattern is a canary, or a part of it, in one way of writing it.
type pattern struct {
	bytes []byte
	name  string
}

// A hit is a pattern that was found, and where.
type hit struct{ pattern, at int }

// newSearch returns the search for canaries, in all ways of writing them.
func newSearch(all []canary) (*search, error) {
	s := &search{known: make(map[string]int), first: make(map[uint64][]int)}
	for _, c := range all {
		for _, p := range c.parts() {
			for _, w := range writings {
				if w.text && !p.text {
					continue
				}
				if err := s.add(w.of(p.of), fmt.Sprintf("%s: %s, %s", c.Kind, p.name, w.name)); err != nil {
					return nil, err
				}
			}
		}
	}
	return s, nil
}

// add adds a pattern. Two that are written alike are one.
func (s *search) add(b []byte, name string) error {
	if len(b) < lengthMin {
		return fmt.Errorf("%s: %d bytes are too short to be looked for", name, len(b))
	}
	if _, ok := s.known[string(b)]; ok {
		return nil
	}
	n := len(s.patterns)
	s.patterns = append(s.patterns, pattern{b, name})
	s.known[string(b)] = n
	first := binary.BigEndian.Uint64(b)
	s.first[first] = append(s.first[first], n)
	word, bit := place(first)
	s.maybe[word] |= bit
	return nil
}

// place returns where the bit is of a pattern's first bytes.
func place(first uint64) (word int, bit uint64) {
	h := first * 0x9e3779b97f4a7c15 >> 42 // 2^64 by the golden ratio; 22 bits are left
	return int(h >> 6), 1 << (h & 63)
}

// search calls found for each place in b where a pattern is.
func (s *search) search(b []byte, found func(hit)) {
	var last uint64 // 8 bytes
	for i, c := range b {
		last = last<<8 | uint64(c)
		if word, bit := place(last); i < lengthMin-1 || s.maybe[word]&bit == 0 {
			continue
		}
		at := i - lengthMin + 1
		for _, n := range s.first[last] {
			if bytes.HasPrefix(b[at:], s.patterns[n].bytes) {
				found(hit{n, at})
			}
		}
	}
}
