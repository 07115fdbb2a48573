package meter

import (
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// The constants of Taal et al. 2011, section II.
const (
	stoiRate     = 10000 // samples per second
	stoiFrame    = 256   // samples
	stoiHop      = stoiFrame / 2
	stoiFFT      = 512
	stoiBands    = 15
	stoiLowest   = 150.0 // centre of the lowest third-octave band, in Hz
	stoiSegment  = 30    // frames: 384 ms
	stoiClipDB   = 15.0  // a band is clipped at this signal-to-distortion ratio below
	stoiSilentDB = 40.0  // frames this far below the loudest are left out
)

// STOI returns how well heard can be understood by who knows source: 1 is as
// well as the source, about 0.6 is hard work. The sounds are aligned. It
// returns 0 where source says too little to judge.
func STOI(source, heard Sound) float64 {
	x, y := resample(source, stoiRate), resample(heard, stoiRate)
	n := min(len(x), len(y))
	x, y = spokenFrames(x[:n], y[:n])
	clean, degraded := thirdOctaves(x), thirdOctaves(y)

	clip := 1 + math.Pow(10, stoiClipDB/20)
	sum, count := 0.0, 0
	for end := stoiSegment; end <= len(clean); end++ {
		for band := range stoiBands {
			var a, b [stoiSegment]float64
			for i := range stoiSegment {
				a[i] = clean[end-stoiSegment+i][band]
				b[i] = degraded[end-stoiSegment+i][band]
			}
			// As loud as the source, so that only the shape counts; and one
			// very wrong frame counts for no more than a wrong one.
			count++
			loud := math.Sqrt(energy(b[:]))
			if loud == 0 {
				continue // nothing at all was heard
			}
			gain := math.Sqrt(energy(a[:])) / loud
			for i := range b {
				b[i] = min(gain*b[i], clip*a[i])
			}
			sum += correlation(a[:], b[:])
		}
	}
	if count == 0 {
		return 0
	}
	return sum / float64(count)
}

// spokenFrames leaves out the frames in which the source is silent, in both.
func spokenFrames(x, y []float64) (_, _ []float64) {
	window := hann(stoiFrame)
	levels := []float64{}
	loudest := math.Inf(-1)
	for at := 0; at+stoiFrame <= len(x); at += stoiHop {
		sum := 0.0
		for i, w := range window {
			sum += x[at+i] * w * x[at+i] * w
		}
		level := 10 * math.Log10(sum+1e-20)
		levels = append(levels, level)
		loudest = max(loudest, level)
	}
	var a, b []float64
	for frame, level := range levels {
		if level > loudest-stoiSilentDB {
			a = overlap(a, x[frame*stoiHop:], window)
			b = overlap(b, y[frame*stoiHop:], window)
		}
	}
	return a, b
}

// overlap adds one windowed frame to dst, half over what is there.
func overlap(dst, frame, window []float64) []float64 {
	at := max(0, len(dst)-stoiHop)
	dst = append(dst, make([]float64, at+stoiFrame-len(dst))...)
	for i, w := range window {
		dst[at+i] += frame[i] * w
	}
	return dst
}

// thirdOctaves returns the magnitude of each band in each frame.
func thirdOctaves(x []float64) [][stoiBands]float64 {
	window, fft := hann(stoiFrame), fourier.NewFFT(stoiFFT)
	padded := make([]float64, stoiFFT)
	var spectrum []complex128
	var frames [][stoiBands]float64
	for at := 0; at+stoiFrame <= len(x); at += stoiHop {
		for i, w := range window {
			padded[i] = x[at+i] * w
		}
		spectrum = fft.Coefficients(spectrum, padded)
		var bands [stoiBands]float64
		for band := range bands {
			centre := stoiLowest * math.Exp2(float64(band)/3)
			for bin := edge(centre / math.Exp2(1.0/6)); bin < edge(centre*math.Exp2(1.0/6)); bin++ {
				bands[band] += math.Pow(cmplx.Abs(spectrum[bin]), 2)
			}
			bands[band] = math.Sqrt(bands[band])
		}
		frames = append(frames, bands)
	}
	return frames
}

// edge returns the FFT bin nearest to a frequency.
func edge(hertz float64) int { return int(math.Round(hertz * stoiFFT / stoiRate)) }

// hann returns a window that is nowhere zero, as the authors' own program has it.
func hann(n int) []float64 {
	window := make([]float64, n)
	for i := range window {
		window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/float64(n+1))
	}
	return window
}

// correlation returns the sample correlation coefficient.
func correlation(a, b []float64) float64 {
	var meanA, meanB float64
	for i := range a {
		meanA += a[i] / float64(len(a))
		meanB += b[i] / float64(len(b))
	}
	var ab, aa, bb float64
	for i := range a {
		da, db := a[i]-meanA, b[i]-meanB
		ab, aa, bb = ab+da*db, aa+da*da, bb+db*db
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// resample returns the samples at another rate, through a windowed sinc that
// lets nothing through above half of the lower rate.
func resample(s Sound, rate int) []float64 {
	common := gcd(s.Rate, rate)
	up, down := rate/common, s.Rate/common
	cutoff := 0.95 * 0.5 * min(1, float64(rate)/float64(s.Rate)) // cycles per sample
	const half = 80                                              // taps on either side
	out := make([]float64, len(s.Samples)*up/down)
	taps := make([][]float64, up) // by how far a sample is from the one before it
	for phase := range taps {
		taps[phase] = make([]float64, 2*half)
		for i := range taps[phase] {
			t := float64(i-half+1) - float64(phase)/float64(up)
			taps[phase][i] = 2 * cutoff * sinc(2*cutoff*t) * (0.5 + 0.5*math.Cos(math.Pi*t/half))
		}
	}
	for i := range out {
		first := i*down/up - half + 1
		for k, tap := range taps[i*down%up] {
			if at := first + k; at >= 0 && at < len(s.Samples) {
				out[i] += s.Samples[at] * tap
			}
		}
	}
	return out
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
