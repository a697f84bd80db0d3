package disclosure_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/disclosure"
	"mlf/schema"
	"mlf/schema/served"
)

// TestTurnout sets lots of October against numbers of served users. Lots are written
// OFFICE first-last votes, numbers OFFICE day users; the office "-" is none.
func TestTurnout(t *testing.T) {
	for _, tt := range []struct{ name, served, lots, want string }{
		{"nothing is known", "", "- 1-1 5", ""},
		{"a day", "- 1 20", "- 1-1 5", "5/20"},
		{"days together", "- 1 20; - 2 30; - 5 10", "- 1-2 5; - 5-5 3", "8/60"},
		{"a closed day between", "- 1 20; - 3 30", "- 1-3 5", "5/50"},
		{"nobody voted", "- 1 20", "", "0/20"},
		{"nobody came", "- 1 0", "", "0/0"},
		{"a lot that begins before anything is known", "- 2 20; - 3 30; - 4 40", "- 1-3 5; - 4-4 4", "4/40"},
		{"a lot that ends after it", "- 1 20; - 2 30", "- 1-1 4; - 2-3 5", "4/20"},
		{"a late lot across days that count", "- 2 20; - 3 30", "- 1-4 3; - 2-2 5; - 3-3 6", "11/50"},
		{"only lots that cannot be set against anything", "- 2 20", "- 1-3 5", ""},
		{"the office that lots name", "a 1 20; b 1 30", "a 1-1 5; b 1-1 6", "11/50"},
		{"one that nothing is known of", "a 1 20", "a 1-1 5; b 1-1 6", "5/20"},
		{"one that is not named", "a 1 20; a 2 10", "- 1-2 5", "5/30"},
		{"some that are not named", "a 1 20; b 2 10", "- 1-2 5", "5/30"},
		{"one named, one not", "a 1 20; b 1 10", "a 1-1 5; - 1-1 3", "8/30"},
		{"a number of all offices, lots of each", "- 1 50", "a 1-1 5; b 1-1 6", ""},
		{"the last day of the month", "- 31 9", "- 31-31 3", "3/9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			users := make(map[served.Key]served.Sum)
			eachOf(tt.served, func(office schema.OfficeCode, at string, n uint64) {
				var d int
				scan(t, at, "%d", &d)
				users[served.Key{Comune: 9001, Office: office, Service: 1, Channel: 2, Day: day(time.October, d)}] = served.Sum{Users: n, Known: 1}
			})
			lots := []schema.Lot{
				lot(schema.LotLabel{Level: schema.LotService, Spot: schema.Spot{Comune: 1001, Service: 1, Scale: 1}}, day(time.October, 1), day(time.October, 31), 9),
				lot(schema.LotLabel{Level: schema.LotChannel, Spot: schema.Spot{Comune: 1002, Service: 1, Channel: 2, Scale: 1}}, day(time.October, 1), day(time.October, 1), 9),
			}
			eachOf(tt.lots, func(office schema.OfficeCode, at string, n uint64) {
				var first, last int
				scan(t, at, "%d-%d", &first, &last)
				label := schema.LotLabel{Level: schema.LotOffice, Spot: schema.Spot{Comune: 1001, Office: office, Service: 1, Channel: 2, Scale: schema.Scale(1 + n%2)}}
				if office == "" {
					label.Level = schema.LotChannel
				}
				lots = append(lots, lot(label, day(time.October, first), day(time.October, last), n))
			})
			var got []string
			for _, row := range disclosure.Turnout(ptr(small()), day(time.October, 9), users, lots) {
				if row.Comune != 1001 || row.Service != 1 || row.Channel != 2 {
					t.Errorf("got %+v: want the comune of today", row)
				}
				got = append(got, fmt.Sprintf("%d/%d", row.Votes, row.Users))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func ptr[T any](of T) *T { return &of }

// eachOf calls f with the parts of a text as in TestTurnout.
func eachOf(text string, f func(office schema.OfficeCode, at string, n uint64)) {
	for part := range strings.SplitSeq(text, "; ") {
		var office, at string
		var n uint64
		if _, err := fmt.Sscan(part, &office, &at, &n); err == nil {
			f(schema.OfficeCode(strings.TrimPrefix(office, "-")), at, n)
		}
	}
}

func scan(t *testing.T, text, format string, to ...any) {
	t.Helper()
	if _, err := fmt.Sscanf(text, format, to...); err != nil {
		t.Fatal(err)
	}
}

// TestTurnoutIsFrozen: what was known of those who were served when a vintage was made
// is kept with its release, whatever is told later.
func TestTurnoutIsFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass(90 * 24 * time.Hour)
		january := schema.Day(10957) // The bubble's clock begins on 2000-01-01.
		tables := model.NewStore(time.Now())
		var counted tallyView
		vote := func(n int, d schema.Day) {
			for range n {
				counted = append(counted, ballot{Spot: schema.Spot{Comune: 1001, Service: 1, Channel: 2, Scale: 1}, class: schema.ClassOK, hour: noon(d) - 1, value: 3})
			}
		}
		book := new(served.Book)
		tell := func(users uint32, revision uint64) {
			book.Note(served.Served{Key: served.Key{Comune: 1001, Service: 1, Channel: 2, Day: january + 4}, Users: users, Revision: revision})
		}
		release := func(today schema.Day) *schema.Release {
			t.Helper()
			pass(time.Hour)
			r, err := disclosure.PublishServed(t.Context(), &disclosure.Rules{Places: small()}, tables, disclosure.ViewOf{View: counted, Book: book}, today)
			if err != nil {
				t.Fatal(err)
			}
			pass(time.Hour)
			return r
		}
		s := shelf(t, tables)
		want := func(number, frozen, votes, users int) {
			t.Helper()
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			rows, known := s.Turnout(uint32(number), january)
			if got := fmt.Sprint(known, rows); got != fmt.Sprintf("true [{001001 1 totem %d %d}]", votes, users) && frozen == 1 || frozen != 1 && (len(rows) > 0 || known != (frozen == 0)) {
				t.Errorf("release %d: got %s, want %d of %d", number, got, votes, users)
			}
		}
		vote(5, january+4)
		release(january + 33) // No vintage yet.
		want(1, -1, 0, 0)
		release(january + 34) // It is not complete.
		want(2, -1, 0, 0)
		book.SetComplete()
		vote(3, january+4)
		release(january + 64) // 5 March: the second vintage, and nobody is known to have been served.
		want(3, 0, 0, 0)
		tell(40, 1)
		vote(4, january+4)
		release(january + 96)
		want(4, 1, 12, 40)
		tell(99, 2)
		vote(3, january+4)
		release(january + 97) // The same round: no vintage.
		want(4, 1, 12, 40)
		want(5, -1, 0, 0)
		vote(3, january+4)
		release(january + 130)
		want(6, 1, 18, 99)
		want(4, 1, 12, 40)
	})
}
