package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/search"
	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/text"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Town is what is to be measured of a house with many people.
type Town struct {
	People   int
	Follows  int // of each
	Rooms    int // that run
	Seconds  int // each of the two is measured for
	Database string
	Log      io.Writer // a line for each step, which take minutes; may be nil
}

// What a town is measured with.
const (
	viewersMax   = 400                    // people who look; each is counted for itself
	asideEach    = 20 * time.Millisecond  // one request beside, so that there are 50 a second
	lookEach     = 100 * time.Millisecond // one that is measured, at most
	stageEach    = 3                      // people on each stage
	listenEach   = 5
	roomsAtOnce  = 8
	clubsMost    = 200 // of which one room in five is
	clubEach     = 500 // members of each, at most
	townStartMax = 20 * time.Minute
	townWarm     = 10 * time.Second // of those beside, before anything is measured
	famousMost   = 1_000_000        // who follow the first one, beside those whom they follow anyway
)

// Check says what is wrong with the settings.
func (t Town) Check() error {
	switch {
	case t.People < 1000 || t.People > 100_000_000:
		return errors.New("people: 1000 to 100000000")
	case t.Follows < 1 || t.Follows > 100:
		return errors.New("follows: 1 to 100")
	case t.Rooms < 1 || t.Rooms > 100_000:
		return errors.New("rooms: 1 to 100000")
	case t.Seconds < 1 || t.Seconds > 600:
		return errors.New("seconds: 1 to 600")
	}
	if t.Database == "" {
		return nil
	}
	return store.Check(t.Database)
}

// A TownReport is how long a hallway and a search took there, as one person waits
// for them, with 50 requests a second beside.
type TownReport struct {
	People      int       `json:"people"`
	Follows     int64     `json:"follows"`
	Rooms       int       `json:"rooms"`
	Database    string    `json:"database"` // sqlite or postgres
	HallwayMS   Quantiles `json:"hallway_ms"`
	SearchMS    Quantiles `json:"search_ms"`
	Famous      Famous    `json:"famous"`
	Beside      float64   `json:"requests_beside_per_s"`
	Refused     int       `json:"refused"` // of those beside
	FillS       float64   `json:"fill_s"`  // until all of it was there
	StartS      float64   `json:"start_s"` // until the node served
	RSSMiB      float64   `json:"rss_mib"` // of the node, in the end
	LoadAverage float64   `json:"load_average"`
}

// Famous is what it costs the others when somebody comes onto a stage whom many
// follow: how long a hallway takes while those are told.
type Famous struct {
	Followers int64     `json:"followers"`
	HallwayMS Quantiles `json:"hallway_ms"`
	ToldPerS  float64   `json:"told_per_s"`
}

// JSON writes the report as one JSON object.
func (r TownReport) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// Table writes the report for people.
func (r TownReport) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "house\t%d people, who follow %d times; %d rooms; %s\n", r.People, r.Follows, r.Rooms, r.Database)
	fmt.Fprintf(t, "hallway\t%.1f ms at half, %.1f at 99 of 100\n", r.HallwayMS.P50, r.HallwayMS.P99)
	fmt.Fprintf(t, "search\t%.1f ms at half, %.1f at 99 of 100\n", r.SearchMS.P50, r.SearchMS.P99)
	fmt.Fprintf(t, "famous\t%d followers; hallway %.1f ms at half, %.1f at 99 of 100 while %.0f a second are told\n",
		r.Famous.Followers, r.Famous.HallwayMS.P50, r.Famous.HallwayMS.P99, r.Famous.ToldPerS)
	fmt.Fprintf(t, "beside\t%.1f requests a second, %d refused\n", r.Beside, r.Refused)
	fmt.Fprintf(t, "filled in\t%.0f s; the node was there after %.1f s, and has %.0f MiB\n", r.FillS, r.StartS, r.RSSMiB)
	fmt.Fprintf(t, "load average\t%.2f\n", r.LoadAverage)
	return t.Flush()
}

// A town is one that is made up.
type town struct {
	Town

	data  string
	store *records.Store
	keys  *keyring.Ring
	who   []id.Person
	names []string
	order []int    // their numbers, in the order of their ids
	look  []string // tokens of those who look
	clubs []id.Club
}

