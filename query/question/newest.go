package question

import (
	"context"
	"errors"
	"sync/atomic"

	"mlf/schema"
)

// A Newest gives all counts, from memory or from the store, and never older ones than
// before. Counts in memory may begin with a snapshot of some minutes ago, after the store
// was asked: until they have come as far, the store is asked on. Safe for concurrent use.
type Newest struct {
	Memory func() View                         // Nil where there is nothing in memory.
	Store  func(context.Context) (View, error) // Its rows have all that its ledger accounts for.

	told atomic.Pointer[Position] // How far the store was told to be; nil once memory has come as far.
}

// ErrOlder is the error of a store that has not come as far as was told: another
// database than before, or one that has lost some rows and counts them again.
var ErrOlder = errors.New("the store has not come as far as it was")

// View returns the counts. Where the store cannot be asked older ones are better than
// none; not where it can, and will have come as far soon.
func (n *Newest) View(ctx context.Context) (View, error) {
	view := n.InMemory()
	if view != nil {
		return view, nil
	}
	least := n.Reached()
	view, err := n.Store(ctx)
	if err == nil {
		if err = n.Tell(view.Ledger(), least); err != nil {
			return nil, err
		}
		return view, nil
	}
	if older := n.Memory(); older != nil {
		return older, nil
	}
	return nil, err
}

// InMemory returns the counts in memory; nil where there are none, or older ones than
// those that were told.
func (n *Newest) InMemory() View {
	view, told := n.Memory(), n.told.Load()
	if view == nil || told == nil {
		return view
	}
	if !PositionOf(view.Ledger()).Reaches(*told) {
		return nil
	}
	n.told.CompareAndSwap(told, nil)
	return view
}

// Reached returns how far the store was told to be. What it is asked for from now on must
// have come as far.
func (n *Newest) Reached() Position {
	if told := n.told.Load(); told != nil {
		return *told
	}
	return nil
}

// Tell notes that somebody is told the store's ledger, which was asked for after it was
// known to have reached least. ErrOlder where it has not: then nobody may be told.
func (n *Newest) Tell(ledger []schema.LedgerTotals, least Position) error {
	if !PositionOf(ledger).Reaches(least) {
		return ErrOlder
	}
	for {
		before, now := n.told.Load(), PositionOf(ledger)
		if before != nil {
			now = before.Join(now) // Somebody who asked later may have been told before.
		}
		if n.told.CompareAndSwap(before, &now) {
			return nil
		}
	}
}
