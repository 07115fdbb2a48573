package mail

import (
	"fmt"
	"strings"
	"time"
)

// lineMax is how long a line of a message is at most, but for links.
const lineMax = 72

// A Voice is in whose name and in which language a message is written.
type Voice struct {
	German bool
	House  string // its name
	URL    string // where it is
}

// An Alert is something about an account that its owner should know at once.
type Alert string

// The alerts there are.
const (
	SignedIn  Alert = "signed_in" // in a browser, by a passkey
	Recovered Alert = "recovered" // by the recovery code
	Passkey   Alert = "passkey"   // there is one more
	Moved     Alert = "moved"     // another address is written to
	Removed   Alert = "removed"   // this one is written to no more
	Erased    Alert = "erased"
)

type text struct{ subject, body string }

var alerts = map[Alert]struct{ en, de text }{
	SignedIn: {
		text{"Somebody has signed in to your account", "Somebody has signed in to your account with a passkey."},
		text{"Anmeldung in deinem Konto", "Jemand hat sich mit einem Passkey in deinem Konto angemeldet."},
	},
	Recovered: {
		text{"Your recovery code was used", "Somebody has signed in to your account with your recovery code. It is used up; there is a new one."},
		text{"Dein Wiederherstellungscode wurde benutzt", "Jemand hat sich mit deinem Wiederherstellungscode in deinem Konto angemeldet. Der Code ist verbraucht; es gibt einen neuen."},
	},
	Passkey: {
		text{"Your account has a new passkey", "Your account can be opened by one more passkey."},
		text{"Dein Konto hat einen neuen Passkey", "Dein Konto lässt sich mit einem weiteren Passkey öffnen."},
	},
	Moved: {
		text{"Your account has another address", "Your account has another e-mail address now. This one gets no more mail."},
		text{"Dein Konto hat eine andere Adresse", "Dein Konto hat jetzt eine andere E-Mail-Adresse. An diese hier kommt nichts mehr."},
	},
	Removed: {
		text{"Your address was removed", "Your e-mail address was removed from your account. It gets no more mail."},
		text{"Deine Adresse wurde entfernt", "Deine E-Mail-Adresse wurde aus deinem Konto entfernt. An sie kommt nichts mehr."},
	},
	Erased: {
		text{"Your account was erased", "Your account was erased, and with it this address. This is the last mail."},
		text{"Dein Konto wurde gelöscht", "Dein Konto wurde gelöscht, und mit ihm diese Adresse. Das ist die letzte Mail."},
	},
}

// WriteAlert writes an alert of what happened at a time.
func (v Voice) WriteAlert(a Alert, at time.Time) Message {
	words, was := alerts[a].en, "This was on %s. If it was you, there is nothing to do."
	what := "If it was not you: sign out all browsers that you do not know, and take back passkeys that are not yours, under Settings: %s"
	if v.German {
		words, was = alerts[a].de, "Das war am %s. Warst du es selbst, musst du nichts tun."
		what = "Wenn nicht: Melde in den Einstellungen alle Browser ab, die du nicht kennst, und prüfe deine Passkeys: %s"
	}
	parts := []string{words.body, fmt.Sprintf(was, at.Format("2006-01-02, 15:04 MST"))}
	if a != Erased {
		parts = append(parts, fmt.Sprintf(what, v.URL+"/settings"))
	}
	return v.message(words.subject, parts...)
}

// WriteCode writes a code that proves an address.
func (v Voice) WriteCode(code string) Message {
	spaced := code[:4] + " " + code[4:]
	if v.German {
		return v.message("Dein Code: "+spaced,
			"Dein Code: "+spaced,
			"Gib ihn in der App ein. Er gilt 15 Minuten, und er öffnet kein Konto: Er zeigt nur, dass du diese Mail lesen kannst.",
			"Hast du ihn nicht angefordert, musst du nichts tun. Dann hat jemand deine Adresse eingegeben; gespeichert wird sie ohne den Code nicht.")
	}
	return v.message("Your code: "+spaced,
		"Your code: "+spaced,
		"Enter it in the app. It is good for 15 minutes, and opens no account: it only shows that you can read this mail.",
		"If you have not asked for it, there is nothing to do. Somebody has entered your address; it is not stored without the code.")
}

// A Digest is what is new to somebody.
type Digest struct {
	Things int      // in their list
	Talks  int      // conversations in which somebody has written
	Lines  []string // what it is, where that is wanted
}

// WriteDigest writes that something is new, and what, where that is wanted. Who wants
// no more of it says so at unsubscribe.
func (v Voice) WriteDigest(d Digest, unsubscribe string) Message {
	subject, stop := v.news(d.Things+d.Talks), "You have chosen this mail. To get no more of it: %s"
	things, talks := "Look at it: %s/activity", "Your messages: %s/messages"
	if v.German {
		stop = "Du hast diese Mail gewählt. So kommt keine mehr: %s"
		things, talks = "Ansehen: %s/activity", "Deine Nachrichten: %s/messages"
	}
	if d.Things == 0 && d.Talks > 0 {
		subject = v.written(d.Talks)
	}
	parts := []string{subject + "."}
	switch {
	case len(d.Lines) > 0:
		wrapped := make([]string, len(d.Lines))
		for i, l := range d.Lines {
			wrapped[i] = wrap("– " + l)
		}
		parts = append(parts, strings.Join(wrapped, "\n"))
	case d.Things > 0 && d.Talks > 0:
		parts = append(parts, v.written(d.Talks)+".")
	}
	if d.Things > 0 {
		parts = append(parts, fmt.Sprintf(things, v.URL))
	}
	if d.Talks > 0 {
		parts = append(parts, fmt.Sprintf(talks, v.URL))
	}
	m := v.message(subject, append(parts, fmt.Sprintf(stop, unsubscribe))...)
	m.Unsubscribe = unsubscribe
	return m
}

// news says how much is new.
func (v Voice) news(count int) string {
	switch {
	case v.German && count > 1:
		return fmt.Sprintf("Es gibt %d Neuigkeiten", count)
	case v.German:
		return "Es gibt etwas Neues"
	case count > 1:
		return fmt.Sprintf("%d things are new", count)
	}
	return "Something is new"
}

// written says in how many conversations somebody has written.
func (v Voice) written(talks int) string {
	switch {
	case v.German && talks > 1:
		return fmt.Sprintf("In %d Unterhaltungen hat dir jemand geschrieben", talks)
	case v.German:
		return "Jemand hat dir geschrieben"
	case talks > 1:
		return fmt.Sprintf("Somebody has written to you in %d conversations", talks)
	}
	return "Somebody has written to you"
}

// message puts parts below each other, and says at the end whose message it is.
func (v Voice) message(subject string, parts ...string) Message {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(wrap(p) + "\n\n")
	}
	b.WriteString("-- \n" + oneLine(v.House) + "\n" + v.URL + "\n")
	return Message{Subject: oneLine(subject + " – " + v.House), Text: b.String()}
}

// oneLine returns text without line breaks and the like.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// wrap breaks the lines of text between words.
func wrap(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		var b strings.Builder
		n := 0
		for word := range strings.FieldsSeq(line) {
			size := len([]rune(word))
			switch {
			case n == 0:
			case n+1+size > lineMax:
				b.WriteByte('\n')
				n = 0
			default:
				b.WriteByte(' ')
				n++
			}
			b.WriteString(word)
			n += size
		}
		out = append(out, b.String())
	}
	return strings.Join(out, "\n")
}
