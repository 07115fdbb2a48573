//go:build !unix

package postgrestest

import (
	"errors"
	"os"
	"syscall"
)

func account() *syscall.SysProcAttr { return nil }

func give(string) error { return nil }

func alive(int) bool { return true }

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	return errors.Join(err, p.Kill())
}
