package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// A told is what there is of how somebody is told.
type told struct {
	settings news.Settings
	version  int64
	day      news.Day
	digest   time.Time
}

// toldOf reads how somebody is told; where nothing is stored, it is as at first.
func toldOf(ctx context.Context, q *query.Queries, who id.Person) (t told, err error) {
	r, err := q.NewsPerson(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return told{settings: news.AtFirst()}, nil
	}
	if err != nil {
		return t, err
	}
	t = told{
		settings: news.AtFirst(), version: r.Version, digest: fromMillis(r.Digest),
		day: news.Day{Number: r.Day, Pushed: int(r.Pushed), Pinged: int(r.Pinged), Reminded: int(r.Reminded)},
	}
	if r.Settings == "" {
		return t, nil
	}
	t.settings = news.Settings{}
	if err := json.Unmarshal([]byte(r.Settings), &t.settings); err != nil {
		return t, fmt.Errorf("read how somebody wants to be told: %w", err)
	}
	return t, nil
}

func setTold(ctx context.Context, q *query.Queries, who id.Person, t told) error {
	text := ""
	if t.version > 0 {
		b, err := json.Marshal(t.settings)
		if err != nil {
			return err
		}
		text = string(b)
	}
	return q.SetNewsPerson(ctx, query.SetNewsPersonParams{
		Person: who[:], Settings: text, Version: t.version, Day: t.day.Number,
		Pushed: int64(t.day.Pushed), Pinged: int64(t.day.Pinged), Reminded: int64(t.day.Reminded), Digest: millis(t.digest),
	})
}

// column is an id as a column has it.
func column[T ~[id.Size]byte](v T) []byte {
	if v == (T{}) {
		return nil
	}
	return v[:]
}

func pieceOf(r query.News) news.Piece {
	return news.Piece{
		ID: name[news.ID](r.ID), To: name[id.Person](r.Person), Kind: news.Kind(r.Kind),
		Who: name[id.Person](r.Who), Room: name[id.Room](r.Room), Club: name[id.Club](r.Club), Plan: name[id.Plan](r.Plan),
		Talk: name[id.Conversation](r.Talk),
		At:   fromMillis(r.Made), Seen: r.Seen, Held: r.Held, Push: fromMillis(r.Push),
	}
}

func piecesOf(what string, rows []query.News, err error) ([]news.Piece, error) {
	if err != nil {
		return nil, failed(what, err)
	}
	out := make([]news.Piece, len(rows))
	for i, r := range rows {
		out[i] = pieceOf(r)
	}
	return out, nil
}

