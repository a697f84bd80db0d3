package source

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mlf/command/tool/tooltest"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/source"
)

// A line is the command line of this package, on a log of its own.
type line struct{ *tooltest.Line }

func newLine(t *testing.T) *line {
	t.Helper()
	return &line{tooltest.New(t, func() any { return new(Cmd) })}
}

// terminals returns what is enrolled.
func (l *line) terminals(t *testing.T) *schema.Terminals {
	t.Helper()
	all, err := l.Client.ReadRegistry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSites(t *testing.T) {
	l := newLine(t)
	add := func(more ...string) []string {
		return append([]string{"site", "add", "--comune", "001263", "--services", "anagrafe,tributi"}, more...)
	}
	l.Want(t, 2, "want --comune, --services and --channel", add()...)
	l.Want(t, 2, "--channel must be one of", add("--channel", "totem")...)
	l.Want(t, 2, "--way must be one of", add("--channel", "web", "--way", "mirror")...)
	l.Want(t, 2, `--origin: origin "www.x.it": want one like https://`, add("--channel", "web", "--origin", "www.x.it")...)
	l.Want(t, 2, "--services x: not in the registry", "site", "add", "--comune", "001263", "--services", "x", "--channel", "web")
	l.Want(t, 2, "--comune", "site", "add", "--comune", "1", "--services", "urp", "--channel", "web")
	l.Want(t, 2, `--url "voto"`, add("--channel", "web", "--url", "voto")...)
	if n := len(l.terminals(t).All()); n != 0 {
		t.Fatalf("%d terminals were enrolled by commands that were refused", n)
	}

	got := tooltest.Decode[shownSite](t, l.Want(t, 0, "", add("--channel", "digital", "--origin", "https://A.it,https://b.it", "--url", "https://voto.it/", "--json")...))[0]
	e := l.terminals(t).ByID(got.Terminal)
	if e == nil || e.Channel != schema.ChannelDigital || e.Scale != schema.ScaleStars5 || len(e.Services) != 2 || e.Comune != 1263 {
		t.Fatalf("got %+v", e)
	}
	if got.Way != source.Script || !reflect.DeepEqual(got.Origins, []string{"https://a.it", "https://b.it"}) || got.Poster != "https://voto.it/v/"+got.Site {
		t.Errorf("got %+v", got)
	}
	if want := `<script src="https://voto.it/v1/rating.js" integrity="sha384-`; !strings.HasPrefix(got.Script, want) || !strings.HasSuffix(got.Script, `data-site="`+got.Site+`" defer></script>`) {
		t.Errorf("got tag %s", got.Script)
	}
	l.Want(t, 0, "the form sends to  https://voto.example.it/v1/ratings/", add("--channel", "web", "--way", "form")...)
	l.Want(t, 0, "with its form  <script src=", add("--channel", "web")...)

	l.Want(t, 0, "site "+got.Site+" closed", "site", "close", got.Site)
	l.Want(t, 1, "site x: there is none", "site", "close", "x")
	closed := 0
	for _, s := range tooltest.Decode[shownSite](t, l.Want(t, 0, "", "site", "list", "--json")) {
		if s.Closed != (s.Site == got.Site) {
			t.Errorf("got %+v", s)
		}
		closed++
	}
	if closed != 3 {
		t.Errorf("got %d sites, want 3", closed)
	}
	l.Want(t, 0, "https://a.it,https://b.it  closed", "site", "list")
}

func TestIntegrations(t *testing.T) {
	l := newLine(t)
	got := tooltest.Decode[shownIntegration](t, l.Want(t, 0, "", "integration", "add", "--way", "ttn3", "--url", "https://voto.it", "--json"))[0]
	if got.URL != "https://voto.it/v1/uplinks/ttn3" || len(got.Token) != 43 {
		t.Errorf("got %+v", got)
	}
	var sources source.Sources
	if err := l.Client.ReadRecords(t.Context(), sources.Apply); err != nil {
		t.Fatal(err)
	}
	if i := sources.ByToken([]byte(got.Token)); i == nil || i.Name != got.Integration || i.Way != source.TTN3 {
		t.Errorf("got %+v", i)
	}
	l.Want(t, 0, "https://voto.example.it/v1/calls/yeastar\n  Authorization: Bearer ", "integration", "add", "--way", "yeastar")
	l.Want(t, 2, "--way must be one of", "integration", "add", "--way", "pigeon")
	l.Want(t, 1, "it has not joined", "integration", "add", "--way", "generic", "--body", "x")
	l.Want(t, 0, "revoked", "integration", "revoke", got.Integration)
	l.Want(t, 1, "there is none", "integration", "revoke", "x")
	listed := l.Want(t, 0, "ttn3     -     revoked", "integration", "list")
	if strings.Contains(listed, got.Token) || strings.Count(listed, "\n") != 3 {
		t.Errorf("got %s", listed)
	}
}

// integration adds one of a way.
func (l *line) integration(t *testing.T, way string) string {
	t.Helper()
	return tooltest.Decode[shownIntegration](t, l.Want(t, 0, "", "integration", "add", "--way", way, "--json"))[0].Integration
}

func TestDevices(t *testing.T) {
	l := newLine(t)
	ttn, pbx := l.integration(t, "ttn3"), l.integration(t, "generic")
	add := func(integration string, more ...string) []string {
		return append([]string{"device", "add", "--integration", integration, "--comune", "001263", "--services", "anagrafe,tributi"}, more...)
	}
	box := func(more ...string) []string { return add(ttn, append([]string{"--channel", "totem"}, more...)...) }
	l.Want(t, 2, "want --integration, --comune, --channel and --services, or --from", "device", "add", "--integration", ttn)
	l.Want(t, 1, "want the DevEUI", box("--address", "12")...)
	l.Want(t, 1, "want the DevEUI", box()...)
	l.Want(t, 2, "--values: button 2: ", box("--address", "0004A30B001C0530", "--values", "green,blue")...)
	l.Want(t, 2, "want each value once", box("--address", "0004A30B001C0530", "--values", "green,green")...)
	l.Want(t, 2, `value "6": want 0 to 5`, box("--address", "0004A30B001C0530", "--scale", "stars5", "--values", "6")...)
	l.Want(t, 2, "--most-a-minute 60001", box("--address", "0004A30B001C0530", "--most-a-minute", "60001")...)
	l.Want(t, 1, "want no --keypad", box("--address", "0004A30B001C0530", "--keypad", "1=green,2=yellow,3=red")...)
	l.Want(t, 2, "--keypad: ", add(pbx, "--channel", "phone", "--keypad", "1=blue")...)
	l.Want(t, 2, "--queue \"imu=urp\": want QUEUE=CODE, with one of --services", add(pbx, "--channel", "phone", "--queue", "imu=urp")...)
	l.Want(t, 1, "want no --values", add(pbx, "--channel", "phone", "--values", "green")...)
	l.Want(t, 1, "integration x: there is none", add("x", "--channel", "phone")...)
	if n := len(l.terminals(t).All()); n != 0 {
		t.Fatalf("%d terminals were enrolled by commands that were refused", n)
	}

	got := tooltest.Decode[source.Device](t, l.Want(t, 0, "", box("--address", "0004A30B001C0530", "--values", "green,0,yellow,0,red", "--counter-from", "0", "--json")...))[0]
	want := source.Device{Integration: ttn, Address: "0004a30b001c0530", Terminal: got.Terminal, Values: []schema.Value{3, 0, 2, 0, 1}, FromZero: true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if e := l.terminals(t).ByID(got.Terminal); e == nil || e.Channel != schema.ChannelTotem || e.Scale != schema.ScaleMLF3 {
		t.Errorf("got %+v", e)
	}
	phone := tooltest.Decode[source.Device](t, l.Want(t, 0, "", add(pbx, "--channel", "phone", "--queue", "imu=tributi", "--json")...))[0]
	if phone.Queues["imu"] != "tributi" || phone.Address != "" {
		t.Errorf("got %+v", phone)
	}
	l.Want(t, 1, `address "": it is enrolled`, add(pbx, "--channel", "phone")...)

	// A device is moved by ending what it was.
	l.Want(t, 1, "To move it: mlf terminal close "+got.Terminal.String(), box("--address", "0004a30b001c0530")...)
	other := l.integration(t, "chirpstack4")
	l.Want(t, 1, "To move it: mlf terminal revoke "+got.Terminal.String(), add(other, "--channel", "totem", "--address", "0004a30b001c0530")...)
	l.change(t, got.Terminal)
	l.Want(t, 0, "device 0004a30b001c0530 of "+other, add(other, "--channel", "totem", "--address", "0004a30b001c0530")...)
	if all := tooltest.Decode[source.Device](t, l.Want(t, 0, "", "device", "list", "--json", "--integration", other)); len(all) != 1 || all[0].FromZero {
		t.Errorf("got %+v", all)
	}
	l.Want(t, 0, "001263  phone", "device", "list")
	l.Want(t, 0, "revoked", "integration", "revoke", ttn)
	l.Want(t, 1, "it was revoked", box("--address", "0004A30B001C0531")...)
}

// change revokes a terminal.
func (l *line) change(t *testing.T, id schema.TerminalID) {
	t.Helper()
	e, err := enrolment.New(t.Context(), l.Client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Change(t.Context(), id, func(e *schema.Enrolment) { e.Revoked = true }); err != nil {
		t.Fatal(err)
	}
}

func TestListsOfDevices(t *testing.T) {
	l := newLine(t)
	ttn := l.integration(t, "ttn3")
	file := filepath.Join(t.TempDir(), "devices.csv")
	f := func(code int, want, text string) string {
		t.Helper()
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "TTN", ttn)), 0o600); err != nil {
			t.Fatal(err)
		}
		return l.Want(t, code, want, "device", "add", "--from", file, "--json")
	}
	const header = "integration;address;comune;channel;services;values;counter_from;most_a_minute\n"
	const one, two = "TTN;0004A30B001C0530;001263;totem;anagrafe tributi;green 0 yellow 0 red;0;30\n", "TTN;0004A30B001C0531;001263;counter;urp;;;\n"
	f(2, "it has a header and no devices", header)
	f(2, "line 1: want a header", "")
	f(2, `line 1: column "x"`, "x;comune\n")
	f(2, `line 1: column "comune"`, "comune;comune\n")
	f(2, `line 3: counter_from "1": want 0 or nothing`, header+one+"TTN;0004A30B001C0531;001263;totem;urp;;1;\n")
	f(2, `line 2: channel "web": want totem`, header+"TTN;0004A30B001C0531;001263;web;urp;;;\n")
	f(2, `line 2: most_a_minute "x"`, header+"TTN;0004A30B001C0531;001263;totem;urp;;;x\n")
	f(2, "line 3: --comune", header+one+"TTN;0004A30B001C0531;1;totem;urp;;;\n")
	f(1, "line 3: address \"0004a30b001c0530\": it is in the list twice", header+one+one)
	if n := len(l.terminals(t).All()); n != 0 {
		t.Fatalf("%d terminals were enrolled by lists that were refused", n)
	}
	got := tooltest.Decode[source.Device](t, f(0, "", header+one+two))
	if len(got) != 2 || got[0].MostAMinute != 30 || !got[0].FromZero || got[1].FromZero || got[1].Values != nil {
		t.Errorf("got %+v", got)
	}
	l.Want(t, 2, "no such file", "device", "add", "--from", file+"x")
	l.Want(t, 2, "--from: its lines say", "device", "add", "--from", file, "--comune", "001263")
}

func TestHelpTeaches(t *testing.T) {
	l := newLine(t)
	f := func(want string, args ...string) {
		t.Helper()
		l.Want(t, 0, want, append(args, "--help")...)
	}
	f("mlf source site add --kafka", "site", "add")
	f("mlf source device add --kafka", "integration", "add")
	f("integration,address,comune,channel,services,values,counter_from", "device", "add")
}

// FuzzReadList: no list makes its reader panic, and what it takes is within its limits.
func FuzzReadList(f *testing.F) {
	f.Add("integration,address,comune,channel,services,values,counter_from\nn,0004A30B001C0530,001263,totem,anagrafe tributi,green 0 yellow 0 red,0\n")
	f.Add("\ufeffintegration;queue;keypad;most_a_minute\nn;imu=tributi;1=green 2=red;7\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := readList(strings.NewReader(text))
		if err == nil && (len(all) == 0 || len(all) > listLinesMax) {
			t.Errorf("got %d devices", len(all))
		}
	})
}
