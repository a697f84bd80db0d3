package opendata

import (
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
	"mlf/schema/registry"
)

// object is an object of JSON whose members are in the order of their names.
type object = map[string]any

// metadata says what the files of an edition are, for programs (CSVW): both tables, so
// that one may refer to the other.
func (l *Library) metadata(e *edition) object {
	first, next := e.days()
	var tables []object
	for _, t := range [...]table{tableLots, tableReasons} {
		tables = append(tables, l.tableOf(e, t))
	}
	return object{
		"@context": []any{"http://www.w3.org/ns/csvw", object{"@language": "it"}},
		"dc:title": texts(titleOf(tableLots, e.month)), "dc:description": texts(descriptionOf(tableLots)),
		"dc:publisher":   object{"schema:name": l.cfg.publisher().Name, "schema:identifier": l.cfg.publisher().ID},
		"dc:license":     object{"@id": l.cfg.licence().iri},
		"dc:issued":      object{"@value": e.At.UTC().Format(time.RFC3339), "@type": "xsd:dateTime"},
		"dc:modified":    object{"@value": e.At.UTC().Format(time.RFC3339), "@type": "xsd:dateTime"},
		"dc:temporal":    first.String() + "/" + (next - 1).String(),
		"schema:version": e.Number,
		"notes": []object{{
			"release": e.Release, "day": calendar.Day(e.Day).String(), "threshold": e.least(), "votes": e.Published,
		}},
		"tables": tables,
	}
}

// tableOf is the metadata of one table.
func (l *Library) tableOf(e *edition, t table) object {
	at := func(t table) string { return name{month: e.month, vintage: e.Number, table: t, form: formCSV}.String() }
	columns := make([]object, len(l.columns[t]))
	for i, c := range l.columns[t] {
		columns[i] = object{
			"name": c.name, "titles": object{"it": c.title.IT, "en": c.title.EN, "de": c.title.DE}, "dc:description": texts(c.about),
			"datatype": datatypeOf(c.kind, e),
		}
		if !optional(c.name) {
			columns[i]["required"] = true
		}
	}
	key := []string{"release", "lot"}
	schema := object{"columns": columns, "primaryKey": key}
	if t == tableReasons {
		schema["primaryKey"] = append(key, "value", "reason")
		schema["foreignKeys"] = []object{{"columnReference": key, "reference": object{"resource": at(tableLots), "columnReference": key}}}
	}
	return object{"url": at(t), "dc:title": texts(titleOf(t, e.month)), "tableSchema": schema}
}

// optional tells whether a column is empty where the label of a lot leaves it open.
func optional(column string) bool {
	switch column {
	case "region", "province", "comune", "office", "service", "channel":
		return true
	}
	return false
}

// datatypeOf returns what values of a kind are.
func datatypeOf(kind string, e *edition) any {
	codes := func(pattern string) object { return object{"base": "string", "format": pattern} }
	switch kind {
	case "key":
		return object{"base": "integer", "minimum": 0}
	case "count":
		return object{"base": "integer", "minimum": 0}
	case "votes":
		return object{"base": "integer", "minimum": e.least()}
	case "day":
		return "date"
	case "region":
		return codes("[0-9]{2}")
	case "province":
		return codes("[0-9]{3}")
	case "comune":
		return codes("[0-9]{6}")
	case "level":
		return codes(strings.Join(levels()[1:], "|"))
	case "channel":
		return codes(joined(schema.Channels()))
	case "scale":
		return codes(joined(schema.Scales()))
	case "reason":
		return codes("[a-z_]+")
	}
	return "string"
}

func joined[T interface{ String() string }](all []T) string {
	var codes []string
	for _, x := range all {
		codes = append(codes, x.String())
	}
	return strings.Join(codes, "|")
}

// texts is a label as values in its languages.
func texts(l registry.Label) []object {
	return []object{{"@value": l.IT, "@language": "it"}, {"@value": l.EN, "@language": "en"}, {"@value": l.DE, "@language": "de"}}
}
