package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/privacy"
	"github.com/stoa-audio/stoa/internal/store/records"
)

const privacyHelp = `stoa privacy says how old what is stored is, and how long it is kept.

  stoa privacy report    a line for each kind of record, with the oldest row

  --data DIR     where the house keeps its records (./data)
  --database URL where they are in PostgreSQL; also STOA_DATABASE
  --json         the same for programs

It names nobody. If something is there that should be gone, that line says "late",
and the command fails.
`

// errLate means that something is stored for longer than it may be.
var errLate = errors.New("something is stored for longer than it may be; a running node deletes such rows every hour")

// privacyReport reports how old the records are.
func privacyReport(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	command, args, f := subcommand("stoa privacy", privacyHelp, args, stderr)
	data := f.String("data", "./data", "where the house keeps its records")
	database := f.String("database", variable(environ, "STOA_DATABASE"), "where they are in PostgreSQL")
	asJSON := f.Bool("json", false, "for programs")
	if command == "-h" || command == "-help" || command == "--help" {
		f.Usage()
		return flag.ErrHelp
	}
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if command != "report" || f.NArg() > 0 {
		f.Usage()
		return fmt.Errorf("%w: stoa privacy takes report", errUsage)
	}
	where := (&node.Config{Data: *data, Database: *database}).Records()
	return withRecords(ctx, where, func(s *records.Store) error {
		now := time.Now()
		ages, err := s.Ages(ctx, now)
		if err != nil {
			return err
		}
		found, err := privacy.Judge(now, ages)
		if err != nil {
			return err
		}
		print := printAges
		if *asJSON {
			print = printAgesJSON
		}
		if err := print(stdout, found); err != nil {
			return err
		}
		for _, line := range found {
			if line.Late {
				return errLate
			}
		}
		return nil
	})
}

func printAges(w io.Writer, found []privacy.Finding) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kind\trows\toldest\tkept until\t")
	for _, f := range found {
		oldest, late := "-", ""
		if !f.Oldest.IsZero() {
			oldest = f.Oldest.UTC().Format("2006-01-02 15:04")
		}
		if f.Late {
			late = "late"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", f.Rule.Kind, f.Rows, oldest, f.Until, late)
	}
	return t.Flush()
}

func printAgesJSON(w io.Writer, found []privacy.Finding) error {
	type line struct {
		Kind   string     `json:"kind"`
		Rows   int64      `json:"rows"`
		Oldest *time.Time `json:"oldest,omitempty"`
		Until  string     `json:"kept_until"`
		Late   bool       `json:"late"`
	}
	out := make([]line, len(found))
	for i, f := range found {
		out[i] = line{f.Rule.Kind, f.Rows, nil, f.Until, f.Late}
		if !f.Oldest.IsZero() {
			at := f.Oldest.UTC()
			out[i].Oldest = &at
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
