// Package ogg writes a voice into a file that players know: Opus in Ogg
// (RFC 7845).
package ogg

import (
	"io"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/stoa-audio/stoa/sdk/go/opus"
)

// Silence is 20 ms of it: CELT, full band, one frame (RFC 6716, section 3.1).
var Silence = []byte{0xf8, 0xff, 0xfe}

// A Writer writes one voice.
type Writer struct {
	w  *oggwriter.OggWriter
	at uint32 // in samples
}

// NewWriter writes the head of a file to w.
func NewWriter(w io.Writer) (*Writer, error) {
	o, err := oggwriter.NewWith(w, opus.ClockRate, 2)
	return &Writer{w: o}, err
}

// Write writes an Opus packet, and before it silence for as many packets of its
// length as are missing.
func (w *Writer) Write(missing int, packet []byte) error {
	gap := uint32(missing) * opus.Samples(packet) //nolint:gosec // of one recording
	for ; gap >= opus.Samples(Silence); gap -= opus.Samples(Silence) {
		if err := w.write(Silence); err != nil {
			return err
		}
	}
	return w.write(packet)
}

func (w *Writer) write(packet []byte) error {
	w.at += opus.Samples(packet) // a page says where it ends (RFC 7845, section 4)
	return w.w.WriteRTP(&rtp.Packet{Header: rtp.Header{Timestamp: w.at}, Payload: packet})
}

// Close writes the end, and closes what is written to if that can be closed.
func (w *Writer) Close() error { return w.w.Close() }
