package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The bench starts its own binary again; in a test that is the test's.
const beStoa = "BE_THE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beStoa) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func stoa(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), beStoa+"=1", "TMPDIR="+t.TempDir())
	return c
}

func TestBenchHerd(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	out, err := stoa(t, "bench", "room", "--listeners", "5", "--herd", "40", "--seconds", "1", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	// What those inside are due grows with the time that the herd takes; all of
	// the herd are in, and none of them is one of those.
	frames, _ := r["packets_out"].(float64)
	if frames < 50*5 || int(frames)%5 != 0 {
		t.Errorf("%v packets to five listeners", frames)
	}
	for key, want := range map[string]any{"herd": 40., "herd_in": 40., "herd_failed": 0., "lost": 0., "unopened": 0., "gone": 0.} {
		if r[key] != want {
			t.Errorf("%s is %v, want %v", key, r[key], want)
		}
	}
	for _, key := range []string{"herd_joins_per_s", "herd_cpu_ms"} {
		if v, ok := r[key].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v", key, r[key])
		}
	}
}

func TestBenchRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	for _, client := range []string{"lean", "pion"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			c := stoa(t, "bench", "room", "--listeners", "20", "--speakers", "2", "--seconds", "1", "--client", client, "--json")
			var stderr bytes.Buffer
			c.Stderr = &stderr
			out, err := c.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &stderr)
			}
			var r map[string]any
			if err := json.Unmarshal(out, &r); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			// 50 frames of 2 speakers to 20 listeners and one another.
			for key, want := range map[string]any{
				"listeners": 20., "speakers": 2., "packets_out": 50. * 2 * (20 + 1), "lost": 0., "duplicates": 0., "unopened": 0.,
				"voices": 2., "failed": 0., "refused": 0., "gone": 0., "client": client,
			} {
				if r[key] != want {
					t.Errorf("%s is %v, want %v", key, r[key], want)
				}
			}
			for _, key := range []string{
				"cpu_us_per_packet", "cpu_ms_per_listener_second", "rss_kib_per_listener",
				"join_cpu_ms", "joins_per_s", "crowd_cpu_s", "crowd_join_cpu_ms",
			} {
				if v, ok := r[key].(float64); !ok || v <= 0 {
					t.Errorf("%s is %v", key, r[key])
				}
			}
			// Twenty people take less than what a node that has just started gives
			// back meanwhile.
			for _, key := range []string{"heap_kib_per_listener", "server_user_s", "server_sys_s", "user_us_per_packet", "goroutines_per_listener", "load_average"} {
				if _, ok := r[key].(float64); !ok {
					t.Errorf("%s is %v", key, r[key])
				}
			}
			if delay, _ := r["forward_delay_ms"].(map[string]any); delay == nil || delay["p50"] == 0. || delay["p99"] == 0. {
				t.Errorf("forward_delay_ms is %v", r["forward_delay_ms"])
			}
		})
	}
}

// Over a wire the packet lane's datagrams leave as frames, and all arrive.
func TestBenchRoomOverAWire(t *testing.T) {
	if testing.Short() || os.Geteuid() != 0 {
		t.Skip("it takes some seconds, and root")
	}
	for _, c := range []struct{ lane, client string }{{"udp", "lean"}, {"packet", "lean"}, {"packet", "pion"}} {
		t.Run(c.lane+" "+c.client, func(t *testing.T) {
			t.Parallel()
			out, err := stoa(t, "bench", "room", "--listeners", "20", "--seconds", "1", "--wire", "--lane", c.lane, "--client", c.client, "--json").Output()
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				t.Fatalf("%v\n%s", err, exit.Stderr)
			}
			var r struct {
				Lost, Framed float64
				Wire         bool
				Out          float64 `json:"packets_out"`
			}
			if err := json.Unmarshal(out, &r); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if r.Out != 50*20 || r.Lost != 0 || !r.Wire || (c.lane == "packet") != (r.Framed >= r.Out) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// An interrupt over a wire ends it all the same, in order.
func TestBenchInterruptedOverAWire(t *testing.T) {
	if testing.Short() || os.Geteuid() != 0 {
		t.Skip("it takes some seconds, and root")
	}
	c := stoa(t, "bench", "room", "--listeners", "5", "--seconds", "300", "--wire")
	tmp := strings.TrimPrefix(c.Env[len(c.Env)-1], "TMPDIR=")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	alone, children := []string(nil), []string(nil)
	for deadline := time.Now().Add(30 * time.Second); len(children) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("there is no node and no crowd")
		}
		if alone = childrenOf(t, c.Process.Pid); len(alone) == 1 {
			pid, err := strconv.Atoi(alone[0])
			if err != nil {
				t.Fatal(err)
			}
			children = childrenOf(t, pid)
		}
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if exit, ok := errors.AsType[*exec.ExitError](c.Wait()); !ok || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v", exit)
	}
	for _, pid := range append(alone, children...) {
		if _, err := os.Stat("/proc/" + pid); err == nil {
			t.Errorf("process %s is still there", pid)
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", left, err)
	}
}

// An interrupt leaves neither processes nor files behind.
func TestBenchInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	c := stoa(t, "bench", "room", "--listeners", "5", "--seconds", "300")
	tmp := strings.TrimPrefix(c.Env[len(c.Env)-1], "TMPDIR=")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var children []string
	for deadline := time.Now().Add(30 * time.Second); len(children) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has no two children")
		}
		children = childrenOf(t, c.Process.Pid)
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if exit, ok := errors.AsType[*exec.ExitError](c.Wait()); !ok || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v", exit)
	}
	for _, pid := range children {
		if _, err := os.Stat("/proc/" + pid); err == nil {
			t.Errorf("process %s is still there", pid)
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", left, err)
	}
}

func childrenOf(t *testing.T, pid int) []string {
	t.Helper()
	var out []string
	lists, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, name := range lists {
		b, _ := os.ReadFile(name) // a thread may have ended
		out = append(out, strings.Fields(string(b))...)
	}
	return out
}

func TestBenchUsage(t *testing.T) {
	for _, args := range [][]string{
		{"bench"},
		{"bench", "hall"},
		{"bench", "room", "--listeners", "0"},
		{"bench", "room", "--ptime", "30"},
		{"bench", "room", "--client", "browser"},
		{"bench", "room", "--sing"},
		{"bench", "room", "now"},
	} {
		if err := run(t.Context(), args, nil, io.Discard, io.Discard); !errors.Is(err, errUsage) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v", args, err)
		}
	}
	if err := stoa(t, "bench", "room", "--ptime", "30").Run(); err == nil || err.Error() != "exit status 2" {
		t.Errorf("wrong use ends with %v", err)
	}
}
