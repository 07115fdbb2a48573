package group

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"
	"testing/cryptotest"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorsFile = "../../../test/vectors/group.json"

// hexBytes are bytes that JSON has as hex.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode([]byte{}, b), nil }

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

type vectors struct {
	Room    hexBytes       `json:"room"`
	People  []personVector `json:"people"`
	Knocks  []knockVector  `json:"knocks"`
	Roster  rosterVector   `json:"roster"`
	Others  audienceVector `json:"audience"`
	Said    []saidVector   `json:"announces"`
	Welcome []letterVector `json:"welcomes"`
	Rewrap  []letterVector `json:"rewraps"`
	Codes   []codeVector   `json:"codes"`
	JSON    textVector     `json:"json"`
	// Malformed is refused by the parsers; Forged is well formed, and not signed
	// for the room and for people[0] (an announce: by the page key of people[0]).
	Malformed map[string][]badVector `json:"malformed"`
	Forged    map[string][]badVector `json:"forged"`
}

// A person, the seeds of their keys, and their cert.
type personVector struct {
	Who       hexBytes `json:"who"`
	Member    hexBytes `json:"member"`
	Device    hexBytes `json:"deviceSeed"`
	DeviceKey hexBytes `json:"deviceKey"`
	Page      hexBytes `json:"pageSeed"`
	PageKey   hexBytes `json:"pageKey"`
	Signed    hexBytes `json:"signed"`
	Cert      hexBytes `json:"cert"`
	Hash      hexBytes `json:"hash"`
}

// A knock of people[Person].
type knockVector struct {
	Person  int      `json:"person"`
	KEM     uint16   `json:"kem"`
	Private hexBytes `json:"private"`
	Public  hexBytes `json:"public"`
	Signed  hexBytes `json:"signed"`
	Knock   hexBytes `json:"knock"`
}

// A roster of people[Person[i]] in slots[i].
type rosterVector struct {
	Slots  []int    `json:"slots"`
	People []int    `json:"people"`
	Roster hexBytes `json:"roster"`
	Hash   hexBytes `json:"hash"`
}

// An audience of people[Person[i]], in no order.
type audienceVector struct {
	People []int    `json:"people"`
	Hash   hexBytes `json:"hash"`
}

// An announce by people[Person].
type saidVector struct {
	Person   int      `json:"person"`
	Sequence uint32   `json:"sequence"`
	Epoch    uint32   `json:"epoch"`
	Slot     uint8    `json:"slot"`
	Flags    uint8    `json:"flags"`
	Time     uint64   `json:"time"`
	Holders  uint32   `json:"holders"`
	Before   hexBytes `json:"before"`
	Commit   hexBytes `json:"commit"`
	Roster   hexBytes `json:"roster"`
	Audience hexBytes `json:"audience"`
	Signed   hexBytes `json:"signed"`
	Announce hexBytes `json:"announce"`
	Hash     hexBytes `json:"hash"`
}

// A letter to the member of people[Person], who opens a welcome by the key of
// knocks[Knock], and a rewrap by the kek.
type letterVector struct {
	Person int      `json:"person"`
	Knock  int      `json:"knock"`
	Epoch  uint32   `json:"epoch"`
	Info   hexBytes `json:"info,omitempty"`
	Enc    hexBytes `json:"enc,omitempty"`
	Sealed hexBytes `json:"sealed"`
	Secret hexBytes `json:"secret"`
	Kek    hexBytes `json:"kek"`
	Letter hexBytes `json:"letter"`
}

// The code of a secret and of announces[Said].
type codeVector struct {
	Secret hexBytes `json:"secret"`
	Said   int      `json:"announce"`
	Code   string   `json:"code"`
}

// What room, the member of people[0] and three bytes are in JSON.
type textVector struct {
	Room   string   `json:"room"`
	Member string   `json:"member"`
	Bytes  hexBytes `json:"bytes"`
	Text   string   `json:"text"`
}

type badVector struct {
	Name  string   `json:"name"`
	Bytes hexBytes `json:"bytes"`
}

