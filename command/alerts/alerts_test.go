package alerts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/command/alerts"
	"mlf/command/datadir"
	"mlf/command/password"
	"mlf/command/tool/tooltest"
	"mlf/schema"
	"mlf/schema/alert"
)

type cli struct {
	Alert struct{ alerts.Tools } `cmd:""`
}

func newLine(t *testing.T) *tooltest.Line {
	t.Helper()
	return tooltest.New(t, func() any { return new(cli) })
}

func put(t *testing.T, l *tooltest.Line, of interface{ Record() (alert.Record, error) }) {
	t.Helper()
	r, err := of.Record()
	if err == nil {
		err = l.Client.PutAlert(t.Context(), r.Key, r.Value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestOperatorsSeeAlerts, acknowledge them, and set what a body wants to be told.
func TestOperatorsSeeAlerts(t *testing.T) {
	l := newLine(t)
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	a := &alert.Alert{
		Body: "c_h501", Kind: alert.Red, Scope: alert.Scope{Scale: "mlf3"}, First: schema.HourOf(at), State: alert.Open, Opened: at, Updated: at,
		Figures: &alert.Figures{Share: alert.Share{N: 142, Negative: 44, Share: 0.31}, Baseline: alert.Share{N: 1204, Share: 0.18}},
	}
	a.ID = alert.ID(a.Body, a.Kind, a.Scope, a.First)
	a.Note(alert.Told{Day: "2026-11-25", Event: alert.Opened, Message: "m", At: at, Results: map[string]alert.Outcome{"email:u@x.it": {At: at, Detail: "550"}}})
	put(t, l, a)
	l.Want(t, 0, a.ID, "alert", "list")
	l.Want(t, 0, "31.0% of 142 (before 18.0% of 1204)", "alert", "list", "c_h501", "--state", "all")
	l.Want(t, 0, "email:u@x.it failed: 550", "alert", "show", a.ID)
	l.Want(t, 1, "there is none", "alert", "show", strings.Repeat("0", 32))
	l.Want(t, 2, "want an IPA code", "alert", "list", "c h501")
	l.Want(t, 2, "at most 1000 letters", "alert", "ack", a.ID, "--note", strings.Repeat("x", 1001))
	l.Want(t, 0, "is acknowledged", "alert", "ack", a.ID, "--note", "ci pensiamo")
	l.Want(t, 0, "ci pensiamo", "alert", "show", a.ID, "--json")
	l.Want(t, 1, "there is nobody to tell", "alert", "test", "c_h501")

	l.Want(t, 0, `"version": 0`, "alert", "settings", "c_h501")
	file := filepath.Join(t.TempDir(), "settings.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"version":0,"language":"it","rules":[{"kind":"red","enabled":true}],"emails":["urp@comune.example.it"]}`)
	l.Want(t, 0, `"version": 1`, "alert", "settings", "c_h501", "--set", file)
	l.Want(t, 1, "version 1 holds", "alert", "settings", "c_h501", "--set", file)
	write(`{"version":1,"language":"xx"}`)
	l.Want(t, 2, "want it, en or de", "alert", "settings", "c_h501", "--set", file)
	write(`{"version":1,"lang":"it"}`)
	l.Want(t, 2, "unknown field", "alert", "settings", "c_h501", "--set", file)
	l.Want(t, 1, "does mlf alert run?", "alert", "test", "c_h501", "--for", "300ms")
}

// TestTheKey is kept where nobody named one, and one that is short is refused.
func TestTheKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alert.key")
	var f, again alerts.KeyFlags
	for _, of := range []*alerts.KeyFlags{&f, &again} {
		if err := of.Keep(file, datadir.WriteSynced); err != nil {
			t.Fatal(err)
		}
	}
	first, err := f.Key()
	if second, err2 := again.Key(); err != nil || err2 != nil || first != second || len(first) != 64 {
		t.Errorf("got %q, then %q, %v, %v", first, second, err, err2)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want it for the owner alone", info.Mode(), err)
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.AlertKeyFile = password.File(short)
	if _, err := f.Key(); err == nil || !strings.Contains(err.Error(), "want at least 32") {
		t.Errorf("a short key: %v", err)
	}
	if key, err := new(alerts.KeyFlags).Key(); key != "" || err != nil {
		t.Errorf("none: got %q, %v", key, err)
	}
}

func TestFlagsThatDoNotGoTogether(t *testing.T) {
	f := func(want string, flags alerts.SendFlags) {
		t.Helper()
		err := flags.CheckSending()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: got %v, want %q", flags, err, want)
		}
	}
	f("", alerts.SendFlags{})
	f("", alerts.SendFlags{AlertURL: "https://mlf.example.it", AlertMail: "smtp://127.0.0.1:25?tls=none", AlertMailFrom: "mlf@example.it", AlertAllowNetwork: []string{"10.0.0.0/8"}})
	f("--alert-url", alerts.SendFlags{AlertURL: "mlf.example.it"})
	f("--alert-allow-network", alerts.SendFlags{AlertAllowNetwork: []string{"10.0.0.1"}})
	f("no --alert-mail", alerts.SendFlags{AlertMailFrom: "mlf@example.it"})
	f("--alert-mail", alerts.SendFlags{AlertMail: "http://mail.example.it", AlertMailFrom: "mlf@example.it"})
	f("--alert-proxy", alerts.SendFlags{AlertProxy: "proxy"})
}
