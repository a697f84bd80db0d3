package watch_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	judging "mlf/query/alert"
	"mlf/query/alert/watch"
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

const (
	roma  schema.BodyCode = "c_h501"
	first schema.Hour     = 498_561
)

// A world is what watchers look at: votes of Roma, the topic of alerts, and receivers.
type world struct {
	t interface {
		Helper()
		Fatal(...any)
	}
	now   time.Time
	red   func(schema.Hour) uint64 // Of ten votes in each hour.
	halt  error                    // Why counts are not to be judged by.
	words *question.Vocabulary
	topic []alert.Record

	terminals *schema.Terminals
	bodies    *network.Network
	notes     *marks.Notes
	fleet     *fleet.Fleet

	received map[string]string // By message and target: what it said.
	tests    int
}

func newWorld(t interface {
	Helper()
	Fatal(...any)
},
) *world {
	t.Helper()
	names := schematest.Lists(t)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: first.Time(), words: question.NewVocabulary(names, clock), terminals: new(schema.Terminals), received: make(map[string]string)}
	w.red = func(schema.Hour) uint64 { return 1 }
	w.bodies = network.New(w.terminals)
	joined, err := registry.ParseDate("2020-01-01")
	if err != nil {
		t.Fatal(err)
	}
	b := network.Body{Code: roma, Type: network.TypeComune, Name: "Comune di Roma", Members: []network.Member{{Comune: 58091}}, Joined: joined}
	key, value, err := b.RegistryRecord()
	if err == nil {
		err = w.bodies.Apply(key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.terminals.SetComplete()
	w.bodies.SetComplete()
	book := new(annotation.Book)
	book.SetComplete()
	w.notes = marks.NewNotes(book, w.words)
	if w.fleet, err = fleet.New(w.terminals, names); err != nil {
		t.Fatal(err)
	}
	w.fleet.Book.SetComplete()
	s := alert.Usual(roma)
	s.Version, s.Change, s.By, s.At, s.Emails = 1, strings.Repeat("1", 32), "urp", w.now, []string{"urp@comune.example.it", "sindaco@comune.example.it"}
	s.Webhooks = []alert.Webhook{{ID: "a", URL: "https://hooks.example.it/a"}}
	w.put(s)
	return w
}

func (w *world) put(r interface{ Record() (alert.Record, error) }) {
	w.t.Helper()
	record, err := r.Record()
	if err != nil {
		w.t.Fatal(err)
	}
	w.topic = append(w.topic, record)
}

// Counts makes a world a question.View: ten votes in each hour of the day in Rome.
func (w *world) Counts(_ context.Context, a *question.Axes) (*question.Counts, error) {
	var counts question.Counts
	if a.Scale(schema.ScaleMLF3) == question.Out || a.Comune(58091) == question.Out {
		return &counts, nil
	}
	class := a.Class(schema.ClassOK)
	byDay := make(map[question.Group]*question.Count)
	for h := a.From; h < a.Next; h++ {
		day := a.Hours[h-a.From]
		if day == question.Out {
			continue
		}
		if byDay[day] == nil {
			byDay[day] = &question.Count{Key: question.Key{Hour: day, Class: class}}
		}
		red := w.red(h)
		byDay[day].Values[0] += red
		byDay[day].Values[2] += 10 - red
	}
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		counts.Rows = append(counts.Rows, *byDay[day])
	}
	return &counts, nil
}

// Ledger and Version are question.View's, and nobody asks.
func (*world) Ledger() []schema.LedgerTotals             { return nil }
func (*world) Version(schema.Hour, schema.Hour) string   { return "" }
func (w *world) view() question.View                     { return w }
func (w *world) behind(context.Context) error            { return w.halt }
func (w *world) clock() time.Time                        { return w.now }
func (w *world) body(code schema.BodyCode) *network.Body { return w.bodies.Body(code) }

// A pod is a watcher, and how much of the topic it has read.
type pod struct {
	*watch.Watcher
	world *world
	book  *alert.Book
	read  int
	dies  int // Before it appends so many more records it does not; -1: never.
	mute  bool
	held  []func() // What its sender has, to be delivered.
}

