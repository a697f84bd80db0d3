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
	Facts  Facts  `json:"facts"`
}

// Facts are what Wanted and Is speak of, for who has words of another language. Those
// that have nothing to do with the rule, and those that are 0, are left out.
type Facts struct {
	On    registry.Date `json:"ordered_on,omitzero"` // Of term, size and body: the day of the order,
	From  registry.Date `json:"from,omitzero"`       // the first day of the programme,
	Until registry.Date `json:"until,omitzero"`      // and the last.

	Residents      uint32 `json:"residents,omitzero"`       // Of size: of a comune,
	ResidentsBelow uint32 `json:"residents_below,omitzero"` // and how many are too many.
	Members        int    `json:"members,omitzero"`         // Of size and body: of a union, all,
	Small          int    `json:"members_below,omitzero"`   // those that are not too large,
	UnionPercent   int    `json:"members_percent,omitzero"` // and how many of a hundred must be.

	Number int `json:"number,omitzero"` // Of orders: which of the body's this one is,
	Orders int `json:"orders,omitzero"` // and how many are paid for.

	Cents  Cents `json:"cents,omitzero"`             // Of bonus and fund: what is asked for,
	Most   Cents `json:"cents_max,omitzero"`         // what there is,
	Signed bool  `json:"signature_and_pec,omitzero"` // for an order with both.
}

// String returns the finding in a line.
func (f Finding) String() string { return fmt.Sprintf("%s: want %s; it is %s", f.Rule, f.Wanted, f.Is) }

// Check returns why p does not pay for o; nothing where it does. Others are orders that
// were made, of any programme; of one with o's id o takes the place. Bodies are n's,
// residents those of the day of the order.
func (p *Programme) Check(o *Order, others []*Order, n *Network, lists *registry.Registry) []Finding {
	var findings []Finding
	if o.Ordered < p.From || o.Ordered > p.Until {
		findings = append(findings, Finding{
			"term", fmt.Sprintf("an order from %v to %v", p.From, p.Until), "of " + dayText(o.Ordered), Facts{On: o.Ordered, From: p.From, Until: p.Until},
		})
	}
	findings = append(findings, p.checkBody(o, n, lists)...)

	number, spent := 1, o.Bonus
	for _, other := range others {
		if other.ID == o.ID || other.Programme != p.Code || other.Cancelled != 0 {
			continue
		}
		spent += other.Bonus
		if other.Body == o.Body {
			number++
		}
	}
	if p.OrdersPerBody > 0 && number > p.OrdersPerBody {
		findings = append(findings, Finding{
			"orders", fmt.Sprintf("at most %d of a body", p.OrdersPerBody), fmt.Sprintf("number %d of %s", number, o.Body), Facts{Number: number, Orders: p.OrdersPerBody},
		})
	}
	signed, most, with := o.Signature && o.PEC, p.Bonus, "without digital signature and certified mail"
	if signed {
		most, with = p.BonusPEC, "with digital signature and certified mail"
	}
	if most > 0 && o.Bonus > most {
		findings = append(findings, Finding{"bonus", fmt.Sprintf("at most %v %s", most, with), o.Bonus.String(), Facts{Cents: o.Bonus, Most: most, Signed: signed}})
	}
	if p.Fund > 0 && spent > p.Fund {
		findings = append(findings, Finding{"fund", fmt.Sprintf("at most %v for all orders", p.Fund), fmt.Sprintf("%v with this one", spent), Facts{Cents: spent, Most: p.Fund}})
	}
	return findings
}

// checkBody looks at who orders.
func (p *Programme) checkBody(o *Order, n *Network, lists *registry.Registry) []Finding {
	b := n.Body(o.Body)
	if b == nil {
		return []Finding{{"body", "one that has joined", fmt.Sprintf("%s, of which nothing is known", o.Body), Facts{}}}
	}
	members := b.MembersAt(o.Ordered)
	var residents []uint32
	for _, id := range members {
		c, _ := lists.ComuneAt(id, o.Ordered)
		residents = append(residents, c.Population)
	}
	small := len(slices.DeleteFunc(slices.Clone(residents), func(r uint32) bool { return r >= p.ResidentsBelow }))
	facts := Facts{On: o.Ordered, ResidentsBelow: p.ResidentsBelow}
	switch {
	case b.Type == TypeComune && len(members) == 1:
		if p.ResidentsBelow > 0 && small == 0 {
			facts.Residents = residents[0]
			return []Finding{{"size", fmt.Sprintf("fewer than %d residents", p.ResidentsBelow), fmt.Sprintf("%d on %v", residents[0], o.Ordered), facts}}
		}
	case b.Type == TypeUnion && len(members) > 0:
		if small*100 < p.UnionPercent*len(members) {
			facts.Members, facts.Small, facts.UnionPercent = len(members), small, p.UnionPercent
			return []Finding{{
				"size", fmt.Sprintf("at least %d %% of the members with fewer than %d residents", p.UnionPercent, p.ResidentsBelow),
				fmt.Sprintf("%d of %d on %v", small, len(members), o.Ordered), facts,
			}}
		}
	default:
		return []Finding{{
			"body", "a comune, or a union with members on the day of the order", fmt.Sprintf("%s, %s with %d members on %v", b.Name, b.Type, len(members), o.Ordered),
			Facts{On: o.Ordered, Members: len(members)},
		}}
	}
	return nil
}
