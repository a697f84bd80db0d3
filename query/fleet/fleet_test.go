package fleet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/query/calendar"
	"mlf/query/fleet"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/registry"
)

const roma, milano schema.ComuneID = 58091, 15146

// A town is a fleet under test.
type town struct {
	t *testing.T
	*fleet.Fleet
	rome *time.Location
	n    schema.TerminalID
}

func newTown(t *testing.T) *town {
	t.Helper()
	names, err := registry.Load()
	if err != nil {
		t.Fatal(err)
	}
	f, err := fleet.New(new(schema.Terminals), names)
	if err != nil {
		t.Fatal(err)
	}
	return &town{t: t, Fleet: f, rome: f.Zone}
}

// at reads a time by Rome's clock.
func (w *town) at(text string) time.Time {
	w.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, w.rome)
	if err != nil {
		w.t.Fatal(err)
	}
	return at
}

// enrol enrols a terminal after change has had its say.
func (w *town) enrol(c schema.ComuneID, change func(*schema.Enrolment)) schema.TerminalID {
	w.t.Helper()
	w.n++
	e := &schema.Enrolment{
		Terminal: w.n, Token: schema.HashToken([]byte{byte(w.n)}), Comune: c, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
	}
	if change != nil {
		change(e)
	}
	key, value, err := e.RegistryRecord()
	if err == nil {
		err = w.Terminals.Apply(key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.n
}

// beat has a heartbeat come.
func (w *town) beat(id schema.TerminalID, at time.Time, change func(*heartbeat.Heartbeat)) {
	w.t.Helper()
	h := heartbeat.Heartbeat{Terminal: id, At: schema.InstantOf(at), Install: 1}
	if change != nil {
		change(&h)
	}
	if err := w.Book.Apply(h.Key(), heartbeat.Append(nil, &h)); err != nil {
		w.t.Fatal(err)
	}
}

// ask returns the answer to a query string.
func (w *town) ask(query string, now time.Time) *fleet.Answer {
	w.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		w.t.Fatal(err)
	}
	q, err := fleet.ParseQuestion(values)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.Answer(q, fleet.Everybody, now)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// states returns the states of all terminals, in their order.
func (w *town) states(query string, now time.Time) string {
	var all []string
	for _, t := range w.ask(query, now).Terminals {
		all = append(all, string(t.State))
	}
	return strings.Join(all, " ")
}

// TestHoursPassed: how much of a time offices are open, by Rome's clock.
func TestHoursPassed(t *testing.T) {
	w := newTown(t)
	f := func(from, next string, want time.Duration) {
		t.Helper()
		if got := fleet.DefaultHours().Passed(w.rome, w.at(from).UTC(), w.at(next).UTC(), 1000*time.Hour); got != want {
			t.Errorf("%s to %s: got %v, want %v", from, next, got, want)
		}
	}
	f("2026-11-25 09:00", "2026-11-25 09:30", 30*time.Minute) // Wednesday.
	f("2026-11-25 17:50", "2026-11-26 08:20", 30*time.Minute)
	f("2026-11-25 18:00", "2026-11-26 08:00", 0)
	f("2026-11-25 05:00", "2026-11-25 22:00", 10*time.Hour)
	f("2026-11-27 17:00", "2026-11-30 09:00", 7*time.Hour) // A weekend: 1, Saturday's 5, 1.
	f("2026-11-29 00:00", "2026-11-29 23:59", 0)           // Sunday.
	f("2026-12-07 17:00", "2026-12-09 09:00", 2*time.Hour) // The Immacolata between.
	f("2026-10-24 12:30", "2026-10-26 08:30", time.Hour)   // The clock was changed.
	f("2026-03-28 12:30", "2026-03-30 08:30", time.Hour)
	f("2026-11-25 09:30", "2026-11-25 09:00", 0) // A clock that is ahead.
	if got := fleet.DefaultHours().Passed(w.rome, w.at("2020-01-01 00:00"), w.at("2026-11-25 12:00"), time.Hour); got != time.Hour {
		t.Errorf("got %v, want no more than was asked for", got)
	}
	if got := (fleet.Hours{}).Passed(w.rome, w.at("2020-01-01 00:00"), w.at("2026-11-25 12:00"), time.Hour); got != 0 {
		t.Errorf("always closed: got %v", got)
	}
	for _, wrong := range []fleet.Hours{{9: {}}, {calendar.Working: {-1, 5}}, {calendar.Working: {600, 500}}, {calendar.Working: {0, 1441}}} {
		if wrong.Validate() == nil {
			t.Errorf("%v: want an error", wrong)
		}
	}
	if err := fleet.DefaultHours().Validate(); err != nil {
		t.Error(err)
	}
}

func TestStates(t *testing.T) {
	w := newTown(t)
	now := w.at("2026-11-25 09:00")
	id := w.enrol(roma, nil)
	f := func(query, want string, now time.Time) {
		t.Helper()
		if got := w.states(query, now); got != want {
			t.Errorf("%s at %v: got %s, want %s", query, now, got, want)
		}
	}
	f("", "unheard", now)
	w.beat(id, now, nil)
	f("", "ok", now.Add(29*time.Minute))
	f("", "silent", now.Add(30*time.Minute))
	f("silent_minutes=60", "ok", now.Add(59*time.Minute))
	w.Voted = func(schema.TerminalID) schema.Instant { return schema.InstantOf(now.Add(20 * time.Minute)) }
	f("", "ok", now.Add(49*time.Minute)) // It votes, and sends no heartbeats.
	f("", "silent", now.Add(50*time.Minute))
	w.Voted = nil
	w.beat(id, now, func(h *heartbeat.Heartbeat) { h.Storage.Lost = true })
	f("", "lost", now)
	f("", "silent", now.Add(time.Hour))
	w.beat(id, now.Add(time.Minute), func(h *heartbeat.Heartbeat) { h.Copy.Seen = schema.InstantOf(now) })
	f("", "copied", now.Add(23*time.Hour))
	f("", "silent", now.Add(25*time.Hour))
	w.beat(id, now, nil) // Older: another process's, read late.
	f("", "copied", now.Add(2*time.Minute))
	w.beat(id, now.Add(2*time.Minute), nil) // Of a process that does not know of the copy yet.
	f("", "copied", now.Add(3*time.Minute))
	w.Hours = fleet.Hours{calendar.Working: {From: 0, Next: 1440}}
	f("", "silent", w.at("2026-11-26 23:00"))
}

// TestAnswer: all that is said of a terminal, and the counts.
func TestAnswer(t *testing.T) {
	w := newTown(t)
	now := w.at("2026-11-25 09:00")
	w.Body = func(e *schema.Enrolment) string { return map[schema.ComuneID]string{roma: "c_h501"}[e.Comune] }
	full := w.enrol(roma, func(e *schema.Enrolment) { e.Office = "eur" })
	w.beat(full, now, func(h *heartbeat.Heartbeat) {
		*h = heartbeat.Heartbeat{
			Terminal: full, At: h.At, Install: 2, Seq: 412, Waiting: 7, OldestMS: 90_000, Storage: heartbeat.Storage{Persisted: true, Known: true},
			Clock: h.At - 250, Version: "kiosk-1.4.0", BatteryMV: 3200, Ignored: heartbeat.Ignored{Double: 4, Multi: 1},
		}
	})
	w.beat(w.enrol(milano, nil), now.Add(-time.Hour), nil)
	w.beat(w.enrol(milano, func(e *schema.Enrolment) { e.Test = true }), now, func(h *heartbeat.Heartbeat) { h.Waiting = 1000 })
	w.enrol(milano, func(e *schema.Enrolment) { e.Revoked = true })
	w.enrol(999001, nil) // In no registry.

	a := w.ask("", now)
	if len(a.Terminals) != 4 || a.Terminals[0].Comune != milano || a.Terminals[2].Terminal != full || !a.AsOf.Equal(now) {
		t.Fatalf("got %+v", a.Terminals)
	}
	got, err := json.Marshal(a.Terminals[2])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"terminal":"t-0000000000002","comune":"058091","region":"12","body":"c_h501","office":"eur","channel":"totem","test":false,"state":"ok",` +
		`"last_seen":"2026-11-25T08:00:00Z","last_vote":null,"seq":412,"waiting":7,"oldest_ms":90000,"persisted":true,"free":0,"lost":false,` +
		`"clock_error_ms":-250,"version":"kiosk-1.4.0","battery_mv":3200,"pressed_double":4,"pressed_multi":1,"pressed_repeat":0,"copied_at":null}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f := func(query, want string) {
		t.Helper()
		if got := strings.ReplaceAll(string(w.ask(query, now).CSV()), "\r\n", " | "); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", query, got, want)
		}
	}
	const head = "by,code,terminals,ok,silent,copied,lost,unheard,waiting | "
	f("group=comune", head+"comune,015146,1,0,1,0,0,0,0 | comune,058091,1,1,0,0,0,0,7 | comune,999001,1,0,0,0,0,1,0 | ")
	f("group=region&comune=058091,015146", head+"region,03,1,0,1,0,0,0,0 | region,12,1,1,0,0,0,0,7 | ")
	f("group=body", head+"body,,2,0,1,0,0,1,0 | body,c_h501,1,1,0,0,0,0,7 | ")
	f("group=region&region=12&state=silent", head)
	const columns = "terminal,comune,region,body,office,channel,test,state,last_seen,last_vote,seq,waiting,oldest_ms," +
		"persisted,free,lost,clock_error_ms,version,battery_mv,pressed_double,pressed_multi,pressed_repeat,copied_at | "
	f("state=silent,unheard", columns+
		"t-0000000000004,015146,03,,,totem,false,silent,2026-11-25T07:00:00Z,,0,0,0,false,,false,,,,0,0,0, | "+
		"t-000000000000a,999001,,,,totem,false,unheard,,,,,,,,,,,,,,, | ")
	if c := w.ask("", now).Counts; len(c) != 1 || c[0] != (fleet.Counts{By: "all", Terminals: 3, OK: 1, Silent: 1, Unheard: 1, Waiting: 7}) {
		t.Errorf("got %+v", c)
	}
}

