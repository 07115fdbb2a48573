package mail

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/mail/mailtest"
)

func to(r *mailtest.Relay) Relay {
	return Relay{
		Host: "localhost", Port: r.Port, Security: StartTLS, Roots: r.Roots, House: "stoa.example",
		From: mail.Address{Name: "Stoa", Address: "stoa@stoa.example"}, User: mailtest.User, Password: mailtest.Password,
	}
}

func hello() Message {
	return Message{To: "ada@example.org", Subject: "Grüße – Stoa", Text: "Hallo, wie schön!\n" + strings.Repeat("x", 300) + "\n.\nEnde\n"}
}

// What is sent is plain text to one address, by TLS, and says nothing of this
// machine.
func TestSent(t *testing.T) {
	relay := mailtest.New(t, true)
	r, m := to(relay), hello()
	m.Unsubscribe = "https://stoa.example/api/v1/mail/unsubscribe?token=x"
	if err := r.send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	got := relay.Next()
	if got.To != m.To || got.Text != m.Text || !got.Secure || !got.SignIn {
		t.Errorf("came %+v", got)
	}
	for header, want := range map[string]string{
		"From": `"Stoa" <stoa@stoa.example>`, "To": "<ada@example.org>", "Auto-Submitted": "auto-generated",
		"List-Unsubscribe": "<" + m.Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Content-Type": "text/plain; charset=UTF-8", "Mime-Version": "1.0",
	} {
		if has := got.Header.Get(header); has != want {
			t.Errorf("%s: %q, want %q", header, has, want)
		}
	}
	for header := range got.Header {
		switch header {
		case "From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post":
		default:
			t.Errorf("it says %s: %s", header, got.Header.Get(header))
		}
	}
	if id := got.Header.Get("Message-Id"); !strings.HasSuffix(id, "@stoa.example>") {
		t.Errorf("named %s", id)
	}
	for line := range strings.Lines(got.Encoded) {
		if len(line) > 1000 || strings.TrimRight(line, "\r\n\t\x20") != "" && len(line) > 200 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// Nothing is said in clear, or to whom nobody knows, or to who does not know us.
func TestInsecure(t *testing.T) {
	secure, clear := mailtest.New(t, true), mailtest.New(t, false)
	for name, change := range map[string]func(*Relay){
		"in clear":              func(r *Relay) { r.Port = clear.Port },
		"another root":          func(r *Relay) { r.Roots = x509.NewCertPool() },
		"another name":          func(r *Relay) { r.Host = "127.0.0.1" },
		"TLS at once, not here": func(r *Relay) { r.Security = Implicit },
		"another password":      func(r *Relay) { r.Password = "x" },
		"a password in clear":   func(r *Relay) { r.Security, r.Port = Clear, clear.Port },
		"nobody there":          func(r *Relay) { r.Port = 1 },
	} {
		r, m := to(secure), hello()
		change(&r)
		if err := r.send(t.Context(), &m); !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := secure.Tried() + clear.Tried(); n != 0 {
		t.Errorf("an address was told %d times", n)
	}
	r, m := to(clear), hello()
	r.Security, r.User = Clear, ""
	if err := r.send(t.Context(), &m); err != nil { // on this machine, when it is wanted
		t.Error(err)
	}
}

func TestParseRelay(t *testing.T) {
	for text, want := range map[string]Security{
		"mail.example:465": Implicit, "mail.example:587": StartTLS, "mail.example:25": StartTLS, "localhost:25": Clear,
		"127.0.0.1:2525": Clear, "[::1]:25": Clear, "localhost:465": Implicit, "127.0.0.1.example:25": StartTLS, "10.0.0.1:25": StartTLS,
	} {
		if r, err := ParseRelay(text); err != nil || r.Security != want {
			t.Errorf("%s: %v, %v", text, r.Security, err)
		}
	}
	for _, text := range []string{"", "mail.example", ":25", "mail.example:", "mail.example:x", "mail.example:0", "mail.example:70000"} {
		if _, err := ParseRelay(text); !errors.Is(err, ErrRelay) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Nothing that comes from people makes a line of its own above the text.
func TestInjection(t *testing.T) {
	relay := mailtest.New(t, true)
	r := to(relay)
	for name, change := range map[string]func(*Message){
		"address": func(m *Message) { m.To = "ada@example.org\r\nBcc: bo@example.org" },
		"subject": func(m *Message) { m.Subject = "x\nBcc: bo@example.org" },
		"link":    func(m *Message) { m.Unsubscribe = "https://x\r\nBcc: bo@example.org" },
	} {
		m := hello()
		change(&m)
		if err := r.send(t.Context(), &m); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	v := Voice{House: "House\r\nBcc: bo@example.org", URL: "https://stoa.example"}
	for _, m := range []Message{
		v.WriteCode("12345678"), v.WriteAlert(Passkey, time.Now()),
		v.WriteDigest(Digest{Things: 2, Lines: []string{"x\r\n.\r\nQUIT\r\nBcc: bo@example.org"}}, "https://stoa.example/u"),
	} {
		m.To = "ada@example.org"
		if err := r.send(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
		if got := relay.Next(); got.Header.Get("Bcc") != "" || got.To != m.To || !strings.Contains(got.Text, "-- \nHouse Bcc") {
			t.Errorf("came %+v", got)
		}
	}
	for _, address := range []string{`"a b"@example.org`, "<ada@example.org>", "ada@example.org, bo@example.org", "ada@example.org>\x00"} {
		m := hello()
		m.To = address
		if err := r.send(t.Context(), &m); err == nil {
			if got := relay.Next(); strings.Contains(got.To, ",") || got.Header.Get("Bcc") != "" {
				t.Errorf("%q went to %s", address, got.To)
			}
		}
	}
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run runs an outbox with short waits.
func run(t *testing.T, r Relay, change ...func(*Config)) (*Outbox, *lockedLog) {
	t.Helper()
	log := new(lockedLog)
	c := Config{Relay: r, Daily: 100, Clock: time.Now, Log: slog.New(slog.NewTextHandler(log, nil))}
	for _, change := range change {
		change(&c)
	}
	o := New(c)
	o.firstWait, o.maxWait = 20*time.Millisecond, 50*time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		if text := log.String(); strings.Contains(text, "ada@") || strings.Contains(text, mailtest.Password) {
			t.Errorf("the log says %s", text)
		}
	})
	return o, log
}

// What is refused for now goes later, and what is refused is not tried again.
func TestAgain(t *testing.T) {
	relay := mailtest.New(t, true)
	relay.Answer(451, 450, 0, 550)
	o, _ := run(t, to(relay))
	outcome := make(chan error, 2)
	m := hello()
	m.Done = func(err error) { outcome <- err }
	if err := o.Post(m); err != nil {
		t.Fatal(err)
	}
	relay.Next()
	if err := <-outcome; err != nil {
		t.Errorf("sent, and is %v", err)
	}
	if err := o.Post(m); err != nil {
		t.Fatal(err)
	}
	if err := <-outcome; !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "@") {
		t.Errorf("refused, and is %v", err)
	}
	relay.None(100 * time.Millisecond)
	if c := o.Counts(); c != (Counts{Sent: 1, Again: 2, Refused: 1}) || relay.Tried() != 4 {
		t.Errorf("%+v after %d", c, relay.Tried())
	}
}

// While the relay cannot be had all wait, which is said once; what is worth nothing
// any more does not go.
func TestAway(t *testing.T) {
	relay := mailtest.New(t, true)
	r := to(relay)
	r.Roots = x509.NewCertPool()
	o, log := run(t, r)
	outcome := make(chan error, 1)
	late := hello()
	late.Until, late.Done = time.Now().Add(100*time.Millisecond), func(err error) { outcome <- err }
	if err := errors.Join(o.Post(late), o.Post(hello())); err != nil {
		t.Fatal(err)
	}
	if err := <-outcome; !errors.Is(err, ErrLate) {
		t.Errorf("%v", err)
	}
	if c := o.Counts(); c.Sent != 0 || c.Again == 0 || c.Late != 1 {
		t.Errorf("%+v", c)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "cannot be had") {
		t.Errorf("the log says %s", text)
	}
}

// A relay that says nothing is left alone.
func TestSlow(t *testing.T) {
	relay := mailtest.New(t, true)
	relay.Slow(time.Second)
	r, m := to(relay), hello()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := r.send(ctx, &m); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// So much goes in a day; a part of it is for what is urgent, which goes first.
func TestBounds(t *testing.T) {
	now := time.Unix(1e9, 0)
	o := New(Config{Daily: 10, Clock: func() time.Time { return now }})
	m, urgent := hello(), hello()
	urgent.Urgent = true
	for i := range 9 {
		if err := o.Post(m); (err != nil) != (i == 8) {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i := range 3 {
		if err := o.Post(urgent); (err != nil) != (i == 2) {
			t.Errorf("urgent %d: %v", i, err)
		}
	}
	if one, _ := o.take(); !one.Urgent {
		t.Error("what is urgent waits")
	}
	now = now.Add(24 * time.Hour)
	if err := o.Post(m); err != nil {
		t.Error(err)
	}
	if c := o.Counts(); c.Full != 2 || c.Waiting != 10 {
		t.Errorf("%+v", c)
	}
	o = New(Config{Daily: 1 << 20, Clock: func() time.Time { return now }})
	for o.Post(m) == nil {
	}
	for o.Post(urgent) == nil {
	}
	if c := o.Counts(); c.Waiting != waitingMax {
		t.Errorf("%d wait", c.Waiting)
	}
}

// All that is written is so in both languages, in short lines.
func TestWords(t *testing.T) {
	at := time.Date(2026, time.November, 29, 18, 5, 0, 0, time.UTC)
	for _, german := range []bool{false, true} {
		v := Voice{german, "Haus am See", "https://stoa.example"}
		all := []Message{
			v.WriteCode("12345678"), v.WriteDigest(Digest{Things: 1}, "https://stoa.example/u"),
			v.WriteDigest(Digest{Things: 3, Lines: []string{"Ada ist auf einer Bühne: Tee", strings.Repeat("wort ", 40)}}, "https://stoa.example/u"),
			v.WriteDigest(Digest{Talks: 1}, "https://stoa.example/u"), v.WriteDigest(Digest{Talks: 2}, "https://stoa.example/u"),
			v.WriteDigest(Digest{Things: 1, Talks: 1}, "https://stoa.example/u"),
		}
		for _, a := range []Alert{SignedIn, Recovered, Passkey, Moved, Removed, Erased} {
			all = append(all, v.WriteAlert(a, at))
		}
		seen := make(map[string]bool)
		for _, m := range all {
			if seen[m.Subject] || !strings.HasSuffix(m.Subject, "– Haus am See") || strings.Contains(m.Text, "%!") {
				t.Errorf("%q\n%s", m.Subject, m.Text)
			}
			seen[m.Subject] = true
			for line := range strings.Lines(m.Text) {
				if len([]rune(line)) > lineMax+1 && !strings.Contains(line, "https://") {
					t.Errorf("long: %q", line)
				}
			}
		}
		for i, has := range map[int][2]bool{1: {true, false}, 3: {false, true}, 4: {false, true}, 5: {true, true}} {
			if got := [2]bool{strings.Contains(all[i].Text, "/activity"), strings.Contains(all[i].Text, "/messages")}; got != has {
				t.Errorf("it leads elsewhere: %s", all[i].Text)
			}
		}
		if wrote := map[bool]string{false: "Somebody has written to you.", true: "Jemand hat dir geschrieben."}[german]; !strings.Contains(all[3].Text, wrote) || !strings.Contains(all[5].Text, wrote) {
			t.Errorf("%s\n%s", all[3].Text, all[5].Text)
		}
		if len(all[1].Text) < 50 || all[1].Unsubscribe == "" || strings.Contains(all[1].Text, "Ada") {
			t.Errorf("%+v", all[1])
		}
	}
}
