package node

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/sdk/go/report"
)

// A Config is what an operator may set; stoa.toml says what each key is for.
type Config struct {
	Addr       string     `koanf:"addr"`
	Data       string     `koanf:"data"`
	Database   string     `koanf:"database"` // Records says where they are
	Keyring    string     `koanf:"keyring"`  // KeyringAt says where it is
	URL        string     `koanf:"url"`
	Name       string     `koanf:"name"`
	Log        string     `koanf:"log"`
	LogLevel   slog.Level `koanf:"log_level"`
	TLS        TLS        `koanf:"tls"`
	Media      Media      `koanf:"media"`
	Load       Load       `koanf:"load"`
	Invites    Invites    `koanf:"invites"`
	SignUp     SignUp     `koanf:"signup"`
	Rooms      Rooms      `koanf:"rooms"`
	Moderation Moderation `koanf:"moderation"`
	Push       Push       `koanf:"push"`
	Mail       Mail       `koanf:"mail"`
	Admin      Admin      `koanf:"admin"`
	Legal      Legal      `koanf:"legal"`
	Network    Network    `koanf:"network"`
	Join       string     `koanf:"join"` // an invite to a network of nodes

	Coordination Coordination `koanf:"coordination"`
}

// TLS is the certificate that the node shows to browsers.
type TLS struct {
	Cert string `koanf:"cert"`
	Key  string `koanf:"key"`
}

// Media is where voices come and go.
type Media struct {
	Listen   string       `koanf:"listen"`
	Announce []netip.Addr `koanf:"announce"`
	Lane     string       `koanf:"lane"` // "udp" or "packet"
	// A room with so many listeners is a hall, and a packet there this long.
	HallListeners int           `koanf:"hall_listeners"`
	HallFrame     time.Duration `koanf:"hall_frame"`
}

// Load is how much of the machine the node may use before it lets nobody new
// in.
type Load struct {
	CPU    float64 `koanf:"cpu"`    // share of all processors
	Memory uint64  `koanf:"memory"` // MiB; 0: nine tenths of what there is
}

// Invites is how the house grows.
type Invites struct {
	PerPerson int           `koanf:"per_person"` // at the start
	Another   time.Duration `koanf:"another"`    // after so long in good standing; 0: never
	Most      int           `koanf:"most"`       // of each, in all
	Expire    time.Duration `koanf:"expire"`
}

// SignUp is who may come without an invite.
type SignUp struct {
	Open bool `koanf:"open"`
	Bits int  `koanf:"bits"` // of work
	Most int  `koanf:"most"` // a day
}

// Rooms is what holds in all rooms.
type Rooms struct {
	ShieldDays int `koanf:"shield_days"` // how old an account is that a shield takes as any other
}

// Moderation is who looks at what people report.
type Moderation struct {
	Keys []string `koanf:"keys"` // that reports are sealed to
}

// Push is how browsers that are closed are told.
type Push struct {
	Contact string `koanf:"contact"` // for push services; empty: nothing is pushed
}

// Legal is who runs the house, as the law wants it said.
type Legal struct {
	Operator    string   `koanf:"operator"`
	Address     []string `koanf:"address"` // lines
	Email       string   `koanf:"email"`
	Phone       string   `koanf:"phone"`
	Represented string   `koanf:"represented"`
	Register    string   `koanf:"register"`
	VAT         string   `koanf:"vat"`
	Officer     string   `koanf:"officer"`
	Authority   string   `koanf:"authority"`
	Security    string   `koanf:"security"`
	Texts       string   `koanf:"texts"` // a directory
}

// Admin is what is for the operator alone.
type Admin struct {
	Addr string `koanf:"addr"`
}

// Network is how this node takes part in a network of nodes.
type Network struct {
	Listen    string           `koanf:"listen"`   // the trunk (UDP), and the door (TCP) where the network was made
	Announce  []netip.AddrPort `koanf:"announce"` // where other nodes reach the trunk
	Seeds     []string         `koanf:"seeds"`    // host:port of nodes to begin with; empty: who has let this one in
	Fence     region.Fence     `koanf:"fence"`    // this node speaks to none outside
	Latitude  float64          `koanf:"latitude"`
	Longitude float64          `koanf:"longitude"`
	Deputy    bool             `koanf:"deputy"` // another node at the same place has our rooms' records, and goes on with them
	Drain     time.Duration    `koanf:"drain"`  // how long people may take to leave, when the node is to stop
}

// Coordination is how the nodes of this one's region know things together.
type Coordination struct {
	Seat        string   `koanf:"seat"`        // whether this node has the region's server: seatUsual …
	Servers     []string `koanf:"servers"`     // NATS servers of the region's own, as URLs
	Credentials string   `koanf:"credentials"` // a file, for the servers to know nodes by
	CA          string   `koanf:"ca"`          // a file, to know the servers by
}

