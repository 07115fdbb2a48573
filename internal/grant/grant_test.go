package grant

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// A vector of the PASETO specification, 4-S-1.
const (
	vectorSeed    = "b4cbfb43df4ce210727d953e4a713307fa19bb7d9f85041438d9e11b942a3774"
	vectorPayload = `{"data":"this is a signed message","exp":"2022-01-01T00:00:00+00:00"}`
	vectorToken   = "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9" +
		"bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQEDA"
)

// token is what example signed by the keys of seed is. Clients may keep such
// texts for a minute, so a change of the form breaks them.
const token = "v4.public.eyJqdGkiOiIwNDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCIsInN1YiI6IjA4MDAwMDAwMDAwMDAwMDAwMDAwMDAwMD" +
	"AwIiwibmFtZSI6IkzDrWEgXHUwMDNjMyIsInJvb20iOiIwYzAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCIsInNlc3Npb24iOiIwZz" +
	"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCIsImV4cCI6IjIwMjYtMTEtMjNUMTI6MDE6MDBaIn0NxqIKcv0n3WjFfU2jG1rtFndVck" +
	"m1ZC9Ii-oYKRabPXaRn894kMIJsKQw-jSaQHR7BP2zXXRQjMHeGKhaOuQK"

var example = Grant{
	ID: ID{1}, Person: id.Person{2}, Name: "Lía <3", Room: id.Room{3}, Session: id.Session{4},
	Expires: noon.Add(Life),
}

