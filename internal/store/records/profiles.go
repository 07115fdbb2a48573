package records

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// ErrKeyring means that the records belong to another keyring.
var ErrKeyring = errors.New("the records belong to another keyring")

// Keyring returns the id of the keyring that the records belong to, and false
// while they belong to none.
func (s *Store) Keyring(ctx context.Context) (ring [id.Size]byte, bound bool, err error) {
	h, err := s.read.House(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return ring, false, nil
	}
	return name[[id.Size]byte](h.Keyring), err == nil, failed("read which keyring it is", err)
}

// Bind has the records belong to a keyring from now on, or ErrKeyring.
func (s *Store) Bind(ctx context.Context, ring [id.Size]byte) error {
	err := s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
		h, err := q.House(ctx)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return q.SetHouse(ctx, ring[:])
		case err != nil:
			return err
		case !bytes.Equal(h.Keyring, ring[:]):
			return ErrKeyring
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("bind the records to a keyring: %w", err)
	}
	return nil
}

// SetProfile implements people.Profiles.
func (s *Store) SetProfile(ctx context.Context, w people.SealedProfile) error {
	return s.write(ctx, "write a profile", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, w.Person); err != nil {
			return err
		}
		var handle []byte
		if w.Handle != nil {
			handle = w.Handle[:]
			switch by, err := q.WhoHasHandle(ctx, handle); {
			case err == nil && !bytes.Equal(by, w.Person[:]):
				return people.ErrHandleTaken
			case err != nil && !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
		if err := unlessSame(ctx, q, w.Person, handle); err != nil {
			return err
		}
		var rows int64
		var err error
		if w.Version == 0 {
			rows, err = addProfile(ctx, q, w)
		} else {
			rows, err = q.SetProfile(ctx, query.SetProfileParams{
				Sealed: w.Sealed, Handle: handle, Changed: millis(w.Changed), Person: w.Person[:], Version: w.Version,
			})
		}
		if err := changed(rows, err, people.ErrChanged); err != nil || w.Picture == nil {
			return err
		}
		if w.Picture.Large == nil {
			return q.DropPicture(ctx, w.Person[:])
		}
		return q.SetPicture(ctx, query.SetPictureParams{
			Person: w.Person[:], Large: w.Picture.Large, Small: w.Picture.Small, Changed: millis(w.Changed),
		})
	})
}

// unlessSame has nobody be found any more by the handle that they had before another.
func unlessSame(ctx context.Context, q *query.Queries, who id.Person, handle []byte) error {
	before, err := q.HandleOf(ctx, who[:])
	if err != nil && !errors.Is(err, sql.ErrNoRows) || bytes.Equal(before.Handle, handle) {
		return err
	}
	return calledOtherwise(ctx, q, who, discover.Handle)
}

func addProfile(ctx context.Context, q *query.Queries, w people.SealedProfile) (int64, error) {
	var handle []byte
	if w.Handle != nil {
		handle = w.Handle[:]
	}
	return q.AddProfile(ctx, query.AddProfileParams{
		Person: w.Person[:], Sealed: w.Sealed, Handle: handle, Changed: millis(w.Changed),
	})
}

// WhoHasHandle implements people.Profiles.
func (s *Store) WhoHasHandle(ctx context.Context, handle people.Hash) (id.Person, error) {
	b, err := s.read.WhoHasHandle(ctx, handle[:])
	return name[id.Person](b), found("look for a handle", err, people.ErrNoPerson)
}

// Picture implements people.Profiles.
func (s *Store) Picture(ctx context.Context, who id.Person, small bool) ([]byte, error) {
	look := s.read.LargePicture
	if small {
		look = s.read.SmallPicture
	}
	b, err := look(ctx, who[:])
	return b, found("read a picture", err, people.ErrNoPicture)
}

// Inviter implements people.Profiles.
func (s *Store) Inviter(ctx context.Context, who id.Person) (people.Person, error) {
	r, err := s.read.InviterOf(ctx, who[:])
	if err != nil {
		return people.Person{}, found("read who invited somebody", err, people.ErrNoPerson)
	}
	return personOf(r.ID, r.Created, r.Sealed, r.Version), nil
}

