package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Who comes into a fenced room learns of the nodes inside it and of no other,
// before there is anything that could be measured; and where nobody is left
// inside, nobody is let in, and is told why.
func TestFenceIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	berlin, chicago := region.Place{Region: "eu", Operator: "one"}, region.Place{Region: "us", Operator: "two"}
	known := []NodeAt{
		{ID: id.New[id.Node](), Region: "eu", Operator: "one", URL: "https://eu.example", Here: true},
		{ID: id.New[id.Node](), Region: "us", Operator: "two", URL: "https://us.example"},
		{ID: id.New[id.Node](), Region: "eu", Operator: "two", URL: "https://eu-two.example"},
	}
	h.api.Place = berlin
	h.api.Nodes = func(f region.Fence, _ id.Session) (out []NodeAt) {
		for _, n := range known {
			if f.Allows(region.Place{Region: n.Region, Operator: n.Operator}) {
				out = append(out, n)
			}
		}
		return out
	}
	ada := h.first("Ada")
	grant := func(name id.Room, accept string) answered {
		return ada.call("POST", "/api/v1/rooms/"+name.String()+"/grants", body{}, "Accept-Language", accept)
	}
	open := ada.open("open")
	if got := string(grant(open, "en").body); !strings.Contains(got, "us.example") || !strings.Contains(got, "eu-two.example") {
		t.Errorf("without a fence: %s", got)
	}
	ada.sit(open).done("set_fence", body{"to": "eu"})
	got := grant(open, "en")
	var granted Grant
	h.must(json.Unmarshal(got.body, &granted))
	if len(granted.Nodes) != 2 || strings.Contains(string(got.body), "us.example") {
		t.Errorf("with a fence: %s", got.body)
	}
	h.api.Place = chicago // the house was moved
	for language, want := range map[string]string{"en": "nothing goes outside", "de": "nach draußen geht nichts"} {
		got := grant(open, language)
		if got.problem("fence_closed"); !strings.Contains(string(got.body), want) || strings.Contains(string(got.body), "example") {
			t.Errorf("with nobody inside: %s", got.body)
		}
	}
}
