// Package meter measures sound: how late it comes, how well it can be
// understood, and whether it stops in between. It compares what was spoken
// with what was heard, recorded by one clock, and is told nothing else.
//
// Intelligibility is STOI (Taal, Hendriks, Heusdens and Jensen 2011, "An
// Algorithm for Intelligibility Prediction of Time-Frequency Weighted Noisy
// Speech"). It is no measure of how pleasant speech is, and says nothing about
// music.
package meter

import (
	"errors"
	"math"
	"slices"
)

// A Report is what a recording says.
type Report struct {
	STOI         float64 `json:"stoi"` // 1 is as clear as spoken
	DelayMS      Spread  `json:"delay_ms"`
	LongestGapMS float64 `json:"longest_gap_ms"`
}

// A Spread says where the middle and the far end of some values lie.
type Spread struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
}

// silenceFloor is the amplitude below which there is silence: -50 dB of full
// scale.
const silenceFloor = 0.00316

// ErrNoSpeech means that there is too little in a recording to judge.
var ErrNoSpeech = errors.New("meter: no speech, or too little")

// Measure compares what was heard with what was spoken.
func Measure(spoken, heard []float64, rate int) (Report, error) {
	delays := Delays(spoken, heard, rate)
	if len(delays) == 0 {
		return Report{}, ErrNoSpeech
	}
	clarity := STOI(spoken, align(heard, delays, rate), rate)
	if math.IsNaN(clarity) {
		return Report{}, ErrNoSpeech
	}
	gap := LongestGap(heard, silenceFloor)
	return Report{clarity, spread(delays, rate), 1000 * float64(gap) / float64(rate)}, nil
}

func spread(delays []Delay, rate int) Spread {
	sorted := make([]float64, len(delays))
	for i, d := range delays {
		sorted[i] = 1000 * d.Samples / float64(rate)
	}
	slices.Sort(sorted)
	return Spread{quantile(sorted, 0.5), quantile(sorted, 0.95)}
}

// quantile returns the value below which the part q of the sorted values lies.
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(math.Ceil(q*float64(len(sorted))))-1]
}

// LongestGap returns how many samples in a row are quieter than floor, between
// the first sound and the last: what comes before and after is no gap.
func LongestGap(sound []float64, floor float64) int {
	longest, last := 0, -1 // index of the last sample that could be heard
	for i, v := range sound {
		if math.Abs(v) < floor {
			continue
		}
		if last >= 0 {
			longest = max(longest, i-last-1)
		}
		last = i
	}
	return longest
}
