package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/signal"
)

// called has g be called by a handle.
func (g *guest) called(handle string) {
	g.Helper()
	w := NewProfile{Name: g.name, Handle: handle, Links: []Link{}, Languages: []string{}, Interests: []string{}}
	tag := g.call("GET", "/api/v1/me/profile", nil).is(200).header.Get("ETag")
	g.call("PUT", "/api/v1/me/profile", w, "If-Match", tag).is(200)
}

// takesPart has g take part in discovery and returns how they stand to it.
func (g *guest) takesPart() (d Discovery) {
	g.Helper()
	g.call("PUT", "/api/v1/discovery", TakePart{true}).is(200).into(&d)
	return d
}

func (g *guest) stands() (d Discovery) {
	g.Helper()
	g.call("GET", "/api/v1/discovery", nil).is(200).into(&d)
	return d
}

// valuesOf asks the house for the values of identifiers, as a client does: it does
// not say them, and checks the proof.
func (g *guest) valuesOf(identifiers ...string) (values []signal.Bytes) {
	g.Helper()
	d := g.stands()
	var public oprf.PublicKey
	g.must(public.UnmarshalBinary(oprf.SuiteRistretto255, d.Key))
	client := oprf.NewVerifiableClient(oprf.SuiteRistretto255, &public)
	inputs := make([][]byte, len(identifiers))
	for i, text := range identifiers {
		inputs[i] = []byte(text)
	}
	data, request, err := client.Blind(inputs)
	g.must(err)
	body := Blinded{Key: d.Key}
	for _, e := range request.Elements {
		b, err := e.MarshalBinaryCompress()
		g.must(err)
		body.Blinded = append(body.Blinded, b)
	}
	var got Evaluated
	g.call("POST", "/api/v1/discovery/evaluate", body).is(200).into(&got)
	done := oprf.Evaluation{Proof: new(dleq.Proof)}
	g.must(done.Proof.UnmarshalBinary(group.Ristretto255, got.Proof))
	for _, b := range got.Evaluated {
		e := group.Ristretto255.NewElement()
		g.must(e.UnmarshalBinary(b))
		done.Elements = append(done.Elements, e)
	}
	outputs, err := client.Finalize(data, &done)
	g.must(err)
	for _, output := range outputs {
		v := discover.ValueOf(output)
		values = append(values, v[:])
	}
	return values
}

func (g *guest) wantsToFind(values ...signal.Bytes) answered {
	g.Helper()
	return g.call("PUT", "/api/v1/discovery/list", DiscoveryList{g.stands().Key, append([]signal.Bytes{}, values...)})
}

