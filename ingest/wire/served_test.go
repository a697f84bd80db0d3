package wire_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/ingest/wire"
	"mlf/schema"
	"mlf/schema/served"
)

// A desk is what a sender of served users meets: its form, and what was put before.
type desk struct {
	t    testing.TB
	form wire.ServedForm
	held map[served.Key]served.Served
}

func newDesk(t testing.TB) *desk {
	d := &desk{t: t, held: make(map[served.Key]served.Served)}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]schema.ServiceID{"unspecified": 0, "anagrafe": 1, "tributi": 2, "polizia_locale": 9}
	d.form = wire.ServedForm{
		Enrolled: &schema.Enrolment{
			Comune: 58091, Office: "eur", Channel: schema.ChannelCounter,
			Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}, {Code: "sportello", ID: 1001}},
		},
		Service: func(code string) (schema.ServiceID, bool) { id, ok := codes[code]; return id, ok },
		Held:    func(k served.Key) (served.Served, bool) { s, ok := d.held[k]; return s, ok },
		Room:    func(k served.Key) bool { return k.Office != "full" },
		Day:     func(at schema.Instant) schema.Day { return schema.DayOf(at.Time().In(rome)) },
		Now:     schema.InstantOf(time.Date(2026, 11, 25, 23, 30, 0, 0, time.UTC)), // The 26th in Rome.
		RowsMax: 4,
	}
	return d
}

// said returns what became of a body, one line a row, and puts what is to be put.
func (d *desk) said(r *wire.ServedReport, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	var lines []string
	for _, s := range r.Rows {
		line := fmt.Sprintf("%s = %d (%d)", s.String(), s.Users, s.Revision)
		if s.Withdrawn {
			line += " withdrawn"
		}
		lines = append(lines, line)
		d.held[s.Key] = s
	}
	if r.Unchanged > 0 {
		lines = append(lines, fmt.Sprintf("%d unchanged", r.Unchanged))
	}
	for _, f := range r.Rejected {
		lines = append(lines, fmt.Sprintf("%d %s", f.Index, f.Code))
		if !slices.Contains(wire.ServedFaults(), f.Code) {
			d.t.Errorf("%s is not in the list", f.Code)
		}
	}
	return strings.Join(lines, "; ")
}

func TestServedJSON(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		d := newDesk(t)
		if got := d.said(d.form.JSON([]byte(body))); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, got, want)
		}
	}
	row := func(members string) string { return `{"day":"2026-11-25","revision":1,"rows":[{` + members + `}]}` }
	const eur = "058091/eur/1/counter/2026-11-25"
	f(row(`"served":120`), eur+" = 120 (1)")
	f(row(`"served":0`), eur+" = 0 (1)") // Nobody came, and that is known.
	f(row(`"office":"ostia","service":"tributi","channel":"totem","day":"2026-11-24","served":7,"revision":3`), "058091/ostia/2/totem/2026-11-24 = 7 (3)")
	f(row(`"served":"120","revision":"1795735800000000","office":"","service":null,"channel":" ","note":{"a":[1]}`), eur+" = 120 (1795735800000000)")
	f(row(`"served":1.2e2,"service":"ANAGRAFE","channel":"Counter","comune":"058091"`), eur+" = 120 (1)")
	f(row(`"served":5,"service":"sportello"`), "058091/eur/1001/counter/2026-11-25 = 5 (1)")
	f(row(`"served":5,"service":"Polizia_Locale"`), "058091/eur/9/counter/2026-11-25 = 5 (1)")
	f(row(`"served":5,"day":"2026-11-26"`), "058091/eur/1/counter/2026-11-26 = 5 (1)") // It is past midnight in Rome.
	f("\xef\xbb\xbf"+row(`"served":120`), eur+" = 120 (1)")
	f(`{"rows":[{"served":1}],"day":"2026-11-25","revision":2}`, eur+" = 1 (2)") // Whatever comes first.
	f(`{"rows":[]}`, "")

	f(row(`"served":1,"day":"2026-11-27"`), "0 bad_day")
	f(row(`"served":1,"day":"2025-10-22"`), "058091/eur/1/counter/2025-10-22 = 1 (1)")
	f(row(`"served":1,"day":"2025-10-21"`), "0 bad_day")
	f(row(`"served":1,"day":20782`), "0 bad_day")
	f(row(`"served":1,"day":"2026-11-31"`), "0 bad_day")
	f(`{"rows":[{"served":1,"revision":1}]}`, "0 bad_day")
	for _, served := range []string{"-1", "1000001", "1.5", `"many"`, "null", "true", "[]"} {
		f(row(`"served":`+served), "0 bad_served")
	}
	f(row(``), "0 bad_served")
	f(row(`"served":"Withdrawn"`), eur+" = 0 (1) withdrawn")
	f(row(`"served":1,"revision":"withdrawn"`), "0 bad_revision")
	for _, revision := range []string{"0", "-1", "1795735800000001", "9007199254740992", "1.5", `"r1"`} {
		f(row(`"served":1,"revision":`+revision), "0 bad_revision")
	}
	f(`{"rows":[{"served":1,"day":"2026-11-25"}]}`, "0 bad_revision")
	f(row(`"served":1,"service":"birra"`), "0 unknown_service")
	f(row(`"served":1,"service":1`), "0 unknown_service")
	f(row(`"served":1,"channel":"fax"`), "0 bad_channel")
	f(row(`"served":1,"office":"via Roma"`), "0 bad_office")
	f(row(`"served":1,"office":"`+strings.Repeat("o", 70)+`"`), "0 bad_office")
	f(row(`"served":1,"office":"full"`), "0 too_many_places")
	f(row(`"served":1,"comune":"015146"`), "0 foreign_comune")
	f(row(`"served":1,"comune":58091`), "0 foreign_comune")
	f(`{"day":"2026-11-25","revision":1,"rows":[7,{"served":-1},{"served":3},[]]}`, eur+" = 3 (1); 0 bad_row; 1 bad_served; 3 bad_row")
	f(`{"day":"2026-11-25","rows":[{"served":1,"revision":1},{"served":2,"revision":2},{"served":1,"revision":1},{"served":3,"revision":2}]}`,
		eur+" = 1 (1); "+eur+" = 2 (2); 2 stale; 3 conflict")

	f(``, "error: byte 0: want an object")
	f(`[]`, "error: byte 0: want an object")
	f(`{}`, "error: the member rows (an array) is needed")
	f(`{"rows":{}}`, "error: byte 8: want an array")
	f(`{"rows":[]}x`, "error: byte 11: want the end of the text")
	f("{\x00", "error: this looks like UTF-16: want UTF-8")
	d := newDesk(t)
	if _, err := d.form.JSON([]byte(`{"rows":[1,1,1,1,1]}`)); !errors.Is(err, wire.ErrTooMany) {
		t.Errorf("five rows of four: got %v", err)
	}
}