// CountFollows implements people.Profiles.
func (s *Store) CountFollows(ctx context.Context, viewer, who id.Person, most int) (following, followers int, err error) {
	a, err := s.read.CountFollowing(ctx, who[:])
	if err != nil {
		return 0, 0, failed("count whom a person follows", err)
	}
	b, err := s.read.CountFollowers(ctx, query.CountFollowersParams{Whom: who[:], Viewer: viewer[:], Most: int32(most)}) //nolint:gosec // some thousands
	return int(a), int(b), failed("count who follows a person", err)
}

// ClearNames implements people.Profiles.
func (s *Store) ClearNames(ctx context.Context, most int) ([]people.ClearName, error) {
	rows, err := s.read.ClearNames(ctx, int32(most)) //nolint:gosec // a thousand
	if err != nil {
		return nil, failed("read names in clear", err)
	}
	out := make([]people.ClearName, len(rows))
	for i, r := range rows {
		out[i] = people.ClearName{Person: name[id.Person](r.Person), Name: r.Name}
	}
	return out, nil
}

// SealName implements people.Profiles.
func (s *Store) SealName(ctx context.Context, w people.SealedProfile) error {
	return s.write(ctx, "seal a name", func(ctx context.Context, q *query.Queries) error {
		if _, err := addProfile(ctx, q, w); err != nil {
			return err
		}
		return q.DropClearName(ctx, w.Person[:])
	})
}

// Sweep implements people.Profiles. It is done once in the life of a database.
func (s *Store) Sweep(ctx context.Context) error {
	h, err := s.read.House(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && h.Swept {
		return nil
	}
	if err == nil {
		err = s.db.Sweep(ctx)
	}
	if err != nil {
		return failed("sweep the records", err)
	}
	return s.write(ctx, "note that the records are swept", func(ctx context.Context, q *query.Queries) error {
		return q.SetSwept(ctx)
	})
}

// Erase implements people.Accounts. What belongs to somebody goes with them.
func (s *Store) Erase(ctx context.Context, who id.Person) error {
	return s.write(ctx, "erase an account", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		return erase(ctx, q, who)
	})
}

// PeopleAfter implements people.Accounts.
func (s *Store) PeopleAfter(ctx context.Context, after id.Person, most int) ([]id.Person, error) {
	rows, err := s.read.PeopleAfter(ctx, query.PeopleAfterParams{ID: after[:], Limit: int32(most)}) //nolint:gosec // a thousand
	if err != nil {
		return nil, failed("list people", err)
	}
	return peopleOf(rows), nil
}

// ProfilesAfter implements people.Profiles.
func (s *Store) ProfilesAfter(ctx context.Context, after id.Person, most int) ([]people.Person, error) {
	rows, err := s.read.ProfilesAfter(ctx, query.ProfilesAfterParams{After: after[:], Most: int32(most)}) //nolint:gosec // a thousand
	if err != nil {
		return nil, failed("list profiles", err)
	}
	out := make([]people.Person, len(rows))
	for i, r := range rows {
		out[i] = personOf(r.ID, r.Created, r.Sealed, r.Version)
	}
	return out, nil
}

// HasRecovery implements people.Accounts.
func (s *Store) HasRecovery(ctx context.Context, who id.Person, code people.Hash) (bool, error) {
	has, err := s.read.HasRecovery(ctx, query.HasRecoveryParams{ID: who[:], Recovery: code[:]})
	return has, failed("look at a recovery code", err)
}

// Bytes of what is stored, beside what has a length of its own.
const (
	number = 8
	hash   = 32
)

// Rows implements people.Profiles.
func (s *Store) Rows(ctx context.Context, who id.Person) (out []people.Row, err error) {
	add := func(c people.Class, size int, since time.Time, more map[string]any) {
		out = append(out, people.Row{Class: c, Bytes: size, Since: since, More: more})
	}
	a, err := s.read.Account(ctx, who[:])
	if err != nil {
		return nil, found("read an account", err, people.ErrNoPerson)
	}
	created := fromMillis(a.Created)
	standing, err := s.Standing(ctx, who)
	if err != nil {
		return nil, err
	}
	add(people.ClassAccount, id.Size+2*number+1, created, map[string]any{
		"id": who, "created": created, "in_good_standing_since": standing.Good, "invited": standing.Invited,
	})
	if a.Recovery != 0 {
		add(people.ClassRecovery, hash, time.Time{}, map[string]any{"hash_of_code": true})
	}
	if a.Version > 0 {
		w, err := s.read.HandleOf(ctx, who[:])
		if err != nil {
			return nil, failed("read a profile", err)
		}
		changed := fromMillis(w.Changed)
		add(people.ClassProfile, id.Size+len(a.Sealed)+len(w.Handle)+2*number, changed,
			map[string]any{"changed": changed, "version": a.Version, "handle_hash": w.Handle != nil})
	}
	switch r, err := s.read.PictureOf(ctx, who[:]); {
	case err == nil:
		changed := fromMillis(r.Changed)
		add(people.ClassPicture, id.Size+int(r.Bytes)+number, changed, map[string]any{"changed": changed})
	case !errors.Is(err, sql.ErrNoRows):
		return nil, failed("read a picture", err)
	}
	for _, rows := range []func(context.Context, id.Person, adder) error{s.keyRows, s.sessionRows, s.inviteRows, s.followRows, s.blockRows, s.discoveryRows, s.clubRows, s.reportRows, s.moderationRows, s.planRows, s.newsRows, s.addressRows, s.conversationRows} {
		if err := rows(ctx, who, add); err != nil {
			return nil, failed("list what is stored", err)
		}
	}
	return out, nil
}

