package node

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func loadSettings(t *testing.T, file string, environ []string, args ...string) (Config, error) {
	t.Helper()
	if file != "" {
		path := filepath.Join(t.TempDir(), "stoa.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	return LoadConfig(args, environ, io.Discard)
}

// The shipped stoa.toml is the manual: it names every key, with its default.
func TestShippedFileIsTheDefaults(t *testing.T) {
	want, err := loadSettings(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := LoadConfig([]string{"--config", "../../stoa.toml"}, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("stoa.toml says %+v, the defaults are %+v", got, want)
	}
	text, err := os.ReadFile("../../stoa.toml")
	if err != nil {
		t.Fatal(err)
	}
	for key := range defaults {
		name := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(string(text), "\n"+name+" = ") {
			t.Errorf("stoa.toml does not name %s", key)
		}
	}
}

func TestLayers(t *testing.T) {
	file := "addr = \"a:1\"\n[media]\nlisten = \":1\"\nannounce = [\"192.0.2.1\", \"2001:db8::1\"]\n[invites]\nexpire = \"48h\"\n"
	c, err := loadSettings(t, file, []string{"STOA_MEDIA_LISTEN=:2", "STOA_INVITES_PER_PERSON=5", "HOME=/"}, "--media.listen", ":3")
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "a:1" || c.Media.Listen != ":3" || c.Invites.PerPerson != 5 || c.Invites.Expire != 48*time.Hour || len(c.Media.Announce) != 2 {
		t.Errorf("%+v", c)
	}
	if c, err = loadSettings(t, "", []string{"STOA_MEDIA_ANNOUNCE=192.0.2.1,192.0.2.2"}); err != nil || len(c.Media.Announce) != 2 {
		t.Errorf("%+v, %v", c.Media, err)
	}
}

func TestURL(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "http://localhost:8080"},
		{[]string{"--addr", ":9000"}, "http://localhost:9000"},
		{[]string{"--addr", "127.0.0.1:9000"}, "http://localhost:9000"},
		{[]string{"--addr", ":443", "--tls.cert", "c", "--tls.key", "k"}, "https://localhost:443"},
		{[]string{"--url", "https://stoa.example/"}, "https://stoa.example"},
	} {
		if got, err := loadSettings(t, "", nil, c.args...); err != nil || got.URL != c.want {
			t.Errorf("%v: %q, %v", c.args, got.URL, err)
		}
	}
}

func TestBadSettings(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		environ []string
		args    []string
		says    string
	}{
		"addr":           {args: []string{"--addr", "8080"}, says: "addr"},
		"data":           {args: []string{"--data", ""}, says: "data"},
		"database":       {file: "database = \"mysql://ada:hunter2@db/stoa\"\n", says: "database"},
		"its password":   {environ: []string{"STOA_DATABASE=postgres://ada:#hunter2@db/stoa"}, says: "%23"},
		"half a line":    {file: "database = \"postgres://ada:hunter2@db/stoa\n", says: "stoa.toml"},
		"name":           {file: "name = \"\"\n", says: "name"},
		"log":            {file: "log = \"loud\"\n", says: "log"},
		"half of TLS":    {file: "[tls]\ncert = \"x\"\n", says: "cert and key"},
		"listen":         {environ: []string{"STOA_MEDIA_LISTEN=7882"}, says: "media.listen"},
		"announce":       {file: "[media]\nannounce = [\"example.org\"]\n", says: "announce"},
		"announce all":   {file: "[media]\nannounce = [\"0.0.0.0\"]\n", says: "announce"},
		"lane":           {args: []string{"--media.lane", "fast"}, says: "media.lane"},
		"invites":        {file: "[invites]\nper_person = -1\n", says: "per_person"},
		"not a number":   {environ: []string{"STOA_INVITES_PER_PERSON=many"}, says: "per_person"},
		"expire":         {file: "[invites]\nexpire = \"5m\"\n", says: "expire"},
		"not a time":     {file: "[invites]\nexpire = \"soon\"\n", says: "expire"},
		"admin":          {file: "[admin]\naddr = \"x\"\n", says: "admin.addr"},
		"url":            {file: "url = \"stoa.example\"\n", says: "url"},
		"url with path":  {file: "url = \"https://stoa.example/x\"\n", says: "more than a host"},
		"url of numbers": {file: "url = \"https://192.0.2.1\"\n", says: "a name"},
		"servers":        {args: []string{"--coordination.servers", "http://x"}, says: "coordination.servers"},
		"bare servers":   {args: []string{"--coordination.servers", "nats://192.0.2.1:4222"}, says: "on this machine"},
		"two seats":      {args: []string{"--coordination.servers", "tls://x", "--coordination.seat", "here"}, says: "coordination.seat"},
		"credentials":    {args: []string{"--coordination.credentials", "x"}, says: "coordination.credentials"},
		"ca":             {args: []string{"--coordination.ca", "x"}, says: "coordination.ca"},
		"unknown key":    {file: "adr = \"x\"\n", says: "adr"},
		"unknown table":  {file: "[voices]\nx = 1\n", says: "voices"},
		"unknown env":    {environ: []string{"STOA_ADR=x"}, says: "STOA_ADR"},
		"not TOML":       {file: "addr = \n", says: "stoa.toml"},
		"no file":        {args: []string{"--config", "/nowhere/stoa.toml"}, says: "/nowhere"},
		"no flag":        {args: []string{"--adr", "x"}, says: "adr"},
		"an argument":    {args: []string{"now"}, says: "now"},
	} {
		_, err := loadSettings(t, c.file, c.environ, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := loadSettings(t, "", nil, "-h"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestAnnounced(t *testing.T) {
	for name, c := range map[string]struct {
		args     []string
		loopback bool
	}{
		"this machine": {nil, true},
		"bound":        {[]string{"--media.listen", "127.0.0.1:0", "--addr", "0.0.0.0:80"}, true},
		"configured":   {[]string{"--media.announce", "192.0.2.1"}, false},
	} {
		config, err := loadSettings(t, "", nil, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.announced()
		if err != nil || len(got) == 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		loopback := false
		for _, a := range got {
			loopback = loopback || a.IsLoopback()
		}
		if loopback != c.loopback {
			t.Errorf("%s: %v", name, got)
		}
	}
}
