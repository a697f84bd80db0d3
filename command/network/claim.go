package network

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/network/sheet"
	"mlf/command/tool"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// ClaimCmd groups the commands on codes.
type ClaimCmd struct {
	New      claimNewCmd      `cmd:"" help:"Make codes and print them, which are shown this once."`
	List     claimListCmd     `cmd:"" help:"List codes by what is kept of them, and what became of each."`
	Withdraw claimWithdrawCmd `cmd:"" help:"Withdraw a code that nobody has used."`
}

// codesMax is the most codes that are made at once: each lives for a day, and a day is
// short for more.
const codesMax = 1000

type claimNewCmd struct {
	tool.Flags
	tool.RegistryFlags
	Body   string   `required:"" placeholder:"IPA" help:"Who makes the codes, one of mlf body list."`
	Comune []string `required:"" placeholder:"ISTAT,…" help:"Comune where the device stands. Several: it becomes a terminal of each, and its screen asks which."`
	placeFlags
	Count int    `default:"1" help:"Number of devices, each with a code of its own."`
	URL   string `name:"url" placeholder:"URL" help:"Address of the kiosk page, for instance https://totem.example.it/k/: print where each code leads."`
	QR    bool   `name:"qr" help:"Print QR codes of these addresses, too. Needs --url."`
	Sheet string `placeholder:"FILE.html" help:"Write a page of cards with QR codes, to be printed. Needs --url."`
	JSON  bool   `name:"json" help:"One JSON object a line."`
}

// Help is shown by mlf claim new --help.
func (*claimNewCmd) Help() string {
	return `A code makes a device a terminal by itself: nobody carries a token. It is good once, for 24 hours.

  mlf claim new --kafka kafka-1:9092 --body c_i692 --comune 001263 --office sportello-unico --channel totem \
      --services anagrafe,tributi --url https://totem.example.it/k/ --qr

Whoever opens the address sees where the terminal belongs before it does. For fifty devices: --count 50 --sheet codes.html.
The code stands behind the # of the address, which no server ever sees.

One totem for several comuni: --comune 001263,001022 makes it a terminal of each, of the comune's own body where that has joined.`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *claimNewCmd) Validate() error { return errors.Join(c.LoginFlags.Validate(), c.together()) }

func (c *claimNewCmd) together() error {
	switch {
	case c.Channel == "" || len(c.Services) == 0:
		return errors.New("missing flags: want --channel and --services")
	case c.Count < 1 || c.Count > codesMax:
		return fmt.Errorf("--count %d: want 1 to %d", c.Count, codesMax)
	case len(c.Comune) > network.OfferTerminalsMax:
		return fmt.Errorf("--comune: %d: want at most %d", len(c.Comune), network.OfferTerminalsMax)
	case c.URL == "" && (c.QR || c.Sheet != ""):
		return errors.New("--qr and --sheet: want --url, the address of the kiosk page")
	}
	if c.URL != "" {
		at, err := url.Parse(c.URL)
		if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.Fragment != "" {
			return fmt.Errorf("--url %q: want an address like https://totem.example.it/k/", c.URL)
		}
	}
	return nil
}

// A madeCode is a code as new prints it.
type madeCode struct {
	Code      string              `json:"code"`
	Hash      network.CodeHash    `json:"code_sha256"`
	URL       string              `json:"url,omitempty"`
	Body      schema.BodyCode     `json:"body"`
	Terminals []schema.TerminalID `json:"terminals"`
	Expires   time.Time           `json:"expires"`
}

// Run makes codes.
func (c *claimNewCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	now := time.Now()
	var templates []schema.Enrolment
	for _, comune := range c.Comune {
		e, err := c.template(reg, comune, now)
		if err != nil {
			return tool.UsageError{Err: err}
		}
		templates = append(templates, e)
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	offers, err := enrolment.NewOffers(ctx, client)
	if err != nil {
		return err
	}
	body, err := findBody(offers.Network(), "--body", c.Body)
	if err != nil {
		return err
	}
	today, err := dayOf("", "", now)
	if err != nil {
		return err
	}
	owners := offers.Network().Owners(today)
	for i := range templates {
		templates[i].Body = cmp.Or(owners[templates[i].Comune], body.Code)
	}
	var cards []sheet.Card
	out := json.NewEncoder(p.Stdout)
	for range c.Count {
		code, offer, err := offers.Create(ctx, body.Code, templates, now)
		if err != nil {
			return err
		}
		m := c.made(code, offer)
		cards = append(cards, cardOf(m, body, offer, reg))
		if c.JSON {
			err = out.Encode(m)
		} else {
			err = c.print(p, m)
		}
		if err != nil {
			return err
		}
	}
	if c.Sheet != "" {
		return writeSheet(c.Sheet, cards)
	}
	return nil
}

func (c *claimNewCmd) made(code network.Code, offer *network.Offer) madeCode {
	m := madeCode{Code: code.String(), Hash: offer.Hash, Body: offer.Body, Expires: offer.Expires}
	if c.URL != "" {
		m.URL = c.URL + "#c=" + string(code)
	}
	for i := range offer.Terminals {
		m.Terminals = append(m.Terminals, offer.Terminals[i].Terminal)
	}
	return m
}

// print prints a code for people.
func (c *claimNewCmd) print(p *tool.Console, m madeCode) error {
	fmt.Fprintf(p.Stdout, "code %s  until %s", m.Code, m.Expires.Format(time.RFC3339))
	if m.URL != "" {
		fmt.Fprintf(p.Stdout, "  %s", m.URL)
	}
	fmt.Fprintln(p.Stdout)
	if !c.QR {
		return nil
	}
	text, err := sheet.Text(m.URL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(p.Stdout, text)
	return err
}

// cardOf returns what is printed of a code.
func cardOf(m madeCode, body *network.Body, offer *network.Offer, reg *registry.Registry) sheet.Card {
	card := sheet.Card{URL: m.URL, Code: m.Code, Title: body.Name}
	if rome, err := time.LoadLocation("Europe/Rome"); err == nil {
		card.Expires = offer.Expires.In(rome).Format("02/01/2006 15:04")
	}
	for i := range offer.Terminals {
		e := &offer.Terminals[i]
		comune, _ := reg.Comune(e.Comune)
		where := comune.NameIT
		if e.Office != "" {
			where += ", " + string(e.Office)
		}
		var services []string
		for _, s := range e.Services {
			services = append(services, reg.Label(registry.ListServices, s.Code, registry.Italian))
		}
		card.Lines = append(card.Lines, fmt.Sprintf("%s, %s: %s", where, reg.Label(registry.ListChannels, e.Channel.String(), registry.Italian), strings.Join(services, ", ")))
	}
	return card
}

// writeSheet writes cards into a new file that nobody else may read: whoever has a code
// can use it.
func writeSheet(name string, cards []sheet.Card) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("--sheet: %w; the codes above are good without it", err)
	}
	return errors.Join(sheet.Write(f, cards), f.Close())
}

