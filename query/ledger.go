package query

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"mlf/query/question"
	"mlf/schema"
)

// account is what the ledger says of one partition, or of all together.
type account struct {
	NextOffset schema.Offset  `json:"next_offset"`
	LogEnd     *schema.Offset `json:"log_end"` // Null when the log cannot be reached.
	Newest     *time.Time     `json:"newest"`  // Ingest time; null for none.
	schema.Tally
}

type partitionAccount struct {
	Partition schema.Partition `json:"partition"`
	State     schema.State     `json:"state"`
	Reason    string           `json:"reason,omitempty"`
	Since     time.Time        `json:"since,omitzero"`
	account
}

type ledgerAnswer struct {
	AsOf       time.Time          `json:"as_of"`
	Totals     account            `json:"totals"`
	Partitions []partitionAccount `json:"partitions"`

	position question.Position
}

// serveLedger answers GET /v1/ledger.
func (s *Server) serveLedger(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	if !s.audienceIn(r.Context()).exact() {
		return s.servePublishedLedger(w)
	}
	ledger, err := s.ledgers.Get(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Mlf-Position", ledger.position.String())
	return writeJSON(w, ledger)
}

// servePublishedLedger answers the account of what is published: of releases, in
// place of records, and of no partition.
func (s *Server) servePublishedLedger(w http.ResponseWriter) error {
	view, err := s.published()
	if err != nil {
		return err
	}
	t := &view.Ledger()[0]
	totals := account{NextOffset: t.Next, LogEnd: &t.Next, Newest: newestOf(t.Newest), Tally: t.Tally}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Mlf-Position", question.PositionOf(view.Ledger()).String())
	return writeJSON(w, ledgerAnswer{AsOf: s.now(), Totals: totals, Partitions: []partitionAccount{}})
}

// readLedger reads the ledger, and after it the log's end: whoever sees
// next_offset reach log_end knows that everything acknowledged before the
// request is counted.
func (s *Server) readLedger(ctx context.Context) (ledgerAnswer, error) {
	asOf := s.now()
	if view := s.newest.InMemory(); view != nil {
		return ledgerOf(asOf, s.withStates(ctx, view.Ledger()), s.logEnds(ctx)), nil
	}
	bounded, cancel := context.WithTimeout(ctx, s.cfg.StoreTimeout)
	defer cancel()
	least := s.newest.Reached()
	ledger, err := s.Store().Ledger(bounded)
	if err != nil {
		return ledgerAnswer{}, s.storeProblem(ctx, fmt.Errorf("read ledger: %w", err))
	}
	if err := s.newest.Tell(ledger, least); err != nil {
		return ledgerAnswer{}, err
	}
	return ledgerOf(asOf, ledger, s.logEnds(ctx)), nil
}

// withStates returns a ledger of counts in memory with the states of its partitions,
// which the store has. While it is away they are those that were last known: what
// was counted is told all the same.
func (s *Server) withStates(ctx context.Context, counted []schema.LedgerTotals) []schema.LedgerTotals {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.LogTimeout)
	defer cancel()
	if stored, err := s.Store().States(ctx); err != nil {
		s.logger.Debug("states of the partitions unknown", slog.Any("err", err))
	} else {
		s.states.Store(&stored)
	}
	var states []schema.PartitionState
	if known := s.states.Load(); known != nil {
		states = *known
	}
	ledger := make([]schema.LedgerTotals, max(len(counted), len(states)))
	for i := range ledger {
		ledger[i].PartitionState = schema.PartitionState{Partition: schema.Partition(i), State: schema.StateRecovering}
		if i < len(counted) {
			ledger[i] = counted[i]
			ledger[i].State = schema.StateRecovering
		}
		if i < len(states) {
			ledger[i].PartitionState = states[i]
		}
	}
	return ledger
}

// A tallied is how far the ledger of a store has come.
type tallied struct {
	store  Store
	totals []schema.LedgerTotals
}

// readTallies reads how far the ledger has come, for the statistics: they are then read
// of the same store.
func (s *Server) readTallies(ctx context.Context) (tallied, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.StoreTimeout)
	defer cancel()
	store := s.Store()
	totals, err := store.Tallies(ctx)
	if err != nil {
		return tallied{}, s.storeProblem(ctx, fmt.Errorf("read ledger: %w", err))
	}
	return tallied{store, totals}, nil
}

// logEnds returns where every partition ends; none when the log cannot tell.
func (s *Server) logEnds(ctx context.Context) []schema.Offset {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.LogTimeout)
	defer cancel()
	ends, err := s.Log.LogEnds(ctx)
	if err != nil {
		s.logger.Debug("log end unknown", slog.Any("err", err))
		return nil
	}
	return ends
}

// ledgerOf joins what was counted with where the log ends. Partitions that were
// added to the topic are in either, in both, or not yet in the other.
func ledgerOf(asOf time.Time, ledger []schema.LedgerTotals, ends []schema.Offset) ledgerAnswer {
	for p := len(ledger); p < len(ends); p++ {
		added := schema.PartitionState{Partition: schema.Partition(p), State: schema.StateRecovering}
		ledger = append(ledger, schema.LedgerTotals{PartitionState: added})
	}
	a := ledgerAnswer{AsOf: asOf, Partitions: make([]partitionAccount, len(ledger)), position: question.PositionOf(ledger)}
	var newest schema.Instant
	var end schema.Offset
	for i := range ledger {
		t := &ledger[i]
		p := &a.Partitions[i]
		*p = partitionAccount{
			Partition: t.Partition,
			State:     t.State,
			Reason:    t.Reason,
			Since:     t.Since.UTC(),
			account:   account{NextOffset: t.Next, Newest: newestOf(t.Newest), Tally: t.Tally},
		}
		if t.Since.IsZero() {
			p.Since = time.Time{}
		}
		if i < len(ends) && ends[i] != schema.OffsetUnknown {
			p.LogEnd = &ends[i]
			end += ends[i]
		}
		a.Totals.NextOffset += t.Next
		a.Totals.Add(t.Tally)
		newest = max(newest, t.Newest)
	}
	a.Totals.Newest = newestOf(newest)
	if len(ends) == len(ledger) && !slices.Contains(ends, schema.OffsetUnknown) {
		a.Totals.LogEnd = &end
	}
	return a
}

func newestOf(i schema.Instant) *time.Time {
	if i == 0 {
		return nil
	}
	t := i.Time()
	return &t
}
