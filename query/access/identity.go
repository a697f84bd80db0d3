package access

import (
	"net/http"
	"slices"
	"time"

	"mlf/schema"
)

// A Role is what somebody may read. A higher one may read all that a lower one may.
type Role uint8

// The roles.
const (
	Public   Role = iota // Whoever sends no token: what is published.
	Body                 // An administration: what is its own, exactly.
	Analyst              // All counts, exactly.
	Operator             // All counts, and the state of the service.
)

// String returns the name of r.
func (r Role) String() string {
	switch r {
	case Body:
		return "body"
	case Analyst:
		return "analyst"
	case Operator:
		return "operator"
	default:
		return "public"
	}
}

// An Identity is who asks. Its zero value is the public.
type Identity struct {
	Role    Role
	Subject string    // Who the issuer says it is, at most subjectMax bytes; "" for the public.
	Own     Own       // Of a body; empty for all others.
	Expires time.Time // When the token does; zero for the public.
}

// Require refuses, with 403, whoever has a lower role than least.
func (id Identity) Require(least Role) error {
	if id.Role >= least {
		return nil
	}
	if id.Role == Public {
		return &Refusal{Status: http.StatusUnauthorized, Detail: "send a token"}
	}
	return forbidden("the token's role may not read this")
}

// Own is what a body calls its own: its comuni are those of the token and those that its
// bodies are. Votes are its own where their comune is among Comuni,
// and their office and service are among Offices and Services, where those name any.
// Lists are ascending, each entry once.
type Own struct {
	Comuni    []schema.ComuneID
	Offices   []schema.OfficeCode
	Services  []schema.ServiceID
	Terminals []schema.TerminalID // Whose state it may read, besides those of its comuni.
	Bodies    []schema.BodyCode   // Whose terminals, claims and orders it looks after.
}

// Holds tells whether votes of a comune, office and service are o's own.
func (o *Own) Holds(c schema.ComuneID, office schema.OfficeCode, s schema.ServiceID) bool {
	return among(o.Comuni, c) &&
		(len(o.Offices) == 0 || among(o.Offices, office)) &&
		(len(o.Services) == 0 || among(o.Services, s))
}

func among[T ~uint16 | ~uint32 | ~string](list []T, x T) bool {
	_, found := slices.BinarySearch(list, x)
	return found
}
