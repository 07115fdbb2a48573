package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
	"github.com/stoa-audio/stoa/internal/text"
)

// FoundClub implements clubs.Store.
func (s *Store) FoundClub(ctx context.Context, c clubs.Club, who id.Person, judge func(clubs.Scene) error) error {
	return s.write(ctx, "found a club", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		scene := clubs.Scene{Whom: clubs.Place{Person: who}, By: clubs.Place{Person: who}, Known: true}
		if err := countOf(ctx, q, who, &scene); err != nil {
			return err
		}
		if err := judge(scene); err != nil {
			return refusal{err}
		}
		rules, err := json.Marshal(c.Rules)
		if err != nil {
			return err
		}
		created := millis(c.Created)
		if err := q.AddClub(ctx, query.AddClubParams{
			ID: c.ID[:], Name: c.Name, Folded: text.Folded(c.Name), About: c.About, Rules: string(rules), RulesVersion: c.RulesVersion,
			Joining: string(c.Joining), Rooms: string(c.Rooms), Listed: c.Listed, Language: c.Language,
			Version: c.Version, Created: created,
		}); err != nil {
			return err
		}
		if err := q.SetClubPlace(ctx, query.SetClubPlaceParams{
			Club: c.ID[:], Person: who[:], Standing: int64(clubs.Founder), Since: created,
		}); err != nil {
			return err
		}
		return q.CountClub(ctx, c.ID[:])
	})
}

// ChangeClub implements clubs.Store. Whom it is about is taken first, so that
// nobody else counts their clubs, and then the club.
func (s *Store) ChangeClub(
	ctx context.Context, club id.Club, by, whom id.Person, at time.Time, judge func(clubs.Scene) (clubs.Outcome, error),
) error {
	return s.write(ctx, "change a club", func(ctx context.Context, q *query.Queries) error {
		known := true
		if err := take(ctx, q, whom); errors.Is(err, people.ErrNoPerson) {
			known = false
		} else if err != nil {
			return err
		}
		row, err := q.TakeClub(ctx, club[:])
		if errors.Is(err, sql.ErrNoRows) {
			return refusal{clubs.ErrNone}
		}
		if err != nil {
			return err
		}
		scene, err := sceneOf(ctx, q, row, by, whom)
		if err != nil {
			return err
		}
		scene.Known = known
		out, err := judge(scene)
		if err != nil {
			return refusal{err}
		}
		return changeClub(ctx, q, scene, out, at)
	})
}

// sceneOf reads all that a change in a club is judged by.
func sceneOf(ctx context.Context, q *query.Queries, row query.Club, by, whom id.Person) (scene clubs.Scene, err error) {
	if scene.Club, err = clubOf(query.ClubRow{Club: row}); err != nil {
		return scene, err
	}
	if scene.By, err = placeOf(ctx, q, row.ID, by); err != nil {
		return scene, err
	}
	if scene.Whom, err = placeOf(ctx, q, row.ID, whom); err != nil {
		return scene, err
	}
	n, err := q.CountClubPlaces(ctx, row.ID)
	if err != nil {
		return scene, err
	}
	scene.Admins, scene.Waiting, scene.Barred = int(n.Admins), int(n.Waiting), int(n.Barred)
	nominated, err := q.CountNominations(ctx, query.CountNominationsParams{ByWhom: by[:], Club: row.ID})
	if err != nil {
		return scene, err
	}
	scene.Nominations = int(nominated)
	return scene, countOf(ctx, q, whom, &scene)
}

// placeOf returns how who stands to a club.
func placeOf(ctx context.Context, q *query.Queries, club []byte, who id.Person) (clubs.Place, error) {
	p := clubs.Place{Person: who}
	r, err := q.ClubPlace(ctx, query.ClubPlaceParams{Club: club, Person: who[:]})
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	p.Standing, p.Since, p.By, p.Shown = standingOf(r.Standing), fromMillis(r.Since), name[id.Person](r.ByWhom), r.Shown
	return p, err
}

// countOf counts the clubs of who.
func countOf(ctx context.Context, q *query.Queries, who id.Person, scene *clubs.Scene) error {
	n, err := q.CountClubsOf(ctx, who[:])
	if err != nil {
		return err
	}
	followed, err := q.CountClubFollows(ctx, who[:])
	scene.In, scene.Wanted, scene.Founded, scene.Followed = int(n.Joined), int(n.Wanted), int(n.Founded), int(followed)
	return err
}

