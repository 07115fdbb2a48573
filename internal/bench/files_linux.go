package bench

import (
	"fmt"

	"golang.org/x/sys/unix"
)

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
