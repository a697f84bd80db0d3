package collector

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Span is one that was received. Attributes are as text.
type Span struct {
	Service            string
	Name, Kind         string
	Trace, ID, Parent  string // In hexadecimal; an empty Parent: none.
	Links              []string
	Attributes         map[string]string
	Failed             bool
	Message            string // Of a failed one.
	Start, End         time.Time
	ResourceAttributes map[string]string
}

// Context is how links name s.
func (s *Span) Context() string { return s.Trace + "-" + s.ID }

// A Receiver takes spans as a collector does. Safe for use by several goroutines.
type Receiver struct {
	URL string

	mu    sync.Mutex
	spans []Span
	bad   error
}

// Receive starts a receiver, until the test's end.
func Receive(t *testing.T) *Receiver {
	t.Helper()
	r := new(Receiver)
	server := httptest.NewServer(r)
	r.URL = server.URL
	t.Cleanup(func() {
		server.Close()
		if r.bad != nil {
			t.Error(r.bad)
		}
	})
	return r
}

// ServeHTTP takes a request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	spans, err := read(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.bad = fmt.Errorf("spans received: %w", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.spans = append(r.spans, spans...)
	w.Header().Set("Content-Type", "application/x-protobuf") // All were taken: an empty message.
}

// Spans returns what has come so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spans[:len(r.spans):len(r.spans)]
}

func read(req *http.Request) (spans []Span, err error) {
	if kind := req.Header.Get("Content-Type"); req.Method != http.MethodPost || req.URL.Path != "/v1/traces" || kind != "application/x-protobuf" {
		return nil, fmt.Errorf("%s %s of type %q", req.Method, req.URL, kind)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var data otlp.TracesData
	if err := proto.Unmarshal(body, &data); err != nil {
		return nil, err
	}
	for _, resource := range data.GetResourceSpans() {
		whose := texts(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				spans = append(spans, spanOf(s, whose))
			}
		}
	}
	return spans, nil
}

func spanOf(s *otlp.Span, whose map[string]string) Span {
	at := func(ns uint64) time.Time { return time.Unix(0, int64(ns)) }
	got := Span{
		Service: whose["service.name"], ResourceAttributes: whose,
		Name: s.GetName(), Kind: s.GetKind().String(), Attributes: texts(s.GetAttributes()),
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Failed: s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR, Message: s.GetStatus().GetMessage(),
		Start: at(s.GetStartTimeUnixNano()), End: at(s.GetEndTimeUnixNano()),
	}
	for _, l := range s.GetLinks() {
		got.Links = append(got.Links, hex.EncodeToString(l.GetTraceId())+"-"+hex.EncodeToString(l.GetSpanId()))
	}
	return got
}

func texts(attributes []*common.KeyValue) map[string]string {
	all := make(map[string]string)
	for _, a := range attributes {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			all[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			all[a.GetKey()] = fmt.Sprint(v.IntValue)
		default:
			all[a.GetKey()] = fmt.Sprint(a.GetValue())
		}
	}
	return all
}
