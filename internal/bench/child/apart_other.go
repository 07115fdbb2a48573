//go:build !linux

package child

import "syscall"

var apart, alone *syscall.SysProcAttr // only Linux can be measured
