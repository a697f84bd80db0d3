package meta

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// appendSettings writes the members of m between what is left out and when it was made, as
// encoding/json does by its tags.
func (m *Meta) appendSettings(dst []byte) []byte {
	if m.Marks != nil {
		dst = append(m.appendMarks(dst), ',')
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
	if len(m.Warnings) > 0 {
		dst = append(dst, `"warnings":[`...)
		for i, w := range m.Warnings {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendQuoted(append(dst, `{"code":`...), w.Code)
			dst = append(appendQuoted(append(dst, `,"text":`...), w.Text), '}')
		}
		dst = append(dst, ']', ',')
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
	return append(dst, ']')
}

// appendAsked writes the members of a before what is left out.
func (a *About) appendAsked(dst []byte) []byte {
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
	return append(dst, '}')
}

// appendMarks writes the members of m.
func (m *Marks) appendMarks(dst []byte) []byte {
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
