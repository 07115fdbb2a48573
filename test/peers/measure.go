package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/bench/count"
)

// A server is one of another make that runs, with the way into its only room.
// Listeners are numbered from 1, and come after the speaker.
type server interface {
	Usage() (child.Usage, error)
	ForgetPeak() error
	PeakKiB() (float64, error)
	Speak(ctx context.Context) (say func(frame []byte) error, err error)
	Listen(ctx context.Context, number int, hear func(frame []byte)) error
}

const (
	frameEvery = 20 * time.Millisecond
	joining    = 32              // at the same time
	settle     = 3 * time.Second // for a server to come to rest
	warmUp     = 2 * time.Second // of speech before it counts
	inFlight   = time.Second     // that frames may take after the window
)

// A measurement is one under way, in the steps of stoa bench room.
type measurement struct {
	server

	listeners, seconds int
	began              time.Time
	current            atomic.Pointer[count.Window]
	tallies            []count.Tally // one for each listener
	there              []bool        // of the ears: the speaker, and the listeners
	say                func([]byte) error
	said               uint32 // frames
	report             report
}

func measure(ctx context.Context, s server, listeners, seconds int) (_ report, err error) {
	m := &measurement{
		server: s, listeners: listeners, seconds: seconds, began: time.Now(),
		tallies: make([]count.Tally, listeners), there: make([]bool, 1+listeners),
		report: report{Listeners: listeners, Speakers: 1, Seconds: seconds, Ptime: int(frameEvery.Milliseconds())},
	}
	if m.say, err = s.Speak(ctx); err != nil {
		return m.report, fmt.Errorf("bring in the speaker: %w", err)
	}
	if err := sleep(ctx, settle); err != nil {
		return m.report, err
	}
	if err := m.ForgetPeak(); err != nil {
		return m.report, fmt.Errorf("forget the peak of memory: %w", err)
	}
	rss, err := m.PeakKiB()
	if err != nil {
		return m.report, err
	}
	if err := m.join(ctx); err != nil {
		return m.report, err
	}
	if err := sleep(ctx, settle); err != nil {
		return m.report, err
	}
	if err := m.window(ctx); err != nil {
		return m.report, err
	}
	peak, err := m.PeakKiB()
	m.report.RSSKiBPerListener = round((peak - rss) / m.present())
	return m.report, err
}

// present returns how many listeners are there.
func (m *measurement) present() float64 { return float64(m.listeners - m.report.Failed) }

// join brings all listeners in.
func (m *measurement) join(ctx context.Context) error {
	before, err := m.Usage()
	if err != nil {
		return err
	}
	var (
		mu    sync.Mutex // guards the report and who is there
		all   sync.WaitGroup
		door  = make(chan struct{}, joining)
		began = time.Now()
	)
	for i := range m.tallies {
		door <- struct{}{}
		all.Go(func() {
			err := m.Listen(ctx, 1+i, func(frame []byte) { m.hear(i, frame) })
			<-door
			mu.Lock()
			defer mu.Unlock()
			m.there[1+i] = err == nil
			if err != nil {
				m.report.Failed++
				m.report.FailedWhy = err.Error()
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	after, err := m.Usage()
	if err != nil {
		return err
	}
	if m.present() == 0 {
		return fmt.Errorf("nobody came in: %s", m.report.FailedWhy)
	}
	m.report.JoinCPUMS = round(ms(after.Sub(before).Total) / m.present())
	m.report.JoinsPerS = round(m.present() / took.Seconds())
	return ctx.Err()
}

// hear counts what a listener is told.
func (m *measurement) hear(listener int, payload []byte) {
	f, ok := count.ParseFrame(payload)
	t := &m.tallies[listener]
	t.Lock()
	defer t.Unlock()
	if w := m.current.Load(); ok {
		t.Hear(w, 1+listener, f, time.Since(m.began))
	} else {
		t.Spoil(w)
	}
}

// window measures while the speaker speaks.
func (m *measurement) window(ctx context.Context) error {
	first := time.Now()
	speak := func(d time.Duration) error {
		for range d / frameEvery {
			if err := sleep(ctx, time.Until(first.Add(time.Duration(m.said)*frameEvery))); err != nil {
				return err
			}
			f := count.Frame{Number: m.said, Sent: time.Since(m.began)}
			if err := m.say(f.Append(nil, count.FrameSize(frameEvery))); err != nil {
				return fmt.Errorf("speak: %w", err)
			}
			m.said++
		}
		return nil
	}
	if err := speak(warmUp); err != nil {
		return err
	}
	length := time.Duration(m.seconds) * time.Second
	w := count.NewWindow(1+m.listeners, 1, int(length/frameEvery))
	w.First = m.said
	m.current.Store(w)
	before, err := m.Usage()
	if err != nil {
		return err
	}
	if err := speak(length); err != nil {
		return err
	}
	w.Close(w.Frames())
	after, err := m.Usage()
	if err != nil {
		return err
	}
	if err := sleep(ctx, inFlight); err != nil {
		return err
	}
	m.current.Store(nil)
	return m.heard(w, after.Sub(before).Total)
}

// heard adds up what everybody has heard, and what it took.
func (m *measurement) heard(w *count.Window, used time.Duration) error {
	var sum count.Counts
	for i := range m.tallies {
		t := &m.tallies[i]
		t.Lock() // with it, the last that saw the window has counted
		sum.Add(&t.Counts)
		t.Unlock()
	}
	if sum.Arrived == 0 {
		return errors.New("nothing has come to anybody")
	}
	r := &m.report
	r.PacketsOut, r.Lost, _ = w.Count(func(ear int) bool { return m.there[ear] })
	r.Duplicates, r.Unopened = sum.Duplicates, sum.Unopened
	r.CPUUSPerPacket = round(1000 * ms(used) / float64(sum.Arrived))
	r.CPUMSPerListenerSecond = round(ms(used) / float64(m.seconds) / m.present())
	r.ForwardDelayMS = quantiles{round(ms(sum.Delays.Quantile(0.5))), round(ms(sum.Delays.Quantile(0.99)))}
	return nil
}

// sleep waits for d, or until ctx is over, which is an error.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
