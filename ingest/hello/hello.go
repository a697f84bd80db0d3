// Package hello looks into what a terminal says first over TLS, for what crypto/tls does
// not show.
//
// It knows the bytes of a ClientHello. It must not judge them, or know a connection.
package hello

import (
	"crypto/tls"
	"encoding/binary"
	"slices"
)

// Numbers of RFC 8446.
const (
	recordHandshake       = 22
	messageClientHello    = 1
	extensionPreSharedKey = 41
	extensionKeyShare     = 51
)

// Read looks into a ClientHello (RFC 8446 §4.1.2) for what crypto/tls does not
// show: the first ticket that it offers, nil when there is none, and whether there
// is a share for one of groups, the classical key exchanges, which can thus be had without another
// round trip. It is a hint: crypto/tls reads and judges all of it. The ticket is
// part of text, which must be one record.
func Read(text []byte, groups []tls.CurveID) (ticket []byte, classical bool) {
	record := tlsBytes(text)
	head := record.take(3) // Type and version.
	message := record.vector(2)
	kind := message.take(1)
	hello := message.vector(3)
	if head == nil || head[0] != recordHandshake || kind == nil || kind[0] != messageClientHello {
		return nil, false
	}
	hello.take(2 + 32) // Version and random.
	hello.vector(1)    // Session.
	hello.vector(2)    // Cipher suites.
	hello.vector(1)    // Compression.
	for extensions := hello.vector(2); len(extensions) > 0; {
		kind, data := extensions.number(), extensions.vector(2)
		switch kind {
		case extensionKeyShare:
			classical = hasOneOf(groups, data.vector(2))
		case extensionPreSharedKey:
			identities := data.vector(2)
			ticket = identities.vector(2)
		}
	}
	return ticket, classical
}

// hasOneOf tells whether one of the shares is of one of groups.
func hasOneOf(groups []tls.CurveID, shares tlsBytes) bool {
	for len(shares) > 0 {
		group := shares.number()
		shares.vector(2)
		if slices.Contains(groups, tls.CurveID(group)) {
			return true
		}
	}
	return false
}

// tlsBytes is what is left to read. When less is left than is asked for, there is
// nothing, and nothing is left.
type tlsBytes []byte

func (b *tlsBytes) take(n int) tlsBytes {
	if len(*b) < n {
		*b = nil
		return nil
	}
	taken := (*b)[:n:n]
	*b = (*b)[n:]
	return taken
}

// number takes a number of two bytes; 0 when there is none.
func (b *tlsBytes) number() uint16 {
	if taken := b.take(2); taken != nil {
		return binary.BigEndian.Uint16(taken)
	}
	return 0
}

// vector takes a length of so many bytes, and what it is the length of.
func (b *tlsBytes) vector(lengthBytes int) tlsBytes {
	n := 0
	for _, c := range b.take(lengthBytes) {
		n = n<<8 | int(c)
	}
	return b.take(n)
}
