package query

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mlf/query/departure"
	"mlf/query/embed"
	"mlf/query/question"
	"mlf/schema"
)

// embeds are the routes of what pages of others show of a comune. The figures are those of
// its public answer, by the handler among statistics that gives it.
func (s *Server) embeds(statistics []route) []route {
	var comune http.Handler
	for _, rt := range statistics {
		if rt.name == "comuni" {
			comune = s.serve(rt, read())
		}
	}
	return []route{
		{"embed", embed.Path + "comune/{comune}", func(w http.ResponseWriter, r *http.Request) error { return s.serveEmbed(w, r, comune) }},
		{"embed", embed.Path + "{file}", s.serveEmbedFile},
	}
}

func (s *Server) serveEmbedFile(w http.ResponseWriter, r *http.Request) error {
	if !s.embed.Has(r.PathValue("file")) {
		return errNotFound
	}
	s.embed.ServeHTTP(w, r)
	return nil
}

// An embedding is what is wanted to be embedded.
type embedding struct {
	embed.Look
	code    string
	picture bool
}

func (s *Server) readEmbedding(r *http.Request) (*embedding, error) {
	e := &embedding{Look: embed.Look{Site: strings.TrimRight(s.cfg.URL, "/")}}
	e.code, e.picture = strings.CutSuffix(r.PathValue("comune"), ".png")
	if _, err := schema.ParseComune(e.code); err != nil {
		return nil, errNotFound
	}
	known := []string{"lang", "theme"}
	if e.picture {
		known = known[:1]
	}
	values, err := parameters(r, known...)
	if err != nil {
		return nil, err
	}
	lang, err := question.Single(values, "lang")
	if err != nil {
		return nil, err
	}
	if e.Theme, err = question.Single(values, "theme"); err != nil {
		return nil, err
	}
	var ok bool
	if e.Lang, ok = s.embed.Lang(lang, strings.Join(r.Header["Accept-Language"], ",")); !ok || values.Has("lang") && lang == "" {
		return nil, badParameter("lang", "%q: want it, en or de", lang)
	}
	if values.Has("theme") && !slices.Contains(embed.Themes(), e.Theme) {
		return nil, badParameter("theme", "%q: want %s", e.Theme, strings.Join(embed.Themes(), " or "))
	}
	return e, nil
}

// serveEmbed answers with a page or a picture of the last month of a comune. It asks comune
// as anybody could, whoever asks us: what is embedded is public.
func (s *Server) serveEmbed(w http.ResponseWriter, r *http.Request, comune http.Handler) error {
	e, err := s.readEmbedding(r)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Content-Language", string(e.Lang))
	a := departure.NewOverheard()
	comune.ServeHTTP(a, publicly(r, e.code))
	if a.Code != http.StatusOK {
		return s.refuseEmbed(w, r, e, a)
	}
	f, err := embed.Read(a.Body.Bytes())
	if err != nil {
		return err
	}
	for name, values := range a.Head {
		if strings.HasPrefix(name, "X-Ratelimit-") {
			w.Header()[name] = values
		}
	}
	age, tag := a.Head.Get("Cache-Control"), s.embedTag(e, f)
	if departure.NotModified(r, tag) {
		departure.Describe(w.Header(), tag)
		w.Header().Set("Cache-Control", age)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	b, err := s.embedBody(r.Context(), e, f, tag)
	if err != nil {
		return err
	}
	headed := *b
	headed.Header = maps.Clone(b.Header)
	headed.Header.Set("Cache-Control", age)
	if err := s.departures.Send(w, r, tag, &headed); err != nil {
		return fmt.Errorf("send what is embedded: %w", err)
	}
	return nil
}

// publicly is the question of anybody, where r is somebody's.
func publicly(r *http.Request, code string) *http.Request {
	one := r.Clone(r.Context())
	one.Method, one.Body, one.ContentLength = http.MethodGet, http.NoBody, 0
	one.URL = &url.URL{Path: "/v1/comuni/" + code, RawQuery: "period=last-month"}
	one.SetPathValue("comune", code)
	for _, name := range []string{"Authorization", "Accept", "Accept-Encoding", "If-None-Match", "Range"} {
		one.Header.Del(name)
	}
	return one
}

// embedTag names what is embedded: the same figures are the same page and picture.
func (s *Server) embedTag(e *embedding, f *embed.Figures) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s embed %+v of %+v", s.maker, *e, *f))
	return fmt.Sprintf(`W/"%x"`, sum[:12])
}

func (s *Server) embedBody(ctx context.Context, e *embedding, f *embed.Figures, tag string) (*departure.Body, error) {
	if !e.picture {
		page, err := s.embed.Page(f, e.Look)
		if err != nil {
			return nil, err
		}
		return pageBody(page)
	}
	b, err := s.album.Picture(ctx, tag, func() ([]byte, error) { return s.embed.Picture(f, e.Lang) })
	if err != nil {
		return nil, fmt.Errorf("draw what is embedded: %w", err)
	}
	return b, nil
}

func pageBody(page []byte) (*departure.Body, error) {
	var out departure.Writer
	out.Take(page)
	return out.Body(http.Header{
		"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {embed.Policy}, "Referrer-Policy": {"no-referrer"},
	}, 0)
}

// refuseEmbed passes on that there is no answer: as the problem that it is, or in words to
// a reader whose frame would otherwise show its JSON.
func (s *Server) refuseEmbed(w http.ResponseWriter, r *http.Request, e *embedding, a *departure.Overheard) error {
	maps.Copy(w.Header(), a.Head)
	body := a.Body.Bytes()
	inWords := a.Code == http.StatusNotFound || a.Code == http.StatusTooManyRequests || a.Code == http.StatusServiceUnavailable
	if inWords && !e.picture && strings.Contains(strings.Join(r.Header["Accept"], ","), "text/html") {
		page, err := s.embed.Refusal(e.code, a.Code == http.StatusNotFound, e.Look)
		if err != nil {
			return err
		}
		b, err := pageBody(page)
		if err != nil {
			return err
		}
		body = page
		maps.Copy(w.Header(), b.Header)
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(a.Code)
	_, _ = w.Write(body) // An error means that nobody reads.
	return nil
}
