package desk

import (
	"fmt"
	"maps"
	"net/http"
	"time"
)

// A Refusal is a problem for the caller.
type Refusal struct {
	Status  int            // 400 to 599.
	Type    string         // What schema.ProblemURN takes: bad-parameter.
	Title   string         // The same for all of Type.
	Detail  string         // What was wrong, and what is wanted. Never a secret that was sent.
	Members map[string]any // Further members; JSON can write them. None of them is one of the above.
	Retry   time.Duration  // For Retry-After, in whole seconds; 0 for none.
	Cause   error          // For the log; nil where the answer says it all.
}

// Error says what is wrong.
func (r *Refusal) Error() string {
	if r.Cause != nil {
		return r.Title + ": " + r.Cause.Error()
	}
	return r.Title + ": " + r.Detail
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// With returns r with one further member.
func (r *Refusal) With(name string, value any) *Refusal {
	more := *r
	more.Members = maps.Clone(r.Members)
	if more.Members == nil {
		more.Members = make(map[string]any)
	}
	more.Members[name] = value
	return &more
}

// Malformed is the refusal of a body that is not of the expected shape.
func Malformed(format string, args ...any) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Type: "malformed-body", Title: "The body is not of the expected shape",
		Detail: fmt.Sprintf(format, args...),
	}
}

// BadMember is the refusal of what a member of a body says.
func BadMember(name, format string, args ...any) *Refusal {
	r := &Refusal{
		Status: http.StatusBadRequest, Type: "bad-member", Title: "A member of the body is missing or wrong",
		Detail: name + ": " + fmt.Sprintf(format, args...),
	}
	return r.With("member", name)
}

// Forbidden is the refusal of what a token gives no right to.
func Forbidden(detail string) *Refusal {
	return &Refusal{Status: http.StatusForbidden, Type: "forbidden", Title: "The token gives no right to this", Detail: detail}
}

// Conflict is the refusal of what does not go with what is there already.
func Conflict(kind, title, detail string) *Refusal {
	return &Refusal{Status: http.StatusConflict, Type: kind, Title: title, Detail: detail}
}

// Unacknowledged is the refusal of a change of which it is not known whether it was
// noted: nobody acknowledged it in time.
func Unacknowledged(cause error) *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Type: "unacknowledged", Title: "It is not known whether this was noted",
		Detail: "the log did not acknowledge it in time; send the same again, which is safe", Retry: 2 * time.Second, Cause: cause,
	}
}

// Loading is the refusal of a process that has just started.
func Loading() *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Type: "loading", Title: "It is still being loaded",
		Detail: "this process is reading bodies, orders and terminals into memory; try again", Retry: 2 * time.Second,
	}
}

// NotFound is the refusal of what is not there, or is others': which of the two is nobody's
// to know.
func NotFound(detail string) *Refusal {
	return &Refusal{Status: http.StatusNotFound, Type: "not-found", Title: "There is nothing here", Detail: detail}
}
