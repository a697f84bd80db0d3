package country_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlf/proof/country"
	"mlf/schema"
)

// simulate runs a small country against s.
func simulate(t *testing.T, s *service, change func(*country.Config)) (country.Report, error) {
	t.Helper()
	cfg := country.Config{
		Ingest: []string{s.URL}, Query: s.URL, Terminals: 40, Days: 3, Seed: 1, Connections: 8, GiveUp: time.Minute,
	}
	if change != nil {
		change(&cfg)
	}
	simulation, err := country.New(country.Parts{Enrol: s.enrol, Registry: s.registry}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return simulation.Run(t.Context())
}

func wantAgreement(t *testing.T, r country.Report, err error) {
	t.Helper()
	var text strings.Builder
	if printErr := r.Print(&text); printErr != nil {
		t.Fatal(printErr)
	}
	t.Log(text.String())
	if err != nil || !r.Compared || r.Cells == 0 || r.Watermarks == 0 {
		t.Fatalf("got error %v, compared %t, %d cells, %d watermarks", err, r.Compared, r.Cells, r.Watermarks)
	}
}

func TestACorrectServiceAgrees(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newService(t)
	report, err := simulate(t, s, nil)
	wantAgreement(t, report, err)
	if share := float64(report.SentAgain) / float64(report.Votes); share < 0.05 {
		t.Errorf("got %.3f of the votes sent more than once: want 0.05 at least", share)
	}
	if report.Conflicts == 0 || report.Ledger.Voided == 0 || report.Ledger.Duplicates == 0 {
		t.Errorf("got %+v: want some conflicts, voided and duplicates", report.Ledger)
	}
	s.Close()
}

func TestASecondRunOnTheSameServiceAgrees(t *testing.T) {
	s := newService(t)
	first, err := simulate(t, s, nil)
	wantAgreement(t, first, err)
	second, err := simulate(t, s, nil)
	wantAgreement(t, second, err)
	first.Elapsed, first.VotesPerSecond = second.Elapsed, second.VotesPerSecond
	if !first.To.Equal(second.To) {
		return // A minute has passed, and with it the plan is another.
	}
	if first.Votes != second.Votes || first.SentAgain != second.SentAgain || first.Conflicts != second.Conflicts {
		t.Errorf("same seed: got %+v, then %+v", first, second)
	}
}

func TestBadWeatherChangesNothing(t *testing.T) {
	s := newService(t)
	s.weather = func(n int) weather {
		if n%3 != 0 {
			return fair
		}
		return weather(1 + n/3%4)
	}
	s.flaky = true
	report, err := simulate(t, s, func(c *country.Config) { c.Terminals, c.Days, c.Connections = 30, 2, 30 })
	wantAgreement(t, report, err)
	for _, cause := range []string{"POST /v1/votes: 503", "POST /v1/votes: 500", "POST /v1/votes: connection: EOF", "GET /v1/stats: connection: unexpected EOF"} {
		if report.Weather[cause] == 0 {
			t.Errorf("got %v: want some of %s", report.Weather, cause)
		}
	}
}

func TestADefectiveServiceIsNamed(t *testing.T) {
	drop := func(nth int) func(int, schema.Cell) int {
		return func(n int, _ schema.Cell) int {
			if n == nth {
				return 0
			}
			return 1
		}
	}
	twice := func(n int, _ schema.Cell) int {
		if n == 100 {
			return 2
		}
		return 1
	}
	neverBurst := func(_ int, c schema.Cell) int {
		if c.Class == schema.ClassBurst {
			return 0
		}
		return 1
	}
	late := func(_ int, c schema.Cell) int {
		if c.Class == schema.ClassLateClock {
			return 2
		}
		return 1
	}
	for name, test := range map[string]struct {
		meddle        func(int, schema.Cell) int
		total         int
		lost, doubled uint64
		want          string
	}{
		"drops the first vote": {drop(1), 1, 1, 0, "cell comune="},
		"drops the 500th vote": {drop(500), 1, 1, 0, "cell comune="},
		"counts a vote twice":  {twice, 1, 0, 1, "cell comune="},
		"forgets bursts":       {neverBurst, 0, 0, 0, "class=burst"},
		"doubles late clocks":  {late, 0, 0, 0, "class=late_clock hour=all"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.meddle = test.meddle
			report, err := simulate(t, s, nil)
			if !errors.Is(err, country.ErrDiffers) {
				t.Fatalf("got error %v: want ErrDiffers", err)
			}
			if test.total > 0 && report.DifferencesTotal != test.total {
				t.Errorf("got %d differences: want %d", report.DifferencesTotal, test.total)
			}
			if test.total > 0 && (report.Lost != test.lost || report.Doubled != test.doubled) {
				t.Errorf("got %d lost, %d doubled: want %d, %d", report.Lost, report.Doubled, test.lost, test.doubled)
			}
			if text := strings.Join(report.Differences, "\n"); !strings.Contains(text, test.want) || !strings.Contains(text, ": want ") {
				t.Errorf("got %s: want it to name %q", text, test.want)
			}
		})
	}
}

