package alert_test

import (
	"context"
	"slices"
	"testing"
	"time"

	judging "mlf/query/alert"
	"mlf/query/calendar"
	"mlf/query/fleet"
	"mlf/query/marks"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/annotation"
	"mlf/schema/heartbeat"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// A stall is votes that are cast in every hour at one place.
type stall struct {
	schema.Cell                            // Its hour does not matter.
	values      func(schema.Hour) []uint64 // By value.
}

// A town is votes and terminals under judgement; it is a question.View.
type town struct {
	t         *testing.T
	judge     *judging.Judge
	stalls    []stall
	terminals *schema.Terminals
	notes     *annotation.Book
	fleet     *fleet.Fleet
	n         schema.TerminalID
}

func newTown(t *testing.T) *town {
	t.Helper()
	names := schematest.Lists(t)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, terminals: new(schema.Terminals), notes: new(annotation.Book)}
	words, bodies := question.NewVocabulary(names, clock), network.New(w.terminals)
	joined, err := registry.ParseDate("2020-01-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []network.Body{
		{Code: roma, Type: network.TypeComune, Name: "Comune di Roma", Members: []network.Member{{Comune: 58091}}, Joined: joined},
		{Code: "uc_x", Type: network.TypeUnion, Name: "Unione X", Members: []network.Member{{Comune: 58091}, {Comune: 15146}}, Joined: joined},
	} {
		key, value, err := b.RegistryRecord()
		if err == nil {
			err = bodies.Apply(key, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.terminals.SetComplete()
	w.notes.SetComplete()
	if w.fleet, err = fleet.New(w.terminals, names); err != nil {
		t.Fatal(err)
	}
	w.fleet.Book.SetComplete()
	w.judge = &judging.Judge{
		Counts: func() question.View { return w }, Words: words, Terminals: w.terminals, Bodies: bodies.Body, Notes: marks.NewNotes(w.notes, words), Fleet: w.fleet,
	}
	return w
}

// Ledger and Version are question.View's, and nobody asks.
func (*town) Ledger() []schema.LedgerTotals           { return nil }
func (*town) Version(schema.Hour, schema.Hour) string { return "" }

// Counts counts the stalls.
func (w *town) Counts(_ context.Context, a *question.Axes) (*question.Counts, error) {
	byKey := make(map[question.Key]*question.Count)
	var keys []question.Key
	for _, s := range w.stalls {
		k := question.Key{Comune: a.Comune(s.Comune), Office: a.Office(s.Office), Service: a.Service(s.Service), Channel: a.Channel(s.Channel), Scale: a.Scale(s.Scale), Class: a.Class(s.Class)}
		if slices.Contains([]question.Group{k.Comune, k.Office, k.Service, k.Channel, k.Scale, k.Class}, question.Out) {
			continue
		}
		for h := a.From; h < a.Next; h++ {
			k := k
			if k.Hour = a.Hours[h-a.From]; k.Hour == question.Out {
				continue
			}
			if byKey[k] == nil {
				byKey[k] = &question.Count{Key: k}
				keys = append(keys, k)
			}
			for i, n := range s.values(h) {
				byKey[k].Values[i] += n
			}
		}
	}
	counts := new(question.Counts)
	for _, k := range keys {
		counts.Rows = append(counts.Rows, *byKey[k])
	}
	return counts, nil
}

// always are the same votes in every hour.
func always(values ...uint64) func(schema.Hour) []uint64 {
	return func(schema.Hour) []uint64 { return values }
}

// turned are others in the last week before first.
func turned(before, after []uint64) func(schema.Hour) []uint64 {
	return func(h schema.Hour) []uint64 {
		if h >= first-7*24 {
			return after
		}
		return before
	}
}

func (w *town) votes(comune schema.ComuneID, office schema.OfficeCode, scale schema.Scale, class schema.Class, values func(schema.Hour) []uint64) {
	w.stalls = append(w.stalls, stall{schema.Cell{Comune: comune, Office: office, Service: 1, Channel: schema.ChannelCounter, Scale: scale, Class: class}, values})
}

func (w *town) enrol(body schema.BodyCode, comune schema.ComuneID, office schema.OfficeCode) schema.TerminalID {
	w.t.Helper()
	w.n++
	e := &schema.Enrolment{
		Terminal: w.n, Token: schema.HashToken([]byte{byte(w.n)}), Body: body, Comune: comune, Office: office, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
	}
	key, value, err := e.RegistryRecord()
	if err == nil {
		err = w.terminals.Apply(key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.n
}

func (w *town) note(id, from, to string, scope map[string][]string) {
	w.t.Helper()
	a := annotation.Annotation{ID: id, Kind: annotation.Break, Scope: scope, Text: registry.Label{IT: "prima e dopo"}}
	var err error
	if a.From, err = registry.ParseDate(from); err == nil {
		a.To, err = registry.ParseDate(to)
	}
	key, value, err2 := a.RegistryRecord()
	if err != nil || err2 != nil || w.notes.Apply(key, value) != nil {
		w.t.Fatal(err, err2)
	}
}

func (w *town) says(body schema.BodyCode, kind alert.Kind, scope alert.Scope) judging.Verdict {
	w.t.Helper()
	threshold := map[alert.Kind]float64{alert.Red: 0.05, alert.Fall: 0.05, alert.Misuse: 0.2, alert.Silence: 2}[kind]
	q := &judging.Question{Body: body, Rule: alert.Rule{Kind: kind, Enabled: true, Threshold: threshold}, Scope: scope}
	v, err := w.judge.Judge(w.t.Context(), q, first.Time())
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// faces is the scope of all faces of a body.
func faces() alert.Scope { return alert.Scope{Scale: "mlf3"} }

// TestWhoseVotes: a comune's are all that were cast in it, a union's those at its own terminals.
func TestWhoseVotes(t *testing.T) {
	w := newTown(t)
	w.votes(58091, "urp", schema.ScaleMLF3, schema.ClassOK, always(1, 0, 9))
	w.votes(58091, "unione", schema.ScaleMLF3, schema.ClassOK, turned([]uint64{1, 0, 9}, []uint64{8, 0, 2}))
	w.votes(58091, "urp", schema.ScaleMLF3, schema.ClassBurst, always(50, 0, 0)) // Never among them.
	w.votes(15146, "unione", schema.ScaleMLF3, schema.ClassOK, always(9, 0, 1))  // Another comune.
	if v := w.says("uc_x", alert.Red, faces()); v.Known || v.Why != "registry" {
		t.Errorf("a union without a terminal: %+v", v)
	}
	w.enrol("uc_x", 58091, "unione")
	w.enrol("other", 58091, "urp")
	f := func(body schema.BodyCode, scope alert.Scope, n, negative uint64, opens bool) {
		t.Helper()
		scope.Scale = "mlf3"
		v := w.says(body, alert.Red, scope)
		if !v.Known || v.Figures.N != n || v.Figures.Negative != negative || v.Opens != opens {
			t.Errorf("%s %s: got %+v %+v, want %d of %d, opens %v", body, scope, v, v.Figures, negative, n, opens)
		}
	}
	const week = 168
	f(roma, alert.Scope{}, 20*week, 9*week, true)
	f(roma, alert.Scope{Offices: []string{"urp"}}, 10*week, week, false)
	f(roma, alert.Scope{Offices: []string{"unione"}, Channels: []string{"counter"}, Services: []string{"anagrafe"}}, 10*week, 8*week, true)
	f("uc_x", alert.Scope{}, 10*week, 8*week, true)
	for _, scope := range []alert.Scope{{Offices: []string{"nowhere"}}, {Channels: []string{"web"}}} {
		scope.Scale = "mlf3"
		if v := w.says(roma, alert.Red, scope); v.Known || v.Why != "few" {
			t.Errorf("%s: got %+v", scope, v)
		}
	}
	if v := w.says("nobody", alert.Red, faces()); v.Known || v.Why != "registry" {
		t.Errorf("nobody: got %+v", v)
	}
	w.judge.Counts = func() question.View { return nil }
	q := &judging.Question{Body: roma, Rule: alert.Rule{Kind: alert.Red, Threshold: 0.05}, Scope: faces()}
	if v, err := w.judge.Judge(t.Context(), q, first.Time()); err == nil || v.Known {
		t.Errorf("without counts: %+v, %v", v, err)
	}
}

// TestScalesAreApart: stars are not faces, and one and two of them are the bad ones, as of four
// faces.
func TestScalesAreApart(t *testing.T) {
	w := newTown(t)
	w.votes(58091, "", schema.ScaleMLF3, schema.ClassOK, turned([]uint64{8, 0, 2}, []uint64{1, 0, 9}))
	w.votes(58091, "", schema.ScaleStars5, schema.ClassLateClock, turned([]uint64{1, 1, 2, 3, 3}, []uint64{3, 2, 2, 2, 1}))
	stars := alert.Scope{Scale: "stars5"}
	if v := w.says(roma, alert.Red, stars); !v.Opens || v.Figures.Negative != 5*168 || v.Figures.N != 10*168 || v.Figures.Baseline.Share != 0.2 {
		t.Errorf("stars: got %+v %+v", v, v.Figures)
	}
	w.votes(58091, "", schema.ScaleSmiley4, schema.ClassOK, turned([]uint64{1, 1, 4, 4}, []uint64{1, 7, 1, 1}))
	if v := w.says(roma, alert.Red, alert.Scope{Scale: "smiley4"}); !v.Opens || v.Figures.Negative != 8*168 || v.Figures.N != 10*168 || v.Figures.Baseline.Share != 0.2 {
		t.Errorf("four faces: got %+v %+v", v, v.Figures)
	}
	if v := w.says(roma, alert.Red, faces()); v.Opens || !v.Calm {
		t.Errorf("fewer red faces: got %+v", v)
	}
	if v := w.says(roma, alert.Fall, faces()); !v.Opens || v.Calm || v.Figures.Difference > -0.6 {
		t.Errorf("good news: got %+v %+v", v, v.Figures)
	}
	if v := w.says(roma, alert.Fall, stars); v.Opens {
		t.Errorf("no good news: got %+v", v)
	}
}

// TestBreaksAreNotCompared: the baseline begins after one, and in the window nothing is said.
func TestBreaksAreNotCompared(t *testing.T) {
	w := newTown(t)
	w.votes(58091, "", schema.ScaleMLF3, schema.ClassOK, turned([]uint64{1, 0, 9}, []uint64{8, 0, 2}))
	w.note("altrove", "2026-11-10", "2026-11-12", map[string][]string{"comune": {"015146"}})
	w.note("stelle", "2026-11-10", "2026-11-12", map[string][]string{"scale": {"stars5"}})
	if v := w.says(roma, alert.Red, faces()); !v.Opens || v.Figures.BaselineFrom != (first-63*24).Time() {
		t.Errorf("a break elsewhere: got %+v %+v", v, v.Figures)
	}
	w.note("totem", "2026-10-19", "2026-10-20", map[string][]string{"region": {"12"}})
	v := w.says(roma, alert.Red, faces())
	if want := time.Date(2026, 10, 20, 22, 0, 0, 0, time.UTC); !v.Opens || !v.Figures.BaselineFrom.Equal(want) || v.Figures.Baseline.N >= 50*240 {
		t.Errorf("a break in the baseline: got %+v %+v, want it from %v", v, v.Figures, want)
	}
	w.note("questa-settimana", "2026-11-12", "2026-11-12", nil)
	if v := w.says(roma, alert.Red, faces()); v.Known || v.Opens || v.Why != "break" {
		t.Errorf("a break in the window: got %+v", v)
	}
}

// TestMisuse: a day of votes that come too fast, or a copied terminal.
func TestMisuse(t *testing.T) {
	w := newTown(t)
	fast := func(before, after uint64) func(schema.Hour) []uint64 {
		return func(h schema.Hour) []uint64 {
			if h >= first-24 {
				return []uint64{after}
			}
			return []uint64{before}
		}
	}
	w.votes(58091, "", schema.ScaleMLF3, schema.ClassOK, always(0, 0, 9))
	w.votes(58091, "", schema.ScaleMLF3, schema.ClassBurst, fast(1, 1))
	w.votes(58091, "", schema.ScaleMLF3, schema.ClassTest, always(500, 0, 0)) // Nobody's misuse.
	if v := w.says(roma, alert.Misuse, alert.Scope{}); v.Opens || !v.Calm || v.Figures.Negative != 24 || v.Figures.N != 240 {
		t.Errorf("as always: got %+v %+v", v, v.Figures)
	}
	w.stalls[1].values = fast(1, 6)
	v := w.says(roma, alert.Misuse, alert.Scope{})
	if !v.Opens || v.Calm || v.Figures.Negative != 144 || v.Figures.N != 360 || v.Figures.From != (first-24).Time() {
		t.Errorf("a finger: got %+v %+v", v, v.Figures)
	}
	w.stalls[1].values = fast(1, 1)
	id := w.enrol(roma, 58091, "")
	seen := schema.InstantOf(first.Time().Add(-time.Hour))
	h := heartbeat.Heartbeat{Terminal: id, At: seen, Install: 1, Copy: heartbeat.Copy{Seen: seen, Since: seen}}
	if err := w.fleet.Book.Apply(h.Key(), heartbeat.Append(nil, &h)); err != nil {
		t.Fatal(err)
	}
	if v := w.says(roma, alert.Misuse, alert.Scope{}); !v.Opens || v.Calm || v.Count != 1 || v.Terminals[0] != id {
		t.Errorf("a copy: got %+v", v)
	}
	if v := w.says("uc_x", alert.Misuse, alert.Scope{}); v.Opens {
		t.Errorf("another's copy: got %+v", v)
	}
}
