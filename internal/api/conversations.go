package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/signal"
)

// groupBody is the size in bytes of a request that has a welcome and the information
// of a group: base64 takes a third more.
const groupBody = (2*conversations.GroupMax+conversations.ChangeMax)*4/3 + 64<<10

// Bodies about conversations.
type (
	// KeyPackages are of a device that can be written to from now on.
	KeyPackages struct {
		Device   signal.Bytes   `json:"device" doc:"its public key (Ed25519), base64url"`
		Packages []signal.Bytes `json:"packages" doc:"MLS key packages for one use each, base64url; at most 50 are kept"`
		Last     signal.Bytes   `json:"last,omitempty" doc:"the one for when they are used up, instead of the one before"`
	}
	// PackagesLeft is how many there are.
	PackagesLeft struct {
		Left int `json:"left" doc:"for one use each"`
	}
	// DevicePackage is a key package of somebody's device.
	DevicePackage struct {
		Device  signal.Bytes `json:"device"`
		Package signal.Bytes `json:"package"`
	}
	// DevicePackages is one of each device of somebody.
	DevicePackages struct {
		Devices []DevicePackage `json:"devices"`
	}
	// TalkDevice is a device that can open what is written in a conversation.
	TalkDevice struct {
		Person id.Person    `json:"person"`
		Device signal.Bytes `json:"device"`
	}
	// TalkPerson is somebody's part in a conversation.
	TalkPerson struct {
		Person Person `json:"person"`
		State  string `json:"state" enum:"in,asked,left"`
	}
	// Conversation is what the house knows of one.
	Conversation struct {
		ID      conversations.ID `json:"id"`
		Two     bool             `json:"two" doc:"whether it is of two people, and stays so"`
		Mine    string           `json:"mine" enum:"in,asked"`
		Starter id.Person        `json:"starter,omitzero" doc:"absent when they are gone"`
		People  []TalkPerson     `json:"people"`
		Devices []TalkDevice     `json:"devices"`
		Epoch   int64            `json:"epoch"`
		Seq     int64            `json:"seq" doc:"of its last item"`
		Changed time.Time        `json:"changed"`
		Silent  bool             `json:"silent" doc:"whether I want to hear nothing of it; nobody else learns of it"`
		Info    signal.Bytes     `json:"info,omitempty" doc:"of its group in this epoch; in answers about one"`
	}
	// Conversations are mine, those that were changed last first.
	Conversations struct {
		Conversations []Conversation `json:"conversations"`
	}
	// NewConversation begins one.
	NewConversation struct {
		ID      string       `json:"id" doc:"16 random bytes, as an id: the name of the group"`
		Device  signal.Bytes `json:"device" doc:"mine"`
		With    []string     `json:"with" doc:"ids of people, at most 11"`
		Two     bool         `json:"two"`
		Devices []TalkDevice `json:"devices" doc:"all that are in the group, mine too"`
		Welcome signal.Bytes `json:"welcome"`
		Info    signal.Bytes `json:"info"`
	}
	// NewText is a message.
	NewText struct {
		Device signal.Bytes `json:"device"`
		Epoch  int64        `json:"epoch" doc:"in which it was sealed"`
		Sealed signal.Bytes `json:"sealed" doc:"up to 32 KiB"`
	}
	// NewChange adds devices to a conversation, or takes some out.
	NewChange struct {
		Device  signal.Bytes `json:"device"`
		Epoch   int64        `json:"epoch" doc:"that it changes"`
		Commit  signal.Bytes `json:"commit"`
		Welcome signal.Bytes `json:"welcome,omitempty"`
		Info    signal.Bytes `json:"info"`
		Added   []TalkDevice `json:"added,omitempty"`
		Removed []TalkDevice `json:"removed,omitempty"`
		People  []string     `json:"people,omitempty" doc:"who are new"`
	}
	// ItemNumber is where something stands.
	ItemNumber struct {
		Seq int64     `json:"seq"`
		At  time.Time `json:"at" doc:"now, by the clock of the house"`
	}
	// ReadUpTo is how far a device has come.
	ReadUpTo struct {
		Device signal.Bytes `json:"device"`
		Seq    int64        `json:"seq"`
	}
	// Silence is whether I want to hear nothing of a conversation.
	Silence struct {
		Silent bool `json:"silent"`
	}
	// ConversationItem is something sealed.
	ConversationItem struct {
		Seq    int64              `json:"seq"`
		Kind   conversations.Kind `json:"kind" enum:"text,change,welcome,took_back"`
		Epoch  int64              `json:"epoch"`
		Person id.Person          `json:"person"`
		Device signal.Bytes       `json:"device"`
		Sealed signal.Bytes       `json:"sealed"`
		At     time.Time          `json:"at"`
	}
	// ConversationItems is what a device has to read, at most 100.
	ConversationItems struct {
		Items []ConversationItem `json:"items"`
	}
)

