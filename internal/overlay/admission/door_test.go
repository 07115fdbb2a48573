package admission

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// open opens the door of a directory that has one.
func (h *house) open(dir string, l net.Listener) *Office {
	h.t.Helper()
	office, err := OpenOffice(dir)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	done := make(chan error, 1)
	go func() { done <- office.ServeDoor(ctx, l, h.clock, slog.New(slog.NewTextHandler(h.log, nil))) }()
	h.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
	return office
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// withDoor makes a node at us that has a door there.
func (h *house) withDoor() (*Identity, string, *Office) {
	h.t.Helper()
	l := listen(h.t)
	token, err := h.office.InviteDoor(h.clock(), us, h.clock().Add(time.Hour), l.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	i, dir, err := h.join(token)
	if err != nil {
		h.t.Fatal(err)
	}
	return i, dir, h.open(dir, l)
}

// A node that was invited with a door admits others of its region, and of no
// other, and goes on when the first machine is away.
func TestDoorOfARegion(t *testing.T) {
	h := newHouse(t)
	i, dir, far := h.withDoor()
	if names, err := far.Regions(); err != nil || len(names) != 1 || names[0] != "us" {
		t.Errorf("it signs for %v, %v", names, err)
	}
	for _, name := range []string{keyFile("eu"), keyFile("root")} {
		if exists(filepath.Join(dir, name)) {
			t.Errorf("it was given %s", name)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile("us"))); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	token, err := far.Invite(noon, us, noon.Add(time.Hour))
	if err != nil || token.Address != i.Address {
		t.Fatalf("%+v, %v", token, err)
	}
	other, otherDir, err := h.join(token)
	if err != nil {
		t.Fatal(err)
	}
	if other.Door != (Door{i.Address, us}) || other.Address != "" {
		t.Errorf("it knows %+v, and has a door %q", other.Door, other.Address)
	}
	if _, err := far.Invite(noon, eu, noon.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "not on this machine") {
		t.Errorf("it invites to another region: %v", err)
	}
	if err := far.AddRegion(noon, "ap"); err == nil || !strings.Contains(err.Error(), "root.key") {
		t.Errorf("it adds a region: %v", err)
	}
	// The first door is away: certificates are renewed at the other one, by a node
	// that came in there, by one that did not, and by the one that has it.
	first, firstDir, err := h.join(h.invite(us))
	if err != nil {
		t.Fatal(err)
	}
	h.later(4 * 24 * time.Hour)
	away := Door{Address: "127.0.0.1:1", Place: eu}
	for _, one := range []struct {
		*Identity
		dir string
	}{{other, otherDir}, {first, firstDir}} {
		newer, err := one.Renew(t.Context(), one.dir, region.Anywhere, []Door{away, {i.Address, us}}, h.clock())
		if err != nil || !newer.Chain[0].NotAfter.After(one.Chain[0].NotAfter) || newer.Door.Address != one.Door.Address {
			t.Errorf("%+v, %v", newer, err)
		}
	}
	if self, err := far.RenewSelf(h.clock()); err != nil || !self.Chain[0].NotAfter.After(i.Chain[0].NotAfter) || self.Address != i.Address {
		t.Errorf("its own: %v", err)
	}
	list, err := far.Members()
	if err != nil || len(list) != 3 {
		t.Errorf("its roll has %+v, %v", list, err)
	}
	// A door outside the fence is told nothing.
	_, err = other.Renew(t.Context(), otherDir, region.In("us"), []Door{{h.addr, us}}, h.clock())
	if err == nil || !strings.Contains(err.Error(), identity.ErrOutside.Error()) {
		t.Errorf("a door outside: %v", err)
	}
	if _, err = other.Renew(t.Context(), otherDir, region.In("us"), nil, h.clock()); !errors.Is(err, ErrNoDoor) {
		t.Errorf("no door: %v", err)
	}
}

// One use, and one place: nobody gets a region's key by an invite without a
// door, nor twice.
func TestKeyIsGivenOnce(t *testing.T) {
	h := newHouse(t)
	plain, dir, err := h.join(h.invite(us))
	if err != nil || plain.Address != "" || exists(filepath.Join(dir, keyFile("us"))) || exists(filepath.Join(dir, rollFile)) {
		t.Errorf("%+v, %v", plain, err)
	}
	token, err := h.office.InviteDoor(noon, us, noon.Add(time.Hour), "127.0.0.1:7")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.join(token); err != nil {
		t.Fatal(err)
	}
	if _, dir, err := h.join(token); err == nil || exists(dir) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := h.office.InviteDoor(noon, us, noon.Add(time.Hour), "nowhere"); err == nil {
		t.Error("a door at no address")
	}
}

// A name belongs to its key: whoever asks for another's is refused at any door.
func TestNameOfAnotherKey(t *testing.T) {
	h := newHouse(t)
	_, _, far := h.withDoor()
	victim, _, err := h.join(h.invite(us)) // came in by the first door
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{victim.Member.URI()}}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	token, err := far.Invite(noon, us, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.join(noon, token.Secret, csr); !errors.Is(err, identity.ErrDuplicate) {
		t.Errorf("%v", err)
	}
}

// Who is removed at one door is refused at the other one once that has heard.
func TestRemovedAtAnotherDoor(t *testing.T) {
	h := newHouse(t)
	i, _, far := h.withDoor()
	victim, dir, err := h.join(h.invite(us))
	if err != nil {
		t.Fatal(err)
	}
	renew := func() error {
		h.later(time.Hour)
		_, err := victim.Renew(t.Context(), dir, region.Anywhere, []Door{{i.Address, us}}, h.clock())
		return err
	}
	if err := renew(); err != nil {
		t.Fatal(err)
	}
	if err := h.office.Remove(h.clock(), victim.Member.Node, region.Place{}); err != nil {
		t.Fatal(err)
	}
	signed := h.office.Ledger().Signed()
	if len(signed) != 1 {
		t.Fatalf("%d are removed", len(signed))
	}
	if news, err := far.Ledger().Add(signed[0], h.clock()); err != nil || !news {
		t.Fatalf("%v, %v", news, err)
	}
	if err := renew(); err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("a removed node is given a certificate: %v", err)
	}
	// And one that has never been at this door, by its place.
	if err := far.Remove(h.clock(), id.New[id.Node](), region.Place{}); !errors.Is(err, identity.ErrUnknown) {
		t.Errorf("%v", err)
	}
	if err := far.Remove(h.clock(), id.New[id.Node](), us); err != nil {
		t.Error(err)
	}
	if err := far.Remove(h.clock(), id.New[id.Node](), eu); err == nil {
		t.Error("us removes a node of eu")
	}
}

func TestAddRegion(t *testing.T) {
	h := newHouse(t)
	if err := h.office.AddRegion(noon, "ap"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ap", "AP", "root"} {
		if err := h.office.AddRegion(noon, name); err == nil {
			t.Errorf("region %s is added", name)
		}
	}
	i, _, err := h.join(h.invite(region.Place{Region: "ap", Operator: "third"}))
	if err != nil || len(i.Regions) != 3 {
		t.Fatalf("%+v, %v", i, err)
	}
	// A node from before takes the region in when it is told of it.
	other := newHouse(t)
	old, dir, err := other.join(other.invite(us))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.AddRegions(dir, i.Regions[2]); err == nil {
		t.Error("a region of another network is taken in")
	}
	if err := other.office.AddRegion(noon, "ap"); err != nil {
		t.Fatal(err)
	}
	newer, err := old.AddRegions(dir, other.self().Regions...)
	if err != nil || len(newer.Regions) != 3 || len(old.Regions) != 2 {
		t.Fatalf("%+v, %v", newer, err)
	}
	if again, err := Load(dir); err != nil || len(again.Regions) != 3 {
		t.Errorf("%+v, %v", again, err)
	}
	if err := os.Remove(filepath.Join(h.dir, keyFile("root"))); err != nil {
		t.Fatal(err)
	}
	if err := h.office.AddRegion(noon, "sa"); err == nil || !strings.Contains(err.Error(), "root.key") {
		t.Errorf("without the root's key: %v", err)
	}
}

// Two processes share a ledger, what is damaged is passed over, and what has
// become old is left out.
func TestLedger(t *testing.T) {
	h := newHouse(t)
	self := h.self()
	a := h.office.Ledger()
	b, err := OpenLedger(h.dir, self.Root)
	if err != nil {
		t.Fatal(err)
	}
	victim, _, err := h.join(h.invite(eu))
	if err != nil {
		t.Fatal(err)
	}
	if news, err := b.Look(); err != nil || news {
		t.Errorf("%v, %v", news, err)
	}
	if err := h.office.Remove(noon, victim.Member.Node, region.Place{}); err != nil {
		t.Fatal(err)
	}
	if news, err := b.Look(); err != nil || !news || len(b.Removals()) != 1 || !b.Knows(a.Signed()[0]) {
		t.Errorf("%v, %v, %+v", news, err, b.Removals())
	}
	if news, err := b.Add(a.Signed()[0], noon); err != nil || news {
		t.Errorf("once more: %v, %v", news, err)
	}
	forged := a.Signed()[0]
	forged.Body = []byte(strings.Replace(string(forged.Body), "eu", "us", 1))
	if _, err := b.Add(forged, noon); !errors.Is(err, identity.ErrRemoval) {
		t.Errorf("%v", err)
	}
	f, err := os.OpenFile(filepath.Join(h.dir, removedFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("rubbish\n{\"by\":\"AA"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	c, err := OpenLedger(h.dir, self.Root)
	if err != nil || len(c.Removals()) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	// What counts no more is not taken in, and left out of a file that is long.
	later := noon.Add(identity.RemovalLife)
	if news, err := b.Add(a.Signed()[0], later); err != nil || news {
		t.Errorf("of long ago: %v, %v", news, err)
	}
	path := filepath.Join(h.dir, removedFile)
	if f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		t.Fatal(err)
	}
	line, err := encodeRemovals(a.Signed())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Repeat(line, longMin/len(line)+1)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := openLedger(h.dir, self.Root, later); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	other, _, err := h.join(h.invite(eu))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.office.Remove(later, other.Member.Node, region.Place{}); err != nil {
		t.Fatal(err)
	}
	if news, err := c.Look(); err != nil || !news || len(c.Removals()) != 1 || c.Removals()[0].Node != other.Member.Node {
		t.Errorf("%v, %+v, %v", news, c.Removals(), err)
	}
}

func TestDoors(t *testing.T) {
	h := newHouse(t)
	list := []Door{{"us1.example.org:7883", us}, {"[2001:db8::1]:7883", eu}}
	for range 2 {
		if err := WriteDoors(h.dir, list); err != nil {
			t.Fatal(err)
		}
	}
	got := ReadDoors(h.dir)
	if len(got) != 2 || got[0] != list[0] || got[1] != list[1] {
		t.Errorf("%+v", got)
	}
	if err := os.WriteFile(filepath.Join(h.dir, doorsFile), []byte("\nrubbish\na:1 x@y@z\nb:2 eu@one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ReadDoors(h.dir); len(got) != 1 || got[0].Address != "b:2" {
		t.Errorf("%+v", got)
	}
	if (Door{Address: "b:2"}).Inside(region.In("eu")) || !(Door{Address: "b:2"}).Inside(region.Anywhere) || !list[1].Inside(region.In("eu")) {
		t.Error("a door of which nobody knows where it stands is inside a fence")
	}
}
