package people

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Store keeps the records. Each method is one transaction: it happens as a
// whole or not at all, and what it has acknowledged is on the disk. Times have
// millisecond precision. When the records cannot be reached, the error is
// ErrStore.
type Store interface {
	Accounts
	Sessions
	Invites
	Follows
	Blocks
	Profiles
	Addresses

	// Tidy deletes sessions last seen by a time, and invites spent by another:
	// unused ones that were revoked or have expired.
	Tidy(ctx context.Context, seen, spent time.Time) error
}

// Accounts keeps who there is and what opens their accounts.
type Accounts interface {
	// SignUp uses the invite up and makes the account, or ErrNoInvite. Of two
	// sign-ups with one invite, one wins. Without an invite it makes the account
	// unless it were the first.
	SignUp(ctx context.Context, n NewAccount) error
	// Account returns the account of who, or ErrNoPerson.
	Account(ctx context.Context, who id.Person) (Account, error)
	// Profile returns who as viewer sees them, or ErrNoPerson.
	Profile(ctx context.Context, viewer, who id.Person) (Profile, error)

	// AddPasskey adds k to the account of k.Person; ErrPasskeys when there are
	// PasskeysMax, ErrPasskey when the passkey is there already.
	AddPasskey(ctx context.Context, k Passkey) error
	// Passkeys returns the passkeys of who.
	Passkeys(ctx context.Context, who id.Person) ([]Passkey, error)
	// UsePasskey records the count and flags that k has now.
	UsePasskey(ctx context.Context, k Passkey) error

	// KeepBackup keeps b instead of the passkey's backup before; ErrNoPasskey
	// when the passkey is none of who's.
	KeepBackup(ctx context.Context, who id.Person, b Backup) error
	// Backups returns the backups of who, those of older passkeys first.
	Backups(ctx context.Context, who id.Person) ([]Backup, error)
	// ForgetBackups forgets all backups of who.
	ForgetBackups(ctx context.Context, who id.Person) error

	// SetRecovery replaces the recovery code of who.
	SetRecovery(ctx context.Context, who id.Person, code Hash) error
	// Recover replaces the recovery code old by next and returns whose it is,
	// or ErrSignIn when it is nobody's.
	Recover(ctx context.Context, old, next Hash) (id.Person, error)
	// HasRecovery reports whether code is the recovery code of who.
	HasRecovery(ctx context.Context, who id.Person, code Hash) (bool, error)

	// Erase deletes everything of who, or ErrNoPerson.
	Erase(ctx context.Context, who id.Person) error
	// PeopleAfter returns up to most people in the order of their ids.
	PeopleAfter(ctx context.Context, after id.Person, most int) ([]id.Person, error)
}

// Profiles keeps what people wrote about themselves, as it was sealed.
type Profiles interface {
	// SetProfile writes w.Sealed and w.Handle, and the picture if there is one to
	// write, in place of what was of w.Version; ErrChanged when that is another,
	// ErrHandleTaken when somebody else has the handle.
	SetProfile(ctx context.Context, w SealedProfile) error
	// WhoHasHandle returns who has a handle, or ErrNoPerson.
	WhoHasHandle(ctx context.Context, handle Hash) (id.Person, error)
	// Picture returns a picture of who, or ErrNoPicture.
	Picture(ctx context.Context, who id.Person, small bool) ([]byte, error)
	// Inviter returns who invited who, or ErrNoPerson.
	Inviter(ctx context.Context, who id.Person) (Person, error)
	// ProfilesAfter returns up to most people after one, in the order of their ids.
	ProfilesAfter(ctx context.Context, after id.Person, most int) ([]Person, error)
	// CountFollows returns how many who follows, and how many follow who, as far as
	// there are no more than most; of their own followers viewers do not count whom
	// they have blocked.
	CountFollows(ctx context.Context, viewer, who id.Person, most int) (following, followers int, err error)
	// Rows returns the rows about who: what is stored, as it is stored.
	Rows(ctx context.Context, who id.Person) ([]Row, error)

	// ClearNames returns up to most names that were stored in clear, and SealName
	// puts a sealed profile in the place of one, unless there is one.
	ClearNames(ctx context.Context, most int) ([]ClearName, error)
	SealName(ctx context.Context, w SealedProfile) error
	// Sweep has nothing of what is deleted on any page, and remembers that it has.
	Sweep(ctx context.Context) error
}

// A SealedProfile is what the store has of a profile.
type SealedProfile struct {
	Person  id.Person
	Sealed  []byte
	Handle  *Hash // by which the handle is found; nil for none
	Version int64 // that it is written after
	Changed time.Time
	Picture *SealedPicture // nil to leave it
}

// A SealedPicture is a picture in two sizes; without any it is none.
type SealedPicture struct{ Large, Small []byte }

// A ClearName is a name from before names were sealed.
type ClearName struct {
	Person id.Person
	Name   string
}

