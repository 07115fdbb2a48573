// Package admission lets machines into a network of nodes: it keeps on disk
// who this node is, and, on the machine where the network was made, the roll
// of invites and members; and it is the door at which an invite is shown for a
// certificate. What is right is judged by overlay/identity.
//
// All is in one directory. It appears at once, whole, or not at all:
//
//	root.crt  regions.crt        the network's root and its regions' CAs
//	node.crt  node.key           who this node is
//	door                         where this node came in: host:port, and who is there
//	doors  removed               the doors of its region, who was removed: as told
//	root.key                     only where the network was made
//	REGION.key  roll  address    where there is a door: for which regions, what
//	                             happened there, and where others reach it
package admission

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// Errors of the directory.
var (
	ErrNoNetwork = errors.New("this node is in no network")
	ErrThere     = errors.New("this node is in a network already")
	ErrNoRoll    = errors.New("this machine has no door of the network")
)

const (
	rootFile, regionsFile = "root.crt", "regions.crt"
	nodeFile, nodeKeyFile = "node.crt", "node.key"
	doorFile              = "door"
	rollFile              = "roll"
	addressFile           = "address"
)

func keyFile(name string) string { return name + ".key" }

// An Identity is who this node is, and whom it may know.
type Identity struct {
	Member  identity.Member
	Chain   []*x509.Certificate // its own, then its region's
	Key     *ecdsa.PrivateKey
	Root    *x509.Certificate
	Regions []*x509.Certificate
	Door    Door   // where it came in
	Address string // of its own door, as host:port; empty: it has none
}

// A Door is where a network's certificates are made, and renewed.
type Door struct {
	Address string       // host:port
	Place   region.Place // of the node there; zero: not known
}

// String returns the door as it is written down.
func (d Door) String() string {
	if d.Place == (region.Place{}) {
		return d.Address
	}
	return d.Address + " " + d.Place.String()
}

// Inside reports whether a door lies inside a fence. Of whom it is not known
// where they stand, they stand outside.
func (d Door) Inside(fence region.Fence) bool {
	return fence == region.Anywhere || fence.Allows(d.Place)
}

func parseDoor(text string) (d Door, ok bool) {
	address, place, told := strings.Cut(strings.TrimSpace(text), " ")
	d.Address = address
	if told {
		d.Place.Region, d.Place.Operator, _ = strings.Cut(place, "@")
		if d.Place.Check() != nil {
			return Door{}, false
		}
	}
	return d, isAddress(address)
}

// Certificate returns what the node shows.
func (i *Identity) Certificate() tls.Certificate {
	c := tls.Certificate{PrivateKey: i.Key, Leaf: i.Chain[0]}
	for _, one := range i.Chain {
		c.Certificate = append(c.Certificate, one.Raw)
	}
	return c
}

// Store returns whom the node trusts inside a fence.
func (i *Identity) Store(fence region.Fence, removed []identity.Removal) (*identity.Store, error) {
	return identity.NewStore(i.Root, i.Regions, removed, fence)
}

// Load reads the directory.
func Load(dir string) (*Identity, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoNetwork
	}
	root, err := readCertificates(filepath.Join(dir, rootFile))
	if err != nil {
		return nil, err
	}
	i := &Identity{Root: root[0]}
	if i.Regions, err = readCertificates(filepath.Join(dir, regionsFile)); err != nil {
		return nil, err
	}
	if i.Chain, err = readCertificates(filepath.Join(dir, nodeFile)); err != nil {
		return nil, err
	}
	if i.Key, err = readKey(filepath.Join(dir, nodeKeyFile)); err != nil {
		return nil, err
	}
	if i.Member, err = identity.ParseLeaf(i.Chain[0]); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, nodeFile), err)
	}
	door, err := readFile(filepath.Join(dir, doorFile))
	if err != nil {
		return nil, err
	}
	var ok bool
	if i.Door, ok = parseDoor(string(door)); !ok {
		return nil, fmt.Errorf("%s is damaged: it has no host and port", filepath.Join(dir, doorFile))
	}
	if i.Address, err = readAddress(dir, i.Door); err != nil {
		return nil, err
	}
	if !i.Key.PublicKey.Equal(i.Chain[0].PublicKey) {
		return nil, fmt.Errorf("%s and %s do not belong together", nodeFile, nodeKeyFile)
	}
	return i, nil
}

