package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func canaries() []canary {
	all := []canary{
		{Kind: "name", Text: "Ada übermorgen"},
		{Kind: "room", Text: id.New[id.Room]().String(), Opaque: true},
		{Kind: "cookie", Text: rand.Text() + rand.Text() + "-_", Opaque: true},
		{Kind: "device key", Bytes: []byte(rand.Text())},
	}
	for i := range all {
		all[i].stands()
	}
	return all
}

func newTestSearch(t *testing.T, all []canary) *search {
	t.Helper()
	s, err := newSearch(all)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// has returns whether a pattern of this name is in b.
func (s *search) has(name string, b []byte) bool {
	found := false
	s.search(b, func(h hit) { found = found || s.patterns[h.pattern].name == name })
	return found
}

// What others write is found, not only what we write ourselves.
func TestWritings(t *testing.T) {
	room := id.Room{0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x08, 0x19, 0x2a, 0x3b, 0x4c, 0x5d, 0x6e, 0x7f}
	all := []canary{{Kind: "name", Text: "Ada übermorgen"}, {Kind: "room", Text: room.String(), Opaque: true}}
	all[1].stands()
	s := newTestSearch(t, all)
	for name, text := range map[string]string{
		"name: text, as it is":                    `{"name":"Ada übermorgen"}`,
		"name: text, hex":                         "00416461" + "20c3bc6265726d6f7267656e00",
		"name: text, HEX":                         "41646120C3BC6265726D6F7267656E",
		"name: text, UTF-16LE":                    "A\x00d\x00a\x00 \x00\xfc\x00b\x00e\x00r\x00m\x00o\x00r\x00g\x00e\x00n\x00",
		"name: text, UTF-16BE":                    "\x00A\x00d\x00a\x00 \x00\xfc\x00b\x00e\x00r\x00m\x00o\x00r\x00g\x00e\x00n",
		"name: text, in a URL":                    "/find/Ada%20%C3%BCbermorgen?",
		"name: text, in a query":                  "?q=Ada+%C3%BCbermorgen&",
		"name: text, in JSON":                     `"Ada \u00fcbermorgen"`,
		"name: text, in JSON, upper case":         `"Ada \u00FCbermorgen"`,
		"name: text, base64, from byte 0":         "QWRhIMO8YmVybW9yZ2Vu",
		"name: text, base64, from byte 1":         "IkFkYSDDvGJlcm1vcmdlbiI=",
		"name: text, base64, from byte 2":         "OiJBZGEgw7xiZXJtb3JnZW4i",
		"name: text, base32, from byte 0":         "IFSGCIGDXRRGK4TNN5ZGOZLO",
		"room: text, as it is":                    "/r/" + room.String(),
		"room: first half of the text, as it is":  room.String()[:14],
		"room: bytes, as it is":                   string(room[:]),
		"room: bytes backwards, as it is":         "\x7f\x6e\x5d\x4c\x3b\x2a\x19\x08\xf7\xe6\xd5\xc4\xb3\xa2\x91\x80",
		"room: bytes, hex":                        "8091a2b3c4d5e6f708192a3b4c5d6e7f",
		"room: first half, HEX":                   "8091A2B3C4D5E6F7",
		"room: second half, as it is":             "\x08\x19\x2a\x3b\x4c\x5d\x6e\x7f",
		"room: first half backwards, as it is":    "\xf7\xe6\xd5\xc4\xb3\xa2\x91\x80",
		"room: second half as a varint, as it is": "\xff\xdc\xf5\xe2\xb4\xc7\xca\x8c\x08",
		"room: bytes, base64, from byte 0":        "gJGis8TV5vcIGSo7TF1ufw",
	} {
		if !s.has(name, []byte("before "+text+" behind")) {
			t.Errorf("%s: not found in %q", name, text)
		}
	}
	for _, text := range []string{"Ada", "übermorgen", "Ada übermorge", room.String()[1:13], "8091a2b3", id.New[id.Room]().String()} {
		s.search([]byte(text), func(h hit) { t.Errorf("%s is found in %q", s.patterns[h.pattern].name, text) })
	}
}

// frame returns a frame with a payload, over TCP if it has a sequence number.
func frame(f flow, seq uint32, syn bool, payload []byte) []byte {
	var up []byte
	proto := byte(protoUDP)
	up = binary.BigEndian.AppendUint16(up, f.from.Port())
	up = binary.BigEndian.AppendUint16(up, f.to.Port())
	if seq > 0 {
		proto = protoTCP
		up = binary.BigEndian.AppendUint32(up, seq)
		flags := byte(0x10)
		if syn {
			flags |= 2
		}
		up = append(up, 0, 0, 0, 0, 5<<4, flags, 255, 255, 0, 0, 0, 0)
	} else {
		up = binary.BigEndian.AppendUint16(up, uint16(8+len(payload)))
		up = append(up, 0, 0)
	}
	up = append(up, payload...)
	b := make([]byte, 12, etherSize)
	if f.from.Addr().Is4() {
		b = append(b, 0x08, 0, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+len(up)))
		b = append(b, 0, 0, 0x40, 0, 64, proto, 0, 0)
	} else {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(up)))
		b = append(b, proto, 64)
	}
	return slices.Concat(b, f.from.Addr().AsSlice(), f.to.Addr().AsSlice(), up)
}

