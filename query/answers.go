package query

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/departure"
	"mlf/query/question"
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

// serveAnswer answers a request to an endpoint, whose parameters are known.
func (s *Server) serveAnswer(w http.ResponseWriter, r *http.Request, e *answer.Endpoint, known []string) error {
	values, err := parameters(r, known...)
	if err != nil {
		return err
	}
	form, err := readForm(r, values)
	if err != nil {
		return err
	}
	if e.Place != "" {
		values[e.Place] = []string{placeIn(r.PathValue(e.Place))}
	}
	asked, err := e.Ask(s.words, values, s.cfg.Now())
	if err != nil {
		return err
	}
	name := asked.Name() + " as " + string(form)
	if e.Served && s.Served != nil {
		name += fmt.Sprint(" served ", s.Served.Version(), s.Served.Complete())
	}
	in := inquiry{asked.Questions(), name, "by", asked.Settled()}
	return s.reply(w, r, in, func(ctx context.Context, c *counter) (*made, error) {
		d, err := asked.Answer(ctx, s.reading(c.view, c))
		if err != nil {
			return nil, err
		}
		m, err := s.encodeDocument(form, d)
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
		b, err := writeSheet(header, f, d.Sheet)
		return &made{Body: b}, err
	}
	w := departure.Writer{Head: d.Meta.AppendHead(nil)}
	if err := d.WriteJSON(&w); err != nil {
		return nil, err
	}
	b, err := w.Body(header, d.Sheet.Len)
	return &made{b, d.Meta}, err
}