// RunTown makes a house with many people up, starts a node on it and measures.
func RunTown(ctx context.Context, c Town) (r TownReport, err error) {
	if err := c.Check(); err != nil {
		return r, err
	}
	data, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	r.Database = "postgres"
	if c.Database == "" {
		c.Database, r.Database = filepath.Join(data, "stoa.db"), "sqlite"
	}
	began := time.Now()
	t := &town{Town: c, data: data}
	if r.Follows, err = t.fill(ctx); err != nil {
		return r, fmt.Errorf("make a house up: %w", err)
	}
	r.People, r.Rooms, r.FillS = c.People, c.Rooms, round(time.Since(began).Seconds())
	if r.LoadAverage, err = child.LoadAverage(); err != nil {
		return r, err
	}
	t.say("start a node")
	began = time.Now()
	args := []string{"--data", data, "--addr", "127.0.0.1:0", "--media.listen", "127.0.0.1:0"}
	if r.Database == "postgres" {
		args = append(args, "--database", c.Database)
	}
	node, at, err := serveWithin(ctx, townStartMax, "127.0.0.1", args...)
	if err != nil {
		return r, err
	}
	defer node.Stop()
	r.StartS = round(time.Since(began).Seconds())
	t.say("measure")
	if err := t.measure(ctx, at, &r); err != nil {
		return r, node.Failed("measure", err)
	}
	rss, err := node.PeakKiB()
	r.RSSMiB = round(rss / 1024)
	return r, err
}

// fill makes people, whom they follow, rooms and sessions up, and returns how many
// follows there are.
func (t *town) fill(ctx context.Context) (follows int64, err error) {
	if t.store, err = store.Open(ctx, t.Database); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.store.Close()) }()
	if some, err := t.store.PeopleAfter(ctx, id.Person{}, 1); err != nil || len(some) > 0 {
		return 0, errors.Join(err, errors.New("somebody lives there already: it takes an empty database"))
	}
	if t.keys, err = keyring.Open(ctx, filepath.Join(t.data, keyring.File), true); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.keys.Close()) }()
	if err := t.store.Bind(ctx, t.keys.ID()); err != nil {
		return 0, err
	}
	// It is a house in which names were never in clear, as every new one.
	if err := t.store.Sweep(ctx); err != nil {
		return 0, err
	}
	t.who, t.names = make([]id.Person, t.People), make([]string, t.People)
	for i := range t.who {
		t.who[i] = id.New[id.Person]()
		t.names[i] = fmt.Sprintf("%s %s", given[i%len(given)], family[i/len(given)%len(family)])
	}
	t.order = make([]int, t.People)
	for i := range t.order {
		t.order[i] = i
	}
	slices.SortFunc(t.order, func(a, b int) int { return bytes.Compare(t.who[a][:], t.who[b][:]) })
	var apart errgroup.Group // the index is another file
	apart.Go(func() error { return t.index(ctx) })
	follows, err = t.settle(ctx)
	if err := errors.Join(err, apart.Wait()); err != nil {
		return 0, err
	}
	t.say("open %d rooms", t.Rooms-1)
	if err := t.openRooms(ctx); err != nil {
		return 0, err
	}
	return follows, t.signIn(ctx)
}

// say tells which step begins.
func (t *town) say(format string, args ...any) {
	if t.Log != nil {
		fmt.Fprintf(t.Log, format+"\n", args...)
	}
}

// Names that people in a town have.
var (
	given = []string{
		"Anna", "Bela", "Carla", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kemal", "Lena", "Mira", "Nils", "Olga", "Paul",
		"Quynh", "Rosa", "Sami", "Tara", "Uwe", "Vera", "Wim", "Xenia", "Yara", "Zoë",
	}
	family = []string{
		"Abel", "Berg", "Costa", "Demir", "Eriksen", "Fischer", "Garcia", "Huber", "Ito", "Jansen", "Kowalski", "Lang", "Moreau", "Nagy", "Okafor",
		"Petrov", "Quast", "Rossi", "Schmidt", "Tanaka", "Ulrich", "Vogel", "Weiß", "Xu", "Yilmaz", "Zimmermann",
	}
)

