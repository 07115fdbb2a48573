package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/overlay/audit"
)

const fenceHelp = `stoa fence looks whether this machine's node keeps inside its fence.

  stoa fence verify            compare the configuration, the certificates that
                               are trusted, the sockets and links of the running
                               node, and what went over them; print what was
                               found, and PASS, or FAIL and why

It takes the settings of stoa serve (--config FILE, --data DIR, STOA_*, …): give
it those that the node was started with. It ends with 0 on PASS, and 1 else.

  --json             print one JSON object instead
`

// errFence means that a node does not keep inside its fence, or that it could
// not be seen to.
var errFence = errors.New("the fence does not hold, or not everything could be looked at")

func fence(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "verify" || slices.ContainsFunc(args, func(a string) bool { return a == "-h" || a == "--help" || a == "-help" }) {
		_, _ = io.WriteString(stderr, fenceHelp)
		return fmt.Errorf("%w: stoa fence takes verify", errUsage)
	}
	isJSON := func(a string) bool { return a == "--json" || a == "-json" }
	asJSON := slices.ContainsFunc(args, isJSON)
	c, err := node.LoadConfig(slices.DeleteFunc(slices.Clone(args[1:]), isJSON), environ, stderr)
	if err != nil {
		return err
	}
	report, err := node.VerifyFence(ctx, c, time.Now())
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = printReport(stdout, report)
	}
	if err == nil && !report.Pass {
		err = errFence
	}
	return err
}

func printReport(w io.Writer, r audit.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(r.Peers) > 0 {
		fmt.Fprintln(t, "region\toperator\tlink\tbytes in\tbytes out\tdatagrams in\tdatagrams out\t")
		for _, p := range r.Peers {
			state := "none"
			if p.Connected {
				state = "up"
			}
			if p.OffKM > 0 {
				state += fmt.Sprintf(", %.0f km off", p.OffKM)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t\n", p.Place.Region, p.Place.Operator, state,
				p.Voices.InBytes+p.Control.InBytes, p.Voices.OutBytes+p.Control.OutBytes,
				p.Voices.InDatagrams+p.Control.InDatagrams, p.Voices.OutDatagrams+p.Control.OutDatagrams)
		}
		fmt.Fprintln(t)
	}
	for _, c := range r.Checks {
		verdict := "ok"
		if len(c.Wrong) > 0 {
			verdict = "WRONG"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", verdict, c.What, c.Found)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	last := "PASS"
	if !r.Pass {
		last = "FAIL: " + r.Why()
	}
	_, err := fmt.Fprintln(w, strings.TrimSpace(last))
	return err
}
