package admission

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// longMin is from how many bytes on a file of lines is written anew, without what
// does not count any more.
const longMin = 1 << 20

// lockLines opens a file of lines for us alone, until it is closed. Another
// process may put a shorter one in its place (replace): is says which it is.
func lockLines(path string, flags int) (f *os.File, is os.FileInfo, err error) {
	for {
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND|flags, 0o600); err != nil {
			return nil, nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { //nolint:gosec // a file's number
			return nil, nil, errors.Join(err, f.Close())
		}
		is, err = f.Stat()
		there, errThere := os.Stat(path)
		if errors.Is(errThere, fs.ErrNotExist) {
			errThere = nil // it was replaced by none
		}
		if err := errors.Join(err, errThere); err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		if there != nil && os.SameFile(is, there) {
			return f, is, nil
		}
		if err := f.Close(); err != nil { // it was replaced while we waited
			return nil, nil, err
		}
	}
}

// readLines has each line taken from a place in a file on, and moves the place
// behind it. A last line without an end was never acknowledged: it is cut off.
func readLines(f *os.File, at *int64, take func(text []byte) error) error {
	if _, err := f.Seek(*at, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReader(f)
	for {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(text) > 0 {
				return f.Truncate(*at)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := take(text); err != nil {
			return err
		}
		*at += int64(len(text))
	}
}
