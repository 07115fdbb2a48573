package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Row is a row about somebody in the records.
type Row struct {
	Class Class
	Bytes int
	Since time.Time      // of the oldest time in it; zero for none
	More  map[string]any // its values, as people read them; none of a secret
}

// A Class is a kind of what is stored about somebody.
type Class string

// The classes there are.
const (
	ClassAccount       Class = "account"
	ClassProfile       Class = "profile"
	ClassPicture       Class = "picture"
	ClassPasskeys      Class = "passkeys"
	ClassBackups       Class = "key_backups"
	ClassRecovery      Class = "recovery"
	ClassSessions      Class = "sessions"
	ClassInvites       Class = "invites"
	ClassFollows       Class = "follows"
	ClassFollowers     Class = "followers"
	ClassHidden        Class = "hidden"
	ClassBlocks        Class = "blocks"
	ClassTalkDevices   Class = "talk_devices"
	ClassConversations Class = "conversations"
	ClassMessages      Class = "messages"
	ClassDiscovery     Class = "discovery"
	ClassClubs         Class = "clubs"
	ClassClubsSeen     Class = "club_follows"
	ClassReports       Class = "reports_made"
	ClassWritten       Class = "reports_written"
	ClassReportsAbout  Class = "reports_about"
	ClassDecisions     Class = "decisions"
	ClassWarden        Class = "warden"
	ClassRooms         Class = "rooms"
	ClassPlans         Class = "plans"
	ClassGoing         Class = "going"
	ClassCalendar      Class = "calendar"
	ClassIndex         Class = "index"
	ClassKey           Class = "key"
	ClassNews          Class = "news"
	ClassTold          Class = "news_settings"
	ClassDevices       Class = "devices"
	ClassAddress       Class = "address"
)

// Kept is for how long a class is kept.
type Kept struct {
	Class Class
	Keeps string
}

// Classes are all of them, in the order in which they are shown.
var Classes = []Kept{
	{ClassAccount, "account"},
	{ClassProfile, "account"},
	{ClassPicture, "account"},
	{ClassPasskeys, "account"},
	{ClassBackups, "account"},
	{ClassRecovery, "account"},
	{ClassSessions, "seen:90"},
	{ClassInvites, "account"},
	{ClassFollows, "account"},
	{ClassFollowers, "account"},
	{ClassHidden, "account"},
	{ClassBlocks, "account"},
	{ClassDiscovery, "seen:90"},
	{ClassClubs, "account"},
	{ClassClubsSeen, "account"},
	{ClassTalkDevices, "seen:90"},
	{ClassConversations, "account"},
	{ClassMessages, "days:30"},
	{ClassReports, "days:30"},
	{ClassWritten, "days:180"},
	{ClassReportsAbout, "days:30"},
	{ClassDecisions, "ended:365"},
	{ClassWarden, "account"},
	{ClassRooms, "room"},
	{ClassPlans, "ended:7"},
	{ClassGoing, "ended:7"},
	{ClassCalendar, "account"},
	{ClassNews, "days:30"},
	{ClassTold, "account"},
	{ClassDevices, "seen:90"},
	{ClassAddress, "account"},
	{ClassIndex, "account"},
	{ClassKey, "account"},
}

