package meter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stoa-audio/stoa/test/meter"
)

const rate = 48000

var source = sync.OnceValue(func() meter.Sound { return babble(8) })

// babble returns something that goes up and down as speech does: syllables of
// a voice with overtones, and hisses, with a pause after every few.
func babble(seconds float64) meter.Sound {
	chance := rand.New(rand.NewPCG(1, 2))
	s := meter.Sound{Rate: rate, Samples: make([]float64, int(seconds*rate))}
	phase := 0.0
	for at := 0; at < len(s.Samples); {
		length := rate/10 + chance.IntN(rate/8)
		pitch, loud, hiss := 90+80*chance.Float64(), 0.1+0.3*chance.Float64(), chance.IntN(4) == 0
		for i := range min(length, len(s.Samples)-at) {
			v := 0.3 * chance.NormFloat64()
			if !hiss {
				phase += 2 * math.Pi * pitch / rate
				v = 0
				for overtone := 1.0; overtone < 25; overtone++ {
					v += math.Sin(overtone*phase) / overtone
				}
			}
			s.Samples[at+i] = loud * v * math.Sin(math.Pi*float64(i)/float64(length))
		}
		at += length
		if chance.IntN(5) == 0 {
			at += rate / 5
		}
	}
	return s
}

// later returns s delayed, between samples where it must be.
func later(s meter.Sound, seconds float64) meter.Sound {
	out := meter.Sound{Rate: s.Rate, Samples: make([]float64, len(s.Samples))}
	for i := range out.Samples {
		at := float64(i) - seconds*float64(s.Rate)
		whole := int(math.Floor(at))
		if whole >= 0 && whole+1 < len(s.Samples) {
			part := at - float64(whole)
			out.Samples[i] = s.Samples[whole]*(1-part) + s.Samples[whole+1]*part
		}
	}
	return out
}

func TestDelayIsFound(t *testing.T) {
	source := source()
	for _, want := range []float64{0, 0.12340, 0.9000073} {
		r, err := meter.Measure(source, later(source, want), meter.Likeness)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.DelayMedian-want) > 1e-4 || math.Abs(r.DelayP95-want) > 1e-4 {
			t.Errorf("a delay of %.3f ms: median %.3f ms, 95th percentile %.3f ms", 1000*want, 1000*r.DelayMedian, 1000*r.DelayP95)
		}
	}
}

func TestDelayThatChangesIsFollowed(t *testing.T) {
	source := source()
	heard, slow := later(source, 0.050), later(source, 0.150)
	copy(heard.Samples[5*rate:], slow.Samples[5*rate:])
	r, err := meter.Measure(source, heard, meter.Likeness)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.DelayMedian-0.050) > 1e-4 || math.Abs(r.DelayP95-0.150) > 1e-4 {
		t.Errorf("median %.1f ms, 95th percentile %.1f ms", 1000*r.DelayMedian, 1000*r.DelayP95)
	}
	if r.STOI < 0.9 { // without following, about 0.76
		t.Errorf("STOI %.4f, although every word was heard", r.STOI)
	}
}

