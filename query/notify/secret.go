package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"
)

// The bytes of a webhook's secret, by the specification of Standard Webhooks 1.0.0.
const (
	secretMin = 24
	secretMax = 64
)

// secretPrefix marks the text of a secret.
const secretPrefix = "whsec_"

// SecretText returns a webhook's secret as its owner gets it, in the form that libraries
// for Standard Webhooks take: whsec_ and base64.
func SecretText(secret []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// signature returns the field webhook-signature: one signature per secret, with a blank
// between.
func signature(id string, at time.Time, payload []byte, secrets ...[]byte) string {
	var text []byte
	for i, secret := range secrets {
		if i > 0 {
			text = append(text, ' ')
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(payload)
		text = base64.StdEncoding.AppendEncode(append(text, "v1,"...), mac.Sum(nil))
	}
	return string(text)
}
