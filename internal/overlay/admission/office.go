package admission

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// An Office keeps the roll of a network and signs for its regions. Several
// processes may: each reads what the others have written before it decides,
// and what is decided is on the disk before anybody is told.
type Office struct {
	dir  string
	self *Identity

	mu   sync.Mutex
	roll identity.Roll
	read int64 // bytes of the file that are in the roll
	file os.FileInfo
}

// OpenOffice opens the office of a network that was made in dir, or returns
// ErrNoRoll.
func OpenOffice(dir string) (*Office, error) {
	self, err := Load(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, rollFile)); err != nil {
		return nil, ErrNoRoll
	}
	o := &Office{dir: dir, self: self}
	return o, o.with(func(*os.File) error { return nil })
}

// Self returns the node of the machine on which the office is.
func (o *Office) Self() *Identity { return o.self }

// with does something while nobody else writes, and the roll is as the file.
func (o *Office) with(do func(*os.File) error) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := o.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }() // and the lock is gone
	if err := o.catchUp(f); err != nil {
		return err
	}
	if err := do(f); err != nil {
		return err
	}
	return o.shorten()
}

// lock opens the roll's file for us alone. Where another process has put a
// shorter one in its place, all of that is read.
func (o *Office) lock() (*os.File, error) {
	path := filepath.Join(o.dir, rollFile)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { //nolint:gosec // a file's number
			return nil, errors.Join(err, f.Close())
		}
		is, err := f.Stat()
		there, errThere := os.Stat(path)
		if err := errors.Join(err, errThere); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if !os.SameFile(is, there) {
			if err := f.Close(); err != nil {
				return nil, err
			}
			continue // it was replaced while we waited
		}
		if o.file == nil || !os.SameFile(is, o.file) {
			o.roll, o.read, o.file = identity.Roll{}, 0, is
		}
		return f, nil
	}
}

// longMin is from how many bytes on the file is written anew, without what
// does not count any more.
const longMin = 1 << 20

// shorten writes the file anew when that makes it much shorter.
func (o *Office) shorten() error {
	if o.read < longMin {
		return nil
	}
	text, err := encodeLines(o.roll.Lines())
	if err != nil || int64(len(text)) > o.read/2 {
		return err
	}
	path := filepath.Join(o.dir, rollFile)
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := write(path+".new", text); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(o.dir)
}

// catchUp reads the lines that are new. A last line without an end was never
// acknowledged: it is cut off.
func (o *Office) catchUp(f *os.File) error {
	if _, err := f.Seek(o.read, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReader(f)
	for {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(text) > 0 {
				return f.Truncate(o.read)
			}
			return nil
		}
		if err != nil {
			return err
		}
		var l identity.Line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("%s is damaged after %d bytes: %w", rollFile, o.read, err)
		}
		o.roll.Apply(l)
		o.read += int64(len(text))
	}
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
	if _, _, err := o.ca(place.Region); err != nil {
		return identity.Token{}, err
	}
	t := identity.Token{
		Network: o.self.Member.Network, Root: sha256.Sum256(o.self.Root.Raw), Place: place,
		Address: o.self.Door, Secret: identity.NewSecret(), Expires: expires.UTC().Truncate(time.Second),
	}
	if _, err := identity.ParseToken(t.String(), now); err != nil {
		return identity.Token{}, fmt.Errorf("for %v until %v: %w", place, expires, err)
	}
	return t, o.with(func(f *os.File) error {
		l, err := o.roll.Invite(now, t.Secret, place, t.Expires)
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

// Removed returns who is a member no more.
func (o *Office) Removed() (list []id.Node, err error) {
	err = o.with(func(*os.File) error {
		list = o.roll.RemovedNodes()
		return nil
	})
	return list, err
}

// Remove ends a membership for good.
func (o *Office) Remove(now time.Time, node id.Node) error {
	return o.with(func(f *os.File) error {
		l, err := o.roll.Remove(now, node)
		if err != nil {
			return err
		}
		return o.note(f, l)
	})
}

// join makes a member by a secret and signs for it.
func (o *Office) join(now time.Time, secret [identity.SecretSize]byte, csr *x509.CertificateRequest) ([]*x509.Certificate, error) {
	return o.sign(now, csr, func(m identity.Member, expires time.Time) (identity.Line, error) {
		return o.roll.Join(now, secret, m, expires)
	})
}

// renew signs for a member that has shown its certificate.
func (o *Office) renew(now time.Time, who identity.Member, csr *x509.CertificateRequest) ([]*x509.Certificate, error) {
	return o.sign(now, csr, func(m identity.Member, expires time.Time) (identity.Line, error) {
		if m != who {
			return identity.Line{}, identity.ErrOther
		}
		return o.roll.Renew(m, expires)
	})
}

func (o *Office) sign(now time.Time, csr *x509.CertificateRequest, decide func(identity.Member, time.Time) (identity.Line, error)) ([]*x509.Certificate, error) {
	if err := csr.CheckSignature(); err != nil || len(csr.URIs) != 1 {
		return nil, errRequest
	}
	m, err := identity.ParseURI(csr.URIs[0])
	if err != nil || m.Network != o.self.Member.Network {
		return nil, errRequest
	}
	ca, key, err := o.ca(m.Place.Region)
	if err != nil {
		return nil, err
	}
	if public, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || public.Curve != key.Curve {
		return nil, errRequest
	}
	leaf, err := identity.MakeNode(m, csr.PublicKey, ca, key, now)
	if err != nil {
		return nil, err
	}
	err = o.with(func(f *os.File) error {
		l, err := decide(m, leaf.NotAfter)
		if err != nil {
			return err
		}
		return o.note(f, l)
	})
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{leaf, ca}, nil
}

// RenewSelf gives the office's own node a newer certificate.
func (o *Office) RenewSelf(now time.Time) (*Identity, error) {
	self := *o.self
	ca, key, err := o.ca(self.Member.Place.Region)
	if err != nil {
		return nil, err
	}
	leaf, err := identity.MakeNode(self.Member, self.Key.Public(), ca, key, now)
	if err != nil {
		return nil, err
	}
	err = o.with(func(f *os.File) error {
		l, err := o.roll.Renew(self.Member, leaf.NotAfter)
		if err != nil {
			return err
		}
		return o.note(f, l)
	})
	if err != nil {
		return nil, err
	}
	self.Chain = []*x509.Certificate{leaf, ca}
	return &self, self.renew(o.dir)
}

// ca returns the certificate and the key of a region.
func (o *Office) ca(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	for _, c := range o.self.Regions {
		if _, of, err := identity.RegionOf(c); err != nil || of != name {
			continue
		}
		key, err := readKey(filepath.Join(o.dir, keyFile(name)))
		return c, key, err
	}
	return nil, nil, fmt.Errorf("the network has no region %q", name)
}