func TestSameIsAsClearAsItself(t *testing.T) {
	source := source()
	quieter := meter.Sound{Rate: rate, Samples: make([]float64, len(source.Samples))}
	for i, v := range source.Samples {
		quieter.Samples[i] = v / 4
	}
	for name, heard := range map[string]meter.Sound{"the same": source, "quieter": quieter} {
		r, err := meter.Measure(source, heard, meter.Likeness)
		if err != nil {
			t.Fatal(err)
		}
		if r.STOI < 0.99999 || r.LongestGap != 0 || r.WindowsHeard != r.WindowsSaid {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestNoiseMakesItFall(t *testing.T) {
	source := source()
	power := 0.0
	for _, v := range source.Samples {
		power += v * v / float64(len(source.Samples))
	}
	before := 1.0
	for _, ratioDB := range []float64{30, 20, 10, 5, 0, -5, -10} {
		chance := rand.New(rand.NewPCG(3, 4))
		noise := math.Sqrt(power / math.Pow(10, ratioDB/10))
		heard := meter.Sound{Rate: rate, Samples: make([]float64, len(source.Samples))}
		for i, v := range source.Samples {
			heard.Samples[i] = v + noise*chance.NormFloat64()
		}
		got := meter.STOI(source, heard)
		if got >= before {
			t.Errorf("at %+.0f dB: STOI %.4f, before it %.4f", ratioDB, got, before)
		}
		before = got
	}
	if before > 0.6 {
		t.Errorf("noise ten times as strong as the voice leaves STOI at %.4f", before)
	}
}

// Where nothing at all was heard for a while, as when a browser has nothing left
// to make up, that counts as nothing and not as no number.
func TestSilenceMakesItFall(t *testing.T) {
	source := babble(6)
	heard := meter.Sound{Rate: source.Rate, Samples: slices.Clone(source.Samples)}
	clear(heard.Samples[2*source.Rate : 4*source.Rate])
	if got := meter.STOI(source, heard); !(got > 0.4 && got < 0.8) {
		t.Errorf("a third of it is silence, and STOI is %v", got)
	}
	clear(heard.Samples)
	if got := meter.STOI(source, heard); got != 0 {
		t.Errorf("all of it is silence, and STOI is %v", got)
	}
}

func TestGapIsFound(t *testing.T) {
	tone := meter.Sound{Rate: rate, Samples: make([]float64, 6*rate)}
	for i := range tone.Samples {
		tone.Samples[i] = 0.3 * math.Sin(2*math.Pi*440*float64(i)/rate)
	}
	heard := meter.Sound{Rate: rate, Samples: append([]float64(nil), tone.Samples...)}
	clear(heard.Samples[rate : rate+rate/20])         // 50 ms
	clear(heard.Samples[3*rate : 3*rate+rate*37/100]) // 370 ms
	if got := meter.LongestGap(tone, heard); math.Abs(got-0.370) > 0.011 {
		t.Errorf("a hole of 370 ms was found to have %.0f ms", 1000*got)
	}

	// A pause of the speaker is no hole.
	clear(tone.Samples[3*rate : 3*rate+rate*37/100])
	if got := meter.LongestGap(tone, heard); math.Abs(got-0.050) > 0.011 {
		t.Errorf("beside a pause, a hole of 50 ms was found to have %.0f ms", 1000*got)
	}
}

func TestGapOfSpeechIsFound(t *testing.T) {
	source := source()
	heard := later(source, 0.080)
	clear(heard.Samples[4*rate : 4*rate+rate/2])
	r, err := meter.Measure(source, heard, meter.Likeness)
	if err != nil {
		t.Fatal(err)
	}
	// The words at its rims may be too quiet to be missed.
	if r.LongestGap < 0.35 || r.LongestGap > 0.52 {
		t.Errorf("a hole of 500 ms was found to have %.0f ms", 1000*r.LongestGap)
	}
}

func TestWhatCannotBeMeasured(t *testing.T) {
	silence := meter.Sound{Rate: rate, Samples: make([]float64, 8*rate)}
	noise := meter.Sound{Rate: rate, Samples: make([]float64, 8*rate)}
	chance := rand.New(rand.NewPCG(5, 6))
	for i := range noise.Samples {
		noise.Samples[i] = 0.1 * chance.NormFloat64()
	}
	for _, c := range []struct {
		source, heard meter.Sound
		want          error
	}{
		{silence, source(), meter.ErrQuiet},
		{source(), silence, meter.ErrUnlike},
		{source(), noise, meter.ErrUnlike},
		{source(), meter.Sound{Rate: 16000}, meter.ErrRates},
	} {
		if _, err := meter.Measure(c.source, c.heard, meter.Likeness); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
}

// wav returns a file with one chunk that readers skip.
func wav(format, bits, channels int, samples []byte) []byte {
	var b bytes.Buffer
	b.WriteString("RIFF\x00\x00\x00\x00WAVE")
	b.WriteString("LIST\x03\x00\x00\x00abc\x00")
	b.WriteString("fmt ")
	for _, v := range []any{
		uint32(16), uint16(format), uint16(channels), uint32(rate),
		uint32(rate * channels * bits / 8), uint16(channels * bits / 8), uint16(bits),
	} {
		_ = binary.Write(&b, binary.LittleEndian, v) // never fails on a Buffer
	}
	b.WriteString("data")
	_ = binary.Write(&b, binary.LittleEndian, uint32(len(samples)))
	b.Write(samples)
	return b.Bytes()
}

func TestParseWAV(t *testing.T) {
	pcm, err := meter.ParseWAV(wav(1, 16, 2, []byte{0, 0x40, 0, 0xc0, 0, 0x20, 0, 0xe0}))
	if err != nil {
		t.Fatal(err)
	}
	if len(pcm) != 2 || pcm[0].Rate != rate || pcm[0].Samples[0] != 0.5 || pcm[0].Samples[1] != 0.25 || pcm[1].Samples[1] != -0.25 {
		t.Errorf("16 bits: %+v", pcm)
	}
	float, err := meter.ParseWAV(wav(3, 32, 1, binary.LittleEndian.AppendUint32(nil, math.Float32bits(-0.125))))
	if err != nil {
		t.Fatal(err)
	}
	if len(float) != 1 || len(float[0].Samples) != 1 || float[0].Samples[0] != -0.125 {
		t.Errorf("float: %+v", float)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "no chunk": []byte("RIFF\x00\x00\x00\x00WAVE"), "8 bits": wav(1, 8, 1, []byte{1}), "no channel": wav(1, 16, 0, nil),
	} {
		if _, err := meter.ParseWAV(b); !errors.Is(err, meter.ErrWAV) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseWAV(f *testing.F) {
	f.Add(wav(1, 16, 2, []byte{1, 2, 3, 4}))
	f.Add(wav(3, 32, 1, []byte{1, 2, 3, 4}))
	f.Fuzz(func(t *testing.T, b []byte) {
		sounds, err := meter.ParseWAV(b)
		if err != nil {
			return
		}
		for _, s := range sounds {
			if len(s.Samples) > len(b) || s.Rate < 1 {
				t.Fatalf("%d samples at %d Hz from %d bytes", len(s.Samples), s.Rate, len(b))
			}
		}
	})
}
