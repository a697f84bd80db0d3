package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// What keys of records begin with.
const (
	settingsPrefix = "settings/"
	alertPrefix    = "alert/"
	notePrefix     = "note/"
	testPrefix     = "test/"
)

// RecordMax is the most bytes of a record: an alert of 50 terminals with all of its messages
// to 25 targets is half of it.
const RecordMax = 256 << 10

// A Record is a key and value of the topic. A nil value takes back what the key had.
type Record struct {
	Key   string
	Value []byte
}

// Record returns the record of s. An error says what is wrong with it.
func (s *Settings) Record() (Record, error) {
	return record(settingsPrefix+string(s.Body), s)
}

// Record returns the record of a.
func (a *Alert) Record() (Record, error) { return record(alertPrefix+a.ID, a) }

// Record returns the record of n.
func (n *Note) Record() (Record, error) { return record(notePrefix+n.Alert+"/"+n.ID, n) }

// Record returns the record of t.
func (t *Test) Record() (Record, error) { return record(testPrefix+string(t.Body), t) }

type noun interface{ Validate() error }

func record(key string, of noun) (Record, error) {
	if err := of.Validate(); err != nil {
		return Record{}, err
	}
	value, err := json.Marshal(of)
	if err == nil && len(value) > RecordMax {
		err = fmt.Errorf("record of %d bytes: want at most %d", len(value), RecordMax)
	}
	return Record{key, value}, err
}

// Forget returns the records that take a and its notes back.
func (a *Alert) Forget(notes []*Note) []Record {
	all := []Record{{Key: alertPrefix + a.ID}}
	for _, n := range notes {
		all = append(all, Record{Key: notePrefix + n.Alert + "/" + n.ID})
	}
	return all
}

// read reads a value into a noun that has to have its key. Members that it does not know are
// a newer writer's.
func read[N any, P interface {
	*N
	noun
	Record() (Record, error)
}](r Record) (P, error) {
	if len(r.Value) > RecordMax {
		return nil, fmt.Errorf("read %.100s: %d bytes: want at most %d", r.Key, len(r.Value), RecordMax)
	}
	of := P(new(N))
	if err := json.NewDecoder(bytes.NewReader(r.Value)).Decode(of); err != nil {
		return nil, fmt.Errorf("read %.100s: %w", r.Key, err)
	}
	again, err := of.Record()
	if err == nil && again.Key != r.Key {
		err = fmt.Errorf("the value is of %.100s", again.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("read %.100s: %w", r.Key, err)
	}
	return of, nil
}

// idOf returns the alert that a key is of; "" for none.
func idOf(key string) string {
	if rest, ok := strings.CutPrefix(key, notePrefix); ok {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	return strings.TrimPrefix(key, alertPrefix)
}
