package fold_test

import (
	"cmp"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
	"mlf/schema/event"
)

// TestScenarios folds what testdata/*.txt says, and compares what comes of it
// with what stands below "----". With -update it is written there: commit that
// only when you understand the difference.
//
//	partition P of N                                     default: 0 of 1
//	rules N                                              the log begins by them; default: 1
//	terminal NAME comune=… channel=… [scale=…] [office=…] [slot=…] [test]
//	send NAME/STREAM [at=TIME]                           one record; its votes are indented below:
//	  SEQ FACE TIME [service=N] [reason=CODE] [late]     FACE: a face, a number, or void
//	      [wall=TIME]                                    by the terminal's own clock
//	gaps NAME/STREAM FIRST COUNT [STEP]                  COUNT green votes, every second seq
//	run NAME/STREAM FIRST COUNT                          COUNT green votes, every seq
//	garbage TEXT | genesis | control KEY                 a record of that kind
//	change N                                             the record that changes the rules
//	fill OFFSET                                          records without votes, up to there
//	drain                                                print what has changed since the last
//	takeover                                             another worker goes on from a checkpoint
//
// Times are of 2026-11-02, UTC, or of another day: 2026-11-01/08:00:00.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scenarios: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want, _ := strings.Cut(string(data), "----\n")
			s := newScenario(t)
			s.play(in)
			got := s.out.String()
			if *update {
				if err := os.WriteFile(file, []byte(in+"----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

var update = flag.Bool("update", false, "rewrite the scenarios") //nolint:gochecknoglobals // A flag must exist before main.

type scenario struct {
	t         *testing.T
	partition schema.Partition
	count     int // Partitions.
	fold      *fold.Fold
	terminals map[string]*schema.BatchHeader
	names     map[schema.TerminalID]string
	streams   map[string]schema.StreamID
	out       strings.Builder

	open  *schema.BatchHeader // The record whose votes are being read.
	votes []schema.Vote

	keyed   *event.Batch // Likewise.
	devices map[string]event.Counters
}

func newScenario(t *testing.T) *scenario {
	s := &scenario{
		t:         t,
		terminals: make(map[string]*schema.BatchHeader),
		names:     make(map[schema.TerminalID]string),
		streams:   make(map[string]schema.StreamID),
		devices:   make(map[string]event.Counters),
	}
	s.begin(0, 1, schema.RulesV1)
	return s
}

func (s *scenario) begin(p schema.Partition, n int, r schema.Rules) {
	s.partition, s.count, s.fold = p, n, fold.New(p, identity(n))
	g := genesisBy(r, p, n)
	apply(s.t, s.fold, &g)
}

func (s *scenario) play(in string) {
	for line := range strings.Lines(in) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "#")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case strings.HasPrefix(line, " ") && s.keyed != nil:
			s.addKeyed(words)
		case strings.HasPrefix(line, " "):
			s.votes = append(s.votes, s.vote(words))
		default:
			s.seal()
			s.command(words)
		}
	}
	s.seal()
	s.drain()
}

// seal applies the record whose votes have been read.
func (s *scenario) seal() {
	if s.open != nil {
		s.apply(nil, batch(*s.open, s.votes...))
	}
	if s.keyed != nil {
		s.apply(nil, s.keyed.Append(nil))
	}
	s.open, s.votes, s.keyed = nil, nil, nil
}

func (s *scenario) apply(key, value []byte) {
	rec := schema.Record{Offset: s.fold.Next(), Key: key, Value: value}
	if err := s.fold.Apply(&rec); err != nil {
		fmt.Fprintf(&s.out, "%v\n", err)
	}
}

func (s *scenario) command(words []string) {
	if s.event(words) {
		return
	}
	switch words[0] {
	case "partition":
		s.begin(schema.Partition(s.number(words[1])), int(s.number(words[3])), schema.RulesV1)
	case "rules":
		s.begin(s.partition, s.count, schema.Rules(s.number(words[1])))
	case "terminal":
		s.terminal(words[1], words[2:])
	case "send":
		h := s.header(words[1])
		for _, w := range words[2:] {
			h.Ingested = s.time(strings.TrimPrefix(w, "at="))
		}
		s.open = &h
	case "gaps":
		step := uint64(2)
		if len(words) > 4 {
			step = s.number(words[4])
		}
		s.many(s.header(words[1]), s.number(words[2]), s.number(words[3]), step)
	case "run":
		s.many(s.header(words[1]), s.number(words[2]), s.number(words[3]), 1)
	case "garbage":
		s.apply(nil, []byte(words[1]))
	case "genesis":
		g := genesis(s.partition, schema.Slots)
		s.apply(g.Key, g.Value)
	case "control":
		s.apply([]byte(words[1]), nil)
	case "change":
		c := control(schema.Rules(s.number(words[1])), s.partition, s.count)
		s.apply(c.Key, c.Value)
	case "fill":
		for end := schema.Offset(s.number(words[1])); s.fold.Next() < end; {
			s.apply([]byte(schema.KeyGenesis), nil)
		}
	case "drain":
		s.drain()
	case "takeover":
		s.fold = reopened(s.t, s.fold)
	default:
		s.t.Fatalf("unknown command %q", words)
	}
}