type claimListCmd struct {
	tool.Flags
	Body string `placeholder:"IPA" help:"Only those of a body."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

// A listedOffer is an offer as list shows it.
type listedOffer struct {
	Hash      network.CodeHash    `json:"code_sha256"`
	Body      schema.BodyCode     `json:"body"`
	State     network.OfferState  `json:"state"`
	Created   time.Time           `json:"created"`
	Expires   time.Time           `json:"expires"`
	Terminals []schema.TerminalID `json:"terminals"`
	Device    network.ClaimID     `json:"device,omitempty"` // Which redeemed it.
	Attempts  int                 `json:"attempts"`         // All that are kept, also of others.
}

// Run lists.
func (c *claimListCmd) Run(ctx context.Context, p *tool.Console) error {
	_, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	now := time.Now()
	var all []listedOffer
	for _, o := range n.Offers() {
		if c.Body != "" && string(o.Body) != strings.ToLower(c.Body) {
			continue
		}
		l := listedOffer{Hash: o.Hash, Body: o.Body, State: n.OfferState(o.Hash, now), Created: o.Created, Expires: o.Expires, Attempts: len(n.Attempts(o.Hash))}
		for i := range o.Terminals {
			l.Terminals = append(l.Terminals, o.Terminals[i].Terminal)
		}
		if won, ok := n.Winner(o.Hash); ok {
			l.Device = won.Claim
		}
		all = append(all, l)
	}
	if c.JSON {
		return printAll(p, all, func(l listedOffer) listedOffer { return l })
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "CODE\tBODY\tSTATE\tEXPIRES\tTERMINALS\tDEVICE\tATTEMPTS")
	for _, l := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%d\n", l.Hash.String()[:12], l.Body, l.State, l.Expires.Format(time.RFC3339), len(l.Terminals), cmp.Or(string(l.Device), "-"), l.Attempts)
	}
	return table.Flush()
}

type claimWithdrawCmd struct {
	tool.Flags
	Code string `arg:"" help:"The code, or what list shows of it."`
	JSON bool   `name:"json" help:"Print what was withdrawn as a JSON object."`
}

// Run withdraws.
func (c *claimWithdrawCmd) Run(ctx context.Context, p *tool.Console) error {
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	offers, err := enrolment.NewOffers(ctx, client)
	if err != nil {
		return err
	}
	hash, err := findOffer(offers.Network(), c.Code)
	if err != nil {
		return err
	}
	switch err := offers.Withdraw(ctx, hash, time.Now()); {
	case errors.Is(err, enrolment.ErrUsed):
		return fmt.Errorf("code %s: %w: mlf terminal revoke ends its terminals", hash.String()[:12], err)
	case err != nil:
		return fmt.Errorf("code %s: %w", hash.String()[:12], err)
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(struct {
			Hash  network.CodeHash   `json:"code_sha256"`
			State network.OfferState `json:"state"`
		}{hash, network.OfferWithdrawn})
	}
	_, err = fmt.Fprintf(p.Stdout, "code %s withdrawn\n", hash.String()[:12])
	return err
}

// hashTypedMin is how many digits of a hash must be typed.
const hashTypedMin = 8

// findOffer returns the offer of a code, or of the first digits of its hash.
func findOffer(n *network.Network, text string) (network.CodeHash, error) {
	if code, err := network.ParseCode(text); err == nil {
		if n.Offer(code.Hash()) == nil {
			return network.CodeHash{}, enrolment.ErrUnknown
		}
		return code.Hash(), nil
	}
	var found []network.CodeHash
	if len(text) >= hashTypedMin {
		for _, o := range n.Offers() {
			if strings.HasPrefix(o.Hash.String(), strings.ToLower(text)) {
				found = append(found, o.Hash)
			}
		}
	}
	if len(found) != 1 {
		return network.CodeHash{}, fmt.Errorf("code %.20q: %d of the codes that mlf claim list shows: want the code, or at least %d digits of what is kept of it", text, len(found), hashTypedMin)
	}
	return found[0], nil
}
