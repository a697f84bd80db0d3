package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mlf/query/question"
)

// batchPath is where questions are posted.
const batchPath = "/v1/query"

// What a batch may take.
const (
	batchBytesMax   = 64 << 10
	batchStoreReads = 2 // Times StoreTimeout: what comes later is not answered.
)

// batches returns the handler of POST /v1/query: what is asked together is answered
// as of one view, by the handlers that answer it alone.
func (s *Server) batches(statistics []route) route {
	mux := http.NewServeMux()
	for _, rt := range statistics {
		mux.Handle(rt.path, s.serve(rt))
	}
	mux.Handle("/", s.serve(route{"other", "/", func(http.ResponseWriter, *http.Request) error { return errNotFound }}))
	return route{"query", batchPath, func(w http.ResponseWriter, r *http.Request) error { return s.serveBatch(w, r, mux) }}
}

func (s *Server) serveBatch(w http.ResponseWriter, r *http.Request, each http.Handler) error {
	if err := noParameters(r); err != nil {
		return err
	}
	asked, err := readBatch(r)
	if err != nil {
		return err
	}
	view, err := s.viewAt(r.Context(), asked.AtLeast)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), pinned{}, view), batchStoreReads*s.cfg.StoreTimeout)
	defer cancel()
	position := question.PositionOf(view.Ledger()).String()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-MLF-Position", position)
	out := &batchWriter{to: w}
	out.print(`{"position":"` + position + `","answers":[`)
	for i, ask := range asked.Asks {
		if i > 0 {
			out.print(",")
		}
		one := &partWriter{out: out, id: ask.ID, header: make(http.Header)}
		each.ServeHTTP(one, requestOf(ctx, r, &ask))
		one.end()
	}
	out.print("]}\n")
	return nil
}

// requestOf returns the request that ask would be alone, of the same client.
func requestOf(ctx context.Context, r *http.Request, ask *batchAsk) *http.Request {
	one := r.Clone(ctx)
	one.Method, one.Body, one.ContentLength = http.MethodGet, http.NoBody, 0
	one.URL = &url.URL{Path: ask.Path, RawQuery: ask.Parameters.Encode()}
	for _, name := range []string{"Accept", "Accept-Encoding", "If-None-Match", "Content-Type", "Content-Length"} {
		one.Header.Del(name)
	}
	return one
}

// readBatch reads the body of r.
func readBatch(r *http.Request) (*batch, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "unsupported-media-type", "The body's type is not supported", "want Content-Type: application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, batchBytesMax+1))
	if err != nil {
		return nil, malformed(errors.New("the body ended too early"))
	}
	if len(body) > batchBytesMax {
		return nil, newProblem(http.StatusRequestEntityTooLarge, "too-large", "The body is too large", "want at most "+strconv.Itoa(batchBytesMax)+" bytes")
	}
	asked, err := parseBatch(body)
	if err != nil {
		return nil, malformed(err)
	}
	for _, ask := range asked.Asks {
		if !strings.HasPrefix(ask.Path, "/v1/") || len(ask.Parameters["format"])+len(ask.Parameters["csv"]) > 0 {
			return nil, malformed(errors.New(ask.ID + ": want a path from /v1/ on, answered in JSON"))
		}
		if i := strings.LastIndexByte(ask.Path, '.'); i >= 0 && i > strings.LastIndexByte(ask.Path, '/') {
			return nil, malformed(errors.New(ask.ID + ": want a path without an ending: answers are JSON"))
		}
	}
	return asked, nil
}

func malformed(err error) *problem {
	return newProblem(http.StatusBadRequest, "malformed-body", "The body is not of the expected shape", err.Error())
}

// pinned is the key of the view that a request is answered of.
type pinned struct{}

// pinnedView returns the view that ctx's request is to be answered of; nil for any.
func pinnedView(ctx context.Context) question.View {
	view, _ := ctx.Value(pinned{}).(question.View)
	return view
}