// Inputs of calls about conversations.
type (
	ofDevice struct {
		Device string `query:"device" maxLength:"64" doc:"base64url"`
	}
	atConversation struct {
		Conversation string `path:"conversation"`
	}
	itemsAfter struct {
		Conversation string `path:"conversation"`
		Device       string `query:"device" maxLength:"64" doc:"mine, base64url"`
		After        int64  `query:"after" minimum:"0"`
	}
	saying struct {
		Conversation string `path:"conversation"`
		Body         NewText
	}
	takingBack struct {
		Conversation string `path:"conversation"`
		Seq          int64  `path:"seq" minimum:"1"`
		Body         NewText
	}
	changing struct {
		Conversation string `path:"conversation"`
		Body         NewChange
	}
	silencing struct {
		Conversation string `path:"conversation"`
		Body         Silence
	}
	havingRead struct {
		Conversation string `path:"conversation"`
		Body         ReadUpTo
	}
)

func (a *API) addConversations() {
	tags := []string{"conversations"}
	const packages = "/api/v1/me/packages"
	add(a, huma.Operation{
		OperationID: "add-packages", Method: "PUT", Path: packages, Tags: tags, Summary: "Let others write to this device",
		MaxBodyBytes: (conversations.PackagesMax + 1) * conversations.PackageMax * 4 / 3,
	}, toWrite, func(ctx context.Context, in *struct{ Body KeyPackages }) (*output[PackagesLeft], error) {
		of, err := deviceOf(me(ctx), in.Body.Device, "body.device")
		if err != nil {
			return nil, err
		}
		list := make([][]byte, len(in.Body.Packages))
		for i, p := range in.Body.Packages {
			list[i] = p
		}
		if err := a.Conversations.AddPackages(ctx, of, list, in.Body.Last); err != nil {
			return nil, err
		}
		left, err := a.Conversations.CountPackages(ctx, of)
		return answer(PackagesLeft{left}, err)
	})
	add(a, huma.Operation{
		OperationID: "count-packages", Method: "GET", Path: packages, Tags: tags, Summary: "How many packages this device has left",
	}, toRead, func(ctx context.Context, in *ofDevice) (*output[PackagesLeft], error) {
		of, err := parseDevice(me(ctx), in.Device)
		if err != nil {
			return nil, err
		}
		left, err := a.Conversations.CountPackages(ctx, of)
		return answer(PackagesLeft{left}, err)
	})
	add(a, huma.Operation{
		OperationID: "forget-device", Method: "DELETE", Path: packages, Tags: tags, Summary: "Have nobody write to this device any more",
	}, toWrite, func(ctx context.Context, in *ofDevice) (*nothing, error) {
		of, err := parseDevice(me(ctx), in.Device)
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.Conversations.DropDevice(ctx, of)
	})
	add(a, huma.Operation{
		OperationID: "take-packages", Method: "POST", Path: "/api/v1/people/{person}/packages", Tags: tags,
		Summary: "A key package of each device of somebody",
	}, toPack, func(ctx context.Context, in *takingPackages) (*output[DevicePackages], error) {
		who, err := (&atPerson{in.Person}).parse()
		if err != nil {
			return nil, err
		}
		list, err := a.Conversations.TakePackages(ctx, who)
		out := DevicePackages{make([]DevicePackage, len(list))}
		for i, p := range list {
			out.Devices[i] = DevicePackage{p.Device[:], p.Bytes}
		}
		return answer(out, err)
	})
	a.addTalks(tags)
}

type takingPackages struct {
	Person string `path:"person"`
	Body   None
}

