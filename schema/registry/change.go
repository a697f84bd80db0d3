package registry

import (
	"cmp"
	"fmt"
	"slices"

	"mlf/schema"
)

// A change is what became of an ISTAT code: on a day its comune got another
// code (another province, mostly), or ended in another comune.
type change struct {
	code, next schema.ComuneID
	on         Date // The first day of next.
	merged     bool
	line       int
}

// A Merger is the end of a comune in another.
type Merger struct {
	Into schema.ComuneID
	On   Date // The first day on which the comune was no more.
}

const changesFile = "changes.csv"

// loadChanges splits the comuni that got another code into forms with the old
// one and forms with the new, and ends those that were merged. A list of comuni
// of one's own may lack what the program's list of changes speaks of: of such a
// comune the change is left out.
func (r *Registry) loadChanges(src source) error {
	changes, err := readChanges(src)
	if err != nil {
		return err
	}
	l := ledger{r: r, strict: src.holds(changesFile) || !src.holds(comuniFile)}
	l.take(changes)
	r.codes = make(map[schema.ComuneID][]schema.ComuneID, 2*len(changes))
	r.merged = make(map[schema.ComuneID]Merger)
	// The newest first: a comune that got two codes one after the other is split
	// from the end, because the list of comuni has its last.
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(b.on, a.on) })
	for _, c := range changes {
		apply := l.recode
		if c.merged {
			apply = l.merge
		}
		if why := apply(c); why != nil && l.strict {
			return fmt.Errorf("read registry file %s: line %d: %w", changesFile, c.line, why)
		}
	}
	l.giveBack()
	return r.checkComuni()
}

// readChanges reads the list and refuses chains that lead nowhere.
func readChanges(src source) ([]change, error) {
	var changes []change
	of := make(map[schema.ComuneID]change)
	heirs := make(map[schema.ComuneID]bool) // Codes that were given to a comune in place of another.
	header := []string{"istat_code", "change", "istat_code_next", "date"}
	err := readTable(src, changesFile, header, func(row *row) {
		c := change{code: row.comune()}
		if _, ok := of[c.code]; ok {
			row.fail("%v occurs a second time", c.code)
		}
		switch kind := row.field(); kind {
		case "recoded":
		case "merged":
			c.merged = true
		default:
			row.fail("%q: want recoded or merged", kind)
		}
		c.next = row.comune()
		if !c.merged {
			once(row, heirs, c.next)
		}
		if c.on = row.date(); c.on == 0 {
			row.fail("is empty")
		}
		c.line, _ = row.csv.FieldPos(0)
		of[c.code] = c
		changes = append(changes, c)
	})
	for _, c := range changes {
		if next, ok := of[c.next]; ok && next.on <= c.on && err == nil { // So no chain leads back to its beginning.
			err = fmt.Errorf("read registry file %s: line %d, column date: %v: want a day before %v, when %v ends", changesFile, c.line, c.on, next.on, c.next)
		}
	}
	return changes, err
}

// A ledger has the forms of the comuni that changes speak of while they are applied.
type ledger struct {
	r      *Registry
	strict bool // What cannot be applied is a mistake.
	forms  map[schema.ComuneID][]Comune
}

// take takes the forms that may change out of the registry.
func (l *ledger) take(changes []change) {
	l.forms = make(map[schema.ComuneID][]Comune, 2*len(changes))
	for _, c := range changes {
		l.forms[c.code], l.forms[c.next] = nil, nil
	}
	l.r.comuni = slices.DeleteFunc(l.r.comuni, func(c Comune) bool {
		forms, ok := l.forms[c.ID]
		if ok {
			l.forms[c.ID] = append(forms, c)
		}
		return ok
	})
}

func (l *ledger) giveBack() {
	for _, forms := range l.forms {
		l.r.comuni = append(l.r.comuni, forms...)
	}
	slices.SortFunc(l.r.comuni, byCodeAndTime)
}

// recode gives the comune of c.next the code c.code for the time before.
func (l *ledger) recode(c change) error {
	if len(l.forms[c.next]) == 0 {
		return fmt.Errorf("no comune %v in %s", c.next, comuniFile)
	}
	if len(l.forms[c.code]) == 0 { // A list of comuni may have both.
		p, ok := l.r.Province(c.code.Province())
		if !ok {
			return fmt.Errorf("no province %v in provinces.csv or %s", c.code.Province(), pastProvincesFile)
		}
		before, after := split(c, p, l.forms[c.next])
		if len(before) == 0 || len(after) == 0 {
			return fmt.Errorf("comune %v is not there on both sides of %v in %s", c.next, c.on, comuniFile)
		}
		l.forms[c.code], l.forms[c.next] = before, after
	}
	codes := l.r.codes[c.next]
	if codes == nil {
		codes = []schema.ComuneID{c.next}
	}
	codes = append([]schema.ComuneID{c.code}, codes...)
	for _, code := range codes {
		l.r.codes[code] = codes
	}
	return nil
}

// split parts the forms of a comune on the day of c, and has the older ones have
// c.code, in province p.
func split(c change, p Province, forms []Comune) (before, after []Comune) {
	for _, form := range forms {
		if form.ValidFrom < c.on {
			old := form
			old.ID, old.Province, old.Sigla, old.Region = c.code, p.ID, p.Sigla, p.Region
			if old.ValidTo == 0 || old.ValidTo > c.on {
				old.ValidTo = c.on
			}
			before = append(before, old)
		}
		if form.ValidTo == 0 || form.ValidTo > c.on {
			form.ValidFrom = max(form.ValidFrom, c.on)
			after = append(after, form)
		}
	}
	return before, after
}

// merge ends the comune of c.code.
func (l *ledger) merge(c change) error {
	forms := l.forms[c.code]
	switch {
	case len(forms) == 0:
		return fmt.Errorf("no comune %v in %s", c.code, comuniFile)
	case len(l.forms[c.next]) == 0:
		return fmt.Errorf("no comune %v in %s", c.next, comuniFile)
	}
	last := &forms[len(forms)-1]
	if last.ValidTo == 0 && last.ValidFrom < c.on {
		last.ValidTo = c.on
	}
	if last.ValidTo != c.on {
		return fmt.Errorf("%v ends on %v in %s, not on %v", c.code, last.ValidTo, comuniFile, c.on)
	}
	l.r.merged[c.code] = Merger{Into: c.next, On: c.on}
	return nil
}
