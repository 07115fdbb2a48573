package node

import (
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/legal"
)

// legal returns what the house says about itself.
func (c *Config) legal() legal.Config {
	l := c.Legal
	return legal.Config{
		House: c.Name, URL: strings.TrimSuffix(c.URL, "/"), Own: l.Texts, Clock: time.Now,
		Operator: legal.Operator{
			Name: l.Operator, Address: l.Address, Email: l.Email, Phone: l.Phone, Represented: l.Represented,
			Register: l.Register, VAT: l.VAT, Officer: l.Officer, Authority: l.Authority, Security: l.Security,
		},
	}
}
