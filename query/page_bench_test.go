package query_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/calendar"
	"mlf/query/cube/packed"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/schematest"
)

// A busyCountry is counts in memory, of which every request may be the first since a vote.
type busyCountry struct {
	*packed.Cells
	ledger []schema.LedgerTotals
	votes  atomic.Int64
	still  bool // No vote comes.
}

func (c *busyCountry) View() question.View           { return c }
func (c *busyCountry) Ledger() []schema.LedgerTotals { return c.ledger }

func (c *busyCountry) Version(from, next schema.Hour) string {
	if c.still {
		return c.Cells.Version(from, next)
	}
	return strconv.FormatInt(c.votes.Add(1), 16)
}

// BenchmarkPageOverHTTP: a page of a comune of 16 leaves, and of one of 400, in a country
// of 200: through the handler, and over a connection with its reader's share.
func BenchmarkPageOverHTTP(b *testing.B) {
	const small, large = "/v1/comuni/058001", "/v1/comuni/058091"
	counts := newCountry(b)
	server := servedCountry(b, counts)
	for _, c := range []struct {
		name, path string
		still      bool
		run        func(*testing.B, *query.Server, string)
	}{
		{"cold/small/handler", small, false, throughHandler},
		{"cold/large/handler", large, false, throughHandler},
		{"cold/small/connection", small, false, overConnection},
		{"kept/small/handler", small, true, throughHandler},
		{"kept/small/connection", small, true, overConnection},
	} {
		b.Run(c.name, func(b *testing.B) {
			counts.still = c.still
			b.ReportAllocs()
			before := processorTime(b)
			c.run(b, server, c.path)
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// processorTime is what this process has had of it: on a machine that others use, too, it
// says more than a clock.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func servedCountry(b *testing.B, counts *busyCountry) *query.Server {
	b.Helper()
	lists := schematest.Lists(b)
	empty := newMemory(b)
	parts := query.Parts{Store: func() query.Store { return empty }, Log: newMemory(b), Counts: counts, Terminals: new(schema.Terminals), Registry: lists}
	s, err := query.New(parts, query.Telemetry{}, query.Config{Disclosure: query.DisclosureNone, Now: func() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// newCountry draws three months of votes in the hours that offices are open.
func newCountry(b *testing.B) *busyCountry {
	b.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		b.Fatal(err)
	}
	builder := packed.NewBuilder(packed.Config{Clock: clock, FreshMax: 1 << 12})
	r := rand.New(rand.NewPCG(1, 2))
	last := schema.HourOf(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))
	for comune := range 200 {
		offices, services := 1, 8
		if comune == 90 {
			offices, services = 10, 20
		}
		for i := range 2 * offices * services {
			cell := schema.Cell{
				Comune: schema.ComuneID(58001 + comune), Service: schema.ServiceID(1 + i/2%services),
				Channel: []schema.Channel{schema.ChannelCounter, schema.ChannelWeb}[i%2], Scale: schema.ScaleMLF3, Class: schema.ClassOK,
			}
			if offices > 1 {
				cell.Office = schema.OfficeCode(fmt.Sprintf("S%02d", i/2/services))
			}
			for h := last - 90*24; h < last; h++ {
				if of := h.Time().Hour(); of < 7 || of > 15 || r.IntN(6) > 0 {
					continue
				}
				leaf := builder.Leaf(&cell)
				builder.Add(leaf, h, &packed.Values{0: uint64(r.IntN(2)), 2: 1})
				if r.IntN(14) == 0 {
					builder.AddReason(leaf, h, schema.KeyOfReason(schema.Red, schema.ReasonWaitingTime), 1)
				}
			}
		}
	}
	return &busyCountry{Cells: builder.Cells(), ledger: make([]schema.LedgerTotals, 16)}
}

func throughHandler(b *testing.B, s *query.Server, path string) {
	handler, w := s.Handler(), new(nobody)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
	for b.Loop() {
		w.header = make(http.Header)
		if handler.ServeHTTP(w, r.Clone(b.Context())); w.code != http.StatusOK {
			b.Fatal(w.code)
		}
	}
	b.ReportMetric(float64(w.bytes)/float64(b.N), "bytes/page")
}

// A nobody reads nothing.
type nobody struct {
	header http.Header
	code   int
	bytes  int
}

func (w *nobody) Header() http.Header  { return w.header }
func (w *nobody) WriteHeader(code int) { w.code = code }
func (w *nobody) Write(p []byte) (int, error) {
	w.code = max(w.code, http.StatusOK)
	w.bytes += len(p)
	return len(p), nil
}

func (w *nobody) SetWriteDeadline(time.Time) error { return nil }

func overConnection(b *testing.B, s *query.Server, path string) {
	ln, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- s.Run(ctx, ln) }()
	conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		stop()
		if err := errors.Join(conn.Close(), <-served); err != nil {
			b.Error(err)
		}
	}()
	in := bufio.NewReaderSize(conn, 64<<10)
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n")
	for b.Loop() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.StatusCode, err)
		}
		_ = resp.Body.Close()
	}
}
