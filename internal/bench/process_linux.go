package bench

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// apart puts a child into a group of its own, so that an interrupt from the
// terminal reaches the parent alone, which then ends its children. When the
// parent dies first, the system ends them.
var apart = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

// checkFiles says whether a process may open as many files as s asks for. The
// Go runtime has raised the soft limit to the hard one already, and does so in
// the children.
func (s Settings) checkFiles() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Max < s.files() {
		return fmt.Errorf("%d listeners take %d open files in one process, and %d are allowed: raise the hard limit (ulimit -Hn)",
			s.Listeners, s.files(), limit.Max)
	}
	return nil
}
