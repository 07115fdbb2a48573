package main

import (
	"context"
	"errors"
)

func runAll(context.Context, *report, string) error { return errors.New("not yet") }
