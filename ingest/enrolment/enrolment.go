// Package enrolment says who is a terminal: it numbers terminals, gives them their
// slots and tokens, changes and ends them.
//
// It knows the registry topic as a place that is read to its end and written
// record by record. It must not know Kafka, HTTP, or what a vote is.
package enrolment

import (
	"context"
	"fmt"
	"slices"

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
}

// New reads the registry topic.
func New(ctx context.Context, r Registry) (*Enroller, error) {
	terminals, err := r.ReadRegistry(ctx)
	if err != nil {
		return nil, err
	}
	return &Enroller{r, terminals}, nil
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
func (e *Enroller) Change(ctx context.Context, id schema.TerminalID, change func(*schema.Enrolment)) (*schema.Enrolment, error) {
	known := e.terminals.ByID(id)
	if known == nil {
		return nil, fmt.Errorf("terminal %v: not enrolled; mlf terminal list shows those that are", id)
	}
	changed := *known
	change(&changed)
	return &changed, e.put(ctx, &changed)
}

// put writes one enrolment, and takes it for its own numbering.
func (e *Enroller) put(ctx context.Context, t *schema.Enrolment) error {
	key, value, err := t.RegistryRecord()
	if err != nil {
		return err
	}
	if err := e.registry.PutRegistry(ctx, key, value); err != nil {
		return fmt.Errorf("write enrolment of %v: %w", t.Terminal, err)
	}
	return e.terminals.Apply(key, value)
}
