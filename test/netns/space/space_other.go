//go:build !linux

package space

import "context"

// Enter fails: there are no network namespaces.
func Enter(context.Context) (bool, error) { return false, ErrNone }
