package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// replace puts a body between the marks of a section of a page. The rest stays
// as it is.
func replace(page, section, body string) (string, error) {
	open, end := "<!-- "+section+" -->\n", "<!-- /"+section+" -->\n"
	before, rest, found := strings.Cut(page, open)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("the page has no section between %q and %q", strings.TrimSpace(open), strings.TrimSpace(end))
	}
	return before + open + body + end + after, nil
}

// circumstances say of what and on what machine figures are.
func circumstances(ctx context.Context, packages ...string) (string, error) {
	commit, err := output(ctx, "git", "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "", err
	}
	// The page itself may have changed: another table may be fresh, too.
	changed, err := output(ctx, "git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
	if err != nil {
		return "", err
	}
	if changed != "" {
		commit += " with changes"
	}
	kernel, err := output(ctx, "uname", "-sr")
	if err != nil {
		return "", err
	}
	var said strings.Builder
	fmt.Fprintf(&said, "Commit %s, %s, %s, %d × %s.", commit, runtime.Version(), kernel, runtime.NumCPU(), processor())
	for _, name := range packages {
		version, err := output(ctx, "dpkg-query", "--show", "--showformat=${Version}", name)
		if err != nil {
			return "", fmt.Errorf("the version of %s: %w", name, err)
		}
		fmt.Fprintf(&said, " %s %s.", name, version)
	}
	said.WriteByte('\n')
	return said.String(), nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	b, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(b)), nil
}

// processor returns what the processor is called.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// commands lists what was run, once each.
func commands(rows []row) string {
	var b strings.Builder
	b.WriteString("```sh\n")
	for _, r := range rows {
		b.WriteString(strings.Join(r.command, " ") + "\n")
	}
	b.WriteString("```\n")
	return b.String()
}
