package routes

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"mlf/query/access"
	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/alert"
)

// A noted is a note as answers have it.
type noted struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// An acknowledged says who has taken an alert on.
type acknowledged struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// A delivery is what became of one message to one target.
type delivery struct {
	Event     string    `json:"event"`
	Target    string    `json:"target"`
	At        time.Time `json:"at"`
	Delivered bool      `json:"delivered"`
	Detail    string    `json:"detail"`
}

// A document is an alert as answers have it.
type document struct {
	ID           string              `json:"id"`
	Kind         alert.Kind          `json:"kind"`
	Scope        alert.Scope         `json:"scope"`
	State        alert.State         `json:"state"`
	Opened       time.Time           `json:"opened"`
	Closed       *time.Time          `json:"closed"`
	Updated      time.Time           `json:"updated"`
	Reopened     int                 `json:"reopened"`
	Threshold    float64             `json:"threshold"`
	Figures      *alert.Figures      `json:"figures"`
	Terminals    []schema.TerminalID `json:"terminals"`
	Count        int                 `json:"terminals_count"`
	Acknowledged *acknowledged       `json:"acknowledged"`
	Notes        []noted             `json:"notes"`
	Deliveries   []delivery          `json:"deliveries"`
}

// documentOf returns an alert as answers have it.
func (s *server) documentOf(a *alert.Alert) document {
	d := document{
		ID: a.ID, Kind: a.Kind, Scope: a.Scope, State: a.State, Opened: a.Opened, Updated: a.Updated, Reopened: a.Reopened,
		Threshold: a.Threshold, Figures: a.Figures, Terminals: a.Terminals, Count: a.Count, Notes: []noted{}, Deliveries: []delivery{},
	}
	if a.State == alert.Closed {
		d.Closed = &a.Closed
	}
	if d.Terminals == nil {
		d.Terminals = []schema.TerminalID{}
	}
	for _, n := range s.Book.Notes(a.ID) {
		if n.Text != "" {
			d.Notes = append(d.Notes, noted{n.By, n.At, n.Text})
		}
	}
	if n := s.Book.Acknowledged(a); n != nil {
		d.Acknowledged = &acknowledged{n.By, n.At, n.Text}
	}
	for _, t := range a.Told {
		for _, target := range sortedTargets(t.Results) {
			o := t.Results[target]
			d.Deliveries = append(d.Deliveries, delivery{t.Event, target, o.At, o.Delivered, o.Detail})
		}
	}
	return d
}

// list answers GET …/alerts.
func (s *server) list(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	body, err := s.body(r, who)
	if err != nil {
		return err
	}
	state, limit, err := listed(r)
	if err != nil {
		return err
	}
	answered := struct {
		Alerts []document `json:"alerts"`
	}{[]document{}}
	for _, a := range s.Book.Alerts(body) {
		if len(answered.Alerts) < limit && (state == "all" || state == string(a.State)) {
			answered.Alerts = append(answered.Alerts, s.documentOf(a))
		}
	}
	return answer(w, http.StatusOK, answered)
}

// listed reads what of a list is asked for.
func listed(r *http.Request) (state string, limit int, err error) {
	values := r.URL.Query()
	for name, all := range values {
		if name != "state" && name != "limit" || len(all) != 1 {
			return "", 0, badParameter(name, "want state and limit, each once at most")
		}
	}
	state, limit = "all", alertsUsual
	if text := values.Get("state"); text != "" {
		if state = text; state != "open" && state != "closed" && state != "all" {
			return "", 0, badParameter("state", fmt.Sprintf("%.20q: want open, closed or all", text))
		}
	}
	if text := values.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > alertsMax {
			return "", 0, badParameter("limit", fmt.Sprintf("%.20q: want 1 to %d", text, alertsMax))
		}
	}
	return state, limit, nil
}

// badParameter is the refusal of a parameter.
func badParameter(name, detail string) error {
	r := &desk.Refusal{Status: http.StatusBadRequest, Type: "bad-parameter", Title: "A parameter is wrong", Detail: fmt.Sprintf("%.40s: %s", name, detail)}
	return r.With("parameter", name)
}

// acknowledge answers POST …/acknowledgement.
func (s *server) acknowledge(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var said struct {
		Note string `json:"note"`
	}
	return s.say(w, r, who, &said, func() alert.Note { return alert.Note{Text: said.Note, Acknowledges: true} })
}

// note answers POST …/notes.
func (s *server) note(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var said struct {
		Text string `json:"text"`
	}
	return s.say(w, r, who, &said, func() alert.Note { return alert.Note{Text: said.Text} })
}

// say writes down what somebody says of an alert, and answers it.
func (s *server) say(w http.ResponseWriter, r *http.Request, who access.Identity, said any, note func() alert.Note) error {
	body, err := s.body(r, who)
	if err != nil {
		return err
	}
	a := s.Book.Alert(r.PathValue("id"))
	if a == nil || a.Body != body {
		return desk.NotFound("this body has no such alert")
	}
	if err := desk.Read(w, r, noteBytesMax, said); err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	if len(s.Book.Notes(a.ID)) >= alert.NotesMax {
		return &desk.Refusal{Status: http.StatusConflict, Type: "too-many-notes", Title: "The alert has too many notes", Detail: fmt.Sprintf("an alert has at most %d notes", alert.NotesMax)}
	}
	n := note()
	n.Alert, n.ID, n.By, n.At = a.ID, newID(), by(who), s.Now().UTC().Truncate(time.Millisecond)
	record, err := n.Record()
	if err := s.take(r.Context(), record, err); err != nil {
		return err
	}
	return answer(w, http.StatusOK, s.documentOf(a))
}
