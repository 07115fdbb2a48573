package hashcash

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// gate returns a gate, and the time there to move.
func gate(t *testing.T, bits, most int) (*Gate, *time.Time) {
	t.Helper()
	now := noon
	return New(bits, most, func() time.Time { return now }), &now
}

// solve returns an answer to c.
func solve(t *testing.T, c Challenge) uint32 {
	t.Helper()
	return find(t, c, func(zeros int) bool { return zeros >= c.Bits })
}

func find(t *testing.T, c Challenge, good func(zeros int) bool) uint32 {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(c.Text)
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint32(1000) {
		if good(Zeros(text, n)) {
			return n
		}
	}
	t.Fatal("no such counter among a thousand")
	return 0
}

func TestAnAnswerIsTakenOnce(t *testing.T) {
	t.Parallel()
	g, _ := gate(t, 2, 10)
	c := g.Ask()
	if c.Bits != 2 || !c.Expires.Equal(noon.Add(Life)) || len(c.Text) != textSize {
		t.Errorf("the challenge is %+v", c)
	}
	wrong := find(t, c, func(zeros int) bool { return zeros < c.Bits })
	if err := g.Take(c.Text, wrong); !errors.Is(err, ErrWork) {
		t.Errorf("a wrong answer: %v", err)
	}
	right := solve(t, c)
	if err := g.Take(c.Text, right); err != nil {
		t.Errorf("the answer: %v", err)
	}
	if err := g.Take(c.Text, right); !errors.Is(err, ErrWork) {
		t.Errorf("the answer once more: %v", err)
	}
}

func TestTwoAtOnceAreOne(t *testing.T) {
	t.Parallel()
	g, _ := gate(t, 0, 10)
	c := g.Ask()
	errs := make(chan error)
	for range 4 {
		go func() { errs <- g.Take(c.Text, 1) }()
	}
	taken := 0
	for range 4 {
		if err := <-errs; err == nil {
			taken++
		} else if !errors.Is(err, ErrWork) {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("one answer was taken %d times", taken)
	}
}

func TestChallengesOfOthers(t *testing.T) {
	t.Parallel()
	g, now := gate(t, 0, 10)
	other, _ := gate(t, 0, 10)
	c := g.Ask()
	raw, err := base64.RawURLEncoding.DecodeString(c.Text)
	if err != nil {
		t.Fatal(err)
	}
	text := func(change func([]byte)) string {
		b := append([]byte(nil), raw...)
		change(b)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, challenge := range map[string]string{
		"empty":               "",
		"no base64":           "!" + c.Text[1:],
		"short":               c.Text[:40],
		"long":                c.Text + c.Text + c.Text,
		"of before a restart": other.Ask().Text,
		"another end":         text(func(b []byte) { b[7]++ }),
		"easier":              text(func(b []byte) { b[8] ^= 1 }),
		"another name":        text(func(b []byte) { b[9]++ }),
		"another tag":         text(func(b []byte) { b[len(b)-1]++ }),
	} {
		if err := g.Take(challenge, 0); !errors.Is(err, ErrWork) {
			t.Errorf("%s: %v", name, err)
		}
	}
	*now = now.Add(Life)
	if err := g.Take(c.Text, 0); !errors.Is(err, ErrWork) {
		t.Errorf("after its end: %v", err)
	}
}

func TestManyMakeItHarder(t *testing.T) {
	t.Parallel()
	g, now := gate(t, 3, 10000)
	for _, c := range []struct{ accounts, bits int }{
		{31, 3}, {32, 4}, {63, 4}, {64, 5}, {1000, 8}, {1100, 9}, {5000, 9},
	} {
		for len(g.taken) < c.accounts {
			g.taken = append(g.taken, *now)
		}
		if got := g.Ask().Bits; got != c.bits {
			t.Errorf("after %d accounts in an hour a challenge takes %d bits, want %d", c.accounts, got, c.bits)
		}
	}
	*now = now.Add(time.Hour)
	if got := g.Ask().Bits; got != 3 {
		t.Errorf("an hour later it takes %d bits, want 3", got)
	}
}

func TestSoManyADay(t *testing.T) {
	t.Parallel()
	g, now := gate(t, 0, 2)
	take := func() error { return g.Take(g.Ask().Text, 0) }
	for range 2 {
		if err := take(); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(time.Hour)
	}
	var wait Wait
	if err := take(); !errors.As(err, &wait) || wait.After != 22*time.Hour {
		t.Errorf("a third: %v, %v", err, wait.After)
	}
	*now = now.Add(22 * time.Hour)
	if err := take(); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	if len(g.taken) != 2 || len(g.spent) != 1 {
		t.Errorf("it remembers %d answers and %d challenges", len(g.taken), len(g.spent))
	}
	none, _ := gate(t, 0, 0)
	if err := none.Take(none.Ask().Text, 0); !errors.As(err, &wait) {
		t.Errorf("where nobody may: %v", err)
	}
}

// The browser's half computes the same (sdk/ts/test/work.test.ts). The numbers are
// OpenSSL's.
func TestZeros(t *testing.T) {
	t.Parallel()
	challenge, err := hex.DecodeString("000000006a1d6d4003000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []int{0, 1, 7, 2, 1, 2, 2, 0} {
		if got := Zeros(challenge, uint32(n)); got != want {
			t.Errorf("of %d: %d, want %d", n, got, want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	challenge := make([]byte, headSize+randSize+tagSize)
	for b.Loop() {
		Zeros(challenge, 1)
	}
}
