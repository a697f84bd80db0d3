// Package held says in what the tables of a store are other than they must be.
//
// It knows tables and verdicts. It must not know how either came to be.
package held

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"mlf/aggregate/store/model"
	"mlf/proof/sim/verdict"
	"mlf/schema"
	"mlf/schema/presence"
)

// Differences compares what a store has with what one undisturbed count of its log has:
// nil where it is the same.
func Differences(got, want *model.Tables) error {
	var errs []error
	for k, r := range want.Rollups {
		if g := got.Rollups[k]; g.Values != r.Values || !slices.Equal(g.Reasons, r.Reasons) {
			errs = append(errs, fmt.Errorf("cell %+v: got %v %v, want %v %v", k, g.Values, g.Reasons, r.Values, r.Reasons))
		}
	}
	for k, r := range want.Ledger {
		if g := got.Ledger[k]; g != r {
			errs = append(errs, fmt.Errorf("ledger: got %+v, want %+v", g, r))
		}
	}
	for k, m := range want.Marks {
		g := got.Marks[k]
		g.Offset = m.Offset // A state that has not changed keeps the offset of its last change.
		if !reflect.DeepEqual(g, m) {
			errs = append(errs, fmt.Errorf("watermark: got %+v, want %+v", g, m))
		}
	}
	if len(got.Rollups) != len(want.Rollups) || len(got.Marks) != len(want.Marks) {
		errs = append(errs, fmt.Errorf("got %d cells and %d watermarks, want %d and %d", len(got.Rollups), len(got.Marks), len(want.Rollups), len(want.Marks)))
	}
	return errors.Join(errs...)
}

// Presence compares when terminals voted, as a store has it, with the votes that count, of
// all partitions; and holds it to say that it knows that since the beginning of the log.
func Presence(got *model.Tables, partitions int, want ...verdict.Days) error {
	var errs []error
	all := make(map[model.DayKey]presence.TerminalDay)
	for _, days := range want {
		for k, votes := range days {
			row := presence.TerminalDay{Terminal: k.Terminal, Day: k.Day, First: votes[0].Cast, Last: votes[0].Cast}
			for _, v := range votes {
				row.First, row.Last, row.Ingested = min(row.First, v.Cast), max(row.Last, v.Cast), max(row.Ingested, v.Ingested)
			}
			all[model.DayKey{Terminal: k.Terminal, Day: k.Day}] = row
		}
	}
	for k, row := range all {
		if got.Days[k] != row {
			errs = append(errs, fmt.Errorf("day of a terminal: got %+v, want %+v", got.Days[k], row))
		}
	}
	if len(got.Days) != len(all) {
		errs = append(errs, fmt.Errorf("got %d days of terminals, want %d", len(got.Days), len(all)))
	}
	for p := range partitions {
		a := got.Present(schema.Partition(p))
		if from, _ := a.KnownSince(); from != 0 {
			errs = append(errs, fmt.Errorf("days of terminals are known from %d on: want from the beginning, of %+v", from, a))
		}
	}
	return errors.Join(errs...)
}
