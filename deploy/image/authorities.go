package image

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Authorities returns the authorities of public certificates that Mozilla trusts,
// as PEM: those of the module in go.mod, so that no machine puts its own into an
// image.
func Authorities() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		// To a buffer without headers nothing can fail.
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
	}
	return b.Bytes()
}
