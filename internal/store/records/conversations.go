package records

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// AddPackages implements conversations.Store.
func (s *Store) AddPackages(ctx context.Context, of conversations.Member, packages [][]byte, last []byte, now time.Time) error {
	return s.write(ctx, "add key packages", func(ctx context.Context, q *query.Queries) error {
		who, device := of.Who[:], of.Device[:]
		if err := take(ctx, q, of.Who); err != nil {
			return err
		}
		if err := q.SeeTalkDevice(ctx, query.SeeTalkDeviceParams{Person: who, Device: device, Since: millis(now)}); err != nil {
			return err
		}
		if err := forgetDevicesBeyond(ctx, q, who); err != nil {
			return err
		}
		n, err := q.CountPackages(ctx, query.CountPackagesParams{Person: who, Device: device})
		if err != nil {
			return err
		}
		add := func(p []byte, last bool) error {
			name := id.New[packageID]()
			return q.AddPackage(ctx, query.AddPackageParams{
				ID: name[:], Person: who, Device: device, Package: p, Last: last, Made: millis(now),
			})
		}
		for _, p := range packages[:min(len(packages), int(max(conversations.PackagesMax-n, 0)))] {
			if err := add(p, false); err != nil {
				return err
			}
		}
		if last == nil {
			return nil
		}
		if err := q.DropLastPackage(ctx, query.DropLastPackageParams{Person: who, Device: device}); err != nil {
			return err
		}
		return add(last, true)
	})
}

type (
	packageKind struct{}
	packageID   = id.ID[packageKind]
)

func forgetDevicesBeyond(ctx context.Context, q *query.Queries, who []byte) error {
	devices, err := q.TalkDevicesOf(ctx, who)
	if err != nil {
		return err
	}
	for _, d := range devices[min(len(devices), conversations.DevicesMax):] {
		if _, err := dropTalker(ctx, q, who, d.Device); err != nil {
			return err
		}
	}
	return nil
}

// CountPackages implements conversations.Store.
func (s *Store) CountPackages(ctx context.Context, of conversations.Member) (int, error) {
	devices, err := s.read.TalkDevicesOf(ctx, of.Who[:])
	if err != nil {
		return 0, failed("read devices", err)
	}
	for _, d := range devices {
		if conversations.Device(d.Device) == of.Device {
			n, err := s.read.CountPackages(ctx, query.CountPackagesParams{Person: of.Who[:], Device: of.Device[:]})
			return int(n), failed("count key packages", err)
		}
	}
	return 0, conversations.ErrDevice
}

// TakePackages implements conversations.Store.
func (s *Store) TakePackages(ctx context.Context, who id.Person) (out []conversations.Package, err error) {
	err = s.write(ctx, "take key packages", func(ctx context.Context, q *query.Queries) error {
		out = nil
		if err := take(ctx, q, who); err != nil {
			return err
		}
		devices, err := q.TalkDevicesOf(ctx, who[:])
		if err != nil {
			return err
		}
		for _, d := range devices {
			p, err := q.NextPackage(ctx, query.NextPackageParams{Person: who[:], Device: d.Device})
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if !p.Last {
				if err := q.DropPackage(ctx, p.ID); err != nil {
					return err
				}
			}
			out = append(out, conversations.Package{
				Member: conversations.Member{Who: who, Device: conversations.Device(d.Device)}, Bytes: p.Package,
			})
		}
		return nil
	})
	return out, err
}

// DropTalker implements conversations.Store.
func (s *Store) DropTalker(ctx context.Context, of conversations.Member) error {
	return s.write(ctx, "forget a device", func(ctx context.Context, q *query.Queries) error {
		rows, err := dropTalker(ctx, q, of.Who[:], of.Device[:])
		return changed(rows, err, conversations.ErrDevice)
	})
}

// dropTalker forgets a device, its packages, and its places in conversations.
func dropTalker(ctx context.Context, q *query.Queries, who, device []byte) (int64, error) {
	if err := q.DropPackagesOf(ctx, query.DropPackagesOfParams{Person: who, Device: device}); err != nil {
		return 0, err
	}
	if err := q.DropPlacesOf(ctx, query.DropPlacesOfParams{Person: who, Device: device}); err != nil {
		return 0, err
	}
	return q.DropTalkDevice(ctx, query.DropTalkDeviceParams{Person: who, Device: device})
}

