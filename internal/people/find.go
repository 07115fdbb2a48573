package people

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// FoundMax is how many people a search finds at most.
const FoundMax = 20

// Bounds of what is done beside: how many people are compared with the index together,
// and how long is rested after them at most.
const (
	reindexMost = 500
	restMost    = 200 * time.Millisecond
)

type (
	// An Index finds people by what they are called. What is in it can be made
	// anew from the records and the keys at any time (docs/adr/0069).
	Index interface {
		// Put writes entries in the place of what there was of the same people,
		// unless that is of a later version.
		Put(ctx context.Context, entries []Entry) error
		// Drop forgets people, and leaves no byte of what they are called.
		Drop(ctx context.Context, who []id.Person) error
		// Of returns the entry of somebody, if there is one.
		Of(ctx context.Context, who id.Person) (Entry, bool, error)
		// After returns of which version the entries after a person are, in the
		// order of their ids, at most so many.
		After(ctx context.Context, after id.Person, most int) ([]Indexed, error)
		// Find returns at most so many people with words that begin as those of
		// text do: those of known first, then those whom everybody may find.
		Find(ctx context.Context, text string, known []id.Person, most int) ([]id.Person, error)
	}
	// An Entry is what one is found by.
	Entry struct {
		Indexed

		Name, Handle string
		Findable     bool // by everybody
	}
	// Indexed is of which version an entry is.
	Indexed struct {
		Person  id.Person
		Version int64
	}
)

// Find returns the people who are called so, for viewer: first who has exactly
// that handle, then those whom viewer follows or who follow them, then those who
// want to be found by everybody. Who has blocked viewer is not found.
func (p *People) Find(ctx context.Context, viewer id.Person, text string) ([]Profile, error) {
	var found []id.Person
	switch who, err := p.ByHandle(ctx, text); {
	case err == nil:
		found = append(found, who)
	case !errors.Is(err, ErrNoPerson):
		return nil, err
	}
	known, err := p.store.Related(ctx, viewer, ListMax)
	if err != nil {
		return nil, err
	}
	others, err := p.config.Index.Find(ctx, text, known, FoundMax)
	if err != nil {
		return nil, err
	}
	for _, who := range others {
		if !slices.Contains(found, who) {
			found = append(found, who)
		}
	}
	if found, err = p.withoutBlockers(ctx, viewer, found); err != nil {
		return nil, err
	}
	found = found[:min(len(found), FoundMax)]
	seen, err := p.Profiles(ctx, viewer, found)
	if err != nil {
		return nil, err
	}
	out := make([]Profile, 0, len(found))
	for _, who := range found {
		if one, there := seen[who]; there && who != viewer { // who is not is erased at this moment
			out = append(out, one)
		}
	}
	return out, nil
}

// withoutBlockers returns some without those who have blocked viewer.
func (p *People) withoutBlockers(ctx context.Context, viewer id.Person, some []id.Person) ([]id.Person, error) {
	blockers, err := p.BlockersAmong(ctx, viewer, some)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(some, func(who id.Person) bool { return slices.Contains(blockers, who) }), nil
}

// index writes what who is found by, of a version. When it fails, who is found by
// what they were called before until the next Reindex.
func (p *People) index(ctx context.Context, who id.Person, version int64, w Written) {
	err := p.config.Index.Put(ctx, []Entry{{Indexed{who, version}, w.Name, w.Handle, w.Findable}})
	if err != nil {
		p.unindexed.Store(true)
	}
}

// Reindex brings the index up to date, and returns how many entries were not. It
// goes over all people, unless only what failed is to be mended and nothing has, and
// leaves half of the time to those who ask for something meanwhile.
func (p *People) Reindex(ctx context.Context, failed bool) (n int, err error) {
	if failed && !p.unindexed.Load() {
		return 0, nil
	}
	p.unindexed.Store(false) // whatever fails from now on is another time
	defer func() {
		if err != nil {
			p.unindexed.Store(true)
		}
	}()
	var after id.Person
	for {
		began := time.Now()
		all, err := p.store.ProfilesAfter(ctx, after, reindexMost)
		if err != nil {
			return n, err
		}
		last := len(all) < reindexMost
		to := lastPerson
		if !last {
			to = all[len(all)-1].ID
		}
		changed, err := p.compare(ctx, after, to, all)
		n += changed
		if err != nil || last {
			return n, err
		}
		after = to
		select {
		case <-ctx.Done():
			return n, ctx.Err()
		case <-time.After(min(time.Since(began), restMost)):
		}
	}
}

// lastPerson is after whom there is nobody.
var lastPerson = func() (last id.Person) {
	for i := range last {
		last[i] = 0xff
	}
	return last
}()

// compare brings the entries after one person, up to another, up to date with all
// the people there are between.
func (p *People) compare(ctx context.Context, after, to id.Person, all []Person) (int, error) {
	has := make(map[id.Person]int64, len(all))
	for from := after; ; {
		page, err := p.config.Index.After(ctx, from, reindexMost)
		if err != nil {
			return 0, err
		}
		for _, e := range page {
			if compareIDs(e.Person, to) <= 0 {
				has[e.Person] = e.Version
			}
		}
		if len(page) < reindexMost || compareIDs(page[len(page)-1].Person, to) > 0 {
			break
		}
		from = page[len(page)-1].Person
	}
	var put []Entry
	for i := range all {
		who := &all[i]
		version, is := has[who.ID]
		delete(has, who.ID)
		if is && version == who.Version {
			continue
		}
		w, err := p.written(ctx, who)
		if err != nil {
			return 0, err
		}
		if w.Name != unreadable {
			put = append(put, Entry{Indexed{who.ID, who.Version}, w.Name, w.Handle, w.Findable})
		}
	}
	var gone []id.Person
	for who := range has {
		gone = append(gone, who)
	}
	return len(put) + len(gone), errors.Join(p.config.Index.Put(ctx, put), p.config.Index.Drop(ctx, gone))
}

func compareIDs(a, b id.Person) int { return slices.Compare(a[:], b[:]) }
