package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// said runs stoa network and returns what it prints.
func said(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, help bytes.Buffer
	err := run(t.Context(), append([]string{"network"}, args...), nil, &out, &help)
	return strings.TrimSpace(out.String()), err
}

func free(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A network is made on one machine, another one joins it by an invite, and is
// removed again.
func TestNetwork(t *testing.T) {
	first, second, third := t.TempDir(), t.TempDir(), t.TempDir()
	door := free(t)
	serve := func(data string, more ...string) *runOf {
		t.Helper()
		r := start(t, append([]string{"--addr", "localhost:0", "--media.listen", "127.0.0.1:0", "--data", data, "--network.listen", free(t)}, more...)...)
		if l := r.line(); !strings.HasPrefix(l, "Stoa is at ") {
			t.Fatalf("it says %q", l)
		}
		return r
	}
	if out, err := said(t, "init", "--data", first, "--region", "eu", "--region", "us", "--operator", "example", "--address", door); err != nil || !strings.Contains(out, "eu@example") {
		t.Fatalf("%s, %v", out, err)
	}
	one := serve(first, "--network.listen", door)
	invite, err := said(t, "invite", "--data", first, "--region", "us", "--operator", "other")
	if err != nil || !strings.HasPrefix(invite, "stoa-join-") || strings.ContainsAny(invite, " \n") {
		t.Fatalf("%s, %v", invite, err)
	}
	two := serve(second, "--join", invite)
	two.end()
	two = serve(second, "--join", invite) // no harm, and no second use
	defer two.end()

	list, err := said(t, "members", "--data", first)
	rows := strings.Split(list, "\n")
	if err != nil || len(rows) != 3 || !strings.Contains(list, "us") || !strings.Contains(list, "other") {
		t.Fatalf("%s, %v", list, err)
	}
	for what, args := range map[string][]string{
		"an invite that is used up": {"--join", invite}, "one that is cut off": {"--join", invite[:40]}, "none": {"--join", "hello"},
	} {
		r := start(t, append([]string{"--addr", "localhost:0", "--media.listen", "127.0.0.1:0", "--data", third}, args...)...)
		if err := <-r.result; err == nil || !strings.Contains(err.Error(), "invite") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Stat(filepath.Join(third, "network")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something is kept: %v", what, err)
		}
	}
	for _, row := range rows[1:] {
		if name, rest, _ := strings.Cut(row, " "); strings.Contains(rest, "other") {
			if out, err := said(t, "remove", "--data", first, name); err != nil || !strings.Contains(out, "Removed") {
				t.Errorf("%s, %v", out, err)
			}
		}
	}
	if list, _ = said(t, "members", "--data", first); !strings.Contains(list, "removed") {
		t.Errorf("the list is %s", list)
	}
	one.end()
	if log := one.log.String() + two.log.String(); strings.Contains(log, invite[20:60]) || strings.Contains(log, "127.0.0.1") {
		t.Errorf("the log tells too much:\n%s", log)
	}
}

func TestNetworkMisused(t *testing.T) {
	data := t.TempDir()
	for _, args := range [][]string{
		{},
		{"init"},
		{"init", "--region", "eu"},
		{"init", "--region", "eu", "--operator", "x", "--address", "nowhere"},
		{"invite", "--region", "eu", "--region", "us", "--operator", "x"},
		{"remove"},
		{"remove", "hello"},
		{"nonsense"},
	} {
		if out, err := said(t, append(args, "--data", data)...); err == nil {
			t.Errorf("%q says %q", args, out)
		}
	}
	for _, args := range [][]string{{"invite", "--region", "eu", "--operator", "x"}, {"members"}} {
		if _, err := said(t, append(args, "--data", data)...); err == nil || !strings.Contains(err.Error(), "no network") {
			t.Errorf("%q: %v", args, err)
		}
	}
}