// Begin implements conversations.Store.
func (s *Store) Begin(ctx context.Context, b conversations.Beginning, follow []id.Person, now time.Time) error {
	return s.write(ctx, "begin a conversation", func(ctx context.Context, q *query.Queries) error {
		by := b.By.Who
		if err := take(ctx, q, by); err != nil {
			return err
		}
		n, err := q.CountStarted(ctx, query.CountStartedParams{Starter: by[:], Created: millis(now.Add(-conversations.UnansweredTime))})
		if err != nil {
			return err
		}
		if n >= conversations.UnansweredMax {
			return conversations.ErrUnanswered
		}
		if err := fits(ctx, q, by); err != nil {
			return err
		}
		var pair []byte
		if b.Two {
			pair = conversations.Pair(by, b.With[0])
		}
		rows, err := q.AddConversation(ctx, query.AddConversationParams{
			ID: b.ID[:], Starter: by[:], Pair: pair, Epoch: 1, Seq: 1, Info: b.Info, Created: millis(now),
		})
		if err := changed(rows, err, conversations.ErrThere); err != nil {
			return err
		}
		if err := addParties(ctx, q, b.ID, by, b.With, follow, now); err != nil {
			return err
		}
		for _, m := range b.Devices {
			if err := addDevice(ctx, q, b.ID, m, m == b.By, 1); err != nil {
				return err
			}
		}
		return addItem(ctx, q, b.ID, conversations.Item{Seq: 1, Kind: conversations.Welcome, By: b.By, Sealed: b.Welcome, At: now})
	})
}

// fits returns why who is in no further conversation.
func fits(ctx context.Context, q *query.Queries, who id.Person) error {
	n, err := q.CountConversations(ctx, who[:])
	if err == nil && n >= conversations.OfEachMax {
		err = conversations.ErrMany
	}
	return err
}

// addParties adds by, who is in, and people of whom those who follow by are in, too, and
// others are asked. Who has declined by lately is not asked again; nobody is told.
func addParties(ctx context.Context, q *query.Queries, which conversations.ID, by id.Person, some, follow []id.Person, now time.Time) error {
	if err := setParty(ctx, q, which, conversations.Party{Who: by, State: conversations.In, Since: now}); err != nil {
		return err
	}
	follows := make(map[id.Person]bool, len(follow))
	for _, who := range follow {
		follows[who] = true
	}
	for _, who := range some {
		if there, err := q.IsPerson(ctx, who[:]); err != nil {
			return err
		} else if !there {
			return people.ErrNoPerson
		}
		state := conversations.Asked
		if follows[who] {
			state = conversations.In
		}
		declined, err := q.HasDeclined(ctx, query.HasDeclinedParams{
			Who: who[:], After: millis(now.Add(-conversations.DeclinedFor)), Starter: by[:],
		})
		if err != nil {
			return err
		}
		if err := fits(ctx, q, who); errors.Is(err, conversations.ErrMany) {
			declined = true
		} else if err != nil {
			return err
		}
		if declined && state == conversations.Asked {
			state = conversations.Declined
		}
		if err := setParty(ctx, q, which, conversations.Party{Who: who, State: state, Since: now}); err != nil {
			return err
		}
	}
	return nil
}

func setParty(ctx context.Context, q *query.Queries, which conversations.ID, p conversations.Party) error {
	return q.SetConversationPerson(ctx, query.SetConversationPersonParams{
		Conversation: which[:], Person: p.Who[:], State: string(p.State), Since: millis(p.Since),
	})
}

// addDevice adds a device by an item; own says that it has made that item itself.
func addDevice(ctx context.Context, q *query.Queries, which conversations.ID, m conversations.Member, own bool, seq int64) error {
	read := seq - 1 // its welcome is the first that it reads
	if own {
		read = seq
	}
	rows, err := q.AddConversationDevice(ctx, query.AddConversationDeviceParams{
		Conversation: which[:], Since: seq, Read: read, Person: m.Who[:], Device: m.Device[:],
	})
	return changed(rows, err, conversations.ErrDevice)
}

