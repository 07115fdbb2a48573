package admission

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// An Office keeps the roll of a network and signs for its regions. Several
// processes may: each reads what the others have written before it decides,
// and what is decided is on the disk before anybody is told.
type Office struct {
	dir    string
	ledger *Ledger

	mu   sync.Mutex
	roll identity.Roll
	read int64 // bytes of the file that are in the roll
	file os.FileInfo
}

// OpenOffice opens the office of a network in the directory of a node with a
// door, or returns ErrNoRoll.
func OpenOffice(dir string) (*Office, error) {
	self, err := Load(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, rollFile)); err != nil {
		return nil, ErrNoRoll
	}
	ledger, err := OpenLedger(dir, self.Root)
	if err != nil {
		return nil, err
	}
	o := &Office{dir: dir, ledger: ledger}
	return o, o.with(func(*os.File) error { return nil })
}

// Self returns the node of the machine on which the office is, as it is on the
// disk now: another process may have renewed it, or added a region.
func (o *Office) Self() (*Identity, error) { return Load(o.dir) }

// Ledger returns who was removed, as far as this machine knows.
func (o *Office) Ledger() *Ledger { return o.ledger }

// Regions returns the regions for which this office signs.
func (o *Office) Regions() ([]string, error) {
	self, err := o.Self()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, ca := range self.Regions {
		if _, name, err := identity.RegionOf(ca); err == nil && exists(filepath.Join(o.dir, keyFile(name))) {
			out = append(out, name)
		}
	}
	return out, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// with does something while nobody else writes, and the roll is as the file.
func (o *Office) with(do func(*os.File) error) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, is, err := lockLines(filepath.Join(o.dir, rollFile), 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }() // and the lock is gone
	if o.file == nil || !os.SameFile(is, o.file) {       // another process has written it anew
		o.roll, o.read, o.file = identity.Roll{}, 0, is
	}
	if err := o.catchUp(f); err != nil {
		return err
	}
	if err := do(f); err != nil {
		return err
	}
	return o.shorten()
}

// shorten writes the file anew when that makes it much shorter.
func (o *Office) shorten() error {
	if o.read < longMin {
		return nil
	}
	text, err := encodeLines(o.roll.Lines())
	if err != nil || int64(len(text)) > o.read/2 {
		return err
	}
	return replace(o.dir, map[string][]byte{rollFile: text})
}

// catchUp reads the lines that are new.
func (o *Office) catchUp(f *os.File) error {
	return readLines(f, &o.read, func(text []byte) error {
		var l identity.Line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("%s is damaged after %d bytes: %w", rollFile, o.read, err)
		}
		o.roll.Apply(l)
		return nil
	})
}

// note writes what was decided down, and takes it in.
func (o *Office) note(f *os.File, l identity.Line) error {
	text, err := encodeLines([]identity.Line{l})
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Truncate(o.read))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	o.roll.Apply(l)
	o.read += int64(len(text))
	return nil
}

func encodeLines(lines []identity.Line) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, l := range lines {
		if err := e.Encode(l); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// Invite returns a token for a node of a place.
func (o *Office) Invite(now time.Time, place region.Place, expires time.Time) (identity.Token, error) {
	return o.invite(now, place, expires, "")
}

// InviteDoor returns a token for a node that is given the key of its region, and
// admits and renews others there, at a door that is reached at address, host:port.
func (o *Office) InviteDoor(now time.Time, place region.Place, expires time.Time, address string) (identity.Token, error) {
	if !isAddress(address) {
		return identity.Token{}, fmt.Errorf("%q is no host and port", address)
	}
	return o.invite(now, place, expires, address)
}

func (o *Office) invite(now time.Time, place region.Place, expires time.Time, door string) (identity.Token, error) {
	self, err := o.Self()
	if err != nil {
		return identity.Token{}, err
	}
	if _, _, err := o.ca(self, place.Region); err != nil {
		return identity.Token{}, err
	}
	t := identity.Token{
		Network: self.Member.Network, Root: sha256.Sum256(self.Root.Raw), Place: place,
		Address: self.Address, Secret: identity.NewSecret(), Expires: expires.UTC().Truncate(time.Second),
	}
	if _, err := identity.ParseToken(t.String(), now); err != nil {
		return identity.Token{}, fmt.Errorf("for %v until %v: %w", place, expires, err)
	}
	return t, o.with(func(f *os.File) error {
		l, err := o.roll.Invite(now, t.Secret, place, t.Expires, door)
		if err != nil {
			return err
		}
		return o.note(f, l)
	})
}

// Members returns who is or was a member.
func (o *Office) Members() (list []identity.Entry, err error) {
	err = o.with(func(*os.File) error {
		list = o.roll.Members()
		return nil
	})
	return list, err
}

// Remove ends a membership for good. The word of it is signed, so that it counts
// with every node that hears of it. Of a node that has joined at another door
// the place must be told.
func (o *Office) Remove(now time.Time, node id.Node, place region.Place) error {
	self, err := o.Self()
	if err != nil {
		return err
	}
	return o.with(func(f *os.File) error {
		l, err := o.roll.Remove(now, node, place)
		if err != nil {
			return err
		}
		by, key, err := o.remover(self, l.Removed.Place.Region)
		if err != nil {
			return err
		}
		signed, err := identity.Removal{Node: node, Place: l.Removed.Place, At: now.UTC()}.Sign(by, key)
		if err != nil {
			return err
		}
		// First what makes it so: if the rest fails, it is asked for once more.
		if _, err := o.ledger.Add(signed, now); err != nil {
			return err
		}
		return o.note(f, l)
	})
}

// remover returns who signs that a node of a region is removed: the region, or
// the root.
func (o *Office) remover(self *Identity, name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	by, key, err := o.ca(self, name)
	if err == nil {
		return by, key, nil
	}
	root, rootErr := readKey(filepath.Join(o.dir, keyFile("root")))
	if rootErr != nil {
		return nil, nil, err
	}
	return self.Root, root, nil
}

// AddRegion adds a region to the network; it takes the root's key.
func (o *Office) AddRegion(now time.Time, name string) error {
	if err := checkRegion(name); err != nil {
		return err
	}
	rootKey, err := readKey(filepath.Join(o.dir, keyFile("root")))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("the root's key is not on this machine: a region is added where the network was made, with root.key in its place")
	}
	if err != nil {
		return err
	}
	return o.with(func(*os.File) error {
		self, err := o.Self()
		if err != nil {
			return err
		}
		if self.region(name) != nil {
			return fmt.Errorf("region %s is there already", name)
		}
		key, err := identity.NewKey()
		if err != nil {
			return err
		}
		ca, err := identity.MakeRegion(self.Member.Network, name, key.Public(), self.Root, rootKey, now)
		if err != nil {
			return err
		}
		encoded, err := encodeKey(key)
		if err != nil {
			return err
		}
		// The key first: a region without one would be of no use to anybody.
		if err := replace(o.dir, map[string][]byte{keyFile(name): encoded}); err != nil {
			return err
		}
		_, err = self.AddRegions(o.dir, ca)
		return err
	})
}