// TellNews implements news.Store.
func (s *Store) TellNews(ctx context.Context, pieces []news.Piece, judge func(news.Piece, news.Scene) news.Outcome) (out []news.Told, err error) {
	err = s.write(ctx, "keep news", func(ctx context.Context, q *query.Queries) error {
		out = nil
		for _, p := range pieces {
			err := take(ctx, q, p.To)
			if errors.Is(err, people.ErrNoPerson) {
				continue
			}
			if err != nil {
				return err
			}
			fate, err := tellOne(ctx, q, p, judge)
			if err != nil {
				return err
			}
			if fate.Fate != news.Drop {
				out = append(out, fate)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// tellOne has a piece judged for somebody who is taken, and keeps it.
func tellOne(ctx context.Context, q *query.Queries, p news.Piece, judge func(news.Piece, news.Scene) news.Outcome) (news.Told, error) {
	dropped := news.Told{Piece: p}
	if gone, err := isAboutNobody(ctx, q, p); err != nil || gone {
		return dropped, err
	}
	t, err := toldOf(ctx, q, p.To)
	if err != nil {
		return dropped, err
	}
	scene := news.Scene{Settings: t.settings, Day: t.day, Digest: t.digest}
	if scene.Devices, err = q.HasDevice(ctx, p.To[:]); err != nil {
		return dropped, err
	}
	if p.Kind.IsOfTalk() {
		if scene.Mail, scene.Mailed, err = mailOf(ctx, q, p.To); err != nil {
			return dropped, err
		}
	}
	before, err := q.Piece(ctx, p.ID[:])
	switch {
	case err == nil:
		was := pieceOf(before)
		scene.Before = &was
	case !errors.Is(err, sql.ErrNoRows):
		return dropped, err
	}
	is := judge(p, scene)
	if is.Fate == news.Drop {
		return dropped, nil
	}
	if p.Held = is.Fate == news.Hold; is.Fate == news.Push {
		p.Push = p.At.Add(is.Wait)
	}
	if is.Day != t.day || !is.Digest.Equal(t.digest) {
		t.day, t.digest = is.Day, is.Digest
		if err := setTold(ctx, q, p.To, t); err != nil {
			return dropped, err
		}
	}
	if err := q.PutPiece(ctx, query.PutPieceParams{
		ID: p.ID[:], Person: p.To[:], Kind: string(p.Kind), Who: column(p.Who), Room: column(p.Room), Club: column(p.Club), Plan: column(p.Plan),
		Talk: column(p.Talk), Made: millis(p.At), Held: p.Held, Push: millis(p.Push),
	}); err != nil {
		return dropped, err
	}
	return news.Told{Piece: p, Fate: is.Fate}, q.TrimPieces(ctx, query.TrimPiecesParams{Person: p.To[:], Offset: news.KeptMax})
}

// mailOf returns whether news are sent to somebody by mail, and of when the last are.
func mailOf(ctx context.Context, q *query.Queries, who id.Person) (sent bool, told time.Time, err error) {
	r, err := q.Address(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return false, told, nil
	}
	return err == nil && news.Mail(r.Mail) != news.NoMail, fromMillis(r.Told), err
}

// isAboutNobody reports whether what a piece is about has gone in this moment.
func isAboutNobody(ctx context.Context, q *query.Queries, p news.Piece) (bool, error) {
	if !p.Who.IsZero() {
		if there, err := q.IsPerson(ctx, p.Who[:]); err != nil || !there {
			return true, err
		}
	}
	if !p.Club.IsZero() {
		if there, err := q.IsClub(ctx, p.Club[:]); err != nil || !there {
			return true, err
		}
	}
	if !p.Plan.IsZero() {
		if there, err := q.IsPlan(ctx, p.Plan[:]); err != nil || !there {
			return true, err
		}
	}
	if !p.Talk.IsZero() {
		if there, err := q.IsConversation(ctx, p.Talk[:]); err != nil || !there {
			return true, err
		}
	}
	return false, nil
}

// News implements news.Store.
func (s *Store) News(ctx context.Context, who id.Person, after news.Mark, most int) ([]news.Piece, error) {
	made := int64(math.MaxInt64)
	if !after.At.IsZero() {
		made = millis(after.At)
	}
	rows, err := s.read.Pieces(ctx, query.PiecesParams{Person: who[:], Made: made, ID: after.ID[:], Most: int32(most)}) //nolint:gosec // a page
	return piecesOf("list news", rows, err)
}

// UnseenNews implements news.Store.
func (s *Store) UnseenNews(ctx context.Context, who id.Person, most int) ([]news.Piece, error) {
	rows, err := s.read.PiecesUnseen(ctx, query.PiecesUnseenParams{Person: who[:], Limit: int32(most)}) //nolint:gosec // two hundred
	return piecesOf("list news that are not seen", rows, err)
}

// SeeNews implements news.Store.
func (s *Store) SeeNews(ctx context.Context, who id.Person, upTo news.ID) error {
	return s.write(ctx, "see news", func(ctx context.Context, q *query.Queries) error {
		r, err := q.Piece(ctx, upTo[:])
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return refusal{news.ErrNone}
		case err != nil:
			return err
		case name[id.Person](r.Person) != who:
			return refusal{news.ErrNone}
		}
		return q.SeePieces(ctx, query.SeePiecesParams{Person: who[:], Made: r.Made, ID: r.ID})
	})
}

// SeeTalk implements news.Store.
func (s *Store) SeeTalk(ctx context.Context, who id.Person, which id.Conversation) error {
	return s.write(ctx, "see what is new in a conversation", func(ctx context.Context, q *query.Queries) error {
		return q.SeeTalk(ctx, query.SeeTalkParams{Person: who[:], Talk: which[:]})
	})
}

// DueNews implements news.Store.
func (s *Store) DueNews(ctx context.Context, now time.Time, most int) (due []news.Piece, err error) {
	rows, err := s.read.PiecesToPush(ctx, query.PiecesToPushParams{ByTime: millis(now), Most: int32(most)}) //nolint:gosec // a hundred
	if err != nil || len(rows) == 0 {
		return nil, failed("list what to push", err)
	}
	err = s.write(ctx, "take what is pushed", func(ctx context.Context, q *query.Queries) error {
		due = nil
		for _, r := range rows {
			n, err := q.ClaimPiece(ctx, query.ClaimPieceParams{ID: r.ID, Push: r.Push})
			if err != nil {
				return err
			}
			if n > 0 {
				due = append(due, pieceOf(r))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return due, nil
}

// LaterNews implements news.Store.
func (s *Store) LaterNews(ctx context.Context, p news.Piece, when func(news.Settings) (push, digest time.Time)) error {
	return s.write(ctx, "push news later", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, p.To); err != nil {
			if errors.Is(err, people.ErrNoPerson) {
				return nil
			}
			return err
		}
		t, err := toldOf(ctx, q, p.To)
		if err != nil {
			return err
		}
		push, digest := when(t.settings)
		n, err := q.SetPiecePush(ctx, query.SetPiecePushParams{
			Push: millis(push), Held: push.IsZero() && !digest.IsZero(), ID: p.ID[:], Made: millis(p.At),
		})
		if err != nil || n == 0 || digest.IsZero() || !t.digest.IsZero() {
			return err
		}
		t.digest = digest
		return setTold(ctx, q, p.To, t)
	})
}

// Digests implements news.Store.
func (s *Store) Digests(ctx context.Context, now time.Time, most int) (out []news.Digest, err error) {
	due, err := s.read.DigestsDue(ctx, query.DigestsDueParams{ByTime: millis(now), Most: int32(most)}) //nolint:gosec // a hundred
	if err != nil || len(due) == 0 {
		return nil, failed("list whose digest is due", err)
	}
	err = s.write(ctx, "take digests", func(ctx context.Context, q *query.Queries) error {
		out = nil
		for _, who := range due {
			n, err := q.ClaimDigest(ctx, query.ClaimDigestParams{Person: who, ByTime: millis(now)})
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			rows, err := q.PiecesHeld(ctx, query.PiecesHeldParams{Person: who, Limit: news.KeptMax})
			if err != nil {
				return err
			}
			if err := q.ReleasePieces(ctx, who); err != nil {
				return err
			}
			pieces, err := piecesOf("list what is held", rows, nil)
			if err != nil {
				return err
			}
			if len(pieces) > 0 {
				out = append(out, news.Digest{To: name[id.Person](who), Pieces: pieces})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// NewsSettings implements news.Store.
func (s *Store) NewsSettings(ctx context.Context, who id.Person) (news.Settings, int64, error) {
	t, err := toldOf(ctx, s.read, who)
	return t.settings, t.version, failed("read how somebody wants to be told", err)
}

// SetNewsSettings implements news.Store.
func (s *Store) SetNewsSettings(ctx context.Context, who id.Person, version int64, settings news.Settings, due time.Time) error {
	return s.write(ctx, "set how somebody wants to be told", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		t, err := toldOf(ctx, q, who)
		if err != nil {
			return err
		}
		if t.version != version {
			return refusal{news.ErrChanged}
		}
		t.settings, t.version = settings, version+1
		if !t.digest.IsZero() {
			t.digest = due
		}
		if err := setTold(ctx, q, who, t); err != nil {
			return err
		}
		return q.SetMailDue(ctx, query.SetMailDueParams{Person: who[:], Due: millis(due)})
	})
}

// SetDevice implements news.Store.
func (s *Store) SetDevice(ctx context.Context, d news.SealedDevice) error {
	return s.write(ctx, "keep a browser to push to", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, d.Person); err != nil {
			return err
		}
		if there, err := q.IsSession(ctx, query.IsSessionParams{ID: d.Session[:], Person: d.Person[:]}); err != nil || !there {
			return changed(0, err, people.ErrNoSession)
		}
		if err := q.SetDevice(ctx, query.SetDeviceParams{Session: d.Session[:], Person: d.Person[:], Sealed: d.Sealed, Since: millis(d.Since)}); err != nil {
			return err
		}
		return q.TrimDevices(ctx, query.TrimDevicesParams{Person: d.Person[:], Offset: news.DevicesMax})
	})
}

// DropDevice implements news.Store.
func (s *Store) DropDevice(ctx context.Context, session people.SessionID) error {
	return s.write(ctx, "forget a browser to push to", func(ctx context.Context, q *query.Queries) error {
		return q.DropDevice(ctx, session[:])
	})
}

// Devices implements news.Store.
func (s *Store) Devices(ctx context.Context, who id.Person) ([]news.SealedDevice, error) {
	rows, err := s.read.Devices(ctx, who[:])
	if err != nil {
		return nil, failed("list the browsers of a person", err)
	}
	out := make([]news.SealedDevice, len(rows))
	for i, r := range rows {
		out[i] = news.SealedDevice{
			Session: name[people.SessionID](r.Session), Person: who, Sealed: r.Sealed,
			Since: fromMillis(r.Since), Busy: fromMillis(r.Busy), Failed: int(r.Failed),
		}
	}
	return out, nil
}

// NoteDevice implements news.Store.
func (s *Store) NoteDevice(ctx context.Context, session people.SessionID, busy time.Time, fails int) error {
	return s.write(ctx, "note how a push went", func(ctx context.Context, q *query.Queries) error {
		return q.NoteDevice(ctx, query.NoteDeviceParams{Busy: millis(busy), Failed: int64(fails), Session: session[:]})
	})
}

// ForgetNews implements news.Store.
func (s *Store) ForgetNews(ctx context.Context, before time.Time) error {
	return s.write(ctx, "forget news", func(ctx context.Context, q *query.Queries) error {
		return q.ForgetNews(ctx, millis(before))
	})
}

// newsRows lists what is stored of what who is told. What others are told of them
// is not listed: who is told, and who is not, says how those others stand to them.
func (s *Store) newsRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.PiecesOf(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		p := pieceOf(r)
		more := map[string]any{"kind": p.Kind, "at": p.At, "seen": p.Seen}
		if !p.Who.IsZero() {
			more["person"] = p.Who
		}
		if !p.Room.IsZero() {
			more["room"] = p.Room
		}
		if !p.Club.IsZero() {
			more["club"] = p.Club
		}
		if !p.Plan.IsZero() {
			more["plan"] = p.Plan
		}
		if !p.Talk.IsZero() {
			more["conversation"] = p.Talk
		}
		add(people.ClassNews, 2*id.Size+len(r.Kind)+len(r.Who)+len(r.Room)+len(r.Club)+len(r.Plan)+len(r.Talk)+2*number+2, p.At, more)
	}
	switch r, err := s.read.NewsPerson(ctx, who[:]); {
	case err == nil:
		more := map[string]any{"pushed": r.Pushed, "pinged": r.Pinged, "reminded": r.Reminded}
		if r.Day > 0 {
			more["on"] = time.Unix(r.Day*24*60*60, 0).UTC()
		}
		if r.Settings != "" {
			more["chosen"] = json.RawMessage(r.Settings)
		}
		add(people.ClassTold, id.Size+len(r.Settings)+6*number, time.Time{}, more)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	devices, err := s.read.Devices(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range devices {
		since := fromMillis(r.Since)
		add(people.ClassDevices, 2*id.Size+len(r.Sealed)+3*number, since, map[string]any{
			"session": name[people.SessionID](r.Session), "since": since, "sealed_address": true, "failed": r.Failed,
		})
	}
	return nil
}
