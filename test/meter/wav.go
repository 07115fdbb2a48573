// Package meter measures what a listener heard against what was said: how long
// it took from mouth to ear, how well it can be understood, and whether there
// was a hole in it. It is for tests.
//
// Both sounds are recorded on one clock and begin at the same instant. The
// delay is the peak of the normalised cross-correlation, window by window.
// Intelligibility is STOI (Taal, Hendriks, Heusdens, Jensen: "An Algorithm for
// Intelligibility Prediction of Time-Frequency Weighted Noisy Speech", 2011).
// It measures one voice at a time, and knows nothing of music or of stereo.
package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A Sound is one channel of samples between -1 and 1.
type Sound struct {
	Rate    int // samples per second
	Samples []float64
}

// ErrWAV means that bytes are not a WAV file of a kind that is read here.
var ErrWAV = errors.New("not a WAV file of 16-bit or float samples")

// Bounds of a WAV file.
const (
	rateMin, rateMax = 8000, 192000
	channelsMax      = 8
)

// The codes of sample formats in a "fmt " chunk.
const (
	formatPCM   = 1
	formatFloat = 3
)

// ParseWAV returns the channels of a WAV file with 16-bit PCM or 32-bit float
// samples.
func ParseWAV(b []byte) ([]Sound, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, ErrWAV
	}
	var format, channels, width, rate int
	for b = b[12:]; len(b) >= 8; {
		name, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		// A recorder that was stopped may leave a size behind that is too long.
		body := b[:min(size, len(b))]
		switch name {
		case "fmt ":
			if len(body) < 16 {
				return nil, fmt.Errorf("%w: short format", ErrWAV)
			}
			format = int(binary.LittleEndian.Uint16(body))
			channels = int(binary.LittleEndian.Uint16(body[2:]))
			rate = int(binary.LittleEndian.Uint32(body[4:]))
			width = int(binary.LittleEndian.Uint16(body[14:])) / 8
		case "data":
			if rate < rateMin || rate > rateMax || channels < 1 || channels > channelsMax {
				return nil, fmt.Errorf("%w: %d channels at %d Hz", ErrWAV, channels, rate)
			}
			return parseSamples(body, format, width, channels, rate)
		}
		b = b[min(size+size%2, len(b)):] // chunks begin at even places
	}
	return nil, fmt.Errorf("%w: no samples", ErrWAV)
}

func parseSamples(b []byte, format, width, channels, rate int) ([]Sound, error) {
	var sample func([]byte) float64
	switch {
	case format == formatPCM && width == 2:
		sample = func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) / 32768 }
	case format == formatFloat && width == 4:
		sample = func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
	default:
		return nil, fmt.Errorf("%w: format %d with %d bytes a sample", ErrWAV, format, width)
	}
	frame := width * channels
	sounds := make([]Sound, channels)
	for c := range sounds {
		sounds[c] = Sound{Rate: rate, Samples: make([]float64, len(b)/frame)}
		for i := range sounds[c].Samples {
			sounds[c].Samples[i] = sample(b[i*frame+c*width:])
		}
	}
	return sounds, nil
}
