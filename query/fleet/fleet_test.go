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

	"mlf/query/fleet"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/schematest"
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
	names := schematest.Lists(t)
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

// TestOpen: how much of a time offices are open, by Rome's clock.
func TestOpen(t *testing.T) {
	w := newTown(t)
	enrolled := func(c schema.ComuneID, office schema.OfficeCode) *schema.Enrolment {
		return &schema.Enrolment{Comune: c, Office: office}
	}
	f := func(e *schema.Enrolment, from, next string, want time.Duration) {
		t.Helper()
		if got := w.Open(e, w.at(from).UTC(), w.at(next).UTC(), 1000*time.Hour); got != want {
			t.Errorf("%s to %s: got %v, want %v", from, next, got, want)
		}
	}
	usual := enrolled(roma, "")
	f(usual, "2026-11-25 09:00", "2026-11-25 09:30", 30*time.Minute) // Wednesday.
	f(usual, "2026-11-25 17:50", "2026-11-26 08:20", 30*time.Minute)
	f(usual, "2026-11-25 18:00", "2026-11-26 08:00", 0)
	f(usual, "2026-11-25 05:00", "2026-11-25 22:00", 10*time.Hour)
	f(usual, "2026-11-27 17:00", "2026-11-30 09:00", 7*time.Hour) // A weekend: 1, Saturday's 5, 1.
	f(usual, "2026-11-29 00:00", "2026-11-29 23:59", 0)           // Sunday.
	f(usual, "2026-12-07 17:00", "2026-12-09 09:00", 2*time.Hour) // The Immacolata between.
	f(usual, "2026-10-24 12:30", "2026-10-26 08:30", time.Hour)   // The clock was changed.
	f(usual, "2026-03-28 12:30", "2026-03-30 08:30", time.Hour)
	f(usual, "2026-11-25 09:30", "2026-11-25 09:00", 0) // A clock that is ahead.
	if got := w.Open(usual, w.at("2020-01-01 00:00"), w.at("2026-11-25 12:00"), time.Hour); got != time.Hour {
		t.Errorf("got %v, want no more than was asked for", got)
	}

	w.Hours = readHours(t, `comune,office,day,opens,closes
,,mon-fri,08:00,14:00
058091,,mon-thu,08:30,12:30
058091,,thu,14:30,17:00
058091,,2026-12-24,,
058091,eur,sun,00:00,24:00
058091,eur,holiday,10:00,11:00
058091,centro,2026-12-23,16:00,17:00
`)
	all, own, night, dated := enrolled(milano, "eur"), enrolled(roma, "unnamed"), enrolled(roma, "eur"), enrolled(roma, "centro")
	f(all, "2026-11-23 00:00", "2026-11-30 00:00", 5*6*time.Hour)
	f(all, "2026-12-24 00:00", "2026-12-27 00:00", 6*time.Hour) // Thursday; Christmas; Santo Stefano.
	f(own, "2026-11-26 00:00", "2026-11-27 00:00", 6*time.Hour+30*time.Minute)
	f(own, "2026-11-26 12:00", "2026-11-26 15:00", time.Hour)
	f(own, "2026-11-27 00:00", "2026-11-30 00:00", 0) // Whoever has a week has no other's.
	f(own, "2026-12-24 00:00", "2026-12-25 00:00", 0)
	f(night, "2026-11-23 00:00", "2026-11-30 00:00", 24*time.Hour)
	f(night, "2026-10-25 00:00", "2026-10-26 00:00", 25*time.Hour) // The clock was changed.
	f(night, "2026-03-29 00:00", "2026-03-30 00:00", 23*time.Hour)
	f(night, "2026-12-25 00:00", "2026-12-26 00:00", time.Hour)
	f(dated, "2026-12-22 00:00", "2026-12-25 00:00", 4*time.Hour+time.Hour) // Its comune's week, its own day, its comune's day.

	w.Hours = readHours(t, "comune,office,day,opens,closes\n,,sun,,\n")
	if got := w.Open(usual, w.at("2020-01-01 00:00"), w.at("2026-11-25 12:00"), time.Hour); got != 0 {
		t.Errorf("always closed: got %v", got)
	}
}

