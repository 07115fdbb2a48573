//go:build !linux

package bench

import "errors"

func layWire() error    { return errors.ErrUnsupported }
func passEnd(int) error { return errors.ErrUnsupported }
