//go:build unix

package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// account is how the server's processes run: apart from the tests' signals, and
// not as root, which PostgreSQL refuses.
func account() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if uid, gid, ok := stranger(); ok {
		a.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return a
}

// stranger is somebody who is not root, if we are root.
func stranger() (uid, gid uint32, ok bool) {
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, bad := strconv.ParseUint(u.Gid, 10, 32)
		if err == nil && bad == nil {
			return uint32(uid), uint32(gid), true
		}
	}
	return 0, 0, false
}

// give gives a directory to whom the server runs as.
func give(dir string) error {
	uid, gid, ok := stranger()
	if !ok {
		return nil
	}
	return os.Chown(dir, int(uid), int(gid))
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// kill kills a process and its children: those of PostgreSQL would notice only a
// little later that they are alone, and answer until then.
func kill(pid int) error {
	table, err := exec.CommandContext(context.Background(), "ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	for line := range strings.Lines(string(table)) {
		var child, parent int
		if n, _ := fmt.Sscan(line, &child, &parent); n == 2 && parent == pid {
			_ = syscall.Kill(child, syscall.SIGKILL) // it may have ended by itself
		}
	}
	return nil
}
