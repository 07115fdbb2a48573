//go:build !linux

package main

import (
	"context"
	"errors"
)

// errLinux is said everywhere else.
var errLinux = errors.New("it takes the network namespaces of Linux")

func enter(context.Context) error { return errLinux }

func open() (*capture, error) { return nil, errLinux }
