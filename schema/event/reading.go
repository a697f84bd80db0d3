package event

import (
	"fmt"

	"mlf/schema"
	"mlf/schema/votepb"
)

// An Epoch names a run of a device's counters: a start of the device, or a session with
// its network.
type Epoch [16]byte

// A Counters is one reading of a device's counters.
type Counters struct {
	Source
	Service schema.ServiceID // Of all votes of the device.
	Since   schema.Instant   // When the device was enrolled. Range 0 to InstantMax.
	At      schema.Instant   // When it was read, by its network; arrival where that is not known.
	Epoch   Epoch
	Frame   uint64                  // Rises within an epoch, 0 to CountMax.
	Values  [schema.ValueMax]uint64 // How often each value was pressed since the counters began, 0 to CountMax.
	Restart bool                    // The device has just started, and its counters with it: they are 0.

	// MostAMinute is how many votes a minute the device is believed, 1 to MostAMinuteMax.
	MostAMinute uint32

	Carried  bool // The counters go on from one epoch to the next, unless the device started anew.
	FromZero bool // Of Carried ones: the first reading ever counts from 0; else it is where counting begins.
	Wraps    bool // The counters have 16 bits.
}

// Limits of a reading.
const (
	// CountMax is the highest frame and count, 2^53-1: the highest integer that every JSON
	// reader keeps exactly (RFC 8259 §6).
	CountMax = 1<<53 - 1

	// WrapAt is the count after which counters that wrap are at 0 again, less 1.
	WrapAt = 1 << 16

	// MostAMinuteMax is a thousand votes a second: more than a device has buttons for.
	MostAMinuteMax = 60_000
)

// Append appends the record that holds r to dst. What Decode would refuse is a defect of
// this program, and panics.
func (r *Counters) Append(dst []byte) []byte {
	if err := r.check(); err != nil {
		panic(fmt.Sprintf("BUG: append reading: %v", err))
	}
	m := &votepb.CounterReading{
		Format: uint32(Reading), Terminal: uint64(r.Terminal), Service: uint32(r.Service), Slot: uint32(r.Slot), Comune: uint32(r.Comune),
		Office: string(r.Office), Channel: uint32(r.Channel), Scale: uint32(r.Scale), Test: r.Test, IngestedMs: int64(r.Ingested),
		Epoch: r.Epoch[:], Frame: r.Frame, AtDelta: int64(r.At - r.Ingested), SinceMs: int64(r.Since),
		MostAMinute: r.MostAMinute, Carried: r.Carried, FromZero: r.FromZero, Wraps: r.Wraps,
	}
	if !r.Restart {
		m.Counters = r.Values[:r.Scale.Max()]
	}
	return seal(dst, m)
}

func (r *Counters) check() error {
	if err := r.Source.check(); err != nil {
		return err
	}
	if !inTime(r.Since) || !inTime(r.At) || r.Frame > CountMax || r.MostAMinute < 1 || r.MostAMinute > MostAMinuteMax || r.FromZero && !r.Carried {
		return fmt.Errorf("enrolled at %d, read at %d, frame %d, %d a minute, from zero %t: out of range", r.Since, r.At, r.Frame, r.MostAMinute, r.FromZero)
	}
	most := uint64(CountMax)
	if r.Wraps {
		most = WrapAt - 1
	}
	for i, n := range r.Values {
		if n > most || n > 0 && (i >= int(r.Scale.Max()) || r.Restart) {
			return fmt.Errorf("counter %d of %v is at %d: out of range", i+1, r.Scale, n)
		}
	}
	return nil
}

// Decode reads a record of kind Reading. Its error wraps schema.ErrUndecodable.
func (r *Counters) Decode(record []byte) (err error) {
	var m votepb.CounterReading
	if err := open(record, &m, Reading); err != nil {
		return err
	}
	*r = Counters{
		Service: schema.ServiceID(m.Service), Since: schema.Instant(m.SinceMs), Frame: m.Frame, MostAMinute: m.MostAMinute,
		Carried: m.Carried, FromZero: m.FromZero, Wraps: m.Wraps, Restart: len(m.Counters) == 0,
	}
	if r.Source, err = source(&m); err != nil {
		return err
	}
	if m.Service > serviceMax || len(m.Epoch) != len(r.Epoch) || !r.Restart && len(m.Counters) != int(r.Scale.Max()) {
		return schema.Undecodable("service %d, epoch of %d bytes, %d counters of %v", m.Service, len(m.Epoch), len(m.Counters), r.Scale)
	}
	r.At = r.Ingested + schema.Instant(m.AtDelta) // Out of its range where that overflows: the other has 43 bits.
	copy(r.Epoch[:], m.Epoch)
	copy(r.Values[:], m.Counters)
	if err := r.check(); err != nil {
		return schema.Undecodable("%v", err)
	}
	return nil
}
