package drill

// presenceFaults are of when terminals voted, and of since when that is known.
func presenceFaults() []fault {
	const specified, told, known = "TestWhenTerminalsVoted", "TestOfWhichRecordsDaysAreTold", "TestKnownSince"
	const storePackage, suite = "aggregate/store", "TestEmbeddedEngineIsAStore/days_of"
	fold, days := site{"aggregate/fold/fold.go", foldPackage}, site{"aggregate/fold/presence.go", foldPackage}
	keys, counters := site{"aggregate/fold/keys.go", foldPackage}, site{"aggregate/fold/counters.go", foldPackage}
	account := site{"schema/presence/presence.go", "schema/presence"}
	flush := site{"aggregate/flush.go", aggregatePackage}
	last := site{"schema/sql/queries/last_votes.sql", storePackage}
	figures := site{"query/network/answer.go", "query/network"}
	reader := site{"query/seen/seen.go", "query/seen"}
	return []fault{
		fold.fault("only the last day of a record", specified, "f.saw(s.of, &seen)\n\t\t\t\tseen.begin(v.At)", "seen.begin(v.At)"),
		fold.fault("days of a record are one", specified, "presence.DayOf(v.At) != seen.day {", "presence.DayOf(v.At) > seen.day {"),
		fold.fault("the first vote of a cell alone", specified, "\t\tseen.extend(v.At)\n", "\n"),
		days.fault("the last vote is the one that came last", specified, "max(s.last, at) }", "at }"),
		days.fault("when it was counted, not when it came", specified, "Ingested: f.ingested}", "Ingested: f.newest}"),
		days.fault("days that were told stay", specified, "if t.days = t.days[:0]; cap(t.days) > daysKept {", "if cap(t.days) > daysKept {"),
		keys.fault("sources are never seen", specified, "\t\t\tf.sawSource(b.Terminal, v.At)\n", "\n"),
		counters.fault("a reading without votes is a vote", specified, "if sum(added) > 0 {", "if sum(added) >= 0 {"),
		account.fault("the first vote of rows that are merged", "TestDaysOfTerminalsAreMerged", "min(d.First, e.First)", "d.First"),
		site{"aggregate/fold/checkpoint_read.go", foldPackage}.fault("a fold from a checkpoint knows all", told, "f.first, f.from = next, segment, first, next", "f.first, f.from = next, segment, first, 0"),
		fold.fault("known since the last record", told, "if f.since == 0 {\n\t\tf.since = f.ingested", "if f.ingested != 0 {\n\t\tf.since = f.ingested"),
		account.fault("a hole is passed over", known, "r.From < from && r.Next >= from {", "r.From < from {"),
		account.fault("what an older worker counts now is known", known, "from, since = a.Next, a.Newest", "from, since = 1<<62, a.Newest\n\tfor _, r := range a.Runs {\n\t\tfrom, since = min(from, r.Next), r.Since\n\t}"),
		account.fault("nothing has come since, and all is known", known, "case since == 0:\n\t\tsince = a.Newest", "case since < 0:\n\t\tsince = a.Newest"),
		account.fault("one partition is known, so all are", "TestKnownSinceOfAll", "since = max(since, of)", "since = of"),
		flush.fault("days are not written", "TestStepsWaitForEachOther", "if len(days) > 0 {", "if len(days) < 0 {"),
		flush.fault("the ledger does not wait for days", "TestStepsWaitForEachOther", "return f.failed(\"days\", err)", "_ = f.failed(\"days\", err)"),
		last.fault("a vote after the time hides those before", suite, "max(if(last_cast < {until:Int64}, last_cast, first_cast))", "max(last_cast)"),
		last.fault("a vote at the time is before it", suite, "first_cast < {until:Int64}", "first_cast <= {until:Int64}"),
		site{"schema/sql/migrations/00018_terminal_day.sql", storePackage}.fault("the first vote of a day is the last", suite, "SimpleAggregateFunction(min, Int64)", "SimpleAggregateFunction(max, Int64)"),
		site{"schema/sql/migrations/00019_segment_presence.sql", storePackage}.fault("runs are added up", "TestEmbeddedEngineIsAStore/of_which_records", "present_next  SimpleAggregateFunction(maxMap,", "present_next  SimpleAggregateFunction(sumMap,"),
		figures.fault("who may have voted is silent", "TestWhatIsNotKnownIsNotSaid", "return s.Since.IsZero() || !", "return true || !"),
		figures.fault("clocks are never apart", "TestWhatIsNotKnownIsNotSaid", "s.Since.Add(clocksApart)", "s.Since.Add(0)"),
		figures.fault("who beat later was silent", "TestWhatIsNotKnownIsNotSaid", "seen.Signs && total.unsure == 0", "seen.Signs"),
		reader.fault("a sign of later is none", "TestSeenAsOfADay", "of.Later = true", "of.Later = false"),
		reader.fault("what came late is never read", "TestOneReadsForAll", "r.wholeDue = now.Add(wholeEvery)", "r.wholeDue = now.AddDate(1, 0, 0)"),
		reader.fault("everything is read each time", "TestOneReadsForAll", "from = schema.InstantOf(before.Add(-overlap))", "from = 0 * schema.InstantOf(before)"),
	}
}
