package drill

// publicFaults are of what may be published.
func publicFaults() []fault {
	cut := site{"query/disclosure/cut.go", "query/disclosure"}
	sieve := site{"query/disclosure/sieve.go", "query/disclosure"}
	settle := site{"query/disclosure/settle.go", "query/disclosure"}
	vintage := site{"query/disclosure/vintage.go", "query/disclosure"}
	shelf := site{"query/disclosure/shelf.go", "query/disclosure"}
	decide := site{"query/disclosure/mirror/decide.go", "query/disclosure/mirror"}
	return []fault{
		decide.fault("shown before all databases have it", "TestWhatIsNotEverywhereIsNotShown", "if len(lack) > 0 || waits {", "if len(lack) > len(looks) || waits {"),
		decide.fault("a database that is away is not waited for", "TestWhatIsNotEverywhereIsNotShown", "			waits = true\n			continue", "			continue"),
		decide.fault("new lots where another database has others", "TestTwoThatContradictEachOther", "if r != nil && r.Attempt != theirs.Attempt {", "if r != nil && r.Number != theirs.Number {"),
		decide.fault("a new database is not told what there is", "TestADatabaseThatIsNew", "if l.err == nil && !l.marked(r) {", "if l.err == nil && !l.marked(r) && l.rows(r) != 0 {"),
		site{"query/disclosure/mirror/ledger.go", decide.pkg}.fault("published while a database has half of it", "TestADatabaseThatIsNew", "if looks[k].rows(&s.held[i]) == 0 {", "if looks[k].rows(&s.held[i]) == 0 && k > len(looks) {"),
		site{"query/disclosure/mirror/transfer.go", decide.pkg}.fault("a copy without what was taken", "TestWhatIsShownIsInEveryDatabase", "		if err := t.copyTaken(ctx, q); err != nil {", "		if t.taken = t.release.Taken; t.lots > 1<<40 {"),
		cut.fault("a lot of fewer votes than the threshold", "TestReleases", "if n < c.rules.k() {", "if n+1 < c.rules.k() {"),
		cut.fault("what was published is published again", "TestReleases", "subtract(counted, taken)\n", "subtract(counted, nil)\n"),
		cut.fault("published from counts that fell", "TestCountsThatFellPublishNothing", "if t < len(taken) {", "if t > len(taken) {"),
		cut.fault("late votes among others", "TestLateVotesAreLotsOfTheirOwn", "v.late = c.closedBefore || known && v.Day <= swept", "v.late = known && swept < 0"),
		cut.fault("votes of one value are not held back", "TestHeldLotsGoOnToAnother", "return !c.rules.Hold || !slices.Contains(sum[:], n)", "return n > 0 || !slices.Contains(sum[:], n)"),
		site{"query/disclosure/offices.go", "query/disclosure"}.fault("an office alone among the unnamed", "TestCut",
			"if of.unnamed == 1 &&", "if of.unnamed == 99 &&"),
		sieve.fault("a lot in one of the rows that it straddles", "TestAnswersAreWhatLabelsSay", "if p == q {", "if p == q || p.fate == within {"),
		site{"query/disclosure/counts.go", "query/disclosure"}.fault("a lot in the row of its first day", "TestAnswersAreWhatLabelsSay",
			"int(last) >= days[first].run {", "int(last) >= len(days) {"),
		site{"query/disclosure/live.go", "query/disclosure"}.fault("live totals to the vote", "TestLiveTotalsAreWholeLots", "return n - n%r.k()", "return n"),
		site{"query/live.go", "query"}.fault("live totals anew for who comes anew", "TestLiveTotalsOfLots", "!at.Equal(s.told.at)", "last == nil || !at.Equal(s.told.at)"),
		site{"query/answer/today/today.go", "query"}.fault("regions with less than a live lot", "TestLiveTotalsOfLots", "if told == 0 {", "if told == 1<<63 {"),
		site{"query/disclosure/collect.go", "query/disclosure"}.fault("votes of other classes are published", "TestReleasesAreWhatCutMakes",
			"Class: onlyOK, Reasons: true,", "Reasons: true,"),
		settle.fault("a header holds at once", "TestSettled", "now.Sub(first.Written) < SettleAfter", "now.Before(first.Written)"),
		settle.fault("the last header holds", "TestSettled", "cmp.Compare(h.Attempt, first.Attempt)) < 0", "cmp.Compare(h.Attempt, first.Attempt)) > 0"),
		settle.fault("a release that goes on from another", "TestSettled", "if h.Previous != previous {", "if h.Previous != previous && previous == 0 {"),
		shelf.fault("a release that is not all there", "TestAShelfKeepsWhatItHas",
			"n != fresh[i].Lots {", "n > fresh[i].Lots {"),
		shelf.fault("lots of two vintages that cannot be told apart", "TestAVintageNeverChanges", "of.vintages, of.release = i,", "of.vintages, of.release = 0*i,"),
		vintage.fault("a vintage with every late vote", "TestVintages", "v.Number > 1 && revises && v.Published", "v.Number > 1 && (revises || v.Number > 1) && v.Published"),
		vintage.fault("later lots in a vintage", "TestAVintageNeverChanges", "b.release <= number {", "b.release <= number+99 {"),
		site{"query/disclosure/turnout.go", "query/disclosure"}.fault("turnout of days of which nothing is known", "TestTurnout",
			"if q.known&l.first == 0 || q.known&l.last == 0 {", "if q.known == 0 {"),
		site{"query/turnout/turnout.go", "query"}.fault("lots of one day against that day's users", "TestABulletinIsFrozen",
			"case r.Frozen != nil:", "case r.Served == nil:"),
		site{"query/bulletin/document.go", "query/bulletin"}.fault("votes that wait to the vote", "TestTables",
			"Waiting: v.Waiting - v.Waiting%uint64(max(1, v.K)),", "Waiting: v.Waiting,"),
	}
}
