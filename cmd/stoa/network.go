package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

const networkHelp = `stoa network makes a network of nodes, and lets machines into it.

  stoa network init --region eu --operator NAME --address HOST:PORT
                               make a network, and this machine its first node;
                               more regions by more --region
  stoa network invite --region eu --operator NAME
                               print an invite for one more machine, which joins
                               by: stoa serve --join INVITE
                               with --door HOST:PORT it gets the key of its
                               region, and admits and renews others there
  stoa network add-region --region us
                               add a region, where the network was made
  stoa network members         list the nodes
  stoa network remove NODE     remove a node for good, from all others at once;
                               --region and --operator for one that came in at
                               another door

  --data DIR         where the node keeps its records (./data)
  --address ADDR     with init: where other machines reach this one's door
  --door ADDR        with invite: where they will reach the new node's door
  --expires TIME     with invite: how long it is good (24h)
`

// network looks after the network that was made on this machine.
func network(args []string, stdout, stderr io.Writer) error {
	command, args, f := subcommand("stoa network", networkHelp, args, stderr)
	var regions []string
	f.Func("region", "a region", func(name string) error {
		regions = append(regions, name)
		return nil
	})
	data := f.String("data", "./data", "where the node keeps its records")
	operator := f.String("operator", "", "who runs the node")
	door := f.String("door", "", "where other machines will reach the new node's door")
	address := f.String("address", "", "where other machines reach the door")
	expires := f.Duration("expires", 24*time.Hour, "how long an invite is good")
	if err := parseFlags(f, args); err != nil {
		return err
	}
	dir := filepath.Join(*data, node.NetworkDir)
	now := time.Now()
	switch {
	case command == "init" && f.NArg() == 0 && len(regions) > 0 && *operator != "" && *address != "":
		return makeNetwork(dir, regions, *operator, *address, now, stdout)
	case command == "invite" && f.NArg() == 0 && len(regions) == 1 && *operator != "":
		return inviteNode(dir, region.Place{Region: regions[0], Operator: *operator}, *door, now, *expires, stdout)
	case command == "add-region" && f.NArg() == 0 && len(regions) > 0:
		return addRegions(dir, regions, now, stdout)
	case command == "members" && f.NArg() == 0:
		return listMembers(dir, now, stdout)
	case command == "remove" && f.NArg() == 1 && len(regions) == 0 && *operator == "":
		return removeNode(dir, f.Arg(0), region.Place{}, now, stdout)
	case command == "remove" && f.NArg() == 1 && len(regions) == 1 && *operator != "":
		return removeNode(dir, f.Arg(0), region.Place{Region: regions[0], Operator: *operator}, now, stdout)
	}
	_, _ = io.WriteString(stderr, networkHelp)
	return fmt.Errorf("%w: stoa network takes init --region --operator --address, invite --region --operator, add-region --region, members or remove NODE", errUsage)
}

func makeNetwork(dir string, regions []string, operator, address string, now time.Time, stdout io.Writer) error {
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return fmt.Errorf("%w: %q is not HOST:PORT", errUsage, address)
	}
	self, err := admission.Make(dir, regions, operator, address, now)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "A network is made, of %s. This machine is its first node, in %v.\n", strings.Join(regions, ", "), self.Member.Place)
	fmt.Fprintf(stdout, "Its keys are in %s: keep a copy of that where nobody else gets at it.\n", dir)
	return nil
}

func inviteNode(dir string, place region.Place, door string, now time.Time, life time.Duration, stdout io.Writer) error {
	office, err := admission.OpenOffice(dir)
	if err != nil {
		return err
	}
	var token identity.Token
	if door == "" {
		token, err = office.Invite(now, place, now.Add(life))
	} else if host, port, errDoor := net.SplitHostPort(door); errDoor != nil || host == "" || port == "" {
		return fmt.Errorf("%w: %q is not HOST:PORT", errUsage, door)
	} else {
		token, err = office.InviteDoor(now, place, now.Add(life), door)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, token)
	return nil
}

func addRegions(dir string, names []string, now time.Time, stdout io.Writer) error {
	office, err := admission.OpenOffice(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := office.AddRegion(now, name); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Region %s is added. Its key is in %s: keep a copy of that, too.\n", name, dir)
	}
	return nil
}

func listMembers(dir string, now time.Time, stdout io.Writer) error {
	office, err := admission.OpenOffice(dir)
	if err != nil {
		return err
	}
	list, err := office.Members()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "node\tregion\toperator\tsince\tcertificate")
	for _, m := range list {
		state := "until " + m.Expires.Format(time.DateTime)
		switch {
		case m.Removed:
			state = "removed"
		case now.After(m.Expires):
			state = "expired " + m.Expires.Format(time.DateTime)
		}
		if m.Door != "" {
			state += ", door at " + m.Door
		}
		fmt.Fprintf(t, "%v\t%s\t%s\t%s\t%s\n", m.Node, m.Place.Region, m.Place.Operator, m.Since.Format(time.DateOnly), state)
	}
	return t.Flush()
}

func removeNode(dir, name string, place region.Place, now time.Time, stdout io.Writer) error {
	which, err := id.Parse[id.Node](name)
	if err != nil {
		return fmt.Errorf("%w: %q is no node; stoa network members lists them", errUsage, name)
	}
	office, err := admission.OpenOffice(dir)
	if err != nil {
		return err
	}
	if err := office.Remove(now, which, place); errors.Is(err, identity.ErrUnknown) && place == (region.Place{}) {
		return fmt.Errorf("%w at this door; if it came in at another one, say its --region and --operator", err)
	} else if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Removed. All nodes that are reached cut their links to it now, and its certificate is not renewed any more.")
	return nil
}