// hasFound returns the names of those whom g has found, and of whom they have news.
func (g *guest) hasFound() (found, told string) {
	g.Helper()
	var m Matches
	g.call("GET", "/api/v1/discovery/matches", nil).is(200).into(&m)
	slices.SortFunc(m.People, func(a, b Person) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range m.People {
		found += p.Name
	}
	var n News
	g.call("GET", "/api/v1/me/news", nil).is(200).into(&n)
	for _, p := range n.News {
		if p.Kind == news.Found {
			told += p.Who.Name
		}
	}
	return found, told
}

// TestDiscovery has two people find each other when both list the other, and not
// before.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.called("ada")
	bo.called("bob")
	cy.called("cyy")
	is := func(g *guest, found, told string) {
		t.Helper()
		if f, n := g.hasFound(); f != found || n != told {
			t.Fatalf("%s has found %q, and news of %q; want %q and %q", g.name, f, n, found, told)
		}
	}

	// Off at first: nothing can be asked, and nobody is found.
	if d := ada.stands(); d.On || d.Budget.Left != discover.BudgetMax || !d.Budget.MoreAt.IsZero() || d.Listed != 0 || len(d.Mine) != 1 || d.Mine[0] != discover.Handle {
		t.Errorf("at first: %+v", d)
	}
	ada.call("POST", "/api/v1/discovery/evaluate", Blinded{ada.stands().Key, []signal.Bytes{make([]byte, 32)}}).problem("discovery_off")
	ada.wantsToFind().problem("discovery_off")
	ada.call("PUT", "/api/v1/discovery", TakePart{}).problem("invalid")
	h.call("GET", "/api/v1/discovery", nil).problem("not_signed_in")
	for _, g := range []*guest{ada, bo} {
		if d := g.takesPart(); !d.On {
			t.Errorf("%+v", d)
		}
	}

	// One lists the other: neither is told, and the answer is that of who lists nobody.
	of := ada.valuesOf("handle:bob", "handle:cyy", "handle:nobody", "mail:eve@example.org")
	hit, miss := ada.wantsToFind(of...).is(204), cy.takesPartAnd(func() answered { return cy.wantsToFind(cy.valuesOf("handle:nobody")...) }).is(204)
	if len(hit.body)+len(miss.body) > 0 {
		t.Errorf("the answers are %q and %q", hit.body, miss.body)
	}
	is(ada, "", "")
	is(bo, "", "")
	if d := ada.stands(); d.Listed != 4 || d.Budget.Left != discover.BudgetMax-4 || d.Budget.MoreAt.IsZero() {
		t.Errorf("after four: %+v", d)
	}

	// Both do.
	back := bo.valuesOf("handle:ada")
	bo.wantsToFind(back...).is(204)
	is(ada, "Bo", "Bo")
	is(bo, "Ada", "Ada")
	is(cy, "", "")
	for range 3 { // nobody is told twice
		bo.wantsToFind(back...).is(204)
		ada.wantsToFind(of...).is(204)
	}
	is(ada, "Bo", "Bo")

	// Cy takes part since then: the same list has more in it, at the next visit.
	cy.wantsToFind(cy.valuesOf("handle:ada")...).is(204)
	is(ada, "BoCy", "CyBo")
	is(cy, "Ada", "Ada")

	// What is stored about one says whom one has found, and not whom one lists.
	var s Stored
	bo.call("GET", "/api/v1/me/stored", nil).is(200).into(&s)
	for _, c := range s.Classes {
		if text := fmt.Sprint(c.More); c.Class == "discovery" && (c.Rows != 3 || !strings.Contains(text, ada.id.String()) || c.Keeps != "seen:90") {
			t.Errorf("stored: %+v", c)
		}
	}

	// Who blocks is not found, and does not find.
	cy.call("PUT", "/api/v1/people/"+ada.id.String()+"/block", Block{"block"}).is(204)
	is(cy, "", "")
	is(ada, "Bo", "CyBo")
	cy.call("DELETE", "/api/v1/people/"+ada.id.String()+"/block", nil).is(204)

	// Who is called otherwise is found by that, and by nothing from before.
	bo.called("bobby")
	is(ada, "Cy", "CyBo")
	is(bo, "", "Ada")
	cy.called("bob")
	cy.wantsToFind().is(204)
	ada.wantsToFind(of...).is(204)
	is(ada, "", "CyBo") // Cy, who is called as Bo was, lists nobody
	ada.wantsToFind(ada.valuesOf("handle:bobby")...).is(204)
	is(bo, "Ada", "Ada")

	// Off: nothing of it is left, but the budget.
	left := ada.stands().Budget.Left
	ada.call("DELETE", "/api/v1/discovery", nil).is(204)
	is(bo, "", "Ada")
	if d := ada.stands(); d.On || d.Listed != 0 || d.Budget.Left != left {
		t.Errorf("off: %+v", d)
	}
	ada.takesPart()
	is(bo, "", "Ada")
	if d := ada.stands(); d.Budget.Left != left {
		t.Errorf("off and on: %+v", d)
	}

	// Of another key nothing is taken.
	ada.call("PUT", "/api/v1/discovery/list", DiscoveryList{make([]byte, 32), []signal.Bytes{}}).problem("other_key")
	ada.call("POST", "/api/v1/discovery/evaluate", Blinded{make([]byte, 32), []signal.Bytes{make([]byte, 32)}}).problem("other_key")
}

// takesPartAnd has g take part, and do something.
func (g *guest) takesPartAnd(do func() answered) answered {
	g.Helper()
	g.takesPart()
	return do()
}

