package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

const (
	stageMax   = time.Minute      // for the speakers to take the stage
	warmUp     = 2 * time.Second  // of speech before it counts
	quietEvery = time.Second / 2  // how often it is looked whether the node is quiet
	quietMax   = 20 * time.Second // until it is measured as it is
	collectMax = time.Minute      // for the crowd to add up
)

// Run measures as s says.
func Run(ctx context.Context, s Settings) (_ Report, err error) {
	if err := errors.Join(s.Check(), s.checkFiles()); err != nil {
		return Report{}, err
	}
	r := newReport(s)
	if r.LoadAverage, err = loadAverage(); err != nil {
		return Report{}, err
	}
	data, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	stage := max(s.Speakers, 1) // somebody opens the room
	people, err := seed(ctx, data, stage+s.Listeners)
	if err != nil {
		return Report{}, err
	}
	n, err := startNode(ctx, s, data)
	if err != nil {
		return Report{}, err
	}
	defer n.stop()
	g, err := startCrowd(crowd.Plan{
		URL: n.url, Speakers: s.Speakers, Stage: people[:stage], Listeners: people[stage:],
		Full: s.Client == "pion", Joining: s.Joining, Patience: s.patience(),
		Frame: s.frame(), Window: s.window(),
	})
	if err != nil {
		return Report{}, err
	}
	defer g.stop()
	// Whoever waits for one of them does not wait any more when ctx is over.
	defer context.AfterFunc(ctx, func() { _, _ = g.cmd.Process.Kill(), n.cmd.Process.Kill() })()
	m := measurement{Settings: s, node: n, guests: g, report: &r}
	err = m.run(ctx)
	switch {
	case ctx.Err() != nil: // and all else follows from it
		return Report{}, ctx.Err()
	case err != nil && n.ended():
		return Report{}, n.failed("the node has ended", err)
	case err != nil:
		return Report{}, err
	}
	return r, nil
}

// A measurement is one under way.
type measurement struct {
	Settings

	node   *node
	guests *guests
	report *Report
}

func (m *measurement) run(ctx context.Context) error {
	if _, err := m.guests.await(stageMax); err != nil {
		return err
	}
	if err := m.quiet(ctx); err != nil {
		return err
	}
	before, err := m.node.state(ctx)
	if err != nil {
		return err
	}
	if err := m.node.forgetPeak(); err != nil {
		return fmt.Errorf("forget the node's peak of memory: %w", err)
	}
	rss, err := m.node.peakKiB()
	if err != nil {
		return err
	}
	if err := m.join(); err != nil {
		return err
	}
	if err := m.quiet(ctx); err != nil {
		return err
	}
	if m.Speakers > 0 {
		if err := m.guests.step(crowd.StepSpeak); err != nil {
			return err
		}
		if _, err := m.guests.await(stageMax); err != nil {
			return err
		}
		sleep(ctx, warmUp)
	}
	if err := m.window(ctx); err != nil {
		return err
	}
	// The peak is read first: to ask the node for its state costs memory too.
	peak, err := m.node.peakKiB()
	if err != nil {
		return err
	}
	after, err := m.node.state(ctx)
	if err != nil {
		return err
	}
	m.report.memory(peak-rss, after, before)
	return nil
}

// join lets all listeners come.
func (m *measurement) join() error {
	node, guests, err := m.usages()
	if err != nil {
		return err
	}
	if err := m.guests.step(crowd.StepJoin); err != nil {
		return err
	}
	said, err := m.guests.await(m.patience() + collectMax)
	if err != nil {
		return err
	}
	nodeNow, guestsNow, err := m.usages()
	if err != nil {
		return err
	}
	if said.Joined == nil {
		return errors.New("the crowd does not say how it came in")
	}
	if said.Joined.In == 0 {
		return fmt.Errorf("nobody came in: %s", said.Joined.Why)
	}
	m.report.joins(*said.Joined, nodeNow.sub(node), guestsNow.sub(guests))
	_, err = m.guests.await(collectMax)
	return err
}

// window measures while the speakers speak.
func (m *measurement) window(ctx context.Context) error {
	if err := m.guests.step(crowd.StepMeasure); err != nil {
		return err
	}
	if _, err := m.guests.await(collectMax); err != nil {
		return err
	}
	node, guests, err := m.usages()
	if err != nil {
		return err
	}
	profiled := make(chan error, 1)
	go func() {
		var err error
		if m.Profile != "" {
			err = m.node.profile(ctx, m.Seconds, m.Profile)
		}
		profiled <- err
	}()
	if _, err := m.guests.await(m.Settings.window() + collectMax); err != nil {
		return err
	}
	nodeNow, guestsNow, err := m.usages()
	if err != nil {
		return err
	}
	said, err := m.guests.await(collectMax)
	if err != nil {
		return err
	}
	if said.Heard == nil {
		return errors.New("the crowd does not say what it has heard")
	}
	m.report.heard(*said.Heard, nodeNow.sub(node), guestsNow.sub(guests))
	return errors.Join(<-profiled)
}

func (m *measurement) usages() (node, guests usage, err error) {
	node, err = m.node.usage()
	if err != nil {
		return node, guests, fmt.Errorf("read what the node uses: %w", err)
	}
	guests, err = m.guests.usage()
	if err != nil {
		err = fmt.Errorf("read what the crowd uses: %w", err)
	}
	return node, guests, err
}

// quiet waits until the node does no more than a moment before.
func (m *measurement) quiet(ctx context.Context) error {
	last, before := time.Duration(0), usage{}
	for waited := time.Duration(0); waited < quietMax; waited += quietEvery {
		now, err := m.node.usage()
		if err != nil {
			return err
		}
		used := now.sub(before).total
		if before.total > 0 {
			const nothing = 5 * time.Millisecond
			if used < nothing || last > 0 && used > last*9/10 {
				return nil
			}
			last = used
		}
		before = now
		sleep(ctx, quietEvery)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// sleep waits for d or until ctx is over.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
