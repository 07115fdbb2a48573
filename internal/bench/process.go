package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a child that runs a command of this binary.
type process struct {
	cmd  *exec.Cmd
	log  tail
	done chan struct{} // closed when it has ended
}

// start starts this binary with other arguments, apart from its parent.
func start(in io.Reader, out io.Writer, args ...string) (*process, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path, args...), done: make(chan struct{})} //nolint:noctx // it is ended by stop
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = in, out, &p.log
	p.cmd.SysProcAttr = apart
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "STOA_") { // what is measured is what the flags say
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is told by what it said last
	}()
	return p, nil
}

// stop ends the process at once. Nothing of it is kept, so that it need not
// tidy up.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
}

// ended reports whether the process has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// failed adds to err what the process has written to its log last.
func (p *process) failed(what string, err error) error {
	return fmt.Errorf("%s: %w\n%s", what, err, p.log.String())
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

const tailMax = 8 << 10

// Write is io.Writer's.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(b)
	t.b.Next(max(t.b.Len()-tailMax, 0))
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// A usage is the processor time that a process has had. Total is exact; user
// and system are the kernel's guess from samples of it.
type usage struct{ user, system, total time.Duration }

func (u usage) sub(before usage) usage {
	return usage{u.user - before.user, u.system - before.system, u.total - before.total}
}

// tick is the unit of times in /proc/pid/stat: USER_HZ is 100 everywhere.
const tick = 10 * time.Millisecond

// usage reads what the process has had so far (proc(5)).
func (p *process) usage() (u usage, err error) {
	dir := fmt.Sprintf("/proc/%d", p.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return u, err
	}
	// The name in parentheses may hold anything.
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12 // utime and stime, counted from the state
	if len(f) <= system {
		return u, errors.New("/proc/pid/stat is not as expected")
	}
	for _, v := range []struct {
		text string
		out  *time.Duration
	}{{f[user], &u.user}, {f[system], &u.system}} {
		n, err := strconv.ParseInt(v.text, 10, 64)
		if err != nil {
			return u, err
		}
		*v.out = time.Duration(n) * tick
	}
	threads, err := filepath.Glob(dir + "/task/*/schedstat")
	if err != nil {
		return u, err
	}
	for _, name := range threads {
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		} else if err != nil {
			return u, err
		}
		ran, _, _ := strings.Cut(string(b), " ")
		n, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			return u, err
		}
		u.total += time.Duration(n)
	}
	return u, nil
}

// forgetPeak makes the peak of the memory begin anew.
func (p *process) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}

// peakKiB returns the most memory that the process has had.
func (p *process) peakKiB() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
		}
	}
	return 0, errors.New("/proc/pid/status has no VmHWM")
}

// loadAverage returns how many processes wanted to run in the last minute.
func loadAverage() (float64, error) {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	return strconv.ParseFloat(first, 64)
}
