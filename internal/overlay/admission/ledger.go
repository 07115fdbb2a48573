package admission

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
)

// Bounds of a ledger: a region that removes more than its share does not keep
// others from removing theirs.
const (
	removalsMax  = 4096
	removalsEach = 1024 // of one region
)

const removedFile = "removed"

// A Ledger is who was removed from the network, by the signed word of their
// regions, as far as this machine has heard. It is a file of lines to which
// several processes may add.
type Ledger struct {
	path string
	root *x509.Certificate

	mu    sync.Mutex // guards the rest
	list  []identity.SignedRemoval
	read  []identity.Removal // the same, in the same order
	known map[who]bool
	size  int64 // bytes of the file that are taken in
	file  os.FileInfo
	taken int // ever
}

type who struct {
	region string
	node   id.Node
}

// OpenLedger opens the ledger of a node's directory.
func OpenLedger(dir string, root *x509.Certificate) (*Ledger, error) {
	return openLedger(dir, root, time.Now())
}

func openLedger(dir string, root *x509.Certificate, now time.Time) (*Ledger, error) {
	l := &Ledger{path: filepath.Join(dir, removedFile), root: root, known: make(map[who]bool)}
	return l, l.with(func(*os.File) error { return l.shorten(now) })
}

// with does something while nobody else writes, and the list is as the file.
func (l *Ledger) with(do func(*os.File) error) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, is, err := lockLines(l.path, os.O_CREATE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }() // and the lock is gone
	if l.file == nil || !os.SameFile(is, l.file) {
		l.list, l.read, l.known, l.size, l.file = nil, nil, make(map[who]bool), 0, is
	}
	if err := l.catchUp(f); err != nil {
		return err
	}
	return do(f)
}

// catchUp reads the lines that are new. Each proves itself: one that does not is
// passed over.
func (l *Ledger) catchUp(f *os.File) error {
	return readLines(f, &l.size, func(text []byte) error {
		if s, removal, ok := l.proven(text); ok {
			l.take(s, removal)
		}
		return nil
	})
}

// proven returns the removal that a line is, if it counts.
func (l *Ledger) proven(text []byte) (s identity.SignedRemoval, r identity.Removal, ok bool) {
	if json.Unmarshal(text, &s) != nil {
		return s, r, false
	}
	r, err := s.Verify(l.root)
	return s, r, err == nil
}

func (l *Ledger) take(s identity.SignedRemoval, r identity.Removal) {
	if key := (who{r.Place.Region, r.Node}); !l.known[key] {
		l.known[key] = true
		l.taken++
		l.list, l.read = append(l.list, s), append(l.read, r)
	}
}

// shorten writes a long file anew, without what counts no more.
func (l *Ledger) shorten(now time.Time) error {
	if l.size < longMin {
		return nil
	}
	var live []identity.SignedRemoval
	for i, r := range l.read {
		if now.Sub(r.At) < identity.RemovalLife {
			live = append(live, l.list[i])
		}
	}
	text, err := encodeRemovals(live)
	if err != nil || int64(len(text)) > l.size/2 {
		return err
	}
	return replace(filepath.Dir(l.path), map[string][]byte{removedFile: text})
}

// Knows reports whether a removal is known already; it costs no more than to
// read it.
func (l *Ledger) Knows(s identity.SignedRemoval) bool {
	r, err := s.Parse()
	l.mu.Lock()
	defer l.mu.Unlock()
	return err == nil && l.known[who{r.Place.Region, r.Node}]
}

// Add writes a removal down, and reports whether it is news.
func (l *Ledger) Add(s identity.SignedRemoval, now time.Time) (news bool, err error) {
	removal, err := s.Verify(l.root)
	if err != nil {
		return false, err
	}
	if now.Sub(removal.At) >= identity.RemovalLife {
		return false, nil // nobody has a certificate from before
	}
	text, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	text = append(text, '\n')
	err = l.with(func(f *os.File) error {
		if l.known[who{removal.Place.Region, removal.Node}] {
			return nil
		}
		all, of := 0, 0
		for _, r := range l.read {
			if now.Sub(r.At) < identity.RemovalLife {
				if all++; r.Place.Region == removal.Place.Region {
					of++
				}
			}
		}
		if all >= removalsMax || of >= removalsEach {
			return fmt.Errorf("removals: %w", identity.ErrFull)
		}
		if _, err := f.Write(text); err != nil {
			return errors.Join(err, f.Truncate(l.size))
		}
		if err := f.Sync(); err != nil {
			return err
		}
		l.take(s, removal)
		l.size += int64(len(text))
		news = true
		return nil
	})
	return news, err
}

// Look takes in what other processes have written, and reports whether that is
// anything.
func (l *Ledger) Look() (news bool, err error) {
	info, err := os.Stat(l.path)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	before, same := l.taken, info.Size() == l.size && os.SameFile(info, l.file)
	l.mu.Unlock()
	if same {
		return false, nil
	}
	err = l.with(func(*os.File) error { return nil })
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken != before, err
}

// Removals returns who is removed; Signed the same, as it passes from node to
// node. Neither is to be changed.
func (l *Ledger) Removals() []identity.Removal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.read)
}

// Signed returns the removals with their signatures, in the order in which they
// came to be known.
func (l *Ledger) Signed() []identity.SignedRemoval {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.list)
}

// --- doors ---

// doorsMax bounds the doors that are remembered.
const doorsMax = 16

const doorsFile = "doors"

// ReadDoors returns the doors of this node's region that were known last; none
// when there is no such list, or it is damaged.
func ReadDoors(dir string) []Door {
	text, err := readFile(filepath.Join(dir, doorsFile))
	if err != nil {
		return nil
	}
	var out []Door
	for line := range bytes.Lines(text) {
		if d, ok := parseDoor(string(line)); ok && len(out) < doorsMax {
			out = append(out, d)
		}
	}
	return out
}

// WriteDoors remembers doors for the next start.
func WriteDoors(dir string, doors []Door) error {
	var b bytes.Buffer
	for _, d := range doors[:min(len(doors), doorsMax)] {
		fmt.Fprintln(&b, d)
	}
	return replace(dir, map[string][]byte{doorsFile: b.Bytes()})
}

// Note keeps a line for the next start in a file of its own.
func Note(dir, name, text string) error { return replace(dir, map[string][]byte{name: []byte(text)}) }

// replace puts files in the place of others, each at once.
func replace(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := write(path+".new", content); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return syncDir(dir)
}
