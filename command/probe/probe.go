package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query/client"
	"mlf/schema"
)

// A Config says where to vote, and where to look for it. Ingest, Query, Token and
// Comune are required.
type Config struct {
	Ingest string // Where terminals send votes: http://127.0.0.1:8080.
	Query  string // Where statistics are read.

	// Token returns the token of a terminal that was enrolled for tests, and Reader that
	// of a reader, where the public is shown lots: nil or "": none. They are asked for
	// each round, so that they can change.
	Token  func() (string, error)
	Reader func() (string, error)

	// Comune and Office are where the terminal was enrolled. No other terminal for tests
	// is there.
	Comune, Office string

	Every    time.Duration // Between the beginnings of two rounds; default 10 s.
	Deadline time.Duration // By when a vote must be shown; default 60 s.

	HTTP     *http.Client          // Default: one that gives up after 10 s.
	Registry prometheus.Registerer // nil: nobody is told.
	Logger   *slog.Logger          // nil: nobody is told.
	Now      func() time.Time      // Default time.Now.
}

const (
	everyDefault    = 10 * time.Second
	deadlineDefault = time.Minute
	requestMax      = 10 * time.Second

	// How often is looked whether a vote is shown, and whether it is counted: what is
	// shown is in memory, what is counted is read of the store.
	showEvery  = 200 * time.Millisecond
	countEvery = time.Second

	// retryEvery is the time between two attempts to vote, as a terminal waits.
	retryEvery = time.Second
)

// A Probe votes once a round, and begins no round before the vote of the last was
// counted and shown: a figure that is one too low is then seen, however late.
type Probe struct {
	cfg Config
	m   *metrics

	answers *client.Client // Never older ones than before, of whichever process.
	stream  string         // "" before there is one.
	seq     schema.Seq     // Of the last vote.

	mu    sync.Mutex
	began time.Time // Of the round that is on; zero: none is.
}

// New returns a probe that has not voted.
func New(cfg Config) (*Probe, error) {
	if cfg.Token == nil || cfg.Comune == "" || cfg.Ingest == "" || cfg.Query == "" {
		return nil, errors.New("probe: want where to vote, where to look, a token and a comune")
	}
	if cfg.Every < 0 || cfg.Deadline < 0 {
		return nil, errors.New("probe: a time is below 0")
	}
	cfg.Every, cfg.Deadline = cmp.Or(cfg.Every, everyDefault), cmp.Or(cfg.Deadline, deadlineDefault)
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: requestMax}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Probe{cfg: cfg}
	p.m = newMetrics(cfg.Registry, p.pending)
	return p, nil
}

// Run plays rounds until ctx ends, and returns nil.
func (p *Probe) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		began := p.cfg.Now()
		p.play(ctx, began)
		wait(ctx, p.cfg.Every-p.cfg.Now().Sub(began))
	}
	return nil
}

// pending returns for how long a vote has been on its way; 0 for none.
func (p *Probe) pending() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		return 0
	}
	return p.cfg.Now().Sub(p.began)
}

func (p *Probe) begin(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = at
}

// A stage is how far a vote has come.
type stage string

// The stages of a round, in their order.
const (
	asking    stage = "ask"   // How many votes there are before.
	voting    stage = "vote"  // It is not accepted.
	showing   stage = "show"  // It is in no answer.
	counting  stage = "count" // It is not in the store.
	succeeded stage = "success"
)

func stages() []stage { return []stage{asking, voting, showing, counting, succeeded} }

// play plays a round: it ends when its vote is counted and shown, or ctx does. What is
// late is told at the deadline, and not when it ends.
func (p *Probe) play(ctx context.Context, began time.Time) {
	p.begin(began)
	defer p.begin(time.Time{})
	r := round{Probe: p, began: began, at: asking}
	r.mu.Lock() // late may come before the timer is known.
	r.alarm = time.AfterFunc(p.cfg.Deadline, r.late)
	r.mu.Unlock()
	if err := r.play(ctx); err != nil {
		r.end() // ctx has ended.
		return
	}
	r.done()
}

// A round is one vote on its way.
type round struct {
	*Probe
	began time.Time

	mu      sync.Mutex
	at      stage
	last    error // Why it has not come further.
	ended   bool
	failing bool // It was told to be late.
	alarm   *time.Timer
}

// reach notes how far the vote has come.
func (r *round) reach(s stage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.last = s, nil
}