var errDied = errors.New("it has died")

func (w *world) pod() *pod {
	p := &pod{world: w, book: new(alert.Book), dies: -1}
	var err error
	p.Watcher, err = watch.New(watch.Config{
		Judge: &judging.Judge{Counts: w.view, Words: w.words, Terminals: w.terminals, Bodies: w.body, Notes: w.notes, Fleet: w.fleet},
		Book:  p.book, Log: p, Sender: p, Zone: w.words.Clock().Zone(), Behind: w.behind, Spread: -1, Now: w.clock,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// follow reads up to n more records of the topic.
func (p *pod) follow(n int) {
	p.world.t.Helper()
	for ; n > 0 && p.read < len(p.world.topic); n-- {
		r := p.world.topic[p.read]
		if err := p.book.Apply(r.Key, r.Value); err != nil {
			p.world.t.Fatal(err)
		}
		p.read++
	}
	if p.read == len(p.world.topic) {
		p.book.SetComplete()
	}
}

// PutAlert is watch.Log's.
func (p *pod) PutAlert(_ context.Context, key string, value []byte) error {
	if p.dies == 0 {
		return errDied
	}
	p.dies = max(-1, p.dies-1)
	p.world.topic = append(p.world.topic, alert.Record{Key: key, Value: slices.Clone(value)})
	return nil
}

// Send is watch.Sender's: what it takes arrives when the world says so.
func (p *pod) Send(_ *alert.Settings, target string, m *judging.Message, done func(alert.Outcome)) bool {
	if p.mute {
		return false
	}
	var about []string
	for _, a := range m.Alerts {
		about = append(about, a.ID)
	}
	says := fmt.Sprintf("%s %s of %s", m.Day, m.Event, strings.Join(about, ","))
	p.held = append(p.held, func() {
		p.world.received[m.ID+" "+target] = says // Receivers drop repetitions by the id.
		done(alert.Outcome{At: p.world.now, Delivered: true})
	})
	return true
}

// SendTest is watch.Sender's.
func (p *pod) SendTest(_ *alert.Settings, target string, _ *alert.Test, done func(alert.Outcome)) bool {
	p.held = append(p.held, func() {
		p.world.tests++
		done(alert.Outcome{At: p.world.now, Delivered: !strings.Contains(target, "sindaco"), Detail: "550"})
	})
	return true
}

// deliver has up to n messages arrive.
func (p *pod) deliver(n int) {
	n = min(n, len(p.held))
	for _, arrive := range p.held[:n] {
		arrive()
	}
	p.held = p.held[n:]
}

// pass lets hours pass, with all that is to do in each.
func (p *pod) pass(ctx context.Context, hours int) {
	for range hours {
		p.follow(1 << 20)
		p.Step(ctx)
		p.deliver(1 << 20)
		p.Step(ctx)
		p.world.now = p.world.now.Add(time.Hour)
	}
}

// check holds what must be true of a world whatever happened: an alert has one message a day,
// whoever sent it, and a body at most twenty.
func (w *world) check() {
	w.t.Helper()
	b := new(alert.Book)
	byDay := make(map[string]map[string]bool)
	for _, r := range w.topic {
		if err := b.Apply(r.Key, r.Value); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, a := range b.Alerts(roma) {
		seen := make(map[string]bool)
		for _, t := range a.Told {
			if seen[t.Day] {
				w.t.Fatal(a.ID, "was told twice on", t.Day)
			}
			seen[t.Day] = true
			if byDay[t.Day] == nil {
				byDay[t.Day] = make(map[string]bool)
			}
			byDay[t.Day][t.Message] = true
		}
	}
	for day, messages := range byDay {
		if len(messages) > judging.MessagesMax {
			w.t.Fatal(day, len(messages), "messages")
		}
	}
	arrived := make(map[string]string)
	for key, says := range w.received {
		_, target, _ := strings.Cut(key, " ")
		day, what, _ := strings.Cut(says, " ")
		_, about, _ := strings.Cut(what, " of ")
		if before, twice := arrived[day+about+target]; twice {
			w.t.Fatal("of one alert and day", target, "got", before, "and", says)
		}
		arrived[day+about+target] = says
	}
}

// bad makes the votes after a time red.
func (w *world) bad(from schema.Hour) {
	w.red = func(h schema.Hour) uint64 {
		if h >= from {
			return 4
		}
		return 1
	}
}

// TestRedIsToldAndEnds: the share of red rises, it is told, and the end of it once it is usual again.
func TestRedIsToldAndEnds(t *testing.T) {
	w := newWorld(t)
	p := w.pod()
	p.pass(t.Context(), 10)
	if got := len(p.book.Alerts(roma)); got != 0 {
		t.Fatalf("got %d alerts of what is as usual", got)
	}
	began := schema.HourOf(w.now)
	w.bad(began)
	p.pass(t.Context(), 72)
	all := p.book.Alerts(roma)
	if len(all) != 1 || all[0].Kind != alert.Red || all[0].State != alert.Open || all[0].Scope.String() != "scale=mlf3" {
		t.Fatalf("got %+v, want one of red faces", all)
	}
	a := all[0]
	if f := a.Figures; f == nil || f.N != 1680 || f.Baseline.N != 54*240 || !slices.Equal(f.LeftOut, []string{"2026-10-04", "2026-11-01"}) || f.Difference < 0.05 || f.DifferenceLow <= 0 || f.Low >= f.Share.Share || f.P > 0.001 {
		t.Errorf("got figures %+v", f)
	}
	if len(w.received) != 3 || len(a.Told) != 1 || a.Told[0].Event != alert.Opened || len(a.Told[0].Results) != 3 {
		t.Errorf("got %v, told %+v: want one message to each of three", w.received, a.Told)
	}
	n := &alert.Note{Alert: a.ID, ID: strings.Repeat("2", 32), By: "urp", At: w.now, Acknowledges: true}
	w.put(n)
	w.red = func(h schema.Hour) uint64 { return 1 }
	p.pass(t.Context(), 50)
	a = p.book.Alert(a.ID)
	if a.State != alert.Closed || len(a.Told) != 2 || a.Told[1].Event != alert.Ended || len(w.received) != 6 {
		t.Errorf("got %s, told %+v, %d received", a.State, a.Told, len(w.received))
	}
	w.check()
}

// TestNothingIsJudgedByHalf: while counts are behind nothing opens, and nothing closes.
func TestNothingIsJudgedByHalf(t *testing.T) {
	w := newWorld(t)
	w.bad(first - 100)
	w.halt = errors.New("partition 3 is halted")
	p := w.pod()
	p.pass(t.Context(), 5)
	if got := p.book.Alerts(roma); len(got) != 0 {
		t.Fatalf("got %+v by counts that are behind", got[0])
	}
	w.halt = nil
	p = w.pod()
	p.pass(t.Context(), 2)
	w.halt, w.red = errors.New("partition 3 is halted"), func(schema.Hour) uint64 { return 1 }
	p = w.pod()
	p.pass(t.Context(), 100)
	if got := p.book.Alerts(roma); len(got) != 1 || got[0].State != alert.Open || !got[0].Calm.IsZero() {
		t.Errorf("got %+v, want it as it was", got)
	}
}

// TestARuleThatIsTurnedOffEnds.
func TestARuleThatIsTurnedOffEnds(t *testing.T) {
	w := newWorld(t)
	w.bad(first - 100)
	p := w.pod()
	p.pass(t.Context(), 2)
	s := *p.book.Settings(roma)
	s.Version, s.Change, s.Rules = 2, strings.Repeat("3", 32), nil
	w.put(&s)
	p.pass(t.Context(), 1)
	if got := p.book.Alerts(roma); len(got) != 1 || got[0].State != alert.Closed {
		t.Errorf("got %+v", got)
	}
}

// enrol enrols a terminal of Roma that was last heard of at a time.
func (w *world) enrol(n int, last time.Time) {
	w.t.Helper()
	e := &schema.Enrolment{
		Terminal: schema.TerminalID(n), Token: schema.HashToken([]byte{byte(n)}), Comune: 58091, Body: roma, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
	}
	key, value, err := e.RegistryRecord()
	if err == nil {
		err = w.terminals.Apply(key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.beat(n, last)
}

func (w *world) beat(n int, last time.Time) {
	w.t.Helper()
	h := heartbeat.Heartbeat{Terminal: schema.TerminalID(n), At: schema.InstantOf(last), Install: heartbeat.Value(last.Unix())}
	if err := w.fleet.Book.Apply(h.Key(), heartbeat.Append(nil, &h)); err != nil {
		w.t.Fatal(err)
	}
}

// TestSilenceIsOneAlert: of all terminals, that closes when all were back for two hours.
func TestSilenceIsOneAlert(t *testing.T) {
	w := newWorld(t)
	for n := range 60 {
		w.enrol(n+1, w.now)
	}
	for n := range 200 {
		w.enrol(n+1000, w.now.AddDate(0, 0, 30)) // The rest of the country is well.
	}
	p := w.pod()
	p.pass(t.Context(), 3)
	if got := p.book.Alerts(roma); len(got) != 0 {
		t.Fatalf("got %+v after two hours of silence: want two and a half", got)
	}
	p.pass(t.Context(), 1)
	all := p.book.Alerts(roma)
	if len(all) != 1 || all[0].Kind != alert.Silence || all[0].Count != 60 || len(all[0].Terminals) != 50 {
		t.Fatalf("got %+v", all)
	}
	for n := range 60 {
		w.beat(n+1, w.now.Add(4*time.Hour)) // Until 17 in Rome.
	}
	p.pass(t.Context(), 2)
	if got := p.book.Alerts(roma)[0]; got.State != alert.Open || got.Count != 0 || got.Calm.IsZero() {
		t.Errorf("got %+v: want it open for two hours", got)
	}
	p.pass(t.Context(), 2)
	if got := p.book.Alerts(roma)[0]; got.State != alert.Closed {
		t.Errorf("got %+v, want it closed", got)
	}
}

// TestTheCountrysSilenceIsNoBodys.
func TestTheCountrysSilenceIsNoBodys(t *testing.T) {
	w := newWorld(t)
	for n := range 40 {
		w.enrol(n+1, w.now)
	}
	p := w.pod()
	p.pass(t.Context(), 6)
	if got := p.book.Alerts(roma); len(got) != 0 {
		t.Errorf("got %+v, and all of the country is silent", got)
	}
}

// TestATestIsSentOnce to all, and what became of it is known.
func TestATestIsSentOnce(t *testing.T) {
	w := newWorld(t)
	p := w.pod()
	w.put(&alert.Test{Body: roma, ID: strings.Repeat("4", 32), By: "urp", Asked: w.now})
	for range 3 {
		p.follow(1 << 20)
		p.Step(t.Context())
		p.deliver(9)
	}
	p.Step(t.Context())
	got := p.book.Test(roma)
	if w.tests != 3 || len(got.Results) != 3 || !got.Results["webhook:a"].Delivered || got.Results["email:sindaco@comune.example.it"].Detail != "550" {
		t.Errorf("%d sent, %+v", w.tests, got)
	}
	late := w.pod()
	w.now = w.now.Add(time.Hour)
	w.put(&alert.Test{Body: roma, ID: strings.Repeat("5", 32), By: "urp", Asked: w.now.Add(-11 * time.Minute)})
	late.pass(t.Context(), 1)
	if w.tests != 3 {
		t.Error("a test was sent that nobody waits for any more")
	}
}

// TestOldAlertsAreTakenBack.
func TestOldAlertsAreTakenBack(t *testing.T) {
	w := newWorld(t)
	a := &alert.Alert{Body: roma, Kind: alert.Red, First: first, State: alert.Closed, Opened: w.now, Updated: w.now, Closed: w.now}
	a.ID = alert.ID(a.Body, a.Kind, a.Scope, a.First)
	w.put(a)
	w.put(&alert.Note{Alert: a.ID, ID: strings.Repeat("6", 32), By: "urp", At: w.now, Text: "x"})
	p := w.pod()
	w.now = w.now.AddDate(0, 0, 399)
	p.pass(t.Context(), 1)
	if p.book.Alert(a.ID) == nil {
		t.Error("taken back after 399 days")
	}
	w.now = w.now.AddDate(0, 0, 2)
	p.pass(t.Context(), 1)
	again := new(alert.Book)
	for _, r := range w.topic {
		if err := again.Apply(r.Key, r.Value); err != nil {
			t.Fatal(err)
		}
	}
	if again.Alert(a.ID) != nil || len(again.Notes(a.ID)) != 0 {
		t.Error("it is there after 401 days")
	}
}

// TestWatchersAgree: two watchers that read as far as they like, die at any point and begin again,
// in hours that come twice, over votes that turn red and back: the alerts of a single one, and
// never two messages of one alert and day.
func TestWatchersAgree(t *testing.T) {
	names, ctx := newWorld(t).words, t.Context()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.words = names
		w.bad(first + schema.Hour(rapid.IntRange(-60, 10).Draw(t, "from")))
		pods := []*pod{w.pod(), w.pod()}
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, 1).Draw(t, "pod")
			p := pods[i]
			switch rapid.SampledFrom([]string{"follow", "step", "step", "deliver", "hour", "day", "dies", "restart", "good", "mute"}).Draw(t, "what") {
			case "follow":
				p.follow(rapid.IntRange(1, 9).Draw(t, "records"))
			case "step":
				p.Step(ctx)
			case "deliver":
				p.deliver(rapid.IntRange(1, 3).Draw(t, "messages"))
			case "hour":
				w.now = w.now.Add(time.Hour)
			case "day":
				w.now = w.now.Add(24 * time.Hour)
			case "dies":
				p.dies = rapid.IntRange(0, 3).Draw(t, "records")
			case "restart":
				pods[i] = w.pod()
				pods[i].follow(1 << 20)
			case "good":
				w.red = func(schema.Hour) uint64 { return 1 }
			case "mute":
				p.mute = !p.mute
			}
			w.check()
		}
		for i := range pods { // All is well again.
			pods[i] = w.pod()
		}
		for range 4 {
			for _, p := range pods {
				p.pass(ctx, 1)
			}
			w.now = w.now.Add(-time.Hour)
		}
		w.check()
		one, other := pods[0].book, pods[1].book
		for _, p := range pods {
			p.follow(1 << 20)
		}
		open := make(map[string]bool)
		for _, a := range one.Alerts(roma) {
			b := other.Alert(a.ID)
			if b == nil || b.State != a.State || len(b.Told) != len(a.Told) {
				t.Fatalf("one has %+v, the other %+v", a, b)
			}
			of := string(a.Kind) + a.Scope.String()
			if a.State == alert.Open && open[of] {
				t.Fatalf("two are open of %s", of)
			}
			open[of] = open[of] || a.State == alert.Open
			for _, told := range a.Told {
				if w.now.Sub(told.At) < 20*time.Hour && len(told.Results) != 3 {
					t.Fatalf("it is not known what became of %+v", told)
				}
			}
		}
	})
}

// TestADyingWatcherTellsOnce: a watcher dies before any record, with messages on their way, and is
// begun again, in the same hour or days after: nobody is told twice that an alert has opened.
func TestADyingWatcherTellsOnce(t *testing.T) {
	names, ctx := newWorld(t).words, t.Context()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.words = names
		w.bad(first - 60)
		p := w.pod()
		for range rapid.IntRange(3, 20).Draw(t, "lives") {
			p.follow(1 << 20)
			p.dies = rapid.IntRange(-1, 3).Draw(t, "dies")
			for range rapid.IntRange(1, 3).Draw(t, "steps") {
				p.Step(ctx)
				p.deliver(rapid.IntRange(0, 3).Draw(t, "arrive"))
			}
			w.now = w.now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 26}).Draw(t, "hours")) * time.Hour)
			p = w.pod()
		}
		opened := make(map[string]string)
		for key, says := range w.received {
			_, target, _ := strings.Cut(key, " ")
			day, what, _ := strings.Cut(says, " ")
			if before, twice := opened[target+what]; twice && strings.HasPrefix(what, alert.Opened) {
				t.Fatalf("%s was told on %s and on %s: %s", target, before, day, what)
			}
			opened[target+what] = day
		}
	})
}