// readAddress returns where this machine's own door is reached. Where a network
// was made before there were others, that is the only one.
func readAddress(dir string, first Door) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, rollFile)); err != nil {
		return "", nil //nolint:nilerr // there is no door here
	}
	path := filepath.Join(dir, addressFile)
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return first.Address, nil
	}
	if err != nil {
		return "", err
	}
	address := strings.TrimSpace(string(text))
	if !isAddress(address) {
		return "", fmt.Errorf("%s is damaged: it has no host and port", path)
	}
	return address, nil
}

func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && host != "" && port != "" && len(text) <= addressMax
}

const addressMax = 255 // characters, the most that an invite can hold

// Make makes a network with these regions, and this machine its first node, in
// the first of them. Others reach its door at address, host:port.
func Make(dir string, regions []string, operator, address string, now time.Time) (*Identity, error) {
	if len(regions) == 0 {
		return nil, errors.New("a network takes a region at least")
	}
	if !isAddress(address) {
		return nil, fmt.Errorf("%q is no host and port", address)
	}
	place := region.Place{Region: regions[0], Operator: operator}
	if err := place.Check(); err != nil {
		return nil, err
	}
	rootKey, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	network := identity.NewNetwork()
	root, err := identity.MakeRoot(network, rootKey, now)
	if err != nil {
		return nil, err
	}
	i := &Identity{Member: identity.Member{Network: network, Place: place}, Root: root, Door: Door{address, place}, Address: address}
	files := map[string][]byte{rollFile: nil}
	if files[keyFile("root")], err = encodeKey(rootKey); err != nil {
		return nil, err
	}
	var first *ecdsa.PrivateKey
	for _, name := range regions {
		if err := checkRegion(name); err != nil {
			return nil, err
		}
		if files[keyFile(name)] != nil {
			return nil, fmt.Errorf("region %s is there twice", name)
		}
		key, err := identity.NewKey()
		if err != nil {
			return nil, err
		}
		ca, err := identity.MakeRegion(network, name, key.Public(), root, rootKey, now)
		if err != nil {
			return nil, err
		}
		if files[keyFile(name)], err = encodeKey(key); err != nil {
			return nil, err
		}
		if i.Regions = append(i.Regions, ca); first == nil {
			first = key
		}
	}
	if i.Key, err = identity.NewKey(); err != nil {
		return nil, err
	}
	if i.Member.Node, err = identity.NodeOf(i.Key.Public()); err != nil {
		return nil, err
	}
	leaf, err := identity.MakeNode(i.Member, i.Key.Public(), i.Regions[0], first, now)
	if err != nil {
		return nil, err
	}
	i.Chain = []*x509.Certificate{leaf, i.Regions[0]}
	// The first member needs no invite: its line is written as the others' are.
	var roll identity.Roll
	secret := identity.NewSecret()
	invited, err := roll.Invite(now, secret, place, now.Add(time.Minute), address)
	if err != nil {
		return nil, err
	}
	roll.Apply(invited)
	joined, err := roll.Join(now, secret, i.Member, leaf.NotAfter)
	if err != nil {
		return nil, err
	}
	if files[rollFile], err = encodeLines([]identity.Line{invited, joined}); err != nil {
		return nil, err
	}
	return i, i.save(dir, files)
}

