package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/about"
	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/bulletin"
	"mlf/query/departure"
	"mlf/query/disclosure"
	"mlf/query/form"
	"mlf/query/format"
	"mlf/query/marks"
	figures "mlf/query/network"
	"mlf/query/question"
	"mlf/schema"
)

// answers returns the route of every endpoint that packages answer and about have.
func (s *Server) answers() []route {
	var routes []route
	all := append(answer.Endpoints(), about.Endpoints()...)
	if s.Sightings != nil {
		all = append(all, figures.Endpoint(s.Sightings))
	}
	for _, e := range all {
		address := "/v1/" + e.Name
		if e.Place != "" {
			address += "/{" + e.Place + "}"
		}
		known := append(e.Parameters(s.words), form.Parameters()...)
		routes = append(routes, route{e.Name, address, func(w http.ResponseWriter, r *http.Request) error {
			return s.serveAnswer(w, r, &e, known)
		}})
	}
	return routes
}

// statistical are the endpoints whose tables are of dimensions and measures alone.
func statistical() []string { return []string{"stats", "trend", "bulletin"} }

func isStatistical(endpoint string) bool { return slices.Contains(statistical(), endpoint) }

// withEndings returns routes that are reached by every ending, too. Where the path
// ends with a place the ending is part of it.
func withEndings(routes []route) []route {
	all := routes
	for _, rt := range routes {
		if strings.HasSuffix(rt.path, "}") {
			continue
		}
		for _, f := range form.WithEndings() {
			if !f.Statistical() || isStatistical(rt.name) {
				all = append(all, route{rt.name, rt.path + f.Ending(), rt.handle})
			}
		}
	}
	return all
}

// An asking is what a request asks, read. It never changes.
type asking struct {
	inquiry // Whose name says nothing of users served.
	asked   answer.Inquiry
	form    form.Form
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
	if err == nil && !e.Fresh && !strings.ContainsAny(r.URL.RawQuery, "%+") && !strings.Contains(r.URL.RawQuery, "now") { // That is to the second.
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
	written, err := form.Read(r, values)
	if err != nil {
		return nil, err
	}
	if written.Statistical() && !isStatistical(e.Name) {
		return nil, badParameter("format", "%q is of %s alone", string(written), strings.Join(statistical(), ", "))
	}
	if e.Place != "" {
		_, place := form.EndingOf(r.PathValue(e.Place))
		values[e.Place] = []string{place}
	}
	asked, err := e.Ask(s.words, values, now)
	if err != nil {
		return nil, err
	}
	_, anyClass := asked.(about.OfAnyClass)
	in := inquiry{asked.Questions(), asked.Name() + " as " + string(written), "by", asked.Settled(), anyClass}
	return &asking{in, asked, written, schema.HourOf(now)}, nil
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
	if e.Noted {
		return s.replyNoted(w, r, a)
	}
	if e.Fresh && (!s.Network.Complete() || !s.Terminals.Complete()) {
		return errLoading
	}
	present := s.mark(&in, e.Enrolled)
	return s.reply(w, r, in, func(ctx context.Context, c *counter) (*made, error) {
		of := s.reading(c.view, c)
		of.Enrolled = present
		if e.Diary && of.Diary == nil {
			return nil, errLoading
		}
		d, err := a.asked.Answer(ctx, of)
		if err != nil && e.Fresh {
			err = s.storeProblem(ctx, err) // Nothing that it asks is a question's.
		}
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
			m.head = nil
		}
		return m, nil
	})
}

// mark adds to the name of in what marks the figures of its answer, and returns who could
// vote, where that is of them.
func (s *Server) mark(in *inquiry, enrolled bool) *marks.Presence {
	in.name += " noted " + strconv.FormatUint(s.notes.Version(), 16)
	if !enrolled {
		return nil
	}
	present := s.present.Presence(s.cfg.Now())
	if present != nil {
		in.name += " enrolled " + strconv.FormatUint(present.Version, 16)
	}
	return present
}

