package routes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"mlf/query/access"
	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/alert"
)

// A Log is where records are kept.
type Log interface {
	// PutAlert appends a record, acknowledged by all. After an error the outcome is unknown. It
	// blocks for seconds at most.
	PutAlert(ctx context.Context, key string, value []byte) error
}

// Parts are what the routes work with. Book and Log are required.
type Parts struct {
	Book *alert.Book // Follows the topic; shared.
	Log  Log

	// Joined tells whether there is a body of that code, or terminals of it. Nil: of any.
	Joined func(schema.BodyCode) bool

	// Secret returns what signs the messages to a webhook, as its owner gets it; nil: there are
	// no webhooks.
	Secret func(body schema.BodyCode, webhook string) string

	// Check refuses addresses that nothing is ever sent to; nil: none but those that nobody can
	// have.
	Check func(kind, address string) error

	Now func() time.Time // Default time.Now.
}

// A server answers the routes.
type server struct{ Parts }

// Routes returns the routes.
func Routes(p Parts) []desk.Route {
	if p.Now == nil {
		p.Now = time.Now
	}
	s := &server{p}
	const of = "/v1/bodies/{ipa}/"
	return []desk.Route{
		{Name: "alerts", Method: http.MethodGet, Path: of + "alerts", Least: access.Body, Handle: s.list},
		{Name: "alert_acknowledgement", Method: http.MethodPost, Path: of + "alerts/{id}/acknowledgement", Least: access.Body, Handle: s.acknowledge},
		{Name: "alert_notes", Method: http.MethodPost, Path: of + "alerts/{id}/notes", Least: access.Body, Handle: s.note},
		{Name: "alert_settings", Method: http.MethodGet, Path: of + "alert-settings", Least: access.Body, Handle: s.settings},
		{Name: "alert_settings", Method: http.MethodPut, Path: of + "alert-settings", Least: access.Body, Handle: s.change},
		{Name: "alert_test", Method: http.MethodPost, Path: of + "alert-settings/test", Least: access.Body, Handle: s.test},
	}
}

// The limits of requests.
const (
	settingsBytesMax = 256 << 10
	noteBytesMax     = 16 << 10
	alertsMax        = 1000 // Of an answer.
	alertsUsual      = 100
	testEvery        = time.Minute // Between two tests of a body.
	readBackMax      = 5 * time.Second
	retryAfter       = 5 * time.Second
)

// body returns whom a request is about. Another's body is none, as if it were not there: whose
// it is, is nobody's to know. Only the body and operators may change anything.
func (s *server) body(r *http.Request, who access.Identity) (schema.BodyCode, error) {
	code, err := schema.ParseBody(r.PathValue("ipa"))
	if err != nil {
		return "", desk.NotFound("want the IPA code of a body")
	}
	if who.Role == access.Body && !slices.Contains(who.Own.Bodies, code) || s.Joined != nil && !s.Joined(code) {
		return "", desk.NotFound("there is no such body, or it is not yours")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && who.Role == access.Analyst {
		return "", &desk.Refusal{Status: http.StatusForbidden, Type: "forbidden", Title: "The token does not allow this", Detail: "analysts read; the body itself or an operator may change this"}
	}
	if !s.Book.Complete() {
		return "", away(nil, "alerts are still being read; ask again")
	}
	return code, nil
}

// away is the refusal of what cannot be done now.
func away(cause error, detail string) *desk.Refusal {
	return &desk.Refusal{Status: http.StatusServiceUnavailable, Type: "unavailable", Title: "The service cannot do this now", Detail: detail, Retry: retryAfter, Cause: cause}
}

// put appends a record.
func (s *server) put(ctx context.Context, r alert.Record, err error) error {
	if err != nil {
		return desk.Malformed("%v", err)
	}
	if err := s.Log.PutAlert(ctx, r.Key, r.Value); err != nil {
		return away(err, "it is not known whether this was written; look, and send it again if it was not")
	}
	return nil
}

// take appends a record and takes it, so that whoever wrote it sees it at once.
func (s *server) take(ctx context.Context, r alert.Record, err error) error {
	if err := s.put(ctx, r, err); err != nil {
		return err
	}
	return s.Book.Apply(r.Key, r.Value) //nolint:wrapcheck // It was made to be read.
}

// answer writes a document.
func answer(w http.ResponseWriter, status int, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // An error means that nobody reads.
	return nil
}

// newID returns 32 digits of hexadecimal, at random.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return hex.EncodeToString(b[:])
}

// by returns who did something, as records keep it.
func by(who access.Identity) string {
	subject := []rune(who.Subject)
	for len(string(subject)) > alert.ByMax {
		subject = subject[:len(subject)-1]
	}
	return string(slices.DeleteFunc(subject, func(r rune) bool { return r < ' ' || r == 0x7f }))
}

// errTimeout: a record was appended and not read back in time.
var errTimeout = errors.New("not read back in time")

// await waits until done says so, at each record that is applied.
func (s *server) await(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readBackMax, errTimeout)
	defer cancel()
	for {
		changed := s.Book.Changed()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
