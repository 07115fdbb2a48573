package rtp

import (
	"bytes"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	want := Header{Marker: true, PayloadType: 111, Sequence: 65535, Timestamp: 1 << 31, SSRC: 0xdeadbeef}
	b := append(want.Append(nil), "sealed"...)
	got, payload, err := Parse(b)
	if err != nil || got != want || string(payload) != "sealed" {
		t.Fatalf("Parse(%x) = %+v, %q, %v", b, got, payload, err)
	}
	if KindOf(b) != RTP || SSRC(RTP, b) != want.SSRC || Sequence(b) != want.Sequence {
		t.Fatalf("%x is taken for %v", b, KindOf(b))
	}
}

func TestParseStepsOver(t *testing.T) {
	header := Header{PayloadType: 96, Sequence: 7}.Append(nil)
	with := func(first byte, tail ...byte) []byte {
		b := append(bytes.Clone(header), tail...)
		b[0] = first
		return b
	}
	for name, c := range map[string]struct {
		packet  []byte
		payload string
		bad     bool
	}{
		"nothing":                {with(0x80, 'a', 'b'), "ab", false},
		"empty payload":          {with(0x80), "", false},
		"contributing source":    {with(0x81, 0, 0, 0, 1, 'a'), "a", false},
		"source cut off":         {with(0x82, 0, 0, 0, 1, 0, 0), "", true},
		"extension":              {with(0x90, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0, 'a'), "a", false},
		"extension too long":     {with(0x90, 0xbe, 0xde, 0, 2, 0, 0, 0, 0), "", true},
		"extension header short": {with(0x90, 0xbe, 0xde), "", true},
		"padding":                {with(0xa0, 'a', 0, 0, 3), "a", false},
		"all padding":            {with(0xa0, 0, 2), "", false},
		"padding too long":       {with(0xa0, 'a', 3), "", true},
		"padding of nothing":     {with(0xa0, 'a', 0), "", true},
		"padding without a byte": {with(0xa0), "", true},
		"version 1":              {with(0x40, 'a'), "", true},
		"short":                  {header[:11], "", true},
	} {
		_, payload, err := Parse(c.packet)
		if (err != nil) != c.bad || string(payload) != c.payload {
			t.Errorf("%s: %q, %v", name, payload, err)
		}
	}
}

func TestKindOf(t *testing.T) {
	at := func(first, second byte) []byte { return append([]byte{first, second}, make([]byte, 20)...) }
	for _, c := range []struct {
		packet []byte
		kind   Kind
	}{
		{at(0, 1), STUN},
		{at(3, 0), STUN},
		{at(4, 0), Unknown},
		{at(20, 0xfe), DTLS},
		{at(63, 0xfe), DTLS},
		{at(64, 0), Unknown},
		{at(0x80, 111), RTP},
		{at(0x80, 0x80|111), RTP}, // marker
		{at(0x80, 200), RTCP},
		{at(0x81, 223), RTCP},
		{at(0x80, 224), RTP},
		{at(0xc0, 0), Unknown},
		{[]byte{0x80, 111, 0}, Unknown},
		{nil, Unknown},
	} {
		if got := KindOf(c.packet); got != c.kind {
			t.Errorf("KindOf(%x) = %v, want %v", c.packet, got, c.kind)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Header{PayloadType: 111}.Append(nil))
	f.Add([]byte{0xb1, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xbe, 0xde, 0, 0, 'a', 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		KindOf(b)
		h, payload, err := Parse(b)
		if err != nil {
			return
		}
		again, rest, err := Parse(append(h.Append(nil), payload...))
		if err != nil || again != h || !bytes.Equal(rest, payload) {
			t.Fatalf("%x: %+v %x became %+v %x, %v", b, h, payload, again, rest, err)
		}
	})
}