func TestServedCSV(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		d := newDesk(t)
		if got := d.said(d.form.CSV([]byte(body))); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", body, got, want)
		}
	}
	const eur = "058091/eur/1/counter/2026-11-25"
	f("day,office,service,channel,served,revision\n2026-11-25,ostia,tributi,phone,12,3\n", "058091/ostia/2/phone/2026-11-25 = 12 (3)")
	f("day;served;revision\r\n25/11/2026;120;1\r\n", eur+" = 120 (1)")
	f("sep=;\r\n\"Revision\";Served;DAY;note\r\n1;120;\"2026-11-25\";\"a;\"\"b\"\"\r\nc\"", eur+" = 120 (1)")
	f("day\tserved\trevision\n5/1/2026\t7\t1\n", "058091/eur/1/counter/2026-01-05 = 7 (1)")
	f("\xef\xbb\xbfday,served,revision\n2026-11-25,120,1\n\n", eur+" = 120 (1)")
	f("day,served,revision\n,,\n2026-11-25,120,1\n2026-11-25,1\n2026-11-25,1.200,1\n", eur+" = 120 (1); 2 bad_row; 3 bad_served")
	f("served\n", "")
	f("day,served,revision\n11/25/2026,1,1\n2026-11-25,1,\n", "0 bad_day; 1 bad_revision")
	f("comune,day,served,revision\n015146,2026-11-25,1,1\n", "0 foreign_comune")

	f("", "error: want a header line, day,office,service,channel,served,revision")
	f("day,users\n", "error: the header has no column served")
	f("served,Served\n", "error: column 2 of the header is there twice")
	f("served\n\"1\n", `error: read row 0: parse error on line 2, column 4: extraneous or missing " in quoted-field`)
	d := newDesk(t)
	if _, err := d.form.CSV([]byte("served\n1\n1\n1\n1\n1\n")); !errors.Is(err, wire.ErrTooMany) {
		t.Errorf("five rows of four: got %v", err)
	}
}

// TestServedAgain: what was put before decides, revision by revision.
func TestServedAgain(t *testing.T) {
	d := newDesk(t)
	f := func(served, revision int, want string) {
		t.Helper()
		got := d.said(d.form.JSON(fmt.Appendf(nil, `{"day":"2026-11-25","rows":[{"served":%d,"revision":%d}]}`, served, revision)))
		if got != want {
			t.Errorf("%d, revision %d: got %s, want %s", served, revision, got, want)
		}
	}
	const eur = "058091/eur/1/counter/2026-11-25"
	f(120, 2, eur+" = 120 (2)")
	f(120, 2, "1 unchanged")
	f(121, 2, "0 conflict")
	f(120, 1, "0 stale")
	f(120, 3, eur+" = 120 (3)")
	f(90, 4, eur+" = 90 (4)")
	gone := []byte("day,served,revision\n2026-11-25,withdrawn,5\n")
	if got := d.said(d.form.CSV(gone)); got != eur+" = 0 (5) withdrawn" {
		t.Errorf("withdrawn: got %s", got)
	}
	if got := d.said(d.form.CSV(gone)); got != "1 unchanged" {
		t.Errorf("withdrawn again: got %s", got)
	}
	f(0, 5, "0 conflict")
	f(0, 6, eur+" = 0 (6)")
}

