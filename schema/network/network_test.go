package network_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

type failer interface {
	Helper()
	Fatal(args ...any)
}

// apply writes records and reads them.
func apply(t failer, n *network.Network, records ...func() (string, []byte, error)) {
	t.Helper()
	for _, record := range records {
		key, value, err := record()
		if err == nil {
			err = errors.Join(n.Terminals().Apply(key, value), n.Apply(key, value))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func day(t failer, text string) registry.Date {
	t.Helper()
	d, err := registry.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func lists(t failer) *registry.Registry {
	t.Helper()
	r := schematest.Lists(t)
	return r
}

// sestriere is a small comune that joined in 2010.
func sestriere(t failer) *network.Body {
	t.Helper()
	return &network.Body{
		Code: "c_i692", Type: network.TypeComune, Name: "Comune di Sestriere", Joined: day(t, "2010-03-01"),
		Members: []network.Member{{Comune: 1263}},
	}
}

func order(t failer) *network.Order {
	t.Helper()
	return &network.Order{
		ID: "o-1", Body: "c_i692", Programme: "2009-2012", Number: "123456", Supplier: "Fornitore s.p.a.",
		Lines: []network.Line{{Product: network.ProductTerminal, Quantity: 1}, {Product: network.ProductOther, Quantity: 2}, {Product: network.ProductKit, Quantity: 3}},
		Gross: 98_000, Bonus: 40_000, Ordered: day(t, "2010-04-15"), Delivered: day(t, "2010-05-10"), Installed: day(t, "2010-05-11"),
	}
}

func TestBodiesAndOrders(t *testing.T) {
	n := network.New(new(schema.Terminals))
	b, o := sestriere(t), order(t)
	apply(t, n, b.RegistryRecord, b.RegistryRecord, o.RegistryRecord)
	got := n.Body("c_i692")
	if got == nil || got.Name != b.Name || got.Joined != b.Joined || got.Left != 0 || !slices.Equal(got.Members, b.Members) {
		t.Errorf("got %+v, want %+v", got, b)
	}
	made := n.Order("o-1")
	if made == nil || made.Gross != 98_000 || made.Installed != o.Installed || made.Cancelled != 0 || made.Terminals() != 4 {
		t.Errorf("got %+v, want %+v", made, o)
	}
	b.Name, b.Left = "Comune di Sestriere (TO)", day(t, "2026-01-01")
	apply(t, n, b.RegistryRecord)
	if got := n.Bodies(); len(got) != 1 || got[0].Name != "Comune di Sestriere (TO)" || !got[0].JoinedBy(day(t, "2025-12-31")) || got[0].JoinedBy(b.Left) || got[0].JoinedBy(day(t, "2010-02-28")) {
		t.Errorf("got %+v, want the one that was written last", got)
	}
	if len(n.Orders()) != 1 || n.Body("c_h501") != nil || n.Order("o-2") != nil {
		t.Error("there is more than was written")
	}
	if made.HeldBy(day(t, "2010-04-14")) || !made.HeldBy(o.Ordered) {
		t.Error("an order holds from the day that it was made on")
	}
	o.Cancelled = day(t, "2010-04-20")
	if !o.HeldBy(day(t, "2010-04-19")) || o.HeldBy(o.Cancelled) {
		t.Error("an order holds until the day before it is cancelled")
	}
}

// TestMembersAt: the members of a union change.
func TestMembersAt(t *testing.T) {
	union := network.Body{Code: "uc_x", Type: network.TypeUnion, Name: "Unione", Joined: day(t, "2010-01-01"), Members: []network.Member{
		{Comune: 1263},
		{Comune: 1022, From: day(t, "2011-01-01"), To: day(t, "2012-01-01")},
		{Comune: 1022, From: day(t, "2014-01-01")},
		{Comune: 1001, To: day(t, "2011-07-01")},
	}}
	if err := union.Validate(); err != nil {
		t.Fatal(err)
	}
	f := func(d string, want ...schema.ComuneID) {
		t.Helper()
		if got := union.MembersAt(day(t, d)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", d, got, want)
		}
	}
	f("2010-12-31", 1001, 1263)
	f("2011-01-01", 1001, 1022, 1263)
	f("2011-06-30", 1001, 1022, 1263)
	f("2011-07-01", 1022, 1263)
	f("2011-12-31", 1022, 1263)
	f("2012-01-01", 1263)
	f("2014-01-01", 1022, 1263)
}

func TestRefusedBodies(t *testing.T) {
	f := func(want string, change func(*network.Body)) {
		t.Helper()
		b := sestriere(t)
		change(b)
		if _, _, err := b.RegistryRecord(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("want an IPA code", func(b *network.Body) { b.Code = "" })
	f("want an IPA code in small letters", func(b *network.Body) { b.Code = "C_I692" })
	f("want one of [comune unione", func(b *network.Body) { b.Type = "city" })
	f("name: want one", func(b *network.Body) { b.Name = "" })
	f("want one line", func(b *network.Body) { b.Name = "a\nb" })
	f("at most 200 letters", func(b *network.Body) { b.Name = strings.Repeat("é", network.NameMax+1) })
	f("want the day it joined", func(b *network.Body) { b.Joined = 0 })
	f("left after that", func(b *network.Body) { b.Left = b.Joined })
	f("want an ISTAT code", func(b *network.Body) { b.Members[0].Comune = 0 })
	f("an end after the beginning", func(b *network.Body) { b.Members[0].From, b.Members[0].To = b.Joined, b.Joined })
	f("001263 is twice a member", func(b *network.Body) { b.Members = append(b.Members, network.Member{Comune: 1263, From: b.Joined}) })
	f("want at most 20000", func(b *network.Body) { b.Members = make([]network.Member, network.MembersMax+1) })
}

func TestRefusedOrders(t *testing.T) {
	f := func(want string, change func(*network.Order)) {
		t.Helper()
		o := order(t)
		change(o)
		if _, _, err := o.RegistryRecord(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("want an id", func(o *network.Order) { o.ID = "a/b" })
	f("want an id", func(o *network.Order) { o.ID = strings.Repeat("o", network.OrderIDMax+1) })
	f("want an IPA code", func(o *network.Order) { o.Body = "" })
	f("want an IPA code", func(o *network.Order) { o.Buyer = "x y" })
	f("want one line", func(o *network.Order) { o.Supplier = "a\tb" })
	f("want 1 to 100", func(o *network.Order) { o.Lines = nil })
	f("line 1: 0 of", func(o *network.Order) { o.Lines[0].Quantity = 0 })
	f(`line 2: 2 of "totem"`, func(o *network.Order) { o.Lines[1].Product = "totem" })
	f("980.00 €, of which a programme pays 980.01 €", func(o *network.Order) { o.Bonus = o.Gross + 1 })
	f("-0.01 €", func(o *network.Order) { o.Gross = -1 })
	f("want the day of the order", func(o *network.Order) { o.Ordered = 0 })
	f("in this order", func(o *network.Order) { o.Delivered = o.Ordered - 1 })
	f("in this order", func(o *network.Order) { o.Installed = o.Ordered })
	f("cancelled", func(o *network.Order) { o.Cancelled = o.Ordered - 1 })
}

// TestBadRecordsChangeNothing: each names its key, and what was known stays.
func TestBadRecordsChangeNothing(t *testing.T) {
	n := network.New(new(schema.Terminals))
	b := sestriere(t)
	apply(t, n, b.RegistryRecord)
	f := func(key, value string) {
		t.Helper()
		if err := n.Apply(key, []byte(value)); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s %s: got %v, want an error that names the key", key, value, err)
		}
		if len(n.Bodies()) != 1 || n.Body("c_i692") == nil || len(n.Orders()) != 0 || len(n.Offers()) != 0 {
			t.Fatalf("%s %s: something changed", key, value)
		}
	}
	_, value, _ := b.RegistryRecord()
	f("body/c_h501", string(value)) // Another's.
	f("body/c_i692", "{")
	f("body/c_i692", "{}")
	f("order/x", "{}")
	f("order/x", "[]")
	f("claim/x", "{}")
	f("claim/"+strings.Repeat("0", 64), "{}")
	f("claim/"+strings.Repeat("A", 64), "{}")
	f("claim/"+strings.Repeat("0", 64)+"/u", "{}")
	f("claim/"+strings.Repeat("0", 64)+"/u/1", "{}")
	f("claim/"+strings.Repeat("0", 64)+"/u/1/2", "{}")
	for _, key := range []string{"terminal/x", "annotation/x", "nothing"} {
		if err := n.Apply(key, []byte("?")); err != nil {
			t.Errorf("%s, which is none of its: %v", key, err)
		}
	}
	if err := n.Apply("body/c_i692", nil); err != nil || n.Body("c_i692") == nil {
		t.Errorf("a nil value: %v, and the body is gone or not", err)
	}
}

func TestCodes(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, err := network.ParseCode(text)
		if (err == nil) != (want != "") || string(got) != want {
			t.Errorf("%q: got %q, %v, want %q", text, string(got), err, want)
		}
		if err != nil && len(text) > 4 && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats the code: %v", err)
		}
	}
	f("BCDF-GHJK-LMNP", "BCDFGHJKLMNP")
	f("bcdfghjklmnp", "BCDFGHJKLMNP")
	f(" bcdf ghjk-LMNP\n", "BCDFGHJKLMNP")
	f("-B-C-D-F-G-H-J-K-Q-X-Z-W-", "BCDFGHJKQXZW")
	f("QXZW-GHJK-LMN", "")
	f("QXZW-GHJK-LMNPQ", "")
	f("BCDF-GHJK-LMNA", "") // No vowels,
	f("BCDF-GHJK-LMNY", "") // no Y,
	f("BCDF-GHJK-LMN0", "")
	f("", "")
	f(strings.Repeat("-", 65), "")

	if got := network.Code("BCDFGHJKLMNP").String(); got != "BCDF-GHJK-LMNP" {
		t.Errorf("got %s", got)
	}
	// printf BCDFGHJKLMNP | sha256sum
	if got := network.Code("BCDFGHJKLMNP").Hash().String(); got != "765763ef51f70a7e578ddd866c67deed37432edf00f6a20f0f3fb90c38757c83" {
		t.Errorf("got hash %s", got)
	}
	letters := make(map[rune]int)
	const codes = 20_000
	for range codes {
		code := network.NewCode()
		if parsed, err := network.ParseCode(code.String()); err != nil || parsed != code {
			t.Fatalf("%s: read as %s, %v", code, parsed, err)
		}
		for _, c := range string(code) {
			letters[c]++
		}
	}
	for c, n := range letters { // 12,000 of each are expected, give or take 107.
		if n < 11_300 || n > 12_700 {
			t.Errorf("%c is %d of %d letters", c, n, 12*codes)
		}
	}
	if len(letters) != 20 {
		t.Errorf("got %d letters, want 20", len(letters))
	}
}

func TestStates(t *testing.T) {
	n := network.New(new(schema.Terminals))
	o := offer(network.Code("BCDFGHJKLMNP"), 1)
	id := o.Terminals[0].Terminal
	f := func(when string, active bool, now time.Time, want string) {
		t.Helper()
		got, ok := n.State(id, active, now)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s: got %v, %v, want %q", when, got, ok, want)
		}
	}
	f("before", false, created, "")
	apply(t, n, o.RegistryRecord)
	f("offered", false, created, "ordered")
	f("expired", false, o.Expires, "")
	e := o.Terminals[0]
	e.Device, e.Token = string(uuid(1)), token(1)
	apply(t, n, e.RegistryRecord)
	f("enrolled", false, o.Expires, "claimed")
	f("seen", true, o.Expires, "active")
	apply(t, n, schema.Closure{Terminal: id, At: created}.RegistryRecord)
	f("closed", true, o.Expires, "closed")
	apply(t, n, schema.Revocation{Terminal: id, At: created}.RegistryRecord)
	f("revoked", true, o.Expires, "revoked")
	if got := network.State(9).String(); got != "state(9)" {
		t.Errorf("got %s", got)
	}
}

// TestAwait: whoever waits for a record sees all that came before it.
func TestAwait(t *testing.T) {
	n := network.New(new(schema.Terminals))
	o := offer(network.Code("BCDFGHJKLMNP"), 1)
	apply(t, n, o.RegistryRecord)
	key, value, err := redemption(1, 1).RegistryRecord(o.Hash)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := n.Await(ended, key); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	done := make(chan error)
	go func() { done <- n.Await(t.Context(), key) }()
	if err := n.Apply(key, value); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := n.Await(t.Context(), "claim/x/y/z"); err == nil {
		t.Error("waited for a key that can be none")
	}
}
