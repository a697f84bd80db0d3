// Package enrolment says who is a terminal: it numbers terminals, gives them their
// slots and tokens, changes and ends them.
//
// It knows the registry topic as a place that is read to its end and written
// record by record. It must not know Kafka, HTTP, or what a vote is.
package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/schema"
)

// parallel is the number of enrolments under way at once: one waits for the disks
// of the brokers, several share the wait.
const parallel = 64

// A Registry is the registry topic.
type Registry interface {
	// ReadRegistry returns what the topic held when it was called.
	ReadRegistry(ctx context.Context) (*schema.Terminals, error)

	// PutRegistry appends a record, durably. After an error it may be there or not.
	// Safe for use by several goroutines.
	PutRegistry(ctx context.Context, key string, value []byte) error
}

// An Enroller writes enrolments. It has read the registry topic to its end, to
// number the terminals of a comune; two enrollers at once may give one number
// twice, which only makes a slot a little fuller. One call at a time.
type Enroller struct {
	registry  Registry
	terminals *schema.Terminals
	by        schema.By // Who changes and ends terminals; empty for a command.
}

// New reads the registry topic.
func New(ctx context.Context, r Registry) (*Enroller, error) {
	terminals, err := r.ReadRegistry(ctx)
	if err != nil {
		return nil, err
	}
	return &Enroller{registry: r, terminals: terminals}, nil
}

// Terminals returns what New has read, and what was written since.
func (e *Enroller) Terminals() *schema.Terminals { return e.terminals }

// Enrol fills in terminal, token, ordinal and slot of each template and writes it.
// It returns those that are on the registry topic, also with an error.
func (e *Enroller) Enrol(ctx context.Context, templates []schema.Enrolment) ([]schema.Enrolled, error) {
	enrolled := make([]schema.Enrolled, len(templates))
	ordinals := make(map[schema.ComuneID]uint32)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, t := range templates {
		if _, known := ordinals[t.Comune]; !known {
			ordinals[t.Comune] = e.terminals.NextOrdinal(t.Comune)
		}
		token := schema.NewToken()
		t.Terminal = schema.NewTerminalID()
		t.Token = schema.HashToken([]byte(token))
		t.Ordinal = ordinals[t.Comune]
		t.Slot = schema.SlotOf(t.Comune, t.Ordinal)
		ordinals[t.Comune]++
		group.Go(func() error {
			if err := e.put(groupCtx, &t); err != nil {
				return err
			}
			enrolled[i] = schema.Enrolled{Terminal: t.Terminal, Token: token}
			return nil
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(enrolled, func(t schema.Enrolled) bool { return t.Token == "" }), err
}

// Change writes the enrolment of a terminal anew, as change leaves it: another
// token, or revoked. It returns what it wrote.
//
// Others may change the same terminal at the same moment. A revocation is never
// undone: it has a record of its own. Of two new tokens the one that was written
// last holds, and whoever wrote the other gets an error.
func (e *Enroller) Change(ctx context.Context, id schema.TerminalID, change func(*schema.Enrolment)) (*schema.Enrolment, error) {
	known := e.terminals.ByID(id)
	if known == nil {
		return nil, fmt.Errorf("terminal %v: not enrolled; mlf terminal list shows those that are", id)
	}
	changed := *known
	change(&changed)
	if changed.Revoked {
		if err := e.write(ctx, schema.Revocation{Terminal: id, At: time.Now().UTC(), By: e.by}.RegistryRecord); err != nil {
			return nil, fmt.Errorf("write revocation of %v: %w", id, err)
		}
	}
	// Of a revoked one too: processes of older versions know no other revocation.
	if err := e.put(ctx, &changed); err != nil {
		return nil, err
	}
	if changed.Token != known.Token {
		return &changed, e.holds(ctx, &changed)
	}
	return &changed, nil
}

// Close writes that a terminal is closed since at, and returns its enrolment. One that is
// closed already stays closed since then.
func (e *Enroller) Close(ctx context.Context, id schema.TerminalID, at time.Time) (*schema.Enrolment, error) {
	known := e.terminals.ByID(id)
	if known == nil {
		return nil, fmt.Errorf("terminal %v: not enrolled; mlf terminal list shows those that are", id)
	}
	if !known.Closed.IsZero() {
		return known, nil
	}
	if err := e.write(ctx, schema.Closure{Terminal: id, At: at.UTC(), By: e.by}.RegistryRecord); err != nil {
		return nil, fmt.Errorf("write closure of %v: %w", id, err)
	}
	return e.terminals.ByID(id), nil
}

// chunk is how many terminals EnrolAll enrols between two reports: some tenths of a second.
const chunk = 500

// EnrolAll is Enrol of many: it reports those that are on the topic as it goes, so that
// tokens are not lost by what comes after them. It ends with the first error of report.
func (e *Enroller) EnrolAll(ctx context.Context, templates []schema.Enrolment, report func(enrolled []schema.Enrolled) error) error {
	for part := range slices.Chunk(templates, chunk) {
		enrolled, err := e.Enrol(ctx, part)
		if err := errors.Join(report(enrolled), err); err != nil {
			return err
		}
	}
	return nil
}

// holds reads the registry again and tells whether t's token is the one that holds.
func (e *Enroller) holds(ctx context.Context, t *schema.Enrolment) error {
	terminals, err := e.registry.ReadRegistry(ctx)
	if err != nil {
		return err
	}
	if got := terminals.ByID(t.Terminal); got == nil || got.Token != t.Token {
		return fmt.Errorf("terminal %v: somebody else gave it a token at the same moment, and theirs holds; ask again for another", t.Terminal)
	}
	return nil
}

// put writes one enrolment.
func (e *Enroller) put(ctx context.Context, t *schema.Enrolment) error {
	if err := e.write(ctx, t.RegistryRecord); err != nil {
		return fmt.Errorf("write enrolment of %v: %w", t.Terminal, err)
	}
	return nil
}

// write puts one record, and takes it for e's own numbering.
func (e *Enroller) write(ctx context.Context, record func() (key string, value []byte, err error)) error {
	key, value, err := record()
	if err != nil {
		return err
	}
	if err := e.registry.PutRegistry(ctx, key, value); err != nil {
		return err
	}
	return e.terminals.Apply(key, value)
}