// save writes the directory, with other files beside: into a new one, which
// then takes its name.
func (i *Identity) save(dir string, files map[string][]byte) error {
	if _, err := os.Stat(dir); err == nil {
		return ErrThere
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	making, err := os.MkdirTemp(filepath.Dir(dir), ".network-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(making)
	if files == nil {
		files = make(map[string][]byte)
	}
	files[rootFile] = encodeCertificates(i.Root)
	files[regionsFile] = encodeCertificates(i.Regions...)
	files[nodeFile] = encodeCertificates(i.Chain...)
	if files[nodeKeyFile], err = encodeKey(i.Key); err != nil {
		return err
	}
	files[doorFile] = []byte(i.Door.String() + "\n")
	if i.Address != "" {
		files[addressFile] = []byte(i.Address + "\n")
	}
	for name, content := range files {
		if err := write(filepath.Join(making, name), content); err != nil {
			return err
		}
	}
	if err := syncDir(making); err != nil {
		return err
	}
	if err := os.Rename(making, dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// renew writes a newer certificate and the newest CAs, each file at once.
func (i *Identity) renew(dir string) error {
	return replace(dir, map[string][]byte{
		regionsFile: encodeCertificates(i.Regions...), nodeFile: encodeCertificates(i.Chain...),
		doorFile: []byte(i.Door.String() + "\n"),
	})
}

// checkRegion returns why a region cannot be called so.
func checkRegion(name string) error {
	if err := (region.Place{Region: name, Operator: "any"}).Check(); err != nil {
		return err
	}
	if name == "root" || name == "node" {
		return fmt.Errorf("a region cannot be called %q", name)
	}
	return nil
}

// AddRegions keeps the certificates of further regions in dir, and returns this
// node as it is with them. Those that are known stay as they are.
func (i *Identity) AddRegions(dir string, more ...*x509.Certificate) (*Identity, error) {
	got := *i
	got.Regions = slices.Clone(i.Regions)
	for _, ca := range more {
		_, name, err := identity.VerifyRegion(ca.Raw, i.Root, i.Member.Network)
		if err != nil {
			return nil, err
		}
		if got.region(name) != nil {
			continue
		}
		if len(got.Regions) >= region.NamesMax {
			return nil, fmt.Errorf("regions: %w", identity.ErrFull)
		}
		got.Regions = append(got.Regions, ca)
	}
	if len(got.Regions) == len(i.Regions) {
		return i, nil
	}
	return &got, replace(dir, map[string][]byte{regionsFile: encodeCertificates(got.Regions...)})
}

// region returns the CA of a region, nil when there is none.
func (i *Identity) region(name string) *x509.Certificate {
	for _, ca := range i.Regions {
		if _, of, err := identity.RegionOf(ca); err == nil && of == name {
			return ca
		}
	}
	return nil
}

// write writes a file that is not there yet, and sees it onto the disk.
func write(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY"
	fileMax          = 1 << 20 // bytes
)

func encodeCertificates(list ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range list {
		_ = pem.Encode(&b, &pem.Block{Type: certificateBlock, Bytes: c.Raw}) // a buffer takes all
	}
	return b.Bytes()
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), err
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > fileMax {
		return nil, fmt.Errorf("%s is too large", path)
	}
	return os.ReadFile(path)
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var list []*x509.Certificate
	for {
		block, rest := pem.Decode(content)
		if block == nil {
			break
		}
		content = rest
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != certificateBlock {
			return nil, fmt.Errorf("%s is damaged: it has something that is no certificate", path)
		}
		list = append(list, c)
	}
	if len(list) == 0 || len(bytes.TrimSpace(content)) > 0 {
		return nil, fmt.Errorf("%s is damaged: it has no certificate, or not only such", path)
	}
	return list, nil
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil || block.Type != keyBlock {
		return nil, fmt.Errorf("%s is damaged: it has no key", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if k, ok := key.(*ecdsa.PrivateKey); ok && err == nil {
		return k, nil
	}
	return nil, fmt.Errorf("%s is damaged: it has no key that we know", path)
}
