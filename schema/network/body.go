package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mlf/schema"
	"mlf/schema/registry"
)

// A BodyType is what kind of administration a body is.
type BodyType string

// The types. A union is of comuni; associations and consortia are those that buy and run
// for others.
const (
	TypeComune      BodyType = "comune"
	TypeUnion       BodyType = "unione"
	TypeMountain    BodyType = "comunita-montana"
	TypeProvince    BodyType = "provincia"
	TypeMetropolis  BodyType = "citta-metropolitana"
	TypeRegion      BodyType = "regione"
	TypeHealth      BodyType = "asl"
	TypeAgency      BodyType = "agency"
	TypeSocial      BodyType = "ente-previdenziale"
	TypeChamber     BodyType = "camera-commercio"
	TypeUniversity  BodyType = "universita"
	TypeMinistry    BodyType = "ministero"
	TypeAssociation BodyType = "association"
	TypeOther       BodyType = "other"
)

// BodyTypes lists the types.
func BodyTypes() []BodyType {
	return []BodyType{
		TypeComune, TypeUnion, TypeMountain, TypeProvince, TypeMetropolis, TypeRegion, TypeHealth, TypeAgency,
		TypeSocial, TypeChamber, TypeUniversity, TypeMinistry, TypeAssociation, TypeOther,
	}
}

// ParseBodyType reads a type by its code.
func ParseBodyType(code string) (BodyType, error) {
	if !slices.Contains(BodyTypes(), BodyType(code)) {
		return "", fmt.Errorf("type %.40q: want one of %v", code, BodyTypes())
	}
	return BodyType(code), nil
}

// A Body is an administration that takes part, or its agreement to.
type Body struct {
	Code    schema.BodyCode `json:"ipa"`
	Type    BodyType        `json:"type"`
	Name    string          `json:"name"`
	Members []Member        `json:"members,omitempty"` // Comuni; a comune's own is the one it is.
	Joined  registry.Date   `json:"joined_on"`         // The first day.
	Left    registry.Date   `json:"left_on,omitzero"`  // The day after the last; zero: it takes part.
}

// A Member is a comune that belongs to a body from one day to the day before another.
type Member struct {
	Comune schema.ComuneID `json:"comune"`
	From   registry.Date   `json:"from,omitzero"` // Zero: always.
	To     registry.Date   `json:"to,omitzero"`   // Zero: for ever.
}

// on tells whether m is a member on day d.
func (m Member) on(d registry.Date) bool { return m.From <= d && (m.To == 0 || d < m.To) }

// MembersAt returns the comuni that belong to b on day d, ascending, each once.
func (b *Body) MembersAt(d registry.Date) []schema.ComuneID {
	var at []schema.ComuneID
	for _, m := range b.Members {
		if m.on(d) {
			at = append(at, m.Comune)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// JoinedBy tells whether b takes part on day d.
func (b *Body) JoinedBy(d registry.Date) bool { return b.Joined <= d && (b.Left == 0 || d < b.Left) }

const (
	// NameMax is the most letters of a name or another text of a record.
	NameMax = 200

	// MembersMax is the most memberships of a body: an association may have each comune
	// of the country, some of them twice.
	MembersMax = 20_000
)

// Validate refuses a body that says something impossible.
func (b *Body) Validate() error {
	if code, err := schema.ParseBody(string(b.Code)); err != nil || code != b.Code {
		return errors.Join(err, fmt.Errorf("body %.40q: want an IPA code in small letters", b.Code))
	}
	if _, err := ParseBodyType(string(b.Type)); err != nil {
		return fmt.Errorf("body %s: %w", b.Code, err)
	}
	if err := checkText(b.Name); err != nil || b.Name == "" {
		return fmt.Errorf("body %s: name: %w", b.Code, errors.Join(err, errors.New("want one")))
	}
	if b.Joined == 0 || b.Left != 0 && b.Left <= b.Joined {
		return fmt.Errorf("body %s: joined on %q, left on %q: want the day it joined, and any it left after that", b.Code, dayText(b.Joined), dayText(b.Left))
	}
	if len(b.Members) > MembersMax {
		return fmt.Errorf("body %s: %d members: want at most %d", b.Code, len(b.Members), MembersMax)
	}
	return b.checkMembers()
}

// checkMembers refuses members that nobody could be, and one that is twice on a day.
func (b *Body) checkMembers() error {
	sorted := slices.Clone(b.Members)
	slices.SortFunc(sorted, func(x, y Member) int {
		if x.Comune != y.Comune {
			return int(x.Comune) - int(y.Comune)
		}
		return int(x.From) - int(y.From)
	})
	for i, m := range sorted {
		if m.Comune < 1 || m.Comune > schema.ComuneMax || m.To != 0 && m.To <= m.From {
			return fmt.Errorf("body %s: member %v from %q to %q: want an ISTAT code, and an end after the beginning", b.Code, m.Comune, dayText(m.From), dayText(m.To))
		}
		if i > 0 && sorted[i-1].Comune == m.Comune && (sorted[i-1].To == 0 || sorted[i-1].To > m.From) {
			return fmt.Errorf("body %s: %v is twice a member on %q", b.Code, m.Comune, dayText(m.From))
		}
	}
	return nil
}

// RegistryRecord returns the key and value under which the registry topic keeps b.
func (b *Body) RegistryRecord() (key string, value []byte, err error) {
	if err := b.Validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(b)
	return schema.BodyKeyPrefix + string(b.Code), value, err
}

// checkText refuses a text that is too long, or that would break a line.
func checkText(text string) error {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > NameMax || strings.ContainsFunc(text, isControl) {
		return fmt.Errorf("%.20q…: want one line of UTF-8, at most %d letters", text, NameMax)
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// dayText writes a day, nothing for the zero one.
func dayText(d registry.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
