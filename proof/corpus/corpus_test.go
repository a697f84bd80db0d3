package corpus_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/event"
)

// nothing is what stands in the table for no record, or nothing counted.
const nothing = "nothing"

// TestCorpus sends each payload twice, as browsers, networks and scripts do. What comes of
// it on the log is what the table says, and so is what is counted: what tells who it is
// once, what does not twice.
func TestCorpus(t *testing.T) {
	rows := readTable(t)
	w := newWorld(t, rows)
	var sum account
	for i, r := range rows {
		if r.isFile() {
			w.imported(t, i, r, &sum)
		} else {
			w.said(t, i, r, &sum)
		}
	}
	tally, cells := w.counted(t)
	for i, r := range rows {
		if r.got[2] = cells[name(i)]; r.got[2] == "" {
			r.got[2] = nothing
		}
	}
	if *update {
		writeTable(t, rows)
	}
	for _, r := range rows {
		for n, got := range r.got {
			if want := r.line[5+n]; got != want && !*update {
				t.Errorf("%s to %s: %s\n got %s\nwant %s", r.file, r.to, columns()[5+n], got, want)
			}
		}
	}
	if got := tally.Events; got.In != sum.events || got.Used != sum.used || got.Repeated != sum.repeated || got.Stale+got.Conflicts+got.Quarantined != 0 {
		t.Errorf("events: got %+v, want %+v", got, sum)
	}
	if tally.VotesIn != sum.votes+sum.again || tally.Counted != sum.votes || tally.Duplicates != sum.again || tally.Records != uint64(w.next) {
		t.Errorf("ledger: got %+v of %d records, want %+v", tally, w.next, sum)
	}
}

// An account is what the ledger is to say, by what was found on the log.
type account struct {
	events, used, repeated uint64
	votes, again           uint64 // That count, and that do not.
}

// said sends what row i says, twice.
func (w *world) said(t *testing.T, i int, r *row, sum *account) {
	t.Helper()
	var texts [2]string
	var keys [2]string
	for n := range texts {
		a := w.post(t, sent{i: i, row: r, kind: r.kind, body: r.body}, i)
		records := w.take(t)
		if r.got[0] = fmt.Sprint(a.status); a.code != "" {
			r.got[0] += " " + a.code
		}
		if len(records) > 1 || len(records) == 1 && a.status >= 300 {
			t.Errorf("%s: %d records, answered %s", r.file, len(records), r.got[0])
		}
		texts[n] = nothing
		if len(records) == 1 {
			texts[n], keys[n] = inWords(t, records[0].Value, &a)
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("%s: the same again is\n%s, and was\n%s", r.file, texts[1], texts[0])
	}
	r.got[1] = texts[0]
	switch {
	case texts[0] == nothing:
	case keys[0] == keys[1]:
		r.got[1] += " " + r.keyInWords(keys[0])
		sum.add(2, 1, votesOf(t, texts[0]))
		if strings.HasPrefix(texts[0], "reading") {
			break
		}
		sum.again++
	default:
		r.got[1] += " without key"
		sum.add(2, 2, 2)
	}
}

// votesOf returns how many votes a record makes that was not there before.
func votesOf(t *testing.T, text string) (n uint64) {
	t.Helper()
	if !strings.HasPrefix(text, "reading") {
		return 1
	}
	var values [schema.ValueMax]uint64
	if _, err := fmt.Sscanf(text, "reading [%d %d %d %d %d]", &values[0], &values[1], &values[2], &values[3], &values[4]); err != nil {
		t.Fatal(text, err)
	}
	for _, v := range values {
		n += v
	}
	return n
}

// add adds events of which used are new, and votes that they make.
func (a *account) add(events, used, votes uint64) {
	a.events, a.used, a.repeated = a.events+events, a.used+used, a.repeated+events-used
	a.votes += votes
}

// imported imports row i's file, twice: the second time nothing of it is new.
func (w *world) imported(t *testing.T, i int, r *row, sum *account) {
	t.Helper()
	path := write(t, r.body)
	var texts [2]string
	votes := uint64(0)
	for n := range texts {
		a, said := w.importFile(t, i, r, path)
		if a.status != 0 {
			t.Fatalf("%s: exit code %d: %s", r.file, a.status, said)
		}
		votes, texts[n] = w.importedWords(t, r, &a)
		said, _, _ = strings.Cut(said[strings.IndexByte(said, '{'):], `,"written"`)
		r.got[0] = strings.ReplaceAll(strings.Trim(said, "{}\n"), `"`, "")
	}
	if texts[0] != texts[1] {
		t.Errorf("%s: the same again is\n%s, and was\n%s", r.file, texts[1], texts[0])
	}
	r.got[1] = texts[0]
	sum.add(2*votes, votes, votes)
	sum.again += votes
}

// importedWords returns how many votes have come, and says what they are.
func (w *world) importedWords(t *testing.T, r *row, a *answer) (uint64, string) {
	t.Helper()
	var all []string
	for _, record := range w.take(t) {
		b, _ := decode(t, record.Value)
		for _, v := range b.Votes {
			all = append(all, voteInWords(b, &v, a)+" "+r.keyInWords(hex.EncodeToString(v.Key[:])))
		}
	}
	return uint64(len(all)), strings.Join(all, "; ")
}

// inWords says what a record says; key is what it is known again by.
func inWords(t *testing.T, value []byte, a *answer) (text, key string) {
	t.Helper()
	b, c := decode(t, value)
	if c != nil {
		text = fmt.Sprintf("reading %v frame %s at %s", c.Values, frame(c.Frame), when(c.At, a.first, a.last))
		if c.Restart {
			text += " restart"
		}
		return text, hex.EncodeToString(c.Epoch[:])
	}
	if len(b.Votes) != 1 {
		t.Errorf("%d votes in a record", len(b.Votes))
	}
	return voteInWords(b, &b.Votes[0], a), hex.EncodeToString(b.Votes[0].Key[:])
}

func voteInWords(b *event.Batch, v *event.Vote, a *answer) string {
	memory := map[event.Memory]string{event.MemoryForm: "form", event.MemoryRating: "rating", event.MemoryCall: "call"}[b.Memory]
	text := fmt.Sprintf("%s %d", memory, v.Value)
	if v.Reason != 0 {
		text += " " + v.Reason.String()
	}
	if b.Test {
		text += " test"
	}
	return text + " of " + service(v.Service) + " at " + when(v.At, a.first, a.last)
}

// service returns the code of a service that the corpus's sources offer.
func service(id schema.ServiceID) string {
	return map[schema.ServiceID]string{3: "anagrafe", 4: "tributi", schema.ServiceUnspecified: "unspecified"}[id]
}

// hourOf says of which hour a cell is.
func hourOf(h schema.Hour) string {
	if since := h.Time().Sub(theDay()); since >= 0 && since < 24*time.Hour {
		return fmt.Sprintf("day+%dh", int(since.Hours()))
	}
	return "now"
}

// frame says a frame; where none is told, the second of its reception and a number.
func frame(n uint64) string {
	if n>>32 == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s/%d", when(schema.Instant(n>>16*1000), 0, 0), n&0xFFFF)
}
