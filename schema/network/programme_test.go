package network_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mlf/schema"
	"mlf/schema/network"
)

// The comuni of these tests, with the residents of the shipped list.
const (
	sestriereID = 1263  // 910.
	giffoniID   = 65055 // Giffoni Sei Casali, 5,000 exactly.
	romaID      = 58091 // 2.8 million.
)

// TestCheck is the notice of 2009: who is paid for, how often, how much, until when.
func TestCheck(t *testing.T) {
	reg := lists(t)
	p, err := network.FindProgramme("2009-2012")
	if err != nil {
		t.Fatal(err)
	}
	n := network.New(new(schema.Terminals))
	body := func(code string, kind network.BodyType, members ...network.Member) {
		t.Helper()
		b := &network.Body{Code: schema.BodyCode(code), Type: kind, Name: "Ente " + code, Joined: day(t, "2009-11-01"), Members: members}
		apply(t, n, b.RegistryRecord)
	}
	apply(t, n, sestriere(t).RegistryRecord)
	body("c_e026", network.TypeComune, network.Member{Comune: giffoniID})
	body("c_h501", network.TypeComune, network.Member{Comune: romaID})
	half := []network.Member{{Comune: sestriereID}, {Comune: giffoniID}}
	body("half", network.TypeUnion, half...)
	body("third", network.TypeUnion, append(half, network.Member{Comune: romaID})...)
	body("later", network.TypeUnion, network.Member{Comune: sestriereID, From: day(t, "2011-01-01")}, network.Member{Comune: giffoniID}, network.Member{Comune: romaID, To: day(t, "2011-01-01")})
	body("p_bs", network.TypeProvince, half...)
	body("none", network.TypeUnion)

	f := func(want string, change func(*network.Order), others ...*network.Order) {
		t.Helper()
		o := order(t)
		change(o)
		var got []string
		for _, finding := range p.Check(o, others, n, reg) {
			facts, err := json.Marshal(finding.Facts)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, finding.String()+" "+strings.ReplaceAll(string(facts), `"`, ""))
		}
		if text := strings.Join(got, " | "); text != want {
			t.Errorf("got  %s\nwant %s", text, want)
		}
	}
	of := func(code schema.BodyCode) func(*network.Order) { return func(o *network.Order) { o.Body = code } }
	f("", func(*network.Order) {})
	f("", of("half"))
	f("size: want fewer than 5000 residents; it is 5000 on 2010-04-15 {ordered_on:2010-04-15,residents:5000,residents_below:5000}", of("c_e026"))
	f("size: want at least 50 % of the members with fewer than 5000 residents; it is 1 of 3 on 2010-04-15 {ordered_on:2010-04-15,residents_below:5000,members:3,members_below:1,members_percent:50}", of("third"))
	f("size: want at least 50 % of the members with fewer than 5000 residents; it is 0 of 2 on 2010-04-15 {ordered_on:2010-04-15,residents_below:5000,members:2,members_percent:50}", of("later"))
	f("", func(o *network.Order) { o.Body, o.Ordered = "later", day(t, "2011-01-01") })
	f("body: want a comune, or a union with members on the day of the order; it is Ente p_bs, provincia with 2 members on 2010-04-15 {ordered_on:2010-04-15,members:2}", of("p_bs"))
	f("body: want a comune, or a union with members on the day of the order; it is Ente none, unione with 0 members on 2010-04-15 {ordered_on:2010-04-15}", of("none"))
	f("body: want one that has joined; it is c_x000, of which nothing is known {}", of("c_x000"))

	at := func(d string) func(*network.Order) {
		return func(o *network.Order) { o.Ordered, o.Delivered, o.Installed = day(t, d), 0, 0 }
	}
	f("", at("2009-10-21"))
	f("", at("2012-02-28"))
	f("term: want an order from 2009-10-21 to 2012-02-28; it is of 2009-10-20 {ordered_on:2009-10-20,from:2009-10-21,until:2012-02-28}", at("2009-10-20"))
	f("term: want an order from 2009-10-21 to 2012-02-28; it is of 2012-02-29 {ordered_on:2012-02-29,from:2009-10-21,until:2012-02-28}", at("2012-02-29"))

	bonus := func(cents network.Cents, signature, pec bool) func(*network.Order) {
		return func(o *network.Order) { o.Bonus, o.Signature, o.PEC = cents, signature, pec }
	}
	f("bonus: want at most 400.00 € without digital signature and certified mail; it is 400.01 € {cents:40001,cents_max:40000}", bonus(400_01, false, false))
	f("bonus: want at most 400.00 € without digital signature and certified mail; it is 460.00 € {cents:46000,cents_max:40000}", bonus(460_00, true, false))
	f("", bonus(460_00, true, true))
	f("bonus: want at most 460.00 € with digital signature and certified mail; it is 460.01 € {cents:46001,cents_max:46000,signature_and_pec:true}", bonus(460_01, true, true))

	second := order(t)
	second.ID = "o-0"
	f("orders: want at most 1 of a body; it is number 2 of c_i692 {number:2,orders:1}", func(*network.Order) {}, second)
	f("", func(*network.Order) {}, order(t)) // Itself, as it was.
	other := *second
	other.Programme = "another"
	f("", func(*network.Order) {}, &other)
	gone := *second
	gone.Cancelled = day(t, "2010-04-15")
	f("", func(*network.Order) {}, &gone)

	// 500,000 € are 1,250 bonuses of 400 €.
	var spent []*network.Order
	for i := range 1249 {
		o := order(t)
		o.ID, o.Body = fmt.Sprintf("x-%d", i), schema.BodyCode(fmt.Sprintf("c_%04d", i))
		spent = append(spent, o)
	}
	f("", func(*network.Order) {}, spent...)
	last := *spent[0]
	last.ID, last.Body = "x-1249", "c_1249"
	f("fund: want at most 500000.00 € for all orders; it is 500400.00 € with this one {cents:50040000,cents_max:50000000}", func(*network.Order) {}, append(spent, &last)...)
	f("fund: want at most 500000.00 € for all orders; it is 500000.01 € with this one {cents:50000001,cents_max:50000000}", bonus(400_00, false, false), append(spent, &network.Order{ID: "cent", Body: "c_c", Programme: p.Code, Bonus: 1})...)
	f("term: want an order from 2009-10-21 to 2012-02-28; it is of 2012-03-01 {ordered_on:2012-03-01,from:2009-10-21,until:2012-02-28} | size: want fewer than 5000 residents; it is 5000 on 2012-03-01 {ordered_on:2012-03-01,residents:5000,residents_below:5000} | bonus: want at most 400.00 € without digital signature and certified mail; it is 500.00 € {cents:50000,cents_max:40000}",
		func(o *network.Order) { at("2012-03-01")(o); o.Body, o.Bonus = "c_e026", 500_00 })
}

func TestProgrammes(t *testing.T) {
	all, err := network.Programmes()
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v", all, err)
	}
	p := all[0]
	if p.Code != "2009-2012" || p.ResidentsBelow != 5000 || p.UnionPercent != 50 || p.OrdersPerBody != 1 || p.Bonus != 400_00 || p.BonusPEC != 460_00 ||
		p.Fund != 500_000_00 || p.From.String() != "2009-10-21" || p.Until.String() != "2012-02-28" {
		t.Errorf("got %+v", p)
	}
	if _, err := network.FindProgramme("x"); err == nil || !strings.Contains(err.Error(), "want one of [2009-2012]") {
		t.Errorf("got %v", err)
	}
}

func TestCents(t *testing.T) {
	f := func(c network.Cents, want string) {
		t.Helper()
		if got := c.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(0, "0.00 €")
	f(40_005, "400.05 €")
	f(-7, "-0.07 €")
}
