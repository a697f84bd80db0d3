package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/command/process"
	judging "mlf/query/alert"
	"mlf/query/alert/routes"
	"mlf/query/alert/watch"
	"mlf/query/desk"
	"mlf/query/fleet"
	"mlf/query/marks"
	"mlf/query/notify"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/annotation"
	"mlf/schema/network"
)

// A Log is the log of votes and the topic of alerts.
type Log interface {
	// PutAlert and FollowAlerts are ingest/broker.Client's.
	PutAlert(ctx context.Context, key string, value []byte) error
	FollowAlerts(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error

	// Bounds and Appended are uncounted.Log's.
	Bounds(ctx context.Context) ([]schema.Bounds, error)
	Appended(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Instant, error)
}

// Parts are what alerts are made of in a process. All are shared.
type Parts struct {
	Log         Log
	Book        *alert.Book // Nothing else may follow the topic into it.
	Counts      func() question.View
	States      func(ctx context.Context) ([]schema.PartitionState, error) // Of the counting.
	Words       *question.Vocabulary
	Terminals   *schema.Terminals
	Network     *network.Network
	Annotations *annotation.Book
	Fleet       *fleet.Fleet
	Metrics     prometheus.Registerer
	Logger      *slog.Logger
}

// Follow returns the part that keeps the book equal to the topic. Votes do without: no check
// waits for it.
func (p *Parts) Follow() process.Part {
	return process.Part{Name: "alerts", Run: func(ctx context.Context) error {
		return p.Log.FollowAlerts(ctx, p.Book.Apply, p.Book.SetComplete)
	}}
}

// Watch returns the parts that judge rules and carry messages, beside Follow.
func (p *Parts) Watch(f *SendFlags) ([]process.Part, error) {
	sender, err := f.sender()
	if err != nil {
		return nil, err
	}
	key, err := f.Key()
	if err != nil {
		return nil, err
	}
	zone := p.Words.Clock().Zone()
	c := (&carrier{key: key, url: f.AlertURL, names: p.Words.Registry(), bodies: p.Network.Body, zone: zone}).sendBy(sender)
	w, err := watch.New(watch.Config{
		Judge: &judging.Judge{
			Counts: p.Counts, Words: p.Words, Terminals: p.Terminals, Bodies: p.Network.Body, Notes: marks.NewNotes(p.Annotations, p.Words), Fleet: p.Fleet,
		},
		Book: p.Book, Log: p.Log, Sender: c, Zone: zone, Behind: p.behind, Registry: p.Metrics, Logger: p.Logger,
	})
	if err != nil {
		return nil, err
	}
	return []process.Part{{Name: "watcher", Run: w.Run}, {Name: "courier", Run: c.courier.Run}, {Name: "tests", Run: c.tests.Run}}, nil
}

// behindMax is by how much counts may be behind the log to be judged by: less than what an hour
// may be late.
const behindMax = 15 * time.Minute

// behind tells why counts are not to be judged by.
func (p *Parts) behind(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	view := p.Counts()
	if view == nil {
		return errors.New("the counts in memory do not stand")
	}
	states, err := p.States(ctx)
	if err != nil {
		return fmt.Errorf("ask for states: %w", err)
	}
	for _, s := range states {
		if s.State == schema.StateHalted {
			return fmt.Errorf("partition %d is halted: %s", s.Partition, s.Reason)
		}
	}
	bounds, err := p.Log.Bounds(ctx)
	if err != nil {
		return fmt.Errorf("ask where the log ends: %w", err)
	}
	ledger := view.Ledger()
	for i, b := range bounds {
		next := schema.Offset(0)
		if i < len(ledger) {
			next = ledger[i].Next
		}
		if b.Next == schema.OffsetUnknown || next >= b.Next {
			continue // What nobody can read now nobody can count.
		}
		at, err := p.Log.Appended(ctx, schema.Partition(i), next)
		if err != nil && !errors.Is(err, schema.ErrOffsetOutOfRange) {
			return fmt.Errorf("partition %d: %w", i, err)
		}
		if age := time.Since(at.Time()); err == nil && age > behindMax {
			return fmt.Errorf("partition %d is counted to %v ago", i, age.Round(time.Second))
		}
	}
	return nil
}

// Routes returns what bodies ask about their alerts.
func (p *Parts) Routes(f *KeyFlags) ([]desk.Route, error) {
	key, err := f.Key()
	if err != nil {
		return nil, err
	}
	// Whether there is a mail server is whoever's that sends; here addresses are looked at.
	checks, err := notify.New(notify.Config{Mail: &notify.Mail{Server: notify.MailServer{Host: "localhost", Port: 25, TLS: notify.Plain}, From: "mlf@example.org"}})
	if err != nil {
		return nil, err
	}
	r := routes.Parts{Book: p.Book, Log: p.Log, Joined: p.joined, Check: func(kind, address string) error {
		t := notify.Target{Kind: kind, Address: address}
		if kind == notify.Webhook {
			t.Secret = make([]byte, keyMin)
		}
		return checks.Check(t)
	}}
	if key != "" {
		r.Secret = func(body schema.BodyCode, webhook string) string {
			return notify.SecretText(secret(key, body, webhook))
		}
	}
	return routes.Routes(r), nil
}

// joined tells whether there is a body of a code, or terminals of one.
func (p *Parts) joined(code schema.BodyCode) bool {
	return p.Network.Body(code) != nil || slices.ContainsFunc(p.Terminals.All(), func(e *schema.Enrolment) bool { return e.Body == code })
}
