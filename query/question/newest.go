package question

import (
	"context"
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

// View returns the counts. Where the store cannot be asked older ones are better than
// none.
func (n *Newest) View(ctx context.Context) (View, error) {
	view := n.InMemory()
	if view != nil {
		return view, nil
	}
	view, err := n.Store(ctx)
	if err == nil {
		n.Told(view.Ledger())
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

// Told notes that somebody was told the store's ledger.
func (n *Newest) Told(ledger []schema.LedgerTotals) {
	for {
		before, now := n.told.Load(), PositionOf(ledger)
		if before != nil {
			now = before.Join(now)
		}
		if n.told.CompareAndSwap(before, &now) {
			return
		}
	}
}
