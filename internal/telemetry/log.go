// Package telemetry sets the log up so that it names nobody. What is logged
// is redacted by its type: an id becomes a short hash with a key that nobody
// keeps, so that lines about the same person can be told to belong together
// until the process ends, and by nobody afterwards. What has a type that is
// not known to be harmless is left out.
//
// Texts are searched for ids, addresses and grants, since errors carry what
// they are about. A name cannot be found in that way: who logs must not put
// one into a message.
//
// Counters are not here; the parts count for themselves, and package node
// shows it.
package telemetry

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails (crypto/rand, Go 1.24)
	options := &slog.HandlerOptions{Level: from, ReplaceAttr: redactor{key}.replace}
	if form == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// A redactor takes out of attributes what would name somebody.
type redactor struct{ key []byte }

func (r redactor) replace(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if personal(a.Key) {
			a.Value = slog.StringValue(redacted)
		} else {
			a.Value = slog.StringValue(r.text(a.Value.String()))
		}
	case slog.KindAny:
		a.Value = r.value(a.Key, a.Value.Any())
	default: // numbers, truths, times
	}
	return a
}

// idPackage is where the types of ids are from, which are as many as there are
// kinds of things.
var idPackage = reflect.TypeFor[id.Person]().PkgPath()

func (r redactor) value(key string, v any) slog.Value {
	switch v := v.(type) {
	case nil, *slog.Source:
		return slog.AnyValue(v)
	case error:
		return slog.StringValue(r.text(v.Error()))
	case slog.Level:
		return slog.StringValue(v.String())
	}
	switch t := reflect.TypeOf(v); {
	case t.PkgPath() == idPackage && t.Kind() == reflect.Array:
		return slog.StringValue(r.hash(reflect.ValueOf(v)))
	case harmless(t.Kind()), t.Kind() == reflect.String && !personal(key):
		return slog.AnyValue(v) // a word of ours, say a role or a reason
	}
	return slog.StringValue(redacted)
}

func harmless(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Complex128 }

// hash returns what stands for an id in the log of this process.
func (r redactor) hash(name reflect.Value) string {
	if name.IsZero() {
		return "none"
	}
	b := make([]byte, name.Len())
	reflect.Copy(reflect.ValueOf(b), name)
	return r.sum(b)
}

func (r redactor) sum(b []byte) string {
	mac := hmac.New(sha256.New, r.key)
	_, _ = mac.Write(b) // never fails
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// pieces are the parts of a text that could be a grant, an id or an address.
var pieces = regexp.MustCompile(`v4\.public\.[\w-]*|[\w:.%\[\]]+`)

func (r redactor) text(s string) string {
	return pieces.ReplaceAllStringFunc(s, func(piece string) string {
		bare := strings.TrimRight(piece, ".:") // as at the end of "read from 203.0.113.7:40000: EOF"
		v, err := id.Parse[id.Person](bare)
		switch {
		case err == nil:
			return r.sum(v[:]) + piece[len(bare):]
		case strings.HasPrefix(bare, "v4.public."), isAddress(piece):
			return redacted
		case isAddress(bare):
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