func (s *scenario) terminal(name string, words []string) {
	h := &schema.BatchHeader{Terminal: schema.TerminalID(len(s.terminals) + 1), Scale: schema.ScaleMLF3, Ingested: nine}
	if before := s.terminals[name]; before != nil { // Enrolled anew.
		h.Terminal = before.Terminal
	}
	var err error
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "comune":
			h.Comune, err = schema.ParseComune(value)
		case "channel":
			h.Channel, err = schema.ParseChannel(value)
		case "scale":
			h.Scale, err = schema.ParseScale(value)
		case "office":
			h.Office, err = schema.ParseOffice(value)
		case "slot":
			h.Slot = schema.Slot(s.number(value))
		case "test":
			h.Test = true
		default:
			err = fmt.Errorf("unknown word %q", w)
		}
		s.must(err)
	}
	s.terminals[name], s.names[h.Terminal] = h, name
}

// header returns that of a record of NAME/STREAM.
func (s *scenario) header(text string) schema.BatchHeader {
	name, stream, _ := strings.Cut(text, "/")
	if s.terminals[name] == nil {
		s.t.Fatalf("unknown terminal %q", name)
	}
	h := *s.terminals[name]
	if s.streams[stream] == 0 {
		s.streams[stream] = schema.StreamID(len(s.streams) + 1)
	}
	h.Stream = s.streams[stream]
	return h
}

func (s *scenario) vote(words []string) schema.Vote {
	v := schema.Vote{Seq: schema.Seq(s.number(words[0])), At: s.time(words[2])}
	if words[1] != "void" {
		v.Value = s.value(words[1])
	}
	var err error
	for _, w := range words[3:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "service":
			v.Service = schema.ServiceID(s.number(value))
		case "reason":
			v.Reason, err = schema.ParseReason(value)
		case "late":
			v.LateClock = true
		case "wall":
			v.Wall = s.time(value)
		default:
			err = fmt.Errorf("unknown word %q", w)
		}
		s.must(err)
	}
	return v
}

func (s *scenario) value(text string) schema.Value {
	if n, err := strconv.ParseUint(text, 10, 8); err == nil {
		return schema.Value(n)
	}
	v, err := schema.ParseFace(text)
	s.must(err)
	return v
}

func (s *scenario) many(h schema.BatchHeader, first, count, step uint64) {
	var votes []schema.Vote
	for i := range count {
		votes = append(votes, schema.Vote{Seq: schema.Seq(first + step*i), At: nine, Value: schema.Green})
	}
	for part := range slices.Chunk(votes, schema.BatchVotesMax) {
		s.apply(nil, batch(h, part...))
	}
}

func (s *scenario) drain() {
	var rows fold.Rows
	s.fold.Drain(&rows)
	fmt.Fprintf(&s.out, "offset %d\n", s.fold.Next())
	slices.SortFunc(rows.Rollups, func(a, b schema.Rollup) int { return cmp.Compare(rollupText(&a), rollupText(&b)) })
	for i := range rows.Rollups {
		fmt.Fprintln(&s.out, rollupText(&rows.Rollups[i]))
	}
	for _, row := range rows.Ledger {
		open := "open"
		if row.Chain != (schema.Chain{}) {
			open = fmt.Sprintf("closed %x…", row.Chain[:4])
		}
		fmt.Fprintf(&s.out, "segment %d %s: next=%d newest=%s records=%d votes_in=%d counted=%d duplicates=%d conflicts=%d quarantined=%d voided=%d%s\n",
			row.Segment, open, row.Next, row.Newest.Time().Format("15:04:05"), row.Records, row.VotesIn, row.Counted, row.Duplicates, row.Conflicts, row.Quarantined, row.Voided, eventsText(row.Events))
	}
	for _, m := range rows.Watermarks {
		stream := ""
		for name, id := range s.streams {
			if id == m.Stream {
				stream = name
			}
		}
		fmt.Fprintf(&s.out, "stream %s/%s: highest=%d", s.names[m.Terminal], stream, m.Highest)
		if n := len(m.Missing); n > 5 {
			fmt.Fprintf(&s.out, " missing %d spans from %v to %v\n", n, m.Missing[0], m.Missing[n-1])
		} else {
			fmt.Fprintf(&s.out, " missing=%v\n", m.Missing)
		}
	}
}

func rollupText(r *schema.Rollup) string {
	var b strings.Builder
	fmt.Fprintf(&b, "segment %d cell %v office=%q service=%d %v %v %v %s values=%v", r.Segment, r.Comune, r.Office, r.Service, r.Channel, r.Scale, r.Class, r.Hour.Time().Format("2006-01-02T15Z"), r.Values)
	for _, of := range r.Reasons {
		fmt.Fprintf(&b, " %d:%v=%d", of.Key.Value(), of.Key.Reason(), of.N)
	}
	return b.String()
}

func (s *scenario) time(text string) schema.Instant {
	day, clock, other := strings.Cut(text, "/")
	if !other {
		day, clock = "2026-11-02", text
	}
	at, err := time.Parse("2006-01-02T15:04:05", day+"T"+clock)
	s.must(err)
	return schema.InstantOf(at)
}

func (s *scenario) number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	s.must(err)
	return n
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func crcOf(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