func TestQuestions(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fleet.ParseQuestion(values); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", query, err, want)
		}
	}
	f("comune=roma", `comune: comune "roma": want`)
	f("region=1", `region: region "1": want`)
	f("state=dead", `state: "dead": want one of ok, silent, copied, lost, unheard`)
	f("group=office", `group: "office": want one of comune, region, body`)
	f("group=body&group=region", "group: given 2 times")
	f("silent_minutes=9", `silent_minutes: "9": want a number from 10 to 10000`)
	f("silent_minutes=1e2", "silent_minutes:")
}

// TestTooMany: an answer is whole or an error.
func TestTooMany(t *testing.T) {
	w := newTown(t)
	for range 20_001 {
		w.n++
		e := schema.Enrolment{
			Terminal: w.n, Token: schema.HashToken(fmt.Append(nil, w.n)), Comune: roma, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
			Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
		}
		key, value, err := e.RegistryRecord()
		if err == nil {
			err = w.Terminals.Apply(key, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	q, err := fleet.ParseQuestion(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Answer(q, fleet.Everybody, time.Now()); err == nil || !strings.Contains(err.Error(), "more than 20,000 rows") {
		t.Errorf("got %v", err)
	}
	if got := w.ask("group=comune", time.Now()).Counts[0]; got.Terminals != 20_001 {
		t.Errorf("got %+v", got)
	}
}

// A topic has one heartbeat.
type topic struct{ heartbeat.Heartbeat }

func (l topic) FollowHeartbeats(ctx context.Context, apply func(string, []byte) error, caughtUp func()) error {
	if err := apply(l.Key(), heartbeat.Append(nil, &l.Heartbeat)); err != nil {
		return err
	}
	caughtUp()
	<-ctx.Done()
	return nil
}

// TestFollow: what is on the topic is known, and measured.
func TestFollow(t *testing.T) {
	w := newTown(t)
	id := w.enrol(roma, nil)
	w.enrol(milano, nil)
	w.Terminals.SetComplete()
	reg := prometheus.NewRegistry()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- w.Follow(ctx, topic{heartbeat.Heartbeat{Terminal: id, At: schema.InstantOf(time.Now()), Install: 1, Waiting: 7}}, reg)
		}()
		time.Sleep(time.Minute) //nolint:forbidigo // The bubble's clock.
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	const want = `
# HELP mlf_query_fleet_waiting_votes Votes in devices by their last heartbeats. Rising with terminals ok: votes are not taken, look at mlf_ingest_requests_total.
# TYPE mlf_query_fleet_waiting_votes gauge
mlf_query_fleet_waiting_votes 7
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "mlf_query_fleet_waiting_votes"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "mlf_query_fleet_terminals"); err != nil || n != 5 {
		t.Errorf("got %d states, %v, want 5", n, err)
	}
	if w.Book.Apply("x", nil) != nil || w.Book.Apply("x", []byte{1}) == nil || !w.Book.Complete() {
		t.Error("nil says nothing, and rubbish is an error")
	}
}