// pattern returns n bytes that are the same for a seed.
func pattern(n int, seed string) []byte {
	var b []byte
	for h := sha256.Sum256([]byte(seed)); len(b) < n; h = sha256.Sum256(h[:]) {
		b = append(b, h[:]...)
	}
	return b[:n]
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func public(seed []byte) []byte {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

func makeVectors() (v vectors) {
	v.Room = pattern(16, "room")
	room := ID(v.Room)
	certs := make([]Cert, 5)
	for i := range certs {
		n := string(rune('0' + i))
		p := personVector{Who: pattern(16, "who "+n), Member: pattern(8, "member "+n), Device: pattern(32, "device "+n), Page: pattern(32, "page "+n)}
		p.DeviceKey, p.PageKey = public(p.Device), public(p.Page)
		c := Cert{Member: Member(p.Member), PageKey: [32]byte(p.PageKey), DeviceKey: [32]byte(p.DeviceKey)}
		who := ID(p.Who)
		if err := c.Sign(ed25519.NewKeyFromSeed(p.Device), room, who); err != nil {
			panic(err)
		}
		h := c.Hash()
		p.Signed, p.Cert, p.Hash = c.signed(room, who), c.Append(nil), h[:]
		certs[i], v.People = c, append(v.People, p)
	}
	for _, x := range []struct {
		person int
		kem    KEM
	}{{0, X25519}, {0, XWing}, {3, X25519}, {3, XWing}} {
		p := v.People[x.person]
		private := must(x.kem.hpke().NewPrivateKey(pattern(32, "hpke "+string(p.Who))))
		k := Knock{Cert: certs[x.person], KEM: x.kem, Key: private.PublicKey().Bytes()}
		if err := k.Sign(ed25519.NewKeyFromSeed(p.Page), room, ID(p.Who)); err != nil {
			panic(err)
		}
		v.Knocks = append(v.Knocks, knockVector{
			x.person, uint16(x.kem), must(private.Bytes()), k.Key,
			k.signed(room, ID(p.Who)), k.Append(nil),
		})
	}
	roster := Roster{{0, certs[0]}, {1, certs[2]}, {31, certs[1]}}
	rosterHash := roster.Hash()
	v.Roster = rosterVector{[]int{0, 1, 31}, []int{0, 2, 1}, roster.Append(nil), rosterHash[:]}
	audience := AudienceHash([]Holder{{certs[3].Member, certs[3].DeviceKey}, {certs[4].Member, certs[4].DeviceKey}})
	v.Others = audienceVector{[]int{4, 3}, audience[:]}
	nobody := AudienceHash(nil)

	secrets := []keys.Secret{keys.Secret(pattern(32, "secret 0")), keys.Secret(pattern(32, "secret 1"))}
	var before [32]byte
	for _, x := range []struct {
		person int
		a      Announce
	}{
		{0, Announce{Sequence: 1, Epoch: 1, Slot: 0, Time: 1_800_000_000_123, Holders: 3, Commit: secrets[0].Commit(), Audience: nobody}},
		{1, Announce{Sequence: 2, Epoch: 2, Slot: 31, Flags: FlagProven, Time: 1_800_000_060_456, Holders: 5, Commit: secrets[1].Commit(), Audience: audience}},
	} {
		a := x.a
		a.Before, a.Roster = before, rosterHash
		if err := a.Sign(ed25519.NewKeyFromSeed(v.People[x.person].Page), room); err != nil {
			panic(err)
		}
		h := a.Hash()
		v.Said = append(v.Said, saidVector{
			x.person, a.Sequence, a.Epoch, a.Slot, a.Flags, a.Time, a.Holders, slices.Clone(a.Before[:]), a.Commit[:],
			a.Roster[:], a.Audience[:], a.signed(room), a.Append(nil), h[:],
		})
		before = h
		v.Codes = append(v.Codes, codeVector{slices.Clone(secrets[a.Epoch-1][:]), int(a.Sequence - 1), a.Code(secrets[a.Epoch-1])})
	}
	for i, k := range v.Knocks {
		m, epoch, s := Member(v.People[k.Person].Member), uint32(1+i), secrets[i%2]
		l, kek, err := SealWelcome(room, m, KEM(k.KEM), k.Public, epoch, s)
		if err != nil {
			panic(err)
		}
		v.Welcome = append(v.Welcome, letterVector{k.Person, i, epoch, infoWelcome(room, m, epoch), l.Enc, l.Sealed[:], slices.Clone(s[:]), kek[:], l.Append(nil)})
		later, s := epoch+0x01020304, secrets[(i+1)%2]
		again := SealRewrap(kek, later, s)
		v.Rewrap = append(v.Rewrap, letterVector{k.Person, i, later, nil, nil, again.Sealed[:], s[:], kek[:], again.Append(nil)})
	}
	v.JSON = textVector{
		string(must(room.MarshalText())), string(must(certs[0].Member.MarshalText())),
		[]byte{0xfb, 0xff, 0xfe, 1},
		string(must(Bytes{0xfb, 0xff, 0xfe, 1}.MarshalText())),
	}
	v.makeBad(certs)
	return v
}

// change returns b with a byte set.
func change(b []byte, at int, to byte) hexBytes {
	b = bytes.Clone(b)
	b[at] = to
	return b
}

func longer(b []byte) hexBytes  { return append(bytes.Clone(b), 0) }
func shorter(b []byte) hexBytes { return bytes.Clone(b[:len(b)-1]) }

func (v *vectors) makeBad(certs []Cert) {
	cert, knock, xwing := v.People[0].Cert, v.Knocks[0].Knock, v.Knocks[1].Knock
	roster, said := v.Roster.Roster, v.Said[1].Announce
	welcome, hybrid, rewrap := v.Welcome[0].Letter, v.Welcome[1].Letter, v.Rewrap[0].Letter
	place := func(slot uint8) Place { return Place{slot, certs[0]} }
	full := make(Roster, RosterMax+1)
	for i := range full {
		full[i] = place(uint8(i))
	}
	v.Malformed = map[string][]badVector{
		"cert": {
			{"nothing", nil},
			{"shorter", shorter(cert)},
			{"longer", longer(cert)},
			{"another version", change(cert, 0, 2)},
		},
		"knock": {
			{"nothing", nil},
			{"a cert alone", cert},
			{"shorter", shorter(knock)},
			{"longer", longer(knock)},
			{"X-Wing, shorter", shorter(xwing)},
			{"X-Wing, longer", longer(xwing)},
			{"a cert of another version", change(knock, 0, 2)},
			{"a kem that is not there", change(knock, CertSize+1, 0x21)},
			{"X-Wing's number and X25519's length", change(change(knock, CertSize, 0x64), CertSize+1, 0x7a)},
			{"X25519's number and X-Wing's length", change(change(xwing, CertSize, 0), CertSize+1, 0x20)},
		},
		"roster": {
			{"nothing", nil},
			{"of nobody", hexBytes{0}},
			{"shorter", shorter(roster)},
			{"longer", longer(roster)},
			{"one less than it says", change(roster, 0, 4)},
			{"one more than it says", change(roster, 0, 2)},
			{"a slot twice", Roster{place(1), place(1)}.Append(nil)},
			{"slots that fall", Roster{place(1), place(0)}.Append(nil)},
			{"a slot that is not there", Roster{place(32)}.Append(nil)},
			{"33 of them", full.Append(nil)},
			{"a cert of another version", change(roster, 2, 2)},
		},
		"announce": {
			{"nothing", nil},
			{"shorter", shorter(said)},
			{"longer", longer(said)},
			{"another version", change(said, 0, 2)},
			{"sequence 0", change(said, 4, 0)},
			{"epoch 0", change(said, 8, 0)},
			{"a slot that is not there", change(said, 9, 32)},
			{"a flag that is not there", change(said, 10, 2)},
			{"a time of more than 53 bits", change(said, 12, 0x20)},
		},
		"letter": {
			{"nothing", nil},
			{"a kind that is not there", change(rewrap, 0, 3)},
			{"kind 0", change(rewrap, 0, 0)},
			{"a welcome, shorter", shorter(welcome)},
			{"a welcome, longer", longer(welcome)},
			{"a welcome by X-Wing, shorter", shorter(hybrid)},
			{"a welcome by X-Wing, longer", longer(hybrid)},
			{"a rewrap, shorter", shorter(rewrap)},
			{"a rewrap, longer", longer(rewrap)},
			{"a rewrap of a welcome's length", change(welcome, 0, 2)},
			{"a welcome of a rewrap's length", change(rewrap, 0, 1)},
			{"epoch 0", change(welcome, 4, 0)},
		},
	}
	end := func(b []byte) hexBytes { return change(b, len(b)-1, b[len(b)-1]^1) }
	v.Forged = map[string][]badVector{
		"cert": {
			{"another signature", end(cert)},
			{"another member", change(cert, 1, cert[1]^1)},
			{"another page key", change(cert, 9, cert[9]^1)},
			{"somebody else's", v.People[1].Cert},
		},
		"knock": {
			{"another signature", end(knock)},
			{"another signature, X-Wing", end(xwing)},
			{"another key", change(knock, CertSize+2, knock[CertSize+2]^1)},
			{"somebody else's cert", append(bytes.Clone(v.People[1].Cert), knock[CertSize:]...)},
			{"somebody else's", v.Knocks[2].Knock},
		},
		"announce": {
			{"another signature", end(v.Said[0].Announce)},
			{"another sequence", change(v.Said[0].Announce, 4, 9)},
			{"another slot", change(v.Said[0].Announce, 9, 1)},
			{"somebody else's", said},
		},
	}
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	if *update {
		cryptotest.SetGlobalRandom(t, 1)
		b := must(json.MarshalIndent(makeVectors(), "", "  "))
		if err := os.WriteFile(vectorsFile, append(b, '\n'), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The same bytes as in TypeScript.
func TestVectors(t *testing.T) {
	v := readVectors(t)
	check := func(what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s is %x, want %x", what, got, want)
		}
	}
	verify := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	room, certs := ID(v.Room), make([]Cert, len(v.People))
	who := func(person int) ID { return ID(v.People[person].Who) }
	for i, p := range v.People {
		c := must(ParseCert(p.Cert))
		certs[i] = c
		h := c.Hash()
		check("a cert", c.Append(nil), p.Cert)
		check("what it signs", c.signed(room, who(i)), p.Signed)
		check("its hash", h[:], p.Hash)
		check("its member", c.Member[:], p.Member)
		check("its page key", c.PageKey[:], public(p.Page))
		check("its device key", c.DeviceKey[:], public(p.Device))
		verify("a cert", c.Verify(room, who(i)))
		c.Signature = [64]byte{}
		verify("sign a cert", c.Sign(ed25519.NewKeyFromSeed(p.Device), room, who(i)))
		check("a cert signed again", c.Append(nil), p.Cert)
	}
	private := make([]hpke.PrivateKey, len(v.Knocks))
	for i, x := range v.Knocks {
		k := must(ParseKnock(x.Knock))
		private[i] = must(k.KEM.hpke().NewPrivateKey(x.Private))
		check("a knock", k.Append(nil), x.Knock)
		check("its key", private[i].PublicKey().Bytes(), x.Public)
		check("what it signs", k.signed(room, who(x.Person)), x.Signed)
		verify("a knock", k.Verify(room, who(x.Person)))
		if k.KEM != KEM(x.KEM) || k.KEM != KEM(private[i].KEM().ID()) || k.Cert != certs[x.Person] {
			t.Errorf("knock %d is %+v", i, k)
		}
	}
	roster := must(ParseRoster(v.Roster.Roster))
	rosterHash := roster.Hash()
	check("the roster", roster.Append(nil), v.Roster.Roster)
	check("its hash", rosterHash[:], v.Roster.Hash)
	var stage []ID
	for i, p := range v.Roster.People {
		stage = append(stage, who(p))
		if int(roster[i].Slot) != v.Roster.Slots[i] || roster[i].Cert != certs[p] {
			t.Errorf("place %d is %+v", i, roster[i])
		}
	}
	verify("the roster", roster.Verify(room, stage))
	var others []Holder
	for _, p := range v.Others.People {
		others = append(others, Holder{certs[p].Member, certs[p].DeviceKey})
	}
	audience := AudienceHash(others)
	check("the audience", audience[:], v.Others.Hash)
	said := make([]Announce, len(v.Said))
	for i, x := range v.Said {
		a := must(ParseAnnounce(x.Announce))
		h := a.Hash()
		check("an announce", a.Append(nil), x.Announce)
		check("what it signs", a.signed(room), x.Signed)
		check("its hash", h[:], x.Hash)
		verify("an announce", a.Verify(public(v.People[x.Person].Page), room))
		same := Announce{
			x.Sequence, x.Epoch, x.Slot, x.Flags, x.Time, x.Holders, [32]byte(x.Before), [32]byte(x.Commit),
			[32]byte(x.Roster), [32]byte(x.Audience), a.Signature,
		}
		if a != same {
			t.Errorf("announce %d is %+v", i, a)
		}
		said[i] = a
	}
	for i, x := range v.Welcome {
		l := must(ParseLetter(x.Letter))
		m := Member(v.People[x.Person].Member)
		check("a welcome", l.Append(nil), x.Letter)
		check("its info", infoWelcome(room, m, l.Epoch), x.Info)
		check("what it is encapsulated in", l.Enc, x.Enc)
		check("what is sealed", l.Sealed[:], x.Sealed)
		s, kek, err := l.OpenWelcome(room, m, private[x.Knock])
		if l.Epoch != x.Epoch || err != nil || s != keys.Secret(x.Secret) || kek != Kek(x.Kek) {
			t.Errorf("welcome %d gives %x, %x, %v", i, s, kek, err)
		}
	}
	for i, x := range v.Rewrap {
		l := must(ParseLetter(x.Letter))
		check("a rewrap", l.Append(nil), x.Letter)
		s, err := l.OpenRewrap(Kek(x.Kek))
		if l.Epoch != x.Epoch || err != nil || s != keys.Secret(x.Secret) {
			t.Errorf("rewrap %d gives %x, %v", i, s, err)
		}
		again := SealRewrap(Kek(x.Kek), x.Epoch, keys.Secret(x.Secret))
		check("a rewrap sealed again", again.Append(nil), x.Letter)
	}
	for i, x := range v.Codes {
		if code := said[x.Said].Code(keys.Secret(x.Secret)); code != x.Code {
			t.Errorf("code %d is %s", i, code)
		}
	}
	got := textVector{
		string(must(room.MarshalText())), string(must(certs[0].Member.MarshalText())),
		v.JSON.Bytes, string(must(Bytes(v.JSON.Bytes).MarshalText())),
	}
	if got.Room != v.JSON.Room || got.Member != v.JSON.Member || got.Text != v.JSON.Text {
		t.Errorf("%+v, want %+v", got, v.JSON)
	}
}

func TestBadVectors(t *testing.T) {
	v := readVectors(t)
	parsers := map[string]func(b []byte) error{
		"cert":     func(b []byte) error { _, err := ParseCert(b); return err },
		"knock":    func(b []byte) error { _, err := ParseKnock(b); return err },
		"roster":   func(b []byte) error { _, err := ParseRoster(b); return err },
		"announce": func(b []byte) error { _, err := ParseAnnounce(b); return err },
		"letter":   func(b []byte) error { _, err := ParseLetter(b); return err },
	}
	if len(v.Malformed) != len(parsers) {
		t.Error("the vectors are cut")
	}
	for kind, bad := range v.Malformed {
		for _, x := range bad {
			if err := parsers[kind](x.Bytes); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, %s: %v", kind, x.Name, err)
			}
		}
	}
	room, who, page := ID(v.Room), ID(v.People[0].Who), v.People[0].PageKey
	for kind, bad := range v.Forged {
		for _, x := range bad {
			var err error
			switch kind {
			case "cert":
				c := must(ParseCert(x.Bytes))
				err = c.Verify(room, who)
			case "knock":
				k := must(ParseKnock(x.Bytes))
				err = k.Verify(room, who)
			case "announce":
				a := must(ParseAnnounce(x.Bytes))
				err = a.Verify(ed25519.PublicKey(page), room)
			default:
				t.Errorf("what is a %s?", kind)
			}
			if !errors.Is(err, ErrSignature) {
				t.Errorf("%s, %s: %v", kind, x.Name, err)
			}
		}
	}
}

func TestBoundToTheirRoom(t *testing.T) {
	v := readVectors(t)
	room, who := ID(v.Room), ID(v.People[0].Who)
	other := room
	other[15] ^= 1
	k := must(ParseKnock(v.Knocks[0].Knock))
	a := must(ParseAnnounce(v.Said[0].Announce))
	r := must(ParseRoster(v.Roster.Roster))
	l := must(ParseLetter(v.Welcome[0].Letter))
	private := must(X25519.hpke().NewPrivateKey(v.Knocks[0].Private))
	_, _, elsewhere := l.OpenWelcome(other, Member(v.People[0].Member), private)
	_, _, another := l.OpenWelcome(room, Member(v.People[1].Member), private)
	l.Epoch++
	_, _, later := l.OpenWelcome(room, Member(v.People[0].Member), private)
	for what, err := range map[string]error{
		"a cert":                   k.Cert.Verify(other, who),
		"a cert of who knocks":     k.Cert.Verify(room, ID(v.People[1].Who)),
		"a knock":                  k.Verify(other, who),
		"a knock by somebody else": k.Verify(room, ID(v.People[1].Who)),
		"an announce":              a.Verify(ed25519.PublicKey(v.People[0].PageKey), other),
		"a roster":                 r.Verify(other, []ID{who, ID(v.People[2].Who), ID(v.People[1].Who)}),
		"a roster in other order":  r.Verify(room, []ID{who, ID(v.People[1].Who), ID(v.People[2].Who)}),
		"a roster of fewer":        r.Verify(room, []ID{who}),
		"a welcome":                elsewhere,
		"another's welcome":        another,
		"another epoch's welcome":  later,
	} {
		if err == nil {
			t.Errorf("%s holds elsewhere", what)
		}
	}
}

func FuzzParse(f *testing.F) {
	v := makeVectors()
	for i, b := range [][]byte{v.People[0].Cert, v.Knocks[0].Knock, v.Knocks[1].Knock, v.Roster.Roster, v.Said[0].Announce, v.Welcome[0].Letter, v.Welcome[1].Letter, v.Rewrap[0].Letter} {
		f.Add(uint8(i), b)
	}
	for _, bad := range v.Malformed {
		for i, x := range bad {
			f.Add(uint8(i), []byte(x.Bytes))
		}
	}
	f.Fuzz(func(t *testing.T, _ uint8, b []byte) {
		var room, who ID
		back := func(c []byte) {
			if !bytes.Equal(b, c) {
				t.Errorf("%x is read as %x", b, c)
			}
		}
		if c, err := ParseCert(b); err == nil {
			back(c.Append(nil))
			_ = c.Verify(room, who)
		}
		if k, err := ParseKnock(b); err == nil {
			back(k.Append(nil))
			_ = k.Verify(room, who)
			_, _, _ = SealWelcome(room, k.Cert.Member, k.KEM, k.Key, 1, keys.Secret{})
		}
		if r, err := ParseRoster(b); err == nil {
			back(r.Append(nil))
			_ = r.Verify(room, make([]ID, len(r)))
		}
		if a, err := ParseAnnounce(b); err == nil {
			back(a.Append(nil))
		}
		if l, err := ParseLetter(b); err == nil {
			back(l.Append(nil))
			_, _ = l.OpenRewrap(Kek{})
		}
	})
}

func FuzzText(f *testing.F) {
	v := makeVectors()
	f.Add(v.JSON.Room)
	f.Add(v.JSON.Member)
	f.Add("AA\n")
	f.Fuzz(func(t *testing.T, text string) {
		var id ID
		var m Member
		var b Bytes
		for _, x := range []interface {
			UnmarshalText(text []byte) error
			MarshalText() ([]byte, error)
		}{&id, &m, &b} {
			if x.UnmarshalText([]byte(text)) == nil {
				if back := must(x.MarshalText()); string(back) != text {
					t.Errorf("%q and %q are the same", text, back)
				}
			}
		}
	})
}
