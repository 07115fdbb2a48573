// Package telemetry sets the log up so that it names nobody. What is logged
// is redacted by its type: ids are left out, and so is all that has a type
// that is not known to be harmless. Lines that are to be told to belong
// together have what package route makes for them.
//
// Texts are searched for ids, addresses and grants, since errors carry what
// they are about. A name cannot be found in that way: who logs must not put
// one into a message.
//
// Counters are not here; the parts count for themselves, and package node
// shows it.
package telemetry

import (
	"io"
	"log/slog"
	"net/netip"
	"reflect"
	"regexp"
	"strings"

	"github.com/stoa-audio/stoa/internal/id"
)

const redacted = "[redacted]"

// NewLog returns a log that writes to w in the given form: "json" for
// machines, and anything else for people; from a level on.
func NewLog(w io.Writer, form string, from slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: from, ReplaceAttr: redact}
	if form == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// redact takes out of an attribute what would name somebody.
func redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if personal(a.Key) {
			a.Value = slog.StringValue(redacted)
		} else {
			a.Value = slog.StringValue(text(a.Value.String()))
		}
	case slog.KindAny:
		a.Value = value(a.Key, a.Value.Any())
	default: // numbers, truths, times
	}
	return a
}

func value(key string, v any) slog.Value {
	switch v := v.(type) {
	case nil, *slog.Source:
		return slog.AnyValue(v)
	case error:
		return slog.StringValue(text(v.Error()))
	case slog.Level:
		return slog.StringValue(v.String())
	}
	if k := reflect.TypeOf(v).Kind(); harmless(k) || k == reflect.String && !personal(key) {
		return slog.AnyValue(v) // a word of ours, say a role or a reason
	}
	return slog.StringValue(redacted)
}

func harmless(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Complex128 }

// pieces are the parts of a text that could be a grant, an id or an address.
var pieces = regexp.MustCompile(`v4\.public\.[\w-]*|[\w:.%\[\]]+`)

func text(s string) string {
	return pieces.ReplaceAllStringFunc(s, func(piece string) string {
		bare := strings.TrimRight(piece, ".:") // as at the end of "read from 203.0.113.7:40000: EOF"
		_, err := id.Parse[id.Person](bare)
		switch {
		case strings.HasPrefix(bare, "v4.public."), isAddress(piece):
			return redacted
		case err == nil, isAddress(bare):
			return redacted + piece[len(bare):]
		}
		return piece
	})
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		_, err = netip.ParseAddrPort(s)
	}
	return err == nil
}

// personal are the last words of keys under which a text is about somebody.
func personal(key string) bool {
	word := strings.ToLower(key[strings.LastIndexAny(key, "_.- ")+1:])
	switch word {
	case "name", "title", "token", "grant", "code", "secret", "key", "password", "cookie", "session",
		"sdp", "addr", "address", "ip", "remote", "host", "agent", "url", "path", "query", "body":
		return true
	}
	return false
}