// settle writes accounts with sealed profiles, clubs, and who follows whom: those
// who came first are followed the most. Rows come in the order of their tables, and
// the indexes of the largest one after them: in any order they take ten times as long.
func (t *town) settle(ctx context.Context) (follows int64, err error) {
	t.say("let %d people settle", t.People)
	place := make([]int, t.People) // where each is among those in order
	for at, i := range t.order {
		place[i] = at
	}
	sealed, err := t.sealed(ctx)
	if err != nil {
		return 0, err
	}
	f, err := beginFilling(ctx, t.Database)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	now := time.Now().UnixMilli()
	_, err = f.write(ctx, "people", []string{"id", "created"}, func(yield func([]any) bool) {
		for _, i := range t.order {
			if !yield([]any{t.who[i][:], now - int64(i)}) {
				return
			}
		}
	})
	if err != nil {
		return 0, err
	}
	_, err = f.write(ctx, "profiles", []string{"person", "sealed", "version", "changed"}, func(yield func([]any) bool) {
		for at, i := range t.order {
			if !yield([]any{t.who[i][:], sealed(at), int64(1), now}) {
				return
			}
		}
	})
	if err != nil {
		return 0, err
	}
	if err := t.found(ctx, f, now); err != nil {
		return 0, err
	}
	t.say("let each follow %d others", t.Follows)
	if err := f.run(ctx, "DROP INDEX follows_of", "DROP INDEX follows_told"); err != nil {
		return 0, err
	}
	follows, err = f.write(ctx, "follows", []string{"who", "whom", "since"}, func(yield func([]any) bool) {
		for _, i := range t.order {
			for j, at := range t.followed(i, place) {
				if !yield([]any{t.who[i][:], t.who[t.order[at]][:], now - int64(j)}) {
					return
				}
			}
		}
	})
	if err != nil {
		return 0, err
	}
	t.say("order %d follows", follows)
	err = f.run(ctx, "CREATE INDEX follows_told ON follows (whom, notify, who)", "CREATE INDEX follows_of ON follows (whom)", "ANALYZE")
	if err != nil {
		return 0, err
	}
	return follows, f.commit(ctx)
}

// followed returns the places of those whom one person follows, in their order. The
// square of a number that is spread evenly has a few be followed by many, and the
// first one is by as many as there are, up to a bound.
func (t *town) followed(i int, place []int) []int {
	var some []int
	if i > 0 && i <= famousMost {
		some = append(some, place[0])
	}
	for j := range t.Follows {
		n := (i*7919 + 104729*(j+1)) % t.People
		if whom := n * n / t.People; whom != i {
			some = append(some, place[whom])
		}
	}
	slices.Sort(some)
	return slices.Compact(some)
}

