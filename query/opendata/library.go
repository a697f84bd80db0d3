package opendata

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"sync"
	"time"

	"mlf/query/calendar"
	"mlf/query/departure"
	"mlf/query/disclosure"
	"mlf/query/flight"
	"mlf/schema"
	"mlf/schema/registry"
)

// Published is what was published. Kept by disclosure.Shelf. Safe for concurrent use.
type Published interface {
	// Releases returns the headers of all releases that hold, from the first on; none
	// before the first look. The caller must not change them.
	Releases() []schema.Release
}

// Parts are what a Library reads from; all are required.
type Parts struct {
	Source    Source
	Published Published
	Registry  *registry.Registry
}

// ErrUnread says that lots cannot be read now.
var ErrUnread = errors.New("the lots cannot be read now")

// A Library gives files away. Safe for concurrent use.
type Library struct {
	source    Source
	published Published
	codes     codes
	columns   map[table][]column
	cfg       Config

	making flight.Group[*file]
	gate   flight.Gate
	held   *departure.Kept[*file] // Those in memory, by their names.

	mu    sync.Mutex
	facts map[string]*facts // Of all that were ever made, by their names.
}

// Limits of files in memory and in the making. Who copies all months asks for each once,
// so that few are asked for again soon; one is made at a time, for it is not what the
// store is there for.
const (
	heldMax  = 64 << 20         // Bytes; a month of the country takes some ten, packed.
	makeMax  = 50 * time.Second // Before a server gives its connection up.
	makeWait = 8 * time.Second  // How long somebody waits until another's is made.
)

// New returns a library; an error says what in cfg is wrong.
func New(parts Parts, cfg Config) (*Library, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Library{
		source: parts.Source, published: parts.Published, codes: codes{parts.Registry}, columns: readColumns(), cfg: cfg,
		gate: flight.NewGate(1, flight.NewAlarm()), held: departure.NewKept[*file](heldMax, heldMax), facts: make(map[string]*facts),
	}, nil
}

// A file is one that was made.
type file struct {
	*facts
	name string
	body *departure.Body
}

// facts are what is known of a file once it was made.
type facts struct {
	bytes uint64 // Unpacked.
	sum   string // Its SHA-256.
	rows  int
}

// tag returns the file's strong tag.
func (f *facts) tag() string { return `"` + f.sum[:32] + `"` }

// factsOf returns what is known of a file, nil where this process has not made it.
func (l *Library) factsOf(name string) *facts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.facts[name]
}

// note remembers what is known of a file.
func (l *Library) note(f *file) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.facts[f.name] = f.facts
}

// file returns a file, which is made where it is not in memory.
func (l *Library) file(ctx context.Context, e *edition, n name) (*file, error) {
	if f, ok := l.held.Get(n.String()); ok {
		return f, nil
	}
	return l.making.Get(ctx, n.String(), func(ctx context.Context) (*file, error) {
		if err := l.gate.Enter(ctx, makeWait); err != nil {
			return nil, err
		}
		defer l.gate.Leave()
		ctx, cancel := context.WithTimeout(ctx, makeMax)
		defer cancel()
		f, err := l.make(ctx, e, n)
		if err == nil {
			l.note(f)
			l.held.Put(f.name, f, int(f.body.Held()))
		}
		return f, err
	})
}

// make makes a file.
func (l *Library) make(ctx context.Context, e *edition, n name) (*file, error) {
	w := summed{Writer: departure.Writer{Stored: n.form == formParquet}, sum: sha256.New()}
	rows, err := l.write(ctx, &w, e, n)
	if err != nil {
		return nil, err
	}
	body, err := w.Body(http.Header{
		"Content-Type":        {n.form.media()},
		"Content-Disposition": {`attachment; filename="mlf_` + n.String() + `"`},
		"Cache-Control":       {departure.FrozenAge},
		"Last-Modified":       {e.At.UTC().Format(http.TimeFormat)},
		"Link":                {"<" + metadataOf(n) + `>; rel="describedby"; type="application/csvm+json"`},
	}, rows)
	if err != nil {
		return nil, err
	}
	return &file{&facts{w.bytes, hex.EncodeToString(w.sum.Sum(nil)), rows}, n.String(), body}, nil
}

// metadataOf returns the name of what says what the columns of a file mean.
func metadataOf(n name) string {
	n.form, n.metadata = formCSV, true
	return n.String()
}

// editionsOf returns the editions of a month, ascending; none before the first is due.
func editionsOf(releases []schema.Release, m calendar.Month) []edition {
	vintages := disclosure.Vintages(releases, m)
	if len(vintages) == 0 {
		return nil
	}
	var with []schema.Release // Those that have lots of the month: no others are read.
	editions := make([]edition, 0, len(vintages))
	var before uint64
	first := schema.Day(calendar.DayOf(m, 1))
	for i := range releases {
		account, _ := releases[i].Month(first)
		if published := account.Published(); published != before {
			before = published
			with = append(with, releases[i])
		}
		if releases[i].Number == vintages[len(editions)].Release {
			editions = append(editions, edition{month: m, Vintage: vintages[len(editions)], releases: with[:len(with):len(with)]})
			if len(editions) == len(vintages) {
				break
			}
		}
	}
	return editions
}

// monthsOf returns the months that have votes, ascending.
func monthsOf(releases []schema.Release) []calendar.Month {
	var months []calendar.Month
	for _, m := range releases[len(releases)-1].Months {
		months = append(months, calendar.Day(m.First).Month())
	}
	return months
}

// summed is a body in the making whose bytes are summed up.
type summed struct {
	departure.Writer
	sum   hash.Hash
	bytes uint64
}

func (w *summed) Write(p []byte) (int, error) {
	w.bytes += uint64(len(p))
	_, _ = w.sum.Write(p) // Never fails.
	return w.Writer.Write(p)
}