// serveBulletin answers with a bulletin. Whoever names its vintage has it for ever.
func (s *Server) serveBulletin(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, append(bulletin.Parameters(), form.Parameters()...)...)
	if err != nil {
		return err
	}
	written, err := form.Read(r, values)
	if err != nil {
		return err
	}
	if s.press == nil {
		return errUnpublished
	}
	_, month := form.EndingOf(r.PathValue("month"))
	edition, err := s.press.Ask(month, values, s.cfg.Now())
	switch {
	case errors.Is(err, disclosure.ErrUnpublished):
		return errUnpublished
	case err != nil:
		return err
	}
	b, err := s.prints.Get(r.Context(), fmt.Sprint(edition.Name(), edition.Newest, written), func(ctx context.Context) (*departure.Body, error) {
		if edition.Made() == nil {
			if err := s.wide.Enter(ctx, wideWait); err != nil {
				return nil, err
			}
			defer s.wide.Leave()
		}
		return s.encodeBulletin(ctx, written, edition)
	})
	if err != nil {
		return err
	}
	if edition.Newest {
		values.Set("vintage", strconv.Itoa(edition.Vintage()))
		w.Header().Set("Content-Location", path.Base(r.URL.Path)+"?"+values.Encode())
	}
	tag := b.Tag()
	if departure.NotModified(r, tag) {
		departure.Describe(w.Header(), tag)
		w.Header().Set("Cache-Control", b.Header.Get("Cache-Control"))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if err := s.departures.Send(w, r, tag, b); err != nil {
		return fmt.Errorf("send bulletin: %w", err)
	}
	return nil
}

// encodeBulletin makes and writes a bulletin.
func (s *Server) encodeBulletin(ctx context.Context, f form.Form, e *bulletin.Edition) (*departure.Body, error) {
	d, err := e.Document(ctx)
	if err != nil {
		return nil, s.storeProblem(ctx, err)
	}
	header := http.Header{"Cache-Control": {departure.FrozenAge}}
	if e.Newest {
		header.Set("Cache-Control", departure.SettledAge)
	}
	f.Describe(header, s.fileName("bulletin", d.Span))
	switch f {
	case form.JSON:
		var w departure.Writer
		if err := d.WriteJSON(&w); err != nil {
			return nil, err
		}
		return w.Body(header, 0)
	case form.XLSX:
		return form.File(header, d.Sheet(), func(w io.Writer, _ *format.Sheet) error { return format.WriteWorkbook(w, d.Sheets()) })
	default:
		return f.Sheet(header, d.Sheet())
	}
}

// replyNoted sends an answer of notes alone: no counts need stand for it.
func (s *Server) replyNoted(w http.ResponseWriter, r *http.Request, a *asking) error {
	if !s.notes.Complete() {
		return errLoading
	}
	tag := s.tagOf(nil, a.name, strconv.FormatUint(s.notes.Version(), 16))
	if departure.NotModified(r, tag) {
		departure.Describe(w.Header(), tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	d, err := a.asked.Answer(r.Context(), answer.Reading{Moment: meta.Moment{At: s.now(), Disclosure: s.cfg.Disclosure}, Notes: s.notes})
	if err != nil {
		return fmt.Errorf("tell what was noted: %w", err)
	}
	m, err := s.encodeDocument(a.form, d)
	if err != nil {
		return err
	}
	if err := s.departures.Send(w, r, tag, m.Body); err != nil {
		return fmt.Errorf("send answer: %w", err)
	}
	return nil
}

// reading is what answers of view are made of.
func (s *Server) reading(view question.View, c answer.Counter) answer.Reading {
	at := s.moment(view)
	return answer.Reading{
		Counter: c, Moment: at, Lots: at.Disclosure == DisclosureLots, Served: s.Served, Frozen: s.Published, Diary: diaryOf(view), Notes: s.notes,
	}
}

// moment is now, as of view.
func (s *Server) moment(view question.View) meta.Moment {
	return meta.Moment{Ledger: view.Ledger(), At: s.now(), Disclosure: s.shownAs(view)}
}

// encodeDocument writes an answer.
func (s *Server) encodeDocument(f form.Form, d *answer.Document) (*made, error) {
	header := http.Header{}
	if about := d.Meta.About; about != nil {
		header.Set("X-Mlf-Excluded", about.Excluded.String())
		header.Set("X-Mlf-Span", about.From+"/"+about.To)
	}
	if marks := d.Meta.Marks; marks != nil && marks.Compare != nil {
		header.Set("X-Mlf-Compare", marks.Compare.From+"/"+marks.Compare.To)
	}
	f.Describe(header, s.fileName(d.Name, d.Span))
	if f != form.JSON {
		b, err := f.Sheet(header, d.Table())
		return &made{Body: b}, err
	}
	head := d.Meta.Head()
	w := departure.Writer{Head: head.Append(nil, d.Meta)}
	if err := d.WriteJSON(&w); err != nil {
		return nil, err
	}
	b, err := w.Body(header, d.Rows())
	return &made{b, head}, err
}