// A batchWriter writes to a reader who may leave; nothing more is written then.
type batchWriter struct {
	to  http.ResponseWriter
	err error
}

func (w *batchWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	// Not every ResponseWriter has deadlines; those of a server do.
	_ = http.NewResponseController(w.to).SetWriteDeadline(time.Now().Add(chunkTimeout))
	var n int
	n, w.err = w.to.Write(p)
	return n, w.err
}

func (w *batchWriter) print(text string) { _, _ = w.Write([]byte(text)) }

// A partWriter is where one answer of a batch goes: between its id and status, and
// the next. An answer knows its status before its first byte, so none is kept.
type partWriter struct {
	out    *batchWriter
	id     string
	header http.Header
	begun  bool
}

// Header returns headers that nobody is sent.
func (w *partWriter) Header() http.Header { return w.header }

// WriteHeader writes what stands before the answer.
func (w *partWriter) WriteHeader(code int) {
	if w.begun {
		return
	}
	w.begun = true
	id, err := json.Marshal(w.id)
	if err != nil {
		panic("BUG: a text is not JSON: " + err.Error())
	}
	w.out.print(`{"id":` + string(id) + `,"status":` + strconv.Itoa(code) + `,"body":`)
}

// Write writes a part of the answer.
func (w *partWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}

func (w *partWriter) end() {
	w.WriteHeader(http.StatusOK)
	w.out.print("}")
}

// What a batch may be.
const (
	batchMax   = 32
	batchIDMax = 64 // Bytes.
)

// A batch is questions that are answered as of the same records.
type batch struct {
	AtLeast question.Position
	Asks    []batchAsk // From 1 to batchMax.
}

// A batchAsk is one of them: what a GET would ask.
type batchAsk struct {
	ID         string
	Path       string
	Parameters url.Values
}

// parseBatch reads a batch. An error says what is wrong, for who sent it.
func parseBatch(body []byte) (*batch, error) {
	var sent struct {
		AtLeast string `json:"at_least"`
		Queries []struct {
			ID         string               `json:"id"`
			Path       string               `json:"path"`
			Parameters map[string]parameter `json:"parameters"`
		} `json:"queries"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&sent); err != nil {
		return nil, fmt.Errorf("no JSON of the expected shape: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	if n := len(sent.Queries); n == 0 || n > batchMax {
		return nil, fmt.Errorf("queries: got %d, want 1 to %d", n, batchMax)
	}
	b := new(batch)
	var err error
	if sent.AtLeast != "" {
		if b.AtLeast, err = question.ParsePosition(sent.AtLeast); err != nil {
			return nil, fmt.Errorf("at_least: %w", err)
		}
	}
	ids := make(map[string]bool)
	for i, q := range sent.Queries {
		if q.ID == "" || len(q.ID) > batchIDMax || ids[q.ID] {
			return nil, fmt.Errorf("queries[%d].id: want a text of 1 to %d bytes that no other query has", i, batchIDMax)
		}
		ids[q.ID] = true
		ask := batchAsk{ID: q.ID, Path: q.Path, Parameters: make(url.Values)}
		for name, value := range q.Parameters {
			ask.Parameters[name] = value
		}
		b.Asks = append(b.Asks, ask)
	}
	return b, nil
}

// A parameter is a text, a number, a truth value, or a list of texts.
type parameter []string

// UnmarshalJSON reads p.
func (p *parameter) UnmarshalJSON(data []byte) error {
	var value any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return err //nolint:wrapcheck // The caller is json itself.
	}
	switch v := value.(type) {
	case string:
		*p = parameter{v}
	case json.Number:
		*p = parameter{v.String()}
	case bool:
		*p = parameter{strconv.FormatBool(v)}
	case []any:
		*p = make(parameter, len(v))
		for i := range v {
			text, ok := v[i].(string)
			if !ok {
				return errParameter
			}
			(*p)[i] = text
		}
	default:
		return errParameter
	}
	return nil
}

var errParameter = errors.New("parameters: want texts, numbers, truth values or lists of texts")
