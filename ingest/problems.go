package ingest

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"mlf/schema"
)

// A problem is a kind of error answer. Its code is part of the protocol.
type problem uint8

const (
	malformedRequest problem = iota // HTTP itself.
	malformedBody
	unknownToken
	revokedTerminal
	testTerminal
	foreignStream
	notFound
	methodNotAllowed
	requestTimeout
	lengthRequired
	tooLarge
	tooManyVotes
	tooManyRows
	unsupportedMediaType
	expectationFailed
	tooFast
	headersTooLarge
	internalError
	overloaded
	noAcknowledgement
	noSigningKey
	terminalsUnread
	reportsUnread
	rowsUnacknowledged
	unknownDevice
	otherOrigin
	otherWay
	badValue
	uncountable
	sourcesUnready
	closedTerminal
	unknownCode
	usedCode
	expiredCode
	withdrawnCode
	tooManyCodes
	claimUndecided
	heartbeatsUnread
	copiedTerminal
)

// about returns the problem's code, its status and its title for people.
func (p problem) about() (code string, status int, title string) {
	switch p {
	case malformedRequest:
		return "malformed-request", fasthttp.StatusBadRequest, "The request is not well-formed HTTP/1.1"
	case malformedBody:
		return "malformed-body", fasthttp.StatusBadRequest, "The body is not of the expected shape; nothing was written"
	case unknownToken:
		return "unknown-token", fasthttp.StatusUnauthorized, "No known terminal token was given"
	case revokedTerminal:
		return "revoked-terminal", fasthttp.StatusForbidden, "The terminal was revoked"
	case testTerminal:
		return "test-terminal", fasthttp.StatusForbidden, "The terminal was enrolled for tests; its numbers would count"
	case foreignStream:
		return "foreign-stream", fasthttp.StatusForbidden, "The stream is not one of this terminal"
	case notFound:
		return "not-found", fasthttp.StatusNotFound, "There is nothing at this address"
	case methodNotAllowed:
		return "method-not-allowed", fasthttp.StatusMethodNotAllowed, "The address does not know this method"
	case requestTimeout:
		return "request-timeout", fasthttp.StatusRequestTimeout, "The request did not arrive in time"
	case lengthRequired:
		return "length-required", fasthttp.StatusLengthRequired, "The length of the body is required"
	case tooLarge:
		return "too-large", fasthttp.StatusRequestEntityTooLarge, "The body is too large; send the votes in halves"
	case tooManyVotes:
		return "too-many-votes", fasthttp.StatusRequestEntityTooLarge, "There are too many votes; send them in halves"
	case tooManyRows:
		return "too-many-rows", fasthttp.StatusRequestEntityTooLarge, "There are too many rows; send them in halves"
	case unsupportedMediaType:
		return "unsupported-media-type", fasthttp.StatusUnsupportedMediaType, "The body's type or encoding is not supported"
	case expectationFailed:
		return "expectation-failed", fasthttp.StatusExpectationFailed, "The request expects what is not known here"
	case tooFast:
		return "too-fast", fasthttp.StatusTooManyRequests, "The terminal asks too often"
	case headersTooLarge:
		return "headers-too-large", fasthttp.StatusRequestHeaderFieldsTooLarge, "The request's header is too large"
	case internalError:
		return "internal", fasthttp.StatusInternalServerError, "The service has a defect; send again later"
	case overloaded:
		return "overloaded", fasthttp.StatusServiceUnavailable, "The service is too full; send again later"
	case noAcknowledgement:
		return "no-acknowledgement", fasthttp.StatusServiceUnavailable, "The votes were not acknowledged; send again later"
	case terminalsUnread:
		return "terminals-unread", fasthttp.StatusServiceUnavailable, "The terminals are still being read; send again later"
	case reportsUnread:
		return "reports-unread", fasthttp.StatusServiceUnavailable, "What was reported before is still being read; send again later"
	case rowsUnacknowledged:
		return "rows-unacknowledged", fasthttp.StatusServiceUnavailable, "The rows were not acknowledged; send again later"
	case unknownDevice:
		return "unknown-device", fasthttp.StatusNotFound, "No device of that address is enrolled"
	case otherOrigin:
		return "other-origin", fasthttp.StatusForbidden, "The page is none of the site's"
	case otherWay:
		return "other-way", fasthttp.StatusForbidden, "The source is enrolled to speak another way"
	case badValue:
		return "bad-value", fasthttp.StatusBadRequest, "The rating has no value from 1 to 5"
	case uncountable:
		return "uncountable", fasthttp.StatusUnprocessableEntity, "What the device tells cannot be counted without losing votes"
	case sourcesUnready:
		return "sources-unready", fasthttp.StatusServiceUnavailable, "Sources without state cannot be taken yet; send again later"
	case closedTerminal:
		return "closed-terminal", fasthttp.StatusForbidden, "The terminal was closed; it may send what it holds"
	case heartbeatsUnread:
		return "heartbeats-unread", fasthttp.StatusServiceUnavailable, "The heartbeats before are still being read; send again later"
	case copiedTerminal:
		return "copied", fasthttp.StatusConflict, "The terminal is in two devices"
	case noSigningKey:
		return "no-signing-key", fasthttp.StatusServiceUnavailable, "No stream can be issued yet; ask again later"
	default:
		return p.aboutClaim()
	}
}

