package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/command/tool/tooltest"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/network"
)

// A line is the command line of this package, on a log of its own.
type line struct{ *tooltest.Line }

func newLine(t *testing.T) *line {
	t.Helper()
	return &line{tooltest.New(t, func() any {
		return &struct {
			Body     BodyCmd  `cmd:""`
			Order    OrderCmd `cmd:""`
			Claim    ClaimCmd `cmd:""`
			Terminal Terminal `cmd:""`
		}{}
	})}
}

func TestBodies(t *testing.T) {
	l := newLine(t)
	l.Want(t, 0, "body c_i692  Comune di Sestriere", "body", "add", "--comune", "001263", "--joined", "2010-03-01")
	l.Want(t, 1, "has joined already", "body", "add", "--comune", "001263")
	l.Want(t, 0, "Sestriere (TO)", "body", "add", "--comune", "001263", "--replace", "--name", "Sestriere (TO)", "--joined", "2010-03-01")
	l.Want(t, 0, "Unione", "body", "add", "UC_X", "--type", "unione", "--name", "Unione X", "--comune", "001263,001022", "--joined", "2011-01-01")
	l.Want(t, 0, "3 memberships", "body", "member", "uc_x", "001259", "--from", "2026-01-01", "--to", "2027-01-01")
	l.Want(t, 0, "3 memberships", "body", "member", "uc_x", "001022", "--to", "2020-01-01")
	l.Want(t, 0, "4 memberships", "body", "member", "uc_x", "001022", "--from", "2022-01-01")
	l.Want(t, 2, "001022 is twice a member", "body", "member", "uc_x", "001022", "--from", "2023-01-01")
	l.Want(t, 2, "it does not belong to uc_x on 2019-01-01", "body", "member", "uc_x", "058091", "--to", "2019-01-01")
	members := func(day string, want ...schema.ComuneID) {
		t.Helper()
		var got []schema.ComuneID
		for _, m := range tooltest.Decode[shownBody](t, l.Want(t, 0, "", "body", "show", "uc_x", "--at", day, "--json"))[0].MembersAt {
			got = append(got, m.Comune)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", day, got, want)
		}
	}
	members("2019-12-31", 1022, 1263)
	members("2020-01-01", 1263)
	members("2022-01-01", 1022, 1263)
	members("2026-06-01", 1022, 1259, 1263)
	members("2027-01-01", 1022, 1263)
	l.Want(t, 0, "001263 Sestriere, 910 residents", "body", "show", "uc_x")

	if got := tooltest.Decode[network.Body](t, l.Want(t, 0, "", "body", "list", "--json")); len(got) != 2 || got[0].Code != "c_i692" || got[1].Type != network.TypeUnion {
		t.Errorf("got %+v", got)
	}
	l.Want(t, 0, "uc_x  unione  Unione X  2011-01-01  -     3", "body", "list", "--type", "unione")
	l.Want(t, 2, "--type: type \"city\": want one of", "body", "list", "--type", "city")
	l.Want(t, 2, "--type: type", "body", "add", "x", "--type", "city")
	l.Want(t, 2, "want the one that it is", "body", "add", "x")
	l.Want(t, 2, "--name: want what it is called", "body", "add", "x", "--type", "agency")
	l.Want(t, 2, "IPA: the list of comuni does not have it", "body", "add", "--type", "agency", "--name", "x")
	l.Want(t, 2, "--joined: date", "body", "add", "--comune", "058091", "--joined", "yesterday")
	l.Want(t, 2, "--comune: comune", "body", "add", "--comune", "1263")
	l.Want(t, 1, "it has not joined", "body", "show", "c_h501")
	l.Want(t, 2, "want an IPA code", "body", "show", "c/h501")
}

