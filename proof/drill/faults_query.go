package drill

func answerFaults() []fault {
	const pkg, suite = "query", "TestEmbeddedEngineIsAStore"
	reply := site{"query/reply.go", pkg}
	body := site{"query/departure/body.go", "query/departure"}
	read := site{"aggregate/store/read.go", "aggregate/store"}
	rows := site{"schema/sql/queries/stats.sql", "aggregate/store"}
	ledger := site{"schema/sql/migrations/00002_segment_ledger.sql", "aggregate/store"}
	return []fault{
		reply.fault("the ledger is read after the rows", "TestStatsReadTheLedgerBeforeTheRows", "a := &answered{table: table, excluded: counts.Excluded, view: c.view}",
			"a := &answered{table: table, excluded: counts.Excluded, view: c.view}\n\tif again, err := c.s.readTallies(context.Background()); err == nil {\n\t\ta.view = &question.StoreView{Totals: again.totals}\n\t}"),
		site{"query/server.go", pkg}.fault("readers are kept to the end", "TestDismissedPeersComeBackOnNewConnections", "if s.dismissing.Load() {", "if s.dismissing.Load() && w == nil {"),
		reply.fault("dear questions stand among the others", "TestDearQuestionsHaveTheirOwnPlace|TestWideQuestionsLeaveRoom",
			"return c.within(ctx, s.wide, answer)", "return c.within(ctx, s.narrow, answer)"),
		site{"query/flight/flight.go", "query/flight"}.fault("the first who leaves ends it for all", "TestAFlightEndsWithTheLastWhoWaits",
			"if f.waiters--; f.waiters == 0 {", "if f.waiters--; f.waiters >= 0 {"),
		site{"query/flight/flight.go", "query/flight"}.fault("each waits for a store that hangs", "TestRelayTellsOfFailuresOnce",
			"next != nil && f.err != nil && f.ctx.Err() == nil", "next != nil && f.err != nil && f.ctx == nil"),
		body.fault("slow readers have no budget", "TestAnswersOnTheirWayHaveABudget", "if !budget.take(b.held()) {", "if !budget.take(0) {"),
		body.fault("slow readers have no end", "TestSlowReadersHaveAnEnd", "if c.last.Before(deadline) {", "if c.last.IsZero() {"),
		reply.fault("a kept answer says how far the counts were", "TestAnswersAreKept", "return m.asOf(s.moment(view), position), nil", "return m.Body, nil"),
		reply.fault("answers of the store have the tag of all processes", "TestTagsAreThoseOfAllProcesses", "	if isNamedByContent(view) {\n\t\tby = s.maker", "	if true {\n\t\tby = s.maker"),
		site{"query/departure/kept.go", "query/departure"}.fault("what is kept has no limit", "TestWhatIsKeptHasALimit", "for k.bytes+bytes > k.max {", "for k.bytes+bytes > 9*k.max {"),
		read.fault("a frozen store is waited for", "TestASilentServerIsToldSoon", "time.AfterFunc(l.silence,", "time.AfterFunc(9*l.silence,"),
		read.fault("a slow store is taken for a frozen one", "TestASlowServerIsNotSilent", "{ heard() })), text)", "{})), text)"),
		rows.fault("votes left out are not told", suite+"/votes_of_classes", "NOT asked AND class = 2", "asked AND class = 2"),
		ledger.fault("any count of quarantined votes wins", suite+"/the_ledger_joins", "quarantined SimpleAggregateFunction(max,", "quarantined SimpleAggregateFunction(any,"),
		ledger.fault("any ingest time wins", suite+"/the_ledger_joins", "newest      SimpleAggregateFunction(max,", "newest      SimpleAggregateFunction(any,"),
	}
}

// figureFaults are in what endpoints answer.
func figureFaults() []fault {
	const pkg = "query"
	trend, heatmap := site{"query/answer/trend.go", pkg}, site{"query/answer/heatmap.go", pkg}
	ranking, compare := site{"query/answer/ranking.go", pkg}, site{"query/answer/compare.go", pkg}
	return []fault{
		trend.fault("steps that have not begun are drawn", "TestTrendAddsUp", "return s.From > now })", "return s.From > now+9000 })"),
		trend.fault("a step of the other time stands beside the next", "TestTrendCompares", "then[at] = stroke{values,", "then[len(then)-1-at] = stroke{values,"),
		heatmap.fault("an hour that is there twice is one", "TestHeatmap", "s.HourOfDay+int(hour-s.First))]++", "s.HourOfDay+int(hour-s.First))] = 1"),
		ranking.fault("filters of places are filters of the reference", "TestRanking", "return d.Name == name && (d.Of == question.OfComune", "return d.Name == name+\"s\" && (d.Of == question.OfComune"),
		ranking.fault("all are held against the first reference", "TestRanking", "if len(l.nations.Columns) == 0 {", "if i >= 0 {"),
		site{"query/answer/ranking_change.go", pkg}.fault("who had few votes before fell most", "TestRankingTellsChanges", "m.then.n < least ||", "m.then.n == 0 ||"),
		compare.fault("each is standardised by all", "TestCompareTellsTheMix", "c.mix == mixAll || c.mix == s.letter", "c.mix != \"\""),
		site{"query/answer/reasons.go", pkg}.fault("a reason's share is of all votes", "TestReasonsAddUp", "figures.Share(m.causes[i].n, m.answered,", "figures.Share(m.causes[i].n, m.n,"),
		site{"query/answer/answer.go", pkg}.fault("settled answers age", "TestAnswersOfSettledTimeStay", "return last+settledAfter <= q.Now", "return last > q.Now+settledAfter"),
		site{"query/question/question.go", "query/question"}.fault("places within places are disjoint", "TestDisjointQuestionsShareNoVote",
			"return slices.Contains(other.provinces, c.Province())", "return len(other.provinces) == 0"),
	}
}
