package crowd

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status, after int
		want          time.Duration // 0: a failure
	}{
		{429, 3, 3 * time.Second},
		{503, 0, 0}, // does not say when
		{429, 0, 0},
		{503, 3600, retryMax},
		{404, 3, 0},
		{500, 0, 0},
	} {
		var r *refusal
		err := refused("a call", c.status, c.after, "why")
		if errors.As(err, &r) != (c.want > 0) || r != nil && r.after != c.want {
			t.Errorf("%d with Retry-After %d: %v", c.status, c.after, err)
		}
	}
}

// Who is told to come later does so, and whoever is turned away does not.
func TestComeAgain(t *testing.T) {
	var calls []time.Time
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("stoa_session"); err != nil || c.Value != "token" || !strings.HasPrefix(r.URL.Path, "/api/v1/rooms/") {
			t.Errorf("%s %s as %v", r.Method, r.URL, c)
		}
		if calls = append(calls, time.Now()); len(calls) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer node.Close()
	c := &crowd{Plan: Plan{Joining: 1}, house: newHouse(node.URL, 1)}
	refused, _, err := c.come(t.Context(), make(chan struct{}, 1), Person{Token: "token"}, 0)
	if refused != 1 || err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("refused %d times, then %v", refused, err)
	}
	if len(calls) != 2 || calls[1].Sub(calls[0]) < time.Second {
		t.Errorf("called at %v", calls)
	}
}
