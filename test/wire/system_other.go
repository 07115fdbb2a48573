//go:build !linux

package main

import "context"

func enter(context.Context) error { return errNamespace }

func open() (*capture, error) { return nil, errNamespace }
