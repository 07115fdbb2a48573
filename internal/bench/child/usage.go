package child

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Usage is the processor time that a process has had. Total is exact; user
// and system are the kernel's guess from samples of it.
type Usage struct{ User, System, Total time.Duration }

// Sub returns what came after before.
func (u Usage) Sub(before Usage) Usage {
	return Usage{u.User - before.User, u.System - before.System, u.Total - before.Total}
}

// tick is the unit of times in /proc/pid/stat: USER_HZ is 100 everywhere.
const tick = 10 * time.Millisecond

// Usage reads what the process has had so far (proc(5)).
func (p *Process) Usage() (u Usage, err error) {
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
	}{{f[user], &u.User}, {f[system], &u.System}} {
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
		u.Total += time.Duration(n)
	}
	return u, nil
}

// ForgetPeak makes the peak of the memory begin anew.
func (p *Process) ForgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}

// PeakKiB returns the most memory that the process has had.
func (p *Process) PeakKiB() (float64, error) {
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

// LoadAverage returns how many processes wanted to run in the last minute.
func LoadAverage() (float64, error) {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	return strconv.ParseFloat(first, 64)
}
