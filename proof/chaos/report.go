package chaos

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"mlf/proof/country"
	"mlf/schema"
)

// A Report is what was done to the service, and what became of the votes.
type Report struct {
	Seed            uint64  `json:"seed"`
	DurationSeconds float64 `json:"duration_s"` // Of the faults.

	Rounds       int    `json:"rounds"`        // Countries played and compared.
	RoundsBarren int    `json:"rounds_barren"` // Ended while enrolling, before a vote was cast.
	Acked        uint64 `json:"acked"`         // Votes cast; each was answered 202 in the end.
	Answered     uint64 `json:"answered"`      // Votes answered 202, repeated ones included.
	SentAgain    uint64 `json:"sent_again"`
	Counted      uint64 `json:"counted"` // By the ledger. The rest of the acked was voided by the terminals.
	Lost         uint64 `json:"lost"`    // Missing in cells. One in a wrong cell is lost and doubled.
	Doubled      uint64 `json:"doubled"`

	Ledger           schema.Tally `json:"ledger"`
	LedgerBalanced   bool         `json:"ledger_balanced"`
	Cells            int          `json:"cells"`
	Watermarks       int          `json:"watermarks"`
	DifferencesTotal int          `json:"differences_total"`
	Differences      []string     `json:"differences"`

	Memory Memory `json:"memory"`

	Faults           map[Kind]int      `json:"faults"`
	TimeToRecover    map[Kind]Recovery `json:"time_to_recover"`
	Unrecovered      int               `json:"unrecovered"`       // Faults after which not everything was counted again.
	ZombiesSucceeded int               `json:"zombies_succeeded"` // Thawed after a successor had counted everything.
	AnswersLost      int               `json:"answers_lost"`      // Swallowed by proxies.
	ConnectionsCut   int               `json:"connections_cut"`
	Weather          map[string]int    `json:"weather"` // What clients saw, by cause.

	// ExactAfterSeconds is how long after the last fault's end every vote was
	// sent, counted and compared.
	ExactAfterSeconds float64        `json:"exact_after_s"`
	UnplannedExits    map[string]int `json:"unplanned_exits"` // Processes that ended by themselves, with their last words: none ought to.
	Problems          []string       `json:"problems"`        // Why OK is false.
	OK                bool           `json:"ok"`
}

// Recovery is how long it took from the end of a fault until everything was
// counted that was on the log at that end, and the process that was hit was
// ready. Other faults may have come between.
type Recovery struct {
	N          int     `json:"n"`
	P50Seconds float64 `json:"p50_s"`
	MaxSeconds float64 `json:"max_s"`
}

// exactMax is within what time after the last fault every figure must be exact.
const exactMax = 60 * time.Second

func newReport(cfg *Config) *Report {
	return &Report{
		Seed: cfg.Seed, DurationSeconds: cfg.Duration.Seconds(),
		Differences: []string{}, Problems: []string{},
		Memory:        Memory{Differ: []string{}},
		TimeToRecover: make(map[Kind]Recovery), Weather: make(map[string]int), UnplannedExits: make(map[string]int),
	}
}

// add adds what one round found.
func (r *Report) add(one country.Report, err error) {
	r.Rounds++
	r.Acked += one.Votes
	r.Answered += one.Answered
	r.SentAgain += one.SentAgain
	r.Counted += one.Ledger.Counted - min(one.SourceVotes, one.Ledger.Counted) // What terminals cast was acked.
	r.Ledger.Add(one.Ledger)
	r.Lost += one.Lost
	r.Doubled += one.Doubled
	r.Cells += one.Cells
	r.Watermarks += one.Watermarks
	r.DifferencesTotal += one.DifferencesTotal
	r.Differences = append(r.Differences, one.Differences...)
	for cause, n := range one.Weather {
		r.Weather[cause] += n
	}
	if err == nil && !one.Compared {
		r.problem("a round ended without a comparison")
	}
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// recovered takes how long recoveries took.
func (r *Report) recovered(took map[Kind][]time.Duration) {
	for kind, all := range took {
		slices.Sort(all)
		r.TimeToRecover[kind] = Recovery{len(all), all[len(all)/2].Seconds(), all[len(all)-1].Seconds()}
	}
}

// judge decides whether the promise was kept.
func (r *Report) judge() {
	r.LedgerBalanced = r.Ledger.Balanced()
	for _, must := range []struct {
		ok   bool
		what string
	}{
		{r.Rounds > 0, "no round was played to its end"},
		{r.Lost == 0, fmt.Sprintf("%d votes lost", r.Lost)},
		{r.Doubled == 0, fmt.Sprintf("%d votes doubled", r.Doubled)},
		{r.DifferencesTotal == 0, fmt.Sprintf("%d differences", r.DifferencesTotal)},
		{len(r.Memory.Differ) == 0, fmt.Sprintf("%d questions whose answers from memory are not the store's: %v", len(r.Memory.Differ), r.Memory.Differ)},
		{r.LedgerBalanced, "the ledger is not balanced"},
		{r.Acked == r.Counted+r.Ledger.Voided, fmt.Sprintf("%d votes acked, %d counted and %d voided", r.Acked, r.Counted, r.Ledger.Voided)},
		{r.ExactAfterSeconds <= exactMax.Seconds(), fmt.Sprintf("exact %.0f s after the last fault: want %v", r.ExactAfterSeconds, exactMax)},
		{r.Unrecovered == 0, fmt.Sprintf("%d faults were not recovered from", r.Unrecovered)},
		{len(r.UnplannedExits) == 0, fmt.Sprintf("processes ended by themselves: %v", r.UnplannedExits)},
	} {
		if !must.ok {
			r.problem("%s", must.what)
		}
	}
	r.OK = len(r.Problems) == 0
}

// Lines returns the report for people.
func (r *Report) Lines() []string {
	lines := []string{
		fmt.Sprintf("seed %d, faults for %.0f s: %d votes acked in %d rounds, %d sent again, %d counted, %d lost, %d doubled",
			r.Seed, r.DurationSeconds, r.Acked, r.Rounds, r.SentAgain, r.Counted, r.Lost, r.Doubled),
		fmt.Sprintf("ledger: votes_in %d = counted %d + duplicates %d + conflicts %d + quarantined %d + voided %d",
			r.Ledger.VotesIn, r.Ledger.Counted, r.Ledger.Duplicates, r.Ledger.Conflicts, r.Ledger.Quarantined, r.Ledger.Voided),
		fmt.Sprintf("%d cells compared, %d differences, exact %.0f s after the last fault; %d answers swallowed, %d connections cut",
			r.Cells, r.DifferencesTotal, r.ExactAfterSeconds, r.AnswersLost, r.ConnectionsCut),
	}
	lines = append(lines, r.Memory.lines()...)
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		took := r.TimeToRecover[kind]
		lines = append(lines, fmt.Sprintf("  %-18s %3d times, recovered after %5.1f s (p50), %5.1f s (max)",
			kind, r.Faults[kind], took.P50Seconds, took.MaxSeconds))
	}
	for _, p := range append(slices.Clone(r.Differences), r.Problems...) {
		lines = append(lines, "  "+p)
	}
	return lines
}
