package network

import (
	"encoding/json"
	"fmt"
	"slices"

	"mlf/schema"
	"mlf/schema/registry"
)

// Cents are an amount of euros, in cents, VAT included.
type Cents int64

// String writes 40000 as 400.00 €.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d €", sign, c/100, c%100)
}

// A Product is what a line of an order is of, by the two products of the catalogue.
type Product string

// The products: a terminal alone, a kit of terminal, software and hardware, and what is
// no terminal.
const (
	ProductTerminal Product = "terminal"
	ProductKit      Product = "kit"
	ProductOther    Product = "other"
)

// Products lists the products.
func Products() []Product { return []Product{ProductTerminal, ProductKit, ProductOther} }

// A Line is a line of an order.
type Line struct {
	Product  Product `json:"product"`
	Quantity uint32  `json:"quantity"` // 1 to QuantityMax.
	Text     string  `json:"text,omitempty"`
}

// An Order is what a body ordered, and who pays for it.
type Order struct {
	ID        string          `json:"id"`
	Body      schema.BodyCode `json:"body"`            // Whose terminals they will be.
	Buyer     schema.BodyCode `json:"buyer,omitempty"` // Who ordered them for it: a province, an association.
	Programme string          `json:"programme,omitempty"`
	Number    string          `json:"number,omitempty"` // Of the public electronic market (MePA).
	Supplier  string          `json:"supplier,omitempty"`
	Lines     []Line          `json:"lines"`
	Gross     Cents           `json:"gross_cents"` // 0 to GrossMax.
	Bonus     Cents           `json:"bonus_cents"` // What the programme pays, 0 to Gross.
	Signature bool            `json:"signature,omitempty"`
	PEC       bool            `json:"pec,omitempty"` // Certified mail.

	Ordered   registry.Date `json:"ordered_on"`
	Delivered registry.Date `json:"delivered_on,omitzero"`
	Installed registry.Date `json:"installed_on,omitzero"`
	Cancelled registry.Date `json:"cancelled_on,omitzero"` // From then on it counts as never made.

	By schema.By `json:"by,omitempty"` // Who noted it, or last changed it.
}

const (
	// OrderIDMax is the most bytes of an order's id.
	OrderIDMax = 64

	// LinesMax is the most lines of an order.
	LinesMax = 100

	// QuantityMax is the most of one line: a fleet larger than the programme's ambition
	// is more likely a slip of the finger.
	QuantityMax = 200_000

	// GrossMax is the most that an order costs: ten times the first fund.
	GrossMax Cents = 500_000_000
)

// Terminals returns how many terminals o is of.
func (o *Order) Terminals() (n int) {
	for _, l := range o.Lines {
		if l.Product == ProductTerminal || l.Product == ProductKit {
			n += int(l.Quantity)
		}
	}
	return n
}

// HeldBy tells whether o was made by day d and is not cancelled then.
func (o *Order) HeldBy(d registry.Date) bool {
	return o.Ordered <= d && (o.Cancelled == 0 || d < o.Cancelled)
}

// Validate refuses an order that says something impossible. Whether a programme pays for
// it is another question: see Programmes.
func (o *Order) Validate() error {
	if !isName(o.ID, OrderIDMax) {
		return fmt.Errorf("order %.70q: want an id of 1 to %d letters, digits, '.', '_' or '-'", o.ID, OrderIDMax)
	}
	for _, code := range []schema.BodyCode{o.Body, o.Buyer} {
		if parsed, err := schema.ParseBody(string(code)); (err != nil || parsed != code) && (code != "" || code == o.Body) {
			return fmt.Errorf("order %s: body %.40q: want an IPA code in small letters", o.ID, code)
		}
	}
	for _, text := range []string{o.Programme, o.Number, o.Supplier} {
		if err := checkText(text); err != nil {
			return fmt.Errorf("order %s: %w", o.ID, err)
		}
	}
	if err := o.checkLines(); err != nil {
		return fmt.Errorf("order %s: %w", o.ID, err)
	}
	if o.Gross < 0 || o.Gross > GrossMax || o.Bonus < 0 || o.Bonus > o.Gross {
		return fmt.Errorf("order %s: %v, of which a programme pays %v: want at most %v, and of that a part", o.ID, o.Gross, o.Bonus, GrossMax)
	}
	days := []registry.Date{o.Ordered, o.Delivered, o.Installed}
	days = slices.DeleteFunc(days, func(d registry.Date) bool { return d == 0 })
	if o.Ordered == 0 || !slices.IsSorted(days) || o.Cancelled != 0 && o.Cancelled < o.Ordered {
		return fmt.Errorf("order %s: ordered %q, delivered %q, installed %q, cancelled %q: want the day of the order, and the others after it in this order",
			o.ID, dayText(o.Ordered), dayText(o.Delivered), dayText(o.Installed), dayText(o.Cancelled))
	}
	return nil
}

func (o *Order) checkLines() error {
	if len(o.Lines) < 1 || len(o.Lines) > LinesMax {
		return fmt.Errorf("%d lines: want 1 to %d", len(o.Lines), LinesMax)
	}
	for i, l := range o.Lines {
		if !slices.Contains(Products(), l.Product) || l.Quantity < 1 || l.Quantity > QuantityMax {
			return fmt.Errorf("line %d: %d of %.40q: want 1 to %d of one of %v", i+1, l.Quantity, l.Product, QuantityMax, Products())
		}
		if err := checkText(l.Text); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

// RegistryRecord returns the key and value under which the registry topic keeps o.
func (o *Order) RegistryRecord() (key string, value []byte, err error) {
	if err := o.Validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(o)
	return schema.OrderKeyPrefix + o.ID, value, err
}

// isName tells whether text has 1 to most letters, digits, '.', '_' or '-': it is part of
// a key.
func isName(text string, most int) bool {
	if text == "" || len(text) > most {
		return false
	}
	for i := range len(text) {
		c := text[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if !ok {
			return false
		}
	}
	return true
}
