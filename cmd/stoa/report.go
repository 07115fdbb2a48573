package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/ogg"
	"github.com/stoa-audio/stoa/sdk/go/opus"
	"github.com/stoa-audio/stoa/sdk/go/report"
)

const reportHelp = `stoa report looks at what people have reported.

  stoa report keygen --out FILE       make a moderator's key; keep the file to yourself
  stoa report list                    list what was reported, the newest first
  stoa report save ID FILE            write a report into a file, for a moderator elsewhere
  stoa report open --key FILE ID      say what a report is worth; instead of an ID, a file

  --data DIR     where the house keeps its records (./data)
  --database URL where they are in PostgreSQL; also STOA_DATABASE
  --out FILE     with open: write what is proven there, as Ogg Opus
  --json         with open: the same for programs
`

// moderation looks at reports, on the machine of the house or, with a file,
// anywhere.
func moderation(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	command, args, f := subcommand("stoa report", reportHelp, args, stderr)
	data := f.String("data", "./data", "where the house keeps its records")
	database := f.String("database", variable(environ, "STOA_DATABASE"), "where they are in PostgreSQL")
	key := f.String("key", "", "the file of a moderator's key")
	out := f.String("out", "", "the file to write")
	asJSON := f.Bool("json", false, "for programs")
	if err := parseFlags(f, args); err != nil {
		return err
	}
	where := (&node.Config{Data: *data, Database: *database}).Records()
	switch {
	case command == "keygen" && f.NArg() == 0 && *out != "":
		return makeModerator(*out, stdout)
	case command == "list" && f.NArg() == 0:
		return withRecords(ctx, where, func(s *records.Store) error { return listReports(ctx, s, stdout) })
	case command == "save" && f.NArg() == 2:
		c, err := findCase(ctx, where, f.Arg(0))
		if err != nil {
			return err
		}
		return writeNew(f.Arg(1), c.Append(nil))
	case command == "open" && f.NArg() == 1 && *key != "":
		c, err := findCase(ctx, where, f.Arg(0))
		if err != nil {
			return err
		}
		return openReport(c, *key, *out, *asJSON, stdout)
	}
	_, _ = io.WriteString(stderr, reportHelp)
	return fmt.Errorf("%w: stoa report takes keygen --out, list, save ID FILE or open --key FILE ID", errUsage)
}

// variable returns the value of a variable in environ, or nothing.
func variable(environ []string, name string) string {
	for _, one := range environ {
		if value, found := strings.CutPrefix(one, name+"="); found {
			return value
		}
	}
	return ""
}

// makeModerator makes a key, writes its private half and prints the public one.
func makeModerator(file string, stdout io.Writer) error {
	k, err := report.NewPrivateKey()
	if err != nil {
		return err
	}
	text, err := k.Text()
	if err != nil {
		return err
	}
	if err := writeNew(file, []byte(text+"\n")); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The private half is in %s. In stoa.toml:\n\n[moderation]\nkeys = [%q]\n", file, k.Public())
	return err
}

// writeNew writes a file that is nobody else's to read, and that is new.
func writeNew(file string, b []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// withRecords opens the records of a house, which may be running.
func withRecords(ctx context.Context, where string, do func(*records.Store) error) error {
	if err := store.Exists(where); err != nil {
		return fmt.Errorf("there is no house there: %w", err)
	}
	s, err := store.Open(ctx, where)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

func listReports(ctx context.Context, s *records.Store, stdout io.Writer) error {
	all, err := s.Reports(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err = fmt.Fprintln(stdout, "Nothing was reported.")
		return err
	}
	for _, r := range all {
		if _, err := fmt.Fprintf(stdout, "%v  %v  about %v  by %v\n", r.ID, r.Made.UTC().Format(time.RFC3339), r.About, r.By); err != nil {
			return err
		}
	}
	return nil
}

// findCase reads a case from a file, or from the records by its id.
func findCase(ctx context.Context, where, which string) (c *report.Case, err error) {
	b, err := os.ReadFile(which) //nolint:gosec // the operator names it
	if err == nil {
		c, err := report.ParseCase(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", which, err)
		}
		return c, nil
	}
	name, bad := id.Parse[reports.ID](which)
	if bad != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%q is neither a report nor a file", which)
		}
		return nil, err
	}
	err = withRecords(ctx, where, func(s *records.Store) error {
		r, err := s.Report(ctx, name)
		c = &report.Case{
			Room: group.ID(r.Room), About: group.ID(r.About), By: group.ID(r.By),
			Made:   uint64(max(0, r.Made.UnixMilli())), //nolint:gosec // not negative
			Hashes: r.Hashes, Sealed: r.Sealed,
		}
		return err
	})
	return c, err
}

// A verdict is what open says to programs.
type verdict struct {
	Room     group.ID  `json:"room"`
	About    group.ID  `json:"about"`
	By       group.ID  `json:"by"`
	Made     time.Time `json:"made"`
	Text     string    `json:"text"`
	Device   string    `json:"device"` // by which they spoke, base64url
	Frames   int       `json:"frames"`
	Proven   int       `json:"proven"`
	Unopened int       `json:"unopened"`
	Unseen   int       `json:"unseen"`
	Unsigned int       `json:"unsigned"`
	Missing  int       `json:"missing"`
	Seconds  float64   `json:"seconds"` // of what is proven
}

func openReport(c *report.Case, keyFile, out string, asJSON bool, stdout io.Writer) error {
	text, err := os.ReadFile(keyFile) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	key, err := report.ParsePrivateKey(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	r, err := key.Open(c.Sealed)
	if err != nil {
		return err
	}
	found, err := r.Judge(c)
	if err != nil {
		return fmt.Errorf("this report is worth nothing: %w", err)
	}
	device, _ := group.Bytes(r.Cert.DeviceKey[:]).MarshalText() // never fails
	v := verdict{
		Room: c.Room, About: c.About, By: c.By, Made: time.UnixMilli(int64(c.Made)).UTC(), //nolint:gosec // milliseconds since 1970
		Text: r.Text, Device: string(device), Frames: found.Frames, Proven: found.Proven,
		Unopened: found.Unopened, Unseen: found.Unseen, Unsigned: found.Unsigned, Missing: found.Missing,
	}
	for _, p := range found.Packets {
		v.Seconds += float64(opus.Samples(p.Opus)) / opus.ClockRate
	}
	if out != "" && found.Proven > 0 {
		if err := writeVoice(out, found.Packets); err != nil {
			return err
		}
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	return v.print(stdout)
}

func (v *verdict) print(stdout io.Writer) error {
	about, _ := v.About.MarshalText() // never fails
	by, _ := v.By.MarshalText()
	_, err := fmt.Fprintf(stdout, `About %s, by %s, %s
They write: %q

%d of %d frames were sent by this voice: their device has signed them, and they came to this house from them.
%.1f s of sound are proven. Left out are
  %d frames that do not open by the keys in the report, or stand in it twice
  %d frames that never came to this house from this person
  %d frames that this voice has not signed (the last half second of a report never is)
Between those that are proven, %d are missing.
`, about, by, v.Made.Format(time.RFC1123), v.Text, v.Proven, v.Frames, v.Seconds, v.Unopened, v.Unseen, v.Unsigned, v.Missing)
	return err
}

// writeVoice writes packets into a file, with silence for what is missing
// between them. A pause that the speaker made has no packets, and is not there.
func writeVoice(file string, packets []report.Packet) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	w, err := ogg.NewWriter(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	for _, p := range packets {
		if err == nil {
			err = w.Write(p.Before, p.Opus)
		}
	}
	return errors.Join(err, w.Close())
}
