//go:build !linux

package child

import "syscall"

var apart *syscall.SysProcAttr // only Linux can be measured
