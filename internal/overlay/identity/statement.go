package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
)

// SignStatement signs a body: ECDSA on P-256 over SHA-256 of a purpose and the
// body, in ASN.1. The purpose is what is signed besides, so that no signature of
// one kind can be taken for another's; it ends with a zero byte.
func SignStatement(purpose string, body []byte, key crypto.Signer) ([]byte, error) {
	return key.Sign(rand.Reader, statement(purpose, body), crypto.SHA256)
}

// VerifyStatement reports whether a body is signed so by the key of a certificate.
// Who that is, and whether it may say such a thing, is for the caller to find out.
func VerifyStatement(purpose string, body, signature []byte, by *x509.Certificate) bool {
	key, ok := by.PublicKey.(*ecdsa.PublicKey)
	return ok && ecdsa.VerifyASN1(key, statement(purpose, body), signature)
}

func statement(purpose string, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(purpose))
	h.Write(body)
	return h.Sum(nil)
}