// changeClub writes what follows.
func changeClub(ctx context.Context, q *query.Queries, scene clubs.Scene, out clubs.Outcome, at time.Time) error {
	club, whom := scene.Club.ID, scene.Whom.Person
	if out.Gone {
		return q.DeleteClub(ctx, club[:])
	}
	before := map[id.Person]clubs.Place{scene.By.Person: scene.By, whom: scene.Whom}
	for _, p := range out.Places {
		if p.Standing == clubs.None {
			if err := q.DropClubPlace(ctx, query.DropClubPlaceParams{Club: club[:], Person: p.Person[:]}); err != nil {
				return err
			}
			continue
		}
		since := at
		if was := before[p.Person]; was.Standing >= clubs.Member && p.Standing >= clubs.Member {
			since = was.Since
		}
		var by []byte
		if !p.By.IsZero() {
			by = p.By[:]
		}
		if err := q.SetClubPlace(ctx, query.SetClubPlaceParams{
			Club: club[:], Person: p.Person[:], Standing: int64(p.Standing), Since: millis(since), ByWhom: by,
		}); err != nil {
			return err
		}
	}
	if out.Words != nil {
		if err := rewriteClub(ctx, q, scene.Club, *out.Words, out.Rules); err != nil {
			return err
		}
	}
	if out.Shown != nil {
		if err := q.ShowClub(ctx, query.ShowClubParams{Shown: *out.Shown, Club: club[:], Person: whom[:]}); err != nil {
			return err
		}
	}
	if out.Follows != nil {
		var more int64
		var err error
		if *out.Follows {
			more, err = q.FollowClub(ctx, query.FollowClubParams{Club: club[:], Person: whom[:], Since: millis(at)})
		} else {
			more, err = q.UnfollowClub(ctx, query.UnfollowClubParams{Club: club[:], Person: whom[:]})
			more = -more
		}
		if err != nil {
			return err
		}
		if err := q.AddFollowers(ctx, query.AddFollowersParams{More: more, ID: club[:]}); err != nil {
			return err
		}
	}
	return q.CountClub(ctx, club[:])
}

func rewriteClub(ctx context.Context, q *query.Queries, before clubs.Club, w clubs.Words, rulesVersion int64) error {
	rules, err := json.Marshal(w.Rules)
	if err != nil {
		return err
	}
	if err := q.SetClub(ctx, query.SetClubParams{
		Name: w.Name, Folded: text.Folded(w.Name), About: w.About, Rules: string(rules), RulesVersion: rulesVersion, Joining: string(w.Joining),
		Rooms: string(w.Rooms), Listed: w.Listed, Language: w.Language, Version: before.Version + 1, ID: before.ID[:],
	}); err != nil || w.Listed {
		return err
	}
	if err := q.DropAskers(ctx, before.ID[:]); err != nil {
		return err
	}
	n, err := q.DropClubFollows(ctx, before.ID[:])
	if err != nil {
		return err
	}
	return q.AddFollowers(ctx, query.AddFollowersParams{More: -n, ID: before.ID[:]})
}

// erase deletes who, who is taken, and with them all that is theirs. Where they
// were the founder of a club another is, or there is nobody left, and it goes too.
func erase(ctx context.Context, q *query.Queries, who id.Person) error {
	rows, err := q.PlacesOf(ctx, query.PlacesOfParams{Person: who[:], Limit: 1 << 30})
	if err != nil {
		return err
	}
	follows, err := q.ClubFollowsOf(ctx, who[:])
	if err != nil {
		return err
	}
	touched := make(map[id.Club]bool)
	for _, r := range rows {
		touched[name[id.Club](r.Club)] = true
	}
	for _, r := range follows {
		touched[name[id.Club](r.Club)] = true
	}
	for club := range touched {
		if err := depart(ctx, q, club, who); err != nil {
			return err
		}
	}
	if err := q.BlankWrittenReports(ctx, who[:]); err != nil {
		return err
	}
	n, err := q.Erase(ctx, who[:])
	if err := changed(n, err, people.ErrNoPerson); err != nil {
		return err
	}
	for club := range touched {
		if err := q.CountClub(ctx, club[:]); err != nil {
			return err
		}
	}
	return nil
}

