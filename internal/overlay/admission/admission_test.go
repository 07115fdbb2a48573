package admission

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

var (
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	eu   = region.Place{Region: "eu", Operator: "example"}
	us   = region.Place{Region: "us", Operator: "other"}
)

// A house is an office with its door open.
type house struct {
	t      testing.TB
	dir    string
	office *Office
	addr   string
	log    *locked
	mu     sync.Mutex
	now    time.Time
}

type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "network"), log: new(locked), now: noon}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	if _, err := Make(h.dir, []string{"eu", "us"}, "example", h.addr, noon); err != nil {
		t.Fatal(err)
	}
	if h.office, err = OpenOffice(h.dir); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.office.ServeDoor(ctx, l, h.clock, slog.New(slog.NewTextHandler(h.log, nil))) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) self() *Identity {
	h.t.Helper()
	i, err := h.office.Self()
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) invite(p region.Place) identity.Token {
	h.t.Helper()
	token, err := h.office.Invite(h.clock(), p, h.clock().Add(24*time.Hour))
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

func (h *house) join(token identity.Token) (*Identity, string, error) {
	dir := filepath.Join(h.t.TempDir(), "network")
	i, err := Join(h.t.Context(), dir, token, h.clock())
	return i, dir, err
}

func TestJoin(t *testing.T) {
	h := newHouse(t)
	token := h.invite(us)
	i, dir, err := h.join(token)
	if err != nil {
		t.Fatal(err)
	}
	if i.Member.Place != us || i.Member.Network != h.self().Member.Network {
		t.Errorf("%+v", i.Member)
	}
	again, err := Load(dir)
	if err != nil || again.Member != i.Member || !again.Key.Equal(i.Key) || len(again.Regions) != 2 {
		t.Errorf("from the disk it is %+v, %v", again, err)
	}
	list, err := h.office.Members()
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, _, err := h.join(token); err == nil || !strings.Contains(err.Error(), identity.ErrInvite.Error()) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := Join(t.Context(), dir, h.invite(us), noon); !errors.Is(err, ErrThere) {
		t.Errorf("on the same machine: %v", err)
	}
	// Both ends trust each other now.
	for _, pair := range [][2]*Identity{{i, h.self()}, {h.self(), i}} {
		store, err := pair[0].Store(region.Anywhere, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := store.Verify(pair[1].Chain, noon); err != nil || m != pair[1].Member {
			t.Errorf("%v, %v", m, err)
		}
	}
	secret := token.Secret[:]
	for _, text := range []string{string(secret), hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret), token.String(), i.Member.Node.String()} {
		if strings.Contains(h.log.String(), text) {
			t.Errorf("%q is in the log", text)
		}
	}
}

// What is wrong with an invite is said, and nobody is let in.
func TestRefusals(t *testing.T) {
	h, other := newHouse(t), newHouse(t)
	wrong := h.invite(eu)
	wrong.Secret = identity.NewSecret()
	elsewhere := h.invite(eu)
	elsewhere.Place = us
	pinned := h.invite(eu)
	pinned.Root = other.invite(eu).Root
	closed := h.invite(eu)
	closed.Address = "127.0.0.1:1"
	for what, one := range map[string]struct {
		token identity.Token
		want  string
	}{
		"a wrong secret":    {wrong, identity.ErrInvite.Error()},
		"another region":    {elsewhere, identity.ErrPlace.Error()},
		"another network":   {pinned, identity.ErrOtherNetwork.Error()},
		"nobody is there":   {closed, "the network's door"},
		"not their network": {identity.Token{Network: other.invite(eu).Network, Root: wrong.Root, Place: eu, Address: h.addr, Secret: h.invite(eu).Secret}, errRequest.Error()},
	} {
		if _, dir, err := h.join(one.token); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v, want %q", what, err, one.want)
		} else if _, err := Load(dir); !errors.Is(err, ErrNoNetwork) {
			t.Errorf("%s: something was kept: %v", what, err)
		}
	}
	late := h.invite(eu)
	h.later(25 * time.Hour)
	if _, _, err := h.join(late); err == nil || !strings.Contains(err.Error(), identity.ErrInvite.Error()) {
		t.Errorf("too late: %v", err)
	}
	if list, _ := h.office.Members(); len(list) != 1 {
		t.Errorf("members are %+v", list)
	}
}