// Conversations implements conversations.Store.
func (s *Store) Conversations(ctx context.Context, who id.Person) ([]conversations.Conversation, error) {
	rows, err := s.read.ConversationsOf(ctx, query.ConversationsOfParams{Person: who[:], Limit: conversations.OfEachMax})
	if err != nil {
		return nil, failed("list conversations", err)
	}
	parties, err := s.read.PeopleOfConversations(ctx, who[:])
	if err != nil {
		return nil, failed("list who is in conversations", err)
	}
	devices, err := s.read.DevicesOfConversations(ctx, who[:])
	if err != nil {
		return nil, failed("list the devices in conversations", err)
	}
	out := make([]conversations.Conversation, len(rows))
	at := make(map[conversations.ID]*conversations.Conversation, len(rows))
	for i, r := range rows {
		out[i] = conversationOf(query.Conversation{
			ID: r.ID, Starter: r.Starter, Pair: r.Pair, Epoch: r.Epoch, Seq: r.Seq, Created: r.Created, Changed: r.Changed,
		})
		at[out[i].ID] = &out[i]
	}
	// One that has begun since the first look is in the next.
	for _, p := range parties {
		if c := at[name[conversations.ID](p.Conversation)]; c != nil {
			c.People = append(c.People, partyOf(query.ConversationPeopleRow{Person: p.Person, State: p.State, Since: p.Since, Silent: p.Silent}))
		}
	}
	for _, d := range devices {
		if c := at[name[conversations.ID](d.Conversation)]; c != nil {
			c.Devices = append(c.Devices, memberOf(d.Person, d.Device))
		}
	}
	return out, nil
}

// Conversation implements conversations.Store.
func (s *Store) Conversation(ctx context.Context, which conversations.ID, who id.Person) (conversations.Conversation, []byte, error) {
	r, err := s.read.Conversation(ctx, query.ConversationParams{ID: which[:], Person: who[:]})
	if err != nil {
		return conversations.Conversation{}, nil, found("read a conversation", err, conversations.ErrNone)
	}
	c, err := wholeConversation(ctx, s.read, r)
	return c, r.Info, failed("read a conversation", err)
}

// wholeConversation reads who is in a conversation.
func wholeConversation(ctx context.Context, q *query.Queries, r query.Conversation) (conversations.Conversation, error) {
	c := conversationOf(r)
	parties, err := q.ConversationPeople(ctx, r.ID)
	if err != nil {
		return c, err
	}
	for _, p := range parties {
		c.People = append(c.People, partyOf(p))
	}
	devices, err := q.ConversationDevices(ctx, r.ID)
	for _, d := range devices {
		c.Devices = append(c.Devices, memberOf(d.Person, d.Device))
	}
	return c, err
}

// conversationOf returns a conversation without its people and devices.
func conversationOf(r query.Conversation) conversations.Conversation {
	return conversations.Conversation{
		ID: name[conversations.ID](r.ID), Starter: name[id.Person](r.Starter), Two: r.Pair != nil, Epoch: r.Epoch, Seq: r.Seq,
		Created: fromMillis(r.Created), Changed: fromMillis(r.Changed),
	}
}

func partyOf(p query.ConversationPeopleRow) conversations.Party {
	return conversations.Party{Who: name[id.Person](p.Person), State: conversations.State(p.State), Since: fromMillis(p.Since), Silent: p.Silent}
}

func memberOf(who, device []byte) conversations.Member {
	return conversations.Member{Who: name[id.Person](who), Device: conversations.Device(device)}
}

// takeConversation has nobody else change a conversation until the transaction ends.
func takeConversation(ctx context.Context, q *query.Queries, which conversations.ID) (c conversations.Conversation, err error) {
	r, err := q.TakeConversation(ctx, which[:])
	if errors.Is(err, sql.ErrNoRows) {
		return c, conversations.ErrNone
	}
	if err != nil {
		return c, err
	}
	return wholeConversation(ctx, q, query.Conversation{ID: which[:], Starter: r.Starter, Pair: r.Pair, Epoch: r.Epoch, Seq: r.Seq})
}

// Items implements conversations.Store.
func (s *Store) Items(ctx context.Context, which conversations.ID, of conversations.Member, after int64) ([]conversations.Item, error) {
	place, err := s.read.PlaceOf(ctx, query.PlaceOfParams{Conversation: which[:], Person: of.Who[:], Device: of.Device[:]})
	if err != nil {
		return nil, found("find a device in a conversation", err, conversations.ErrNone)
	}
	if !place.Valid {
		return nil, conversations.ErrDevice
	}
	rows, err := s.read.ItemsFor(ctx, query.ItemsForParams{
		Conversation: which[:], After: after, Since: place.Int64, Most: conversations.ItemsMax,
	})
	if err != nil {
		return nil, failed("read the items of a conversation", err)
	}
	out := make([]conversations.Item, len(rows))
	for i, r := range rows {
		out[i] = conversations.Item{
			Seq: r.Seq, Kind: conversations.Kind(r.Kind), Epoch: r.Epoch, Sealed: r.Sealed, At: fromMillis(r.At),
			By: conversations.Member{Who: name[id.Person](r.Person), Device: conversations.Device(r.Device)},
		}
	}
	return out, nil
}