// depart has who follow a club no more, and somebody else be the founder if who is.
func depart(ctx context.Context, q *query.Queries, club id.Club, who id.Person) error {
	if _, err := q.TakeClub(ctx, club[:]); errors.Is(err, sql.ErrNoRows) {
		return nil // it is gone meanwhile
	} else if err != nil {
		return err
	}
	n, err := q.UnfollowClub(ctx, query.UnfollowClubParams{Club: club[:], Person: who[:]})
	if err != nil {
		return err
	}
	if err := q.AddFollowers(ctx, query.AddFollowersParams{More: -n, ID: club[:]}); err != nil {
		return err
	}
	p, err := placeOf(ctx, q, club[:], who)
	if err != nil || p.Standing != clubs.Founder {
		return err
	}
	next, err := q.NextFounder(ctx, query.NextFounderParams{Club: club[:], Person: who[:]})
	if errors.Is(err, sql.ErrNoRows) {
		return q.DeleteClub(ctx, club[:])
	}
	if err != nil {
		return err
	}
	return q.SetStanding(ctx, query.SetStandingParams{Standing: int64(clubs.Founder), Club: club[:], Person: next})
}

// Club implements clubs.Store.
func (s *Store) Club(ctx context.Context, viewer id.Person, club id.Club) (clubs.Club, error) {
	r, err := s.read.Club(ctx, query.ClubParams{Viewer: viewer[:], Club: club[:]})
	if err != nil {
		return clubs.Club{}, found("read a club", err, clubs.ErrNone)
	}
	return clubOf(r)
}

// ClubsOf implements clubs.Store.
func (s *Store) ClubsOf(ctx context.Context, who id.Person) ([]clubs.Club, error) {
	const most = clubs.InMax + clubs.WantedMax + clubs.FollowedMax
	rows, err := s.read.ClubsOf(ctx, query.ClubsOfParams{Person: who[:], Most: most})
	return clubsOf("list the clubs of a person", rows, err)
}

// ListedClubs implements clubs.Store.
func (s *Store) ListedClubs(ctx context.Context, viewer id.Person, after clubs.SizeMark, most int) ([]clubs.Club, error) {
	rows, err := s.read.ListedClubs(ctx, query.ListedClubsParams{
		Viewer: viewer[:], Members: int64(after.Members), After: after.Club[:], Most: int32(most), //nolint:gosec // a hundred
	})
	return clubsOf("list clubs", rows, err)
}

// FindClubs implements clubs.Store. A folded word has nothing that LIKE would take
// for more than itself.
func (s *Store) FindClubs(ctx context.Context, viewer id.Person, words []string, most int) ([]clubs.Club, error) {
	like := [6]string{"%", "%", "%", "%", "%", "%"}
	for i, w := range words[:min(len(words), len(like))] {
		like[i] = "% " + w + "%"
	}
	rows, err := s.read.FindClubs(ctx, query.FindClubsParams{
		Viewer: viewer[:], A: like[0], B: like[1], C: like[2], D: like[3], E: like[4], F: like[5], Most: int32(most), //nolint:gosec // twenty
	})
	return clubsOf("look for clubs", rows, err)
}

// ClubPlaces implements clubs.Store.
func (s *Store) ClubPlaces(
	ctx context.Context, club id.Club, lowest, highest clubs.Standing, after clubs.Mark, most int,
) ([]clubs.Place, error) {
	rows, err := s.read.ClubPlaces(ctx, query.ClubPlacesParams{
		Club: club[:], Lowest: int64(lowest), Highest: int64(highest),
		Since: millis(after.Since), After: after.Person[:], Most: int32(most), //nolint:gosec // a thousand
	})
	if err != nil {
		return nil, failed("list who is in a club", err)
	}
	out := make([]clubs.Place, len(rows))
	for i, r := range rows {
		out[i] = clubs.Place{
			Person: name[id.Person](r.Person), Standing: standingOf(r.Standing), Since: fromMillis(r.Since),
			By: name[id.Person](r.ByWhom), Shown: r.Shown,
		}
	}
	return out, nil
}

// CountWaiting implements clubs.Store.
func (s *Store) CountWaiting(ctx context.Context, club id.Club) (int, error) {
	n, err := s.read.CountUnanswered(ctx, club[:])
	return int(n), failed("count who waits", err)
}

