package query

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mlf/query/batch"
	"mlf/query/departure"
	"mlf/query/question"
)

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
		mux.Handle(rt.path, s.serve(rt, read()))
	}
	mux.Handle("/", s.serve(route{"other", "/", func(http.ResponseWriter, *http.Request) error { return errNotFound }}, read()))
	return route{"query", "/v1/query", func(w http.ResponseWriter, r *http.Request) error { return s.serveBatch(w, r, mux) }}
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
	w.Header().Set("X-Mlf-Position", position)
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
func requestOf(ctx context.Context, r *http.Request, ask *batch.Ask) *http.Request {
	one := r.Clone(ctx)
	one.Method, one.Body, one.ContentLength = http.MethodGet, http.NoBody, 0
	one.URL = &url.URL{Path: ask.Path, RawQuery: ask.Parameters.Encode()}
	for _, name := range []string{"Accept", "Accept-Encoding", "If-None-Match", "Content-Type", "Content-Length"} {
		one.Header.Del(name)
	}
	return one
}

// readBatch reads the body of r.
func readBatch(r *http.Request) (*batch.Batch, error) {
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
	asked, err := batch.Parse(body)
	if err != nil {
		return nil, malformed(err)
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
	_ = http.NewResponseController(w.to).SetWriteDeadline(time.Now().Add(departure.ChunkTimeout))
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
