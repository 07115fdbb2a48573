package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/stoa-audio/stoa/internal/node"
)

const discoveryHelp = `stoa discovery looks after the key by which people find each other.

  stoa discovery rotate    make another key; all that was made under the one before
                           is deleted, and the apps make it anew

  --data DIR     where the house keeps its records (./data)
  --database URL where they are in PostgreSQL; also STOA_DATABASE
  --keyring FILE where it keeps its keys (keys.db beside the records); also STOA_KEYRING

A node that is running has the new key at once.
`

// discovery rotates the key of discovery.
func discovery(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	command, args, f := subcommand("stoa discovery", discoveryHelp, args, stderr)
	var c node.Config
	f.StringVar(&c.Data, "data", "./data", "where the house keeps its records")
	f.StringVar(&c.Database, "database", variable(environ, "STOA_DATABASE"), "where they are in PostgreSQL")
	f.StringVar(&c.Keyring, "keyring", variable(environ, "STOA_KEYRING"), "where it keeps its keys")
	if command == "-h" || command == "-help" || command == "--help" {
		f.Usage()
		return flag.ErrHelp
	}
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if command != "rotate" || f.NArg() > 0 {
		f.Usage()
		return fmt.Errorf("%w: stoa discovery takes rotate", errUsage)
	}
	if err := node.RotateDiscovery(ctx, &c); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, "There is another key. A node that is running has it, too.")
	return err
}
