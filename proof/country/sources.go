package country

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/proof/country/foreign"
	"mlf/schema"
)

// Register writes a record of the registry topic, durably.
type Register func(ctx context.Context, key string, value []byte) error

// An Import puts the calls of an exchange's Master.csv on the log. What fails is tried again:
// a file that is imported twice counts once.
type Import func(ctx context.Context, integration, serial string, file []byte) error

// sources are those of a simulation that keep no state: what they send, in whose name, and
// what the service says of them.
type sources struct {
	sim  *Simulation
	play *foreign.Play
	all  []*stateless
	at   map[place]*stateless // By where they are counted.
	seen sourcesSeen
}

// sourcesSeen is what became of the requests of all sources.
type sourcesSeen struct {
	mu       sync.Mutex
	sent     uint64 // Requests that tell an event, every try of them.
	answered uint64 // Of them those that were taken.
	doubted  bool   // Of some nobody knows whether they were taken, or how often.
}

// A place is where one source is counted, and nobody else: its office has its name.
type place struct {
	comune schema.ComuneID
	office schema.OfficeCode
}

// A stateless is a source that is played. One goroutine at a time owns it.
type stateless struct {
	foreign.Source
	enrol    schema.Enrolment
	as       foreign.Registered
	requests []*foreign.Request

	before, after counted
	doubt         foreign.Totals // Ratings without an identity of which nobody knows whether they were taken.
}

// A counted is what the service has of a source: votes, votes that are tests, and, of an
// exchange, votes by hour.
type counted struct {
	votes, tests foreign.Totals
	hours        map[schema.Hour]foreign.Totals
}

func newCounted() counted { return counted{hours: make(map[schema.Hour]foreign.Totals)} }

// How many sources there are: one of a kind for so many terminals, at least as many as
// show all that the kind does.
const (
	terminalsABox      = 200
	terminalsADevice   = 200
	terminalsAnExhange = 500
	terminalsASite     = 100
)

// foreignConfig returns the play for the terminals and days of p: fewer sources where it
// would not fit into memory.
func (p *plan) foreignConfig() foreign.Config {
	hours := max(1, 24*p.cfg.Days)
	most := foreign.SourceHoursMax / hours / 4
	share := func(least, terminals int) int { return min(max(least, p.cfg.Terminals/terminals), max(least, most)) }
	return foreign.Config{
		Seed: p.cfg.Seed, First: p.first, Hours: hours,
		Boxes: share(8, terminalsABox), Devices: share(2, terminalsADevice), Exchanges: share(2, terminalsAnExhange), Sites: share(4, terminalsASite),
		Weather: foreign.Weather{Lost: 0.02, Twice: 0.08, Late: 0.05, LateMax: 3 * time.Hour, Cuts: 0.5, Boots: 0.1},
	}
}

// newSources plans sources. None where the configuration wants none.
func newSources(s *Simulation, places *places) (*sources, error) {
	play, err := foreign.New(s.plan.foreignConfig())
	if err != nil {
		return nil, err
	}
	x := &sources{sim: s, play: play, at: make(map[place]*stateless)}
	named := make(map[string]*stateless)
	for i := range play.Sources {
		o := &stateless{Source: play.Sources[i], before: newCounted(), after: newCounted()}
		o.enrol = schema.Enrolment{
			Comune: places.comune(s.plan.rand(i, drawSource)).ID, Office: schema.OfficeCode(fmt.Sprintf("src-%d", i)),
			Channel: o.Channel, Scale: o.Scale, Since: s.plan.first.Time().Add(-enrolledBefore), Services: places.offered[:min(3, len(places.offered))],
		}
		x.all, named[o.Name], x.at[place{o.enrol.Comune, o.enrol.Office}] = append(x.all, o), o, o
	}
	for i := range play.Requests {
		r := &play.Requests[i]
		named[r.Source].requests = append(named[r.Source].requests, r)
	}
	return x, nil
}

// templates are the terminals of all sources.
func (x *sources) templates() []schema.Enrolment {
	all := make([]schema.Enrolment, len(x.all))
	for i := range all {
		all[i] = x.all[i].enrol
	}
	return all
}

