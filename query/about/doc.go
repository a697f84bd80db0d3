// Package about is what is told beside figures: by what they can be asked for, how they
// are made, what has changed since a position, and what was noted: breaks and events.
//
// It knows questions and how an answer is written. It must not know HTTP, where counts
// come from, how figures are made, or what may be shown to whom.
package about

import (
	"mlf/query/answer"
	"mlf/query/answer/words"
	"mlf/query/format"
)

// Endpoints returns all endpoints.
func Endpoints() []answer.Endpoint {
	carried := words.Read()
	return []answer.Endpoint{
		{Name: "explain", Own: answer.Shapes(), Dated: true, Ask: askExplain(carried)},
		{Name: "dimensions", Not: notOfDimensions(), Ask: askDimensions(carried)},
		{Name: "dimensions", Place: "dimension", Not: notOfDimensions(), Ask: askDimensions(carried)},
		{Name: "changes", Own: []string{"since", "by"}, Alone: true, Diary: true, Dated: true, Ask: askChanges},
		{Name: "annotations", Not: notOfAnnotations(), Noted: true, Ask: askAnnotations},
	}
}

// optional is a field of texts that is null where there is none.
func optional(name string, of func(i int) string) format.Field {
	return format.Field{Name: name, Kind: format.KindText, Text: func(i int) (string, bool) { text := of(i); return text, text != "" }}
}
