package child

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// A Process is a child that runs.
type Process struct {
	Log Tail // what it says, if that goes nowhere else

	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start starts a command as a child, apart from its parent: an interrupt from
// the terminal reaches the parent alone, which then stops its children. When
// the parent dies first, the system ends them.
func Start(cmd *exec.Cmd) (*Process, error) { return start(cmd, apart) }

// StartAlone is Start in a network namespace of the child's own, which takes
// root.
func StartAlone(cmd *exec.Cmd) (*Process, error) { return start(cmd, alone) }

func start(cmd *exec.Cmd, how *syscall.SysProcAttr) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &p.Log
	if cmd.Stdout == nil {
		cmd.Stdout = &p.Log
	}
	cmd.SysProcAttr = how
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how it ended is told by what it said last
	}()
	return p, nil
}

// Self returns the process that asks, to read what it uses; it can be neither
// stopped nor awaited.
func Self() *Process { return &Process{cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}} }

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process at once, and does not wait until it has ended.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() } // it may have ended already

// Stop ends the process at once. Nothing of it is kept, so that it need not
// tidy up.
func (p *Process) Stop() {
	p.Kill()
	<-p.done
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// AwaitTCP waits until somebody takes connections at an address, for as long as
// the process runs.
func (p *Process) AwaitTCP(ctx context.Context, address string) error {
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-p.done:
			return p.Failed("it has ended", err)
		case <-ctx.Done():
			return p.Failed("it does not answer", err)
		}
	}
}

// Failed adds to err what the process has said last.
func (p *Process) Failed(what string, err error) error {
	return fmt.Errorf("%s: %w\n%s", what, err, p.Log.String())
}

// A Tail keeps the end of what is written to it.
type Tail struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

const tailMax = 8 << 10

// Write is io.Writer's.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(b)
	t.b.Next(max(t.b.Len()-tailMax, 0))
	return len(b), nil
}

// String returns the end.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