// An adder takes a row.
type adder = func(c people.Class, size int, since time.Time, more map[string]any)

func (s *Store) keyRows(ctx context.Context, who id.Person, add adder) error {
	keys, err := s.read.Passkeys(ctx, who[:])
	if err != nil {
		return err
	}
	for _, k := range keys {
		created := fromMillis(k.Created)
		add(people.ClassPasskeys, len(k.ID)+id.Size+len(k.PublicKey)+3*number, created, map[string]any{
			"id": k.ID, "public_key": k.PublicKey, "flags": k.Flags, "uses": k.Uses, "created": created,
		})
	}
	backups, err := s.read.Backups(ctx, who[:])
	if err != nil {
		return err
	}
	for _, b := range backups {
		add(people.ClassBackups, len(b.KeyBackup), time.Time{}, map[string]any{"passkey": b.ID, "sealed": b.KeyBackup})
	}
	return nil
}

func (s *Store) sessionRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.Sessions(ctx, query.SessionsParams{Person: who[:], Seen: -1})
	if err != nil {
		return err
	}
	for _, r := range rows {
		created := fromMillis(r.Created)
		add(people.ClassSessions, 2*id.Size+hash+2*number, created, map[string]any{
			"id": name[people.SessionID](r.ID), "created": created, "seen": fromMillis(r.Seen), "hash_of_token": true,
		})
	}
	return nil
}

func (s *Store) inviteRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.InvitesOf(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		created, more := fromMillis(r.Created), map[string]any{"id": name[people.InviteID](r.ID), "created": fromMillis(r.Created)}
		for what, at := range map[string]int64{"expires": r.Expires, "revoked": r.Revoked, "used": r.Used} {
			if at != 0 {
				more[what] = fromMillis(at)
			}
		}
		for what, b := range map[string][]byte{"given_by": r.GivenBy, "used_by": r.UsedBy} {
			if b != nil {
				more[what] = name[id.Person](b)
			}
		}
		add(people.ClassInvites, id.Size+hash+len(r.GivenBy)+len(r.UsedBy)+4*number, created, more)
	}
	return nil
}

func (s *Store) followRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.FollowsOf(ctx, query.FollowsOfParams{Who: who[:], Limit: 2 * people.ListMax})
	if err != nil {
		return err
	}
	for _, r := range rows {
		class, other, since := people.ClassFollows, r.Whom, fromMillis(r.Since)
		if bytes.Equal(r.Whom, who[:]) {
			class, other = people.ClassFollowers, r.Who
		}
		more, size := map[string]any{"person": name[id.Person](other), "since": since}, 2*id.Size+number
		if class == people.ClassFollows { // how loud the others want to be told is theirs
			more["notify"], size = r.Notify, size+len(r.Notify)
		}
		add(class, size, since, more)
	}
	hidden, err := s.read.Hidden(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range hidden {
		since := fromMillis(r.Since)
		add(people.ClassHidden, 2*id.Size+number, since, map[string]any{"person": name[id.Person](r.Whom), "since": since})
	}
	return nil
}

func (s *Store) reportRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.ReportsBy(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		made := fromMillis(r.Made)
		add(people.ClassReports, 4*id.Size+int(r.Bytes)+number, made, map[string]any{
			"room": name[id.Room](r.Room), "about": name[id.Person](r.About), "made": made,
		})
	}
	return nil
}
