package cube

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query/cube/cubetest"
	"mlf/query/question"
	"mlf/schema"
)

// snapshotOf returns a snapshot of some rows, with blocks, fresh and open cells, and
// the core itself.
func snapshotOf(t *testing.T, cfg *Config) (*core, []byte) {
	t.Helper()
	w := newWorld(t, 21)
	c := newCore(cfg, schema.Identity{Log: schema.LogID{7}, Partitions: 2})
	var r row
	for i := range 700 {
		u := w.row(2)
		c.take(u.Partition, r.of(&u))
		if i%50 == 0 {
			c.state()
		}
	}
	for p := range c.parts {
		c.parts[p].stand(9, []schema.LedgerRow{{Segment: 0, Chain: schema.Chain{1}, Next: 6, Newest: 5, Tally: schema.Tally{Records: 6, Counted: 40}}, {Segment: 1, Next: 9}})
		c.parts[p].seal(&schema.LedgerRow{Newest: 5, Tally: schema.Tally{Records: 6, Counted: 40}})
	}
	var b bytes.Buffer
	if err := c.image(time.UnixMilli(1_760_000_000_123)).writeTo(&b); err != nil {
		t.Fatal(err)
	}
	return c, b.Bytes()
}

func snapshotConfig(t *testing.T) Config {
	t.Helper()
	return Config{Clock: cubetest.Rome(t), RegionOf: cubetest.RegionOf, FreshMax: 60}.withDefaults()
}

// TestASnapshotComesBack: with all counts, and with the maxima, so that rows that
// come again add nothing.
func TestASnapshotComesBack(t *testing.T) {
	cfg := snapshotConfig(t)
	c, text := snapshotOf(t, &cfg)
	again, err := restoreIn(&cfg, &mapping{bytes: text})
	if err != nil {
		t.Fatal(err)
	}
	if again.log != c.log || again.taken != time.UnixMilli(1_760_000_000_123).UTC() {
		t.Errorf("log %v taken %v", again.log, again.taken)
	}
	want, got := c.state(), again.state()
	if !slices.Equal(want.Ledger(), got.Ledger()) {
		t.Errorf("account: got %v, want %v", got.Ledger(), want.Ledger())
	}
	s := &sim{world: newWorld(t, 21), ctx: t.Context()}
	wantCounts, err := s.counts(want)
	gotCounts, gotErr := s.counts(got)
	if err != nil || gotErr != nil || !maps.Equal(gotCounts, wantCounts) || len(gotCounts) == 0 {
		t.Errorf("%d counts, want %d: %v, %v", len(gotCounts), len(wantCounts), gotErr, err)
	}
	if want.Version(0, 1<<30) != got.Version(0, 1<<30) {
		t.Error("the version has changed")
	}
	w := newWorld(t, 21)
	var r row
	for range 700 {
		u := w.row(2)
		again.take(u.Partition, r.of(&u))
	}
	if counts, err := s.counts(again.state()); err != nil || !maps.Equal(counts, wantCounts) {
		t.Errorf("rows that came again were counted again: %v", err)
	}
}

// TestADamagedSnapshotIsRefused: wherever a bit is wrong, and wherever it ends.
func TestADamagedSnapshotIsRefused(t *testing.T) {
	cfg := snapshotConfig(t)
	_, text := snapshotOf(t, &cfg)
	refused := func(damaged []byte, what string, at int) {
		t.Helper()
		if _, err := restoreIn(&cfg, &mapping{bytes: damaged}); !errors.Is(err, errDamaged) && !errors.Is(err, errFormat) {
			t.Fatalf("%s at %d of %d: got %v", what, at, len(text), err)
		}
	}
	for i := range text {
		damaged := slices.Clone(text)
		damaged[i] ^= 1 << rand.IntN(8)
		refused(damaged, "a bit", i)
		refused(text[:i], "an end", i)
	}
	refused(append(slices.Clone(text), 0), "a byte too many", len(text))
}

// TestSectionsThatDoNotFitAreRefused: a file with right checksums that another
// program wrote is no reason to crash.
func TestSectionsThatDoNotFitAreRefused(t *testing.T) {
	cfg := snapshotConfig(t)
	_, text := snapshotOf(t, &cfg)
	sections, err := sectionsOf(text)
	if err != nil {
		t.Fatal(err)
	}
	for without := range sections {
		for _, cut := range []uint64{0, 1, 2, 5} {
			var b bytes.Buffer
			w := &snapshotWriter{w: &b, table: castagnoli()}
			err := w.write(preamble())
			for i, s := range sections {
				part := s.in(text)
				if i == without {
					part = part[:len(part)-int(min(cut, s.length))]
				}
				if i != without || cut > 0 {
					err = errors.Join(err, w.section(s.kind, s.month, part))
				}
			}
			if err = errors.Join(err, w.end()); err != nil {
				t.Fatal(err)
			}
			_, err = restoreIn(&cfg, &mapping{bytes: b.Bytes()})
			if err == nil && (cut > 0 || sections[without].kind < sectionMonth) {
				t.Errorf("section %d of %v less %d bytes: got no error", sections[without].kind, sections[without].month, cut)
			}
		}
	}
}

