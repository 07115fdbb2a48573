package child

import "syscall"

var apart = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