// AddText implements conversations.Store.
func (s *Store) AddText(ctx context.Context, which conversations.ID, by conversations.Member, epoch int64, sealed []byte, now time.Time) (seq int64, err error) {
	err = s.write(ctx, "write a message", func(ctx context.Context, q *query.Queries) error {
		c, err := takeConversation(ctx, q, which)
		if err != nil {
			return err
		}
		if err := c.MayAdd(by, epoch); err != nil {
			return err
		}
		written, err := q.CountWritten(ctx, query.CountWrittenParams{Conversation: which[:], Person: by.Who[:]})
		if err != nil {
			return err
		}
		if err := c.MayWrite(by.Who, int(written-1)); err != nil {
			return err
		}
		if party, _ := c.Of(by.Who); party.State == conversations.Asked { // to answer is to be in it
			if err := setParty(ctx, q, which, conversations.Party{Who: by.Who, State: conversations.In, Since: now}); err != nil {
				return err
			}
		}
		seq = c.Seq + 1
		item := conversations.Item{Seq: seq, Kind: conversations.Text, Epoch: epoch, By: by, Sealed: sealed, At: now}
		if err := addItem(ctx, q, which, item); err != nil {
			return err
		}
		return q.SetConversationSeq(ctx, query.SetConversationSeqParams{Seq: seq, Changed: millis(now), ID: which[:]})
	})
	return seq, err
}

// TakeBack implements conversations.Store.
func (s *Store) TakeBack(ctx context.Context, which conversations.ID, by conversations.Member, message, epoch int64, sealed []byte, now time.Time) (seq int64, err error) {
	err = s.write(ctx, "take a message back", func(ctx context.Context, q *query.Queries) error {
		c, err := takeConversation(ctx, q, which)
		if err != nil {
			return err
		}
		if err := c.MayAdd(by, epoch); err != nil {
			return err
		}
		n, err := q.TakenBack(ctx, query.TakenBackParams{Conversation: which[:], Person: by.Who[:]})
		if err != nil {
			return err
		}
		taking := conversations.Taking{Written: int(n.Written), Waiting: int(n.Waiting), Now: now}
		at, err := q.WrittenAt(ctx, query.WrittenAtParams{Conversation: which[:], Seq: message, Person: by.Who[:]})
		switch {
		case err == nil:
			taking.At = fromMillis(at)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := taking.Judge(); err != nil {
			return err
		}
		if !taking.At.IsZero() {
			if err := q.DropItem(ctx, query.DropItemParams{Conversation: which[:], Seq: message}); err != nil {
				return err
			}
			if err := q.UntellTalk(ctx, query.UntellTalkParams{Talk: which[:], Who: by.Who[:], Made: at}); err != nil {
				return err
			}
		}
		seq = c.Seq + 1
		item := conversations.Item{Seq: seq, Kind: conversations.TookBack, Epoch: epoch, By: by, Sealed: sealed, At: now}
		if err := addItem(ctx, q, which, item); err != nil {
			return err
		}
		return q.PassItem(ctx, query.PassItemParams{Seq: seq, ID: which[:]})
	})
	return seq, err
}

// Change implements conversations.Store.
func (s *Store) Change(ctx context.Context, which conversations.ID, n conversations.Change, follow []id.Person, now time.Time) (seq int64, err error) {
	err = s.write(ctx, "change a conversation", func(ctx context.Context, q *query.Queries) error {
		c, err := takeConversation(ctx, q, which)
		if err != nil {
			return err
		}
		if err := c.Judge(n); err != nil {
			return err
		}
		if len(n.People) > 0 {
			if err := addParties(ctx, q, which, n.By.Who, n.People, follow, now); err != nil {
				return err
			}
		}
		seq = c.Seq + 1
		item := conversations.Item{Seq: seq, Kind: conversations.Commit, Epoch: n.Epoch, By: n.By, Sealed: n.Commit, At: now}
		if err := addItem(ctx, q, which, item); err != nil {
			return err
		}
		if len(n.Welcome) > 0 {
			seq++
			item.Seq, item.Kind, item.Sealed = seq, conversations.Welcome, n.Welcome
			if err := addItem(ctx, q, which, item); err != nil {
				return err
			}
		}
		for _, m := range n.Removed {
			if _, err := q.DropConversationDevice(ctx, query.DropConversationDeviceParams{
				Conversation: which[:], Person: m.Who[:], Device: m.Device[:],
			}); err != nil {
				return err
			}
		}
		for _, m := range n.Added {
			if err := addDevice(ctx, q, which, m, m == n.By, seq); err != nil {
				return err
			}
		}
		return q.SetConversation(ctx, query.SetConversationParams{
			Epoch: c.Epoch + 1, Seq: seq, Info: n.Info, Changed: millis(now), ID: which[:],
		})
	})
	return seq, err
}

func addItem(ctx context.Context, q *query.Queries, which conversations.ID, i conversations.Item) error {
	return q.AddItem(ctx, query.AddItemParams{
		Conversation: which[:], Seq: i.Seq, Kind: string(i.Kind), Epoch: i.Epoch,
		Person: i.By.Who[:], Device: i.By.Device[:], Sealed: i.Sealed, At: millis(i.At),
	})
}

// SetRead implements conversations.Store.
func (s *Store) SetRead(ctx context.Context, which conversations.ID, of conversations.Member, seq int64) error {
	return s.write(ctx, "note what was read", func(ctx context.Context, q *query.Queries) error {
		c, err := takeConversation(ctx, q, which)
		if err != nil {
			return err
		}
		if p, ok := c.Of(of.Who); !ok || p.State != conversations.In && p.State != conversations.Asked {
			return conversations.ErrNone
		}
		if !c.Has(of) {
			return conversations.ErrDevice
		}
		if _, err := q.SetRead(ctx, query.SetReadParams{
			Read: min(seq, c.Seq), Conversation: which[:], Person: of.Who[:], Device: of.Device[:],
		}); err != nil {
			return err
		}
		return q.DropReadItems(ctx, which[:])
	})
}

// Answer implements conversations.Store.
func (s *Store) Answer(ctx context.Context, which conversations.ID, who id.Person, in bool, now time.Time) error {
	return s.write(ctx, "answer a conversation", func(ctx context.Context, q *query.Queries) error {
		c, err := takeConversation(ctx, q, which)
		if err != nil {
			return err
		}
		p, ok := c.Of(who)
		var state conversations.State
		switch {
		case !ok, p.State == conversations.Left, p.State == conversations.Declined:
			return conversations.ErrNone
		case in:
			state = conversations.In
		case p.State == conversations.Asked:
			state = conversations.Declined
		default:
			state = conversations.Left
		}
		if state == p.State {
			return nil
		}
		if !in && c.Two { // they may begin another
			if err := q.UnpairConversation(ctx, which[:]); err != nil {
				return err
			}
		}
		return setParty(ctx, q, which, conversations.Party{Who: who, State: state, Since: now})
	})
}

// SetSilent implements conversations.Store.
func (s *Store) SetSilent(ctx context.Context, which conversations.ID, who id.Person, silent bool) error {
	return s.write(ctx, "silence a conversation", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.SetSilent(ctx, query.SetSilentParams{Silent: silent, Conversation: which[:], Person: who[:]})
		return changed(rows, err, conversations.ErrNone)
	})
}