// defaults are the keys of stoa.toml and their values there; a test compares.
var defaults = map[string]any{
	"addr":                 "localhost:8080",
	"data":                 "./data",
	"database":             "",
	"keyring":              "",
	"url":                  "",
	"name":                 "Stoa",
	"log":                  "text",
	"log_level":            "info",
	"tls.cert":             "",
	"tls.key":              "",
	"media.listen":         ":7882",
	"media.announce":       []string{},
	"media.lane":           "udp",
	"media.hall_listeners": 100,
	"media.hall_frame":     "40ms",
	"load.cpu":             0.9,
	"load.memory":          0,
	"invites.per_person":   2,
	"invites.another":      "168h",
	"invites.most":         10,
	"invites.expire":       "336h",
	"signup.open":          false,
	"signup.bits":          5,
	"signup.most":          200,
	"rooms.shield_days":    7,
	"moderation.keys":      []string{},
	"push.contact":         "",
	"mail.smtp":            "",
	"mail.from":            "",
	"mail.user":            "",
	"mail.password":        "",
	"mail.password_file":   "",
	"mail.daily":           1000,
	"admin.addr":           "",
	"legal.operator":       "",
	"legal.address":        []string{},
	"legal.email":          "",
	"legal.phone":          "",
	"legal.represented":    "",
	"legal.register":       "",
	"legal.vat":            "",
	"legal.officer":        "",
	"legal.authority":      "",
	"legal.security":       "",
	"legal.texts":          "",
	"network.listen":       ":7883",
	"network.announce":     []string{},
	"network.seeds":        []string{},
	"network.fence":        "*",
	"network.latitude":     0,
	"network.longitude":    0,
	"network.deputy":       true,
	"network.drain":        "60s",
	"join":                 "",

	"coordination.seat":        "",
	"coordination.servers":     []string{},
	"coordination.credentials": "",
	"coordination.ca":          "",
}

// seedsMax is how many nodes one begins with: they are called one after the
// other.
const seedsMax = 8

// ErrConfig means that a setting is wrong; the text says which and why.
var ErrConfig = errors.New("configuration")

// LoadConfig reads the configuration: defaults, then the file that --config
// names, then STOA_* in environ, then the flags in args. usage is where the
// help goes that -h asks for; the error is flag.ErrHelp then.
func LoadConfig(args, environ []string, usage io.Writer) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(defaults, "."), nil); err != nil {
		return Config{}, err
	}
	path, flags, err := parseFlags(args, usage)
	if err != nil {
		return Config{}, err
	}
	if path != "" {
		if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
			return Config{}, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
		}
	}
	if err := loadEnviron(k, environ); err != nil {
		return Config{}, err
	}
	if err := k.Load(confmap.Provider(flags, "."), nil); err != nil {
		return Config{}, err
	}
	var c Config
	err = k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: &c, ErrorUnused: true, WeaklyTypedInput: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.StringToTimeDurationHookFunc(),
			mapstructure.StringToWeakSliceHookFunc(","),
			mapstructure.TextUnmarshallerHookFunc(),
		),
	}})
	if err != nil {
		return Config{}, fmt.Errorf("%w: %s", ErrConfig, oneLine(err))
	}
	return c, c.check()
}

// loadEnviron takes STOA_MEDIA_LISTEN for media.listen. A STOA_ that is no key
// is a slip of the pen and stops the start.
func loadEnviron(k *koanf.Koanf, environ []string) error {
	var unknown error
	provider := env.Provider(".", env.Opt{
		Prefix:      "STOA_",
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			for key := range defaults {
				if name == envName(key) {
					return key, value
				}
			}
			unknown = fmt.Errorf("%w: %s is no setting", ErrConfig, name)
			return "", nil
		},
	})
	return errors.Join(k.Load(provider, nil), unknown)
}

func envName(key string) string {
	return "STOA_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// parseFlags returns the file that --config names, and the keys set by flags.
func parseFlags(args []string, usage io.Writer) (path string, set map[string]any, err error) {
	f := flag.NewFlagSet("stoa serve", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&path, "config", "", "read settings from `FILE`; stoa.toml shows all of them")
	keys := make([]string, 0, len(defaults))
	for key := range defaults {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f.String(key, "", "set "+key+", also "+envName(key))
	}
	if err := f.Parse(args); err != nil {
		return "", nil, err
	}
	if f.NArg() > 0 {
		return "", nil, fmt.Errorf("%w: %q is not a flag", ErrConfig, f.Arg(0))
	}
	set = make(map[string]any)
	f.Visit(func(one *flag.Flag) {
		if one.Name != "config" {
			set[one.Name] = one.Value.String()
		}
	})
	return path, set, nil
}

// Records is where the records are: a path, or a URL that may have a password.
func (c *Config) Records() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "stoa.db")
}

