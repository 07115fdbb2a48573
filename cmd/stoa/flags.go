package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// subcommand returns which command of a family args begin with, the arguments
// after it, and a set for its flags, of which help tells.
func subcommand(family, help string, args []string, stderr io.Writer) (command string, rest []string, f *flag.FlagSet) {
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	f = flag.NewFlagSet(family+" "+command, flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() { _, _ = io.WriteString(stderr, help) }
	return command, args, f
}

// parseFlags parses flags; one that there is not is wrong use.
func parseFlags(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return fmt.Errorf("%w: %w", errUsage, err)
}
