package drill

func answerFaults() []fault {
	const pkg, suite = "query", "TestEmbeddedEngineIsAStore"
	reply := site{"query/reply.go", pkg}
	body := site{"query/body.go", pkg}
	read := site{"aggregate/store/read.go", "aggregate/store"}
	rows := site{"schema/sql/queries/stats.sql", "aggregate/store"}
	ledger := site{"schema/sql/migrations/00002_segment_ledger.sql", "aggregate/store"}
	return []fault{
		reply.fault("the ledger is read after the rows", "TestStatsReadTheLedgerBeforeTheRows", "return &answered{table: t, excluded: counts.Excluded, view: c.view}",
			"view := c.view\n\tif again, err := c.s.readTallies(context.Background()); err == nil {\n\t\tview = &question.StoreView{Totals: again}\n\t}\n\treturn &answered{table: t, excluded: counts.Excluded, view: view}"),
		reply.fault("dear questions stand among the others", "TestDearQuestionsHaveTheirOwnPlace|TestWideQuestionsLeaveRoom",
			"return c.within(ctx, s.wide, answer)", "return c.within(ctx, s.narrow, answer)"),
		site{"query/relay.go", pkg}.fault("the first who leaves ends it for all", "TestAFlightEndsWithTheLastWhoWaits",
			"if f.waiters--; f.waiters == 0 {", "if f.waiters--; f.waiters >= 0 {"),
		site{"query/relay.go", pkg}.fault("each waits for a store that hangs", "TestRelayTellsOfFailuresOnce",
			"next != nil && f.err != nil && f.ctx.Err() == nil", "next != nil && f.err != nil && f.ctx == nil"),
		body.fault("slow readers have no budget", "TestAnswersOnTheirWayHaveABudget", "if !budget.TryAcquire(b.held()) {", "if !budget.TryAcquire(0) {"),
		body.fault("slow readers have no end", "TestSlowReadersHaveAnEnd", "if last.Before(deadline) {", "if last.IsZero() {"),
		read.fault("a frozen store is waited for", "TestASilentServerIsToldSoon", "time.AfterFunc(l.silence,", "time.AfterFunc(9*l.silence,"),
		read.fault("a slow store is taken for a frozen one", "TestASlowServerIsNotSilent", "{ heard() })), text)", "{})), text)"),
		rows.fault("votes left out are not told", suite+"/votes_of_classes", "NOT asked AND class = 2", "asked AND class = 2"),
		ledger.fault("any count of quarantined votes wins", suite+"/the_ledger_joins", "quarantined SimpleAggregateFunction(max,", "quarantined SimpleAggregateFunction(any,"),
		ledger.fault("any ingest time wins", suite+"/the_ledger_joins", "newest      SimpleAggregateFunction(max,", "newest      SimpleAggregateFunction(any,"),
	}
}
