package watch

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	judging "mlf/query/alert"
	"mlf/schema"
	"mlf/schema/alert"
)

// A Log is where settings, alerts and notes are kept.
type Log interface {
	// PutAlert appends a record, acknowledged by all; a nil value takes back what the key had.
	// After an error the outcome is unknown. It blocks for seconds at most.
	PutAlert(ctx context.Context, key string, value []byte) error
}

// A Sender carries messages.
type Sender interface {
	// Send sends m in the words of s to one of its targets, as alert.Settings.Targets writes
	// it, for hours if need be, and calls done once with what became of it; never after the
	// sender has ended. It does not block. False: it has too much to do; ask again later.
	Send(s *alert.Settings, target string, m *judging.Message, done func(alert.Outcome)) bool

	// SendTest is Send for a message that somebody wants to see arrive.
	SendTest(s *alert.Settings, target string, t *alert.Test, done func(alert.Outcome)) bool
}

// A Config is what a Watcher works with. Judge, Book, Log, Sender and Zone are required.
type Config struct {
	Judge  *judging.Judge
	Book   *alert.Book
	Log    Log
	Sender Sender
	Zone   *time.Location // Rome's.

	// Behind tells why counts are not to be judged by: they are behind the log by more than
	// 15 minutes, or a partition is halted. Nil: never.
	Behind func(ctx context.Context) error

	// Spread is the time of each hour over which bodies are judged, so that they do not all want
	// the processor at once; default 50 min, at most that. Negative: all at its beginning.
	Spread time.Duration

	Every    time.Duration         // Between two looks at what is to do; default 10 s.
	Now      func() time.Time      // Default time.Now.
	Registry prometheus.Registerer // Nil: nobody is told.
	Logger   *slog.Logger          // Nil: nobody is told.
}

// A Watcher judges and tells. One goroutine runs it.
type Watcher struct {
	cfg     Config
	metrics *metrics

	judged map[schema.BodyCode]judged
	behind behind
	swept  schema.Hour

	mu       sync.Mutex
	flying   map[flight]bool // What the sender has.
	landed   []landing       // What became of it, to be written.
	knocking chan struct{}   // Something has landed.
}

// judged is what of a body was judged last: which hour, by which version of its settings.
type judged struct {
	hour    schema.Hour
	version uint64
}

// A flight is a message on its way to a target.
type flight struct {
	body            schema.BodyCode
	message, target string
}

// A landing is what became of a flight.
type landing struct {
	flight
	alert.Outcome
}

// behind is what was found about the counts, and when.
type behind struct {
	at  time.Time
	err error
}

const (
	spreadMax = 50 * time.Minute
	lookEvery = 10 * time.Second

	// behindFor is for how long it holds that counts are not behind, or are.
	behindFor = time.Minute

	// keepFor is how long alerts are kept after they were last judged, with their notes.
	keepFor = 400 * 24 * time.Hour

	// repairMax is the most records that are put again at once.
	repairMax = 100
)

// New returns a watcher that has judged nothing.
func New(cfg Config) (*Watcher, error) {
	if cfg.Judge == nil || cfg.Book == nil || cfg.Log == nil || cfg.Sender == nil || cfg.Zone == nil {
		return nil, errors.New("watch for alerts: want a judge, a book, a log, a sender and Rome's zone")
	}
	cfg.Spread = min(cmp.Or(cfg.Spread, spreadMax), spreadMax)
	cfg.Every = cmp.Or(cfg.Every, lookEvery)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	w := &Watcher{
		cfg: cfg, judged: make(map[schema.BodyCode]judged), flying: make(map[flight]bool), knocking: make(chan struct{}, 1),
	}
	w.metrics = newMetrics(cfg.Registry, cfg.Book)
	return w, nil
}

// Run judges and tells until ctx ends, and returns nil.
func (w *Watcher) Run(ctx context.Context) error {
	tick := time.NewTicker(w.cfg.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		changed := w.cfg.Book.Changed()
		w.Step(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			continue
		case <-w.knocking:
		case <-changed:
		}
		settle(ctx) // Several records come together.
	}
	return nil
}

