package schema

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A TerminalID names a terminal. It is random, so that terminals can be
// enrolled from several places without agreeing on a counter.
type TerminalID uint64

// A StreamID names a stream within its terminal. It is random.
type StreamID uint64

// idText writes ids without padding and without letters that look alike.
var idText = base32.HexEncoding.WithPadding(base32.NoPadding)

// NewTerminalID returns a random TerminalID.
func NewTerminalID() TerminalID {
	var b [8]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return TerminalID(binary.BigEndian.Uint64(b[:]))
}

// String returns the id as "t-" and 13 letters and digits.
func (id TerminalID) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(id))
	return "t-" + strings.ToLower(idText.EncodeToString(b))
}

// ParseTerminalID reads what String wrote.
func ParseTerminalID(text string) (TerminalID, error) {
	digits, ok := strings.CutPrefix(text, "t-")
	b, err := idText.DecodeString(strings.ToUpper(digits))
	if !ok || err != nil || len(b) != 8 {
		return 0, fmt.Errorf("terminal %q: want t- and 13 letters or digits", text)
	}
	id := TerminalID(binary.BigEndian.Uint64(b))
	if id.String() != strings.ToLower(text) { // The decoder skips line ends and the last letter's spare bit.
		return 0, fmt.Errorf("terminal %q: want 13 letters or digits as they were given out", text)
	}
	return id, nil
}

// MarshalText writes String.
func (id TerminalID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *TerminalID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseTerminalID(string(text))
	return err
}

// NewToken returns a random terminal token of 256 bits, in base64url.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// A TokenHash is the SHA-256 of a terminal's token: all that is kept of it. A
// plain hash is enough, because the token is random and not chosen by a person.
type TokenHash [sha256.Size]byte

// HashToken returns the hash of token.
func HashToken(token []byte) TokenHash { return sha256.Sum256(token) }