func TestOrders(t *testing.T) {
	l := newLine(t)
	l.Want(t, 0, "", "body", "add", "--comune", "001263")
	l.Want(t, 0, "", "body", "add", "--comune", "058091")
	flags := func(command, body string, more ...string) []string {
		return append([]string{"order", command, "--body", body, "--programme", "2009-2012", "--line", "terminal:1", "--gross", "980,5", "--bonus", "400"}, more...)
	}
	l.Want(t, 0, "nothing speaks against it", flags("check", "c_i692", "--ordered", "2010-04-15")...)
	l.Want(t, 0, "order o-1", flags("add", "c_i692", "--ordered", "2010-04-15", "--id", "o-1", "--supplier", "Fornitore", "--line", "kit:2:con stampante")...)
	l.Want(t, 1, "orders: want at most 1 of a body; it is number 2 of c_i692", flags("check", "c_i692", "--ordered", "2010-04-16")...)
	l.Want(t, 1, "size: want fewer than 5000 residents; it is 2804766 on 2010-04-15", flags("check", "c_h501", "--ordered", "2010-04-15")...)
	l.Want(t, 1, "term: want an order from 2009-10-21 to 2012-02-28; it is of 2012-02-29", flags("add", "c_h501", "--ordered", "2012-02-29")...)
	found := tooltest.Decode[network.Finding](t, l.Want(t, 1, "does not pay for it: 2 rules", flags("check", "c_h501", "--ordered", "2012-02-29", "--json")...))
	if len(found) != 2 || found[0].Rule != "term" || found[1].Rule != "size" {
		t.Errorf("got %+v", found)
	}
	l.Want(t, 0, "order o-2", flags("add", "c_h501", "--ordered", "2012-02-29", "--id", "o-2", "--anyway")...)
	l.Want(t, 1, "term: want", "order", "check", "o-2")
	l.Want(t, 0, "nothing speaks", "order", "check", "o-1")
	l.Want(t, 0, "order c_i692-2026-11-27-", "order", "add", "--body", "C_I692", "--line", "other:1", "--ordered", "2026-11-27") // Of no programme.

	got := tooltest.Decode[network.Order](t, l.Want(t, 0, "", "order", "show", "o-1", "--json"))[0]
	if got.Gross != 980_50 || got.Bonus != 400_00 || got.Terminals() != 3 || got.Lines[1].Text != "con stampante" || got.Ordered.String() != "2010-04-15" || got.Supplier != "Fornitore" {
		t.Errorf("got %+v", got)
	}
	l.Want(t, 0, "2 kit con stampante", "order", "show", "o-1")
	if got := tooltest.Decode[network.Order](t, l.Want(t, 0, "", "order", "list", "--json", "--programme", "2009-2012")); len(got) != 2 || got[0].ID != "o-1" || got[1].ID != "o-2" {
		t.Errorf("got %+v", got)
	}
	l.Want(t, 0, "980.50 €  400.00 €", "order", "list", "--body", "C_I692")
	l.Want(t, 2, `--line "totem:1"`, "order", "check", "--body", "x", "--programme", "2009-2012", "--line", "totem:1")
	l.Want(t, 2, `--line "terminal"`, "order", "check", "--body", "x", "--programme", "2009-2012", "--line", "terminal")
	for _, bad := range []string{"1.234", "-1", "x", "1.x", "1,000.00", "99999999999999999999"} {
		l.Want(t, 2, "--gross", "order", "check", "--body", "x", "--programme", "2009-2012", "--line", "kit:1", "--gross="+bad)
	}
	l.Want(t, 2, "--programme: want", "order", "check", "--body", "x")
	l.Want(t, 2, "--programme: programme \"2013\": want one of [2009-2012]", "order", "check", "--body", "c_i692", "--programme", "2013", "--line", "kit:1")
	l.Want(t, 1, "it has not joined", "order", "add", "--body", "x", "--line", "kit:1")
	l.Want(t, 1, "there is none", "order", "show", "o-9")
}

