package node

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/mail"
)

// Mail is how this house sends mail.
type Mail struct {
	SMTP         string `koanf:"smtp"` // HOST:PORT of a relay; empty: none is sent
	From         string `koanf:"from"`
	User         string `koanf:"user"`
	Password     string `koanf:"password"`
	PasswordFile string `koanf:"password_file"`
	Daily        int    `koanf:"daily"` // messages
}

const mailDailyMax = 1_000_000

func (m Mail) check(bad func(key, format string, args ...any) error) error {
	if m.SMTP == "" {
		return nil
	}
	if _, err := mail.ParseRelay(m.SMTP); err != nil {
		return bad("mail.smtp", "%q is not HOST:PORT", m.SMTP)
	}
	if _, err := netmail.ParseAddress(m.From); err != nil {
		return bad("mail.from", "%q is no address of mail", m.From)
	}
	switch {
	case m.Password != "" && m.PasswordFile != "":
		return bad("mail.password", "it is either here or in a file")
	case (m.Password != "" || m.PasswordFile != "") && m.User == "":
		return bad("mail.user", "a password is of somebody")
	case m.Daily < 1 || m.Daily > mailDailyMax:
		return bad("mail.daily", "%d is not between 1 and %d", m.Daily, mailDailyMax)
	}
	return nil
}

// outbox returns what sends mail, or nil where none is sent.
func (n *Node) outbox(public *url.URL) (*mail.Outbox, error) {
	c := n.config.Mail
	if c.SMTP == "" {
		return nil, nil //nolint:nilnil // then none is sent
	}
	relay, err := mail.ParseRelay(c.SMTP)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	relay.From, relay.User, relay.Password, relay.House = *from, c.User, c.Password, public.Hostname()
	if from.Name == "" {
		relay.From.Name = n.config.Name
	}
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("mail: the password: %w", err)
		}
		if relay.Password = strings.TrimSpace(string(b)); relay.Password == "" {
			return nil, errors.New("mail: the file with the password is empty")
		}
	}
	return mail.New(mail.Config{Relay: relay, Daily: c.Daily, Clock: time.Now, Log: n.log}), nil
}