// MarshalText writes the hash in hexadecimal.
func (h TokenHash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *TokenHash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("token hash of %d digits: want %d", len(text), hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// An EnrolledService is a service a terminal offers: the code that the terminal
// sends and the number that is counted.
type EnrolledService struct {
	Code string    `json:"code"`
	ID   ServiceID `json:"id"`
}

// An Enrolment is a terminal as the registry topic keeps it. Only Token and
// Revoked ever change: a moved totem is a new terminal, so a vote counts where
// it was cast, however late it comes.
type Enrolment struct {
	Terminal TerminalID        `json:"terminal"`
	Token    TokenHash         `json:"token_sha256,omitzero"`
	Body     BodyCode          `json:"body,omitempty"`   // Whose terminal it is, where anybody said.
	Device   string            `json:"device,omitempty"` // The claim that enrolled it, and others with it; empty without one.
	Comune   ComuneID          `json:"comune"`
	Office   OfficeCode        `json:"office,omitempty"`
	Channel  Channel           `json:"channel"`
	Scale    Scale             `json:"scale"`
	Services []EnrolledService `json:"services"` // The first is the default.
	Since    time.Time         `json:"since"`    // Votes cast before are late_clock.
	Test     bool              `json:"test,omitempty"`
	Ordinal  uint32            `json:"ordinal"` // Position among the comune's terminals, from 0.
	Slot     Slot              `json:"slot"`
	Revoked  bool              `json:"revoked,omitempty"`

	// Closed is when the terminal was closed; zero where it was not. It is told by a
	// record of its own, a Closure. Votes that were cast before are still taken.
	Closed time.Time `json:"-"`
}

// EnrolledServicesMax is the most services one terminal offers.
const EnrolledServicesMax = 64

// Service returns the number of the service with the given code.
func (e *Enrolment) Service(code []byte) (ServiceID, bool) {
	for i := range e.Services {
		if e.Services[i].Code == string(code) {
			return e.Services[i].ID, true
		}
	}
	return ServiceUnspecified, false
}

// DefaultService returns the service of a vote that names none.
func (e *Enrolment) DefaultService() ServiceID { return e.Services[0].ID }

// DeviceMax is the most bytes of Enrolment.Device: a UUID as text.
const DeviceMax = 36

// Validate refuses an enrolment that ingest could not serve.
func (e *Enrolment) Validate() error {
	if len(e.Services) == 0 || len(e.Services) > EnrolledServicesMax {
		return fmt.Errorf("terminal %v: %d services: want 1 to %d", e.Terminal, len(e.Services), EnrolledServicesMax)
	}
	if e.Slot >= Slots || e.Scale.Max() == 0 || !slices.Contains(Channels(), e.Channel) || e.Comune == 0 {
		return fmt.Errorf("terminal %v: comune %v, channel %v, scale %v, slot %d: out of range", e.Terminal, e.Comune, e.Channel, e.Scale, e.Slot)
	}
	if _, err := ParseOffice(string(e.Office)); err != nil {
		return fmt.Errorf("terminal %v: %w", e.Terminal, err)
	}
	if e.Body != "" {
		if _, err := ParseBody(string(e.Body)); err != nil {
			return fmt.Errorf("terminal %v: %w", e.Terminal, err)
		}
	}
	if len(e.Device) > DeviceMax {
		return fmt.Errorf("terminal %v: device of %d bytes: want at most %d", e.Terminal, len(e.Device), DeviceMax)
	}
	return nil
}

// The keys of the registry topic are a kind, a slash and an id.
const (
	terminalKeyPrefix  = "terminal/"
	revokedKeyPrefix   = "revoked/"
	closedKeyPrefix    = "closed/"
	rulesKeyPrefix     = "rules/"
	streamKeyKeyPrefix = "stream-key/"

	AnnotationKeyPrefix  = "annotation/" // What is noted beside figures: see package annotation.
	BodyKeyPrefix        = "body/"       // Bodies, orders and claims: see package network.
	OrderKeyPrefix       = "order/"
	ClaimKeyPrefix       = "claim/"
	SiteKeyPrefix        = "site/" // Sources that keep no state: see package source.
	IntegrationKeyPrefix = "integration/"
	DeviceKeyPrefix      = "device/"
)

// RegistryRecord returns the key and value under which the registry topic keeps e.
func (e *Enrolment) RegistryRecord() (key string, value []byte, err error) {
	if err := e.Validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(e)
	return terminalKeyPrefix + e.Terminal.String(), value, err
}

// A Revocation ends a terminal, for good. It has a key of its own on the registry
// topic: whoever gives the terminal a new token at the same moment writes the
// enrolment as it was before. The key says it all; the rest is for people.
type Revocation struct {
	Terminal TerminalID `json:"terminal"`
	At       time.Time  `json:"at"`
	By       By         `json:"by,omitempty"`
}

// RegistryRecord returns the key and value under which the registry topic keeps r.
func (r Revocation) RegistryRecord() (key string, value []byte, err error) {
	value, err = json.Marshal(r)
	return revokedKeyPrefix + r.Terminal.String(), value, err
}

// A Closure ends a terminal that was moved or is broken: what it still holds of
// votes cast before is taken. The one that is read last holds. It has a key of its
// own for the reason that a Revocation has.
type Closure struct {
	Terminal TerminalID `json:"terminal"`
	At       time.Time  `json:"at"`
	By       By         `json:"by,omitempty"`
}

// RegistryRecord returns the key and value under which the registry topic keeps c.
func (c Closure) RegistryRecord() (key string, value []byte, err error) {
	if c.At.IsZero() {
		return "", nil, fmt.Errorf("terminal %v: closed, and no time: want when", c.Terminal)
	}
	value, err = json.Marshal(c)
	return closedKeyPrefix + c.Terminal.String(), value, err
}

// An Enrolled is what enrolment hands out: the only time that a token is seen.
type Enrolled struct {
	Terminal TerminalID `json:"terminal"`
	Token    string     `json:"token"`
}
