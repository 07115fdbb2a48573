package stoa_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// Somebody comes in, listens, and says whatever they hear to another room, or
// to a file, or here to nobody.
func ExampleJoin() {
	ctx, address, grant, clean := visit()
	defer clean()

	room, err := stoa.Join(ctx, address, grant)
	if err != nil {
		panic(err)
	}
	frame, err := room.Hear(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Printf("somebody has said %d bytes of Opus", len(frame.Opus))

	// Output: somebody has said 3 bytes of Opus
}

// visit returns the address of a room in which somebody speaks, and permission
// to enter it.
func visit() (ctx context.Context, address, grant string, clean func()) {
	e := &example{}
	e.ctx, e.cancel = context.WithTimeout(context.Background(), patience)
	h := openHouse(e)
	ada, err := stoa.Join(e.ctx, h.url, h.grant(h.founder))
	h.must(err)
	h.must(ada.Unmute(e.ctx))
	go func() { _ = talk(e.ctx, ada, 1000) }()
	return e.ctx, h.url, h.grant(h.guest("Ben")), e.clean
}

// An example is what a test has, for openHouse.
type example struct {
	testing.TB

	ctx    context.Context
	cancel context.CancelFunc
	cleans []func()
}

func (e *example) Helper()                  {}
func (e *example) Context() context.Context { return e.ctx }
func (e *example) Cleanup(f func())         { e.cleans = append(e.cleans, f) }
func (e *example) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }

func (e *example) TempDir() string {
	dir, err := os.MkdirTemp("", "stoa-example-")
	if err != nil {
		panic(err)
	}
	e.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (e *example) clean() {
	e.cancel()
	for i := range e.cleans {
		e.cleans[len(e.cleans)-1-i]()
	}
}
