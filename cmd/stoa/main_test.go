package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A run is stoa serve, from its first line to its last.
type runOf struct {
	t      *testing.T
	stop   context.CancelFunc
	lines  chan string
	log    bytes.Buffer
	result chan error
}

func start(t *testing.T, args ...string) *runOf {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &runOf{t: t, stop: cancel, lines: make(chan string, 16), result: make(chan error, 1)}
	out, in := io.Pipe()
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			r.lines <- s.Text()
		}
		close(r.lines)
	}()
	go func() {
		err := run(ctx, append([]string{"serve"}, args...), nil, in, &r.log)
		_ = in.Close()
		r.result <- err
	}()
	return r
}

// line returns the next line that a person is shown.
func (r *runOf) line() string {
	r.t.Helper()
	select {
	case l, ok := <-r.lines:
		if !ok {
			r.t.Fatalf("no more lines: %v\n%s", <-r.result, &r.log)
		}
		return l
	case <-time.After(20 * time.Second):
		r.t.Fatal("it says nothing")
		return ""
	}
}

func (r *runOf) end() {
	r.t.Helper()
	r.stop()
	select {
	case err := <-r.result:
		if err != nil {
			r.t.Fatalf("%v\n%s", err, &r.log)
		}
	case <-time.After(20 * time.Second):
		r.t.Fatal("it does not stop")
	}
}

// It stops in order, and finds everything as it was.
func TestServeStopServe(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	args := []string{"--addr", "localhost:0", "--data", data, "--media.listen", "127.0.0.1:0"}
	var links []string
	for range 2 {
		r := start(t, args...)
		if l := r.line(); !strings.Contains(l, "http://localhost:") {
			t.Errorf("the first line is %q", l)
		}
		l := r.line()
		_, link, found := strings.Cut(l, "invite: ")
		if !found {
			t.Errorf("the second line is %q", l)
		}
		links = append(links, link[strings.LastIndex(link, "/"):])
		r.end()
		if strings.Contains(r.log.String(), "level=ERROR") {
			t.Errorf("it logs:\n%s", &r.log)
		}
	}
	if links[0] != links[1] {
		t.Errorf("the founder's invite was %s and is %s", links[0], links[1])
	}
	for name, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "secret": 0o600, "stoa.db": 0o600} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	r := start(t, "--addr", "localhost:0", "--data", t.TempDir(), "--media.listen", "127.0.0.1:0")
	url := strings.TrimPrefix(r.line(), "Stoa is at ")
	defer r.end()
	response, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("it is not ready: %s", response.Status)
	}
	second := start(t, "--addr", strings.TrimPrefix(url, "http://"), "--data", t.TempDir(), "--media.listen", "127.0.0.1:0")
	defer second.stop()
	select {
	case err := <-second.result:
		if err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("the address is in use, and it says %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it serves on an address in use")
	}
}

func TestCommands(t *testing.T) {
	do := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), args, nil, &out, io.Discard)
		return out.String(), err
	}
	if out, err := do(); err != nil || !strings.Contains(out, "stoa serve") {
		t.Errorf("no command: %q, %v", out, err)
	}
	if out, err := do("version"); err != nil || !strings.HasPrefix(out, "stoa 0.") {
		t.Errorf("version: %q, %v", out, err)
	}
	out, err := do("openapi")
	var document struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}
	if err != nil || json.Unmarshal([]byte(out), &document) != nil || document.OpenAPI != "3.1.0" || len(document.Paths) < 20 {
		t.Errorf("openapi: version %q, %d paths, %v", document.OpenAPI, len(document.Paths), err)
	}
	if _, err := do("sing"); err == nil {
		t.Error("an unknown command is done")
	}
	if _, err := do("serve", "--addr", "nowhere"); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a bad value: %v", err)
	}
}
