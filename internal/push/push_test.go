package push

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.5.5": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "fe80::1": false, "fd00::1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "8.8.8.8": true, "2606:4700::1111": true,
	} {
		if isPublic(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

// The key of a house stays the same, or all subscriptions would be lost.
func TestTheKeyStays(t *testing.T) {
	one, err := New([]byte(strings.Repeat("k", 32)), "")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := New([]byte(strings.Repeat("k", 32)), "")
	other, _ := New([]byte(strings.Repeat("l", 32)), "")
	if one.PublicKey() != again.PublicKey() || one.PublicKey() == other.PublicKey() {
		t.Error("the key does not follow from the secret")
	}
}
