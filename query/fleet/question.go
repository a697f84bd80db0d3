package fleet

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mlf/query/question"
	"mlf/schema"
)

// A Question is what may be asked of a fleet. Its zero value asks for nobody: ParseQuestion
// makes one.
type Question struct {
	Comuni        []schema.ComuneID // Nil: all.
	Regions       []string          // Two digits each. Nil: all.
	States        []State           // Nil: all.
	Group         string            // comune, region, body; "": terminals, and counts of all.
	SilentMinutes int               // Of opening hours, silentMin to silentMax.
}

// After how many minutes of opening hours without a word a terminal is silent: as asked,
// or five heartbeats and some.
const (
	silentDefault = 30
	silentMin     = 10
	silentMax     = 10_000
)

// Parameters are the names that ParseQuestion reads.
func Parameters() []string { return []string{"comune", "region", "state", "group", "silent_minutes"} }

// ParseQuestion reads a query string. The error is a *question.Error.
func ParseQuestion(values url.Values) (*Question, error) {
	q := &Question{SilentMinutes: silentDefault}
	var err error
	if q.Comuni, _, err = question.ParseList(values, "comune", schema.ParseComune); err != nil {
		return nil, err
	}
	if _, q.Regions, err = question.ParseList(values, "region", schema.ParseRegion); err != nil {
		return nil, err
	}
	if q.States, _, err = question.ParseList(values, "state", parseState); err != nil {
		return nil, err
	}
	if q.Group, err = question.Single(values, "group"); err != nil {
		return nil, err
	}
	if groups := []string{"", "comune", "region", "body"}; !slices.Contains(groups, q.Group) {
		return nil, &question.Error{Parameter: "group", Detail: fmt.Sprintf("%q: want one of comune, region, body", q.Group)}
	}
	text, err := question.Single(values, "silent_minutes")
	if err != nil || text == "" {
		return q, err
	}
	if q.SilentMinutes, err = strconv.Atoi(text); err != nil || q.SilentMinutes < silentMin || q.SilentMinutes > silentMax {
		return nil, &question.Error{Parameter: "silent_minutes", Detail: fmt.Sprintf("%q: want a number from %d to %d", text, silentMin, silentMax)}
	}
	return q, nil
}

func parseState(text string) (State, error) {
	if slices.Contains(States(), State(text)) {
		return State(text), nil
	}
	var names []string
	for _, s := range States() {
		names = append(names, string(s))
	}
	return "", fmt.Errorf("%q: want one of %s", text, strings.Join(names, ", "))
}

// of tells whether q asks for terminals of a comune of a region.
func (q *Question) of(c schema.ComuneID, region string) bool {
	return (len(q.Comuni) == 0 || slices.Contains(q.Comuni, c)) && (len(q.Regions) == 0 || slices.Contains(q.Regions, region))
}

// code returns which group t is counted in.
func (q *Question) code(t *Terminal) string {
	switch q.Group {
	case "comune":
		return t.Comune.String()
	case "region":
		return t.Region
	case "body":
		return t.Body
	}
	return ""
}