// Columns says of each column in the records to which class what it has about
// somebody belongs; nothing, where it has nothing about anybody.
var Columns = map[string]Class{
	"people.id": ClassAccount, "people.created": ClassAccount, "people.recovery": ClassRecovery,
	"people.good": ClassAccount, "people.invited": ClassAccount,
	"clear_names.person": ClassProfile, "clear_names.name": ClassProfile,
	"profiles.person": ClassProfile, "profiles.sealed": ClassProfile, "profiles.handle": ClassProfile,
	"profiles.version": ClassProfile, "profiles.changed": ClassProfile,
	"pictures.person": ClassPicture, "pictures.large": ClassPicture, "pictures.small": ClassPicture, "pictures.changed": ClassPicture,
	"passkeys.id": ClassPasskeys, "passkeys.person": ClassPasskeys, "passkeys.public_key": ClassPasskeys,
	"passkeys.flags": ClassPasskeys, "passkeys.uses": ClassPasskeys, "passkeys.created": ClassPasskeys,
	"passkeys.key_backup": ClassBackups,
	"sessions.id":         ClassSessions, "sessions.token": ClassSessions, "sessions.person": ClassSessions,
	"sessions.created": ClassSessions, "sessions.seen": ClassSessions,
	"invites.id": ClassInvites, "invites.code": ClassInvites, "invites.given_by": ClassInvites, "invites.created": ClassInvites,
	"invites.expires": ClassInvites, "invites.revoked": ClassInvites, "invites.used": ClassInvites, "invites.used_by": ClassInvites,
	"follows.who": ClassFollows, "follows.whom": ClassFollowers, "follows.since": ClassFollows, "follows.notify": ClassFollows,
	"hidden.who": ClassHidden, "hidden.whom": ClassHidden, "hidden.since": ClassHidden,
	// Whom somebody has blocked is theirs to know, and nobody else's, least of all that one's.
	"blocks.who": ClassBlocks, "blocks.whom": ClassBlocks, "blocks.level": ClassBlocks, "blocks.since": ClassBlocks,
	"discovery_people.person": ClassDiscovery, "discovery_people.findable": ClassDiscovery, "discovery_people.since": ClassDiscovery,
	"discovery_people.seen": ClassDiscovery, "discovery_people.listed": ClassDiscovery, "discovery_people.generation": ClassDiscovery,
	"discovery_people.budget": ClassDiscovery, "discovery_people.counted": ClassDiscovery,
	"discovery_values.value": ClassDiscovery, "discovery_values.person": ClassDiscovery, "discovery_values.kind": ClassDiscovery,
	"discovery_values.of_key": ClassDiscovery,
	// Whom somebody lists is told where both do: else it would say who takes part (docs/adr/0074).
	"discovery_lists.who": ClassDiscovery, "discovery_lists.value": ClassDiscovery,
	"club_people.club": ClassClubs, "club_people.person": ClassClubs, "club_people.standing": ClassClubs,
	"club_people.since": ClassClubs, "club_people.by_whom": ClassClubs, "club_people.shown": ClassClubs,
	"club_follows.club": ClassClubsSeen, "club_follows.person": ClassClubsSeen, "club_follows.since": ClassClubsSeen,
	"reports.id": ClassReports, "reports.room": ClassReports, "reports.about": ClassReports, "reports.made_by": ClassReports,
	"reports.made": ClassReports, "reports.hashes": ClassReports, "reports.sealed": ClassReports,
	"wardens.person": ClassWarden, "wardens.since": ClassWarden,
	// What was reported of somebody they learn when it is decided; of what they read
	// then is left out who has reported and who has decided.
	"entries.id": ClassReportsAbout, "entries.kind": ClassReportsAbout, "entries.person": ClassReportsAbout, "entries.open": ClassReportsAbout,
	"entries.version": "", "entries.since": ClassReportsAbout, "entries.passed": "",
	"written_reports.id": ClassWritten, "written_reports.entry": ClassWritten, "written_reports.made_by": ClassWritten,
	"written_reports.reason": ClassWritten, "written_reports.sealed": ClassWritten, "written_reports.made": ClassWritten, "written_reports.decided": ClassWritten,
	"decisions.id": ClassDecisions, "decisions.entry": ClassDecisions, "decisions.person": ClassDecisions, "decisions.made_by": "",
	"decisions.what": ClassDecisions, "decisions.made": ClassDecisions, "decisions.ends": ClassDecisions, "decisions.lifts": ClassDecisions,
	"decisions.sealed": ClassDecisions, "answers.decision": ClassDecisions, "answers.sealed": ClassDecisions, "answers.made": ClassDecisions,
	"rooms.name": ClassRooms, "rooms.snapshot": ClassRooms, "room_events.room": ClassRooms, "room_events.event": ClassRooms,
	// What a club says of itself is about nobody (docs/adr/0066).
	"clubs.id": "", "clubs.name": "", "clubs.folded": "", "clubs.about": "", "clubs.rules": "", "clubs.rules_version": "", "clubs.joining": "",
	"clubs.rooms": "", "clubs.listed": "", "clubs.language": "", "clubs.version": "", "clubs.created": "",
	"clubs.members": "", "clubs.followers": "",
	"plans.id": ClassPlans, "plans.host": ClassPlans, "plans.sealed": ClassPlans, "plans.starts": ClassPlans, "plans.ends": ClassPlans,
	"plans.club": ClassPlans, "plans.visibility": ClassPlans, "plans.language": ClassPlans, "plans.fence": ClassPlans,
	"plans.recorded": ClassPlans, "plans.state": ClassPlans, "plans.room": ClassPlans, "plans.began": ClassPlans,
	"plans.version": ClassPlans, "plans.created": ClassPlans, "plans.changed": ClassPlans,
	"plan_hosts.plan": ClassPlans, "plan_hosts.person": ClassPlans, "plan_hosts.accepted": ClassPlans, "plan_hosts.since": ClassPlans,
	"plan_guests.plan": ClassPlans, "plan_guests.person": ClassPlans,
	"plan_goers.plan": ClassGoing, "plan_goers.person": ClassGoing, "plan_goers.since": ClassGoing, "plan_goers.remind": ClassGoing,
	"plan_goers.due": ClassGoing, "plan_goers.news": ClassGoing,
	"calendars.person": ClassCalendar, "calendars.generation": ClassCalendar, "calendars.secret": ClassCalendar, "calendars.made": ClassCalendar,
	"talk_devices.person": ClassTalkDevices, "talk_devices.device": ClassTalkDevices, "talk_devices.since": ClassTalkDevices, "talk_devices.seen": ClassTalkDevices,
	"packages.id": ClassTalkDevices, "packages.person": ClassTalkDevices, "packages.device": ClassTalkDevices, "packages.package": ClassTalkDevices,
	"packages.last": ClassTalkDevices, "packages.made": ClassTalkDevices,
	"conversations.starter": ClassConversations, "conversations.pair": ClassConversations,
	"conversation_people.conversation": ClassConversations, "conversation_people.person": ClassConversations,
	"conversation_people.state": ClassConversations, "conversation_people.since": ClassConversations, "conversation_people.written": ClassConversations,
	"conversation_people.silent":        ClassConversations,
	"conversation_devices.conversation": ClassConversations, "conversation_devices.person": ClassConversations,
	"conversation_devices.device": ClassConversations, "conversation_devices.since": ClassConversations, "conversation_devices.read": ClassConversations,
	"conversation_items.conversation": ClassMessages, "conversation_items.seq": ClassMessages, "conversation_items.kind": ClassMessages,
	"conversation_items.epoch": ClassMessages, "conversation_items.person": ClassMessages, "conversation_items.device": ClassMessages,
	"conversation_items.sealed": ClassMessages, "conversation_items.at": ClassMessages,
	// How far a conversation has come, and the public half of its group.
	"conversations.id": "", "conversations.epoch": "", "conversations.seq": "", "conversations.info": "", "conversations.created": "", "conversations.changed": "",
	"news.id": ClassNews, "news.person": ClassNews, "news.kind": ClassNews, "news.who": ClassNews, "news.room": ClassNews, "news.club": ClassNews,
	"news.plan": ClassNews, "news.made": ClassNews, "news.seen": ClassNews, "news.held": ClassNews, "news.push": ClassNews, "news.talk": ClassNews,
	"news_people.person": ClassTold, "news_people.settings": ClassTold, "news_people.version": ClassTold, "news_people.day": ClassTold,
	"news_people.pushed": ClassTold, "news_people.pinged": ClassTold, "news_people.reminded": ClassTold, "news_people.digest": ClassTold,
	"devices.session": ClassDevices, "devices.person": ClassDevices, "devices.sealed": ClassDevices,
	"devices.since": ClassDevices, "devices.busy": ClassDevices, "devices.failed": ClassDevices,
	"addresses.person": ClassAddress, "addresses.sealed": ClassAddress, "addresses.verified": ClassAddress,
	"addresses.mail": ClassAddress, "addresses.due": ClassAddress, "addresses.told": ClassAddress,
	// Numbers of rooms and nodes, which are about nobody.
	"rooms.term": "", "rooms.seq": "", "rooms.compacted": "", "rooms.house": "", "rooms.kept": "", "rooms.opened": "", "room_events.seq": "",
	"pairs.house": "", "pairs.deputy": "", "pairs.term": "", "pairs.key": "", "pairs.url": "", "pairs.kept_out": "", "discovery_key.number": "", "discovery_key.id": "",
	"pens.id": "", "pens.written": "", "pens.used": "", "house.keyring": "", "house.swept": "",
}

