package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// A ledger is who has which role in a room, by what the house has told anybody:
// what it has told, it must not lose.
type ledger struct {
	mu     sync.Mutex // guards the rest
	from   map[string]string
	seq    uint64 // that from is of
	events map[uint64]entry
}

// An entry is an event that changes a role; none: they are gone.
type entry struct{ who, role string }

// begin takes in the room as the first one saw it.
func (l *ledger) begin(v stoa.View) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events != nil {
		return
	}
	l.from, l.seq, l.events = make(map[string]string), v.Seq, make(map[uint64]entry)
	for _, p := range v.People {
		l.from[p.Who] = p.Role
	}
}

// roleAfter is the role that somebody has after an event of a name.
var roleAfter = map[string]string{
	"entered": "listener", "stepped_up": "speaker", "stepped_down": "listener", "made_moderator": "moderator", "left": "",
}

// add takes in an event that somebody was told of.
func (l *ledger) add(e stoa.Event) {
	role, known := roleAfter[e.Name]
	if !known {
		return
	}
	var body struct{ Who string }
	if json.Unmarshal(e.Body, &body) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Seq > l.seq && l.events != nil {
		l.events[e.Seq] = entry{body.Who, role}
	}
}

// roles are those that there must be now.
func (l *ledger) roles() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := maps.Clone(l.from)
	for _, seq := range slices.Sorted(maps.Keys(l.events)) {
		if e := l.events[seq]; e.role == "" {
			delete(out, e.who)
		} else {
			out[e.who] = e.role
		}
	}
	return out
}

// differ says who on the stage has another role than they should, if anybody.
func differ(want, got map[string]string) error {
	var wrong []string
	all := maps.Clone(want)
	maps.Copy(all, got)
	for who := range all {
		if want[who] != got[who] && (onStage(want[who]) || onStage(got[who])) {
			wrong = append(wrong, fmt.Sprintf("a %s should be a %s", orNobody(got[who]), orNobody(want[who])))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%d roles are not as was told: %s", len(wrong), strings.Join(wrong, ", "))
}

func onStage(role string) bool { return role == "speaker" || role == "moderator" }

func orNobody(role string) string {
	if role == "" {
		return "nobody"
	}
	return role
}