// settle waits for a moment.
func settle(ctx context.Context) {
	t := time.NewTimer(200 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Step does what is to do now: judges whom it is time for, writes what became of messages, tells
// what is due. What fails is tried again by the next step.
func (w *Watcher) Step(ctx context.Context) {
	if !w.cfg.Book.Complete() {
		return
	}
	now := w.cfg.Now()
	for _, r := range w.cfg.Book.Behind(repairMax) {
		if w.put(ctx, r) != nil {
			return
		}
	}
	w.land(ctx)
	for _, body := range w.cfg.Book.Bodies() {
		if ctx.Err() != nil {
			return
		}
		s := w.cfg.Book.Settings(body)
		if hour := schema.HourOf(now); w.due(s, hour, now) && w.judge(ctx, s, hour.Time()) {
			w.judged[body] = judged{hour, s.Version}
		}
		w.tell(ctx, s, now)
	}
	w.sendTests(now)
	w.sweep(ctx, now)
	w.metrics.looked(now)
}

// due tells whether a body is to be judged now: once in an hour, when its turn has come, and when
// it has changed what it wants to be told of, because whoever did wants to see what comes of it.
func (w *Watcher) due(s *alert.Settings, hour schema.Hour, now time.Time) bool {
	last, known := w.judged[s.Body]
	if last.version != s.Version && (known || now.Sub(s.At) < changedFor) {
		return true
	}
	return last.hour != hour && !now.Before(hour.Time().Add(w.offset(s.Body)))
}

// changedFor is for how long settings are new to a watcher that has begun since.
const changedFor = 10 * time.Minute

// offset is how long after the hour a body is judged.
func (w *Watcher) offset(body schema.BodyCode) time.Duration {
	if w.cfg.Spread <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(body))
	return time.Duration(h.Sum64() % uint64(w.cfg.Spread))
}

// put appends a record and takes it: what reads it back need not have come so far.
func (w *Watcher) put(ctx context.Context, r alert.Record) error {
	err := w.cfg.Log.PutAlert(ctx, r.Key, r.Value)
	if err == nil {
		err = w.cfg.Book.Apply(r.Key, r.Value)
	}
	if err != nil && ctx.Err() == nil {
		w.metrics.failed.Inc()
		w.cfg.Logger.Warn("alert not written", slog.String("key", r.Key), slog.Any("err", err))
	}
	return err
}

// putAlert writes an alert.
func (w *Watcher) putAlert(ctx context.Context, a *alert.Alert) error {
	r, err := a.Record()
	if err != nil {
		w.cfg.Logger.Error("alert not written", slog.String("key", a.ID), slog.Any("err", err))
		return err
	}
	return w.put(ctx, r)
}

// judge judges the rules of a body as of a whole hour, and tells whether that is done.
func (w *Watcher) judge(ctx context.Context, s *alert.Settings, hour time.Time) bool {
	counted := w.counted(ctx)
	of := w.cfg.Book.Alerts(s.Body)
	wanted := make(map[string]bool)
	for _, q := range judging.Questions(s) {
		current := q.Current(of, hour)
		if current != nil {
			wanted[current.ID] = true
		}
		v := judging.Verdict{Why: judging.WhyCounts}
		var err error
		if counted == nil || q.Rule.Kind == alert.Silence {
			v, err = w.cfg.Judge.Judge(ctx, &q, hour)
		}
		if err != nil {
			w.cfg.Logger.Warn("rule not judged", slog.String("key", string(s.Body)), slog.String("kind", string(q.Rule.Kind)), slog.Any("err", err))
			w.metrics.judged.WithLabelValues("error").Inc()
			continue
		}
		w.metrics.judged.WithLabelValues(cmp.Or(v.Why, "judged")).Inc()
		after := q.Next(current, &v, hour, w.cfg.Judge.Enough(q.Rule.Kind, hour))
		if after == nil {
			continue
		}
		if w.putAlert(ctx, after) != nil {
			return false
		}
		w.metrics.changed(current, after)
	}
	return w.end(ctx, of, wanted, hour)
}

// end closes the alerts that no rule asks for any more, and those that stand beside another of
// the same.
func (w *Watcher) end(ctx context.Context, of []*alert.Alert, wanted map[string]bool, hour time.Time) bool {
	for _, a := range of {
		if a.State == alert.Open && !wanted[a.ID] {
			after := judging.Ended(a, hour)
			if w.putAlert(ctx, after) != nil {
				return false
			}
			w.metrics.changed(a, after)
		}
	}
	return true
}

// counted tells why counts are not to be judged by.
func (w *Watcher) counted(ctx context.Context) error {
	if w.cfg.Behind == nil {
		return nil
	}
	if now := time.Now(); w.behind.at.IsZero() || now.Sub(w.behind.at) >= behindFor {
		w.behind.at, w.behind.err = now, w.cfg.Behind(ctx)
		if w.behind.err != nil {
			w.cfg.Logger.Warn("counts are not judged by", slog.Any("err", w.behind.err))
		}
	}
	return w.behind.err
}

// sweep takes back what is too old, once an hour.
func (w *Watcher) sweep(ctx context.Context, now time.Time) {
	hour := schema.HourOf(now)
	if w.swept == hour {
		return
	}
	for _, a := range w.cfg.Book.Alerts("") {
		if now.Sub(a.Updated) < keepFor {
			continue
		}
		for _, r := range a.Forget(w.cfg.Book.Notes(a.ID)) {
			if w.put(ctx, r) != nil {
				return
			}
		}
	}
	w.swept = hour
}