// Stored returns what is stored about who, row by row.
func (p *People) Stored(ctx context.Context, who id.Person) ([]Row, error) {
	own, err := p.OwnProfile(ctx, who)
	if err != nil {
		return nil, err
	}
	rows, err := p.store.Rows(ctx, who)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Class == ClassProfile {
			rows[i].More["name"], rows[i].More["handle"], rows[i].More["pronouns"] = own.Name, own.Handle, own.Pronouns
			rows[i].More["bio"], rows[i].More["links"], rows[i].More["languages"] = own.Bio, own.Links, own.Languages
			rows[i].More["show_inviter"], rows[i].More["picture"] = own.ShowInviter, own.Picture
			rows[i].More["findable"], rows[i].More["interests"] = own.Findable, own.Interests
		}
	}
	for i := range rows {
		if rows[i].Class != ClassAddress {
			continue
		}
		a, err := p.AddressOf(ctx, who)
		if err != nil && !errors.Is(err, ErrNoAddress) {
			return nil, err
		}
		rows[i].More["address"] = a.Text
	}
	entry, is, err := p.config.Index.Of(ctx, who)
	if err != nil {
		return nil, err
	}
	if is {
		rows = append(rows, Row{Class: ClassIndex, Bytes: id.Size + 8 + 2*(len(entry.Name)+len(entry.Handle)), More: map[string]any{
			"name": entry.Name, "handle": entry.Handle, "findable": entry.Findable,
		}})
	}
	_, err = p.config.Keys.Key(ctx, who)
	switch {
	case err == nil:
		rows = append(rows, Row{Class: ClassKey, Bytes: id.Size + 32 + 8, More: map[string]any{"bits": 256}})
	case !p.config.Keys.IsNoKey(err):
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return rows, nil
}
