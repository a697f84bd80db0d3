package bodies

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/desk"
	"mlf/query/form"
	"mlf/schema"
)

// How many terminals are listed at once: all of a large body.
const (
	terminalsDefault = 1000
	terminalsMax     = 20_000
)

// A Terminal is one as it is listed.
type Terminal struct {
	Terminal schema.TerminalID `json:"terminal"`
	Comune   schema.ComuneID   `json:"comune"`
	Office   schema.OfficeCode `json:"office"`
	Channel  schema.Channel    `json:"channel"`
	Services []string          `json:"services"` // Codes, the default first.
	State    State             `json:"state"`
	Device   string            `json:"device"` // Which redeemed the code of it, and of others with it; "" without one.
	Enrolled time.Time         `json:"enrolled"`
	Closed   *time.Time        `json:"closed"`
	LastSeen *time.Time        `json:"last_seen"` // By a heartbeat; null: never, or it is not known.
	LastVote *time.Time        `json:"last_vote"` // When the newest of its votes that was counted was cast.
	Test     bool              `json:"test"`
}

func (d *Desk) terminal(e *schema.Enrolment, now time.Time) Terminal {
	a := d.activity(e, now)
	return Terminal{
		Terminal: e.Terminal, Comune: e.Comune, Office: e.Office, Channel: e.Channel, Services: codesOf(e), State: a.state, Device: e.Device,
		Enrolled: e.Since.UTC(), Closed: at(e.Closed), LastSeen: at(a.lastSeen), LastVote: at(a.lastVote), Test: e.Test,
	}
}

// codesOf returns the codes of the services of a terminal.
func codesOf(e *schema.Enrolment) []string {
	codes := make([]string, len(e.Services))
	for i, s := range e.Services {
		codes[i] = s.Code
	}
	return codes
}

// at returns a time in UTC; nil for the zero one.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// serveTerminals answers GET /v1/bodies/{ipa}/terminals, by comune, office and id.
func (d *Desk) serveTerminals(w http.ResponseWriter, q *inquiry) error {
	state, err := oneOf(q.values, "state", states()...)
	if err != nil {
		return err
	}
	most, err := limit(q.values, terminalsDefault, terminalsMax)
	if err != nil {
		return err
	}
	written, err := form.Read(q.Request, q.values)
	if err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	if written != form.JSON && written != form.CSV {
		return wrong("format", "%q: want json or csv", string(written))
	}
	var all []Terminal
	for _, e := range d.enrolled(q) {
		if t := d.terminal(e, q.now); state == "" || string(t.State) == state {
			all = append(all, t)
		}
	}
	total := len(all)
	all = all[:min(total, most)]
	if written == form.CSV {
		written.Describe(w.Header(), "mlf-terminals-"+string(q.body.Code))
		_, _ = w.Write(inCSV(all)) // An error means that nobody reads.
		return nil
	}
	return write(w, http.StatusOK, struct {
		Terminals []Terminal `json:"terminals"`
		Total     int        `json:"total"` // Also those beyond the limit.
	}{append([]Terminal{}, all...), total})
}

// enrolled returns the terminals that q is about.
func (d *Desk) enrolled(q *inquiry) []*schema.Enrolment {
	owners := d.Network.Owners(q.today)
	all := slices.DeleteFunc(d.Network.Terminals().All(), func(e *schema.Enrolment) bool {
		return ownerOf(e, owners) != q.body.Code || !inOffices(&q.who, e)
	})
	slices.SortFunc(all, func(a, b *schema.Enrolment) int {
		return cmp.Or(cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Office, b.Office), cmp.Compare(a.Terminal, b.Terminal))
	})
	return all
}

// inCSV writes terminals (RFC 4180). What is not known is empty.
func inCSV(all []Terminal) []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.UseCRLF = true
	text := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	// Writing to memory never fails.
	_ = w.Write([]string{"terminal", "comune", "office", "channel", "services", "state", "device", "enrolled", "closed", "last_seen", "last_vote", "test"})
	for i := range all {
		t := &all[i]
		_ = w.Write([]string{
			t.Terminal.String(), t.Comune.String(), string(t.Office), t.Channel.String(), strings.Join(t.Services, " "), string(t.State), t.Device,
			text(&t.Enrolled), text(t.Closed), text(t.LastSeen), text(t.LastVote), strconv.FormatBool(t.Test),
		})
	}
	w.Flush()
	return buf.Bytes()
}

// closeBytesMax is the most bytes of a body of closeTerminal.
const closeBytesMax = 1 << 10

// closeTerminal answers POST …/terminals/{terminal}/close. It may come without a body.
func (d *Desk) closeTerminal(w http.ResponseWriter, q *inquiry) error {
	e, err := d.named(q)
	if err != nil {
		return err
	}
	var sent struct {
		At *time.Time `json:"at"`
	}
	if q.ContentLength != 0 {
		if err := desk.Read(w, q.Request, closeBytesMax, &sent); err != nil {
			return err //nolint:wrapcheck // It says it all.
		}
	}
	since := q.now
	if sent.At != nil {
		since = *sent.At
	}
	if since.After(q.now) || since.Before(e.Since) && sent.At != nil {
		return desk.BadMember("at", "want a time from %s, when it was enrolled, until now", e.Since.UTC().Format(time.RFC3339))
	}
	if err := d.Registrar.Close(q.Context(), e.Terminal, since, q.by()); err != nil {
		return desk.Unacknowledged(err)
	}
	return d.shown(w, q, e.Terminal)
}

// revokeTerminal answers POST …/terminals/{terminal}/revoke, which has no body.
func (d *Desk) revokeTerminal(w http.ResponseWriter, q *inquiry) error {
	e, err := d.named(q)
	if err != nil {
		return err
	}
	if err := noBody(q.Request); err != nil {
		return err
	}
	if err := d.Registrar.Revoke(q.Context(), e.Terminal, q.by()); err != nil {
		return desk.Unacknowledged(err)
	}
	return d.shown(w, q, e.Terminal)
}

// noBody refuses bodies but {}, which some libraries send for none.
func noBody(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 16))
	if text := strings.TrimSpace(string(body)); err != nil || text != "" && text != "{}" {
		return desk.Malformed("want none")
	}
	return nil
}

// named returns the terminal that the path names, if it is the body's.
func (d *Desk) named(q *inquiry) (*schema.Enrolment, error) {
	if id, err := schema.ParseTerminalID(q.PathValue("terminal")); err == nil {
		e := d.Network.Terminals().ByID(id)
		if e != nil && ownerOf(e, d.Network.Owners(q.today)) == q.body.Code && inOffices(&q.who, e) {
			return e, nil
		}
	}
	return nil, desk.NotFound("the body has no such terminal; GET /v1/bodies/" + string(q.body.Code) + "/terminals lists those that it has")
}

// shown answers a terminal as it is now.
func (d *Desk) shown(w http.ResponseWriter, q *inquiry, id schema.TerminalID) error {
	return write(w, http.StatusOK, d.terminal(d.Network.Terminals().ByID(id), d.Now()))
}