func (a *API) addTalks(tags []string) {
	const all, one = "/api/v1/conversations", "/api/v1/conversations/{conversation}"
	add(a, huma.Operation{
		OperationID: "list-conversations", Method: "GET", Path: all, Tags: tags, Summary: "My conversations, and those that I am asked into",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Conversations], error) {
		return answer(a.talks(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "begin-conversation", Method: "POST", Path: all, Tags: tags, Summary: "Begin a conversation",
		DefaultStatus: 201, MaxBodyBytes: groupBody,
	}, toWrite, func(ctx context.Context, in *struct{ Body NewConversation }) (*output[Conversation], error) {
		return answer(a.beginTalk(ctx, me(ctx), &in.Body))
	})
	add(a, huma.Operation{
		OperationID: "get-conversation", Method: "GET", Path: one, Tags: tags, Summary: "A conversation",
	}, toRead, func(ctx context.Context, in *atConversation) (*output[Conversation], error) {
		which, err := parseTalk(in.Conversation)
		if err != nil {
			return nil, err
		}
		return answer(a.talk(ctx, me(ctx), which))
	})
	add(a, huma.Operation{
		OperationID: "leave-conversation", Method: "DELETE", Path: one, Tags: tags, Summary: "Leave a conversation, or decline it",
	}, toWrite, func(ctx context.Context, in *atConversation) (*nothing, error) {
		return a.answerTalk(ctx, in.Conversation, false)
	})
	add(a, huma.Operation{
		OperationID: "accept-conversation", Method: "PUT", Path: one + "/membership", Tags: tags, Summary: "Say yes to a conversation",
	}, toWrite, func(ctx context.Context, in *atConversation) (*nothing, error) {
		return a.answerTalk(ctx, in.Conversation, true)
	})
	add(a, huma.Operation{
		OperationID: "list-items", Method: "GET", Path: one + "/items", Tags: tags, Summary: "What my device has to read",
	}, toRead, func(ctx context.Context, in *itemsAfter) (*output[ConversationItems], error) {
		which, of, err := a.talkDevice(me(ctx), in.Conversation, in.Device)
		if err != nil {
			return nil, err
		}
		list, err := a.Conversations.Items(ctx, which, of, in.After)
		out := ConversationItems{make([]ConversationItem, len(list))}
		for i, it := range list {
			out.Items[i] = ConversationItem{it.Seq, it.Kind, it.Epoch, it.By.Who, it.By.Device[:], it.Sealed, it.At}
		}
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "write-message", Method: "POST", Path: one + "/items", Tags: tags, Summary: "Write a message", DefaultStatus: 201,
	}, toWrite, func(ctx context.Context, in *saying) (*output[ItemNumber], error) {
		c, seq, err := a.moveTalk(ctx, in.Conversation, in.Body.Device, func(which conversations.ID, by conversations.Member) (int64, error) {
			return a.Conversations.Write(ctx, which, by, in.Body.Epoch, in.Body.Sealed)
		})
		if err == nil {
			a.tellAll(ctx, messageNews(&c, me(ctx))...)
		}
		return answer(a.numberOf(seq), err)
	})
	add(a, huma.Operation{
		OperationID: "take-message-back", Method: "PUT", Path: one + "/items/{seq}/taken-back", Tags: tags,
		Summary: "Take a message of mine back: it is deleted, and a sealed note says so to who has read it",
	}, toWrite, func(ctx context.Context, in *takingBack) (*output[ItemNumber], error) {
		_, seq, err := a.moveTalk(ctx, in.Conversation, in.Body.Device, func(which conversations.ID, by conversations.Member) (int64, error) {
			return a.Conversations.TakeBack(ctx, which, by, in.Seq, in.Body.Epoch, in.Body.Sealed)
		})
		return answer(a.numberOf(seq), err)
	})
	add(a, huma.Operation{
		OperationID: "change-conversation", Method: "POST", Path: one + "/changes", Tags: tags,
		Summary: "Add devices or people to a conversation, or take devices out", DefaultStatus: 201, MaxBodyBytes: groupBody,
	}, toWrite, func(ctx context.Context, in *changing) (*output[ItemNumber], error) {
		_, seq, err := a.moveTalk(ctx, in.Conversation, in.Body.Device, func(which conversations.ID, by conversations.Member) (int64, error) {
			return a.changeTalk(ctx, which, by, &in.Body)
		})
		return answer(a.numberOf(seq), err)
	})
	add(a, huma.Operation{
		OperationID: "see-conversation", Method: "PUT", Path: one + "/seen", Tags: tags,
		Summary: "I have looked at a conversation: it is not pushed any more",
	}, toRead, func(ctx context.Context, in *atConversation) (*nothing, error) {
		which, err := parseTalk(in.Conversation)
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.News.SeeTalk(ctx, me(ctx), which) // if it is none of theirs, there is nothing new of it
	})
	add(a, huma.Operation{
		OperationID: "silence-conversation", Method: "PUT", Path: one + "/silence", Tags: tags,
		Summary: "Say whether I want to hear nothing of a conversation; nobody else learns of it",
	}, toWrite, func(ctx context.Context, in *silencing) (*nothing, error) {
		return a.silenceTalk(ctx, in.Conversation, in.Body.Silent)
	})
	add(a, huma.Operation{
		OperationID: "read-conversation", Method: "PUT", Path: one + "/read", Tags: tags, Summary: "Say how far my device has come",
	}, toRead, func(ctx context.Context, in *havingRead) (*nothing, error) {
		which, err := parseTalk(in.Conversation)
		if err != nil {
			return nil, err
		}
		of, err := deviceOf(me(ctx), in.Body.Device, "body.device")
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.Conversations.SetRead(ctx, which, of, in.Body.Seq)
	})
}

func (a *API) numberOf(seq int64) ItemNumber { return ItemNumber{seq, a.Clock().UTC()} }

func parseTalk(text string) (conversations.ID, error) {
	which, err := id.Parse[conversations.ID](text)
	if err != nil {
		return which, conversations.ErrNone
	}
	return which, nil
}

// deviceOf returns a device of who by its public key, which stands at a place in a
// request.
func deviceOf(who id.Person, key []byte, at string) (m conversations.Member, err error) {
	if len(key) != len(m.Device) {
		return m, errValue{at, "not a public key of 32 bytes"}
	}
	return conversations.Member{Who: who, Device: conversations.Device(key)}, nil
}

func parseDevice(who id.Person, text string) (conversations.Member, error) {
	var key signal.Bytes
	if err := key.UnmarshalText([]byte(text)); err != nil {
		return conversations.Member{}, errValue{"query.device", err.Error()}
	}
	return deviceOf(who, key, "query.device")
}

func (a *API) talkDevice(who id.Person, talk, device string) (conversations.ID, conversations.Member, error) {
	which, err := parseTalk(talk)
	if err != nil {
		return which, conversations.Member{}, err
	}
	of, err := parseDevice(who, device)
	return which, of, err
}

// devicesOf returns the devices that stand at a place in a request.
func devicesOf(list []TalkDevice, at string) ([]conversations.Member, error) {
	out := make([]conversations.Member, len(list))
	for i, d := range list {
		var err error
		if out[i], err = deviceOf(d.Person, d.Device, at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// talks returns the conversations of who, without those that a block keeps from them.
func (a *API) talks(ctx context.Context, who id.Person) (Conversations, error) {
	list, err := a.Conversations.Of(ctx, who)
	if err != nil {
		return Conversations{}, err
	}
	mine, err := a.People.BlockedBy(ctx, who)
	if err != nil {
		return Conversations{}, err
	}
	var all []id.Person
	for _, c := range list {
		for _, p := range c.People {
			all = append(all, p.Who)
		}
	}
	seen, err := a.People.Profiles(ctx, who, all)
	out := Conversations{[]Conversation{}}
	for _, c := range list {
		if !isApart(&c, who, mine) {
			out.Conversations = append(out.Conversations, talkOf(&c, who, seen))
		}
	}
	return out, err
}

// isApart reports whether a block of who's keeps a conversation from them: with one whom
// they have blocked, or that such a one asks them into.
func isApart(c *conversations.Conversation, who id.Person, blocked map[id.Person]people.Level) bool {
	party, _ := c.Of(who)
	if party.State == conversations.Asked && blocked[c.Starter] == people.LevelBlock {
		return true
	}
	for _, p := range c.People {
		if c.Two && blocked[p.Who] == people.LevelBlock {
			return true
		}
	}
	return false
}

// talkOf returns c as who sees it, with those of its people whom seen has.
func talkOf(c *conversations.Conversation, who id.Person, seen map[id.Person]people.Profile) Conversation {
	out := Conversation{
		ID: c.ID, Two: c.Two, Starter: c.Starter, Epoch: c.Epoch, Seq: c.Seq, Changed: c.Changed,
		People: []TalkPerson{}, Devices: make([]TalkDevice, len(c.Devices)),
	}
	for _, p := range c.People {
		state := p.State
		if state == conversations.Declined { // that is theirs to know
			state = conversations.Asked
		}
		if p.Who == who {
			out.Mine, out.Silent = string(state), p.Silent
		}
		if profile, there := seen[p.Who]; there {
			out.People = append(out.People, TalkPerson{personOf(profile), string(state)})
		}
	}
	for i, d := range c.Devices {
		out.Devices[i] = TalkDevice{d.Who, d.Device[:]}
	}
	return out
}

func (a *API) talk(ctx context.Context, who id.Person, which conversations.ID) (Conversation, error) {
	mine, err := a.People.BlockedBy(ctx, who)
	if err != nil {
		return Conversation{}, err
	}
	c, info, err := a.talkFor(ctx, who, which, mine)
	if err != nil {
		return Conversation{}, err
	}
	return a.shown(ctx, who, &c, info)
}

// talkFor returns a conversation and the information of its group, if it exists for
// who, whose blocks are told; or conversations.ErrNone.
func (a *API) talkFor(ctx context.Context, who id.Person, which conversations.ID, mine map[id.Person]people.Level) (conversations.Conversation, []byte, error) {
	c, info, err := a.Conversations.One(ctx, which, who)
	if err == nil && isApart(&c, who, mine) {
		err = conversations.ErrNone
	}
	return c, info, err
}

// shown returns one conversation as who sees it.
func (a *API) shown(ctx context.Context, who id.Person, c *conversations.Conversation, info []byte) (Conversation, error) {
	all := make([]id.Person, len(c.People))
	for i, p := range c.People {
		all[i] = p.Who
	}
	seen, err := a.People.Profiles(ctx, who, all)
	out := talkOf(c, who, seen)
	out.Info = info
	return out, err
}

func (a *API) beginTalk(ctx context.Context, who id.Person, n *NewConversation) (Conversation, error) {
	b := conversations.Beginning{Two: n.Two, Welcome: n.Welcome, Info: n.Info}
	var err error
	if b.ID, err = id.Parse[conversations.ID](n.ID); err != nil {
		return Conversation{}, errValue{"body.id", err.Error()}
	}
	if b.By, err = deviceOf(who, n.Device, "body.device"); err != nil {
		return Conversation{}, err
	}
	if b.Devices, err = devicesOf(n.Devices, "body.devices"); err != nil {
		return Conversation{}, err
	}
	if b.With, err = peopleIn(n.With); err != nil {
		return Conversation{}, err
	}
	follow, err := a.People.FollowersAmong(ctx, who, b.With)
	if err != nil {
		return Conversation{}, err
	}
	if err := a.Conversations.Begin(ctx, b, follow); err != nil {
		return Conversation{}, err
	}
	c, info, err := a.Conversations.One(ctx, b.ID, who)
	if err != nil {
		return Conversation{}, err
	}
	a.tellTalk(ctx, &c, who, c.Seq)
	return a.shown(ctx, who, &c, info)
}

// peopleIn returns the people whose ids a request has.
func peopleIn(list []string) ([]id.Person, error) {
	out := make([]id.Person, len(list))
	for i, text := range list {
		var err error
		if out[i], err = id.Parse[id.Person](text); err != nil {
			return nil, people.ErrNoPerson
		}
	}
	return out, nil
}

func (a *API) changeTalk(ctx context.Context, which conversations.ID, by conversations.Member, n *NewChange) (int64, error) {
	c := conversations.Change{By: by, Epoch: n.Epoch, Commit: n.Commit, Welcome: n.Welcome, Info: n.Info}
	var err error
	if c.Added, err = devicesOf(n.Added, "body.added"); err != nil {
		return 0, err
	}
	if c.Removed, err = devicesOf(n.Removed, "body.removed"); err != nil {
		return 0, err
	}
	if c.People, err = peopleIn(n.People); err != nil {
		return 0, err
	}
	follow, err := a.People.FollowersAmong(ctx, by.Who, c.People)
	if err != nil {
		return 0, err
	}
	return a.Conversations.Change(ctx, which, c, follow)
}

// moveTalk has a device add something to a conversation, and tells those in it. It
// returns the conversation as it is then.
func (a *API) moveTalk(ctx context.Context, talk string, device []byte, add func(conversations.ID, conversations.Member) (int64, error)) (c conversations.Conversation, seq int64, err error) {
	which, err := parseTalk(talk)
	if err != nil {
		return c, 0, err
	}
	by, err := deviceOf(me(ctx), device, "body.device")
	if err != nil {
		return c, 0, err
	}
	if seq, err = add(which, by); err != nil {
		return c, 0, err
	}
	c, _, err = a.Conversations.One(ctx, which, by.Who)
	if err != nil { // it is written: they look when they come
		a.missed(ctx, "some have not been told of a message", err)
		return c, seq, nil
	}
	a.tellTalk(ctx, &c, by.Who, seq)
	return c, seq, nil
}

// messageNews are pieces of news for those to whom somebody has written.
func messageNews(c *conversations.Conversation, by id.Person) (pieces []news.Piece) {
	kinds := map[conversations.State]news.Kind{conversations.In: news.Message, conversations.Asked: news.MessageAsked}
	for _, p := range c.People {
		if kind, is := kinds[p.State]; is && p.Who != by && !p.Silent {
			pieces = append(pieces, news.Piece{To: p.Who, Kind: kind, Who: by, Talk: c.ID})
		}
	}
	return pieces
}

// answerTalk has who asks be in a conversation, or not any more.
func (a *API) answerTalk(ctx context.Context, talk string, in bool) (*nothing, error) {
	which, err := parseTalk(talk)
	if err != nil {
		return nil, err
	}
	c, _, err := a.Conversations.One(ctx, which, me(ctx))
	if err != nil {
		return nil, err
	}
	change := a.Conversations.Leave
	if in {
		change = a.Conversations.Accept
	}
	if err := change(ctx, which, me(ctx)); err != nil {
		return nil, err
	}
	a.missed(ctx, "what was answered may be pushed", a.News.SeeTalk(ctx, me(ctx), which))
	if party, _ := c.Of(me(ctx)); in || party.State == conversations.In { // to decline is nobody else's to know
		a.tellTalk(ctx, &c, me(ctx), c.Seq)
	}
	return &nothing{}, nil
}

// silenceTalk has who asks hear nothing of a conversation, or again what is new. Of
// what they are told, only their own browsers learn of it.
func (a *API) silenceTalk(ctx context.Context, talk string, silent bool) (*nothing, error) {
	which, err := parseTalk(talk)
	if err != nil {
		return nil, err
	}
	if err := a.Conversations.SetSilent(ctx, which, me(ctx), silent); err != nil {
		return nil, err
	}
	if silent { // what waits is not told any more, and the next is told when they want to hear again
		a.missed(ctx, "what is silent may be pushed", a.News.SeeTalk(ctx, me(ctx), which))
	}
	c, _, err := a.Conversations.One(ctx, which, me(ctx))
	if err == nil {
		a.conns.send(map[id.Person][][]byte{me(ctx): {talkNotice(&c, c.Seq)}})
	}
	return &nothing{}, nil
}

// talkNotice is how the browsers of those in a conversation are told to look there.
func talkNotice(c *conversations.Conversation, seq int64) []byte {
	return encode(signal.Notice{Conversation: &signal.Conversation{ID: c.ID, Seq: seq}})
}

// tellTalk tells those in a conversation, and who is asked into it, that somebody has
// moved it, unless they have blocked that one.
func (a *API) tellTalk(ctx context.Context, c *conversations.Conversation, by id.Person, seq int64) {
	notice := [][]byte{talkNotice(c, seq)}
	var there []id.Person
	for _, p := range c.People {
		if p.State == conversations.In || p.State == conversations.Asked {
			there = append(there, p.Who)
		}
	}
	blockers, err := a.People.BlockersAmong(ctx, by, there)
	if err != nil {
		return // they look when they come
	}
	spared := setOf(blockers)
	to := make(map[id.Person][][]byte)
	for _, who := range there {
		if !spared[who] {
			to[who] = notice
		}
	}
	a.conns.send(to)
}
