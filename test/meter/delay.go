package meter

import (
	"math"
	"math/cmplx"
	"slices"
)

// A Delay is how many samples later than spoken something is heard, in the
// window that begins at sample At. Likeness, at most 1, is how much alike the
// two are.
type Delay struct {
	At       int
	Samples  float64
	Likeness float64
}

// Delays compares windows of two seconds, one each second, and looks for what
// was spoken within the second after it. Windows of silence are left out.
func Delays(spoken, heard []float64, rate int) []Delay {
	window, most := 2*rate, rate
	var delays []Delay
	for at := 0; at+window+most <= min(len(spoken), len(heard)); at += rate {
		x := spoken[at : at+window]
		if loudness(x) < silenceFloor {
			continue
		}
		samples, likeness := lag(x, heard[at:at+window+most], most)
		delays = append(delays, Delay{at, samples, likeness})
	}
	return delays
}

// loudness is the root of the mean square.
func loudness(x []float64) float64 { return math.Sqrt(energy(x) / float64(len(x))) }

func energy(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// lag returns by how many samples, at most most, y has to be moved back to be
// like x, and how like it is then. It finds the peak of their correlation,
// and its place between the samples by the parabola through it.
func lag(x, y []float64, most int) (samples, likeness float64) {
	size := 1
	for size < len(x)+len(y) {
		size *= 2
	}
	fx, fy := spectrum(x, size), spectrum(y, size)
	for i := range fx {
		// The transform of a real signal may be taken forth for back, but for
		// order and scale: so conj(conj(X)·Y) forth is the correlation.
		fx[i] = cmplx.Conj(cmplx.Conj(fx[i]) * fy[i])
	}
	fft(fx)
	at := func(i int) float64 { return real(fx[i]) / float64(size) }
	peak := 0
	for i := range most + 1 {
		if at(i) > at(peak) {
			peak = i
		}
	}
	samples = float64(peak)
	if peak > 0 {
		before, here, after := at(peak-1), at(peak), at(peak+1)
		if bend := before - 2*here + after; bend != 0 {
			samples += (before - after) / (2 * bend)
		}
	}
	if e := energy(x) * energy(y[peak:peak+len(x)]); e > 0 {
		likeness = at(peak) / math.Sqrt(e)
	}
	return samples, likeness
}

// align returns heard as if it had come at once, second by second. Where the
// two are too unlike to tell the delay, it takes the usual one.
func align(heard []float64, delays []Delay, rate int) []float64 {
	all := make([]float64, len(delays))
	for i, d := range delays {
		all[i] = d.Samples
	}
	slices.Sort(all)
	usual := quantile(all, 0.5)

	by := make(map[int]float64) // delay by the beginning of the second
	for _, d := range delays {
		if d.Likeness >= 0.5 {
			by[d.At] = d.Samples
		}
	}
	aligned := make([]float64, len(heard))
	for at := 0; at < len(heard); at += rate {
		delay, ok := by[at]
		if !ok {
			delay = usual
		}
		from := min(at+int(math.Round(delay)), len(heard))
		copy(aligned[at:min(at+rate, len(heard))], heard[from:])
	}
	return aligned
}

// spectrum returns the Fourier transform of x, filled up with zeros.
func spectrum(x []float64, size int) []complex128 {
	out := make([]complex128, size)
	for i, v := range x {
		out[i] = complex(v, 0)
	}
	fft(out)
	return out
}

// fft transforms a in place (Cooley and Tukey, radix 2). Its length must be a
// power of two.
func fft(a []complex128) {
	for i, j := 1, 0; i < len(a); i++ {
		bit := len(a) / 2
		for ; j&bit != 0; bit /= 2 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for half := 1; half < len(a); half *= 2 {
		turns := make([]complex128, half)
		for k := range turns {
			turns[k] = cmplx.Rect(1, -math.Pi*float64(k)/float64(half))
		}
		for start := 0; start < len(a); start += 2 * half {
			low, high := a[start:start+half], a[start+half:start+2*half]
			for k, turn := range turns {
				u, v := low[k], high[k]*turn
				low[k], high[k] = u+v, u-v
			}
		}
	}
}