func readHours(t *testing.T, text string) *fleet.Hours {
	t.Helper()
	h, err := fleet.ReadHours(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestReadHoursRefuses: what no timetable has, by its line.
func TestReadHoursRefuses(t *testing.T) {
	const header = "comune,office,day,opens,closes\n"
	f := func(text, want string) {
		t.Helper()
		if _, err := fleet.ReadHours(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	f("", "line 1: want comune,office")
	f("comune;office\n", "line 1: \"comune;office\": want comune,office")
	f(header+",,mon,08:00\n", "wrong number of fields")
	f(header+",,mon,08:00,12:00\n\n58091x,,mon,08:00,12:00\n", `line 4: comune "58091x"`)
	f(header+",eur,mon,08:00,12:00\n", `line 2: office "eur": want the comune, too`)
	f(header+"058091,è,mon,08:00,12:00\n", `line 2: office "è"`)
	for _, day := range []string{"", "lun", "fri-mon", "mon-holiday", "holiday-holiday", "mon-", "2026-02-30", "2026-1-1"} {
		f(header+",,"+day+",08:00,12:00\n", `line 2: day "`+day+`": want mon, tue`)
	}
	for _, times := range []string{"08:00,", ",08:00", "08:00,08:00", "12:00,08:00", "8:00,12:00", "08:00,24:01", "08:00,12:60", "-1:00,12:00", "08.00,12.00"} {
		f(header+",,mon,"+times+"\n", "line 2: opens")
	}
	f(header+",,mon,08:00,12:00\n,,mon,11:59,13:00\n", "line 3: two openings of one day meet")
	f(header+",,mon,,\n,,mon-tue,08:00,12:00\n", "line 3: the day is closed and open")
	f(header+",,2026-12-24,08:00,12:00\n,,2026-12-24,,\n", "line 3: the day is closed and open")
	f(header+strings.Repeat(",,mon,,\n", 2), "line 3: the day is closed and open")
	f(header+",,mon,01:00,02:00\n,,mon,03:00,04:00\n,,mon,05:00,06:00\n,,mon,07:00,08:00\n,,mon,09:00,10:00\n,,mon,11:00,12:00\n,,mon,13:00,14:00\n", "line 8: want at most 6")
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
	w.Hours = readHours(t, "comune,office,day,opens,closes\n,,mon-fri,00:00,24:00\n")
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
			ended <- w.Follow(ctx, topic{heartbeat.Heartbeat{Terminal: id, At: schema.InstantOf(time.Now()), Install: 1, Waiting: 7, OldestMS: 3_600_001}}, reg)
		}()
		time.Sleep(time.Minute) //nolint:forbidigo // The bubble's clock.
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	const want = `
# HELP mlf_query_fleet_terminals Terminals by how they do, as /v1/fleet has it, and by region, two digits; none of tests. silent above a few: a network or a supplier's service is down. copied: images of devices were copied. lost: devices that lost votes.
# TYPE mlf_query_fleet_terminals gauge
mlf_query_fleet_terminals{region="",state="copied"} 0
mlf_query_fleet_terminals{region="",state="lost"} 0
mlf_query_fleet_terminals{region="",state="ok"} 0
mlf_query_fleet_terminals{region="",state="silent"} 0
mlf_query_fleet_terminals{region="",state="unheard"} 0
mlf_query_fleet_terminals{region="03",state="copied"} 0
mlf_query_fleet_terminals{region="03",state="lost"} 0
mlf_query_fleet_terminals{region="03",state="ok"} 0
mlf_query_fleet_terminals{region="03",state="silent"} 0
mlf_query_fleet_terminals{region="03",state="unheard"} 1
mlf_query_fleet_terminals{region="12",state="copied"} 0
mlf_query_fleet_terminals{region="12",state="lost"} 0
mlf_query_fleet_terminals{region="12",state="ok"} 1
mlf_query_fleet_terminals{region="12",state="silent"} 0
mlf_query_fleet_terminals{region="12",state="unheard"} 0
# HELP mlf_query_fleet_untaken_terminals Terminals that say of themselves, within 15 minutes, that a vote has waited in them for more than an hour: we hear them, and take no vote of theirs. Above a few: look at mlf_ingest_votes_total by reason.
# TYPE mlf_query_fleet_untaken_terminals gauge
mlf_query_fleet_untaken_terminals 1
# HELP mlf_query_fleet_waiting_votes Votes in devices by their last heartbeats. Rising with terminals ok: votes are not taken, look at mlf_ingest_requests_total.
# TYPE mlf_query_fleet_waiting_votes gauge
mlf_query_fleet_waiting_votes 7
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if w.Book.Apply("x", nil) != nil || w.Book.Apply("x", []byte{1}) == nil || !w.Book.Complete() {
		t.Error("nil says nothing, and rubbish is an error")
	}
}