// Sessions keeps who is signed in.
type Sessions interface {
	// AddSession adds s under the hash of its token. It forgets sessions that
	// are over, and the longest unseen ones of the person beyond SessionsMax.
	AddSession(ctx context.Context, s Session, token Hash) error
	// Session returns the session of token, or ErrNoSession.
	Session(ctx context.Context, token Hash) (Session, error)
	// Renew records that the session was seen.
	Renew(ctx context.Context, name SessionID, seen time.Time) error
	// Sessions returns the sessions of who that were seen after since, the
	// last seen first.
	Sessions(ctx context.Context, who id.Person, since time.Time) ([]Session, error)
	// EndSession ends a session of who, or ErrNoSession.
	EndSession(ctx context.Context, who id.Person, name SessionID) error
}

// Invites keeps who let whom in.
type Invites interface {
	// Standing returns what there is to know of who before they may invite others.
	Standing(ctx context.Context, who id.Person) (Standing, error)
	// Founder makes i the founder's invite if there is no account yet, and
	// reports whether there is none.
	Founder(ctx context.Context, i Invite, code Hash) (bool, error)
	// Give adds i, or ErrNoInvitesLeft when allowance of the person's invites
	// are used or open. It forgets the oldest spent ones beyond SpentMax.
	Give(ctx context.Context, i Invite, code Hash, allowance int) error
	// Invites returns the invites of by, the newest first.
	Invites(ctx context.Context, by id.Person) ([]Invite, error)
	// Invite returns the invite of code, or ErrNoInvite.
	Invite(ctx context.Context, code Hash) (Invite, error)
	// Revoke revokes an unused invite of by, or ErrNoInvite.
	Revoke(ctx context.Context, by id.Person, name InviteID, at time.Time) error
}

// Follows keeps who follows whom.
type Follows interface {
	// Follow makes who follow whom; ErrNoPerson when there is no whom,
	// ErrFollowing when who follows FollowingMax others, ErrBlocked when who has
	// blocked them.
	Follow(ctx context.Context, who, whom id.Person, at time.Time) error
	// SetNotify says how loud who wants to be told of whom; ErrNoPerson when who
	// does not follow them.
	SetNotify(ctx context.Context, who, whom id.Person, how Notify) error
	// Hide has whom suggested to who no more; ErrNoPerson when there is no whom,
	// ErrHidden when who has hidden HiddenMax others. Hidden returns them.
	Hide(ctx context.Context, who, whom id.Person, at time.Time) error
	Hidden(ctx context.Context, who id.Person) ([]id.Person, error)
	// Unfollow takes it back.
	Unfollow(ctx context.Context, who, whom id.Person) error
	// Following returns whom who follows, the newest first, at most ListMax.
	Following(ctx context.Context, who id.Person) ([]Profile, error)
	// Followers returns who follows who, the newest first, at most ListMax, without
	// those whom who has blocked.
	Followers(ctx context.Context, who id.Person) ([]Profile, error)
	// FollowersAmong returns those of candidates who follow who.
	FollowersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error)
	// FollowersToTell returns up to most of those who follow whom and want to be
	// told so, after one, in the order of their ids.
	FollowersToTell(ctx context.Context, whom id.Person, how Notify, after id.Person, most int) ([]id.Person, error)
	// Related returns whom who follows, and who follows them, at most so many; those
	// whom who has blocked do not.
	Related(ctx context.Context, who id.Person, most int) ([]id.Person, error)
	// Levels returns whom who follows, and how loud they want to be told of each;
	// FollowerIDs up to most of those who follow who.
	Levels(ctx context.Context, who id.Person) (map[id.Person]Notify, error)
	FollowerIDs(ctx context.Context, who id.Person, most int) ([]id.Person, error)
	// FollowedBy returns the ids of everybody whom who follows.
	FollowedBy(ctx context.Context, who id.Person) ([]id.Person, error)
}

// Blocks keeps whom somebody does not want to hear or to have to do with.
type Blocks interface {
	// SetBlock has who spared whom, at a level; ErrNoPerson when there is no whom,
	// ErrBlocks when who has blocked BlocksMax others. With LevelBlock who follows
	// whom no more.
	SetBlock(ctx context.Context, who, whom id.Person, level Level, at time.Time) error
	// DropBlock takes it back.
	DropBlock(ctx context.Context, who, whom id.Person) error
	// Blocks returns whom who is spared, the newest first.
	Blocks(ctx context.Context, who id.Person) ([]Blocked, error)
	// BlockedBy returns their ids, and the level of each.
	BlockedBy(ctx context.Context, who id.Person) (map[id.Person]Level, error)
	// BlockersOf returns up to most people who have blocked who.
	BlockersOf(ctx context.Context, who id.Person, most int) ([]id.Person, error)
	// BlockersAmong returns those of candidates who have blocked who.
	BlockersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error)
}

// A NewAccount is an account to be made. It has a passkey or a recovery code.
type NewAccount struct {
	Person   Person
	Sealed   SealedProfile
	Invite   *Hash // of the code; nil without one
	Passkey  *Passkey
	Recovery *Hash
}