// One invite, many machines at once: one of them is let in.
func TestRace(t *testing.T) {
	h := newHouse(t)
	token := h.invite(eu)
	var wg sync.WaitGroup
	results := make(chan error, 8)
	for n := range cap(results) {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(n), "network")
		wg.Go(func() {
			_, err := Join(t.Context(), dir, token, noon)
			results <- err
		})
	}
	wg.Wait()
	close(results)
	in := 0
	for err := range results {
		if err == nil {
			in++
		}
	}
	if list, _ := h.office.Members(); in != 1 || len(list) != 2 {
		t.Errorf("%d were let in, %d members", in, len(list))
	}
}

// Two processes keep one roll: what one writes the other knows.
func TestTwoOffices(t *testing.T) {
	h := newHouse(t)
	second, err := OpenOffice(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	token, err := second.Invite(noon, us, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	i, dir, err := h.join(token)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Remove(noon, i.Member.Node, region.Place{}); err != nil {
		t.Fatal(err)
	}
	h.later(4 * 24 * time.Hour)
	if _, err := i.Renew(t.Context(), dir, region.Anywhere, []Door{i.Door}, h.clock()); err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("a removed node asks for a new certificate: %v", err)
	}
	var wg sync.WaitGroup
	for _, o := range []*Office{h.office, second} {
		for range 50 {
			wg.Go(func() {
				if _, err := o.Invite(noon, eu, noon.Add(time.Hour)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	third, err := OpenOffice(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := third.roll.Forget(noon); n != 100 {
		t.Errorf("%d invites, want 100", n)
	}
}

func TestRenew(t *testing.T) {
	h := newHouse(t)
	i, dir, err := h.join(h.invite(us))
	if err != nil {
		t.Fatal(err)
	}
	h.later(4 * 24 * time.Hour)
	newer, err := i.Renew(t.Context(), dir, region.Anywhere, []Door{i.Door}, h.clock())
	if err != nil || !newer.Chain[0].NotAfter.After(i.Chain[0].NotAfter) || newer.Member != i.Member {
		t.Fatalf("%+v, %v", newer, err)
	}
	if again, err := Load(dir); err != nil || !again.Chain[0].Equal(newer.Chain[0]) {
		t.Errorf("from the disk: %v", err)
	}
	other, _, err := h.join(h.invite(us))
	if err != nil {
		t.Fatal(err)
	}
	before := h.self()
	if self, err := h.office.RenewSelf(h.clock()); err != nil || !self.Chain[0].NotAfter.After(before.Chain[0].NotAfter) {
		t.Errorf("the office's own: %v", err)
	}
	posing := *other
	posing.Member = i.Member // asks for another's name
	if _, err := posing.Renew(t.Context(), dir, region.Anywhere, []Door{posing.Door}, h.clock()); err == nil {
		t.Error("a node is given another's name")
	}
	h.later(30 * 24 * time.Hour)
	if _, err := newer.Renew(t.Context(), dir, region.Anywhere, []Door{newer.Door}, h.clock()); err == nil {
		t.Error("a certificate of long ago is renewed")
	}
}

// A roll of which the last line was not finished goes on where it was good; a
// damaged one is not guessed at.
func TestDamagedRoll(t *testing.T) {
	h := newHouse(t)
	h.invite(eu)
	path := filepath.Join(h.dir, rollFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(whole, `{"invited":{"ha`...), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := OpenOffice(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Invite(noon, eu, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if o, err = OpenOffice(h.dir); err != nil || o.roll.Forget(noon) != 2 {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(path, append([]byte("rubbish\n"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOffice(h.dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("rubbish is taken for a roll: %v", err)
	}
}

// A long roll is written anew, and others who have it open notice.
func TestShorten(t *testing.T) {
	h := newHouse(t)
	second, err := OpenOffice(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	self := h.self().Member
	path := filepath.Join(h.dir, rollFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	line, _ := encodeLines([]identity.Line{{Renewed: &identity.Renewed{Node: self.Node, Expires: noon.Add(time.Hour)}}})
	if _, err := f.Write(bytes.Repeat(line, longMin/len(line)+1)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, o := range []*Office{h.office, second, h.office} {
		if _, err := o.Invite(noon, eu, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > 4096 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	third, err := OpenOffice(h.dir)
	if err != nil || third.roll.Forget(noon) != 3 || len(third.roll.Members()) != 1 {
		t.Errorf("%+v, %v", third, err)
	}
}

func TestFiles(t *testing.T) {
	h := newHouse(t)
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(h.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(h.dir), ".network-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, name := range []string{rootFile, regionsFile, nodeFile, nodeKeyFile, doorFile} {
		path := filepath.Join(h.dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, broken := range [][]byte{nil, []byte(strings.ReplaceAll(string(whole[:len(whole)/3]), ":", "")), []byte("rubbish")} {
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(h.dir); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %d bytes: %v", name, len(broken), err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, ErrNoNetwork) {
		t.Errorf("%v", err)
	}
	if _, err := Make(h.dir, []string{"eu"}, "example", h.addr, noon); !errors.Is(err, ErrThere) {
		t.Errorf("%v", err)
	}
	for _, regions := range [][]string{nil, {"EU"}, {"eu", "eu"}, {"root"}} {
		if _, err := Make(filepath.Join(t.TempDir(), "network"), regions, "example", h.addr, noon); err == nil {
			t.Errorf("a network of %q", regions)
		}
	}
}

// Whoever fills the door does not keep others out for long, and what is no
// request has no answer that tells anything.
func TestFlood(t *testing.T) {
	h := newHouse(t)
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	for range 3 * atOnce {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	for _, c := range held {
		c.Close()
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, _, err := h.join(h.invite(eu))
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody gets in any more: %v", err)
		}
	}
	for _, text := range []string{"", "hello", "{}", `{"csr":"AAAA"}`, `{"secret":"AAAAAAAAAAAAAAAAAAAAAA==","csr":"AAAA"}`, strings.Repeat("[", 2*requestMax)} {
		config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}} //nolint:gosec // whoever is there
		c, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, text)
		_ = c.(*tls.Conn).CloseWrite()
		got, _ := io.ReadAll(c)
		c.Close()
		if len(got) > 0 && !strings.Contains(string(got), errRequest.Error()) {
			t.Errorf("%.20q gets %q", text, got)
		}
	}
	if list, _ := h.office.Members(); len(list) != 2 {
		t.Errorf("members are %+v", list)
	}
}

func TestOfficeRefuses(t *testing.T) {
	h := newHouse(t)
	for _, one := range []struct {
		place region.Place
		until time.Time
	}{
		{region.Place{Region: "ap", Operator: "x"}, noon.Add(time.Hour)},
		{region.Place{Region: "eu", Operator: "X"}, noon.Add(time.Hour)},
		{eu, noon},
		{eu, noon.Add(365 * 24 * time.Hour)},
	} {
		if token, err := h.office.Invite(noon, one.place, one.until); err == nil {
			t.Errorf("%+v: %v", one, token)
		}
	}
	if err := h.office.Remove(noon, id.New[id.Node](), region.Place{}); !errors.Is(err, identity.ErrUnknown) {
		t.Errorf("%v", err)
	}
	_, dir, err := h.join(h.invite(eu))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOffice(dir); !errors.Is(err, ErrNoRoll) {
		t.Errorf("%v", err)
	}
}
