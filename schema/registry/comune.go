package registry

import (
	"cmp"
	"fmt"
	"slices"

	"mlf/schema"
)

// A Comune is a municipality as it was from one day to another. A rename gives
// a second Comune with the same ID, a new code one with another ID; a merger
// ends one Comune and may begin another.
type Comune struct {
	ID         schema.ComuneID
	Name       string // Official: both languages where there are two, "Bolzano/Bozen".
	NameIT     string // The Italian part. Names are not unique: show Sigla beside them.
	NameAlt    string // The other language's part; often empty.
	Province   schema.ProvinceID
	Sigla      string // Of the province.
	Region     schema.RegionID
	Population uint32 // Residents; README.md tells of which day.
	Cadastral  string // Belfiore code: H501. It outlives a change of province.
	IPA        string // Code in the index of public administrations; may be empty.
	Lat, Lon   float64
	ValidFrom  Date // The first day; 0 for always.
	ValidTo    Date // The day after the last; 0 for ever.
}

// ValidOn tells whether c existed on day d.
func (c *Comune) ValidOn(d Date) bool {
	return c.ValidFrom <= d && (d < c.ValidTo || c.ValidTo == 0)
}

// populationMax is the most residents of a comune; Roma has 2.8 million.
const populationMax = 20_000_000

// Comune returns the comune with the given code, in the newest form that has
// this code, whether it still exists or not: votes of a comune that has ended
// keep their name.
func (r *Registry) Comune(id schema.ComuneID) (Comune, bool) {
	i := r.after(id)
	if i == 0 || r.comuni[i-1].ID != id {
		return Comune{}, false
	}
	return r.comuni[i-1], true
}

// after returns the position after the last form of comune id.
func (r *Registry) after(id schema.ComuneID) int {
	i, _ := slices.BinarySearchFunc(r.comuni, id+1, func(c Comune, id schema.ComuneID) int { return cmp.Compare(c.ID, id) })
	return i
}

// Comuni returns every comune that the files know, past and future ones too,
// sorted by code and, for the forms of one comune, by ValidFrom.
func (r *Registry) Comuni() []Comune { return r.comuni }

// ComuniAt returns the comuni that existed on day d, sorted by code: each code
// occurs once. The slice is the caller's.
func (r *Registry) ComuniAt(d Date) []Comune {
	valid := make([]Comune, 0, len(r.comuni))
	for i := range r.comuni {
		if r.comuni[i].ValidOn(d) {
			valid = append(valid, r.comuni[i])
		}
	}
	return valid
}

const comuniFile = "comuni.csv"

func (r *Registry) loadComuni(src source) error {
	header := []string{
		"istat_code", "name", "name_it", "name_alt", "province_code", "region_code", "population",
		"cadastral_code", "ipa_code", "lat", "lon", "valid_from", "valid_to",
	}
	r.comuni = make([]Comune, 0, 8000)
	err := readTable(src, comuniFile, header, func(row *row) {
		c := Comune{ID: row.comune(), Name: row.text(), NameIT: row.text(), NameAlt: row.optional()}
		c.Province, c.Sigla, c.Region = r.placeOf(row, c.ID)
		c.Population = row.number(populationMax)
		c.Cadastral = row.cadastral()
		c.IPA = row.optional()
		c.Lat, c.Lon = row.degrees(90), row.degrees(180)
		c.ValidFrom, c.ValidTo = row.date(), row.date()
		if c.ValidTo != 0 && c.ValidTo <= c.ValidFrom {
			row.fail("%v: want a day after valid_from", c.ValidTo)
		}
		r.comuni = append(r.comuni, c)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(r.comuni, byCodeAndTime) // Nothing to do for the shipped file.
	return nil
}

func byCodeAndTime(a, b Comune) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.ValidFrom, b.ValidFrom))
}

// checkComuni refuses two comuni that are the same.
func (r *Registry) checkComuni() error {
	if err := checkOverlaps(r.comuni, func(c *Comune) schema.ComuneID { return c.ID }); err != nil {
		return fmt.Errorf("read registry file %s: column istat_code: %w", comuniFile, err)
	}
	if err := checkOverlaps(r.comuni, func(c *Comune) string { return c.Cadastral }); err != nil {
		return fmt.Errorf("read registry file %s: column cadastral_code: %w", comuniFile, err)
	}
	return nil
}

// placeOf takes the columns province_code and region_code of comune id.
func (r *Registry) placeOf(row *row, id schema.ComuneID) (schema.ProvinceID, string, schema.RegionID) {
	province := row.province()
	if province != id.Province() {
		row.fail("%v: want %v, the first three digits of istat_code", province, id.Province())
	}
	p, ok := r.Province(province)
	if !ok {
		row.fail("no province %v in provinces.csv", province)
	}
	if region := row.region(); region != p.Region {
		row.fail("%v: want %v, the region of province %v", region, p.Region, province)
	}
	return province, p.Sigla, p.Region
}

// cadastral returns the next field: a letter and three digits.
func (r *row) cadastral() string {
	s := r.field()
	ok := len(s) == 4 && s[0] >= 'A' && s[0] <= 'Z'
	for i := 1; i < len(s); i++ {
		ok = ok && s[i] >= '0' && s[i] <= '9'
	}
	if !ok {
		r.fail("%q: want a letter and three digits", s)
	}
	return s
}

// checkOverlaps refuses two comuni that have the same key on the same day.
func checkOverlaps[K cmp.Ordered](comuni []Comune, key func(*Comune) K) error {
	order := make([]int, len(comuni)) // Positions are lighter to sort than comuni.
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &comuni[i], &comuni[j]
		return cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a.ValidFrom, b.ValidFrom))
	})
	for i := 1; i < len(order); i++ {
		a, b := &comuni[order[i-1]], &comuni[order[i]]
		if key(a) == key(b) && (a.ValidTo == 0 || a.ValidTo > b.ValidFrom) {
			return fmt.Errorf("%v is given to both %s and %s at the same time", key(a), a.Name, b.Name)
		}
	}
	return nil
}
