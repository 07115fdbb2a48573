package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/stoa-audio/stoa/internal/store"
)

const databasesHelp = `stoa db moves the records of a house into another database.

  stoa db copy --from WHERE --to WHERE

WHERE is the path of a file (SQLite), or postgres://NAME@HOST:PORT/DATABASE. A
password may stand in PGPASSWORD, or in the file that PGPASSFILE names, instead of
in the URL. Where it goes to there must be no records yet. Stop the node first:
what it writes after the copy began is not in it.
`

// databases copies records from one database into another.
func databases(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command, args, f := subcommand("stoa db", databasesHelp, args, stderr)
	from := f.String("from", "", "where the records are")
	to := f.String("to", "", "where they are to go")
	if command == "-h" || command == "--help" || command == "-help" {
		f.Usage()
		return flag.ErrHelp
	}
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if command != "copy" || f.NArg() > 0 || *from == "" || *to == "" {
		f.Usage()
		return fmt.Errorf("%w: stoa db takes copy --from WHERE --to WHERE", errUsage)
	}
	copied, err := store.Copy(ctx, *from, *to)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows := 0
	for _, c := range copied {
		fmt.Fprintf(t, "%s\t%d rows\t%x\t\n", c.Name, c.Rows, c.Sum[:8])
		rows += c.Rows
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d rows were copied, and are there as they were read.\n", rows)
	return err
}
