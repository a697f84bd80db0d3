package query

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"mlf/query/access"
	"mlf/query/departure"
	"mlf/query/desk"
	"mlf/query/flight"
	"mlf/query/live"
	"mlf/query/question"
	"mlf/schema"
)

// A problem is an error with its answer. Parameter is an extension member: the
// query parameter that is wrong.
type problem struct {
	schema.Problem
	Parameter string `json:"parameter,omitempty"`

	members map[string]any // Further extension members, of a refusal of the desk's.
	retry   int            // Seconds for Retry-After; 0 for none.
	cause   error          // For the log; nil where the answer says it all.
}

func (p *problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return p.Title + ": " + p.Detail
}

func (p *problem) Unwrap() error { return p.cause }

func newProblem(status int, code, title, detail string) *problem {
	return &problem{Problem: schema.Problem{Type: schema.ProblemURN(code), Title: title, Status: status, Detail: detail}}
}

// The problems that are the same in every request. They are never changed.
var (
	errNotFound = newProblem(http.StatusNotFound, "not-found",
		"There is nothing here", "GET /openapi.yaml lists what there is")
	errMethod = newProblem(http.StatusMethodNotAllowed, "method-not-allowed",
		"Only reading is possible here", "use GET")
	errNotPosted = newProblem(http.StatusMethodNotAllowed, "method-not-allowed",
		"Questions are posted here", "use POST; one question alone is a GET of its own path")
	errNotSo = newProblem(http.StatusMethodNotAllowed, "method-not-allowed",
		"This cannot be done here", "use a method that Allow lists")
	errToken = newProblem(http.StatusUnauthorized, "unknown-token",
		"No token, or an unknown one", "send Authorization: Bearer and the token given at enrolment")
	errTerminalsUnread = withRetry(newProblem(http.StatusServiceUnavailable, "terminals-unread",
		"The terminals are still being read", "this process has just started; try again"), 1)
	errRevoked = newProblem(http.StatusForbidden, "revoked-terminal",
		"The terminal is revoked", "ask the operator")
	errStream = newProblem(http.StatusForbidden, "foreign-stream",
		"Not a stream of this terminal", "send a stream that POST /v1/streams gave to this terminal")
	errInternal = newProblem(http.StatusInternalServerError, "internal",
		"The request could not be answered", "the operator finds the reason under the request's id")
	errTooFast = newProblem(http.StatusTooManyRequests, "too-many-requests",
		"This client has asked too much", "Retry-After says when to ask again, X-RateLimit-Limit how much may be asked at once")
	errBehind = withRetry(newProblem(http.StatusServiceUnavailable, "behind",
		"The counts have not come as far", "this process has not yet counted what at_least or cursor demands; try again"), 1)
	errLoading = withRetry(newProblem(http.StatusServiceUnavailable, "loading",
		"It is still being loaded", "this process is reading counts or annotations into memory; try again"), 10)
	errOverloaded = withRetry(newProblem(http.StatusServiceUnavailable, "overloaded",
		"Too many requests at the same time", "try again later"), 2)
)

func withRetry(p *problem, seconds int) *problem {
	p.retry = seconds
	return p
}

// badParameter is the problem of the query parameter name.
func badParameter(name, format string, args ...any) *problem {
	p := newProblem(http.StatusBadRequest, "bad-parameter",
		"A query parameter is missing, unknown or wrong", name+": "+fmt.Sprintf(format, args...))
	p.Parameter = name
	return p
}

// tooMuch is the problem of a question whose answer would be too large.
func tooMuch(name, format string, args ...any) *problem {
	p := newProblem(http.StatusBadRequest, "too-much-asked", "The answer would be too large", fmt.Sprintf(format, args...))
	p.Parameter = name
	return p
}

// storeProblem is the problem of a read of the store that ended with err. Only
// the store itself can say that a question is too dear; if it says nothing, those
// who wait for their turn are told at once.
func (s *Server) storeProblem(ctx context.Context, err error) *problem {
	if errors.Is(err, schema.ErrTooDear) {
		p := newProblem(http.StatusServiceUnavailable, "too-dear", "The answer would take too long",
			"ask for a shorter time, a coarser group or fewer places; or try again when there is less to do")
		p.retry, p.cause = 10, err
		return p
	}
	p := newProblem(http.StatusServiceUnavailable, "store-unreachable", "The counts cannot be read now",
		"the store of the counts does not answer; nothing is lost; try again")
	p.retry, p.cause = 2, err
	if !errors.Is(ctx.Err(), context.Canceled) { // Nobody waits any longer: it need not be the store.
		s.alarm.Ring(p)
	}
	return p
}

// problemOf returns the answer to err.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var kept *access.Refusal
	if errors.As(err, &kept) {
		return refusal(kept)
	}
	var wanting *desk.Refusal
	if errors.As(err, &wanting) {
		return refused(wanting)
	}
	if errors.Is(err, flight.ErrFull) || errors.Is(err, departure.ErrFull) || errors.Is(err, live.ErrFull) {
		return errOverloaded
	}
	if errors.Is(err, question.ErrOlder) {
		return errBehind
	}
	var wrong *question.Error
	if errors.As(err, &wrong) {
		if wrong.Missing {
			return newProblem(http.StatusNotFound, "not-found", errNotFound.Title, wrong.Detail)
		}
		if wrong.TooMuch {
			return tooMuch(wrong.Parameter, "%s", wrong.Detail)
		}
		p := badParameter(wrong.Parameter, "%s", wrong.Detail)
		p.Detail = wrong.Error()
		return p
	}
	return errInternal
}

// parameters reads the query string of r, which has known parameters alone.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	return question.Parameters(r.URL.RawQuery, known...) //nolint:wrapcheck // It says it all.
}

func noParameters(r *http.Request) error {
	_, err := parameters(r)
	return err
}

func writeProblem(w http.ResponseWriter, p problem, id string) {
	p.Instance = id
	h := w.Header()
	h.Set("Content-Type", schema.ProblemType)
	h.Set("Cache-Control", "no-store")
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retry))
	}
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
	body, err := json.Marshal(p)
	if err == nil {
		body, err = withMembers(body, p.members)
	}
	if err != nil {
		panic("BUG: a problem is not JSON: " + err.Error())
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // An error means that nobody reads.
}

// writeJSON answers v, which must be of this package's making: an error is a bug.
func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // An error means that nobody reads.
	return nil
}

// requestIDs gives ids to requests: a random prefix per process and a number, so
// that they are short, unique and in order.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs {
	var b [4]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return &requestIDs{prefix: hex.EncodeToString(b[:]) + "-"}
}

func (ids *requestIDs) next() string {
	return ids.prefix + strconv.FormatUint(ids.last.Add(1), 10)
}
