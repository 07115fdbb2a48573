package meter

import (
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// How the delay is looked for. A window must be long enough to hold a few
// words, because one vowel looks like the next.
const (
	windowSeconds = 2.0
	hopSeconds    = 0.5
	leadSeconds   = 0.05 // two clocks may disagree by this: a delay below zero is seen
	delayMax      = 1.0  // seconds
	spokenMin     = 1e-5 // mean square of a window in which somebody speaks: -50 dBFS
)

// A Delay is how much later a window of the source was heard.
type Delay struct {
	At       float64 // where the window begins in the source, in seconds
	Seconds  float64
	Likeness float64 // the normalised correlation: 1 is the same, 0 has nothing to do with it
}

// Delays returns the delay of each window in which somebody speaks.
func Delays(source, heard Sound) []Delay {
	rate := float64(source.Rate)
	window, hop := int(windowSeconds*rate), int(hopSeconds*rate)
	lead, reach := int(leadSeconds*rate), int((leadSeconds+delayMax)*rate)
	found := make([]float64, window+reach)
	size := 1
	for size <= len(found) { // so that nothing wraps around
		size *= 2
	}
	fft := fourier.NewFFT(size)
	var delays []Delay
	for start := 0; start+window+reach-lead <= len(source.Samples); start += hop {
		said := source.Samples[start : start+window]
		if energy(said)/float64(window) < spokenMin {
			continue
		}
		section(found, heard.Samples, start-lead)
		lag, likeness := peak(likenesses(fft, said, found))
		delays = append(delays, Delay{At: float64(start) / rate, Seconds: (lag - float64(lead)) / rate, Likeness: likeness})
	}
	return delays
}

// section fills dst with the samples that begin at from; outside, it is quiet.
func section(dst, samples []float64, from int) {
	clear(dst)
	if from < 0 {
		dst, from = dst[-from:], 0
	}
	if from < len(samples) {
		copy(dst, samples[from:])
	}
}

func energy(samples []float64) float64 {
	sum := 0.0
	for _, v := range samples {
		sum += v * v
	}
	return sum
}

// likenesses returns the normalised correlation of said with found from every
// place on where found is long enough.
func likenesses(fft *fourier.FFT, said, found []float64) []float64 {
	padded := make([]float64, fft.Len())
	copy(padded, said)
	a := fft.Coefficients(nil, padded)
	section(padded, found, 0)
	b := fft.Coefficients(nil, padded)
	for i := range a {
		a[i] = cmplx.Conj(a[i]) * b[i]
	}
	correlation := fft.Sequence(padded, a)

	scores := make([]float64, len(found)-len(said)+1)
	spoken, under := energy(said), energy(found[:len(said)])
	quiet := 1e-12 * float64(len(said)) // nothing is like silence
	for lag := range scores {
		scores[lag] = correlation[lag] / float64(fft.Len()) / math.Sqrt(spoken*(max(under, 0)+quiet))
		if end := lag + len(said); end < len(found) {
			under += found[end]*found[end] - found[lag]*found[lag]
		}
	}
	return scores
}

// peak returns the place of the highest score, between samples where the
// parabola through it and its neighbours has its top.
func peak(scores []float64) (place, score float64) {
	best := 0
	for i, v := range scores {
		if v > scores[best] {
			best = i
		}
	}
	place, score = float64(best), scores[best]
	if best > 0 && best < len(scores)-1 {
		before, after := scores[best-1], scores[best+1]
		if bend := before - 2*score + after; bend < 0 {
			place += (before - after) / (2 * bend)
		}
	}
	return place, score
}
