package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/event"
)

// A Summary is what became of a file.
type Summary struct {
	Rows     int            `json:"rows"`
	Votes    int            `json:"votes"`              // Rows that are votes: what is written.
	Silent   uint64         `json:"silent,omitempty"`   // Calls that pressed no key.
	Warnings int            `json:"warnings,omitempty"` // Votes with an answer that nobody knows.
	Refused  map[string]int `json:"refused,omitempty"`  // By reason.
	Outside  int            `json:"outside,omitempty"`  // Rows of other days than were asked for.
	Most     int            `json:"most"`               // Votes of one source that the count can tell from new ones: more are not written.
	Written  bool           `json:"written"`
	Oldest   time.Time      `json:"oldest,omitzero"`
	Newest   time.Time      `json:"newest,omitzero"`
}

// ageMax is how old a row may be: as long as the count remembers its key, but for a day
// for what comes late in the night.
const ageMax = 399 * 24 * time.Hour

// shownMax is how many refused rows are shown one by one.
const shownMax = 20

// A span is the days whose rows are imported: from From on, until Before; the zero Time of
// either is any.
type span struct{ from, before time.Time }

// span reads the days that are asked for.
func (c *common) span(zone *time.Location) (s span, err error) {
	for _, day := range []struct {
		flag, text string
		into       *time.Time
	}{{"--from", c.From, &s.from}, {"--before", c.Before, &s.before}} {
		if day.text == "" {
			continue
		}
		if *day.into, err = time.ParseInLocation(time.DateOnly, day.text, zone); err != nil {
			return s, fmt.Errorf("%s %q: want a day as 2026-11-27", day.flag, day.text)
		}
	}
	if !s.from.IsZero() && !s.before.IsZero() && !s.from.Before(s.before) {
		return s, fmt.Errorf("--from %s, --before %s: want the first day before the other", c.From, c.Before)
	}
	return s, nil
}

// has tells whether at is within s.
func (s span) has(at time.Time) bool {
	return (s.from.IsZero() || !at.Before(s.from)) && (s.before.IsZero() || at.Before(s.before))
}

// run reads f to its end, writes its votes where that is wanted and can be counted, and
// says what became of it. Nothing is written of a file that cannot be read to its end.
func (in *input) run(ctx context.Context, t *target, f file) (Summary, error) {
	s := Summary{Refused: make(map[string]int), Most: cmp.Or(in.common.most, event.KeysMax)}
	votes, err := in.read(&s, f)
	if err != nil || !in.common.Write {
		return s, err
	}
	if s.Votes > s.Most {
		return s, s.tooMany()
	}
	s.Written = true
	return s, t.writeAll(ctx, votes)
}

// read reads f to its end and returns its votes: the first s.Most of them.
func (in *input) read(s *Summary, f file) (votes []event.Vote, err error) {
	bar := newBar(in.console.Stderr, in.size)
	defer func() { _ = bar.Clear() }()
	now := time.Now()
	for {
		r, err := f.next()
		if errors.Is(err, io.EOF) {
			return votes, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", in.common.File, err)
		}
		_ = bar.Set64(min(f.bytes(), in.size)) // A bar that cannot be drawn harms nobody.
		if r.reason == "" && !in.span.has(r.vote.At.Time()) {
			s.Rows++
			s.Outside++
			continue
		}
		if s.take(&r, now); r.reason != "" {
			s.tell(in.console.Stderr, &r)
		} else if len(votes) < s.Most {
			votes = append(votes, r.vote)
		}
	}
}

// tooMany says what to do with more votes than the count can remember of one source: it
// would forget the older half of the keys, and every row that comes after would be
// quarantined, this time and whenever the file is read again.
func (s *Summary) tooMany() error {
	return fmt.Errorf("%d votes, and the count remembers %d of one source: nothing was written. Give each part of the file a source of its own "+
		"(mlf source site add --way import, or a device for each year of calls), and read it with --from and --before: always the same days into the same source", s.Votes, s.Most)
}

// take accounts for r, and refuses it where it is too old to be known again, or not yet.
func (s *Summary) take(r *row, now time.Time) {
	s.Rows++
	at := r.vote.At.Time()
	switch {
	case r.reason != "":
	case now.Sub(at) > ageMax:
		r.reason, r.detail = "too_old", fmt.Sprintf("of %s: older than %d days, for which rows are known again", at.Format(time.DateOnly), int(ageMax.Hours()/24))
	case at.After(now.Add(time.Minute)):
		r.reason, r.detail = "in_future", "of "+at.Format(time.RFC3339)
	}
	if r.reason != "" {
		s.Refused[r.reason]++
		return
	}
	s.Votes++
	if s.Oldest.IsZero() || at.Before(s.Oldest) {
		s.Oldest = at
	}
	if at.After(s.Newest) {
		s.Newest = at
	}
}

// tell shows a refused row, the first ones of all.
func (s *Summary) tell(to io.Writer, r *row) {
	n := 0
	for _, of := range s.Refused {
		n += of
	}
	switch {
	case n <= shownMax:
		fmt.Fprintf(to, "line %d: %s: %s\n", r.line, r.reason, r.detail)
	case n == shownMax+1:
		fmt.Fprintf(to, "more lines are refused; they are counted below\n")
	}
}

// print says what became of a file.
func (s *Summary) print(to io.Writer) error {
	verb := fmt.Sprintf("can be imported, of %d that the count can remember; nothing was written (--write)", s.Most)
	switch {
	case s.Written:
		verb = "are on the log; those that were before are counted once"
	case s.Votes > s.Most:
		verb = "cannot be imported: " + s.tooMany().Error()
	}
	_, err := fmt.Fprintf(to, "%d rows, %d votes %s\n", s.Rows, s.Votes, verb)
	if s.Votes > 0 {
		_, err = fmt.Fprintf(to, "from %s to %s\n", s.Oldest.Format(time.RFC3339), s.Newest.Format(time.RFC3339))
	}
	if s.Warnings > 0 {
		_, err = fmt.Fprintf(to, "%d with an answer that nobody knows, counted as other\n", s.Warnings)
	}
	if s.Silent > 0 {
		_, err = fmt.Fprintf(to, "%d calls without a key\n", s.Silent)
	}
	if s.Outside > 0 {
		_, err = fmt.Fprintf(to, "%d of other days\n", s.Outside)
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Refused)) {
		_, err = fmt.Fprintf(to, "%d refused: %s\n", s.Refused[reason], reason)
	}
	return err
}

// writeAll puts votes on the log, as many in a record as it may have.
func (t *target) writeAll(ctx context.Context, votes []event.Vote) error {
	writing, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- t.producer.Run(writing) }()
	var err error
	for batch := range slices.Chunk(votes, schema.BatchVotesMax) {
		if err = t.write(ctx, batch); err != nil {
			break
		}
	}
	cancel()
	return errors.Join(err, <-done)
}
