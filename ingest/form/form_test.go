package form_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/ingest/form"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/pagetable"
	"mlf/schema/source"
)

const first schema.Instant = 1_795_780_860_000 // 2026-11-27T12:01:00Z

// The tokens of the world.
const (
	deskToken, revokedToken        = "desk", "revoked"
	networkToken, exchangeToken    = "network", "exchange"
	genericToken, formerlyOurToken = "generic", "formerly"
)

// newDesk returns a desk that knows a source of each kind.
func newDesk(t testing.TB, cfg form.Config) *form.Desk {
	t.Helper()
	d, _ := newDeskAnd(t, cfg)
	return d
}

// newDeskAnd returns one, and what puts another record before it.
func newDeskAnd(t testing.TB, cfg form.Config) (*form.Desk, func(key string, value []byte, err error)) {
	t.Helper()
	var terminals schema.Terminals
	var sources source.Sources
	put := func(key string, value []byte, err error) {
		t.Helper()
		if err == nil {
			err = errors.Join(sources.Apply(key, value), terminals.Apply(key, value))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	enrol := func(id schema.TerminalID, c schema.Channel, s schema.Scale, change func(e *schema.Enrolment)) {
		e := &schema.Enrolment{
			Terminal: id, Token: schema.HashToken([]byte(fmt.Sprint(id))), Comune: 22205, Office: "A", Channel: c, Scale: s, Slot: schema.Slot(id),
			Services: []schema.EnrolledService{{Code: "anagrafe", ID: 3}, {Code: "tributi", ID: 4}}, Since: (first - 86_400_000).Time(),
		}
		if change != nil {
			change(e)
		}
		put(e.RegistryRecord())
	}
	enrol(1, schema.ChannelWeb, schema.ScaleStars5, nil)
	enrol(2, schema.ChannelDigital, schema.ScaleStars5, nil)
	enrol(3, schema.ChannelTotem, schema.ScaleMLF3, nil)
	enrol(4, schema.ChannelPhone, schema.ScaleMLF3, nil)
	enrol(5, schema.ChannelCounter, schema.ScaleMLF3, func(e *schema.Enrolment) { e.Token = schema.HashToken([]byte(deskToken)) })
	enrol(6, schema.ChannelCounter, schema.ScaleMLF3, func(e *schema.Enrolment) { e.Token, e.Revoked = schema.HashToken([]byte(revokedToken)), true })
	enrol(7, schema.ChannelTotem, schema.ScaleStars5, func(e *schema.Enrolment) { e.Test = true })
	enrol(8, schema.ChannelWeb, schema.ScaleStars5, nil)
	put(schema.Closure{Terminal: 8, At: (first - 121_000).Time()}.RegistryRecord())
	enrol(9, schema.ChannelWeb, schema.ScaleStars5, nil)
	put(schema.Closure{Terminal: 9, At: (first - 119_000).Time()}.RegistryRecord())
	for _, s := range []source.Site{
		{Name: "moved", Terminal: 8, Way: source.Script},
		{Name: "moving", Terminal: 9, Way: source.Script},
		{Name: "script", Terminal: 1, Way: source.Script, Origins: []string{"https://www.comune.example.it"}},
		{Name: "ease", Terminal: 2, Way: source.Script},
		{Name: "form", Terminal: 1, Way: source.Form, Origins: []string{"https://www.comune.example.it"}},
		{Name: "import", Terminal: 1, Way: source.Import},
		{Name: "closed", Terminal: 1, Way: source.Form, Closed: true},
		{Name: "lost", Terminal: 99, Way: source.Form},
		{Name: "faces", Terminal: 3, Way: source.Form},
	} {
		put(s.RegistryRecord())
	}
	for _, i := range []source.Integration{
		{Name: "lora", Way: source.TTN3, Token: schema.HashToken([]byte(networkToken))},
		{Name: "pbx", Way: source.Yeastar, Token: schema.HashToken([]byte(exchangeToken))},
		{Name: "ivr", Way: source.Generic, Token: schema.HashToken([]byte(genericToken))},
		{Name: "old", Way: source.Generic, Token: schema.HashToken([]byte(formerlyOurToken)), Revoked: true},
	} {
		put(i.RegistryRecord())
	}
	for _, d := range []source.Device{
		{Integration: "lora", Address: "0004a30b001c0530", Terminal: 3, Values: []schema.Value{3, 0, 2, 0, 1}, FromZero: true, MostAMinute: 5},
		{Integration: "lora", Address: "0004a30b001c0531", Terminal: 7},
		{Integration: "pbx", Address: "3631a2124xxx", Terminal: 4, Queues: map[string]string{"imu": "tributi"}},
		{Integration: "ivr", Terminal: 4, Keypad: "9=green,8=yellow,7=red"},
	} {
		put(d.RegistryRecord())
	}
	return form.New(&sources, &terminals, cfg), put
}

// said returns what a request comes to, in words.
func said(d *form.Desk, r form.Request, body string) string {
	r.At = first.Time()
	sender, err := d.Admit(r)
	var got form.Said
	if err == nil {
		got, err = sender.Judge([]byte(body), first, first+40)
	}
	var refused *form.Error
	switch {
	case errors.Is(err, form.ErrNothing):
		return "nothing"
	case errors.As(err, &refused):
		return fmt.Sprintf("problem %d: %s", refused.Problem, refused.Detail)
	case err != nil:
		return "ERROR " + err.Error()
	}
	return text(got)
}

func text(s form.Said) string {
	var b event.Batch
	var r event.Counters
	switch event.KindOf(s.Record) {
	case event.Votes:
		if err := b.Decode(s.Record); err != nil || b.Slot != s.Slot {
			return fmt.Sprint("ERROR ", err)
		}
		v := b.Votes[0]
		key := "key " + fmt.Sprintf("%x", v.Key[:4])
		return fmt.Sprintf("%s of %d in %v %v for %d, test %t: value %d %v, service %d, %d ms ago, %s",
			s.Name, b.Terminal, b.Channel, b.Scale, b.Memory, b.Test, v.Value, v.Reason, v.Service, first-v.At, key)
	case event.Reading:
		if err := r.Decode(s.Record); err != nil || r.Slot != s.Slot {
			return fmt.Sprint("ERROR ", err)
		}
		return fmt.Sprintf("%s of %d in %v %v, test %t: frame %d %v restart %t, carried %t from zero %t wraps %t, %d a minute, service %d, %d ms ago",
			s.Name, r.Terminal, r.Channel, r.Scale, r.Test, r.Frame, r.Values, r.Restart, r.Carried, r.FromZero, r.Wraps, r.MostAMinute, r.Service, first-r.At)
	case event.None:
	}
	return "ERROR no event"
}

func TestRatings(t *testing.T) {
	d := newDesk(t, form.Config{ClientAMinute: -1})
	const origin, wordpress = "https://www.comune.example.it", "application/x-www-form-urlencoded; charset=UTF-8"
	f := func(site, kind, body, want string) {
		t.Helper()
		if got := said(d, form.Request{Path: form.RatingsPath + site, Kind: kind, Origin: origin}, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s %s:\n got %s\nwant %s", site, body, got, want)
		}
	}
	const own = `{"id":"01020304-0506-0708-090a-0b0c0d0e0f10","value":4,"reason":"clear"`
	f("script", "application/json", own+`}`, "rating of 1 in web stars5 for 2, test false: value 4 clear, service 3, 0 ms ago, key 01020304")
	f("script", "application/json", own+`,"service":"tributi","age_ms":90000,"test":true}`, "rating of 1 in web stars5 for 2, test true: value 4 clear, service 4, 90000 ms ago, key 01020304")
	f("script", "application/json", own+`,"service":"nowhere"}`, "rating of 1 in web stars5 for 2, test false: value 4 clear, service 0,")
	f("script", "application/json", own+`,"question":"ease"}`, "problem 7: the form asks for ease")
	f("ease", "application/json", own+`,"question":"ease"}`, "rating of 2 in digital stars5 for 2,")
	f("ease", "application/json", own+`,"question":"clarity"}`, "problem 7: the form asks for clarity")
	f("script", wordpress, "action=save_rating&title=T&star=2&radioResponse=Altro&freeText=null&page=https%3A%2F%2Fwww.comune.example.it%2Fa", "problem 6: the site's ratings come by its script")
	f("form", "application/json", own+`}`, "problem 6: the site's ratings come by its form")
	f("form", wordpress, "action=save_rating&title=T&star=2&radioResponse=Altro&freeText=null&page=https%3A%2F%2Fwww.comune.example.it%2Fa",
		"rating of 1 in web stars5 for 1, test false: value 2 other, service 3, 0 ms ago, key ")
	f("form", wordpress, "action=load_more&page=2", "nothing")
	f("form", wordpress, "action=save_rating&star=7&page=https%3A%2F%2Fwww.comune.example.it%2Fa", "problem 9: ")
	f("form", wordpress, "%zz", "problem 8: ")
	f("moved", "application/json", own+`}`, "problem 4: ")
	f("moving", "application/json", own+`}`, "rating of 9")
	f("import", "application/json", own+`}`, "problem 6: the site's ratings are imported")
	f("closed", wordpress, "", "problem 4: ")
	f("nobody", wordpress, "", "problem 1: ")
	f("lost", wordpress, "action=save_rating&star=3&page=https%3A%2F%2Fa.it%2F", "problem 1: terminal")
	f("faces", wordpress, "action=save_rating&star=3&page=https%3A%2F%2Fa.it%2F", "problem 1: terminal")
	if got := said(d, form.Request{Path: form.RatingsPath + "script", Kind: "application/json", Origin: "https://evil.example"}, own+`}`); !strings.HasPrefix(got, "problem 5: ") {
		t.Errorf("of another page: got %s", got)
	}
	poster := form.Request{Path: form.RatingsPath + "script", Kind: "application/json", Origin: "https://voto.example.it", Host: "VOTO.example.it"}
	if got := said(d, poster, own+`}`); !strings.HasPrefix(got, "rating of 1") {
		t.Errorf("the service's own page: got %s", got)
	}
	if poster.Host = "example.it"; !strings.HasPrefix(said(d, poster, own+`}`), "problem 5: ") {
		t.Error("a page of another host was taken for the service's own")
	}
	if got := said(d, form.Request{Path: form.RatingsPath + "script", Kind: "application/json"}, own+`}`); !strings.HasPrefix(got, "rating of 1") {
		t.Errorf("of no page: got %s", got)
	}
}

// TestTheSameTextIsTheSameRating: a person who sends again what was written is known by
// it; of two who wrote nothing nobody can tell.
func TestTheSameTextIsTheSameRating(t *testing.T) {
	d := newDesk(t, form.Config{ClientAMinute: -1})
	key := func(star, text, page string) string {
		body := fmt.Sprintf("action=save_rating&title=T&star=%s&radioResponse=null&freeText=%s&page=%s", star, text, page)
		got := said(d, form.Request{Path: form.RatingsPath + "form", Kind: "application/x-www-form-urlencoded"}, body)
		_, key, ok := strings.Cut(got, ", key ")
		if !ok {
			t.Fatalf("got %s", got)
		}
		return key
	}
	const long, a, b = "molto+utile+davvero", "https%3A%2F%2Fx.it%2Fa", "https%3A%2F%2Fx.it%2Fb"
	f := func(what string, same bool, one, two string) {
		t.Helper()
		if (one == two) != same {
			t.Errorf("%s: keys %s and %s", what, one, two)
		}
	}
	f("the same", true, key("4", long, a), key("4", long, a))
	f("another page", false, key("4", long, a), key("4", long, b))
	f("another value", false, key("4", long, a), key("5", long, a))
	f("another text", false, key("4", long, a), key("4", long+"x", a))
	f("no text", false, key("4", "null", a), key("4", "null", a))
	f("a short text", false, key("4", "bene", a), key("4", "bene", a))
}

// TestPagesOfASite: a table says of which service a page is, and which question it asks,
// from its time on; what it has no line for is counted, and shown by its path alone.
func TestPagesOfASite(t *testing.T) {
	d, put := newDeskAnd(t, form.Config{ClientAMinute: -1, SiteAMinute: 10_000})
	const hour = 3_600_000
	put(source.Site{Name: "two", Terminal: 1, Other: 2, Way: source.Script}.RegistryRecord())
	put(source.Site{Name: "wrong", Terminal: 1, Other: 9, Way: source.Script}.RegistryRecord())
	table := func(site string, version uint32, at schema.Instant, lines ...pagetable.Line) {
		t.Helper()
		put(pagetable.Table{Site: site, Version: version, From: at.Time(), Lines: lines}.RegistryRecord())
	}
	imu, pay := pagetable.Line{Pattern: "/servizi/imu/**", Service: "tributi"}, pagetable.Line{Pattern: "/servizi/imu/paga", Service: "tributi", Question: "ease"}
	for _, site := range []string{"two", "script", "form", "wrong"} {
		table(site, 1, first-2*hour, pay, imu, pagetable.Line{Pattern: "/a", Service: "anagrafe", Question: "clarity"}, pagetable.Line{Pattern: "/not-offered", Service: "urp"})
	}
	n := 0
	f := func(site, more, want string) {
		t.Helper()
		n++
		body := fmt.Sprintf(`{"id":"01020304-0506-0708-090a-0b0c0d0e%04x","value":4,"reason":"clear"%s}`, n, more)
		if got := said(d, form.Request{Path: form.RatingsPath + site, Kind: "application/json"}, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s %s:\n got %s\nwant %s", site, more, got, want)
		}
	}
	const web, digital = "rating of 1 in web stars5 for 2, test false: value 4 clear, service ", "rating of 2 in digital stars5 for 2, test false: value 4 clear, service "
	page := func(path string) string { return `,"page":"https://www.comune.example.it` + path + `"` }
	f("two", page("/servizi/imu/"), web+"4")
	f("two", page("/servizi/imu/paga?cf=x"), digital+"4")
	f("two", page("/servizi/imu/paga")+`,"question":"clarity"`, web+"4") // The form knows better.
	f("two", page("/servizi/imu/")+`,"question":"ease"`, digital+"4")
	f("two", page("/a"), web+"3")
	f("two", page("/nowhere"), web+"0")
	f("two", page("/not-offered"), web+"0")
	f("two", page("/servizi/imu/")+`,"service":"anagrafe"`, web+"3")
	f("two", page("/servizi/imu/")+`,"service":"gone"`, web+"4")
	f("two", "", web+"3") // Of no page, as from a poster: the default.
	f("two", `,"service":"tributi"`, web+"4")
	f("two", `,"title":"Una pagina"`, web+"0")
	f("script", page("/servizi/imu/paga"), "problem 7: the form asks for ease, and the site's ratings are of clarity")
	f("script", page("/servizi/imu"), web+"4")
	f("wrong", page("/servizi/imu/paga"), "problem 1: terminal")

	// The next version holds from its time on; a rating that waited goes where it went before.
	table("two", 2, first-hour, pagetable.Line{Pattern: "/servizi/**", Service: "anagrafe"})
	f("two", page("/servizi/imu/paga"), web+"3")
	f("two", page("/servizi/imu/paga")+`,"age_ms":5400000`, digital+"3")
	table("two", 3, first+hour, pagetable.Line{Pattern: "/**", Service: "tributi"})
	f("two", page("/servizi/imu/paga"), web+"3")

	body := "action=save_rating&star=3&page=https%3A%2F%2Fwww.comune.example.it%2F"
	for path, service := range map[string]string{"servizi%2Fimu": "service 4", "b%2F%3Fcf%3Dx": "service 0"} {
		if got := said(d, form.Request{Path: form.RatingsPath + "form", Kind: "application/x-www-form-urlencoded"}, body+path); !strings.Contains(got, service) {
			t.Errorf("a site's own form: got %s, want %s", got, service)
		}
	}
	f("two", page("/x?cf=RSSMRA80A01H501U"), web+"0")
	f("two", page("/x#y"), web+"0")
	f("two", page("/"+strings.Repeat("y", 300)), web+"0")
	f("two", page("/x")+`,"test":true`, "rating of 1 in web stars5 for 2, test true: value 4 clear, service 0")
	want := []form.MissedPage{{"form", 1, "/b", 1}, {"two", 2, "/x", 2}, {"two", 2, "", 1}}
	if got := d.Missed(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for i := range 600 {
		f("two", page(fmt.Sprintf("/z/%d", i)), web+"0")
	}
	all, ratings := d.Missed(), uint64(0)
	for _, m := range all {
		ratings += m.Ratings
	}
	if len(all) != 501 || ratings != 604 || all[1].Path != "" || all[1].Ratings != 103 {
		t.Errorf("got %d pages of %d ratings, then %+v: want 501, 604, and 103 of no path", len(all), ratings, all[1])
	}
}

// TestOneRatingOfAMessage: however often it is opened, and by whichever browser, its key is
// the same; nothing of it is on the log.
func TestOneRatingOfAMessage(t *testing.T) {
	d := newDesk(t, form.Config{ClientAMinute: -1})
	f := func(id, message string) string {
		t.Helper()
		body := fmt.Sprintf(`{"id":"01020304-0506-0708-090a-0b0c0d0e%s","value":4,"reason":"clear","service":"tributi","message":%q}`, id, message)
		return said(d, form.Request{Path: form.RatingsPath + "ease", Kind: "application/json"}, body)
	}
	const one, two = "01HMRVQ8Z9T5W4N2K7B3C6D1E0", "7d444840-9dc0-11d1-b245-5ffdce74fad2"
	first := f("0001", one)
	if want := "rating of 2 in digital stars5 for 3, test false: value 4 clear, service 4, 0 ms ago, key "; !strings.HasPrefix(first, want) || strings.Contains(first, "key 01020304") {
		t.Errorf("got %s, want %s", first, want)
	}
	if again := f("0002", one); again != first {
		t.Errorf("the same message: got %s, want %s", again, first)
	}
	if other := f("0003", two); other == first {
		t.Errorf("another message: got %s", other)
	}
	for _, message := range []string{"", "short", "RSSMRA80A01H501U", "x_RSSMRA80A01H501U", one + "/../../x", strings.Repeat("x", 65)} {
		if got := f("0004", message); !strings.Contains(got, "for 2,") || !strings.Contains(got, "key 01020304") {
			t.Errorf("%s: got %s, want a rating of no message", message, got)
		}
	}
	body := fmt.Sprintf(`{"id":"01020304-0506-0708-090a-0b0c0d0e0001","value":4,"message":%q}`, one)
	if got := said(d, form.Request{Path: form.RatingsPath + "script", Kind: "application/json"}, body); !strings.HasPrefix(got, "problem 7: the form asks for ease") {
		t.Errorf("of a site that asks for clarity: got %s", got)
	}
}

func TestUplinks(t *testing.T) {
	d := newDesk(t, form.Config{})
	f := func(path, token, body, want string) {
		t.Helper()
		r := form.Request{Path: path, Token: []byte(token)}
		if token == "" {
			r.Token = nil
		}
		if got := said(d, r, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want)
		}
	}
	body := func(eui, payload, more string) string {
		return fmt.Sprintf(`{"end_device_ids":{"dev_eui":%q,"dev_addr":"00BCB929"}%s,"uplink_message":{"session_key_id":"AXBS","f_port":2,"f_cnt":150,"frm_payload":%q,"received_at":"2026-11-27T12:00:58.5Z"}}`, eui, more, payload)
	}
	const box, other, counters, boot, keepAlive, pulse = "0004A30B001C0530", "0004A30B001C0531", "AgABABAAoAAjABA=", "BACqqgIDBAU=", "AQyADIBk", "QAABAAAAAQAAAAE="
	const ttn = form.UplinksPath + "ttn3"
	f(ttn, networkToken, body(box, counters, ""), "reading of 3 in totem mlf3, test false: frame 150 [16 160 1 0 0] restart false, carried true from zero true wraps true, 5 a minute, service 3, 1500 ms ago")
	f(ttn, networkToken, body(other, counters, ""), "reading of 7 in totem stars5, test true: frame 150 [16 35 160 16 1] restart false, carried true from zero false wraps true, 60 a minute,")
	f(ttn, networkToken, body(box, counters, `,"simulated":true`), "nothing")
	f(ttn, networkToken, body(box, boot, ""), "reading of 3 in totem mlf3, test false: frame 150 [0 0 0 0 0] restart true,")
	f(ttn, networkToken, body(box, keepAlive, ""), "nothing")
	f(ttn, networkToken, body(box, pulse, ""), "problem 10: ")
	f(ttn, networkToken, body(box, "EQ==", ""), "problem 8: ")
	f(ttn, networkToken, body("0004A30B001C0999", counters, ""), "problem 2: ")
	f(ttn, networkToken, `{`, "problem 8: ")
	f(ttn, "", body(box, counters, ""), "problem 3: ")
	f(ttn, "nobody", body(box, counters, ""), "problem 3: ")
	f(ttn, deskToken, body(box, counters, ""), "problem 3: ") // A terminal is no integration.
	f(form.UplinksPath+"skiply", networkToken, body(box, counters, ""), "problem 6: ")
	f(form.UplinksPath+"carrier-pigeon", networkToken, "", "problem 1: ")
}

// TestTimesThatNobodyBelieves: a network whose clock is wrong tells nothing of when.
func TestTimesThatNobodyBelieves(t *testing.T) {
	d := newDesk(t, form.Config{})
	f := func(at, want string) {
		t.Helper()
		body := fmt.Sprintf(`{"end_device_ids":{"dev_eui":"0004A30B001C0530"},"uplink_message":{"session_key_id":"AXBS","frm_payload":"AgABABAAoAAjABA=","received_at":%q}}`, at)
		if got := said(d, form.Request{Path: form.UplinksPath + "ttn3", Token: []byte(networkToken)}, body); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
	f("2026-11-27T12:00:00Z", ", 60000 ms ago")
	f("2026-11-27T12:01:50Z", ", -50000 ms ago")
	f("2026-11-27T12:03:00Z", ", 0 ms ago")
	f("2024-11-27T12:00:00Z", ", 0 ms ago")
}

func TestCalls(t *testing.T) {
	d := newDesk(t, form.Config{})
	f := func(kind, token, body, want string) {
		t.Helper()
		if got := said(d, form.Request{Path: form.CallsPath + kind, Token: []byte(token)}, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want)
		}
	}
	f("yeastar", exchangeToken, `{"type":30019,"sn":"3631A2124XXX","msg":"{\"call_id\":\"1795780800.439\",\"survey_result\":\"1\"}"}`,
		"call of 4 in phone mlf3 for 3, test false: value 3 reason-0, service 3, 60000 ms ago, key ")
	f("yeastar", exchangeToken, `{"type":30019,"sn":"another","msg":{"call_id":"1795780800.439","survey_result":"1"}}`, "problem 2: ")
	f("yeastar", exchangeToken, `{"type":30019,"sn":"3631A2124XXX","msg":{"call_id":"1795780800.439","survey_result":"7"}}`, "nothing")
	f("generic", genericToken, `{"id":"call-1","key":"7","queue":"tributi","at":"2026-11-27T12:00:30Z"}`, "call of 4 in phone mlf3 for 3, test false: value 1 reason-0, service 4, 30000 ms ago, key ")
	f("generic", genericToken, `{"id":"call-1","key":"1"}`, "nothing") // Its own keypad.
	f("generic", genericToken, `{"id":"call-1","key":"9","queue":"nowhere"}`, "call of 4 in phone mlf3 for 3, test false: value 3 reason-0, service 0, 0 ms ago,")
	f("generic", genericToken, `{"id":"+390612345678","key":"9"}`, "problem 8: ")
	f("generic", formerlyOurToken, `{"id":"call-1","key":"9"}`, "problem 4: ")
	f("generic", exchangeToken, `{"id":"call-1","key":"9"}`, "problem 6: ")
	f("telegraph", exchangeToken, ``, "problem 1: ")
}

func TestCounters(t *testing.T) {
	d := newDesk(t, form.Config{})
	f := func(token, body, want string) {
		t.Helper()
		if got := said(d, form.Request{Path: form.CountersPath, Token: []byte(token)}, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want)
		}
	}
	const body = `{"epoch":"boot-7","seq":150,"counters":{"green":120,"yellow":3,"red":9}}`
	f(deskToken, body, "reading of 5 in counter mlf3, test false: frame 150 [9 3 120 0 0] restart false, carried false from zero false wraps false, 60 a minute, service 3, 0 ms ago")
	f(deskToken, `{}`, "problem 8: ")
	f(revokedToken, body, "problem 4: ")
	f("nobody", body, "problem 3: ")
}

// TestRates: as many as a minute has at once, and then as they come back; of each network
// of clients and each site its own.
func TestRates(t *testing.T) {
	d := newDesk(t, form.Config{SiteAMinute: 60, ClientAMinute: 30})
	at := first.Time()
	ask := func(site, client string) time.Duration {
		t.Helper()
		_, err := d.Admit(form.Request{Path: form.RatingsPath + site, Client: netip.MustParseAddr(client), At: at})
		var e *form.Error
		switch {
		case err == nil:
			return 0
		case !errors.As(err, &e) || e.Problem != form.TooFast:
			t.Fatal(err)
		}
		return e.Retry
	}
	for i := range 30 {
		if wait := ask("form", fmt.Sprintf("192.0.2.%d", i)); wait != 0 {
			t.Fatalf("rating %d waits %v", i, wait)
		}
	}
	f := func(what, site, client string, want time.Duration) {
		t.Helper()
		if got := ask(site, client); got != want {
			t.Errorf("%s: waits %v, want %v", what, got, want)
		}
	}
	f("one more of the network", "form", "192.0.2.200", 2*time.Second)
	f("the same of another site", "script", "192.0.2.200", 2*time.Second)
	for i := range 30 {
		if wait := ask("form", fmt.Sprintf("2001:db8:0:%d::1", i*0x100)); wait != 0 {
			t.Fatalf("rating %d of the other network waits %v", i, wait)
		}
	}
	f("too many of the site", "form", "203.0.113.1", time.Second)
	at = at.Add(2 * time.Second)
	f("later", "form", "192.0.2.201", 0)
	f("not much later", "form", "192.0.2.202", 2*time.Second)
}
