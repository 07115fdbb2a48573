package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/ogg"
	"github.com/stoa-audio/stoa/sdk/go/report"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

// says runs a command, and returns what it prints.
func says(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, nil, &out, io.Discard)
	return out.String(), err
}

// A reported voice says one packet after the other; some of them come in the
// report.
func reported(t *testing.T, room id.Room, about id.Person, to report.PublicKey) (hashes [][16]byte, sealed []byte) {
	t.Helper()
	_, page, err := ed25519.GenerateKey(nil)
	must(t, err)
	_, device, err := ed25519.GenerateKey(nil)
	must(t, err)
	cert := group.Cert{PageKey: [32]byte(page.Public().(ed25519.PublicKey)), DeviceKey: [32]byte(device.Public().(ed25519.PublicKey))}
	must(t, cert.Sign(device, group.ID(room), group.ID(about)))
	sender := keys.Secret{1}.Sender(0, cert.Hash())
	speaker := voice.NewSpeaker(page, 0, voice.BatchMax)
	must(t, speaker.Rekey(1, sender))
	r := report.Report{
		Room: group.ID(room), Who: group.ID(about), Cert: cert, Text: "Listen to this",
		Windows: []report.Window{{KID: keys.KID(1, 0, 0), Key: sender.Window(0)}},
	}
	for i := range 101 {
		f, err := speaker.Seal(nil, []byte{0xf8, byte(i), 1, 2, 3}, false, 0)
		must(t, err)
		hashes = append(hashes, report.Hash(f))
		if i < 10 || i >= 20 {
			r.Frames = append(r.Frames, f)
		}
	}
	sealed, err = r.Seal([]report.PublicKey{to})
	must(t, err)
	return hashes, sealed
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReports(t *testing.T) {
	dir := t.TempDir()
	key, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
	printed, err := says(t, "report", "keygen", "--out", key)
	must(t, err)
	_, err = says(t, "report", "keygen", "--out", other)
	must(t, err)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	if _, err := says(t, "report", "keygen", "--out", key); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key is written over: %v", err)
	}
	_, text, _ := strings.Cut(printed, `keys = ["`)
	text, _, _ = strings.Cut(text, `"`)
	public, err := report.ParsePublicKey(text)
	must(t, err)

	if _, err := says(t, "report", "list", "--data", dir); err == nil || !strings.Contains(err.Error(), "no house") {
		t.Errorf("where there is no house: %v", err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "stoa.db"))
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) }) // it stays open: the house runs
	if printed, err := says(t, "report", "list", "--data", dir); err != nil || printed != "Nothing was reported.\n" {
		t.Errorf("an empty list: %q, %v", printed, err)
	}
	ada := founder(t, store)
	room := id.New[id.Room]()
	hashes, sealed := reported(t, room, ada, public)
	kept, err := reports.New(store, time.Now).Add(t.Context(), reports.Report{Room: room, About: ada, By: ada, Hashes: hashes, Sealed: sealed})
	must(t, err)
	if printed, err := says(t, "report", "list", "--data", dir); err != nil || !strings.Contains(printed, kept.ID.String()) {
		t.Errorf("a list: %q, %v", printed, err)
	}

	file, sound := filepath.Join(dir, "case"), filepath.Join(dir, "voice.ogg")
	_, err = says(t, "report", "save", "--data", dir, kept.ID.String(), file)
	must(t, err)
	for _, which := range []string{file, kept.ID.String()} {
		printed, err := says(t, "report", "open", "--data", dir, "--key", key, "--out", sound, "--json", which)
		must(t, err)
		var v verdict
		must(t, json.Unmarshal([]byte(printed), &v))
		if v.Frames != 91 || v.Proven != 90 || v.Unsigned != 1 || v.Missing != 10 || v.Seconds < 1.79 || v.Seconds > 1.81 || v.Text != "Listen to this" {
			t.Errorf("%+v", v)
		}
	}
	printed, err = says(t, "report", "open", "--data", dir, "--key", key, kept.ID.String())
	if err != nil || !strings.Contains(printed, "90 of 91 frames were sent by this voice") || !strings.Contains(printed, `"Listen to this"`) {
		t.Errorf("%q, %v", printed, err)
	}
	hears(t, sound, 100)

	for _, c := range []struct {
		what string
		args []string
		is   error
	}{
		{"another key", []string{"open", "--key", other, file}, report.ErrSealed},
		{"no key", []string{"open", "--key", file, file}, report.ErrKey},
		{"no case", []string{"open", "--key", key, key}, report.ErrMalformed},
		{"no report", []string{"open", "--data", dir, "--key", key, id.New[reports.ID]().String()}, reports.ErrNone},
		{"nothing", []string{"open", "--key", key}, errUsage},
		{"an unknown command", []string{"burn"}, errUsage},
		{"a key nowhere", []string{"keygen"}, errUsage},
		{"an unknown flag", []string{"list", "--x"}, errUsage},
	} {
		if _, err := says(t, append([]string{"report"}, c.args...)...); !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// founder returns the first person of a house.
func founder(t *testing.T, s *records.Store) id.Person {
	t.Helper()
	where, err := url.Parse("https://stoa.example")
	must(t, err)
	p, err := people.New(s, people.Config{URL: where, House: "Test", InviteKey: []byte("a key for tests"), Keys: new(peopletest.Keys), Index: peopletest.NoIndex{}, Clock: time.Now})
	must(t, err)
	code, _, err := p.FounderInvite(t.Context())
	must(t, err)
	ada, _, err := p.SignUpByRecovery(t.Context(), people.ByInvite(code), "Ada")
	must(t, err)
	return ada.ID
}

// hears reads a file of so many packets of 20 ms, of which the tenth to the
// twentieth are silence.
func hears(t *testing.T, file string, packets int) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	r, header, err := oggreader.NewWith(f)
	must(t, err)
	if header.SampleRate != 48000 {
		t.Errorf("%+v", header)
	}
	n, last := 0, uint64(0)
	for {
		payload, page, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if bytes.HasPrefix(payload, []byte("OpusTags")) || len(payload) == 0 {
			continue
		}
		if quiet := bytes.Equal(payload, ogg.Silence); quiet != (n >= 10 && n < 20) {
			t.Errorf("packet %d is %x", n, payload)
		}
		n, last = n+1, page.GranulePosition
	}
	if n != packets || last < uint64(packets-1)*960 || last > uint64(packets)*960 {
		t.Errorf("%d packets, to sample %d", n, last)
	}
}
