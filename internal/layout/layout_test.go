package layout

import (
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stoa-audio/stoa/"

// picture says for each package which of ours it may import; * is any. The
// names are those below internal, or below the root for the rest. To add an
// arrow is a decision about the design: say why in the commit.
const picture = `
id:
region:
known:
text:
topic:
lite:
signal:            id
grant:             id region
telemetry:         id
layout:

room:              id region topic
room/live:         id room
hub:               id room
courier:           id signal
beside:            id room signal hub

people:            id known topic
people/peopletest: id people
clubs:             id known text people
conversations:     id
discover:          id people
hallway:           id room topic text people
sdk/go/sframe:
sdk/go/keys:
sdk/go/voice:      sdk/go/sframe sdk/go/keys
sdk/go/group:      sdk/go/keys
sdk/go/words:      sdk/go/keys sdk/go/group sdk/go/sframe
sdk/go/red:
sdk/go/opus:
sdk/go/ogg:        sdk/go/opus
sdk/go/report:     sdk/go/keys sdk/go/voice sdk/go/group sdk/go/red

reports:           id sdk/go/report
schedule:          id people topic
push:
push/pushtest:     push
mail:
mail/mailtest:
news:              id people push
moderation:        id people
privacy:           people reports schedule news conversations discover moderation
keyring:           id lite
search:            id text people lite
picture:
hashcash:
legal:
deputy:            id room room/live
store/query:
store/records:     id text room room/live deputy people clubs reports schedule news privacy store/query conversations discover moderation
store/sqlite:      lite store/query store/records
store/postgres:    store/query store/records
store:             store/query store/records store/sqlite store/postgres
store/postgrestest:
store/storetest:   id room room/live deputy people people/peopletest clubs reports schedule news privacy search conversations discover moderation

route:             id
udp:
media/rtp:
media/packet:      udp
media/speech:      id
media/digest:      id
media/seal:        media/rtp
media/handshake:   media/seal
media/forward:     id media/rtp media/speech
media/fanout:      media/rtp media/seal media/forward
media/peer:        media/rtp media/seal media/forward media/fanout
media/sfu:         id telemetry route media/digest media/rtp udp media/seal media/handshake media/forward media/fanout media/peer

overlay/frame:     id
overlay/hop:       id overlay/frame
overlay/topology:  id region
overlay/relay:     id region overlay/frame overlay/hop overlay/topology
overlay/audit:     id region
overlay/identity:  id region
overlay/admission: id region overlay/identity
overlay/overlaytest: id region overlay/identity
overlay/seal:
overlay/directory: id region overlay/identity
overlay/waybill:   id region overlay/identity
overlay/link:      id region overlay/frame overlay/hop overlay/topology overlay/relay overlay/identity overlay/seal overlay/directory udp
sim:               id region overlay/frame overlay/hop overlay/topology overlay/relay

load:
lossy:             media/rtp

socket:

spread:            id region room signal overlay/frame overlay/relay
itinerary:         id overlay/frame overlay/relay overlay/waybill

coordinate:        id region overlay/identity

api:               id text topic region signal grant telemetry room room/live hub beside courier people clubs hallway reports schedule socket picture news push mail hashcash conversations discover moderation
node:              *

sdk/go:            id region signal overlay/identity overlay/waybill sdk/go/opus sdk/go/red sdk/go/sframe sdk/go/keys sdk/go/voice sdk/go/group sdk/go/report sdk/go/words

bench/child:
bench/count:
bench/crowd:       id signal bench/count
bench:             id text topic region room people clubs keyring search store store/records store/sqlite coordinate overlay/identity bench/child bench/crowd lossy sdk/go

cmd/stoa:          id region api node sim overlay/identity overlay/admission overlay/audit telemetry privacy reports store store/records bench bench/crowd sdk/go/opus sdk/go/ogg sdk/go/group sdk/go/report
web:
test/*:            *
`

// pure packages are tested with nothing but values: the time, chance and what
// is read come in as arguments, and what is to be written goes out as results.
var pure = strings.Fields("id text topic region overlay/frame overlay/hop overlay/topology overlay/relay overlay/seal overlay/directory overlay/audit overlay/waybill room hallway signal grant load media/rtp media/seal media/peer media/speech media/forward media/fanout media/digest sdk/go/sframe sdk/go/keys sdk/go/voice sdk/go/group sdk/go/words sdk/go/red sdk/go/opus sdk/go/ogg sdk/go/report")

// impure are the standard packages that reach the network, the disk or the log.
var impure = strings.Fields("net net/http os os/exec io/ioutil database/sql log log/slog syscall")

func TestPicture(t *testing.T) {
	drawn := parse(t, picture)
	found := packages(t, filepath.Join("..", ".."))
	for _, name := range pure {
		if found[name] == nil {
			t.Errorf("%s is said to be pure, and is not there", name)
		}
	}
	for name, p := range found {
		may, known := drawn[name]
		if strings.HasPrefix(name, "test/") {
			may, known = drawn["test/*"], true
		}
		if !known {
			t.Errorf("%s is not drawn: draw it in ARCHITECTURE.md first", name)
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", name)
		}
		for _, path := range p.Imports {
			of, ours := strings.CutPrefix(path, module)
			of = strings.TrimPrefix(of, "internal/")
			switch {
			case ours && !slices.Contains(may, of) && !slices.Contains(may, "*"):
				t.Errorf("%s imports %s, an arrow that is not drawn", name, of)
			case slices.Contains(pure, name) && slices.Contains(impure, path):
				t.Errorf("%s is pure and imports %s", name, path)
			}
		}
	}
}

// Arrows point down, so the lines of the picture are in an order in which
// none points to a later one.
func TestNoCircles(t *testing.T) {
	var above []string
	for line := range strings.Lines(strings.TrimSpace(picture)) {
		name, arrows, _ := strings.Cut(line, ":")
		for to := range strings.FieldsSeq(arrows) {
			if to != "*" && !slices.Contains(above, to) {
				t.Errorf("%s points to %s, which is not above it", name, to)
			}
		}
		above = append(above, name)
	}
}

func parse(t *testing.T, picture string) map[string][]string {
	t.Helper()
	drawn := make(map[string][]string)
	for line := range strings.Lines(picture) {
		line = strings.TrimSpace(line)
		name, arrows, ok := strings.Cut(line, ":")
		if line != "" && !ok {
			t.Fatalf("%q is no line of the picture", line)
		}
		drawn[name] = strings.Fields(arrows)
	}
	return drawn
}

// packages returns the packages of this module by their names in the picture.
func packages(t *testing.T, root string) map[string]*build.Package {
	t.Helper()
	found := make(map[string]*build.Package)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && foreign(path, d.Name()) {
			return filepath.SkipDir
		}
		p, err := build.ImportDir(path, 0)
		if _, none := errors.AsType[*build.NoGoError](err); none {
			return nil
		} else if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		found[strings.TrimPrefix(filepath.ToSlash(name), "internal/")] = p
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("no package found")
	}
	return found
}

// foreign reports whether what is below a directory is not for us to judge.
func foreign(path, name string) bool {
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil || strings.HasPrefix(name, ".") || slices.Contains([]string{"testdata", "node_modules", "dist", "build", "bin", "data"}, name)
}
