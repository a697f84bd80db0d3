// Package setup is what every measurement of mlf begins with: flags, where it prints,
// and a broker in a process of its own.
//
// It knows the embedded broker and how processes begin and end. It must not know what
// is measured.
package setup

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"

	"mlf/bench/measure"
)

// Parts are what a measurement may use of the process that it runs in.
type Parts struct {
	Stdout io.Writer // For results.
	Stderr io.Writer // For progress.
	Log    *slog.Logger
}

// Flags are those of every measurement.
type Flags struct {
	Runs int    `default:"5" help:"Rounds in which the subjects take turns; medians are given. Below 5 they say little."`
	JSON string `name:"json" placeholder:"FILE" help:"Write the report there as JSON, too, with every run; -: on standard output, instead of the table."`
}

// Print prints a report in the form that was asked for.
func (f *Flags) Print(w io.Writer, r *measure.Report) error {
	switch f.JSON {
	case "":
		return r.Print(w)
	case "-":
		return r.JSON(w)
	}
	var text bytes.Buffer
	if err := r.JSON(&text); err != nil {
		return err
	}
	return errors.Join(r.Print(w), os.WriteFile(f.JSON, text.Bytes(), 0o644))
}