// found writes clubs, and who is in them.
func (t *town) found(ctx context.Context, f *filling, now int64) error {
	each := min(clubEach, t.People/2)
	for range clubsMost {
		t.clubs = append(t.clubs, id.New[id.Club]())
	}
	columns := []string{"id", "name", "folded", "about", "rules", "rules_version", "joining", "rooms", "listed", "language", "version", "created", "members", "followers"}
	_, err := f.write(ctx, "clubs", columns, func(yield func([]any) bool) {
		for i, club := range t.clubs {
			name := fmt.Sprintf("%s of %s", family[i%len(family)], given[i%len(given)])
			if !yield([]any{club[:], name, text.Folded(name), "", "[]", int64(1), "open", "members", true, "", int64(1), now, int64(each), int64(0)}) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	_, err = f.write(ctx, "club_people", []string{"club", "person", "standing", "since", "shown"}, func(yield func([]any) bool) {
		for i, club := range t.clubs {
			for j := range each {
				standing := int64(clubs.Member)
				if j == 0 {
					standing = int64(clubs.Founder)
				}
				who := t.who[(i*7919+j*(t.People/each))%t.People]
				if !yield([]any{club[:], who[:], standing, now + int64(j), false}) {
					return
				}
			}
		}
	})
	return err
}

// Of a town, what people speak, and how many of the topics each likes.
var tongues = []string{"de", "en", "fr", "tr", "uk"}

const likes = 4

// about returns some topics, other ones for each number.
func about(i, most int) []string {
	var some []string
	for j := range most {
		some = append(some, topic.All[(i+j*7)%len(topic.All)])
	}
	return some
}

// sealed returns what seals the profile of each in order, with keys that are in the
// keyring by then.
func (t *town) sealed(ctx context.Context) (func(at int) []byte, error) {
	who := make([]id.Person, t.People)
	for at, i := range t.order {
		who[at] = t.who[i]
	}
	keys, err := t.keys.MakeAll(ctx, who)
	if err != nil {
		return nil, err
	}
	return func(at int) []byte {
		i := t.order[at]
		b, err := people.SealProfile(keys[at], who[at], people.Written{
			Name: t.names[i], Findable: i%2 == 0, Languages: []string{tongues[i%len(tongues)]}, Interests: about(i, likes),
		})
		if err != nil {
			panic(err) // the key is of the right length, and the profile has no value that JSON has not
		}
		return b
	}, nil
}

// index writes the index of names, which the node would else do while it is
// measured.
func (t *town) index(ctx context.Context) (err error) {
	x, err := search.Open(ctx, filepath.Join(t.data, search.File))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	const most = 20_000
	for some := range slices.Chunk(t.order, most) {
		entries := make([]people.Entry, 0, most)
		for _, i := range some {
			entries = append(entries, people.Entry{
				Indexed: people.Indexed{Person: t.who[i], Version: 1}, Name: t.names[i], Findable: i%2 == 0,
			})
		}
		if err := x.Put(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// openRooms writes rooms whose people are away, and have their seats for long
// enough. The last one is opened while it is measured.
func (t *town) openRooms(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(roomsAtOnce)
	now := time.Now().UTC().Truncate(time.Millisecond)
	until := now.Add(24 * time.Hour)
	for i := range t.Rooms - 1 {
		all.Go(func() error {
			host := i * 7 % t.People
			opened := room.Opened{
				By: t.who[host], Name: t.names[host], Title: fmt.Sprintf("%s and %s, number %d", given[i%len(given)], family[i%len(family)], i),
				Visibility: room.Open, At: now, Until: until, Language: tongues[i%len(tongues)], Topics: about(i, 1+i%topic.OfRoom),
			}
			switch i % 10 { // most are open, as those are that all have to be looked at for
			case 3:
				opened.Visibility = room.Social
			case 5:
				opened.Visibility, opened.Club.ID = room.Members, t.clubs[i%len(t.clubs)]
			case 7:
				opened.Club.ID = t.clubs[i%len(t.clubs)]
			}
			events := []room.Event{opened}
			for j := range stageEach + listenEach {
				n := (host + j*31) % t.People
				events = append(events, room.Entered{Who: t.who[n], Name: t.names[n]})
				if j > 0 && j < stageEach {
					events = append(events, room.AskedUp{Who: t.who[n], By: t.who[host], Until: until}, room.SteppedUp{Who: t.who[n]})
				}
				events = append(events, room.WentAway{Who: t.who[n], Until: until})
			}
			return t.store.Append(ctx, id.New[id.Room](), 1, 1, events)
		})
	}
	return all.Wait()
}

// signIn signs those in who look.
func (t *town) signIn(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	for i := range min(viewersMax, t.People) {
		var raw [32]byte
		_, _ = rand.Read(raw[:]) // never fails (crypto/rand, Go 1.24)
		s := people.Session{ID: id.New[people.SessionID](), Person: t.who[i*(t.People/min(viewersMax, t.People))], Created: now, Seen: now}
		if err := t.store.AddSession(ctx, s, sha256.Sum256(raw[:])); err != nil {
			return err
		}
		t.look = append(t.look, base64.RawURLEncoding.EncodeToString(raw[:]))
	}
	return nil
}

// measure asks for hallways and searches, one after another, while others ask for
// other things.
func (t *town) measure(ctx context.Context, at string, r *TownReport) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var beside sync.WaitGroup
	var counted, refused int
	began := time.Now()
	beside.Go(func() { counted, refused = t.aside(ctx, at) })
	if err := rest(ctx, townWarm); err != nil { // what is known after the first time is known
		return err
	}
	var err error
	if r.HallwayMS, err = t.timed(ctx, at, func(int) string { return "/api/v1/rooms" }); err != nil {
		return err
	}
	r.SearchMS, err = t.timed(ctx, at, func(i int) string {
		// As one types: a name that is begun, or both.
		words := string([]rune(given[i%len(given)])[:2+i%2])
		if i%2 == 0 {
			words = given[i%len(given)] + " " + string([]rune(family[i%len(family)])[:2])
		}
		return "/api/v1/search?q=" + url.QueryEscape(words)
	})
	if err == nil {
		t.say("measure while a famous one is on a stage")
		r.Famous, err = t.famous(ctx, at)
	}
	stop()
	beside.Wait()
	r.Beside, r.Refused = round(float64(counted)/time.Since(began).Seconds()), refused
	return err
}

// famous has the first one open a room, whom the most follow, and asks for hallways
// while those are told.
func (t *town) famous(ctx context.Context, at string) (f Famous, err error) {
	v := &visit{url: at}
	if err := v.open(ctx, t.look[0]); err != nil {
		return f, err
	}
	stage, err := v.join(ctx, t.look[0])
	if err != nil {
		return f, err
	}
	began := time.Now()
	f.HallwayMS, err = t.timed(ctx, at, func(int) string { return "/api/v1/rooms" })
	took := time.Since(began)
	if err := errors.Join(err, stage.Leave(ctx)); err != nil {
		return f, err
	}
	db, err := store.Connect(ctx, t.Database)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM follows WHERE whom = $1", t.who[0][:]).Scan(&f.Followers)
	if err != nil {
		return f, err
	}
	var told int64
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM news WHERE who = $1", t.who[0][:]).Scan(&told)
	f.ToldPerS = round(float64(told) / took.Seconds())
	return f, err
}

// timed asks again and again, each time as somebody else, and returns how long it
// took until all of the answer was there.
func (t *town) timed(ctx context.Context, at string, path func(i int) string) (Quantiles, error) {
	var took []time.Duration
	end := time.Now().Add(time.Duration(t.Seconds) * time.Second)
	for i := 0; time.Now().Before(end); i++ {
		began := time.Now()
		status, err := t.ask(ctx, at+path(i), i)
		if err != nil {
			return Quantiles{}, err
		}
		if status != http.StatusOK {
			return Quantiles{}, fmt.Errorf("GET %s: status %d", path(i), status)
		}
		took = append(took, time.Since(began))
		if err := rest(ctx, lookEach-time.Since(began)); err != nil {
			return Quantiles{}, err
		}
	}
	slices.Sort(took)
	return quantiles(took[len(took)/2], took[len(took)*99/100]), nil
}

// aside asks 50 times a second for what people ask for.
func (t *town) aside(ctx context.Context, at string) (counted, refused int) {
	tick := time.NewTicker(asideEach)
	defer tick.Stop()
	var all errgroup.Group
	all.SetLimit(50)
	var mu sync.Mutex // guards both counts
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			_ = all.Wait()
			return counted, refused
		case <-tick.C:
		}
		path := []string{"/api/v1/me", "/api/v1/rooms", "/api/v1/me/following", "/api/v1/people/" + t.who[i*13%t.People].String(), "/api/v1/me/followers"}[i%5]
		all.Go(func() error {
			status, err := t.ask(ctx, at+path, i)
			mu.Lock()
			defer mu.Unlock()
			if counted++; err != nil && ctx.Err() == nil || err == nil && status != http.StatusOK {
				refused++
			}
			return nil
		})
	}
}

var asking = http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// ask asks as one of those who look, and reads all of the answer.
func (t *town) ask(ctx context.Context, at string, as int) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return 0, err
	}
	r.AddCookie(&http.Cookie{Name: "stoa_session", Value: t.look[as%len(t.look)]})
	answer, err := asking.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

// rest waits, or returns why not.
func rest(ctx context.Context, d time.Duration) error {
	sleep(ctx, d)
	return ctx.Err()
}
