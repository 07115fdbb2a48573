package meter

import "math"

// The constants of STOI, as its authors chose them.
const (
	stoiRate    = 10000 // samples per second
	frameSize   = 256   // samples, half of which are the next frame's too
	hop         = frameSize / 2
	spectrumOf  = 512  // points of the transform of a frame
	bandCount   = 15   // thirds of an octave
	lowestBand  = 150  // Hz, its middle
	segmentSize = 30   // frames: 384 ms
	rangeDB     = 40.0 // frames quieter than the loudest by this are silent
	clipDB      = 15.0 // noise louder than speech by this is as bad as any
)

// STOI returns how well speech can be understood: 1 for as well as the clean
// sound, about 0 for not at all. The two must be aligned. It returns NaN where
// there is less than 384 ms of speech.
func STOI(clean, heard []float64, rate int) float64 {
	n := min(len(clean), len(heard))
	x, y := resample(clean[:n], rate), resample(heard[:n], rate)
	x, y = dropSilence(x, y)
	bx, by := bands(x), bands(y)
	sum, count := 0.0, 0
	for end := segmentSize; end <= len(bx); end++ {
		for b := range bandCount {
			sum += alike(bx[end-segmentSize:end], by[end-segmentSize:end], b)
			count++
		}
	}
	if count == 0 {
		return math.NaN()
	}
	return sum / float64(count)
}

// alike returns the correlation of one band in one segment, after the heard
// one is made as loud as the clean one and clipped.
func alike(clean, heard [][bandCount]float64, band int) float64 {
	var ex, ey float64
	for i := range clean {
		ex += clean[i][band] * clean[i][band]
		ey += heard[i][band] * heard[i][band]
	}
	gain := 0.0
	if ey > 0 {
		gain = math.Sqrt(ex / ey)
	}
	clip := 1 + math.Pow(10, clipDB/20)
	var x, y [segmentSize]float64
	var mx, my float64
	for i := range clean {
		x[i] = clean[i][band]
		y[i] = min(gain*heard[i][band], x[i]*clip)
		mx += x[i] / segmentSize
		my += y[i] / segmentSize
	}
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// window is a Hann window without its zeros.
var window = func() (w [frameSize]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/(frameSize+1))
	}
	return w
}()

// dropSilence returns x and y without the frames in which x is silent.
func dropSilence(x, y []float64) (xs, ys []float64) {
	levels, loudest := []float64{}, math.Inf(-1)
	for at := 0; at+frameSize <= len(x); at += hop {
		e := 0.0
		for i, w := range window {
			e += x[at+i] * w * x[at+i] * w
		}
		level := 10 * math.Log10(e) // -Inf where there is nothing
		levels, loudest = append(levels, level), max(loudest, level)
	}
	kept := 0
	for i, level := range levels {
		if level <= loudest-rangeDB || math.IsInf(loudest, -1) {
			continue
		}
		xs, ys = overlap(xs, x[i*hop:], kept), overlap(ys, y[i*hop:], kept)
		kept++
	}
	return xs, ys
}

// overlap adds a windowed frame as number n to out.
func overlap(out, frame []float64, n int) []float64 {
	if need := n*hop + frameSize; len(out) < need {
		out = append(out, make([]float64, need-len(out))...)
	}
	for i, w := range window {
		out[n*hop+i] += frame[i] * w
	}
	return out
}

// bands returns the loudness of each third of an octave in each frame.
func bands(x []float64) [][bandCount]float64 {
	var out [][bandCount]float64
	for at := 0; at+frameSize <= len(x); at += hop {
		var frame [frameSize]float64
		for i, w := range window {
			frame[i] = x[at+i] * w
		}
		s := spectrum(frame[:], spectrumOf)
		var b [bandCount]float64
		for band := range b {
			from, to := edges(band)
			for _, v := range s[from:to] {
				b[band] += real(v)*real(v) + imag(v)*imag(v)
			}
			b[band] = math.Sqrt(b[band])
		}
		out = append(out, b)
	}
	return out
}

// edges returns the points of the spectrum that a band is from and to.
func edges(band int) (from, to int) {
	middle := lowestBand * math.Pow(2, float64(band)/3)
	point := func(hz float64) int { return int(math.Round(hz * spectrumOf / stoiRate)) }
	return point(middle * math.Pow(2, -1.0/6)), point(middle * math.Pow(2, 1.0/6))
}

// resample returns x at stoiRate, by a windowed sinc that leaves out what the
// slower rate cannot carry.
func resample(x []float64, rate int) []float64 {
	const reach = 80 // samples of x, each way
	step := float64(rate) / stoiRate
	cut := 0.95 * 0.5 * min(1, 1/step) // of the rate of x
	// New samples lie between old ones in few ways, which come round again.
	ways := make([][2*reach + 1]float64, stoiRate/gcd(rate, stoiRate))
	for n := range ways {
		_, between := math.Modf(float64(n) * step)
		for k := range ways[n] {
			ways[n][k] = tap(float64(k-reach)-between, cut, reach+1)
		}
	}
	out := make([]float64, len(x)*stoiRate/rate)
	for i := range out {
		from := i*rate/stoiRate - reach
		for k, weight := range ways[i%len(ways)] {
			if j := from + k; j >= 0 && j < len(x) {
				out[i] += x[j] * weight
			}
		}
	}
	return out
}

// tap is the impulse response of a low pass at the time t, which fades out
// until reach.
func tap(t, cut, reach float64) float64 {
	fade := 0.5 + 0.5*math.Cos(math.Pi*t/reach)
	if t == 0 {
		return 2 * cut
	}
	return fade * math.Sin(2*math.Pi*cut*t) / (math.Pi * t)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
