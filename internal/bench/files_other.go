//go:build !linux

package bench

import (
	"errors"
	"fmt"
)

// checkFiles is where a run ends that this system cannot measure.
func (s Settings) checkFiles() error {
	return fmt.Errorf("the bench runs on Linux: %w", errors.ErrUnsupported)
}
