package query

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/departure"
	"mlf/query/question"
	"mlf/schema"
)

// answers returns the route of every endpoint that package answer has.
func (s *Server) answers() []route {
	var routes []route
	for _, e := range answer.Endpoints() {
		address := "/v1/" + e.Name
		if e.Place != "" {
			address += "/{" + e.Place + "}"
		}
		known := append(e.Parameters(s.words), formParameters()...)
		routes = append(routes, route{e.Name, address, func(w http.ResponseWriter, r *http.Request) error {
			return s.serveAnswer(w, r, &e, known)
		}})
	}
	return routes
}

// withEndings returns routes that are reached by every ending, too. Where the path
// ends with a place the ending is part of it.
func withEndings(routes []route) []route {
	all := routes
	for _, rt := range routes {
		if strings.HasSuffix(rt.path, "}") {
			continue
		}
		for _, ending := range endings() {
			all = append(all, route{rt.name, rt.path + "." + string(ending), rt.handle})
		}
	}
	return all
}

// An asking is what a request asks, read. It never changes.
type asking struct {
	inquiry // Whose name says nothing of users served.
	asked   answer.Inquiry
	form    form
	hour    schema.Hour // In which it was read; in the next, last-30-days are others.
}

// askingsMax is how much askings take that are kept: reading one costs as much as finding
// its answer.
const askingsMax = 32 << 20

// askingOf returns what r asks of an endpoint whose parameters are known.
func (s *Server) askingOf(r *http.Request, e *answer.Endpoint, known []string) (*asking, error) {
	now := s.cfg.Now()
	hour := schema.HourOf(now)
	text := r.URL.Path + "?" + r.URL.RawQuery + " " + strings.Join(r.Header["Accept"], ",")
	if a, ok := s.askings.Get(text); ok && a.hour == hour {
		return a, nil
	}
	a, err := s.readAsking(r, e, known, now)
	if err == nil && !strings.ContainsAny(r.URL.RawQuery, "%+") && !strings.Contains(r.URL.RawQuery, "now") { // That is to the second.
		const bytes = 4 << 10 // Of a page's, on the average; more where a list is asked for.
		s.askings.Put(text, a, bytes+8*len(text))
	}
	return a, err
}

func (s *Server) readAsking(r *http.Request, e *answer.Endpoint, known []string, now time.Time) (*asking, error) {
	values, err := parameters(r, known...)
	if err != nil {
		return nil, err
	}
	form, err := readForm(r, values)
	if err != nil {
		return nil, err
	}
	if e.Place != "" {
		values[e.Place] = []string{placeIn(r.PathValue(e.Place))}
	}
	asked, err := e.Ask(s.words, values, now)
	if err != nil {
		return nil, err
	}
	in := inquiry{asked.Questions(), asked.Name() + " as " + string(form), "by", asked.Settled()}
	return &asking{in, asked, form, schema.HourOf(now)}, nil
}

// serveAnswer answers a request to an endpoint, whose parameters are known.
func (s *Server) serveAnswer(w http.ResponseWriter, r *http.Request, e *answer.Endpoint, known []string) error {
	a, err := s.askingOf(r, e, known)
	if err != nil {
		return err
	}
	in := a.inquiry
	if e.Served && s.Served != nil {
		in.name += " served " + strconv.FormatUint(s.Served.Version(), 16) + strconv.FormatBool(s.Served.Complete())
	}
	return s.reply(w, r, in, func(ctx context.Context, c *counter) (*made, error) {
		d, err := a.asked.Answer(ctx, s.reading(c.view, c))
		if err != nil {
			return nil, err
		}
		m, err := s.encodeDocument(a.form, d)
		if err != nil {
			return nil, err
		}
		if in.settled {
			m.Header.Set("Cache-Control", departure.SettledAge)
		}
		if e.Dated {
			m.meta = nil
		}
		return m, nil
	})
}

// placeIn returns the place of the last part of a path, which may have an ending.
func placeIn(text string) string {
	if ending := path.Ext(text); ending != "" && slices.Contains(endings(), form(ending[1:])) {
		return strings.TrimSuffix(text, ending)
	}
	return text
}

// reading is what answers of view are made of.
func (s *Server) reading(view question.View, c answer.Counter) answer.Reading {
	return answer.Reading{Counter: c, Moment: s.moment(view), Served: s.Served}
}

// moment is now, as of view.
func (s *Server) moment(view question.View) meta.Moment {
	return meta.Moment{Ledger: view.Ledger(), At: s.now(), Disclosure: s.shownAs(view)}
}

// encodeDocument writes an answer.
func (s *Server) encodeDocument(f form, d *answer.Document) (*made, error) {
	header := http.Header{}
	if about := d.Meta.About; about != nil {
		header.Set("X-MLF-Excluded", about.Excluded.String())
		header.Set("X-MLF-Span", about.From+"/"+about.To)
	}
	if marks := d.Meta.Marks; marks != nil && marks.Compare != nil {
		header.Set("X-MLF-Compare", marks.Compare.From+"/"+marks.Compare.To)
	}
	s.describeForm(header, f, d.Name, d.Span)
	if f != formJSON {
		b, err := writeSheet(header, f, d.Table())
		return &made{Body: b}, err
	}
	w := departure.Writer{Head: d.Meta.AppendHead(nil)}
	if err := d.WriteJSON(&w); err != nil {
		return nil, err
	}
	b, err := w.Body(header, d.Rows())
	return &made{b, d.Meta}, err
}