// ForgetConversations implements conversations.Store.
func (s *Store) ForgetConversations(ctx context.Context, now time.Time) error {
	return s.write(ctx, "forget what was written", func(ctx context.Context, q *query.Queries) error {
		return errors.Join(
			q.ForgetItems(ctx, millis(now.Add(-conversations.ItemLife))),
			q.ForgetPackages(ctx, millis(now.Add(-conversations.PackageLife))),
			q.ForgetTalkDevices(ctx, millis(now.Add(-conversations.DeviceLife))),
			q.ForgetPackagesOfNone(ctx), q.ForgetPlacesOfNone(ctx),
			q.ForgetConversations(ctx, millis(now.Add(-conversations.EmptyLife))),
		)
	})
}

// conversationRows adds what is stored of somebody's devices and conversations.
func (s *Store) conversationRows(ctx context.Context, who id.Person, add adder) error {
	devices, err := s.read.TalkDeviceRows(ctx, who[:])
	if err != nil {
		return err
	}
	for _, d := range devices {
		since := fromMillis(d.Since)
		add(people.ClassTalkDevices, id.Size+len(d.Device)+2*number+int(d.Bytes), since, map[string]any{
			"since": since, "seen": fromMillis(d.Seen), "key_packages": d.Packages,
		})
	}
	rows, err := s.read.ConversationRows(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		since, which := fromMillis(r.Since), name[conversations.ID](r.Conversation)
		add(people.ClassConversations, 2*id.Size+len(r.State)+2*number+1, since, map[string]any{
			"conversation": which, "state": r.State, "since": since, "devices": r.Devices, "silent": r.Silent,
		})
		if r.Items > 0 {
			oldest := fromMillis(r.Oldest)
			add(people.ClassMessages, int(r.Bytes), oldest, map[string]any{"conversation": which, "sealed": r.Items, "oldest": oldest})
		}
	}
	return nil
}
