package question

import "fmt"

// An Error is what is wrong with a question: the sender's to mend.
type Error struct {
	Parameter string // The parameter that is wrong; "" of all together.
	Detail    string // What is wrong, and what is wanted.
	TooMuch   bool   // It is not wrong, but its answer would be too large.
	Missing   bool   // It is the name of something that is not there.
}

// Error says what is wrong.
func (e *Error) Error() string {
	if e.Parameter == "" {
		return e.Detail
	}
	return e.Parameter + ": " + e.Detail
}

// wrong is the error of the parameter name.
func wrong(name, format string, args ...any) *Error {
	return &Error{Parameter: name, Detail: fmt.Sprintf(format, args...)}
}

// tooMuch is the error of a question whose answer would be too large.
func tooMuch(name, format string, args ...any) *Error {
	return &Error{Parameter: name, Detail: fmt.Sprintf(format, args...), TooMuch: true}
}
