package handshake

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"
)

// The certificate goes over the wire in clear: it says nothing of the house,
// the machine or anybody, and is another one at each start.
func TestCertificateNamesNobody(t *testing.T) {
	var all []*x509.Certificate
	for range 2 {
		i, err := NewIdentity(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(i.certificate.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if c.Subject.String() != "CN=WebRTC" || c.Issuer.String() != "CN=WebRTC" {
			t.Errorf("it is of %v, by %v", c.Subject, c.Issuer)
		}
		if len(c.Extensions) > 0 {
			t.Errorf("it says more: %v", c.Extensions)
		}
		all = append(all, c)
	}
	if bytes.Equal(all[0].RawSubjectPublicKeyInfo, all[1].RawSubjectPublicKeyInfo) || all[0].SerialNumber.Cmp(all[1].SerialNumber) == 0 {
		t.Error("two starts have the same certificate")
	}
}
