package enrolment_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

const listHeader = "comune,office,channel,services,scale,since,count\n"

func lists(t testing.TB) *registry.Registry {
	t.Helper()
	r := schematest.Lists(t)
	return r
}

func TestReadList(t *testing.T) {
	reg := lists(t)
	f := func(text string, want ...string) {
		t.Helper()
		templates, err := enrolment.ReadList(strings.NewReader(text), reg, now())
		var got []string
		for _, e := range templates {
			codes := make([]string, len(e.Services))
			for i, s := range e.Services {
				codes[i] = s.Code
			}
			got = append(got, fmt.Sprintf("%v %s %v %s %v %s", e.Comune, e.Office, e.Channel, strings.Join(codes, "+"), e.Scale, e.Since.UTC().Format(time.RFC3339)))
		}
		if err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
	sestriere := "001263 sportello-unico totem anagrafe+tributi mlf3 2026-11-26T23:00:00Z"
	f(listHeader+"001263,sportello-unico,totem,anagrafe tributi,mlf3,2026-11-27,2\n", sestriere, sestriere)
	f("\ufeffComune;Services;Channel\r\n058091;\"tributi, anagrafe\";web\r\n\r\n", "058091  web tributi+anagrafe mlf3 2026-11-27T09:00:00Z")
	f("services,comune,channel,scale\nanagrafe,090001,counter,stars5\n", "113001  counter anagrafe stars5 2026-11-27T09:00:00Z") // It has another code now.
	f("", "line 1: want a header with comune,channel,services,office,scale,since,count: EOF")
	f(listHeader, "it has a header and no terminals")
	f("comune,channel\n", "line 1: no column services: want comune,channel,services,office,scale,since,count")
	f("comune,channel,service\n", `line 1: column "service": want each of comune,channel,services,office,scale,since,count at most once`)
	f("comune,channel,services,comune\n", `line 1: column "comune": want each of comune,channel,services,office,scale,since,count at most once`)
	f(listHeader+
		"1263,,totem,anagrafe,,,\n"+
		"999999,,totem,anagrafe,,,\n"+
		"018082,,totem,anagrafe,,,\n"+
		"058091,a b,totem,anagrafe,,,\n"+
		"058091,,tv,anagrafe,,,\n"+
		"058091,,totem,,,,\n"+
		"058091,,totem,anagrafe anagrafe,,,\n"+
		"058091,,totem,anagrafe,mlf4,,\n"+
		"058091,,totem,anagrafe,,27/11/2026,\n"+
		"058091,,totem,anagrafe,,2027-01-01,\n"+
		"058091,,totem,anagrafe,,,0\n"+
		"058091,,totem\n"+
		"058091,,to\"tem,anagrafe,,,\n"+
		"058091,,totem,anagrafe,,,1\n",
		`line 2: comune "1263": want the ISTAT code of 6 digits`,
		"line 3: comune 999999: not in the registry; look it up with GET /v1/registry/comuni?q=NAME",
		"line 4: comune 018082: Lirio was merged into Montalto Pavese on 2026-01-31; want 018094",
		`line 5: office "a b": byte 1: want letters, digits, '.', '_' or '-'`,
		`line 6: channel "tv": want one of counter, totem, phone, web, digital`,
		"line 7: services: 0: want 1 to 64 codes, with blanks between them",
		"line 8: services anagrafe: named twice",
		`line 9: scale "mlf4": want one of mlf3, smiley4, stars5`,
		`line 10: since "27/11/2026": want a date like 2026-11-01`,
		"line 11: since 2027-01-01: every vote until then would count as late; want tomorrow at the latest",
		`line 12: count "0": want 1 to 200000`,
		"line 13: wrong number of fields",
		`line 14: bare " in non-quoted-field`)
	f(listHeader+"058091,,totem,anagrafe,,,150000\n058091,,totem,anagrafe,,,50001\n", "line 3: more than 200000 terminals in all")

	_, err := enrolment.ReadList(strings.NewReader(listHeader+strings.Repeat("x,,totem,anagrafe,,,\n", 50)), reg, now())
	if err == nil || strings.Count(err.Error(), "\n") != 20 || !strings.HasSuffix(err.Error(), "and 30 more lines") {
		t.Errorf("got %v, want twenty lines and how many more", err)
	}
}

// TestEnrolAll enrols every comune of Italy from one file, and tells of all of them as it
// goes.
func TestEnrolAll(t *testing.T) {
	client, reg := newClient(t), lists(t)
	var text strings.Builder
	text.WriteString(listHeader)
	comuni := reg.ComuniAt(registry.DateOf(time.Date(2025, 10, 16, 0, 0, 0, 0, time.UTC)))
	for _, c := range comuni {
		fmt.Fprintf(&text, "%v,,totem,anagrafe,,,\n", c.ID)
	}
	templates, err := enrolment.ReadList(strings.NewReader(text.String()), reg, time.Date(2025, 10, 16, 9, 0, 0, 0, time.UTC))
	if err != nil || len(templates) != 7896 {
		t.Fatalf("got %d terminals, %v, want 7896", len(templates), err)
	}
	var done []int
	tokens := make(map[string]schema.TerminalID)
	err = newEnroller(t, client).EnrolAll(t.Context(), templates, func(enrolled []schema.Enrolled) error {
		for _, e := range enrolled {
			tokens[e.Token] = e.Terminal
		}
		done = append(done, len(tokens))
		return nil
	})
	if err != nil || len(done) != 16 || done[0] != 500 || done[15] != 7896 {
		t.Fatalf("got %v, %v, want 500 at a time", done, err)
	}
	terminals := newEnroller(t, client).Terminals()
	perComune := make(map[schema.ComuneID]int)
	for token, id := range tokens {
		e := terminals.ByToken([]byte(token))
		if e == nil || e.Terminal != id || e.Ordinal != 0 {
			t.Fatalf("got %+v, want the first terminal of its comune", e)
		}
		perComune[e.Comune]++
	}
	if len(perComune) != 7896 {
		t.Errorf("got %d comuni", len(perComune))
	}

	stop := errors.New("stop")
	if err := newEnroller(t, client).EnrolAll(t.Context(), templates[:501], func([]schema.Enrolled) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}

func TestClose(t *testing.T) {
	client := newClient(t)
	id := enrolOne(t, newEnroller(t, client)).Terminal
	e, err := newEnroller(t, client).Close(t.Context(), id, now())
	if err != nil || !e.Closed.Equal(now()) {
		t.Fatalf("got %+v, %v, want it closed", e, err)
	}
	if e, err = newEnroller(t, client).Close(t.Context(), id, now().Add(time.Hour)); err != nil || !e.Closed.Equal(now()) {
		t.Errorf("closed again: got %+v, %v, want the first time", e, err)
	}
	if _, err := newEnroller(t, client).Change(t.Context(), id, newToken("new")); err != nil {
		t.Fatal(err)
	}
	if got := newEnroller(t, client).Terminals().ByToken([]byte("new")); got == nil || !got.Closed.Equal(now()) || got.Revoked {
		t.Errorf("got %+v, want it closed under its new token", got)
	}
	if _, err := newEnroller(t, client).Close(t.Context(), 7, now()); err == nil {
		t.Error("closed a terminal that is not enrolled")
	}
}

// FuzzReadList: no file makes it panic, and what it takes can be enrolled.
func FuzzReadList(f *testing.F) {
	reg := lists(f)
	f.Add(listHeader + "001263,sportello,totem,anagrafe tributi,mlf3,2026-11-27,2\n")
	f.Add("\ufeffcomune;services;channel\r\n058091;\"tributi, anagrafe\";web\r\n")
	f.Add(listHeader + "\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		templates, err := enrolment.ReadList(strings.NewReader(text), reg, now())
		if err != nil {
			return
		}
		if len(templates) == 0 || len(templates) > enrolment.CountMax {
			t.Errorf("got %d terminals", len(templates))
		}
		for i := range min(len(templates), 100) {
			if err := templates[i].Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}
