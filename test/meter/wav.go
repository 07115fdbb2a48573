package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wavMax is how much of a file is read: ten minutes of two channels.
const wavMax = 10 * 60 * 48000 * 4

// ErrWAV means that a file is not a WAV file that can be read here.
var ErrWAV = errors.New("meter: not a WAV file of 16-bit PCM")

// ReadWAV reads a RIFF WAVE file of 16-bit PCM, and returns its channels with
// samples between -1 and 1, and their rate per second.
func ReadWAV(r io.Reader) (channels [][]float64, rate int, err error) {
	b, err := io.ReadAll(io.LimitReader(r, wavMax))
	if err != nil {
		return nil, 0, fmt.Errorf("meter: %w", err)
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, 0, ErrWAV
	}
	for b = b[12:]; len(b) >= 8; {
		kind, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		body := b[8:]
		if size > len(body) {
			if kind != "data" {
				return nil, 0, ErrWAV
			}
			size = len(body) // a recorder that was stopped leaves this wrong
		}
		body, b = body[:size], body[min(size+size%2, len(body)):]
		switch kind {
		case "fmt ":
			if len(body) < 16 || binary.LittleEndian.Uint16(body) != 1 || binary.LittleEndian.Uint16(body[14:]) != 16 {
				return nil, 0, ErrWAV
			}
			channels = make([][]float64, binary.LittleEndian.Uint16(body[2:]))
			rate = int(binary.LittleEndian.Uint32(body[4:]))
		case "data":
			if len(channels) == 0 || len(channels) > 8 || rate < 8000 || rate > 192000 {
				return nil, 0, ErrWAV
			}
			return split(body, len(channels)), rate, nil
		}
	}
	return nil, 0, ErrWAV
}

// split takes the interleaved samples of n channels apart.
func split(data []byte, n int) [][]float64 {
	frames := len(data) / (2 * n)
	channels := make([][]float64, n)
	for c := range channels {
		channels[c] = make([]float64, frames)
		for i := range frames {
			v := int16(binary.LittleEndian.Uint16(data[2*(i*n+c):]))
			channels[c][i] = float64(v) / (1 << 15)
		}
	}
	return channels
}
