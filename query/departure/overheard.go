package departure

import (
	"bytes"
	"net/http"
)

// An Overheard answer is one that another handler gives, kept. Used by one goroutine.
type Overheard struct {
	Head http.Header
	Code int // 0: none was given.
	Body bytes.Buffer
}

// NewOverheard returns one that nobody has given yet.
func NewOverheard() *Overheard { return &Overheard{Head: make(http.Header)} }

// Header returns the headers of the answer.
func (a *Overheard) Header() http.Header { return a.Head }

// WriteHeader keeps the first status.
func (a *Overheard) WriteHeader(code int) {
	if a.Code == 0 {
		a.Code = code
	}
}

// Write keeps a part of the answer.
func (a *Overheard) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.Body.Write(p) //nolint:wrapcheck // To memory: never fails.
}
