package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// A forum is a server in memory with flaws that are known: each frame costs it
// a millisecond, the second listener misses every tenth, the third hears all
// twice, and the fourth is not let in.
type forum struct {
	mu        sync.Mutex // guards what follows while people come in
	used      child.Usage
	kib       float64
	listeners map[int]func([]byte)
	said      int
}

func (f *forum) Usage() (child.Usage, error) { return f.used, nil }
func (f *forum) ForgetPeak() error           { return nil }
func (f *forum) PeakKiB() (float64, error)   { return 1000 + f.kib, nil }

func (f *forum) Speak(context.Context) (func([]byte) error, error) {
	f.listeners = make(map[int]func([]byte))
	return func(frame []byte) error {
		f.said++
		f.used.Total += time.Millisecond
		for number, hear := range f.listeners {
			if number != 2 || f.said%10 != 0 {
				hear(frame)
			}
			if number == 3 {
				hear(frame)
			}
		}
		return nil
	}, nil
}

func (f *forum) Listen(_ context.Context, number int, hear func([]byte)) error {
	if number == 4 {
		return errors.New("full")
	}
	time.Sleep(time.Second / 10)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kib += 50
	f.used.Total += 2 * time.Millisecond
	f.listeners[number] = hear
	return nil
}

func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(forum)
		r, err := measure(t.Context(), f, 4, 2)
		if err != nil {
			t.Fatal(err)
		}
		want := report{
			Listeners: 4, Speakers: 1, Seconds: 2, Ptime: 20,
			PacketsOut: 290, Lost: 10, Duplicates: 100,
			CPUUSPerPacket: 256.41, CPUMSPerListenerSecond: 16.667, RSSKiBPerListener: 50,
			JoinCPUMS: 2, JoinsPerS: 30, Failed: 1, FailedWhy: "full",
		}
		r.ForwardDelayMS = quantiles{} // a bucket's end
		if r != want {
			t.Errorf("%+v, want\n%+v", r, want)
		}
		if f.said != 200 {
			t.Errorf("%d frames were said", f.said)
		}
	})
}

// deaf lets everybody in and sends nothing.
type deaf struct{ forum }

func (d *deaf) Listen(context.Context, int, func([]byte)) error { return nil }

func TestNothingHeardIsNoFigure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := measure(t.Context(), new(deaf), 3, 1); err == nil {
			t.Error("a server that sends nothing is measured")
		}
	})
}

func TestStopsWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		if _, err := measure(ctx, new(forum), 3, 100); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ends with %v", err)
		}
	})
}

// Where the servers are installed, they are measured.
func TestServers(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures for seconds")
	}
	for name, program := range map[string]string{"janus": "janus", "mumble": "murmurd"} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Skip(err)
			}
			var out bytes.Buffer
			if err := run(t.Context(), []string{name, "--listeners", "3", "--seconds", "1"}, &out); err != nil {
				t.Fatal(err)
			}
			var r report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.PacketsOut != 150 || r.Lost+r.Duplicates+r.Unopened != 0 || r.Failed != 0 || r.CPUUSPerPacket <= 0 || r.RSSKiBPerListener <= 0 || r.JoinCPUMS <= 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range [][]string{
		nil, {"skype"}, {"janus", "--listeners", "0"}, {"mumble", "--seconds", "301"}, {"janus", "now"},
	} {
		if err := run(t.Context(), args, nil); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
