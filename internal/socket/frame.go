package socket

import (
	"encoding/binary"
	"errors"
)

// What a frame is (RFC 6455, section 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const controlMax = 125 // bytes of a control frame

var (
	errProtocol = errors.New("not a frame of a client")
	errTooBig   = errors.New("too big a message")
)

// A frame is a part of a message, or a control frame.
type frame struct {
	final   bool
	op      byte
	payload []byte
}

// parseFrame returns the first frame of b, which it unmasks in place, and how
// many bytes it takes: none while it is not complete. A payload of more than
// limit bytes is errTooBig.
func parseFrame(b []byte, limit int) (f frame, length int, err error) {
	if len(b) < 2 {
		return frame{}, 0, nil
	}
	f.final, f.op = b[0]&0x80 != 0, b[0]&0x0f
	control := f.op >= opClose
	switch f.op {
	case opContinuation, opText, opBinary, opClose, opPing, opPong:
	default:
		return frame{}, 0, errProtocol
	}
	if b[0]&0x70 != 0 || b[1]&0x80 == 0 { // an extension, or not masked
		return frame{}, 0, errProtocol
	}
	size, at := uint64(b[1]&0x7f), 2
	switch size {
	case 126:
		if at = 4; len(b) < at {
			return frame{}, 0, nil
		}
		if size = uint64(binary.BigEndian.Uint16(b[2:])); size < 126 {
			return frame{}, 0, errProtocol
		}
	case 127:
		if at = 10; len(b) < at {
			return frame{}, 0, nil
		}
		if size = binary.BigEndian.Uint64(b[2:]); size <= 0xffff {
			return frame{}, 0, errProtocol
		}
	}
	switch {
	case control && (!f.final || size > controlMax):
		return frame{}, 0, errProtocol
	case !control && size > uint64(limit):
		return frame{}, 0, errTooBig
	}
	length = at + 4 + int(size)
	if len(b) < length {
		return frame{}, 0, nil
	}
	mask := [4]byte(b[at:])
	f.payload = b[at+4 : length]
	for i := range f.payload {
		f.payload[i] ^= mask[i&3]
	}
	return f, length, nil
}

// appendFrame appends a whole message or control frame, as a server writes it.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// closing returns the payload of a close frame.
func closing(code uint16, why string) []byte {
	b := binary.BigEndian.AppendUint16(nil, code)
	return append(b, why[:min(len(why), controlMax-2)]...)
}
