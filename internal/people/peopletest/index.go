package peopletest

import (
	"context"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// NoIndex is an index by which nobody is found.
type NoIndex struct{}

var _ people.Index = NoIndex{}

// Put implements people.Index.
func (NoIndex) Put(context.Context, []people.Entry) error { return nil }

// Drop implements people.Index.
func (NoIndex) Drop(context.Context, []id.Person) error { return nil }

// Of implements people.Index.
func (NoIndex) Of(context.Context, id.Person) (people.Entry, bool, error) {
	return people.Entry{}, false, nil
}

// After implements people.Index.
func (NoIndex) After(context.Context, id.Person, int) ([]people.Indexed, error) { return nil, nil }

// Find implements people.Index.
func (NoIndex) Find(context.Context, string, []id.Person, int) ([]id.Person, error) { return nil, nil }