func TestClaims(t *testing.T) {
	l := newLine(t)
	l.Want(t, 0, "", "body", "add", "--comune", "001263")
	l.Want(t, 0, "", "body", "add", "uc_x", "--type", "unione", "--name", "Unione <X>", "--comune", "001263,001022")
	claim := func(more ...string) []string {
		return append([]string{"claim", "new", "--body", "uc_x", "--channel", "totem", "--services", "anagrafe,tributi"}, more...)
	}
	sheet := filepath.Join(t.TempDir(), "codes.html")
	printed := l.Want(t, 0, "https://totem.example.it/k/#c=", claim("--comune", "001263", "--office", "unico", "--count", "3", "--url", "https://totem.example.it/k/", "--qr", "--sheet", sheet)...)
	if n := strings.Count(printed, "code "); n != 3 || strings.Count(printed, "█▀") < 3 {
		t.Errorf("got %d codes in\n%s", n, printed)
	}
	page, err := os.ReadFile(sheet)
	if info, statErr := os.Stat(sheet); err != nil || statErr != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(err, statErr, info)
	}
	for _, want := range []string{"Unione &lt;X&gt;", "Sestriere, unico, Totem", "Codici per 3 dispositivi"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("want %q on the sheet", want)
		}
	}
	if strings.Count(string(page), "<svg") != 3 || strings.Count(string(page), `class="code">`) != 3 {
		t.Errorf("want three cards, got\n%s", page)
	}
	l.Want(t, 1, "file exists", claim("--comune", "001263", "--url", "https://x/k/", "--sheet", sheet)...)

	// One device for two comuni: each has its own body where that has joined.
	made := tooltest.Decode[madeCode](t, l.Want(t, 0, "", claim("--comune", "001263,001022", "--json")...))[0]
	if len(made.Terminals) != 2 || made.URL != "" || made.Expires.Before(time.Now().Add(23*time.Hour)) {
		t.Errorf("got %+v", made)
	}
	offers, err := enrolment.NewOffers(t.Context(), l.Client)
	if err != nil {
		t.Fatal(err)
	}
	redeemed, err := offers.Redeem(t.Context(), enrolment.Attempt{
		Code: made.Code, Claim: "4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01",
		Tokens: []schema.TokenHash{schema.HashToken([]byte("a")), schema.HashToken([]byte("b"))},
	}, time.Now())
	if err != nil || redeemed.Terminals[0].Body != "c_i692" || redeemed.Terminals[1].Body != "uc_x" {
		t.Fatalf("got %+v, %v", redeemed, err)
	}
	listed := tooltest.Decode[listedOffer](t, l.Want(t, 0, "", "claim", "list", "--json"))
	if len(listed) != 5 || listed[4].State != network.OfferUsed || listed[4].Device != "4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01" || listed[4].Attempts != 1 || listed[0].State != network.OfferOpen {
		t.Errorf("got %+v", listed)
	}
	terminals := tooltest.Decode[listedTerminal](t, l.Want(t, 0, "", "terminal", "list", "--json"))
	if len(terminals) != 2 || terminals[1].Body != "c_i692" || terminals[1].Device != redeemed.Device {
		t.Errorf("got %+v", terminals)
	}
	l.Want(t, 0, "withdrawn", "claim", "withdraw", listed[0].Hash.String()[:12])
	l.Want(t, 0, "withdrawn", "claim", "withdraw", listed[0].Hash.String())
	l.Want(t, 1, "code was used by another device: mlf terminal revoke", "claim", "withdraw", made.Code)
	l.Want(t, 1, "want the code, or at least 8 digits", "claim", "withdraw", "0")
	l.Want(t, 1, "no such code", "claim", "withdraw", "BCDF-GHJK-LMNP")
	l.Want(t, 0, "withdrawn  ", "claim", "list", "--body", "UC_X")
	l.Want(t, 0, "terminals claimed  1", "body", "show", "c_i692")

	l.Want(t, 2, "--qr and --sheet: want --url", claim("--comune", "001263", "--qr")...)
	l.Want(t, 2, "--url", claim("--comune", "001263", "--url", "totem.example.it")...)
	l.Want(t, 2, "--url", claim("--comune", "001263", "--url", "https://x/#c")...)
	l.Want(t, 2, "--count 0", claim("--comune", "001263", "--count", "0")...)
	l.Want(t, 2, "want --channel and --services", "claim", "new", "--body", "uc_x", "--comune", "001263")
	l.Want(t, 1, "it has not joined", "claim", "new", "--body", "x", "--comune", "001263", "--channel", "web", "--services", "urp")
}