// TestDiscoveryNames refuses what is none, names all of it, and counts it.
func TestDiscoveryNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	key := ada.takesPart().Key
	where := func(a answered) (out string) {
		var p Problem
		a.problem("invalid").into(&p)
		for _, e := range p.Errors {
			out += e.Location + " "
		}
		return out
	}
	good, err := group.Ristretto255.HashToElement([]byte("ada"), nil).MarshalBinary()
	h.must(err)
	identity, wild := make([]byte, 32), bytes.Repeat([]byte{0xff}, 32)
	if got := where(ada.call("POST", "/api/v1/discovery/evaluate", Blinded{key, []signal.Bytes{identity, good, wild, good[1:]}})); got != "body.blinded[0] body.blinded[2] body.blinded[3] " {
		t.Errorf("wrong are %s", got)
	}
	if d := ada.stands(); d.Budget.Left != discover.BudgetMax-4 {
		t.Errorf("what is none costs: %+v", d.Budget)
	}
	ada.call("POST", "/api/v1/discovery/evaluate", Blinded{key, []signal.Bytes{}}).problem("bad_request")
	many := make([]signal.Bytes, discover.BatchMax+1)
	for i := range many {
		many[i] = good
	}
	ada.call("POST", "/api/v1/discovery/evaluate", Blinded{key, many}).problem("bad_request")
	if got := where(ada.call("PUT", "/api/v1/discovery/list", DiscoveryList{key, []signal.Bytes{good[1:], good, nil}})); got != "body.values[0] body.values[2] " {
		t.Errorf("wrong are %s", got)
	}
	if d := ada.stands(); d.Budget.Left != discover.BudgetMax-4 || d.Listed != 0 {
		t.Errorf("what is not taken costs nothing: %+v", d)
	}
}

// Who has verified an address is found by it, by whoever lists it, and not by one
// that is not theirs any more.
func TestDiscoveryByAddress(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	bo.called("bo_n")
	ada.takesPart()
	bo.takesPart()
	ada.call("PUT", "/api/v1/me/address", NewAddress{"ada@example.org"}).is(200)
	code := codeIn(t, relay.Next())
	adas := bo.valuesOf("mail:ada@example.org")
	ada.wantsToFind(ada.valuesOf("handle:bo_n")...).is(204)
	bo.wantsToFind(adas...).is(204)
	if found, _ := bo.hasFound(); found != "" {
		t.Errorf("by an address that is not verified is found %q", found)
	}
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{code}).is(200)
	if mine := ada.stands().Mine; !slices.Equal(mine, []discover.Kind{discover.Mail}) {
		t.Errorf("Ada is found by %v", mine)
	}
	bo.wantsToFind(adas...).is(204)
	if found, _ := bo.hasFound(); found != "Ada" {
		t.Errorf("found %q", found)
	}
	ada.proves(relay, "ada@elsewhere.example.org")
	if found, _ := bo.hasFound(); found != "" {
		t.Errorf("by an address of before is found %q", found)
	}
	ada.call("DELETE", "/api/v1/me/address", nil).is(204)
	if mine := ada.stands().Mine; len(mine) > 0 {
		t.Errorf("Ada is found by %v", mine)
	}
}

// TestPhoneEnumeration asks for ten thousand, as who wants to know who is here
// would (A24).
func TestPhoneEnumeration(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	h.at(now)
	eve := h.first("Eve")
	key := eve.takesPart().Key
	element, err := group.Ristretto255.HashToElement([]byte("0170 1234567"), nil).MarshalBinary()
	h.must(err)
	batch := Blinded{Key: key}
	for range discover.BatchMax {
		batch.Blinded = append(batch.Blinded, element)
	}
	got := 0
	for range 10_000 / discover.BatchMax {
		now = now.Add(2 * time.Second) // slower than what is too often anyway
		h.at(now)
		a := eve.call("POST", "/api/v1/discovery/evaluate", batch)
		if a.status == http.StatusOK {
			got += len(batch.Blinded)
			continue
		}
		a.problem("budget_spent")
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 24*60*60 {
			t.Fatalf("ask again after %d s", wait)
		}
	}
	if got != discover.BudgetMax {
		t.Errorf("%d of ten thousand", got)
	}
	for _, again := range []func(){func() { // off and on is no way around
		eve.call("DELETE", "/api/v1/discovery", nil).is(204)
		eve.takesPart()
	}, func() {}} {
		again()
		batch.Blinded = batch.Blinded[:1]
		eve.call("POST", "/api/v1/discovery/evaluate", batch).problem("budget_spent")
	}
	now = now.Add(24 * time.Hour)
	h.at(now)
	if left := eve.stands().Budget.Left; left != discover.BudgetDaily {
		t.Errorf("a day later there are %d", left)
	}
	eve.call("POST", "/api/v1/discovery/evaluate", batch).is(200)
	if found, _ := eve.hasFound(); found != "" {
		t.Errorf("found %s", found)
	}
}

