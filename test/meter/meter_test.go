package meter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

const rate = 16000

// speech is seconds of sound that is like speech to these measures: noise with
// the slopes of a voice, in syllables and words of uneven length.
func speech(seconds float64) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, int(seconds*rate))
	var low, high float64
	for at := 0; at < len(out); {
		syllable := int((0.08 + 0.2*r.Float64()) * rate)
		loud, colour := 0.1+0.4*r.Float64(), 0.5+0.45*r.Float64()
		if r.IntN(5) == 0 {
			loud = 0 // between words
		}
		for i := range min(syllable, len(out)-at) {
			low = colour*low + (1-colour)*r.NormFloat64()
			high = r.NormFloat64()
			rise := math.Sin(math.Pi * float64(i) / float64(syllable))
			out[at+i] = loud * rise * (low + 0.1*high)
		}
		at += syllable
	}
	return out
}

// delayed is x, later by so many samples, which may be a fraction.
func delayed(x []float64, by float64) []float64 {
	const reach = 60
	whole, part := math.Modf(by)
	var taps [2 * reach]float64
	for k := range taps {
		taps[k] = tap(float64(k-reach)+part, 0.5, reach+1)
	}
	out := make([]float64, len(x))
	for i := range out {
		for k, weight := range taps {
			if j := i - int(whole) + k - reach; j >= 0 && j < len(x) {
				out[i] += x[j] * weight
			}
		}
	}
	return out
}

// noisy is x with white noise, so many dB quieter than x.
func noisy(x []float64, db float64) []float64 {
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]float64, len(x))
	scale := loudness(x) * math.Pow(10, -db/20)
	for i, v := range x {
		out[i] = v + scale*r.NormFloat64()
	}
	return out
}

func TestDelay(t *testing.T) {
	x := speech(6)
	for _, ms := range []float64{0, 1, 53.3, 123.4, 123.43, 350, 999} {
		for about, heard := range map[string][]float64{
			"clean": delayed(x, ms*rate/1000),
			"noisy": noisy(delayed(x, ms*rate/1000), 6),
		} {
			delays := Delays(x, heard, rate)
			if len(delays) != 4 {
				t.Fatalf("%d windows", len(delays))
			}
			for _, d := range delays {
				if got := 1000 * d.Samples / rate; math.Abs(got-ms) > 0.1 {
					t.Errorf("%s, late by %.2f ms: found %.3f ms", about, ms, got)
				}
			}
		}
	}
}

// A delay that changes is followed.
func TestDelayChanges(t *testing.T) {
	x := speech(12)
	heard := append(delayed(x, 0.05*rate)[:6*rate], delayed(x, 0.25*rate)[6*rate:]...)
	report, err := Measure(x, heard, rate)
	if err != nil {
		t.Fatal(err)
	}
	if d := report.DelayMS; math.Abs(d.P95-250) > 0.1 || d.Median > 250.1 || d.Median < 49.9 {
		t.Errorf("delay %+v", d)
	}
	// The seconds in which it changes cannot be understood; the rest can.
	if still := STOI(x, heard, rate); report.STOI < 0.75 || still > 0.5 {
		t.Errorf("STOI %.3f, and %.3f when the delay is not followed", report.STOI, still)
	}
}

func TestSTOI(t *testing.T) {
	x := speech(8)
	if got := STOI(x, x, rate); math.Abs(got-1) > 1e-9 {
		t.Errorf("the same is understood by %v", got)
	}
	quiet := make([]float64, len(x))
	for i, v := range x {
		quiet[i] = v / 10
	}
	if got := STOI(x, quiet, rate); math.Abs(got-1) > 1e-9 {
		t.Errorf("the same, quieter, is understood by %v", got)
	}
	last := 1.0
	for _, db := range []float64{30, 20, 10, 5, 0, -5, -10} {
		got := STOI(x, noisy(x, db), rate)
		if got >= last {
			t.Errorf("at %v dB: %.4f, after %.4f", db, got, last)
		}
		last = got
	}
	if last > 0.5 {
		t.Errorf("much noise is understood by %v", last)
	}
	if got := STOI(x, make([]float64, len(x)), rate); got != 0 {
		t.Errorf("nothing is understood by %v", got)
	}
	if got := STOI(make([]float64, len(x)), x, rate); !math.IsNaN(got) {
		t.Errorf("silence is understood by %v", got)
	}
}

// Holes in speech are heard: the more of it is lost, the less is understood.
func TestSTOIFindsHoles(t *testing.T) {
	x := speech(8)
	last := 1.0
	for _, lost := range []int{5, 10, 20, 40} { // of a hundred packets of 20 ms
		r := rand.New(rand.NewPCG(5, 6))
		y := append([]float64(nil), x...)
		for at := 0; at+rate/50 <= len(y); at += rate / 50 {
			if r.IntN(100) < lost {
				clear(y[at : at+rate/50])
			}
		}
		got := STOI(x, y, rate)
		if got >= last {
			t.Errorf("with %d %% lost: %.4f, after %.4f", lost, got, last)
		}
		last = got
	}
}

func TestMeasure(t *testing.T) {
	x := speech(8)
	report, err := Measure(x, delayed(x, 0.1*rate), rate)
	if err != nil || report.STOI < 0.999 || math.Abs(report.DelayMS.Median-100) > 0.1 {
		t.Errorf("%+v, %v", report, err)
	}
	for about, sound := range map[string][]float64{"nothing": nil, "too little": x[:rate], "silence": make([]float64, 8*rate)} {
		if report, err := Measure(sound, sound, rate); !errors.Is(err, ErrNoSpeech) {
			t.Errorf("%s: %+v, %v", about, report, err)
		}
	}
}

