package foreign

import (
	"strings"

	"mlf/schema"
	known "mlf/schema/source"
)

// A Registered is how a source is known to the service, beside its terminal.
type Registered struct {
	Token       string // It sends under; "" for none.
	Site        string // The name of its site; "" for none.
	Integration string // In whose name it is sent for; "" for none.

	records []Record
}

// A Record is what the registry topic has a record of.
type Record interface {
	RegistryRecord() (key string, value []byte, err error)
}

// Records returns what is to be registered.
func (r *Registered) Records() []Record { return r.records }

// Register gives s, which is counted for a terminal with a token, all that it needs to
// send: names and tokens are random.
func (s *Source) Register(terminal schema.TerminalID, token string) Registered {
	if s.Kind == Device {
		return Registered{Token: token}
	}
	if s.Kind == Site {
		site := known.Site{Name: known.NewName(), Terminal: terminal, Way: known.Script, Origins: []string{s.Origin}}
		if s.Plain {
			site.Way = known.Form
		}
		return Registered{Site: site.Name, records: []Record{site}}
	}
	r := Registered{Token: schema.NewToken(), Integration: known.NewName()}
	i := known.Integration{Name: r.Integration, Way: known.Way(s.way), Token: schema.HashToken([]byte(r.Token))}
	d := known.Device{Integration: i.Name, Address: strings.ToLower(s.Serial), Terminal: terminal}
	if s.Kind == Box {
		d.Address, d.FromZero, d.Values = s.Name, s.FromZero, []schema.Value{1, 2, 3, 4, 5}
	}
	r.records = []Record{i, d}
	return r
}