// check says what is wrong with c in one line, and completes it.
func (c *Config) check() error {
	bad := func(key, format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrConfig, key, fmt.Sprintf(format, args...))
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return bad("addr", "%q is not HOST:PORT", c.Addr)
	}
	if c.Data == "" {
		return bad("data", "it must name a directory")
	}
	if c.Database != "" {
		if err := store.Check(c.Database); err != nil {
			return bad("database", "%v", err) // which says nothing of a password
		}
	}
	if c.Name == "" || len(c.Name) > 60 {
		return bad("name", "it takes 1 to 60 characters")
	}
	if n := len(c.Moderation.Keys); n > report.ModeratorsMax {
		return bad("moderation.keys", "%d are more than the %d that a report is sealed to", n, report.ModeratorsMax)
	}
	for _, key := range c.Moderation.Keys {
		if _, err := report.ParsePublicKey(key); err != nil {
			return bad("moderation.keys", "%q is no public key; stoa report keygen makes one", key)
		}
	}
	if c.Log != "text" && c.Log != "json" {
		return bad("log", `%q is neither "text" nor "json"`, c.Log)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return bad("tls", "cert and key go together")
	}
	if _, _, err := net.SplitHostPort(c.Media.Listen); err != nil {
		return bad("media.listen", "%q is not HOST:PORT", c.Media.Listen)
	}
	for _, a := range c.Media.Announce {
		if a.IsUnspecified() || a.IsMulticast() {
			return bad("media.announce", "%v is no address that a client can send to", a)
		}
	}
	if c.Media.Lane != "udp" && c.Media.Lane != "packet" {
		return bad("media.lane", `%q is neither "udp" nor "packet"`, c.Media.Lane)
	}
	if n := c.Media.HallListeners; n < 0 || n > 1_000_000 {
		return bad("media.hall_listeners", "%d is not between 0 and 1000000", n)
	}
	if f := c.Media.HallFrame; f != 20*time.Millisecond && f != 40*time.Millisecond && f != 60*time.Millisecond {
		return bad("media.hall_frame", "%v is not 20ms, 40ms or 60ms", f)
	}
	if c.Load.CPU <= 0 || c.Load.CPU > 1 {
		return bad("load.cpu", "%v is not above 0 and at most 1", c.Load.CPU)
	}
	if c.Load.Memory > 1<<30 {
		return bad("load.memory", "%d MiB is more than there is anywhere", c.Load.Memory)
	}
	if c.Invites.PerPerson < 0 || c.Invites.PerPerson > 1000 {
		return bad("invites.per_person", "%d is not between 0 and 1000", c.Invites.PerPerson)
	}
	if n := c.Invites.Most; n < c.Invites.PerPerson || n > 1000 {
		return bad("invites.most", "%d is not between invites.per_person and 1000", n)
	}
	if d := c.Invites.Another; d != 0 && (d < time.Hour || d > 10*365*24*time.Hour) {
		return bad("invites.another", "%v is neither 0 nor between an hour and ten years", d)
	}
	if n := c.SignUp.Bits; n < 1 || n > hashcash.BitsMax {
		return bad("signup.bits", "%d is not between 1 and %d", n, hashcash.BitsMax)
	}
	if n := c.SignUp.Most; n < 0 || n > 100_000 {
		return bad("signup.most", "%d is not between 0 and 100000", n)
	}
	if c.Rooms.ShieldDays < 1 || c.Rooms.ShieldDays > 365 {
		return bad("rooms.shield_days", "%d is not between 1 and 365", c.Rooms.ShieldDays)
	}
	if c.Invites.Expire < time.Hour || c.Invites.Expire > 10*365*24*time.Hour {
		return bad("invites.expire", "%v is not between an hour and ten years", c.Invites.Expire)
	}
	if c.Admin.Addr != "" {
		if _, _, err := net.SplitHostPort(c.Admin.Addr); err != nil {
			return bad("admin.addr", "%q is not HOST:PORT", c.Admin.Addr)
		}
	}
	if s := c.Legal.Security; s != "" && !strings.HasPrefix(s, "https://") && !strings.Contains(s, "@") {
		return bad("legal.security", "%q is neither an address of mail nor of https", s)
	}
	if p := c.Push.Contact; p != "" && !strings.HasPrefix(p, "https://") && !strings.Contains(p, "@") {
		return bad("push.contact", "%q is neither an address of mail nor of https", p)
	}
	if err := c.Mail.check(bad); err != nil {
		return err
	}
	if e := c.Legal.Email; e != "" && !strings.Contains(e, "@") {
		return bad("legal.email", "%q is no address of mail", e)
	}
	if _, _, err := net.SplitHostPort(c.Network.Listen); err != nil {
		return bad("network.listen", "%q is not HOST:PORT", c.Network.Listen)
	}
	for _, a := range c.Network.Announce {
		if a.Addr().IsUnspecified() || a.Addr().IsMulticast() || a.Addr().Zone() != "" || a.Port() == 0 {
			return bad("network.announce", "%v is no address that another node can send to", a)
		}
	}
	if len(c.Network.Announce) > directory.AddressesMax {
		return bad("network.announce", "%d are more than %d", len(c.Network.Announce), directory.AddressesMax)
	}
	if n := len(c.Network.Seeds); n > seedsMax {
		return bad("network.seeds", "%d are more than %d", n, seedsMax)
	}
	for _, a := range c.Network.Seeds {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			return bad("network.seeds", "%q is not HOST:PORT", a)
		}
	}
	if c.Network.Latitude < -90 || c.Network.Latitude > 90 {
		return bad("network.latitude", "%v is not between -90 and 90", c.Network.Latitude)
	}
	if c.Network.Longitude < -180 || c.Network.Longitude > 180 {
		return bad("network.longitude", "%v is not between -180 and 180", c.Network.Longitude)
	}
	if d := c.Network.Drain; d < 0 || d > time.Hour {
		return bad("network.drain", "%v is not between 0 and an hour", d)
	}
	if err := c.Coordination.check(bad); err != nil {
		return err
	}
	return c.checkURL(bad)
}

