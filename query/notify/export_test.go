package notify

import "time"

// Signature is the field webhook-signature.
func Signature(id string, at time.Time, payload []byte, secrets ...[]byte) string {
	return signature(id, at, payload, secrets...)
}
