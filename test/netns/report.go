package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/test/netns/lines"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// A report is what was found.
type report struct {
	Rows    []row    `json:"rows"`
	Matrix  []flow   `json:"matrix"` // of the fenced network
	Notes   []string `json:"notes,omitempty"`
	Seconds float64  `json:"seconds"`

	out   io.Writer
	began time.Time
}

// A row is one figure, and what it must be.
type row struct {
	Case  string    `json:"case"`
	What  string    `json:"what"`
	Value float64   `json:"value"`
	Unit  string    `json:"unit"`
	Bar   *float64  `json:"bar,omitempty"` // at most; nil: it is told
	Takes []float64 `json:"takes,omitempty"`
	Load  float64   `json:"load"`
}

func (r row) missed() bool { return r.Bar != nil && !(r.Value <= *r.Bar) }

// A flow is what went from one side to another.
type flow struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// say tells whoever waits what is going on.
func (r *report) say(format string, args ...any) {
	fmt.Fprintf(r.out, "%6.1f s  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// tell adds a figure.
func (r *report) tell(name, what string, value float64, unit string) {
	r.add(name, what, value, unit, nil)
}

// atMost adds a figure that must not be more than a bar.
func (r *report) atMost(name, what string, value float64, unit string, bar float64) {
	r.add(name, what, value, unit, &bar)
}

func (r *report) add(name, what string, value float64, unit string, bar *float64) {
	load, _ := child.LoadAverage() // 0 where it is not known
	one := row{Case: name, What: what, Value: value, Unit: unit, Bar: bar, Load: load}
	i := slices.IndexFunc(r.Rows, func(o row) bool { return o.Case == name && o.What == what })
	if i < 0 {
		one.Takes = []float64{value}
		r.Rows = append(r.Rows, one)
	} else {
		takes := append(r.Rows[i].Takes, value)
		if value < r.Rows[i].Value {
			r.Rows[i] = one
		}
		r.Rows[i].Takes = takes
	}
	verdict := ""
	switch {
	case one.missed():
		verdict = fmt.Sprintf(", and must be at most %s", number(*bar))
	case bar != nil:
		verdict = fmt.Sprintf(", at most %s", number(*bar))
	}
	r.say("%s: %s %s %s%s", name, what, number(value), unit, verdict)
}

func number(v float64) string {
	if v == math.Trunc(v) || math.Abs(v) >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// good reports whether every bar was reached.
func (r *report) good() bool { return len(r.Rows) > 0 && !slices.ContainsFunc(r.Rows, row.missed) }

// reached reports whether the bars of a case were.
func (r *report) reached(name string) bool {
	return !slices.ContainsFunc(r.Rows, func(o row) bool { return o.Case == name && o.missed() })
}

// table prints all figures.
func (r *report) table() {
	r.Seconds = time.Since(r.began).Seconds()
	if len(r.Rows) == 0 {
		return
	}
	fmt.Fprintln(r.out)
	t := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	for _, o := range r.Rows {
		bar, verdict := "", ""
		if o.Bar != nil {
			bar, verdict = "at most "+number(*o.Bar), "good"
		}
		if o.missed() {
			verdict = "MISSED"
		}
		fmt.Fprintf(t, "%s\t%s\t%s %s\t%s\t%s\tload %.1f\n", o.Case, o.What, number(o.Value), o.Unit, bar, verdict, o.Load)
	}
	_ = t.Flush() // to whoever looks on
	if len(r.Matrix) > 0 {
		fmt.Fprintln(r.out)
		sides, at := r.grid()
		t = tabwriter.NewWriter(r.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "packets from \\ to\t%s\t\n", strings.Join(sides, "\t"))
		for _, from := range sides {
			fmt.Fprintf(t, "%s\t", from)
			for _, to := range sides {
				fmt.Fprintf(t, "%d\t", at[[2]string{from, to}].Packets)
			}
			fmt.Fprintln(t)
		}
		_ = t.Flush()
	}
	fmt.Fprintf(r.out, "\n%.0f s\n", r.Seconds)
}

// grid returns the sides of the matrix, and what went between them.
func (r *report) grid() (sides []string, at map[[2]string]flow) {
	at = make(map[[2]string]flow)
	for _, f := range r.Matrix {
		at[[2]string{f.From, f.To}] = f
		for _, side := range []string{f.From, f.To} {
			if !slices.Contains(sides, side) {
				sides = append(sides, side)
			}
		}
	}
	slices.Sort(sides)
	return sides, at
}

// fold sums up a matrix by sides. Sides between which nothing went are there.
func fold(m lines.Matrix) []flow {
	sums := make(map[[2]string]flow)
	var sides []string
	for p, c := range m {
		key := [2]string{world.Side(p.From), world.Side(p.To)}
		f := sums[key]
		sums[key] = flow{key[0], key[1], f.Packets + c.Packets, f.Bytes + c.Bytes}
		for _, side := range key {
			if !slices.Contains(sides, side) {
				sides = append(sides, side)
			}
		}
	}
	slices.Sort(sides)
	var out []flow
	for _, from := range sides {
		for _, to := range sides {
			f := sums[[2]string{from, to}]
			out = append(out, flow{from, to, f.Packets, f.Bytes})
		}
	}
	return out
}

// The marks of the section in docs/benchmarks.md.
const (
	sectionBegins = "<!-- netns -->\n"
	sectionEnds   = "<!-- /netns -->\n"
)

// publish writes the tables into a page.
func (r *report) publish(ctx context.Context, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(b), sectionBegins)
	_, after, ended := strings.Cut(rest, sectionEnds)
	if !found || !ended {
		return errors.New("the page has no section for these tables")
	}
	body, err := r.section(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(before+sectionBegins+body+sectionEnds+after), 0o644) //nolint:gosec // everybody may read it
}

func (r *report) section(ctx context.Context) (string, error) {
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("which commit it is: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nCommit %s, %s, %d processors, %.0f s.\n\n", strings.TrimSpace(string(commit)), runtime.Version(), runtime.NumCPU(), r.Seconds)
	b.WriteString("| case | what | figure | at most | takes | load |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, o := range r.Rows {
		bar := "–"
		if o.Bar != nil {
			bar = number(*o.Bar)
		}
		if o.missed() {
			bar += ", **missed**"
		}
		var takes []string
		for _, t := range o.Takes {
			takes = append(takes, number(t))
		}
		fmt.Fprintf(&b, "| %s | %s | %s %s | %s | %s | %.1f |\n", o.Case, o.What, number(o.Value), o.Unit, bar, strings.Join(takes, ", "), o.Load)
	}
	if len(r.Matrix) > 0 {
		sides, at := r.grid()
		b.WriteString("\nAll IP packets of the fenced network, by who sent them (rows) to whom:\n\n| |")
		for _, side := range sides {
			fmt.Fprintf(&b, " %s |", side)
		}
		b.WriteString("\n|" + strings.Repeat(" --- |", len(sides)+1) + "\n")
		for _, from := range sides {
			fmt.Fprintf(&b, "| %s |", from)
			for _, to := range sides {
				fmt.Fprintf(&b, " %d |", at[[2]string{from, to}].Packets)
			}
			b.WriteByte('\n')
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	b.WriteByte('\n')
	return b.String(), nil
}
