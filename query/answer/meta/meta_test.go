package meta_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/query/answer/meta"
	"mlf/query/figures"
	"mlf/query/question"
	"mlf/schema"
)

// TestHeadIsWhatTheTagsSay: what is written by hand is what encoding/json writes.
func TestHeadIsWhatTheTagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `a"b`, "x<y&z>", "né", "a\\b", "058091"}))
		texts := func(name string) []string { return rapid.SliceOfN(text, 1, 3).Draw(t, name) }
		ledger := make([]schema.LedgerTotals, rapid.IntRange(0, 4).Draw(t, "partitions"))
		for i := range ledger {
			ledger[i].Next = schema.Offset(rapid.IntRange(0, 1<<50).Draw(t, "next"))
			ledger[i].Quarantined = rapid.Uint64Max(1<<50).Draw(t, "quarantined")
		}
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "at")).UTC()
		m := meta.Of(meta.Moment{Ledger: ledger, At: at, Disclosure: text.Draw(t, "disclosure")}, rapid.Bool().Draw(t, "clustered"), figures.FormulaShare, figures.FormulaRank)
		if rapid.Bool().Draw(t, "about") {
			m.About = &meta.About{
				From: text.Draw(t, "from"), To: text.Draw(t, "to"), Rounded: rapid.Bool().Draw(t, "rounded"),
				Filters: map[string][]string{"class": texts("a"), text.Draw(t, "name"): texts("b")}, Excluded: meta.LeftOut(new(question.Question), ledger, &[schema.ClassMax + 1]uint64{}),
			}
		}
		if rapid.Bool().Draw(t, "marks") {
			m.Marks = &meta.Marks{Period: text.Draw(t, "period"), Running: rapid.Bool().Draw(t, "running"), Fill: text.Draw(t, "fill")}
			if rapid.Bool().Draw(t, "compare") {
				m.Compare = &meta.OfTimes{From: text.Draw(t, "before"), To: text.Draw(t, "until")}
			}
		}
		if rapid.Bool().Draw(t, "options") {
			m.By, m.Step, m.Measure, m.Reference, m.Mix = texts("by"), text.Draw(t, "step"), text.Draw(t, "measure"), text.Draw(t, "reference"), text.Draw(t, "mix")
			m.MinN, m.Top = rapid.Uint64Max(1000).Draw(t, "min"), rapid.IntRange(0, 9).Draw(t, "top")
		}
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		head := m.Head()
		later, left := head.AppendAsOf(nil, meta.Moment{Ledger: ledger, At: at}, m.Position)
		for _, got := range [][]byte{head.Append(nil, m), later} {
			if string(got) != `{"meta":`+string(want)+`,` {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
		}
		if (left == nil) != (m.About == nil) {
			t.Fatalf("got %v left out, of %v", left, m.About)
		}
	})
}
