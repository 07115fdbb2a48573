//go:build !linux

package crowd

import "errors"

func joinWire() error { return errors.ErrUnsupported }