// failed notes why the vote has not come further.
func (r *round) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = err
}

// late counts the rounds that fail: this one, and for as long as it stands in their way
// each that would have begun. So an hour in which nothing comes through weighs as much
// as it does for terminals.
func (r *round) late() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.m.rounds.WithLabelValues(string(r.at)).Inc()
	r.alarm.Reset(r.cfg.Every)
	if r.failing {
		return
	}
	r.failing = true
	r.m.success.Set(0)
	r.cfg.Logger.Error("a vote for tests is late", slog.String("state", string(r.at)), slog.Uint64("value", uint64(r.seq)), slog.Any("err", r.last))
}

// end returns whether the vote was late. No more rounds are counted for it.
func (r *round) end() (late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	r.alarm.Stop()
	return r.failing
}

// done tells that the vote is counted and shown.
func (r *round) done() {
	if r.end() {
		r.cfg.Logger.Info("the vote for tests that was late is counted and shown", slog.Duration("took", r.cfg.Now().Sub(r.began)))
		return
	}
	r.m.success.Set(1)
	r.m.lastSuccess.Set(float64(r.cfg.Now().UnixMilli()) / 1000)
	r.m.rounds.WithLabelValues(string(succeeded)).Inc()
}

func (r *round) play(ctx context.Context) error {
	day := r.began.UTC()
	asked := url.Values{
		"from": {day.AddDate(0, 0, -1).Format(time.DateOnly)}, "to": {day.AddDate(0, 0, 2).Format(time.DateOnly)},
		"comune": {r.cfg.Comune}, "class": {"test"},
	}
	if r.cfg.Office != "" {
		asked.Set("office", r.cfg.Office)
	}
	var before uint64
	exact := true
	err := r.until(ctx, retryEvery, func(ctx context.Context) (done bool, err error) {
		before, exact, err = r.votes(ctx, asked)
		return err == nil, err
	})
	if err != nil {
		return err
	}
	r.reach(voting)
	voted, err := r.vote(ctx)
	if err != nil {
		return err
	}
	r.m.accepted.Observe(r.cfg.Now().Sub(voted).Seconds())
	if exact {
		r.reach(showing)
		err := r.until(ctx, showEvery, func(ctx context.Context) (bool, error) {
			n, _, err := r.votes(ctx, asked)
			return n > before, err
		})
		if err != nil {
			return err
		}
		r.m.visible.Observe(r.cfg.Now().Sub(voted).Seconds())
	}
	r.reach(counting)
	err = r.until(ctx, countEvery, r.isCounted)
	if err == nil {
		r.m.counted.Observe(r.cfg.Now().Sub(voted).Seconds())
	}
	return err
}

// until tries until done or ctx ends. Errors are noted, and the world's.
func (r *round) until(ctx context.Context, every time.Duration, try func(context.Context) (done bool, err error)) error {
	for {
		done, err := try(ctx)
		if done {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.failed(err)
		}
		wait(ctx, every)
	}
}

// votes returns how many votes for tests are shown, and whether each would be: of lots
// the public is shown none.
func (r *round) votes(ctx context.Context, asked url.Values) (n uint64, exact bool, err error) {
	reader := ""
	if r.cfg.Reader != nil {
		if reader, err = r.cfg.Reader(); err != nil {
			return 0, false, err
		}
	}
	if r.answers == nil || r.answers.Token != reader {
		r.answers = &client.Client{Base: r.cfg.Query, HTTP: r.cfg.HTTP, Token: reader, Agent: agent, Forward: true}
	}
	s, err := r.answers.Stats(ctx, asked)
	for i := range s.Rows {
		n += s.Rows[i].N
	}
	return n, s.Meta.Disclosure != "lots", err
}

// isCounted tells whether the store has the vote.
func (r *round) isCounted(ctx context.Context) (bool, error) {
	token, err := r.cfg.Token()
	if err != nil {
		return false, err
	}
	c := &client.Client{Base: r.cfg.Query, HTTP: r.cfg.HTTP, Agent: agent}
	mark, err := c.Watermark(ctx, token, r.stream)
	return err == nil && mark.Highest >= r.seq, err
}

// agent is who asks, in access logs.
const agent = "mlf-probe"

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(max(0, d))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errRejected is the error of a vote that was not taken, for good.
func errRejected(body string) error { return fmt.Errorf("the vote was rejected: %s", body) }