// TestAMisreadingServiceIsNamed: terminals give every rule of the protocol about
// times and spellings an occasion to be broken.
func TestAMisreadingServiceIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		misread   func(*service)
		terminals int
	}{
		"believes bodies of long ago":        {func(s *service) { s.sentMax = 10_000 * time.Hour }, 40},
		"believes no clock that is behind":   {func(s *service) { s.sentMax = 0 }, 20},
		"believes clocks that contradict":    {func(s *service) { s.apartMax = 10_000 * time.Hour }, 200}, // Few do.
		"believes no two clocks":             {func(s *service) { s.apartMax = -1 }, 200},
		"compares words as they are written": {func(s *service) { s.literal = true }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			test.misread(s)
			if _, err := simulate(t, s, func(c *country.Config) { c.Terminals = test.terminals }); !errors.Is(err, country.ErrDiffers) {
				t.Fatalf("got error %v: want ErrDiffers", err)
			}
		})
	}
}

func TestItGivesUpOnAnOutageThatLasts(t *testing.T) {
	s := newService(t)
	s.weather = func(int) weather { return refuse }
	report, err := simulate(t, s, func(c *country.Config) { c.GiveUp = 200 * time.Millisecond })
	if err == nil || errors.Is(err, country.ErrDiffers) || !strings.Contains(err.Error(), "gave up") || report.Compared {
		t.Fatalf("got error %v, compared %t: want it to give up", err, report.Compared)
	}
}

func TestRealTimeVotesAgreeToo(t *testing.T) {
	s := newService(t)
	s.weather = func(n int) weather {
		if n%25 == 0 {
			return weather(1 + n/25%4)
		}
		return fair
	}
	report, err := simulate(t, s, func(c *country.Config) {
		c.Pace, c.Terminals, c.Rate, c.Duration, c.Days = country.PaceReal, 400, 9, 2*time.Second, 1
		c.VotesPerDay = 3
	})
	wantAgreement(t, report, err)
}

func TestTheEndOfTheContextEndsRealTimeWithAComparison(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	simulation, err := country.New(country.Parts{Enrol: s.enrol, Registry: s.registry}, country.Config{
		Ingest: []string{s.URL}, Query: s.URL, Terminals: 400, Rate: 9, Pace: country.PaceReal,
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := simulation.Run(ctx)
	wantAgreement(t, report, err)
}

func TestConfigIsRefusedWithAReason(t *testing.T) {
	for _, test := range []struct {
		cfg  country.Config
		want string
	}{
		{country.Config{Query: "127.0.0.1:8081"}, "want a URL"},
		{country.Config{Terminals: -1}, "terminals"},
		{country.Config{Days: 401}, "days"},
		{country.Config{Pace: "slow"}, "pace"},
		{country.Config{VotesPerDay: 1e6}, "votes per day"},
		{country.Config{ResendShare: 1}, "re-sends"},
		{country.Config{Rate: 1e6}, "rate"},
		{country.Config{Timeout: time.Minute}, "timeout"},
		{country.Config{Connections: -1}, "connections"},
		{country.Config{GiveUp: -1}, "give-up"},
	} {
		if err := test.cfg.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got error %v: want one about %s", test.cfg, err, test.want)
		}
	}
	if err := (country.Config{}).Validate(); err != nil {
		t.Errorf("zero config: got error %v", err)
	}
}
