package form

import (
	"mlf/ingest/rating"
	"mlf/schema"
	"mlf/schema/pagetable"
)

// A Page is what the table of a site's pages says of the page of a rating.
type Page struct {
	Service  schema.ServiceID
	Question rating.Question // QuestionUnknown where the table does not say.
	Missed   bool            // The table has no line for it.
}

// PageOf looks up the page of r, whose site has the table m, nil for none, and the terminal
// e. A rating that names a service which e offers is of that; one of no page at all, as
// from the code of a poster, is as if there were no table.
func PageOf(m *pagetable.Matcher, e *schema.Enrolment, r *rating.Rating) Page {
	p := Page{Service: e.DefaultService()}
	id, named := e.Service([]byte(r.Service))
	if r.Service != "" {
		p.Service = id // Unspecified, where it is not offered.
	}
	if m == nil || r.Page == "" && r.Title == "" {
		return p
	}
	line, ok := m.Find(r.Page)
	switch line.Question {
	case pagetable.Ease:
		p.Question = rating.QuestionEase
	case pagetable.Clarity:
		p.Question = rating.QuestionClarity
	}
	if !named {
		p.Service, _ = e.Service([]byte(line.Service))
		p.Missed = !ok
	}
	return p
}

// Asks returns the question that ratings of e answer.
func Asks(e *schema.Enrolment) rating.Question {
	if e.Channel == schema.ChannelDigital {
		return rating.QuestionEase
	}
	return rating.QuestionClarity
}
