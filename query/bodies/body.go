package bodies

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"mlf/query/access"
	"mlf/query/desk"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// How many bodies are listed at once.
const (
	bodiesDefault = 50
	bodiesMax     = 1000
)

// A Body is one as it is told of.
type Body struct {
	Code      schema.BodyCode  `json:"ipa"`
	Name      string           `json:"name"`
	Type      network.BodyType `json:"type"`
	Joined    registry.Date    `json:"joined"`
	Left      *registry.Date   `json:"left"`   // The day after its last; null: it takes part.
	Comuni    int              `json:"comuni"` // That belong to it today.
	Terminals Counts           `json:"terminals"`
	Members   []Member         `json:"members,omitzero"` // Of one body alone: all that it has and has had.
}

// A Member is a comune that belongs to a body from a day to the day before another.
type Member struct {
	Comune schema.ComuneID `json:"comune"`
	Name   string          `json:"name"`
	From   *registry.Date  `json:"from"` // Null: always.
	To     *registry.Date  `json:"to"`   // Null: for ever.
}

// serveBodies answers GET /v1/bodies: those that who may see, by code.
func (d *Desk) serveBodies(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	values, err := question.Parameters(r.URL.RawQuery, "q", "limit")
	if err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	text, err := question.Single(values, "q")
	if err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	if utf8.RuneCountInString(text) > network.NameMax {
		return wrong("q", "want a part of a name or of an IPA code, at most %d letters", network.NameMax)
	}
	most, err := limit(values, bodiesDefault, bodiesMax)
	if err != nil {
		return err
	}
	if !d.Network.Complete() {
		return desk.Loading()
	}
	found := slices.DeleteFunc(d.Network.Bodies(), func(b *network.Body) bool {
		return !mayRead(&who, b.Code) || !contains(b.Name, text) && !contains(string(b.Code), text)
	})
	total := len(found)
	found = found[:min(total, most)]
	today := registry.DateOf(d.Now().In(d.zone))
	counts := d.countsOf(found, &who)
	answer := make([]Body, len(found))
	for i, b := range found {
		answer[i] = describe(b, today, counts[b.Code])
	}
	return write(w, http.StatusOK, struct {
		Bodies []Body `json:"bodies"`
		Total  int    `json:"total"` // Also those beyond the limit.
	}{answer, total})
}

// contains tells whether text has part, in capitals or small letters.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// serveBody answers GET /v1/bodies/{ipa}.
func (d *Desk) serveBody(w http.ResponseWriter, q *inquiry) error {
	counts := d.countsOf([]*network.Body{q.body}, &q.who)
	answer := describe(q.body, q.today, counts[q.body.Code])
	answer.Members = []Member{}
	for _, m := range q.body.Members {
		comune, _ := d.Registry.ComuneAt(m.Comune, q.today)
		answer.Members = append(answer.Members, Member{Comune: m.Comune, Name: comune.Name, From: known(m.From), To: known(m.To)})
	}
	return write(w, http.StatusOK, answer)
}

func describe(b *network.Body, today registry.Date, counts *Counts) Body {
	return Body{
		Code: b.Code, Name: b.Name, Type: b.Type, Joined: b.Joined, Left: known(b.Left),
		Comuni: len(b.MembersAt(today)), Terminals: *counts,
	}
}

// known returns a day; nil for the zero one.
func known(d registry.Date) *registry.Date {
	if d == 0 {
		return nil
	}
	return &d
}
