package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
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
func Run(ctx context.Context, s Settings) (Report, error) {
	if err := errors.Join(s.Check(), s.checkFiles()); err != nil {
		return Report{}, err
	}
	if s.Wire {
		return runAlone(ctx, s)
	}
	return measure(ctx, s)
}

func measure(ctx context.Context, s Settings) (_ Report, err error) {
	r := newReport(s)
	if r.LoadAverage, err = child.LoadAverage(); err != nil {
		return Report{}, err
	}
	data, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	stage := max(s.Speakers, 1) // somebody opens the room
	people, err := Seed(ctx, data, stage+s.Listeners+s.Herd)
	if err != nil {
		return Report{}, err
	}
	n, err := startNode(ctx, s, data)
	if err != nil {
		return Report{}, err
	}
	defer n.Stop()
	g, err := startCrowd(crowd.Plan{
		URL: n.url, Speakers: s.Speakers, Stage: people[:stage],
		Listeners: people[stage : stage+s.Listeners], Herd: people[stage+s.Listeners:],
		Full: s.Client == "pion", Joining: s.Joining, Patience: s.patience(),
		Frame: s.frame(), Window: s.window(), Wire: s.Wire,
	})
	if err != nil {
		return Report{}, err
	}
	defer g.stop()
	// Whoever waits for one of them does not wait any more when ctx is over.
	defer context.AfterFunc(ctx, func() { g.Kill(); n.Kill() })()
	m := measurement{Settings: s, node: n, guests: g, report: &r}
	err = m.run(ctx)
	switch {
	case ctx.Err() != nil: // and all else follows from it
		return Report{}, ctx.Err()
	case err != nil && n.Ended():
		return Report{}, n.Failed("the node has ended", err)
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
	if err := m.node.ForgetPeak(); err != nil {
		return fmt.Errorf("forget the node's peak of memory: %w", err)
	}
	rss, err := m.node.PeakKiB()
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
	peak, err := m.node.PeakKiB()
	if err != nil {
		return err
	}
	after, err := m.node.state(ctx)
	if err != nil {
		return err
	}
	m.report.memory(peak-rss, after, before)
	if m.Lane != "packet" {
		return nil
	}
	framed, err := m.node.framed(ctx)
	if err != nil {
		return m.node.Failed("the node does not send frames", err)
	}
	m.report.Framed = uint64(framed)
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
	m.report.joins(*said.Joined, nodeNow.Sub(node), guestsNow.Sub(guests))
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
	if m.Herd > 0 {
		if err := m.herd(node); err != nil {
			return err
		}
	}
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
	m.report.heard(*said.Heard, nodeNow.Sub(node), guestsNow.Sub(guests))
	return errors.Join(<-profiled)
}

// herd waits until the herd has come, which began when the node had used
// before.
func (m *measurement) herd(before child.Usage) error {
	said, err := m.guests.await(m.patience() + collectMax)
	if err != nil {
		return err
	}
	now, err := m.node.Usage()
	if err != nil {
		return fmt.Errorf("read what the node uses: %w", err)
	}
	if said.Joined == nil {
		return errors.New("the crowd does not say how the herd came in")
	}
	m.report.herd(*said.Joined, now.Sub(before))
	return nil
}

func (m *measurement) usages() (node, guests child.Usage, err error) {
	node, err = m.node.Usage()
	if err != nil {
		return node, guests, fmt.Errorf("read what the node uses: %w", err)
	}
	guests, err = m.guests.Usage()
	if err != nil {
		err = fmt.Errorf("read what the crowd uses: %w", err)
	}
	return node, guests, err
}

// quiet waits until the node does no more than a moment before.
func (m *measurement) quiet(ctx context.Context) error {
	last, before := time.Duration(0), child.Usage{}
	for waited := time.Duration(0); waited < quietMax; waited += quietEvery {
		now, err := m.node.Usage()
		if err != nil {
			return err
		}
		used := now.Sub(before).Total
		if before.Total > 0 {
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
