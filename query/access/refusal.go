package access

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// The error codes of RFC 6750, section 3.1.
const (
	codeRequest = "invalid_request"
	codeToken   = "invalid_token"
	codeScope   = "insufficient_scope"
)

// A Refusal is why a request is not answered. Only it comes out of Identify and Require.
type Refusal struct {
	Status     int           // 400, 401, 403 or 503.
	Code       string        // Of RFC 6750; "" where no token was sent and for 503.
	Detail     string        // For who sent it. Never a part of what was sent.
	RetryAfter time.Duration // Above 0 for 503.

	cause error // For the log.
}

func (r *Refusal) Error() string {
	if r.cause != nil {
		return r.Detail + ": " + r.cause.Error()
	}
	return r.Detail
}

func (r *Refusal) Unwrap() error { return r.cause }

// SetHeader sets what must be beside the status: WWW-Authenticate as in RFC 6750, or
// Retry-After.
func (r *Refusal) SetHeader(h http.Header) {
	switch r.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		challenge := `Bearer realm="mlf"`
		if r.Code != "" {
			challenge += `, error="` + r.Code + `", error_description="` + r.Detail + `"`
		}
		h.Set("WWW-Authenticate", challenge)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(seconds(r.RetryAfter)))
	}
}

// seconds returns whole ones, rounded up, at least 1.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// invalid, forbidden and unreachable take texts that a quoted string of a header may have.
func invalid(detail string, cause error) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: codeToken, Detail: detail, cause: cause}
}

func forbidden(detail string) *Refusal {
	return &Refusal{Status: http.StatusForbidden, Code: codeScope, Detail: detail}
}

func unreachable(after time.Duration, cause error) *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Detail: "the token cannot be checked now: the issuer's keys cannot be read",
		RetryAfter: after, cause: cause,
	}
}
