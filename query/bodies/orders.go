package bodies

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"mlf/query/access"
	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// How many orders are listed at once.
const (
	ordersDefault = 100
	ordersMax     = 1000
)

func isBodyRole(q *inquiry) bool { return q.who.Role == access.Body }

// serveOrders answers GET /v1/bodies/{ipa}/orders, the newest first.
func (d *Desk) serveOrders(w http.ResponseWriter, q *inquiry) error {
	most, err := limit(q.values, ordersDefault, ordersMax)
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(d.Network.Orders(), func(o *network.Order) bool { return o.Body != q.body.Code })
	slices.Reverse(all)
	return write(w, http.StatusOK, struct {
		Orders []*network.Order `json:"orders"`
		Total  int              `json:"total"` // Also those beyond the limit.
	}{append([]*network.Order{}, all[:min(len(all), most)]...), len(all)})
}

// orderBytesMax is the most bytes of an order: a hundred lines with their texts.
const orderBytesMax = 128 << 10

// An ordered is the body of a request that notes an order, as mlf order add has it.
type ordered struct {
	ID        string         `json:"id"` // "": the service names it, and sending it again notes another.
	Buyer     string         `json:"buyer"`
	Programme string         `json:"programme"`
	Number    string         `json:"number"`
	Supplier  string         `json:"supplier"`
	Lines     []network.Line `json:"lines"`
	Gross     network.Cents  `json:"gross_cents"`
	Bonus     network.Cents  `json:"bonus_cents"`
	Signature bool           `json:"signature"`
	PEC       bool           `json:"pec"`
	Ordered   string         `json:"ordered_on"` // "": today.
	Delivered string         `json:"delivered_on"`
	Installed string         `json:"installed_on"`
	Cancelled string         `json:"cancelled_on"`
	Anyway    bool           `json:"anyway"` // Note it also where its programme does not pay for it; of an operator.
}

// noteOrder answers POST /v1/bodies/{ipa}/orders: 201 for a new one, 200 for one that was
// there and is as it is said now.
func (d *Desk) noteOrder(w http.ResponseWriter, q *inquiry) error {
	var sent ordered
	if err := desk.Read(w, q.Request, orderBytesMax, &sent); err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	if sent.Anyway && q.who.Role != access.Operator {
		return desk.Forbidden("anyway: an operator may note what a programme does not pay for")
	}
	o, programme, err := order(q, &sent)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	err = d.inTurn(q.Context(), func() error {
		known := d.Network.Order(o.ID)
		if known != nil && known.Body != o.Body {
			return desk.Conflict("order-taken", "Another order has this id", "id: want one that no other body has used, or none")
		}
		if known != nil {
			status = http.StatusOK
			if same(known, o) {
				o = known
				return nil
			}
		}
		if !goesOn(known, o) && !sent.Anyway {
			if err := d.paid(o, programme); err != nil {
				return err
			}
		}
		if err := d.Registrar.Order(q.Context(), o); err != nil {
			return desk.Unacknowledged(err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return write(w, status, o)
}

// order returns what was sent, and the programme that is to pay; nil for none.
func order(q *inquiry, sent *ordered) (*network.Order, *network.Programme, error) {
	o := &network.Order{
		ID: sent.ID, Body: q.body.Code, Programme: sent.Programme, Number: sent.Number, Supplier: sent.Supplier, Lines: sent.Lines,
		Gross: sent.Gross, Bonus: sent.Bonus, Signature: sent.Signature, PEC: sent.PEC, Ordered: q.today, By: q.by(),
	}
	var err error
	for _, day := range []struct {
		member, text string
		to           *registry.Date
	}{{"ordered_on", sent.Ordered, &o.Ordered}, {"delivered_on", sent.Delivered, &o.Delivered}, {"installed_on", sent.Installed, &o.Installed}, {"cancelled_on", sent.Cancelled, &o.Cancelled}} {
		if day.text == "" {
			continue
		}
		if *day.to, err = registry.ParseDate(day.text); err != nil {
			return nil, nil, desk.BadMember(day.member, "%.40q: want a date like 2026-11-27", day.text)
		}
	}
	if sent.Buyer != "" {
		if o.Buyer, err = schema.ParseBody(sent.Buyer); err != nil {
			return nil, nil, desk.BadMember("buyer", "%v", err)
		}
	}
	o.ID = cmp.Or(o.ID, fmt.Sprintf("%s-%v-%s", o.Body, o.Ordered, strings.TrimPrefix(schema.NewTerminalID().String(), "t-")[:6]))
	if err := o.Validate(); err != nil {
		return nil, nil, desk.Malformed("%v", err)
	}
	if o.Programme == "" {
		return o, nil, nil
	}
	programme, err := network.FindProgramme(o.Programme)
	if err != nil {
		return nil, nil, desk.BadMember("programme", "%v", err)
	}
	return o, programme, nil
}

// same tells whether two orders say the same, whoever noted them.
func same(a, b *network.Order) bool {
	x, y := *a, *b
	x.By, y.By = "", ""
	return reflect.DeepEqual(x, y)
}

// goesOn tells whether o is what became of a known order: it was delivered, installed or
// cancelled. Whether somebody pays for it was asked when it was made.
func goesOn(known, o *network.Order) bool {
	if known == nil || known.Cancelled != 0 && o.Cancelled != known.Cancelled {
		return false
	}
	was := *o
	was.Delivered, was.Installed, was.Cancelled = known.Delivered, known.Installed, known.Cancelled
	return same(known, &was)
}

// paid refuses an order that a programme does not pay for, and says why.
func (d *Desk) paid(o *network.Order, p *network.Programme) error {
	if p == nil {
		return nil
	}
	findings := p.Check(o, d.Network.Orders(), d.Network, d.Registry)
	if len(findings) == 0 {
		return nil
	}
	return desk.Conflict("order-not-paid", "The programme does not pay for this order",
		fmt.Sprintf("%d rules of %s are broken; findings has each", len(findings), p.Code)).With("findings", findings)
}