// without returns a snapshot that lacks the sections that drop says.
func without(t *testing.T, text []byte, drop func(kind uint8) bool) []byte {
	t.Helper()
	sections, err := sectionsOf(text)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := &snapshotWriter{w: &b, table: castagnoli()}
	err = w.write(preamble())
	for _, s := range sections {
		if !drop(s.kind) {
			err = errors.Join(err, w.section(s.kind, s.month, s.in(text)))
		}
	}
	if err = errors.Join(err, w.end()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSumsAreThoseOfToday: of a snapshot that has them, of an older one that does not,
// and of one from before comuni changed their regions.
func TestSumsAreThoseOfToday(t *testing.T) {
	cfg := snapshotConfig(t)
	c, text := snapshotOf(t, &cfg)
	older := without(t, text, func(kind uint8) bool { return kind > sectionBlock })
	half := without(t, text, func(kind uint8) bool { return kind == sectionRegionSums })
	moved := cfg
	moved.RegionOf = func(id schema.ComuneID) schema.RegionID { return 5 + schema.RegionID(id)%2 }
	for what, from := range map[string]struct {
		cfg  *Config
		text []byte
	}{"with sums": {&cfg, text}, "without": {&cfg, older}, "without some": {&cfg, half}, "moved": {&moved, text}, "moved, without": {&moved, older}} {
		again, err := restoreIn(from.cfg, &mapping{bytes: from.text})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		a := &question.Axes{Next: 1 << 30, RowsMax: 1000, Comune: func(id schema.ComuneID) question.Group { return question.Group(from.cfg.RegionOf(id)) }}
		want, err := c.state().Counts(t.Context(), a)
		got, gotErr := again.state().Counts(t.Context(), a)
		if err != nil || gotErr != nil || len(got.Rows) < 2 || !slices.Equal(sortedRows(got), sortedRows(want)) {
			t.Errorf("%s: got %v, want %v: %v, %v", what, got, want, gotErr, err)
		}
	}
}

func sortedRows(c *question.Counts) []question.Count {
	return slices.SortedFunc(slices.Values(c.Rows), func(a, b question.Count) int { return int(a.Comune - b.Comune) })
}

// started plays a country to its end and stops the follower, with two snapshots.
func started(t *testing.T, seed uint64) *sim {
	t.Helper()
	s := newSim(t, seed, "")
	s.cfg.VotesMax = 1 << 60
	s.must(t, s.start(t.Context()))
	s.must(t, s.finish())
	s.stop()
	s.must(t, s.start(t.Context()))
	<-time.After(time.Second)
	synctest.Wait()
	s.stop()
	if names, err := snapshotsIn(s.cfg.Dir); err != nil || len(names) != snapshotsKept {
		t.Fatalf("snapshots: %v, %v", names, err)
	}
	return s
}

func (s *sim) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheSnapshotBeforeIsTaken: where the newest is damaged; where no snapshot can be
// used, all is loaded.
func TestTheSnapshotBeforeIsTaken(t *testing.T) {
	damage := func(t *testing.T, name string) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 4
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{0, 1, 2} {
		synctest.Test(t, func(t *testing.T) {
			s := started(t, 5)
			names, err := snapshotsIn(s.cfg.Dir)
			s.must(t, err)
			for _, name := range names[:n] {
				damage(t, name)
			}
			clear(s.happened)
			s.must(t, s.start(t.Context()))
			s.must(t, s.finish())
			s.stop()
			if got := s.happened["mlf_query_cube_snapshot_errors_total read"]; got != float64(n) {
				t.Errorf("%d damaged: %v not read", n, got)
			}
			if loads := s.happened["mlf_query_cube_loads_total start"]; (loads == 1) != (n == 2) {
				t.Errorf("%d damaged: %v loads", n, loads)
			}
		})
	}
}

// TestAStartWithoutTheStore: with a snapshot there are answers, without one it waits.
func TestAStartWithoutTheStore(t *testing.T) {
	for _, has := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := started(t, 6)
			if !has {
				names, _ := filepath.Glob(filepath.Join(s.cfg.Dir, "*"))
				for _, name := range names {
					s.must(t, os.Remove(name))
				}
			}
			s.store.setAway(true)
			s.must(t, s.start(t.Context()))
			<-time.After(time.Minute)
			synctest.Wait()
			if got := s.follower.State() != nil; got != has {
				t.Errorf("with a snapshot %v: answers %v", has, got)
			}
			if err := s.follower.Ready(); (err == nil) != has || err != nil && !errors.Is(err, errAway) {
				t.Errorf("with a snapshot %v: ready: %v", has, err)
			}
			s.must(t, s.finish())
			s.stop()
		})
	}
}

// TestHalfSnapshotsAreRemoved: those of processes that were killed as they wrote.
func TestHalfSnapshotsAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim(t, 14, "")
		half := filepath.Join(s.cfg.Dir, snapshotName(time.UnixMilli(1))+".new")
		s.must(t, os.WriteFile(half, []byte("half"), 0o600))
		s.must(t, s.start(t.Context()))
		s.must(t, s.finish())
		s.stop()
		names, err := filepath.Glob(filepath.Join(s.cfg.Dir, "*"))
		if err != nil || slices.Contains(names, half) || len(names) == 0 {
			t.Errorf("%v, %v", names, err)
		}
	})
}

// TestADiskThatIsFullStopsNothing: there is no snapshot, and a log line.
func TestADiskThatIsFullStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim(t, 7, "")
		s.cfg.Dir = filepath.Join(s.cfg.Dir, "file", "dir")
		s.must(t, os.WriteFile(filepath.Dir(s.cfg.Dir), nil, 0o600))
		s.must(t, s.start(t.Context()))
		s.must(t, s.finish())
		s.stop()
		if s.happened["mlf_query_cube_snapshot_errors_total write"] == 0 {
			t.Error("no snapshot failed")
		}
	})
}