func keys(t testing.TB, seed byte) *Keys {
	t.Helper()
	k, err := New(bytes.Repeat([]byte{seed}, SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVector(t *testing.T) {
	seed, err := hex.DecodeString(vectorSeed)
	if err != nil {
		t.Fatal(err)
	}
	k, err := New(seed)
	if err != nil {
		t.Fatal(err)
	}
	if got := seal(k.secret, []byte(vectorPayload)); got != vectorToken {
		t.Errorf("sealed as %s", got)
	}
	if got, err := open(k.public, vectorToken, false); err != nil || string(got) != vectorPayload {
		t.Errorf("opened as %s, %v", got, err)
	}
	if _, err := k.Check(vectorToken, noon); !errors.Is(err, ErrGrant) {
		t.Errorf("what is signed and no grant: %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	k := keys(t, 7)
	if got := k.Sign(example); got != token {
		t.Errorf("signed as %s", got)
	}
	g, err := k.Check(token, noon)
	if err != nil || g != example {
		t.Errorf("came back as %+v, %v", g, err)
	}
	east := example
	east.Expires = example.Expires.In(time.FixedZone("east", 3600))
	if got := k.Sign(east); got != token {
		t.Errorf("signed in the east as %s", got)
	}
}

// The longest name there is fits.
func TestLongName(t *testing.T) {
	k, g := keys(t, 7), example
	for _, letter := range []string{"<", "𐍈", "\""} {
		g.Name = strings.Repeat(letter, 60)
		if got, err := k.Check(k.Sign(g), noon); err != nil || got != g {
			t.Errorf("%s came back as %+v, %v", letter, got, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	k := keys(t, 7)
	forged := func(change func(g *Grant)) string {
		g := example
		change(&g)
		return k.Sign(g)
	}
	flip := func(i int) string {
		b := []byte(token)
		b[i] ^= 1
		return string(b)
	}
	for about, test := range map[string]struct {
		token string
		now   time.Time
	}{
		"nothing":              {"", noon},
		"only the header":      {header, noon},
		"another purpose":      {strings.Replace(token, "public", "local.", 1), noon},
		"another version":      {strings.Replace(token, "v4", "v3", 1), noon},
		"changed claims":       {flip(20), noon},
		"changed signature":    {flip(len(token) - 20), noon},
		"the keys of another":  {keys(t, 8).Sign(example), noon},
		"a footer":             {token + ".e30", noon},
		"padding":              {token + "==", noon},
		"a new line":           {token + "\n", noon},
		"too long":             {token + strings.Repeat("A", tokenMax), noon},
		"expired":              {token, noon.Add(Life)},
		"good for too long":    {token, noon.Add(-time.Millisecond)},
		"no id":                {forged(func(g *Grant) { g.ID = ID{} }), noon},
		"nobody":               {forged(func(g *Grant) { g.Person = id.Person{} }), noon},
		"nowhere":              {forged(func(g *Grant) { g.Room = id.Room{} }), noon},
		"no connection":        {forged(func(g *Grant) { g.Session = id.Session{} }), noon},
		"no time":              {forged(func(g *Grant) { g.Expires = time.Time{} }), noon},
		"signed, and no JSON":  {seal(k.secret, []byte("jti")), noon},
		"signed, and too much": {seal(k.secret, []byte(`{"admin":true}`)), noon},
		"signed nothing":       {seal(k.secret, nil), noon},
	} {
		if g, err := k.Check(test.token, test.now); !errors.Is(err, ErrGrant) {
			t.Errorf("%s: %+v, %v", about, g, err)
		}
	}
	for n := range len(token) {
		if _, err := k.Check(token[:n], noon); !errors.Is(err, ErrGrant) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
}

func TestSpend(t *testing.T) {
	k := keys(t, 7)
	spend := func(g Grant, after time.Duration, want error) {
		t.Helper()
		if err := k.Spend(g, noon.Add(after)); !errors.Is(err, want) {
			t.Errorf("after %v: got %v, want %v", after, err, want)
		}
	}
	spend(example, 0, nil)
	spend(example, 0, ErrGrant)
	spend(example, Life, ErrGrant)

	other := example
	other.ID, other.Expires = ID{9}, noon.Add(2*Life-time.Second)
	spend(other, Life-time.Second, nil)
	third := other
	third.ID = ID{10}
	spend(third, Life, nil) // what was used before is the older half now
	spend(other, Life, ErrGrant)
	spend(third, Life, ErrGrant)
	spend(other, 2*Life-2*time.Second, ErrGrant)
	if len(k.spent.young)+len(k.spent.old) != 3 {
		t.Errorf("%d and %d are remembered", len(k.spent.young), len(k.spent.old))
	}

	late := example
	late.ID, late.Expires = ID{11}, noon.Add(time.Hour)
	spend(late, time.Hour-time.Second, nil)
	if len(k.spent.young)+len(k.spent.old) != 1 {
		t.Error("what expired long ago is remembered")
	}
	spend(late, 0, ErrGrant) // good for too long
}

func TestSpendIsBounded(t *testing.T) {
	k := keys(t, 7)
	g := example
	for n := range recentMax {
		g.ID = ID{byte(n), byte(n >> 8), byte(n >> 16), 1}
		if err := k.Spend(g, noon); err != nil {
			t.Fatal(err)
		}
	}
	g.ID = ID{2}
	if err := k.Spend(g, noon); !errors.Is(err, ErrGrant) {
		t.Errorf("one more than can be remembered: %v", err)
	}
}

// What was signed here is not verified again; what differs from it in one
// letter is.
func TestOwn(t *testing.T) {
	k, other := keys(t, 7), keys(t, 7)
	token := k.Sign(example)
	if !k.signed.knows(sha256.Sum256([]byte(token))) {
		t.Error("it is not known what was signed")
	}
	for _, keys := range []*Keys{k, other} {
		if got, err := keys.Check(token, noon); err != nil || got != example {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	for i := range len(token) {
		forged := []byte(token)
		forged[i] ^= 1
		if got, err := k.Check(string(forged), noon); err == nil {
			t.Fatalf("%s is %+v", forged, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, size := range []int{0, SeedSize - 1, SeedSize + 1, ed25519.PrivateKeySize} {
		if _, err := New(make([]byte, size)); err == nil {
			t.Errorf("a seed of %d bytes", size)
		}
	}
}

func FuzzCheck(f *testing.F) {
	k := keys(f, 7)
	f.Add(token)
	f.Add(vectorToken)
	f.Add(seal(k.secret, []byte(`{"exp":"9999-12-31T23:59:59Z"}`)))
	f.Fuzz(func(t *testing.T, text string) {
		g, err := k.Check(text, noon)
		if err == nil && k.Sign(g) != text {
			t.Fatalf("%s is the same grant as %s", text, k.Sign(g))
		}
		// The claims are not forged so easily; let us see what they can do.
		g, err = k.Check(seal(k.secret, []byte(text)), noon)
		if err == nil && (g.Expires.Sub(noon) > Life || g.Person.IsZero()) {
			t.Fatalf("%+v", g)
		}
	})
}

// Of those who come with one grant at the same time, one comes in.
func TestSpentOnceByMany(t *testing.T) {
	k := keys(t, 7)
	var in atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			g, err := k.Check(token, noon)
			if err == nil && k.Spend(g, noon) == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if n := in.Load(); n != 1 {
		t.Errorf("%d have come in by one grant", n)
	}
}