func (c Coordination) check(bad func(key, format string, args ...any) error) error {
	for _, server := range c.Servers {
		u, err := url.Parse(server)
		if err != nil || u.Host == "" || u.Scheme != "tls" && u.Scheme != "nats" {
			return bad("coordination.servers", "one of them is not tls:// and a host")
		}
		if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "nats" && (err != nil || !ip.IsLoopback()) {
			return bad("coordination.servers", "nats:// is for servers on this machine; tls:// is for others")
		}
	}
	switch none := len(c.Servers) == 0; {
	case len(c.Servers) > coordinate.ServersMax:
		return bad("coordination.servers", "%d are more than %d", len(c.Servers), coordinate.ServersMax)
	case c.Seat != seatUsual && c.Seat != seatHere && c.Seat != seatElsewhere:
		return bad("coordination.seat", "%q is neither empty nor here nor elsewhere", c.Seat)
	case c.Seat == seatHere && !none:
		return bad("coordination.seat", "a region with servers of its own has no seat")
	case none && c.Credentials != "":
		return bad("coordination.credentials", "there are no coordination.servers to show them to")
	case none && c.CA != "":
		return bad("coordination.ca", "there are no coordination.servers to know by it")
	}
	return nil
}

func (c *Config) checkURL(bad func(key, format string, args ...any) error) error {
	if c.URL == "" {
		scheme := "http"
		if c.TLS.Cert != "" {
			scheme = "https"
		}
		host, port, _ := net.SplitHostPort(c.Addr)
		if host == "" || net.ParseIP(host) != nil {
			host = "localhost" // passkeys need a name, and it is right for one machine
		}
		c.URL = scheme + "://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return bad("url", "%q is not http:// or https:// and a host", c.URL)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return bad("url", "%q has more than a host", c.URL)
	case net.ParseIP(u.Hostname()) != nil:
		return bad("url", "%q has an IP address; passkeys need a name", c.URL)
	}
	c.URL = u.Scheme + "://" + u.Host
	return nil
}

// oneLine folds the list that mapstructure makes of its errors.
func oneLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' })
	return strings.Join(lines, " ")
}

// announced returns where clients reach the media socket: what is configured,
// else what it is bound to, else the addresses of this machine, and its loopback addresses if the app is
// served to this machine alone.
func (c *Config) announced() ([]netip.Addr, error) {
	if len(c.Media.Announce) > 0 {
		return c.Media.Announce, nil
	}
	bound, _, _ := net.SplitHostPort(c.Media.Listen)
	if ip, err := netip.ParseAddr(bound); err == nil && !ip.IsUnspecified() {
		return []netip.Addr{ip}, nil
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(c.Addr)
	here := host == "localhost"
	if ip, err := netip.ParseAddr(host); err == nil {
		here = ip.IsLoopback()
	}
	var out, loopback []netip.Addr
	for _, i := range interfaces {
		prefix, err := netip.ParsePrefix(i.String())
		if err != nil {
			continue
		}
		switch a := prefix.Addr(); {
		case a.IsLoopback():
			loopback = append(loopback, a)
		case a.IsGlobalUnicast():
			out = append(out, a)
		}
	}
	if here || len(out) == 0 {
		out = append(out, loopback...)
	}
	const announcedMax = 8 // each costs every client a check
	return out[:min(len(out), announcedMax)], nil
}