// aboutClaim is about of the problems of claims.
func (p problem) aboutClaim() (code string, status int, title string) {
	switch p {
	case unknownCode:
		return "unknown-code", fasthttp.StatusNotFound, "There is no such code"
	case usedCode:
		return "used-code", fasthttp.StatusGone, "Another device has used the code"
	case expiredCode:
		return "expired-code", fasthttp.StatusGone, "The code has expired"
	case withdrawnCode:
		return "withdrawn-code", fasthttp.StatusGone, "The code was withdrawn"
	case tooManyCodes:
		return "too-many-codes", fasthttp.StatusTooManyRequests, "Too many wrong codes came from this network"
	case claimUndecided:
		return "claim-undecided", fasthttp.StatusServiceUnavailable, "It is not known yet who has the code; send the same again"
	default:
		panic(fmt.Sprintf("BUG: unknown problem %d", p))
	}
}

// A refusal is an answer other than success.
type refusal struct {
	problem    problem
	detail     string
	allow      string // The Allow header of a 405.
	retryAfter int    // Seconds; 0 where the terminal has nothing to wait for.
	last       bool   // The connection ends: nobody knows where the next request begins.
}

func refuse(p problem, format string, args ...any) *refusal {
	return &refusal{problem: p, detail: fmt.Sprintf(format, args...)}
}

// refuseLast refuses and ends the connection.
func refuseLast(p problem, detail string) *refusal {
	return &refusal{problem: p, detail: detail, last: true}
}

// write answers h with r.
func (r *refusal) write(h *fasthttp.RequestCtx, id requestID) {
	instance := id.String()
	code, status, title := r.problem.about()
	body, err := json.Marshal(schema.Problem{
		Type: schema.ProblemURN(code), Title: title, Status: status, Detail: r.detail, Instance: instance,
	})
	if err != nil {
		panic(fmt.Sprintf("BUG: write problem %s: %v", code, err))
	}
	h.Response.Reset()
	h.SetStatusCode(status)
	h.Response.Header.SetContentType(schema.ProblemType)
	h.Response.Header.Set(requestIDHeader, instance)
	share(&h.Response.Header)
	if status == fasthttp.StatusUnauthorized {
		h.Response.Header.Set(fasthttp.HeaderWWWAuthenticate, "Bearer") // RFC 9110 §15.5.2.
	}
	if r.allow != "" {
		h.Response.Header.Set(fasthttp.HeaderAllow, r.allow)
	}
	if r.retryAfter > 0 {
		h.Response.Header.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(r.retryAfter))
	}
	h.SetBody(body)
}

// What a terminal waits before it sends again, in seconds: the same for all at
// least, and at random up to a spread over which a country comes back after an
// outage (research: 5,000 terminals at 200 requests a second to spare need 25 s;
// the terminals' own back-off does the rest).
const (
	retryBase   = 1
	retrySpread = 10
)

// later refuses for now.
func (s *Server) later(p problem, detail string) *refusal {
	return &refusal{problem: p, detail: detail, retryAfter: retryBase + s.cfg.Jitter(retrySpread+1)}
}
