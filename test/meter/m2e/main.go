// Command m2e prints how a listener heard a voice, as one line of JSON.
//
//	m2e source.wav heard.wav
//	m2e both.wav                the source on the left, what was heard on the right
//
// Both recordings begin at the same instant. The load average stands beside
// the figures because a busy machine makes every delay longer.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/stoa-audio/stoa/test/meter"
)

func main() {
	likeness := flag.Float64("likeness", meter.Likeness, "from where on what was heard is what was said, 0 to 1")
	flag.Parse()
	if err := run(flag.Args(), *likeness, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "m2e:", err)
		os.Exit(1)
	}
}

type delay struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
}

type line struct {
	STOI         float64 `json:"stoi"`
	DelayMS      delay   `json:"delay_ms"`
	LongestGapMS float64 `json:"longest_gap_ms"`
	LoadAverage  float64 `json:"load_average"`
}

func run(paths []string, likeness float64, out io.Writer) error {
	var channels []meter.Sound
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sounds, err := meter.ParseWAV(b)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		channels = append(channels, sounds...)
	}
	if len(channels) != 2 {
		return errors.New("it takes two recordings of one channel, or one of two")
	}
	r, err := meter.Measure(channels[0], channels[1], likeness)
	if err != nil {
		return err
	}
	load, err := loadAverage()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(line{
		STOI:         round(r.STOI, 4),
		DelayMS:      delay{Median: round(1000*r.DelayMedian, 2), P95: round(1000*r.DelayP95, 2)},
		LongestGapMS: round(1000*r.LongestGap, 0),
		LoadAverage:  load,
	})
}

// loadAverage returns the processes that waited for a core in the last minute.
func loadAverage() (float64, error) {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	return strconv.ParseFloat(first, 64)
}

func round(v float64, places int) float64 {
	scale := math.Pow(10, float64(places))
	return math.Round(v*scale) / scale
}
