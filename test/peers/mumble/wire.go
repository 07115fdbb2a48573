package mumble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A kind says what a message on the TCP connection is. Each is six bytes, the
// kind and the length, and then a Protocol Buffers message or, in a tunnel, a
// datagram.
type kind uint16

const (
	kindVersion      kind = 0
	kindTunnel       kind = 1
	kindAuthenticate kind = 2
	kindPing         kind = 3
	kindReject       kind = 4
	kindSync         kind = 5 // one is in
	kindCrypt        kind = 15
)

const messageMax = 8 << 20 // as the server has it

// readMessage reads the next message.
func readMessage(r io.Reader) (kind, []byte, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[2:])
	if n > messageMax {
		return 0, nil, fmt.Errorf("a message of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return kind(binary.BigEndian.Uint16(head[:])), b, err
}

// appendMessage appends a message to b.
func appendMessage(b []byte, k kind, body []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(k))
	b = binary.BigEndian.AppendUint32(b, uint32(len(body))) //nolint:gosec // short
	return append(b, body...)
}

// A datagram begins with a byte that holds its type, and for voices whom it is
// for: 0 is everybody around.
const (
	typePing = 1 << 5
	typeOpus = 4 << 5
	typeMask = 7 << 5

	opusLength = 1<<13 - 1 // the bits of the length; the next says that it is the last
)

var errShort = errors.New("a datagram that is too short")

// appendVoice appends the datagram that says an Opus frame. Its number counts
// in steps of 10 ms.
func appendVoice(b []byte, number uint64, opus []byte) []byte {
	b = appendNumber(append(b, typeOpus), number)
	b = appendNumber(b, uint64(len(opus)))
	return append(b, opus...)
}

// parseVoice returns the Opus frame in a datagram that the server has sent on,
// which has the speaker's number in front.
func parseVoice(b []byte) (opus []byte, err error) {
	if len(b) == 0 || b[0]&typeMask != typeOpus {
		return nil, errors.New("a datagram that is no voice")
	}
	b = b[1:]
	var n uint64
	for range 3 { // speaker, number, length: the last is what is left
		if n, b, err = parseNumber(b); err != nil {
			return nil, err
		}
	}
	if n &= opusLength; n > uint64(len(b)) {
		return nil, errShort
	}
	return b[:n], nil
}

// appendNumber appends a number as Mumble writes it in datagrams: the ones that
// the first byte begins with say how many bytes follow.
func appendNumber(b []byte, n uint64) []byte {
	switch {
	case n < 1<<7:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, 0x80|byte(n>>8), byte(n))
	case n < 1<<21:
		return append(b, 0xc0|byte(n>>16), byte(n>>8), byte(n))
	case n < 1<<28:
		return append(b, 0xe0|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, 0xf0), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xf4), n)
}

// parseNumber reads a number and returns what follows.
func parseNumber(b []byte) (n uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, errShort
	}
	more := 0
	switch first := b[0]; {
	case first < 0x80:
		n = uint64(first)
	case first < 0xc0:
		n, more = uint64(first&0x3f), 1
	case first < 0xe0:
		n, more = uint64(first&0x1f), 2
	case first < 0xf0:
		n, more = uint64(first&0x0f), 3
	case first < 0xf4:
		more = 4
	case first < 0xf8:
		more = 8
	default:
		return 0, nil, errors.New("a negative number")
	}
	if b = b[1:]; len(b) < more {
		return 0, nil, errShort
	}
	for _, c := range b[:more] {
		n = n<<8 | uint64(c)
	}
	return n, b[more:], nil
}
