package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

// guests are the crowd's process, as the process that measures sees it.
type guests struct {
	*child.Process

	in   *os.File
	tell *json.Encoder
	out  *os.File
	hear *json.Decoder
}

// CrowdCommand are the arguments that make this binary a crowd.
var CrowdCommand = []string{"bench", "crowd"}

// startCrowd starts a crowd with a plan, at the other end of the wire if the
// plan has one. It is ready for its first step when
// await returns.
func startCrowd(plan crowd.Plan) (_ *guests, err error) {
	in, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	hear, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, in.Close(), tell.Close())
	}
	how := child.Start
	if plan.Wire {
		how = child.StartAlone
	}
	p, err := start(how, in, out, CrowdCommand...)
	err = errors.Join(err, in.Close(), out.Close()) // the crowd has its own
	if err != nil {
		return nil, errors.Join(err, tell.Close(), hear.Close())
	}
	g := &guests{Process: p, in: tell, tell: json.NewEncoder(tell), out: hear, hear: json.NewDecoder(hear)}
	if plan.Wire {
		if err := passEnd(p.PID()); err != nil {
			g.stop()
			return nil, g.Failed("give the crowd its end of the wire", err)
		}
	}
	if err := g.tell.Encode(plan); err != nil {
		g.stop()
		return nil, g.Failed("tell the crowd its plan", err)
	}
	return g, nil
}

// step tells the crowd what to do next.
func (g *guests) step(s crowd.Step) error {
	if err := g.tell.Encode(s); err != nil {
		return g.Failed("tell the crowd to "+string(s), err)
	}
	return nil
}

// await waits for what the crowd says next.
func (g *guests) await(patience time.Duration) (m crowd.Message, err error) {
	if err := g.out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return m, err
	}
	switch err := g.hear.Decode(&m); {
	case errors.Is(err, io.EOF):
		return m, g.Failed("the crowd", errors.New("it has ended"))
	case err != nil:
		return m, g.Failed("hear from the crowd", err)
	case m.Failed != "":
		return m, fmt.Errorf("the crowd: %s", m.Failed)
	}
	return m, nil
}

func (g *guests) stop() {
	g.Process.Stop()
	_ = errors.Join(g.in.Close(), g.out.Close()) // pipes to nobody
}
