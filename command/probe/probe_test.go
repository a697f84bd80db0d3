package probe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/command/probe"
	"mlf/proof/series"
)

// A service takes votes and shows them, as far as it is allowed to.
type service struct {
	mu                       sync.Mutex
	taken, shown, counted    int
	refuses, hides, forgets  bool // Votes, figures, the store.
	rejects, lots, forbidden bool
	streams                  int
	seqs                     []int // Of the stream that is open.
}

// opened returns how many streams there were, and what the last one took.
func (s *service) opened() (streams int, seqs []int) {
	s.be(func() { streams, seqs = s.streams, slices.Clone(s.seqs) })
	return streams, seqs
}

func (s *service) be(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// RoundTrip is the network.
func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := s.answer(r)
	return &http.Response{StatusCode: status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (s *service) answer(r *http.Request) (status int, body string) {
	switch r.URL.Path {
	case "/v1/streams":
		s.streams++
		s.seqs = nil
		return http.StatusCreated, fmt.Sprintf(`{"stream":"s%d"}`, s.streams)
	case "/v1/votes":
		var asked struct{ Votes []struct{ Seq int } }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			return http.StatusBadRequest, err.Error()
		}
		switch {
		case s.refuses:
			return http.StatusServiceUnavailable, "later"
		case s.forbidden:
			s.forbidden = false
			return http.StatusForbidden, "another stream"
		case s.rejects:
			return http.StatusAccepted, `{"accepted":0,"rejected":[{"seq":1}],"warnings":[]}`
		}
		s.taken++
		s.seqs = append(s.seqs, asked.Votes[0].Seq)
		return http.StatusAccepted, `{"accepted":1,"rejected":[],"warnings":[]}`
	case "/v1/stats":
		if !s.hides {
			s.shown = s.taken
		}
		if s.lots {
			return http.StatusOK, `{"meta":{"disclosure":"lots"},"rows":[]}`
		}
		return http.StatusOK, fmt.Sprintf(`{"meta":{"disclosure":"none"},"rows":[{"n":%d}]}`, s.shown)
	case "/v1/terminals/self/watermark":
		if !s.forgets {
			s.counted = len(s.seqs)
		}
		return http.StatusOK, fmt.Sprintf(`{"highest":%d,"missing":[]}`, s.counted)
	}
	return http.StatusNotFound, r.URL.Path
}

// probed runs a test beside a probe, with what it reads of its metrics.
func probed(t *testing.T, test func(s *service, metric func(name, stage string) float64)) {
	synctest.Test(t, func(t *testing.T) {
		s, reg := new(service), prometheus.NewRegistry()
		p, err := probe.New(probe.Config{
			Ingest: "http://in", Query: "http://out", Comune: "058091", Office: "PROBE", Registry: reg,
			Token: func() (string, error) { return "token", nil }, HTTP: &http.Client{Transport: s},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		test(s, func(name, stage string) float64 {
			t.Helper()
			families, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.GetMetric() {
					if f.GetName() == name && (stage == "" || m.GetLabel()[0].GetValue() == stage) {
						return m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
					}
				}
			}
			t.Fatalf("no %s %s", name, stage)
			return 0
		})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func pass(d time.Duration) { <-time.After(d) }

func TestAVoteEveryTenSeconds(t *testing.T) {
	probed(t, func(s *service, metric func(string, string) float64) {
		pass(time.Hour + time.Second)
		if n := metric("mlf_probe_rounds_total", "success"); n < 355 || n > 361 {
			t.Errorf("%v rounds in an hour, want 360", n)
		}
		if metric("mlf_probe_success", "") != 1 || metric("mlf_probe_pending_seconds", "") > 10 {
			t.Error("it is not well")
		}
		if streams, seqs := s.opened(); streams != 1 || seqs[len(seqs)-1] != len(seqs) {
			t.Errorf("%d streams, and %d votes up to %d: want one without a gap", streams, len(seqs), seqs[len(seqs)-1])
		}
	})
}

// TestAVoteThatIsLate says at which stage, a minute after it was cast, and for all that
// would have been cast since; is waited for; and is well again with the next vote.
func TestAVoteThatIsLate(t *testing.T) {
	f := func(stage string, set func(s *service, on bool)) {
		t.Run(stage, func(t *testing.T) {
			probed(t, func(s *service, metric func(string, string) float64) {
				pass(95 * time.Second)
				s.be(func() { set(s, true) })
				pass(61 * time.Second)
				if metric("mlf_probe_success", "") != 1 {
					t.Error("it gave up before the deadline")
				}
				pass(15 * time.Minute)
				if n := metric("mlf_probe_rounds_total", stage); metric("mlf_probe_success", "") != 0 || n < 88 || n > 92 {
					t.Errorf("success %v, %v late: want 0 and 90", metric("mlf_probe_success", ""), n)
				}
				if got := metric("mlf_probe_pending_seconds", ""); got < 15*60 || got > 17*60 {
					t.Errorf("pending for %v s, want a quarter of an hour", got)
				}
				s.be(func() { set(s, false) })
				pass(12 * time.Second)
				if metric("mlf_probe_success", "") != 1 || metric("mlf_probe_pending_seconds", "") > 10 {
					t.Error("it is not well again")
				}
			})
		})
	}
	f("vote", func(s *service, on bool) { s.refuses = on })
	f("vote", func(s *service, on bool) { s.rejects = on })
	f("show", func(s *service, on bool) { s.hides = on })
	f("count", func(s *service, on bool) { s.forgets = on })
}

// TestAnotherStream is opened where the one there was is of another log.
// TestAnHourOfNothing is not one round that failed: the share of what fails is the
// share of time, as it is of what terminals send.
func TestAnHourOfNothing(t *testing.T) {
	probed(t, func(s *service, metric func(string, string) float64) {
		pass(time.Hour)
		s.be(func() { s.refuses = true })
		pass(time.Hour)
		if n := metric("mlf_probe_rounds_total", "vote"); n < 350 || n > 361 {
			t.Errorf("%v rounds failed in an hour, want 354: one each 10 s, but for the first minute", n)
		}
		if n := metric("mlf_probe_rounds_total", "success"); n < 350 || n > 361 {
			t.Errorf("%v rounds succeeded in the hour before, want 360", n)
		}
	})
}

func TestAnotherStream(t *testing.T) {
	probed(t, func(s *service, metric func(string, string) float64) {
		pass(35 * time.Second)
		s.be(func() { s.forbidden = true })
		pass(time.Minute)
		if streams, seqs := s.opened(); streams != 2 || seqs[0] != 1 || metric("mlf_probe_success", "") != 1 {
			t.Errorf("%d streams, seqs %v, success %v", streams, seqs, metric("mlf_probe_success", ""))
		}
	})
}

// TestThePublicIsShownLots: then only what is counted is seen.
func TestThePublicIsShownLots(t *testing.T) {
	probed(t, func(s *service, metric func(string, string) float64) {
		s.be(func() { s.lots = true })
		pass(time.Minute)
		if metric("mlf_probe_success", "") != 1 || metric("mlf_probe_counted_seconds", "") < 5 || metric("mlf_probe_visible_seconds", "") != 0 {
			t.Errorf("success %v, %v counted, %v shown", metric("mlf_probe_success", ""), metric("mlf_probe_counted_seconds", ""), metric("mlf_probe_visible_seconds", ""))
		}
	})
}

// TestCountersBeginAtZero: see package series.
func TestCountersBeginAtZero(t *testing.T) {
	for _, missing := range series.Missing(func(r prometheus.Registerer) {
		cfg := probe.Config{Ingest: "http://in", Query: "http://out", Comune: "058091", Registry: r, Token: func() (string, error) { return "", nil }}
		if _, err := probe.New(cfg); err != nil {
			t.Fatal(err)
		}
	}) {
		t.Errorf("no series at the start: %s", missing)
	}
}
