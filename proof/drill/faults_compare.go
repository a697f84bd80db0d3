package drill

func compareFaults() []fault {
	const pkg, each = "aggregate/compare", "TestEachDifferenceIsFound"
	join := site{"aggregate/compare/join.go", pkg}
	open := site{"aggregate/compare/open.go", pkg}
	account := site{"aggregate/compare/account.go", pkg}
	days := site{"aggregate/compare/days.go", pkg}
	const eachDay, grow = "TestEachDayThatDiffersIsFound", "TestCountsAreComparedWhileTheyGrow"
	return []fault{
		days.fault("days that B lacks are equal", eachDay, "if theirs := dayOf(b, &a[i]); theirs == nil || !theirs.Holds(&a[i]) {", "if theirs := dayOf(b, &a[i]); theirs != nil && !theirs.Holds(&a[i]) {"),
		days.fault("days that B has besides are equal", eachDay, "case later == nil || !later.Holds(&b[i]):", "case later != nil && !later.Holds(&b[i]):"),
		days.fault("only the days of A are compared", eachDay, "first, last = min(first, begin), max(last, end)", "_ = end"),
		days.fault("days that come late are differences", grow, "if hold(days, floor) {", "if hold(days, floor) || len(days) >= 0 {"),
		days.fault("days that one does not know are compared", "TestDaysThatOneDoesNotKnowAreNotCompared", "if !some || !r.KnowDays() {", "if !some {"),
		join.fault("what B has after all of A is not compared", each, "for j.a.rows != nil || j.b.rows != nil {", "for j.a.rows != nil {"),
		join.fault("a row of one count alone is equal", each, "if !counts[0].equal(&counts[1]) {", "if !counts[0].equal(&counts[1]) && order == 0 {"),
		join.fault("reasons are not compared", each, "return slices.Equal(keys, otherKeys) && slices.Equal(ns, otherNs)", "return len(keys)+len(otherKeys)+len(ns)+len(otherNs) >= 0"),
		join.fault("rows of a cell are taken as they come", "TestTheOrderWithinACellDoesNotMatter", "slices.SortFunc(rows, func(a, b rowCounts) int { return compareRows(a.Row, b.Row) })", "_ = rows"),
		join.fault("rows out of order are compared", "TestRowsOutOfOrderAreRefused", "if s.cell.Compare(&cell) > 0 {", "if s.cell.Compare(&cell) > 1 {"),
		open.fault("what B lacks is equal", each, "case first.above(b):", "case first.above(b) && b.above(first):"),
		open.fault("what B has too much is equal", each, "case b.above(last):", "case b.above(last) && last.above(b):"),
		open.fault("rows before their account are differences", grow, "err != nil || !rows.falls(reading) {", "err != nil || !rows.falls(reading) || reading > before {"),
		account.fault("accounts are believed", "TestAccountsThatDifferAreFound", "if ours != theirs {", "if ours.Counted != theirs.Counted {"),
		account.fault("chains are believed", "TestAccountsThatDifferAreFound", "if ours != theirs {", "if ours.Tally != theirs.Tally {"),
		account.fault("a count that is behind is compared", "TestACountThatIsBehindIsWaitedFor", "behind(a.position(len(to)), to);", "behind(a.position(len(to)), to[:0]);"),
		site{"schema/rollup.go", pkg}.fault("what comes after a hole is a position", "TestCountsThatCannotBeCompared", "if closed && r.Segment == next {", "if (closed || i >= 0) && r.Segment >= next {"),
	}
}
