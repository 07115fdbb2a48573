package main

import (
	"errors"
	"io/fs"
	"testing"
)

// What the next version has in place of this one's is where it is looked for.
func TestNextVersion(t *testing.T) {
	files, err := changed("../..", nextChanges)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 8 {
		t.Errorf("%d files differ", len(files))
	}
	if _, err := changed("../..", []change{{"go.mod", "what is not there", ""}}); err == nil {
		t.Error("what is not there is changed")
	}
	if _, err := changed("../..", []change{{"no file", "", ""}}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
