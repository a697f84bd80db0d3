package network

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"mlf/schema/registry"
)

//go:embed programmes.json
var programmesFile []byte

// A Programme is the rules by which a notice pays for orders. A rule that is 0 is none.
type Programme struct {
	Code string `json:"code"`
	Name string `json:"name"`

	From  registry.Date `json:"from"`  // The first day of orders.
	Until registry.Date `json:"until"` // The last.

	// Who is paid for: comuni with fewer residents than ResidentsBelow on the day of the
	// order, and unions of which at least UnionPercent of a hundred members are such.
	ResidentsBelow uint32 `json:"residents_below"`
	UnionPercent   int    `json:"union_members_percent"`

	OrdersPerBody int   `json:"orders_per_body"`
	Bonus         Cents `json:"bonus_cents"`               // The most for one order.
	BonusPEC      Cents `json:"bonus_signature_pec_cents"` // The same with digital signature and certified mail.
	Fund          Cents `json:"fund_cents"`                // The most for all orders together.
}

// Programmes returns the programmes that there are, or were.
func Programmes() ([]Programme, error) {
	var all []Programme
	if err := json.Unmarshal(programmesFile, &all); err != nil {
		return nil, fmt.Errorf("read programmes.json: %w", err)
	}
	for i := range all {
		if p := &all[i]; p.Code == "" || p.From == 0 || p.Until < p.From {
			return nil, errors.New("read programmes.json: want a code, a first day and a last one of each")
		}
	}
	return all, nil
}

// FindProgramme returns the programme of a code.
func FindProgramme(code string) (*Programme, error) {
	all, err := Programmes()
	if err != nil {
		return nil, err
	}
	var codes []string
	for i := range all {
		if all[i].Code == code {
			return &all[i], nil
		}
		codes = append(codes, all[i].Code)
	}
	return nil, fmt.Errorf("programme %.40q: want one of %v", code, codes)
}

// A Finding is a rule that an order breaks.
type Finding struct {
	Rule   string `json:"rule"`   // term, body, size, orders, bonus or fund.
	Wanted string `json:"wanted"` // What the rule says.
	Is     string `json:"is"`     // What the order is.
}

// String returns the finding in a line.
func (f Finding) String() string { return fmt.Sprintf("%s: want %s; it is %s", f.Rule, f.Wanted, f.Is) }

// Check returns why p does not pay for o; nothing where it does. Others are orders that
// were made, of any programme; of one with o's id o takes the place. Bodies are n's,
// residents those of the day of the order.
func (p *Programme) Check(o *Order, others []*Order, n *Network, lists *registry.Registry) []Finding {
	var findings []Finding
	find := func(broken bool, rule, wanted, is string) {
		if broken {
			findings = append(findings, Finding{rule, wanted, is})
		}
	}
	find(o.Ordered < p.From || o.Ordered > p.Until, "term", fmt.Sprintf("an order from %v to %v", p.From, p.Until), "of "+dayText(o.Ordered))
	findings = append(findings, p.checkBody(o, n, lists)...)

	mine, spent := 0, o.Bonus
	for _, other := range others {
		if other.ID == o.ID || other.Programme != p.Code || other.Cancelled != 0 {
			continue
		}
		spent += other.Bonus
		if other.Body == o.Body {
			mine++
		}
	}
	find(p.OrdersPerBody > 0 && mine >= p.OrdersPerBody, "orders", fmt.Sprintf("at most %d of a body", p.OrdersPerBody), fmt.Sprintf("number %d of %s", mine+1, o.Body))
	most, with := p.Bonus, "without digital signature and certified mail"
	if o.Signature && o.PEC {
		most, with = p.BonusPEC, "with digital signature and certified mail"
	}
	find(most > 0 && o.Bonus > most, "bonus", fmt.Sprintf("at most %v %s", most, with), o.Bonus.String())
	find(p.Fund > 0 && spent > p.Fund, "fund", fmt.Sprintf("at most %v for all orders", p.Fund), fmt.Sprintf("%v with this one", spent))
	return findings
}

// checkBody looks at who orders.
func (p *Programme) checkBody(o *Order, n *Network, lists *registry.Registry) []Finding {
	b := n.Body(o.Body)
	if b == nil {
		return []Finding{{"body", "one that has joined", fmt.Sprintf("%s, of which nothing is known", o.Body)}}
	}
	members := b.MembersAt(o.Ordered)
	var residents []uint32
	for _, id := range members {
		c, _ := lists.ComuneAt(id, o.Ordered)
		residents = append(residents, c.Population)
	}
	small := len(slices.DeleteFunc(slices.Clone(residents), func(r uint32) bool { return r >= p.ResidentsBelow }))
	switch {
	case b.Type == TypeComune && len(members) == 1:
		if p.ResidentsBelow > 0 && small == 0 {
			return []Finding{{"size", fmt.Sprintf("fewer than %d residents", p.ResidentsBelow), fmt.Sprintf("%d on %v", residents[0], o.Ordered)}}
		}
	case b.Type == TypeUnion && len(members) > 0:
		if small*100 < p.UnionPercent*len(members) {
			return []Finding{{"size", fmt.Sprintf("at least %d %% of the members with fewer than %d residents", p.UnionPercent, p.ResidentsBelow), fmt.Sprintf("%d of %d on %v", small, len(members), o.Ordered)}}
		}
	default:
		return []Finding{{"body", "a comune, or a union with members on the day of the order", fmt.Sprintf("%s, %s with %d members on %v", b.Name, b.Type, len(members), o.Ordered)}}
	}
	return nil
}
