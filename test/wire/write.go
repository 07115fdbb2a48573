package main

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/stoa-audio/stoa/internal/id"
)

// A canary is something that must be nowhere on the wire.
type canary struct {
	Kind   string `json:"kind"`
	Text   string `json:"text,omitempty"`
	Bytes  []byte `json:"bytes,omitempty"` // what it stands for, or what it is
	Opaque bool   `json:"opaque,omitempty"`
}

// stands completes a canary by the bytes that its text stands for.
func (c *canary) stands() {
	if len(c.Bytes) > 0 || !c.Opaque {
		return
	}
	if v, err := id.Parse[id.Room](c.Text); err == nil {
		c.Bytes = v[:]
	} else if b, err := base64.RawURLEncoding.DecodeString(c.Text); err == nil && len(b) >= 2*lengthMin {
		c.Bytes = b
	}
}

// A part is what of a canary may be written: all of it, a half, backwards.
type part struct {
	name string
	of   []byte
	text bool
}

// parts returns what of a canary is looked for. Of names and titles only the
// whole is: half a title is words that may be anywhere.
func (c *canary) parts() []part {
	var all []part
	if t := []byte(c.Text); len(t) > 0 {
		all = append(all, part{"text", t, true})
		if c.Opaque && len(t) >= 2*lengthMin {
			all = append(all, part{"first half of the text", t[:len(t)/2], true}, part{"second half of the text", t[len(t)/2:], true})
		}
	}
	if b := c.Bytes; len(b) > 0 {
		all = append(all, part{"bytes", b, false}, part{"bytes backwards", backwards(b), false})
		for i, name := range []string{"first", "second"} {
			if len(b) < 2*lengthMin {
				break
			}
			half := b[i*len(b)/2:][:len(b)/2]
			all = append(all, part{name + " half", half, false}, part{name + " half backwards", backwards(half), false})
			if len(half) == 8 {
				all = append(all,
					part{name + " half as a varint", binary.AppendUvarint(nil, binary.BigEndian.Uint64(half)), false},
					part{name + " half backwards as a varint", binary.AppendUvarint(nil, binary.LittleEndian.Uint64(half)), false})
			}
		}
	}
	return all
}

func backwards(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// A writing is a way in which a text, or bytes, may stand in a packet: in the
// middle of something longer that is written in the same way.
type writing struct {
	name string
	// write writes all of something.
	write func([]byte) []byte
	// bits are what a letter stands for, and before how many bytes there are
	// before what is looked for, which say where in a letter it begins. Where a
	// letter is written by itself, both are 0.
	bits, before int
	text         bool // it is for texts alone
}

// writings are all there are.
var writings = func() []writing {
	all := []writing{
		{name: "as it is", write: slices.Clone[[]byte]},
		{name: "hex", write: func(b []byte) []byte { return []byte(hex.EncodeToString(b)) }},
		{name: "HEX", write: func(b []byte) []byte { return []byte(strings.ToUpper(hex.EncodeToString(b))) }},
		{name: "UTF-16LE", write: func(b []byte) []byte { return wide(b, binary.LittleEndian) }, text: true},
		{name: "UTF-16BE", write: func(b []byte) []byte { return wide(b, binary.BigEndian) }, text: true},
		{name: "in a URL", write: func(b []byte) []byte { return []byte(url.PathEscape(string(b))) }, text: true},
		{name: "in a query", write: func(b []byte) []byte { return []byte(url.QueryEscape(string(b))) }, text: true},
		{name: "in JSON", write: func(b []byte) []byte { return inJSON(b, `\u%04x`) }, text: true},
		{name: "in JSON, upper case", write: func(b []byte) []byte { return inJSON(b, `\u%04X`) }, text: true},
	}
	for _, e := range []struct {
		name          string
		write         func([]byte) string
		bits, aligned int
	}{
		{"base64", base64.RawStdEncoding.EncodeToString, 6, 3},
		{"base64url", base64.RawURLEncoding.EncodeToString, 6, 3},
		{"base32", base32.StdEncoding.EncodeToString, 5, 5},
		{"base32, lower case", func(b []byte) string { return strings.ToLower(base32.StdEncoding.EncodeToString(b)) }, 5, 5},
		{"base32hex", base32.HexEncoding.EncodeToString, 5, 5},
		{"base32hex, lower case", func(b []byte) string { return strings.ToLower(base32.HexEncoding.EncodeToString(b)) }, 5, 5},
	} {
		for before := range e.aligned {
			all = append(all, writing{
				name:  fmt.Sprintf("%s, from byte %d", e.name, before),
				write: func(b []byte) []byte { return []byte(e.write(b)) },
				bits:  e.bits, before: before,
			})
		}
	}
	return all
}()

// of returns how something is written, whatever stands around it: without the
// letters that it shares with others.
func (w writing) of(b []byte) []byte {
	if w.bits == 0 {
		return w.write(b)
	}
	around := slices.Concat(make([]byte, w.before), b, make([]byte, w.bits))
	first, end := 8*w.before, 8*(w.before+len(b))
	return w.write(around)[(first+w.bits-1)/w.bits : end/w.bits]
}

func wide(b []byte, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func inJSON(b []byte, form string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(string(b))) {
		if u < 0x80 {
			out = append(out, byte(u))
		} else {
			out = fmt.Appendf(out, form, u)
		}
	}
	return out
}
