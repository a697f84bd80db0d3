package grafana

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// A Look is who asks Prometheus for an expression that is a vector, as of now, and
// returns its values.
type Look func(ctx context.Context, expr string) ([]float64, error)

// An Empty is a series of a panel that has no value.
type Empty struct {
	Dashboard, Panel string
	Expr             string // As it was asked for.
	Needs            Need   // What must be for it to have one.
}

// String returns e as a line.
func (e Empty) String() string {
	line := e.Dashboard + ", " + e.Panel + ": " + e.Expr
	if e.Needs != "" {
		line += " (needs: " + string(e.Needs) + ")"
	}
	return line
}

// Check asks for each expression of all dashboards as Grafana would, with all of its
// variables, rates over rateWindow ("1m"). It returns how many there are, and those
// without any value that is a number. The error is of look, or of an expression that
// Prometheus does not take.
func Check(ctx context.Context, look Look, rateWindow string) (asked int, empty []Empty, err error) {
	filled := strings.NewReplacer("$__rate_interval", rateWindow, "$instance", ".*", "$partition", ".*")
	for _, b := range boards() {
		for _, e := range b.expressions() {
			asked++
			e.Expr = filled.Replace(e.Expr)
			values, failed := look(ctx, e.Expr)
			switch {
			case ctx.Err() != nil:
				return asked, empty, context.Cause(ctx)
			case failed != nil:
				err = errors.Join(err, fmt.Errorf("ask for %s: %w", e, failed))
			case !slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) }):
				empty = append(empty, e)
			}
		}
	}
	return asked, empty, err
}

// Expressions returns what panels ask for, as it is in the files, with where it is.
func Expressions() iter.Seq2[string, string] {
	return func(yield func(where, expr string) bool) {
		for _, b := range boards() {
			for _, e := range b.expressions() {
				if !yield(e.Dashboard+", "+e.Panel, e.Expr) {
					return
				}
			}
		}
	}
}

// expressions are those of panels, then those that the variables' values come from.
func (b *board) expressions() (all []Empty) {
	for _, r := range b.rows {
		for _, p := range r.panels {
			for _, s := range p.series {
				all = append(all, Empty{Dashboard: b.title, Panel: p.title, Expr: b.selected(s.expr), Needs: s.needs})
			}
		}
	}
	if b.instances != "" {
		all = append(all, Empty{Dashboard: b.title, Panel: "variable instance", Expr: `count by (instance) (` + b.instances + `) > 0`})
	}
	return all
}
