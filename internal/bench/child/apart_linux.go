package child

import "syscall"

var (
	apart = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	alone = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWNET}
)
