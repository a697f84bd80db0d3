package meta

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// AppendHead writes what stands before the rest of a document: meta, which tells how far
// the counts have come.
func (m *Meta) AppendHead(dst []byte) []byte {
	const usual = 2 << 10
	dst = slices.Grow(dst, usual)
	return append(m.append(append(dst, `{"meta":`...)), ',')
}

// append writes m as JSON, as encoding/json does by its tags.
func (m *Meta) append(dst []byte) []byte {
	dst = append(dst, '{')
	if m.About != nil {
		dst = append(m.About.append(dst), ',')
	}
	if m.Marks != nil {
		dst = append(m.Marks.append(dst), ',')
	}
	if len(m.By) > 0 {
		dst = append(appendTexts(append(dst, `"by":`...), m.By), ',')
	}
	for _, option := range [...]struct{ name, text string }{{"step", m.Step}, {"measure", m.Measure}, {"reference", m.Reference}} {
		dst = appendOption(dst, option.name, option.text)
	}
	for _, option := range [...]struct {
		name string
		n    uint64
	}{{"min_n", m.MinN}, {"top", uint64(m.Top)}} {
		if option.n > 0 {
			dst = strconv.AppendUint(append(append(append(dst, '"'), option.name...), `":`...), option.n, 10)
			dst = append(dst, ',')
		}
	}
	dst = appendOption(dst, "sort", m.Sort)
	dst = appendOption(dst, "mix", m.Mix)
	dst = appendOption(dst, "since", m.Since)
	if m.All != nil {
		dst = append(strconv.AppendBool(append(dst, `"all":`...), *m.All), ',')
	}
	dst = appendQuoted(append(dst, `"interval":`...), m.Interval)
	dst = appendQuoted(append(dst, `,"time_zone":`...), m.TimeZone)
	dst = append(dst, `,"formulas":[`...)
	for i, f := range m.Formulas {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(append(dst, `{"name":`...), string(f.Name))
		dst = append(appendQuoted(append(dst, `,"text":`...), f.Text), '}')
	}
	dst = m.GeneratedAt.AppendFormat(append(dst, `],"generated_at":"`...), time.RFC3339Nano)
	dst = append(dst, `","ledger":[`...)
	for i, next := range m.Ledger {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(next), 10)
	}
	dst = appendQuoted(append(dst, `],"position":`...), m.Position)
	return append(appendQuoted(append(dst, `,"disclosure":`...), m.Disclosure), '}')
}

// append writes the members of a.
func (a *About) append(dst []byte) []byte {
	dst = appendQuoted(append(dst, `"from":`...), a.From)
	dst = appendQuoted(append(dst, `,"to":`...), a.To)
	dst = strconv.AppendBool(append(dst, `,"rounded":`...), a.Rounded)
	dst = append(dst, `,"filters":{`...)
	for i, name := range slices.Sorted(maps.Keys(a.Filters)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTexts(append(appendQuoted(dst, name), ':'), a.Filters[name])
	}
	return a.Excluded.append(append(dst, `},"excluded":`...))
}

// append writes the members of m.
func (m *Marks) append(dst []byte) []byte {
	dst = appendOption(dst, "period", m.Period)
	dst = strconv.AppendBool(append(dst, `"running":`...), m.Running)
	if m.Fill != "" {
		dst = appendQuoted(append(dst, `,"fill":`...), m.Fill)
	}
	if m.Compare != nil {
		dst = appendQuoted(append(dst, `,"compare":{"from":`...), m.Compare.From)
		dst = append(appendQuoted(append(dst, `,"to":`...), m.Compare.To), '}')
	}
	return dst
}

// appendOption writes a member of a text and a comma; nothing where the text is empty.
func appendOption(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return append(appendQuoted(append(append(append(dst, '"'), name...), `":`...), text), ',')
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, text)
	}
	return append(dst, ']')
}

// appendQuoted writes a text as encoding/json does.
func appendQuoted(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			quoted, err := json.Marshal(text)
			if err != nil {
				panic("BUG: a text is not JSON: " + err.Error())
			}
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

// MarshalJSON writes o as an object.
func (o Omission) MarshalJSON() ([]byte, error) { return o.append(nil), nil }

func (o Omission) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, part := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), part.Name...), `":`...)
		dst = strconv.AppendUint(dst, part.Votes, 10)
	}
	return append(dst, '}')
}
