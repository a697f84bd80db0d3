package disclosure_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
)

func TestVintages(t *testing.T) {
	october := calendar.MonthOf(2026, time.October)
	release := func(m time.Month, d int, published uint64) schema.Release {
		r := schema.Release{Today: day(m, d), K: 3}
		if published > 0 {
			r.Months = []schema.ReleaseMonth{{First: day(time.September, 1), Counted: 9}, {First: day(time.October, 1), Counted: published + 2, Waiting: 2}}
		}
		return r
	}
	for _, tt := range []struct {
		name     string
		releases []schema.Release
		want     string
	}{
		{"none", nil, ""},
		{"of a month that is not over", []schema.Release{release(time.October, 31, 40), release(time.November, 3, 40)}, ""},
		{"of a month without votes", []schema.Release{release(time.November, 4, 0)}, ""},
		{"once what is left was pooled", []schema.Release{release(time.November, 3, 40), release(time.November, 4, 42)}, "1:2:42"},
		{"later where nobody was there", []schema.Release{release(time.November, 3, 40), release(time.November, 17, 42)}, "1:2:42"},
		{"where the first release comes much later", []schema.Release{release(time.December, 20, 40)}, "1:1:40"},
		{"where votes come at last", []schema.Release{release(time.November, 4, 0), release(time.November, 9, 42)}, "1:2:42"},
		{"not with every vote", []schema.Release{release(time.November, 4, 40), release(time.November, 5, 43), release(time.December, 3, 46)}, "1:1:40"},
		{"once a month", []schema.Release{release(time.November, 4, 40), release(time.December, 4, 46), release(time.December, 5, 50), release(time.January+12, 4, 50)}, "1:1:40 2:2:46 3:4:50"},
		{"not where nothing was added", []schema.Release{release(time.November, 4, 40), release(time.December, 4, 40), release(time.January+12, 6, 43)}, "1:1:40 2:3:43"},
		{"not twice where a revision was missed", []schema.Release{release(time.November, 4, 40), release(time.January+12, 3, 43), release(time.January+12, 4, 46), release(time.January+12, 5, 49)}, "1:1:40 2:2:43 3:3:46"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.releases {
				tt.releases[i].Number = uint32(i + 1)
			}
			var got string
			vintages := disclosure.Vintages(tt.releases, october)
			for _, v := range vintages {
				got += fmt.Sprintf(" %d:%d:%d", v.Number, v.Release, v.Published)
				if v.Waiting != 2 || v.K != 3 || v.Day != tt.releases[v.Release-1].Today {
					t.Errorf("got %+v: want what its release says", v)
				}
			}
			if want := " " + tt.want; got != want && got != tt.want {
				t.Errorf("got %q, want %q", got, want)
			}
			for n := range tt.releases {
				if before := disclosure.Vintages(tt.releases[:n], october); !slices.Equal(before, vintages[:len(before)]) {
					t.Errorf("after %d releases there were %v: want the first of %v", n, before, vintages)
				}
			}
		})
	}
}

// TestAVintageNeverChanges publishes votes, many of them late, for months on end: what
// a vintage has is what the lots of its releases come to, and stays that; and a shelf
// that was filled night by night holds what one does that read everything at once.
func TestAVintageNeverChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &country{rng: rand.New(rand.NewPCG(1, 21))} //nolint:gosec // A test's.
		pass(28 * 24 * time.Hour)
		tables := model.NewStore(time.Now())
		s := shelf(t, tables)
		seen := make(map[disclosure.Vintage]uint64)
		for range 130 {
			for range 3 {
				c.vote()
			}
			pass(24 * time.Hour)
			if _, err := disclosure.Publish(t.Context(), &disclosure.Rules{Places: small()}, tables, c.view(0), schema.Day(time.Now().Unix()/86400)); err != nil {
				t.Fatal(err)
			}
			pass(disclosure.SettleAfter)
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			for m := calendar.MonthOf(2000, time.January); m < calendar.MonthOf(2000, time.July); m++ {
				for _, v := range disclosure.Vintages(s.Releases(), m) {
					n := all(t, s.Lots().AsOf(m, v.Release))
					if n != v.Published || seen[v] != 0 && seen[v] != n {
						t.Fatalf("%v of %v has %d votes, and had %d: want %d", v, m, n, seen[v], v.Published)
					}
					seen[v] = n
				}
			}
		}
		if len(seen) < 6 {
			t.Errorf("%d vintages: want some of each month", len(seen))
		}
		anew := shelf(t, tables)
		if err := anew.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all(t, anew.Lots()) != all(t, s.Lots()) {
			t.Errorf("anew %d votes are shown, before %d", all(t, anew.Lots()), all(t, s.Lots()))
		}
		for v, n := range seen {
			m := calendar.Day(v.Day).Month()
			for ; !slices.Contains(disclosure.Vintages(anew.Releases(), m), v); m-- {
			}
			want := asked(t, s.Lots().AsOf(m, v.Release))
			if got := asked(t, anew.Lots().AsOf(m, v.Release)); !reflect.DeepEqual(got, want) || all(t, anew.Lots().AsOf(m, v.Release)) != n {
				t.Errorf("vintage %d of %v: anew %v, before %v", v.Number, m, got, want)
			}
		}
	})
}

// asked returns what lots have by day, comune and channel.
func asked(t *testing.T, lots *disclosure.Lots) map[question.Key][schema.ValueMax]uint64 {
	t.Helper()
	a := question.Axes{From: 0, Next: 1 << 19, RowsMax: rowsMax, Comune: each[schema.ComuneID], Channel: each[schema.Channel]}
	for h := a.From; h < a.Next; h++ {
		a.Hours = append(a.Hours, question.Group(h/24))
	}
	counts, err := lots.Counts(t.Context(), &a)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[question.Key][schema.ValueMax]uint64)
	for _, row := range counts.Rows {
		rows[row.Key] = row.Values
	}
	return rows
}
