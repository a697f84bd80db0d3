package access

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those that signatures may have: all asymmetric. Never none, and none with a
// shared secret, by which a public key could be used as one.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}
}

// Limits of a key set.
const (
	keySetBytesMax = 1 << 20
	keysMax        = 100
	rsaBitsMin     = 2048
)

// A keySet is the issuer's keys at one moment. It is never changed.
type keySet []jose.JSONWebKey

// parseKeySet reads the keys of a set that tokens can be signed by; others are passed over,
// as RFC 7517 asks (section 5). None at all is an error: an issuer without keys is broken.
func parseKeySet(text []byte) (keySet, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	if len(raw.Keys) > keysMax {
		return nil, fmt.Errorf("read key set: %d keys: want at most %d", len(raw.Keys), keysMax)
	}
	var set keySet
	for _, text := range raw.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(text) != nil || !key.Valid() || key.Use != "" && key.Use != "sig" {
			continue
		}
		if key = key.Public(); signs(key) {
			set = append(set, key)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("read key set: no key that tokens can be signed by")
	}
	return set, nil
}

// signs tells whether key can be of any token's signature.
func signs(key jose.JSONWebKey) bool {
	for _, alg := range algorithms() {
		if fits(key, alg) {
			return true
		}
	}
	return false
}

// fits tells whether key is of a kind that alg is for.
func fits(key jose.JSONWebKey, alg jose.SignatureAlgorithm) bool {
	if key.Algorithm != "" && key.Algorithm != string(alg) {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return (alg == jose.RS256 || alg == jose.PS256) && public.N.BitLen() >= rsaBitsMin
	case *ecdsa.PublicKey:
		return alg == jose.ES256 && public.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == jose.EdDSA
	}
	return false
}

// find returns the keys named id that alg is for; all that alg is for where id is "" and
// there is but one key.
func (s keySet) find(id string, alg jose.SignatureAlgorithm) (found keySet) {
	for _, key := range s {
		if (key.KeyID == id || id == "" && len(s) == 1) && fits(key, alg) {
			found = append(found, key)
		}
	}
	return found
}
