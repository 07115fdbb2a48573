// Command m2e measures a recording from mouth to ear: a WAV file whose first
// channel is what was spoken and whose second is what was heard, recorded by
// one clock. It prints the report as JSON. Beside the numbers stands how busy
// the machine was, since that alone can spoil them.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/stoa-audio/stoa/test/meter"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "m2e:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: m2e recording.wav")
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	channels, rate, err := meter.ReadWAV(f)
	if err != nil {
		return err
	}
	if len(channels) != 2 {
		return fmt.Errorf("%d channels, want what was spoken and what was heard", len(channels))
	}
	report, err := meter.Measure(channels[0], channels[1], rate)
	if err != nil {
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		meter.Report

		LoadAverage *float64 `json:"load_average"` // of the last minute, or null
	}{report, loadAverage()})
}

// loadAverage returns how many wanted to run in the last minute, or nil where
// the system does not say.
func loadAverage() *float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(b), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return nil
	}
	return &v
}