var (
	four = flow{netip.MustParseAddrPort("127.0.0.1:4242"), netip.MustParseAddrPort("127.0.0.1:7882")}
	six  = flow{netip.MustParseAddrPort("[::1]:4242"), netip.MustParseAddrPort("[::1]:443")}
)

func TestParse(t *testing.T) {
	for _, f := range []flow{four, six} {
		if p, ok := parse(frame(f, 0, false, []byte("hello"))); !ok || p.tcp || p.flow != f || string(p.payload) != "hello" {
			t.Errorf("%+v, %v", p, ok)
		}
		p, ok := parse(append(frame(f, 7, true, []byte("hello")), 0, 0, 0)) // padded by the link
		if !ok || !p.tcp || !p.syn || p.seq != 7 || p.flow != f || string(p.payload) != "hello" {
			t.Errorf("%+v, %v", p, ok)
		}
		whole := frame(f, 7, false, []byte("hello"))
		for n := range whole {
			if p, ok := parse(whole[:n]); ok {
				t.Errorf("the first %d of %d bytes are %+v", n, len(whole), p)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, flow := range []flow{four, six} {
		f.Add(frame(flow, 0, false, []byte("hello")))
		f.Add(frame(flow, 7, true, []byte("hello")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parse(b); ok && !bytes.Contains(b, p.payload) {
			t.Errorf("%x is not of %x", p.payload, b)
		}
	})
}

func TestTogether(t *testing.T) {
	const start = 1<<32 - 7 // it wraps
	segment := func(offset uint32, text string) packet {
		return packet{flow: six, tcp: true, seq: start + offset, payload: []byte(text)}
	}
	syn := packet{flow: six, tcp: true, syn: true, seq: start - 1}
	for name, c := range map[string]struct {
		packets []packet
		want    []string
	}{
		"in order":            {[]packet{syn, segment(0, "stoa "), segment(5, "poikile")}, []string{"stoa poikile"}},
		"out of order":        {[]packet{syn, segment(5, "poikile"), segment(0, "stoa ")}, []string{"stoa poikile"}},
		"again":               {[]packet{syn, segment(0, "stoa "), segment(0, "stoa "), segment(5, "poikile")}, []string{"stoa poikile"}},
		"again, and more":     {[]packet{syn, segment(0, "stoa "), segment(2, "oa poikile")}, []string{"stoa poikile"}},
		"again within":        {[]packet{syn, segment(0, "stoa poikile"), segment(2, "oa")}, []string{"stoa poikile"}},
		"a gap":               {[]packet{syn, segment(0, "stoa"), segment(6, "oikile")}, []string{"stoa", "oikile"}},
		"its begin unseen":    {[]packet{segment(3, "a "), segment(5, "poikile")}, []string{"a poikile"}},
		"the begin again":     {[]packet{syn, segment(0, "stoa "), syn, segment(5, "poikile")}, []string{"stoa poikile"}},
		"ports used again":    {[]packet{syn, segment(0, "stoa"), {flow: six, tcp: true, syn: true, seq: 99}, {flow: six, tcp: true, seq: 100, payload: []byte("poikile")}}, []string{"stoa", "poikile"}},
		"datagrams":           {[]packet{{flow: four, payload: []byte("stoa")}}, nil},
		"nothing but a begin": {[]packet{syn}, nil},
	} {
		var got []string
		for _, s := range together(c.packets) {
			got = append(got, string(s.bytes))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// visitFrames is a little of everything that belongs to a visit.
func visitFrames() [][]byte {
	noise := func(first ...byte) []byte {
		b := make([]byte, 200)
		_, _ = rand.Read(b)
		copy(b, first)
		return b
	}
	return [][]byte{
		frame(four, 0, false, noise(0, 1)), frame(four, 0, false, noise(22)), frame(four, 0, false, noise(0x80, 111)),
		frame(four, 0, false, noise(0x81, 200)), frame(six, 100, false, noise(22, 3, 3)),
	}
}

// Each writing of each canary is found, in a datagram and cut in two over TCP;
// where it was not planted it is a leak.
func TestExamine(t *testing.T) {
	all := canaries()
	s := newTestSearch(t, all)
	sink := flow{netip.MustParseAddrPort("127.0.0.1:5000"), netip.MustParseAddrPort("127.0.0.1:9999")}
	for _, c := range all {
		for _, p := range c.parts() {
			for _, w := range writings {
				if w.text && !p.text {
					continue
				}
				name := fmt.Sprintf("%s: %s, %s", c.Kind, p.name, w.name)
				message := w.write(amid(p.of, w.before))
				half := uint32(len(message) / 2)
				datagram := frame(sink, 0, false, message)
				segments := [][]byte{
					frame(sink, 1000, true, nil), frame(sink, 1001, false, message[:half]), frame(sink, 1001+half, false, message[half:]),
				}
				plants := []plant{{sink, false, w.of(p.of), name}}
				r := examine(append(visitFrames(), datagram), s, []uint16{9999}, plants)
				if !r.good() || r.missing() != nil || r.packets != 5 || r.planted != 1 {
					t.Errorf("%s: %+v, %v", name, r.lines, r.unfound)
				}
				plants[0].tcp = true
				if r := examine(append(visitFrames(), segments...), s, []uint16{9999}, plants); !r.good() {
					t.Errorf("%s, cut: %v, found uncut: %v", name, r.unfound, r.uncut)
				}
				if r := examine(append(visitFrames(), datagram), s, []uint16{9999}, plants); r.good() {
					t.Errorf("%s: it was not sent over TCP, and is found there", name)
				}
				for _, leak := range [][][]byte{{datagram}, segments} {
					if r := examine(append(visitFrames(), leak...), s, []uint16{1}, nil); r.hits == 0 || r.good() {
						t.Errorf("%s: nobody planted it, and it is no leak", name)
					}
				}
			}
		}
	}
}

func TestNothingIsFoundInChance(t *testing.T) {
	s := newTestSearch(t, canaries())
	b := make([]byte, 32<<20)
	_, _ = rand.Read(b)
	s.search(b, func(h hit) { t.Errorf("%s at %d", s.patterns[h.pattern].name, h.at) })
}

func TestWhatIsTooShortIsRefused(t *testing.T) {
	if _, err := newSearch([]canary{{Kind: "name", Text: "Ada"}}); err == nil {
		t.Error("a name of three letters is looked for")
	}
}

func TestReport(t *testing.T) {
	s := newTestSearch(t, canaries())
	good := examine(visitFrames(), s, nil, nil)
	good.planted, good.canaries = 2, 4
	var out bytes.Buffer
	good.write(&out, visited{Log: "a line"})
	want := fmt.Sprintf("wire: 5 packets, 0.0 MB, %d patterns of 4 canaries: 0 hits; 2 of 2 planted leaks found\n", len(s.patterns))
	if !strings.HasSuffix(out.String(), want) || good.missing() != nil {
		t.Errorf("%v:\n%s", good.missing(), &out)
	}
	extended := visitFrames()
	p, _ := parse(extended[2])
	p.payload[0] |= 0x10
	for name, r := range map[string]*report{
		"an extension":    examine(extended, s, nil, nil),
		"a plant unfound": {unfound: []string{"x"}},
		"a plant not cut": {uncut: []string{"x"}},
		"a hit":           {hits: 1},
		"a line in a log": func() *report { r := &report{search: s}; r.found(hit{0, 0}, "the log"); return r }(),
	} {
		if r.good() {
			t.Errorf("%s is good", name)
		}
	}
	for i, kind := range []string{"STUN", "DTLS", "SRTP", "SRTCP", "TCP"} {
		r := examine(slices.Delete(visitFrames(), i, i+1), s, nil, nil)
		r.planted = 1
		if err := r.missing(); err == nil || !strings.Contains(err.Error(), kind) || r.kinds[kind] != 0 {
			t.Errorf("without %s: %v", kind, err)
		}
	}
	if examine(visitFrames(), s, nil, nil).missing() == nil {
		t.Error("nothing was planted, and all is well")
	}
}

func TestVisitHasAll(t *testing.T) {
	v := visited{Log: "level=DEBUG"}
	for _, kind := range kinds {
		v.Canaries = append(v.Canaries, canary{Kind: kind, Text: "it"})
	}
	if err := v.missing(); err != nil {
		t.Error(err)
	}
	for name, other := range map[string]visited{
		"no grants":  {slices.DeleteFunc(slices.Clone(v.Canaries), func(c canary) bool { return c.Kind == "grant" }), v.Log},
		"a mute log": {v.Canaries, "level=INFO"},
		"an address": {v.Canaries, v.Log + " from 127.0.0.1:4242"},
	} {
		if other.missing() == nil {
			t.Errorf("%s: all is well", name)
		}
	}
}

// A tape is a socket that yields frames, and then nothing.
type tape struct {
	frames chan []byte
	drops  int
	err    error
}

func (s *tape) read() ([]byte, error) {
	select {
	case f := <-s.frames:
		return f, nil
	case <-time.After(time.Millisecond):
		return nil, s.err
	}
}

func (s *tape) lost() (int, error) { return s.drops, nil }
func (s *tape) close() error       { return nil }

func TestCapture(t *testing.T) {
	run := func(s *tape) ([][]byte, error) {
		s.frames = make(chan []byte, 3)
		b := []byte("one")
		s.frames <- b
		s.frames <- []byte("two")
		s.frames <- []byte("the last")
		c := newCapture(s)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if !c.await(ctx, []byte("last")) {
			t.Error("what was sent is not seen")
		}
		past, end := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer end()
		if c.await(past, []byte("never")) {
			t.Error("what was not sent is seen")
		}
		return c.stop()
	}
	got, err := run(&tape{})
	if err != nil || len(got) != 3 || string(got[0]) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := run(&tape{drops: 1}); err == nil {
		t.Error("a packet was lost, and all is well")
	}
	if _, err := run(&tape{err: errors.New("the link is gone")}); err == nil {
		t.Error("it could not read, and all is well")
	}
}
