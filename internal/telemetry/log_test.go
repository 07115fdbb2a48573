package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// line logs one line in either form and returns it.
func line(form string, message string, attrs ...slog.Attr) string {
	var b bytes.Buffer
	NewLog(&b, form, slog.LevelInfo).With(slog.String("since", "noon")).WithGroup("room").LogAttrs(context.Background(), slog.LevelInfo, message, attrs...)
	return b.String()
}

type reason string

type visitor struct{ Name string }

// Secrets are logged under a harmless key, and must not be in the line.
func TestNothingTelling(t *testing.T) {
	who := id.New[id.Person]()
	address := netip.MustParseAddrPort("203.0.113.7:40000")
	v6 := netip.MustParseAddr("2001:db8::17")
	link := &url.URL{Scheme: "https", Host: "stoa.example", Path: "/invite/hush"}
	for about, test := range map[string]struct {
		value  any
		secret string
	}{
		"an id":                      {who, who.String()},
		"a pointer to an id":         {&who, who.String()},
		"ids":                        {[]id.Person{who}, who.String()},
		"an id in a text":            {"room " + who.String() + " is gone", who.String()},
		"an id in an error":          {fmt.Errorf("find %v: %w", who, errors.ErrUnsupported), who.String()},
		"an address and port":        {address, "203.0.113"},
		"an address":                 {address.Addr(), "203.0.113"},
		"an address of version 6":    {v6, "2001:db8"},
		"a network":                  {netip.PrefixFrom(v6, 64), "2001:db8"},
		"a net.Addr":                 {net.UDPAddrFromAddrPort(address), "203.0.113"},
		"a net.IP":                   {net.IP(v6.AsSlice()), "2001:db8"},
		"an address in an error":     {&net.OpError{Op: "read", Net: "udp", Source: net.UDPAddrFromAddrPort(address), Err: errors.ErrUnsupported}, "203.0.113"},
		"an address in a text":       {"from " + v6.String() + " today", "db8"},
		"an address with a port":     {"from [2001:db8::17]:443: EOF", "db8"},
		"a full address":             {"from 2001:db8:1:2:3:4:5:6", "db8"},
		"an address of the machine":  {"from ::1", "::1"},
		"an address of the neighbor": {"from fe80::1%eth0", "fe80"},
		"a header":                   {http.Header{"Cookie": {"hush"}}, "hush"},
		"a URL":                      {link, "hush"},
		"a URL by value":             {*link, "hush"},
		"a grant":                    {"v4.public.aHVzaA", "aHVzaA"},
		"a struct":                   {visitor{"Aylin"}, "Aylin"},
		"a map":                      {map[string]string{"name": "Aylin"}, "Aylin"},
		"bytes":                      {[]byte("hush"), "hush"},
	} {
		for _, form := range []string{"text", "json"} {
			if got := line(form, "seen", slog.Any("what", test.value)); strings.Contains(got, test.secret) {
				t.Errorf("%s: %s", about, got)
			}
			if text, ok := test.value.(string); ok && strings.Contains(line(form, text), test.secret) {
				t.Errorf("%s, as the message: %s", about, line(form, text))
			}
		}
	}
}

func TestPersonalKeys(t *testing.T) {
	for _, key := range []string{"name", "Name", "person_name", "token", "sdp", "grant", "invite.code", "remote-addr", "session", "title"} {
		for _, value := range []any{"hush", reason("hush")} {
			if got := line("json", "seen", slog.Any(key, value)); strings.Contains(got, "hush") {
				t.Errorf("%s: %s", key, got)
			}
		}
	}
}

// What tells something about the house and nobody in it is there.
func TestRestIsThere(t *testing.T) {
	for about, test := range map[string]struct {
		value any
		want  string
	}{
		"an error":           {fmt.Errorf("store: %w", errors.New("the disk is full")), "store: the disk is full"},
		"a text":             {"3 of 12 at 12:30:00, version 1.26.8", "3 of 12 at 12:30:00, version 1.26.8"},
		"a number":           {42, "42"},
		"a truth":            {true, "true"},
		"a word of ours":     {reason("slow"), "slow"},
		"a wait":             {time.Second, "1000000000"},
		"a level":            {slog.LevelWarn, "WARN"},
		"nothing":            {nil, "null"},
		"an id that is none": {"0123456789abcdefghijklmnopqr", "0123456789abcdefghijklmnopqr"},
	} {
		if got := line("json", "seen", slog.Any("what", test.value)); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s", about, got)
		}
	}
	got := line("json", "seen", slog.Any("why", "noon"))
	var v struct {
		Level, Msg, Since string
		Time              time.Time
		Room              map[string]string
	}
	if err := json.Unmarshal([]byte(got), &v); err != nil || v.Level != "INFO" || v.Msg != "seen" || v.Since != "noon" ||
		time.Since(v.Time) > time.Minute || v.Room["why"] != "noon" {
		t.Errorf("%s: %v", got, err)
	}
}

// What an operator asks for is there, and no more.
func TestLevel(t *testing.T) {
	for from, want := range map[slog.Level]int{slog.LevelDebug: 4, slog.LevelInfo: 3, slog.LevelError: 1} {
		var b bytes.Buffer
		log := NewLog(&b, "text", from)
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			log.Log(t.Context(), level, "seen")
		}
		if got := strings.Count(b.String(), "seen"); got != want {
			t.Errorf("from %v on: %d lines, want %d", from, got, want)
		}
	}
}
