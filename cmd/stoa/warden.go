package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/node"
)

const wardenHelp = `stoa warden names those who judge what is reported, and shows what they decided.

  stoa warden add WHO       somebody judges from now on
  stoa warden remove WHO    they do so no more; what they have decided stays
  stoa warden list          who judges, and since when
  stoa warden log           all decisions, the newest first, with who decided and why

WHO is a handle, or an id.

  --data DIR     where the house keeps its records (./data)
  --database URL where they are in PostgreSQL; also STOA_DATABASE
  --keyring FILE where everybody's keys are (keys.db in the records' directory)

A node may run meanwhile: it knows at once.
`

// wardens names wardens, and shows what they have decided.
func wardens(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	command, args, f := subcommand("stoa warden", wardenHelp, args, stderr)
	data := f.String("data", "./data", "where the house keeps its records")
	database := f.String("database", variable(environ, "STOA_DATABASE"), "where they are in PostgreSQL")
	keyring := f.String("keyring", variable(environ, "STOA_KEYRING"), "where everybody's keys are")
	if command == "-h" || command == "-help" || command == "--help" {
		f.Usage()
		return flag.ErrHelp
	}
	if err := parseFlags(f, args); err != nil {
		return err
	}
	var do func(*node.Wardens) error
	switch {
	case command == "add" && f.NArg() == 1:
		do = func(w *node.Wardens) error {
			who, err := w.Add(ctx, f.Arg(0))
			return printed(stdout, err, "%s is a warden.\n", who)
		}
	case command == "remove" && f.NArg() == 1:
		do = func(w *node.Wardens) error {
			who, err := w.Remove(ctx, f.Arg(0))
			return printed(stdout, err, "%s is no warden any more.\n", who)
		}
	case command == "list" && f.NArg() == 0:
		do = func(w *node.Wardens) error { return listWardens(ctx, w, stdout) }
	case command == "log" && f.NArg() == 0:
		do = func(w *node.Wardens) error { return listDecisions(ctx, w, stdout) }
	default:
		f.Usage()
		return fmt.Errorf("%w: stoa warden takes add WHO, remove WHO, list or log", errUsage)
	}
	return node.WithWardens(ctx, node.Config{Data: *data, Database: *database, Keyring: *keyring}, do)
}

func printed(stdout io.Writer, err error, format string, values ...any) error {
	if err == nil {
		_, err = fmt.Fprintf(stdout, format, values...)
	}
	return err
}

func listWardens(ctx context.Context, w *node.Wardens, stdout io.Writer) error {
	all, err := w.List(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return printed(stdout, nil, "Nobody judges what is reported.\n")
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, one := range all {
		handle := "-"
		if one.Handle != "" {
			handle = "@" + one.Handle
		}
		fmt.Fprintf(t, "%s\t%s\t%s\tsince %s\n", one.Name, handle, one.ID, one.Since.UTC().Format(time.DateOnly))
	}
	return t.Flush()
}

func listDecisions(ctx context.Context, w *node.Wardens, stdout io.Writer) error {
	named := func(name string) string {
		if name == "" {
			return "somebody who is erased"
		}
		return name
	}
	return w.Log(ctx, func(v node.Verdict) error {
		what := string(v.What)
		if v.Ends.After(v.Made) {
			what += " until " + v.Ends.UTC().Format(time.DateOnly)
		}
		if !v.Lifted.IsZero() {
			what += ", lifted " + v.Lifted.UTC().Format(time.DateOnly)
		}
		text := fmt.Sprintf("%s  %s  about %s (%s %s)  by %s: %s\n",
			v.Made.UTC().Format(time.RFC3339), what, named(v.Whose), v.Kind, v.Entry, named(v.Warden), strconv.Quote(v.Why))
		if v.Answer != "" {
			text += fmt.Sprintf("  answered %s: %s\n", v.Answered.UTC().Format(time.RFC3339), strconv.Quote(v.Answer))
		}
		_, err := io.WriteString(stdout, text)
		return err
	})
}
