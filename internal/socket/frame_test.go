package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// masked returns a frame as a client writes it.
func masked(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := []byte{1, 2, 3, 4}
	b = append(b, mask...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i&3])
	}
	return b
}

func TestParseFrame(t *testing.T) {
	for _, payload := range []string{"", "a", "hello", strings.Repeat("x", 125), strings.Repeat("y", 126), strings.Repeat("z", 0xffff), strings.Repeat("!", 0x10000)} {
		whole := append(masked(0x80|opText, payload), "next"...)
		length := len(whole) - len("next")
		for cut := range length {
			if cut > 20 && cut < length-20 {
				continue
			}
			if _, n, err := parseFrame(bytes.Clone(whole[:cut]), MessageMax); n != 0 || err != nil {
				t.Fatalf("%d of %d bytes are %d, %v", cut, length, n, err)
			}
		}
		f, n, err := parseFrame(whole, MessageMax)
		if err != nil || n != length || !f.final || f.op != opText || string(f.payload) != payload {
			t.Errorf("%d bytes are %d, %v", length, n, err)
		}
		if got := appendFrame(nil, opText, []byte(payload)); !bytes.HasSuffix(got, []byte(payload)) || len(got) != length-4 || got[1]&0x80 != 0 {
			t.Errorf("written as %d bytes", len(got))
		}
	}
}

func TestParseFrameRefuses(t *testing.T) {
	long := strings.Repeat("x", 126)
	for about, test := range map[string]struct {
		frame []byte
		want  error
	}{
		"an extension":          {masked(0xc0|opText, "a"), errProtocol},
		"an unknown kind":       {masked(0x80|0x3, "a"), errProtocol},
		"an unknown control":    {masked(0x80|0xb, "a"), errProtocol},
		"not masked":            {[]byte{0x80 | opText, 1, 'a'}, errProtocol},
		"a ping in parts":       {masked(opPing, "a"), errProtocol},
		"a long ping":           {masked(0x80|opPing, long), errProtocol},
		"a length too long":     {[]byte{0x80 | opText, 0x80 | 126, 0, 5, 1, 2, 3, 4, 0, 0, 0, 0, 0}, errProtocol},
		"a length far too long": {[]byte{0x80 | opText, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, errProtocol},
		"too big":               {masked(0x80|opText, strings.Repeat("x", MessageMax+1)), errTooBig},
		"bigger than anything":  {[]byte{0x80 | opText, 0x80 | 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, errTooBig},
	} {
		if _, n, err := parseFrame(test.frame, MessageMax); n != 0 || !errors.Is(err, test.want) {
			t.Errorf("%s: %d, %v", about, n, err)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(masked(0x80|opText, "hello"))
	f.Add(masked(opText, strings.Repeat("x", 200)))
	f.Add(append(masked(0x80|opPing, ""), masked(0x80|opClose, "\x03\xe8bye")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		original := bytes.Clone(b)
		frame, n, err := parseFrame(b, 1000)
		switch {
		case n < 0 || n > len(b):
			t.Fatalf("%d of %d bytes", n, len(b))
		case err != nil || n == 0:
			if !bytes.Equal(b, original) {
				t.Fatal("changed what is no frame")
			}
		case len(frame.payload) > 1000 || !bytes.Equal(b[n:], original[n:]):
			t.Fatalf("%d bytes of payload", len(frame.payload))
		default: // as the same frame it comes back
			if again := masked(original[0], string(frame.payload)); len(again) != n {
				t.Fatalf("%d bytes were %d", len(again), n)
			}
		}
	})
}
