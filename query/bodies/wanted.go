package bodies

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/network"
)

// claimBytesMax is the most bytes of a body that wants claims.
const claimBytesMax = 16 << 10

// A wanted is the body of a request for codes, as mlf claim new has it.
type wanted struct {
	ID             string   `json:"id"` // A UUID, the same however often it is sent; "" for none.
	Comune         string   `json:"comune"`
	Comuni         []string `json:"comuni"` // In place of comune: a totem of several, which asks which.
	Office         string   `json:"office"`
	Channel        string   `json:"channel"`
	Scale          string   `json:"scale"` // "": mlf3.
	Services       []string `json:"services"`
	DefaultService string   `json:"default_service"` // "": the first.
	Test           bool     `json:"test"`
	Count          int      `json:"count"` // Of devices, each with a code of its own; 0: 1.
	Kiosk          string   `json:"kiosk"` // Address of the kiosk page; "": the service's own.
}

// draft returns the offer that is wanted, and fills in what was left out.
func (d *Desk) draft(q *inquiry, sent *wanted) (*network.Offer, error) {
	if sent.ID != "" {
		id, err := network.ParseClaimID(sent.ID)
		if err != nil {
			return nil, desk.BadMember("id", "want a UUID like 4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01, or none")
		}
		sent.ID = string(id)
	}
	sent.Count, sent.Kiosk = cmp.Or(sent.Count, 1), cmp.Or(sent.Kiosk, d.Kiosk)
	if sent.Count < 1 || sent.Count > hourMax {
		return nil, desk.BadMember("count", "want 1 to %d", hourMax)
	}
	if err := checkKiosk(sent.Kiosk); err != nil && sent.Kiosk != "" {
		return nil, desk.BadMember("kiosk", "%v", err)
	}
	if q.body.Left != 0 && q.body.Left <= q.today {
		return nil, desk.Conflict("body-left", "The body takes part no more", fmt.Sprintf("its last day was the one before %v", q.body.Left))
	}
	terminal, err := d.template(q, sent)
	if err != nil {
		return nil, err
	}
	comuni, err := d.comuni(q, sent)
	if err != nil {
		return nil, err
	}
	draft, owners := &network.Offer{Body: q.body.Code, Request: sent.ID, By: q.by()}, d.Network.Owners(q.today)
	for _, id := range comuni {
		terminal.Comune, terminal.Body = id, cmp.Or(owners[id], q.body.Code)
		draft.Terminals = append(draft.Terminals, *terminal)
	}
	return draft, nil
}

// comuni returns where the device stands: comuni that belong to the body today, or that the
// token names. An operator may name any.
func (d *Desk) comuni(q *inquiry, sent *wanted) ([]schema.ComuneID, error) {
	member, texts := "comune", []string{sent.Comune}
	if len(sent.Comuni) > 0 {
		member, texts = "comuni", sent.Comuni
	}
	if len(texts) > network.OfferTerminalsMax || sent.Comune != "" && len(sent.Comuni) > 0 {
		return nil, desk.BadMember("comuni", "want comune, or comuni of 1 to %d, not both", network.OfferTerminalsMax)
	}
	members := q.body.MembersAt(q.today)
	var comuni []schema.ComuneID
	for _, text := range texts {
		comune, err := d.Registry.ComuneNow(text, q.today)
		switch {
		case err != nil:
			return nil, desk.BadMember(member, "%v", err)
		case slices.Contains(comuni, comune.ID):
			return nil, desk.BadMember(member, "%v is there twice", comune.ID)
		case isBodyRole(q) && !slices.Contains(members, comune.ID) && !slices.Contains(q.who.Own.Comuni, comune.ID):
			return nil, desk.BadMember(member, "%v does not belong to the body today; ask who runs the service", comune.ID)
		}
		comuni = append(comuni, comune.ID)
	}
	return comuni, nil
}

// template returns what each terminal of a device is.
func (d *Desk) template(q *inquiry, sent *wanted) (*schema.Enrolment, error) {
	e := &schema.Enrolment{Test: sent.Test, Since: q.now.UTC().Truncate(time.Second)}
	var err error
	if e.Office, err = schema.ParseOffice(sent.Office); err != nil {
		return nil, desk.BadMember("office", "%v", err)
	}
	if !inOffices(&q.who, e) {
		return nil, desk.BadMember("office", "want one of the token's: %v", q.who.Own.Offices)
	}
	if e.Channel, err = schema.ParseChannel(sent.Channel); err != nil {
		return nil, desk.BadMember("channel", "%v", err)
	}
	if e.Scale, err = schema.ParseScale(cmp.Or(sent.Scale, "mlf3")); err != nil {
		return nil, desk.BadMember("scale", "%v", err)
	}
	e.Services, err = d.services(q, sent)
	return e, err
}

// services returns those of a terminal, the default first.
func (d *Desk) services(q *inquiry, sent *wanted) ([]schema.EnrolledService, error) {
	codes := slices.Clone(sent.Services)
	if len(codes) < 1 || len(codes) > schema.EnrolledServicesMax {
		return nil, desk.BadMember("services", "want 1 to %d codes; GET /v1/registry/services lists them", schema.EnrolledServicesMax)
	}
	if first := sent.DefaultService; first != "" {
		i := slices.Index(codes, first)
		if i < 0 {
			return nil, desk.BadMember("default_service", "want one of services")
		}
		codes = slices.Insert(slices.Delete(codes, i, i+1), 0, first)
	}
	var services []schema.EnrolledService
	for _, code := range codes {
		s, ok := d.Registry.ServiceByCode(code)
		switch {
		case !ok:
			return nil, desk.BadMember("services", "%.40q: there is none; GET /v1/registry/services lists them", code)
		case slices.ContainsFunc(services, func(e schema.EnrolledService) bool { return e.ID == s.ID }):
			return nil, desk.BadMember("services", "%s is there twice", code)
		case isBodyRole(q) && len(q.who.Own.Services) > 0 && !slices.Contains(q.who.Own.Services, s.ID):
			return nil, desk.BadMember("services", "%s is none of the token's services", code)
		}
		services = append(services, schema.EnrolledService{Code: s.Code, ID: s.ID})
	}
	return services, nil
}

// kioskMax is the most bytes of the address of a kiosk page: it is drawn as a QR code.
const kioskMax = 200

// checkKiosk refuses what is no address of a page.
func checkKiosk(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Fragment != "" || len(address) > kioskMax {
		return errors.New("want the address of the kiosk page, like https://totem.example.it/k/")
	}
	return nil
}
