package alarmed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A fault is something that breaks, and the alerts that ought to come of it: these,
// and no others.
type fault struct {
	name    string
	isShort bool // Every run tries it: it must hold on a machine that has much else to do.
	expects []string
	may     []string      // What comes besides where mending takes long, or where the probe's votes go the way that is harmed.
	lasts   time.Duration // At least.

	// until tells what the runbook says to look at, and returns an error while that does
	// not say what is wrong. May be nil.
	until func(context.Context) error

	// breaks returns what mends it, also with an error.
	breaks func(context.Context) (mend mending, err error)
}

// A mending is what the runbook says that ends it.
type mending func(context.Context) error

// Short and All are names of sets of faults.
const (
	Short = "short"
	All   = "all"
)

// and joins the names of faults that are tried at one time.
const and = "; "

func (f fault) isWanted(names []string) bool {
	if slices.Contains(names, All) || f.isShort && slices.Contains(names, Short) {
		return true
	}
	return slices.ContainsFunc(strings.Split(f.name, and), func(name string) bool { return slices.Contains(names, name) })
}

// both returns two faults that have nothing to do with each other as one, which takes
// no longer than the longer of them. They mend in their order.
func both(a, b fault) fault {
	return fault{
		name: a.name + and + b.name, isShort: a.isShort && b.isShort, lasts: max(a.lasts, b.lasts),
		expects: slices.Concat(a.expects, b.expects), may: slices.Concat(a.may, b.may),
		until: func(ctx context.Context) error { return errors.Join(a.looks(ctx), b.looks(ctx)) },
		breaks: func(ctx context.Context) (mending, error) {
			mendA, err := a.breaks(ctx)
			if err != nil {
				return mendA, err
			}
			mendB, err := b.breaks(ctx)
			return func(ctx context.Context) error { return errors.Join(mends(ctx, mendA), mends(ctx, mendB)) }, err
		},
	}
}

// looks calls until, if there is one.
func (f fault) looks(ctx context.Context) error {
	if f.until == nil {
		return nil
	}
	if err := f.until(ctx); err != nil {
		return fmt.Errorf("where the runbook says to look: %w", err)
	}
	return nil
}

func mends(ctx context.Context, mend mending) error {
	if mend == nil {
		return nil
	}
	return mend(ctx)
}

// faults returns the table. The last ones leave something behind.
func (t *trial) faults() []fault {
	frozen, gone, lines, certificates, harmed := t.frozen(), t.gone(), t.lines(), t.certificates(), t.harmed()
	return slices.Concat(t.health(), []fault{
		frozen.store, frozen.kafka, frozen.pods,
	}, t.full(), []fault{
		gone.kafka, both(gone.ingest, lines.query), gone.aggregate, gone.query, both(gone.store, certificates.refused), lines.aggregate,
		both(harmed.record, gone.probe), both(lines.ingest, both(certificates.ending, both(harmed.near, harmed.row))), harmed.removed,
	})
}

// health is no fault.
func (t *trial) health() []fault {
	return []fault{
		{name: "none: all stages are rolled while a country votes", lasts: healthy, until: t.tellsMargins, breaks: func(ctx context.Context) (mending, error) {
			_, err := t.Restart(ctx, voting()...)
			return nil, err
		}},
		{name: "Alertmanager frozen: the watchdog is not heard", isShort: true, breaks: t.freezesAlertmanager, until: func(context.Context) error {
			if t.receiver.silence() < silent {
				return errors.New("the watchdog is heard")
			}
			return nil
		}},
	}
}

// healthy is how long nothing may fire: longer than any rule waits, but that for two
// versions.
const healthy = 35 * time.Second

// silent is how long the watchdog, which is told each second here, may not be heard.
const silent = 5 * time.Second

// tellsMargins notes how near health has come to the limit that is the easiest to reach
// on a busy machine.
func (t *trial) tellsMargins(ctx context.Context) error {
	found, err := t.Query(ctx, `max(max_over_time(mlf:counted_age:seconds[35s]))`)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return errors.New("no mlf query says how old the oldest vote is that is not counted")
	}
	t.said = fmt.Sprintf("the oldest vote that was not counted was of %s s, and %d are the limit", found[0].Value, 300/agesBy)
	return nil
}