func TestTerminals(t *testing.T) {
	l := newLine(t)
	l.Want(t, 0, "", "body", "add", "--comune", "058091")
	file := filepath.Join(t.TempDir(), "terminals.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("comune,office,channel,services,scale,since,count\n058091,eur,counter,anagrafe,,,x\n001263,,totem,urp,,,1\n")
	l.Want(t, 2, "nothing is enrolled:\nline 2: count \"x\"", "terminal", "enrol", "--from", file)
	if got := l.Want(t, 0, "", "terminal", "list", "--json"); got != "" {
		t.Errorf("got %s, want nothing", got)
	}
	write("comune,office,channel,services,scale,since,count\n058091,eur,counter,anagrafe,,,2\n001263,,totem,urp,,,1\n")
	type placed struct {
		schema.Enrolled
		Comune schema.ComuneID   `json:"comune"`
		Office schema.OfficeCode `json:"office"`
	}
	got := tooltest.Decode[placed](t, l.Want(t, 0, "3 of 3 terminals enrolled", "terminal", "enrol", "--from", file, "--json", "--body", "c_h501"))
	if len(got) != 3 || got[1].Office != "eur" || got[2].Comune != 1263 || len(got[2].Token) != 43 {
		t.Errorf("got %+v", got)
	}
	one := tooltest.Decode[schema.Enrolled](t, l.Want(t, 0, "", "terminal", "enrol", "--comune", "058091", "--channel", "web", "--services", "urp", "--json"))[0]
	id := one.Terminal.String()
	l.Want(t, 0, "terminal "+id+" closed since 2026-11-01T09:00:00Z", "terminal", "close", id, "--at", "2026-11-01T10:00:00+01:00")
	l.Want(t, 0, "closed since 2026-11-01T09:00:00Z", "terminal", "close", id) // Since then, and not since now.
	l.Want(t, 0, "closed", "terminal", "list", id)
	listed := tooltest.Decode[listedTerminal](t, l.Want(t, 0, "", "terminal", "list", id, "--json"))[0]
	if listed.Closed.Format(time.RFC3339) != "2026-11-01T09:00:00Z" || listed.Revoked {
		t.Errorf("got %+v", listed)
	}
	l.Want(t, 0, `"terminal":"`+id+`","token":"`, "terminal", "token", id, "--json")
	l.Want(t, 0, "revoked", "terminal", "revoke", id)
	l.Want(t, 2, "--at", "terminal", "close", id, "--at", "2999-01-01T00:00:00Z")
	l.Want(t, 2, "want t- and 13", "terminal", "close", "x")
	l.Want(t, 1, "not enrolled", "terminal", "close", "t-0000000000002")
	l.Want(t, 2, "--from: its lines say where", "terminal", "enrol", "--from", file, "--comune", "058091")
	l.Want(t, 2, "want --comune, --channel and --services, or --from", "terminal", "enrol", "--comune", "058091")
	l.Want(t, 2, "no such file", "terminal", "enrol", "--from", file+"x")
	l.Want(t, 1, "it has not joined", "terminal", "enrol", "--comune", "058091", "--channel", "web", "--services", "urp", "--body", "x")
	l.Want(t, 2, "--count 0", "terminal", "enrol", "--comune", "058091", "--channel", "web", "--services", "urp", "--count", "0")
}

func TestHelpTeaches(t *testing.T) {
	l := newLine(t)
	f := func(want string, args ...string) {
		t.Helper()
		l.Want(t, 0, want, append(args, "--help")...)
	}
	f("mlf claim new --kafka", "claim", "new")
	f("comune,office,channel,services,scale,since,count", "terminal", "enrol")
	f("closed, and enrolled anew", "terminal", "close")
	f("mlf order check asks the same", "order", "add")
	f("mlf body member uc_x", "body", "add")
}