// TestQueueMonitor: a display tells how far it has moved, and nothing else.
func TestQueueMonitor(t *testing.T) {
	d := newDesk(t)
	d.form.Now = schema.InstantOf(time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC))
	f := func(body, want string) {
		t.Helper()
		if got := d.said(d.form.QueueMonitor([]byte(body))); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, got, want)
		}
	}
	at := func(clock, ticket string) string {
		return `{"id":"urn:ngsi-ld:QueueMonitor:eur:A","type":"QueueMonitor","serviceId":"anagrafe","officeName":"Ufficio EUR","ticketServed":` + ticket + `,"dateObserved":"2026-11-25T` + clock + `:00Z"}`
	}
	const eur = "058091/eur/1/counter/2026-11-25"
	f(at("07:00", "87"), eur+" = 0 (1795590000000)")          // Yesterday's last.
	f(at("07:30", "1"), eur+" = 0 (1795591800000)")           // Numbering begins.
	f(at("08:00", "21"), eur+" = 20 (1795593600000)")         // Twenty were called.
	f(at("08:00", "21"), "1 unchanged")                       // Sent again.
	f(at("07:45", "15"), "0 stale")                           // Came late.
	f(at("08:30", `"33"`), eur+" = 32 (1795595400000)")       // A number in quotation marks.
	f(at("09:00", "2"), eur+" = 32 (1795597200000)")          // It begins again,
	f("["+at("09:30", "10")+"]", eur+" = 40 (1795599000000)") // and goes on.
	f(strings.Replace(at("09:40", "50"), "eur:A", "eur:B", 1), "0 other_queue")

	f(`{"subscriptionId":"s","notifiedAt":"2026-11-25T09:45:00.000Z","data":[{"id":"q","type":"QueueMonitor","serviceName":{"type":"Text","value":"Tributi","metadata":{}},`+
		`"ticketServed":{"type":"Integer","value":7,"metadata":{"TimeInstant":{"type":"DateTime","value":"2026-11-25T09:44:00.00Z"}}}}]}`,
		"058091/eur/2/counter/2026-11-25 = 0 (1795599840000)")
	f(`{"id":"q","type":"https://smartdatamodels.org/dataModel.QueueManagement/QueueMonitor","serviceId":{"type":"Property","value":"tributi"},`+
		`"ticketServed":{"type":"Property","value":12,"observedAt":"2026-11-25T09:50:00Z"}}`, "058091/eur/2/counter/2026-11-25 = 5 (1795600200000)")
	f(`{"id":"q","type":"QueueMonitor","serviceId":"7","serviceName":"polizia_locale","ticketServed":3}`, "058091/eur/9/counter/2026-11-25 = 0 (1795600800000)")
	f(`{"id":"q","type":"QueueMonitor","ticketServed":3}`, "0 other_queue") // Anagrafe, which A tells of.

	f(`{"id":"q","type":"QueueMonitor","serviceName":"Birra","ticketServed":3}`, "0 unknown_service")
	f(`[7,{"id":"q","type":"Room"},{"type":"QueueMonitor"},null]`, "0 bad_row; 1 bad_queue; 2 bad_queue; 3 bad_queue")
	f(`{"id":"q","type":"QueueMonitor","serviceId":"tributi"}`, "0 bad_served")
	f(`{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":"C-33"}`, "0 bad_served")
	f(`{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":2000000}`, "0 bad_served")
	f(`{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":13,"dateObserved":"yesterday"}`, "0 bad_day")
	f(`{"id":"q","type":"QueueMonitor","serviceId":"tributi","ticketServed":13,"dateObserved":"2026-11-25T10:03:00Z"}`, "0 bad_day")
	f(`{"data":[]}`, "")
	f(`[`, "error: want an array of QueueMonitor")
	f(`7`, "error: want a QueueMonitor, an array of them, or a notification with data")

	d.said(d.form.JSON([]byte(`{"day":"2026-11-25","rows":[{"service":"sportello","served":9,"revision":1}]}`)))
	f(`{"id":"q","type":"QueueMonitor","serviceId":"sportello","ticketServed":3}`, "0 other_queue") // Somebody counts.
}