// register writes the registry's records of all sources, whose terminals are enrolled.
func (x *sources) register(ctx context.Context, enrolled []schema.Enrolled) error {
	for i, o := range x.all {
		o.enrol.Terminal, o.as = enrolled[i].Terminal, o.Register(enrolled[i].Terminal, enrolled[i].Token)
		for _, record := range o.as.Records() {
			key, value, err := record.RegistryRecord()
			if err == nil {
				err = x.sim.register(ctx, key, value)
			}
			if err != nil {
				return fmt.Errorf("register %s: %w", o.Name, err)
			}
		}
	}
	return nil
}

// run sends what all sources send: each of them in order.
func (x *sources) run(parent context.Context) error {
	requests := 0
	for _, o := range x.all {
		requests += len(o.requests)
	}
	x.sim.log.Info("playing sources", slog.Int("taken", len(x.all)), slog.Int("want", requests))
	group, ctx := errgroup.WithContext(parent)
	group.SetLimit(max(1, x.sim.cfg.Connections/2))
	for i, o := range x.all {
		group.Go(func() error {
			for n, r := range o.requests {
				if err := x.send(ctx, o, r, citizen(i, n)); err != nil {
					return fmt.Errorf("%s: %w", o.Name, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return x.importFiles(parent)
}

// importFiles has the files read that exchanges keep: each call has been told by a webhook,
// unless that was lost.
func (x *sources) importFiles(ctx context.Context) error {
	for _, f := range x.play.Files {
		if x.sim.imports == nil {
			break
		}
		o := x.all[slices.IndexFunc(x.all, func(o *stateless) bool { return o.Name == f.Source })]
		err := x.sim.weather.insist(ctx, func() error {
			err := x.sim.imports(ctx, o.as.Integration, o.Serial, f.Body)
			if err != nil {
				x.seen.doubted = true
				return &weatherError{cause: "import of calls", err: err}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("import the calls of %s: %w", o.Name, err)
		}
		calls := x.play.Truth.Filed(o.Name)
		x.seen.sent, x.seen.answered = x.seen.sent+calls, x.seen.answered+calls
	}
	return nil
}

// citizen returns the address of who fills in a form: each is of another network.
func citizen(source, n int) string {
	return fmt.Sprintf("10.%d.%d.7", (source*31+n>>8)&255, n&255)
}

// newcomerAttempts is how often it is tried again when nobody knows a source: what was
// registered takes effect within a second.
const newcomerAttempts = 40

// send sends r until it is taken. A form is sent once: whether it was taken nobody knows
// who had no answer.
func (x *sources) send(ctx context.Context, o *stateless, r *foreign.Request, client string) error {
	for attempt := 0; ; attempt++ {
		err := x.post(ctx, o, r, client)
		if err == nil {
			x.sim.weather.success()
			return nil
		}
		var refused *refusedError
		if errors.As(err, &refused) && refused.status == http.StatusNotFound && attempt < newcomerAttempts {
			err = &weatherError{cause: "POST " + r.Path + ": 404", unknownToken: true, err: err}
		}
		if unknown(err) && r.Value > 0 && r.Event {
			o.doubt[r.Value-1]++
			return nil
		}
		if err := x.sim.weather.await(ctx, attempt, err); err != nil {
			return err
		}
	}
}

// unknown tells whether err leaves open what became of a request.
func unknown(err error) bool {
	var bad *weatherError
	return errors.As(err, &bad) && !bad.unknownToken && !strings.HasSuffix(bad.cause, ": 429")
}

// post makes one attempt.
func (x *sources) post(ctx context.Context, o *stateless, r *foreign.Request, client string) error {
	header := http.Header{"X-Forwarded-For": {client}}
	for name, value := range r.Header {
		header.Set(name, value)
	}
	x.sim.counters.requests.Add(1)
	err := x.sim.client.postSource(ctx, o.as.Token, strings.ReplaceAll(r.Path, "{site}", o.as.Site), header, r.Body)
	var bad *weatherError
	if errors.As(err, &bad) && o.as.Site != "" {
		bad.cause = strings.ReplaceAll(bad.cause, o.as.Site, "{site}") // One cause, however many sites.
	}
	if r.Event {
		x.seen.mu.Lock()
		defer x.seen.mu.Unlock()
		x.seen.sent++
		if err == nil {
			x.seen.answered++
		}
		x.seen.doubted = x.seen.doubted || unknown(err)
	}
	return err
}
