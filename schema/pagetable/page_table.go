package pagetable

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"mlf/schema"
)

// Limits of a table. Every process that takes ratings has the tables of all sites in
// memory.
const (
	LinesMax = 5_000     // The pages of a big city's services, ten times.
	BytesMax = 256 << 10 // Of its record on the registry topic.
)

// The questions that a line may name; "" for the one that its site asks.
const (
	Clarity = "clarity"
	Ease    = "ease"
)

// A Line says of which service the pages are that fit its pattern. On the registry topic
// it is a list: pattern, service, and the question where there is one.
type Line struct {
	Pattern  string
	Service  string // A code.
	Question string // Clarity, Ease or "".
}

// MarshalJSON writes a list.
func (l Line) MarshalJSON() ([]byte, error) {
	list := []string{l.Pattern, l.Service}
	if l.Question != "" {
		list = append(list, l.Question)
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Line) UnmarshalJSON(text []byte) error {
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) != 2 && len(list) != 3 {
		return fmt.Errorf("a line of %d columns: want a pattern, a service and perhaps a question", len(list))
	}
	*l = Line{Pattern: list[0], Service: list[1]}
	if len(list) == 3 {
		l.Question = list[2]
	}
	return nil
}

// A Table is one version of what the pages of a site are.
type Table struct {
	Site    string    `json:"site"`
	Version uint32    `json:"version"` // From 1.
	From    time.Time `json:"from"`    // Whatever comes from then on is read by it, until the next.
	Lines   []Line    `json:"lines"`   // The first that fits holds. None: no page is of a service.
}

// A Matcher is a table that is read. It never changes, and many may use it at once.
type Matcher struct {
	Table
	exact    map[string]int // Lines without a star, by host and path.
	patterns []indexed      // The others, in order.
}

type indexed struct {
	pattern
	line int
}

// Compile reads t. The error names the lines that are wrong, the first ones of all.
func Compile(t Table) (*Matcher, error) {
	if t.Site == "" || t.Version == 0 || t.From.IsZero() {
		return nil, fmt.Errorf("table of pages of site %q: version %d from %v: want all three", t.Site, t.Version, t.From)
	}
	if len(t.Lines) > LinesMax {
		return nil, fmt.Errorf("table of pages: %d lines: want at most %d", len(t.Lines), LinesMax)
	}
	m := &Matcher{Table: t, exact: make(map[string]int)}
	var wrong []error
	for i, l := range t.Lines {
		p, err := parsePattern(l.Pattern)
		switch {
		case err != nil:
			err = fmt.Errorf("%.80q: %w", l.Pattern, err)
		case !isCode(l.Service):
			err = fmt.Errorf("service %.40q: want a code of 1 to %d letters, digits, - and _, in lower case", l.Service, codeMax)
		case l.Question != "" && l.Question != Clarity && l.Question != Ease:
			err = fmt.Errorf("question %.40q: want %s, %s or nothing", l.Question, Clarity, Ease)
		}
		if err != nil {
			if wrong = append(wrong, fmt.Errorf("line %d: %w", i+1, err)); len(wrong) == wrongMax {
				break
			}
			continue
		}
		path, ok := p.literal()
		if !ok {
			m.patterns = append(m.patterns, indexed{p, i})
		} else if _, twice := m.exact[p.host+path]; !twice {
			m.exact[p.host+path] = i
		}
	}
	return m, errors.Join(wrong...)
}

// wrongMax is how many lines are complained of.
const wrongMax = 20

// codeMax is the longest code of a service, in bytes.
const codeMax = 48

func isCode(text string) bool {
	return text != "" && len(text) <= codeMax && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// Find returns the first line that fits the page at address; false for none. What is no
// address of http or https and no path fits nothing.
func (m *Matcher) Find(address string) (Line, bool) {
	at, ok := placeOf(address)
	if !ok {
		return Line{}, false
	}
	first := math.MaxInt
	path := at.path()
	if i, ok := m.exact[path]; ok {
		first = i
	}
	if i, ok := m.exact[at.host+path]; ok && at.host != "" {
		first = min(first, i)
	}
	for i := range m.patterns {
		p := &m.patterns[i]
		if p.line > first {
			break
		}
		if p.fits(&at) {
			first = p.line
			break
		}
	}
	if first == math.MaxInt {
		return Line{}, false
	}
	return m.Lines[first], true
}

// RegistryRecord returns the key and value under which the registry topic keeps t. Each
// version has a key of its own: whoever asks later by which one a rating was read finds it
// by the time at which the rating came.
func (t Table) RegistryRecord() (key string, value []byte, err error) {
	if _, err := Compile(t); err != nil {
		return "", nil, err
	}
	if value, err = json.Marshal(t); err == nil && len(value) > BytesMax {
		err = fmt.Errorf("table of pages of %d bytes: want at most %d: patterns with ** stand for many pages", len(value), BytesMax)
	}
	return Key(t.Site, t.Version), value, err
}

// Key returns the key of a version of a site's table on the registry topic.
func Key(site string, version uint32) string {
	return fmt.Sprintf("%s%s/%d", schema.PageTableKeyPrefix, site, version)
}