// ClubMembers implements clubs.Store.
func (s *Store) ClubMembers(ctx context.Context, club id.Club, most int) ([]id.Person, error) {
	rows, err := s.read.ClubMembers(ctx, query.ClubMembersParams{Club: club[:], Limit: int32(most)}) //nolint:gosec // ten thousand
	if err != nil {
		return nil, failed("read who is in a club", err)
	}
	return peopleOf(rows), nil
}

// PlacesOf implements clubs.Store.
func (s *Store) PlacesOf(ctx context.Context, who id.Person, most int) (map[id.Club]clubs.Seen, error) {
	rows, err := s.read.PlacesOf(ctx, query.PlacesOfParams{Person: who[:], Limit: int32(most)}) //nolint:gosec // a thousand
	if err != nil {
		return nil, failed("read in which clubs somebody is", err)
	}
	out := make(map[id.Club]clubs.Seen, len(rows))
	for _, r := range rows {
		out[name[id.Club](r.Club)] = clubs.Seen{Standing: standingOf(r.Standing), Shown: r.Shown}
	}
	follows, err := s.read.ClubFollowsOf(ctx, who[:])
	if err != nil {
		return nil, failed("read which clubs somebody follows", err)
	}
	for _, r := range follows {
		seen := out[name[id.Club](r.Club)]
		seen.Followed = true
		out[name[id.Club](r.Club)] = seen
	}
	return out, nil
}

// ClubName implements clubs.Store.
func (s *Store) ClubName(ctx context.Context, club id.Club) (clubs.Name, error) {
	r, err := s.read.ClubName(ctx, club[:])
	if err != nil {
		return clubs.Name{}, found("read the name of a club", err, clubs.ErrNone)
	}
	return clubs.Name{Text: r.Name, Listed: r.Listed}, nil
}

func clubsOf[R query.ClubsOfRow | query.ListedClubsRow | query.FindClubsRow](what string, rows []R, err error) ([]clubs.Club, error) {
	if err != nil {
		return nil, failed(what, err)
	}
	out := make([]clubs.Club, len(rows))
	for i, r := range rows {
		if out[i], err = clubOf(query.ClubRow(r)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func clubOf(r query.ClubRow) (clubs.Club, error) {
	c := clubs.Club{
		Words: clubs.Words{
			Name: r.Club.Name, About: r.Club.About, Joining: clubs.Joining(r.Club.Joining), Rooms: clubs.Opening(r.Club.Rooms),
			Listed: r.Club.Listed, Language: r.Club.Language,
		},
		ID: name[id.Club](r.Club.ID), RulesVersion: r.Club.RulesVersion, Version: r.Club.Version, Created: fromMillis(r.Club.Created),
		Members: int(r.Club.Members), Followers: int(r.Club.Followers),
		Standing: standingOf(r.Standing), Shown: r.Shown, Followed: r.Followed,
	}
	if err := json.Unmarshal([]byte(r.Club.Rules), &c.Rules); err != nil {
		return c, failed("read the rules of a club", err)
	}
	return c, nil
}

// standingOf reads a standing; of one that a later version has added nothing follows.
func standingOf(n int64) clubs.Standing {
	if n < 0 || n > int64(clubs.Founder) {
		return clubs.None
	}
	return clubs.Standing(n)
}

// clubRows tells of clubs by their ids alone: who is nominated for one that is not
// listed may not know of it.
func (s *Store) clubRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.ClubRowsOf(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		since := fromMillis(r.Since)
		more := map[string]any{"club": name[id.Club](r.Club), "standing": standingOf(r.Standing), "since": since, "shown": r.Shown}
		if person := name[id.Person](r.Person); person != who {
			more["person"] = person
			delete(more, "shown")
		} else if r.ByWhom != nil {
			more["by"] = name[id.Person](r.ByWhom)
		}
		add(people.ClassClubs, 2*id.Size+len(r.ByWhom)+2*number+1, since, more)
	}
	follows, err := s.read.ClubFollowsOf(ctx, who[:])
	if err != nil {
		return fmt.Errorf("the clubs that somebody follows: %w", err)
	}
	for _, r := range follows {
		since := fromMillis(r.Since)
		add(people.ClassClubsSeen, 2*id.Size+number, since, map[string]any{"club": name[id.Club](r.Club), "since": since})
	}
	return nil
}
