package push_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/push"
	"github.com/stoa-audio/stoa/internal/push/pushtest"
)

func TestWhatIsSentIsForTheBrowserAlone(t *testing.T) {
	s, b := pushtest.NewService(t), pushtest.NewBrowser(t)
	lengths := make(map[int]bool)
	for _, text := range []string{"", "Aylin is on the stage", strings.Repeat("x", push.MessageMax)} {
		if err := s.Sender.Send(t.Context(), b.Subscribe(s.At("/wpush/abc")), push.Message{Text: []byte(text), Urgency: push.High, Life: time.Hour}); err != nil {
			t.Fatal(err)
		}
		got := s.Next()
		if is := b.Open(got.Body); is != text {
			t.Errorf("%q becomes %q", text, is)
		}
		lengths[len(got.Body)] = true
		h := got.Header
		if h.Get("Content-Encoding") != "aes128gcm" || h.Get("Ttl") != "3600" || h.Get("Urgency") != "high" {
			t.Errorf("%v", h)
		}
		s.Verify(got)
	}
	if len(lengths) != 1 {
		t.Errorf("messages can be told apart by their lengths: %v", lengths)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		after  string
		want   error
	}{
		{404, "", push.ErrGone},
		{410, "", push.ErrGone},
		{429, "120", push.Busy{After: 2 * time.Minute}},
		{429, "999999", push.Busy{After: time.Hour}},
		{503, "", push.Busy{After: time.Minute}},
	} {
		s := pushtest.NewService(t)
		s.Answer("/a", c.status, c.after)
		if err := s.Sender.Send(t.Context(), pushtest.NewBrowser(t).Subscribe(s.At("/a")), push.Message{}); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", c.status, err, c.want)
		}
	}
}

// Nothing is sent into the house's own network, and the log does not hear where a
// browser is.
func TestOnlyToPublicAddresses(t *testing.T) {
	s := pushtest.NewService(t)
	sender, err := push.New([]byte(strings.Repeat("k", 32)), pushtest.Contact)
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), pushtest.NewBrowser(t).Subscribe(s.At("/wpush/abc")), push.Message{})
	if err == nil || !strings.Contains(err.Error(), "not a public address") || len(s.Took) > 0 || strings.Contains(err.Error(), "wpush") {
		t.Errorf("%v, and %d arrived", err, len(s.Took))
	}
}

func TestSubscriptions(t *testing.T) {
	good := pushtest.NewBrowser(t).Subscribe("https://push.example/a")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*push.Subscription){
		"not https":           func(s *push.Subscription) { s.Endpoint = "http://push.example/a" },
		"no host":             func(s *push.Subscription) { s.Endpoint = "https:///a" },
		"a user":              func(s *push.Subscription) { s.Endpoint = "https://me@push.example/a" },
		"too long":            func(s *push.Subscription) { s.Endpoint += strings.Repeat("a", push.EndpointMax) },
		"this machine":        func(s *push.Subscription) { s.Endpoint = "https://127.0.0.1/a" },
		"a key off the curve": func(s *push.Subscription) { s.Key[64] ^= 1 },
		"no uncompressed key": func(s *push.Subscription) { s.Key[0] = 3 },
	} {
		s := good
		change(&s)
		if err := s.Check(); !errors.Is(err, push.ErrSubscription) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := pushtest.NewService(t)
	if err := s.Sender.Send(t.Context(), pushtest.NewBrowser(t).Subscribe(s.At("/a")), push.Message{Text: make([]byte, push.MessageMax+1)}); !errors.Is(err, push.ErrMessage) {
		t.Error(err)
	}
}
