package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// write writes a WAV file of interleaved samples and returns its path.
func write(t *testing.T, channels uint16, samples []int16) string {
	t.Helper()
	var b bytes.Buffer
	for _, part := range []any{
		[]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00"), channels, uint32(16000),
		uint32(16000) * 2 * uint32(channels), 2 * channels, uint16(16),
		[]byte("data"), uint32(2 * len(samples)), samples,
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "recording.wav")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	const late, seconds, rate = 1600, 5, 16000
	r := rand.New(rand.NewPCG(1, 2))
	stereo := make([]int16, 2*seconds*rate)
	for i := range seconds*rate - late {
		v := int16(3000 * r.NormFloat64() * math.Abs(math.Sin(float64(i)/3000)))
		stereo[2*i], stereo[2*(i+late)+1] = v, v
	}
	var out bytes.Buffer
	if err := run([]string{write(t, 2, stereo)}, &out); err != nil {
		t.Fatal(err)
	}
	var report struct {
		STOI         float64            `json:"stoi"`
		DelayMS      map[string]float64 `json:"delay_ms"`
		LongestGapMS *float64           `json:"longest_gap_ms"`
		LoadAverage  *float64           `json:"load_average"`
	}
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&report); err != nil {
		t.Fatal(err)
	}
	if report.STOI < 0.99 || math.Abs(report.DelayMS["median"]-100) > 0.1 || math.Abs(report.DelayMS["p95"]-100) > 0.1 ||
		report.LongestGapMS == nil || *report.LongestGapMS > 50 {
		t.Errorf("%+v", report)
	}
}

func TestRunRefuses(t *testing.T) {
	mono := write(t, 1, make([]int16, 16000))
	silent := write(t, 2, make([]int16, 16*16000))
	for about, args := range map[string][]string{
		"nothing": nil, "two files": {mono, mono}, "no file": {filepath.Join(t.TempDir(), "none")},
		"one channel": {mono}, "silence": {silent},
	} {
		var out bytes.Buffer
		if err := run(args, &out); err == nil || out.Len() != 0 {
			t.Errorf("%s: %s, %v", about, &out, err)
		}
	}
}
