package tool

import (
	"io"
	"log/slog"
)

// A Console is what a command may use of the world around it.
type Console struct {
	Stdout io.Writer
	Stderr io.Writer
	Log    *slog.Logger
}

// A UsageError is the caller's fault, found after the flags were parsed: exit code 2.
type UsageError struct{ Err error }

// Error returns what Err says.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e UsageError) Unwrap() error { return e.Err }
