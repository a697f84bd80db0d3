package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"

	"mlf/schema"
	"mlf/schema/heartbeat"
)

// Heartbeat reads body, what a device says of itself, as of terminal t and come at an
// instant. Keys that are not known are skipped, of one given twice the last holds, null is
// the same as absent: a device says what it knows. The error says for people what is wrong.
func Heartbeat(body []byte, t schema.TerminalID, at schema.Instant) (heartbeat.Heartbeat, error) {
	text, err := utf8Text(body)
	if err != nil {
		return heartbeat.Heartbeat{}, err
	}
	p := pulse{Heartbeat: heartbeat.Heartbeat{Terminal: t, At: at}}
	p.reset(text)
	p.object("", p.attributeOf)
	p.end()
	if p.fault != "" {
		return heartbeat.Heartbeat{}, &malformed{p.at, p.fault}
	}
	if p.wrong == nil {
		p.wrong = p.Check()
	}
	return p.Heartbeat, p.wrong
}

// A pulse is a heartbeat as it is read.
type pulse struct {
	scanner
	heartbeat.Heartbeat
	wrong error // The first attribute that is not as wanted.
}

// object reads the members of an object, or null; within is what its keys are called by,
// for people.
func (p *pulse) object(within string, member func(key string)) {
	if within != "" && p.null() {
		return
	}
	if !p.open('{') {
		p.fail("an object")
		return
	}
	for first := true; ; {
		key, more := p.member(&first)
		if !more {
			return
		}
		member(string(key))
	}
}

// attributeOf reads an attribute of the heartbeat.
func (p *pulse) attributeOf(key string) {
	switch key {
	case "install":
		p.Install = p.value(key)
	case "previous":
		p.Previous = p.value(key)
	case "seq":
		p.Seq, _ = p.count(key, heartbeat.SeqMax)
	case "waiting":
		n, _ := p.count(key, heartbeat.WaitingMax)
		p.Waiting = uint32(n)
	case "oldest_ms":
		p.OldestMS, _ = p.count(key, heartbeat.OldestMax*1000)
	case "storage":
		p.object(key, p.storage)
	case "clock":
		p.Clock = p.instant(key)
	case "version":
		p.Version = p.text(key)
	case "battery_mv":
		n, _ := p.count(key, heartbeat.BatteryMax)
		p.BatteryMV = uint32(n)
	case "pressed_ignored":
		p.object(key, p.ignored)
	default:
		p.skip()
	}
}

func (p *pulse) storage(key string) {
	switch key {
	case "persisted":
		p.Storage.Persisted = p.truth("storage.persisted")
	case "free":
		p.Storage.Free, p.Storage.Known = p.count("storage.free", heartbeat.FreeMax)
	case "lost":
		p.Storage.Lost = p.truth("storage.lost")
	default:
		p.skip()
	}
}

func (p *pulse) ignored(key string) {
	of := map[string]*uint32{"double": &p.Ignored.Double, "multi": &p.Ignored.Multi, "repeat": &p.Ignored.Repeat}[key]
	if of == nil {
		p.skip()
		return
	}
	n, _ := p.count("pressed_ignored."+key, heartbeat.IgnoredMax)
	*of = uint32(n)
}

// refuse notes what is wanted of an attribute.
func (p *pulse) refuse(name, want string) {
	if p.wrong == nil {
		p.wrong = fmt.Errorf("%s: want %s", name, want)
	}
}

// count reads a whole number from 0 to most; false for null.
func (p *pulse) count(name string, most int64) (uint64, bool) {
	if p.null() {
		return 0, false
	}
	n, ok := p.numberOrSkip().whole()
	if !ok || n < 0 || n > most {
		p.refuse(name, fmt.Sprintf("a whole number from 0 to %d", most))
		return 0, false
	}
	return uint64(n), true
}

// truth reads true or false.
func (p *pulse) truth(name string) bool {
	switch p.peek() {
	case 't':
		p.word("true")
		return true
	case 'f':
		p.word("false")
	case 'n':
		p.null()
	default:
		p.skip()
		p.refuse(name, "true or false")
	}
	return false
}

// text reads a string.
func (p *pulse) text(name string) string {
	switch {
	case p.null():
		return ""
	case p.peek() == '"':
		return string(p.string())
	}
	p.skip()
	p.refuse(name, "a string")
	return ""
}

// A random value of a device is 16 hexadecimal digits, or any text of a length that can be
// random, a UUID say, of which 64 bits are kept.
const (
	valueDigits = 16
	valueMin    = 8
	valueMax    = 64
)

// value reads one of a device's random values; none for null and an empty string.
func (p *pulse) value(name string) heartbeat.Value {
	text := p.text(name)
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 16, 64); err == nil && len(text) == valueDigits {
		return heartbeat.Value(n)
	}
	if len(text) < valueMin || len(text) > valueMax {
		p.refuse(name, "a random text of 8 to 64 bytes")
	}
	sum := sha256.Sum256([]byte(text))
	return heartbeat.Value(binary.BigEndian.Uint64(sum[:]))
}

// instant reads a time with its zone, or milliseconds since 1970.
func (p *pulse) instant(name string) schema.Instant {
	const want = "a time with its zone as 2026-11-22T08:59:17Z, or milliseconds since 1970"
	if c := p.peek(); isDigit(c) || c == '-' {
		n, ok := p.numberOrSkip().rounded()
		if !ok {
			p.refuse(name, want)
		}
		return schema.Instant(n)
	}
	text := p.text(name)
	if text == "" {
		return 0
	}
	at, ok := parseTime([]byte(text))
	if !ok {
		p.refuse(name, want)
	}
	return at
}
