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

// A kind is what all answers of one problem have: its code, its status and its title for
// people.
type kind struct {
	code   string
	status int
	title  string
}

// kinds are the problems' kinds, by problem.
func kinds() []kind {
	return []kind{
		malformedRequest:     {"malformed-request", fasthttp.StatusBadRequest, "The request is not well-formed HTTP/1.1"},
		malformedBody:        {"malformed-body", fasthttp.StatusBadRequest, "The body is not of the expected shape; nothing was written"},
		unknownToken:         {"unknown-token", fasthttp.StatusUnauthorized, "No known terminal token was given"},
		revokedTerminal:      {"revoked-terminal", fasthttp.StatusForbidden, "The terminal was revoked"},
		testTerminal:         {"test-terminal", fasthttp.StatusForbidden, "The terminal was enrolled for tests; its numbers would count"},
		foreignStream:        {"foreign-stream", fasthttp.StatusForbidden, "The stream is not one of this terminal"},
		notFound:             {"not-found", fasthttp.StatusNotFound, "There is nothing at this address"},
		methodNotAllowed:     {"method-not-allowed", fasthttp.StatusMethodNotAllowed, "The address does not know this method"},
		requestTimeout:       {"request-timeout", fasthttp.StatusRequestTimeout, "The request did not arrive in time"},
		lengthRequired:       {"length-required", fasthttp.StatusLengthRequired, "The length of the body is required"},
		tooLarge:             {"too-large", fasthttp.StatusRequestEntityTooLarge, "The body is too large; send the votes in halves"},
		tooManyVotes:         {"too-many-votes", fasthttp.StatusRequestEntityTooLarge, "There are too many votes; send them in halves"},
		tooManyRows:          {"too-many-rows", fasthttp.StatusRequestEntityTooLarge, "There are too many rows; send them in halves"},
		unsupportedMediaType: {"unsupported-media-type", fasthttp.StatusUnsupportedMediaType, "The body's type or encoding is not supported"},
		expectationFailed:    {"expectation-failed", fasthttp.StatusExpectationFailed, "The request expects what is not known here"},
		tooFast:              {"too-fast", fasthttp.StatusTooManyRequests, "The terminal asks too often"},
		headersTooLarge:      {"headers-too-large", fasthttp.StatusRequestHeaderFieldsTooLarge, "The request's header is too large"},
		internalError:        {"internal", fasthttp.StatusInternalServerError, "The service has a defect; send again later"},
		overloaded:           {"overloaded", fasthttp.StatusServiceUnavailable, "The service is too full; send again later"},
		noAcknowledgement:    {"no-acknowledgement", fasthttp.StatusServiceUnavailable, "The votes were not acknowledged; send again later"},
		terminalsUnread:      {"terminals-unread", fasthttp.StatusServiceUnavailable, "The terminals are still being read; send again later"},
		reportsUnread:        {"reports-unread", fasthttp.StatusServiceUnavailable, "What was reported before is still being read; send again later"},
		rowsUnacknowledged:   {"rows-unacknowledged", fasthttp.StatusServiceUnavailable, "The rows were not acknowledged; send again later"},
		unknownDevice:        {"unknown-device", fasthttp.StatusNotFound, "No device of that address is enrolled"},
		otherOrigin:          {"other-origin", fasthttp.StatusForbidden, "The page is none of the site's"},
		otherWay:             {"other-way", fasthttp.StatusForbidden, "The source is enrolled to speak another way"},
		badValue:             {"bad-value", fasthttp.StatusBadRequest, "The rating has no value from 1 to 5"},
		uncountable:          {"uncountable", fasthttp.StatusUnprocessableEntity, "What the device tells cannot be counted without losing votes"},
		sourcesUnready:       {"sources-unready", fasthttp.StatusServiceUnavailable, "Sources without state cannot be taken yet; send again later"},
		closedTerminal:       {"closed-terminal", fasthttp.StatusForbidden, "The terminal was closed; it may send what it holds"},
		heartbeatsUnread:     {"heartbeats-unread", fasthttp.StatusServiceUnavailable, "The heartbeats before are still being read; send again later"},
		copiedTerminal:       {"copied", fasthttp.StatusConflict, "The terminal is in two devices"},
		noSigningKey:         {"no-signing-key", fasthttp.StatusServiceUnavailable, "No stream can be issued yet; ask again later"},
		unknownCode:          {"unknown-code", fasthttp.StatusNotFound, "There is no such code"},
		usedCode:             {"used-code", fasthttp.StatusGone, "Another device has used the code"},
		expiredCode:          {"expired-code", fasthttp.StatusGone, "The code has expired"},
		withdrawnCode:        {"withdrawn-code", fasthttp.StatusGone, "The code was withdrawn"},
		tooManyCodes:         {"too-many-codes", fasthttp.StatusTooManyRequests, "Too many wrong codes came from this network"},
		claimUndecided:       {"claim-undecided", fasthttp.StatusServiceUnavailable, "It is not known yet who has the code; send the same again"},
	}
}

// about returns what all answers of p have.
func (p problem) about() (code string, status int, title string) {
	k := kinds()[p]
	return k.code, k.status, k.title
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