func TestLongestGap(t *testing.T) {
	tone := make([]float64, 4*rate)
	for i := range tone {
		tone[i] = 0.3 * math.Sin(2*math.Pi*440*float64(i)/rate)
	}
	whole := LongestGap(tone, silenceFloor)
	if whole > 1 {
		t.Errorf("a tone has a gap of %d samples", whole)
	}
	for _, gap := range []int{rate / 100, rate / 50, rate} { // 10 ms, 20 ms, 1 s
		y := append([]float64(nil), tone...)
		clear(y[:rate/2])      // before the first sound
		clear(y[len(y)-rate:]) // after the last
		clear(y[rate : rate+gap])
		clear(y[rate/2+100 : rate/2+100+rate/200]) // a shorter one
		got := LongestGap(y, silenceFloor)
		if got < gap || got > gap+2 {
			t.Errorf("a gap of %d samples is %d", gap, got)
		}
	}
	for i := range tone {
		tone[i] = silenceFloor / 2
	}
	if got := LongestGap(tone, silenceFloor); got != 0 {
		t.Errorf("silence has a gap of %d", got)
	}
}

// The fast transform is the slow one.
func TestFFT(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	x := make([]float64, 64)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	got := spectrum(x, len(x))
	for k := range got {
		var want complex128
		for i, v := range x {
			want += complex(v, 0) * cmplx.Rect(1, -2*math.Pi*float64(k*i)/float64(len(x)))
		}
		if cmplx.Abs(got[k]-want) > 1e-9 {
			t.Errorf("point %d is %v, want %v", k, got[k], want)
		}
	}
}

func TestResample(t *testing.T) {
	for _, from := range []int{8000, 10000, 16000, 44100, 48000} {
		x := make([]float64, from)
		for i := range x {
			x[i] = math.Sin(2*math.Pi*1000*float64(i)/float64(from)) + 0.5
		}
		y := resample(x, from)
		if math.Abs(float64(len(y)-stoiRate)) > 1 {
			t.Errorf("a second at %d is %d samples", from, len(y))
		}
		for i := 1000; i < len(y)-1000; i++ {
			if want := math.Sin(2*math.Pi*1000*float64(i)/stoiRate) + 0.5; math.Abs(y[i]-want) > 0.01 {
				t.Fatalf("from %d: sample %d is %v, want %v", from, i, y[i], want)
			}
		}
	}
	// What the slower rate cannot carry is gone, not folded.
	x := make([]float64, 48000)
	for i := range x {
		x[i] = math.Sin(2 * math.Pi * 9000 * float64(i) / 48000)
	}
	if got := loudness(resample(x, 48000)[1000:9000]); got > 0.01 {
		t.Errorf("9 kHz is left with %v", got)
	}
}

// wav returns a file of two channels.
func wav(samples ...int16) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00")
	b = binary.LittleEndian.AppendUint32(b, 48000)
	b = binary.LittleEndian.AppendUint32(b, 48000*4)
	b = append(b, 4, 0, 16, 0)
	b = append(b, "LIST\x03\x00\x00\x00abc\x00data"...) // odd sizes are filled up
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(samples)))
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func TestReadWAV(t *testing.T) {
	whole := wav(0, 16384, -32768, 32767)
	channels, hz, err := ReadWAV(bytes.NewReader(whole))
	if err != nil || hz != 48000 || len(channels) != 2 ||
		channels[0][0] != 0 || channels[0][1] != -1 || channels[1][0] != 0.5 || channels[1][1] < 0.9999 {
		t.Fatalf("%v at %d, %v", channels, hz, err)
	}
	stopped := bytes.Replace(whole, []byte("data\x08\x00\x00\x00"), []byte("data\xff\xff\xff\xff"), 1)
	if channels, _, err := ReadWAV(bytes.NewReader(stopped)); err != nil || len(channels[0]) != 2 {
		t.Errorf("a file whose recorder was stopped: %v, %v", channels, err)
	}
	for n := range len(whole) - 8 {
		if _, _, err := ReadWAV(bytes.NewReader(whole[:n])); !errors.Is(err, ErrWAV) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	for about, change := range map[string]func(b []byte){
		"floats":          func(b []byte) { b[20] = 3 },
		"24 bit":          func(b []byte) { b[34] = 24 },
		"no channel":      func(b []byte) { b[22] = 0 },
		"many channels":   func(b []byte) { b[22], b[23] = 255, 255 },
		"no rate":         func(b []byte) { clear(b[24:28]) },
		"a RIFF of AVI":   func(b []byte) { copy(b[8:], "AVI ") },
		"a chunk too big": func(b []byte) { b[17] = 255 },
	} {
		b := bytes.Clone(whole)
		change(b)
		if _, _, err := ReadWAV(bytes.NewReader(b)); !errors.Is(err, ErrWAV) {
			t.Errorf("%s: %v", about, err)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wav(1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, b []byte) {
		channels, hz, err := ReadWAV(bytes.NewReader(b))
		if err == nil && (len(channels) == 0 || hz == 0 || len(channels[0]) > len(b)) {
			t.Fatalf("%d channels at %d", len(channels), hz)
		}
	})
}
