// Command keys is a crowd that agrees on the secrets of a room and does nothing
// else: each is a whole client of package group behind a WebSocket of its own,
// without media. It measures what letting people in costs a steward, and how
// long a new secret takes to reach all.
//
//	keys seed -data DIR -people 5001     makes people in the records of a node that does not run
//	keys crowd -url URL -room ID         reads people and orders, writes what has happened
//
// Both write JSON lines. The crowd is told who it is by the line that seed has
// written, and then what to do: {"join": 50} brings that many more in at once (it says when all of them knock),
// {"expect": 3} waits until all who are in hold the secret of epoch 3 or a later
// one. It ends with its input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/stoa-audio/stoa/internal/bench"
	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "keys:", err)
		os.Exit(1)
	}
}

// A list is what seed writes and the crowd reads first.
type list struct {
	People []crowd.Person `json:"people"`
}

// An order is what the crowd is to do.
type order struct {
	Join   int    `json:"join"`
	Expect uint32 `json:"expect"`
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("seed or crowd?")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	switch args[0] {
	case "seed":
		data := flags.String("data", "", "the node's `DIRECTORY`")
		n := flags.Int("people", 2, "`NUMBER` of people")
		_ = flags.Parse(args[1:]) // it exits
		people, err := bench.Seed(ctx, filepath.Clean(*data), *n)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(list{people})
	case "crowd":
		url := flags.String("url", "", "the node's `URL`")
		room := flags.String("room", "", "the room's `ID`")
		_ = flags.Parse(args[1:]) // it exits
		return obey(ctx, *url, *room, bufio.NewReader(os.Stdin), os.Stdout)
	}
	return fmt.Errorf("%q is neither seed nor crowd", args[0])
}

// obey does what is read, until there is no more.
func obey(ctx context.Context, url, room string, in io.Reader, out io.Writer) error {
	read, write := json.NewDecoder(in), json.NewEncoder(out)
	var who list
	if err := read.Decode(&who); err != nil {
		return fmt.Errorf("read who is in the crowd: %w", err)
	}
	c, err := newCrowd(url, room, who.People)
	if err != nil {
		return err
	}
	defer c.close()
	for {
		var o order
		switch err := read.Decode(&o); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read an order: %w", err)
		}
		var done any
		if o.Join > 0 {
			done, err = c.join(ctx, o.Join, write.Encode)
		} else {
			done, err = c.expect(ctx, o.Expect)
		}
		if err != nil {
			return err
		}
		if err := write.Encode(done); err != nil {
			return err
		}
	}
}