// TestNoShadows lists people who have no account, or do not take part, and looks for
// anything of them in all that the house has written (A28, A29).
func TestNoShadows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.called("ada")
	bo.called("bob")
	cy.called("cyy")
	ada.takesPart()
	bo.takesPart()
	names := []string{"handle:bob", "handle:cyy", "handle:zoe_unknown", "mail:zoe@unknown.example"}
	values := ada.valuesOf(names...)
	ada.wantsToFind(values...).is(204)
	bo.wantsToFind(bo.valuesOf("mail:zoe@unknown.example", "handle:zoe_unknown")...).is(204)
	ada.call("GET", "/api/v1/discovery/matches", nil).is(200)
	ada.call("GET", "/api/v1/me/export", nil).is(200)

	read := func() (all []byte) {
		for _, end := range []string{"", "-wal"} {
			text, err := os.ReadFile(h.records + end)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
		return append(all, h.log.String()...)
	}
	all := read()
	for i, name := range names {
		_, plain, _ := strings.Cut(name, ":")
		v := values[i]
		for form, looked := range map[string][]byte{
			"raw": v, "hex": []byte(hex.EncodeToString(v)), "base64url": []byte(base64.RawURLEncoding.EncodeToString(v)),
			"base64": []byte(base64.RawStdEncoding.EncodeToString(v)), "in clear": []byte(plain),
		} {
			// Bo takes part, so their value is there, as it would be if nobody had
			// listed them; in one form.
			if is, ought := bytes.Contains(all, looked), i == 0 && form == "raw"; is != ought {
				t.Errorf("%s, %s: there is %t, want %t", name, form, is, ought)
			}
		}
	}

	// Nor is it there when Bo is gone.
	bo.call("DELETE", "/api/v1/discovery", nil).is(204)
	h.closeRecords()
	if bytes.Contains(read(), values[0]) {
		t.Error("what was Bo's is still there")
	}
}

// TestDiscoverySteps answers what depends on who is listed in whole steps.
func TestDiscoverySteps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	ada.takesPart()
	began := time.Now()
	ada.call("GET", "/api/v1/discovery/matches", nil).is(200)
	if took := time.Since(began); took < discoveryStep {
		t.Errorf("it took %v", took)
	}
}

// called is by what people are known, and counts how often it is asked.
type called struct {
	of    discover.Identifiers
	times atomic.Int32
}

func (c *called) Identifiers(ctx context.Context, who id.Person) ([]string, error) {
	c.times.Add(1)
	return c.of.Identifiers(ctx, who)
}

// How somebody stands to discovery is told without asking twice by what they are known.
func TestKnownOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	asked := &called{of: h.people}
	secret := func(ctx context.Context) ([]byte, error) { return h.keys.Secret(ctx, keyring.ForDiscovery) }
	h.api.Discovery = discover.New(h.store, discover.Config{Identifiers: asked, Blocks: h.people, Secret: secret, Clock: h.clock})
	ada := h.first("Ada")
	ada.called("ada")
	for _, on := range []bool{false, true, true} {
		if on {
			ada.takesPart()
		}
		asked.times.Store(0)
		if d := ada.stands(); d.On != on || !slices.Equal(d.Mine, []discover.Kind{discover.Handle}) {
			t.Errorf("Ada stands so: %+v", d)
		}
		if n := asked.times.Load(); n != 1 {
			t.Errorf("asked %d times by what she is known, who takes part: %v", n, on)
		}
	}
}
