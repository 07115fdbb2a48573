package meter

import (
	"errors"
	"math"
	"slices"
)

// A Reading is what a listener got.
type Reading struct {
	STOI         float64
	DelayMedian  float64 // seconds
	DelayP95     float64 // seconds
	LongestGap   float64 // seconds
	WindowsHeard int     // two-second windows in which the voice was recognised
	WindowsSaid  int     // two-second windows in which somebody spoke
}

// Errors of Measure.
var (
	ErrRates  = errors.New("the two sounds have different rates")
	ErrQuiet  = errors.New("nobody speaks in the source")
	ErrUnlike = errors.New("nothing that was said was heard")
)

// Likeness is from where on what was heard is what was said, as a rule. A voice
// that a browser has made up a quarter of is less like itself than that, wave by
// wave, and yet is understood for the most part.
const Likeness = 0.5

// Measure compares what was heard with what was said, by the windows that are
// like one another at least so much.
func Measure(source, heard Sound, likeness float64) (Reading, error) {
	if source.Rate != heard.Rate {
		return Reading{}, ErrRates
	}
	delays := Delays(source, heard)
	if len(delays) == 0 {
		return Reading{}, ErrQuiet
	}
	var seconds []float64
	windows := len(delays)
	for _, d := range delays {
		if d.Likeness >= likeness {
			seconds = append(seconds, d.Seconds)
		}
	}
	if len(seconds) == 0 {
		return Reading{}, ErrUnlike
	}
	slices.Sort(seconds)
	delays = slices.DeleteFunc(delays, func(d Delay) bool { return d.Likeness < likeness })
	said, aligned := align(source, heard, delays)
	return Reading{
		STOI:         STOI(said, aligned),
		DelayMedian:  seconds[len(seconds)/2],
		DelayP95:     seconds[(len(seconds)*95+99)/100-1],
		LongestGap:   LongestGap(said, aligned),
		WindowsHeard: len(seconds),
		WindowsSaid:  windows,
	}, nil
}

// align returns both sounds with the delay taken out. It follows the delay from
// window to window, because a jitter buffer changes it on the way.
func align(source, heard Sound, delays []Delay) (said, aligned Sound) {
	rate := float64(source.Rate)
	hop := int(hopSeconds * rate)
	n := max(0, min(len(source.Samples), len(heard.Samples))-int(delayMax*rate))
	said = Sound{Rate: source.Rate, Samples: source.Samples[:n]}
	aligned = Sound{Rate: source.Rate, Samples: make([]float64, n)}
	for start := 0; start < n; start += hop {
		to := aligned.Samples[start:min(start+hop, n)]
		delay := delayAt((float64(start)+float64(len(to))/2)/rate, delays)
		section(to, heard.Samples, start+int(math.Round(delay*rate)))
	}
	return said, aligned
}

// delayAt returns the delay of the window about at, or of the nearest one.
func delayAt(at float64, delays []Delay) float64 {
	nearest, delay := math.Inf(1), 0.0
	for _, d := range delays {
		if away := math.Abs(d.At + windowSeconds/2 - at); away < nearest {
			nearest, delay = away, d.Seconds
		}
	}
	return delay
}
