package schema_test

import (
	"testing"
	"time"

	"mlf/schema"
)

// FuzzTerminalsApply: no record of the registry topic can make a reader panic or
// forget what it knows, and one that is taken is written again as one that is.
func FuzzTerminalsApply(f *testing.F) {
	e := enrolment()
	at := time.Unix(1_793_610_000, 0)
	for _, record := range []func() (string, []byte, error){
		e.RegistryRecord, streamKey(1).RegistryRecord, schema.Revocation{Terminal: e.Terminal, At: at}.RegistryRecord,
		schema.Closure{Terminal: e.Terminal, At: at}.RegistryRecord,
		schema.NewTicketSecret(at).RegistryRecord,
	} {
		key, value, err := record()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(key, value)
		f.Add(key, []byte(nil)) // A tombstone.
		f.Add("?"+key, value)
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		var terminals schema.Terminals
		known := enrolment()
		known.Terminal++
		known.Token = schema.HashToken([]byte("known"))
		apply(t, &terminals, known.RegistryRecord)
		err := terminals.Apply(key, value)
		if err != nil && (len(terminals.All()) != 1 || terminals.ByToken([]byte("known")) == nil) {
			t.Errorf("%v: and the terminal that was known is not", err)
		}
		for _, e := range terminals.All() {
			var again schema.Terminals
			apply(t, &again, e.RegistryRecord)
			if got := again.ByID(e.Terminal); got == nil || got.Comune != e.Comune || got.Slot != e.Slot || got.Token != e.Token {
				t.Errorf("got %+v, want %+v", got, e)
			}
			e.Service([]byte("anagrafe"))
			e.DefaultService()
		}
		if s := terminals.TicketSecret(); s != nil {
			s.Keys(schema.TicketDayOf(at))
		}
		if k, ok := terminals.SigningKey(); ok {
			if _, err := terminals.Stream([]byte(k.Sign(schema.NewStream(&known)))); err != nil {
				t.Errorf("a stream that was just signed: %v", err)
			}
		}
	})
}
