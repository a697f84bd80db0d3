package query

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"mlf/query/answer"
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
		routes = append(routes, route{e.Name, address, func(w http.ResponseWriter, r *http.Request) error {
			return s.serveAnswer(w, r, &e)
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

// serveAnswer answers a request to an endpoint.
func (s *Server) serveAnswer(w http.ResponseWriter, r *http.Request, e *answer.Endpoint) error {
	values, err := parameters(r, append(e.Parameters(s.words), formParameters()...)...)
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
	return s.reply(w, r, in, func(ctx context.Context, c *counter) (*departure.Body, error) {
		d, err := asked.Answer(ctx, s.reading(c.view, c))
		if err != nil {
			return nil, err
		}
		b, err := s.encodeDocument(form, d)
		if err == nil && in.settled {
			b.Header.Set("Cache-Control", departure.SettledAge)
		}
		return b, err
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
	return answer.Reading{Counter: c, Ledger: view.Ledger(), Served: s.Served, At: s.now(), Disclosure: s.shownAs(view)}
}

// encodeDocument writes an answer.
func (s *Server) encodeDocument(f form, d *answer.Document) (*departure.Body, error) {
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
		return writeSheet(header, f, d.Sheet)
	}
	var w departure.Writer
	if err := d.WriteJSON(&w); err != nil {
		return nil, err
	}
	return w.Body(header, d.Sheet.Len)
}