// A membership is what somebody at the door gets.
type membership struct {
	chain []*x509.Certificate
	door  string            // where it opens one, if it does
	key   *ecdsa.PrivateKey // of its region, for that
}

// join makes a member by a secret and signs for it.
func (o *Office) join(now time.Time, secret [identity.SecretSize]byte, csr *x509.CertificateRequest) (membership, error) {
	return o.sign(now, csr, func(m identity.Member, expires time.Time) (identity.Line, error) {
		// A name is made of its key, so that nobody takes another's, whichever door
		// that one has come in by.
		if node, err := identity.NodeOf(csr.PublicKey); err != nil || node != m.Node {
			return identity.Line{}, fmt.Errorf("%w, or it is not made of its key", identity.ErrDuplicate)
		}
		return o.roll.Join(now, secret, m, expires)
	})
}

// renew signs for a member that has shown its certificate.
func (o *Office) renew(now time.Time, who identity.Member, csr *x509.CertificateRequest) (membership, error) {
	return o.sign(now, csr, func(m identity.Member, expires time.Time) (identity.Line, error) {
		if m != who {
			return identity.Line{}, identity.ErrOther
		}
		return o.roll.Renew(now, m, expires)
	})
}

func (o *Office) sign(now time.Time, csr *x509.CertificateRequest, decide func(identity.Member, time.Time) (identity.Line, error)) (got membership, err error) {
	if err := csr.CheckSignature(); err != nil || len(csr.URIs) != 1 {
		return got, errRequest
	}
	self, err := o.Self()
	if err != nil {
		return got, err
	}
	m, err := identity.ParseURI(csr.URIs[0])
	if err != nil || m.Network != self.Member.Network {
		return got, errRequest
	}
	ca, key, err := o.ca(self, m.Place.Region)
	if err != nil {
		return got, err
	}
	if public, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || public.Curve != key.Curve {
		return got, errRequest
	}
	leaf, err := identity.MakeNode(m, csr.PublicKey, ca, key, now)
	if err != nil {
		return got, err
	}
	got.chain = []*x509.Certificate{leaf, ca}
	err = o.with(func(f *os.File) error {
		l, err := decide(m, leaf.NotAfter)
		if err != nil {
			return err
		}
		if l.Joined != nil && l.Joined.Door != "" {
			got.door, got.key = l.Joined.Door, key
		}
		return o.note(f, l)
	})
	if err != nil {
		return membership{}, err
	}
	return got, nil
}

// RenewSelf gives the office's own node a newer certificate.
func (o *Office) RenewSelf(now time.Time) (self *Identity, err error) {
	err = o.with(func(f *os.File) error {
		if self, err = o.Self(); err != nil {
			return err
		}
		ca, key, err := o.ca(self, self.Member.Place.Region)
		if err != nil {
			return err
		}
		leaf, err := identity.MakeNode(self.Member, self.Key.Public(), ca, key, now)
		if err != nil {
			return err
		}
		l, err := o.roll.Renew(now, self.Member, leaf.NotAfter)
		if err != nil {
			return err
		}
		if err := o.note(f, l); err != nil {
			return err
		}
		self.Chain = []*x509.Certificate{leaf, ca}
		return self.renew(o.dir)
	})
	return self, err
}

// ca returns the certificate and the key of a region.
func (o *Office) ca(self *Identity, name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	c := self.region(name)
	if c == nil {
		return nil, nil, fmt.Errorf("the network has no region %q", name)
	}
	key, err := readKey(filepath.Join(o.dir, keyFile(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the key of region %s is not on this machine: ask at a door of that region", name)
	}
	return c, key, err
}
