package drill

func flushFaults() []fault {
	flush := site{"aggregate/flush.go", aggregatePackage}
	worker := site{"aggregate/worker.go", aggregatePackage}
	states := site{"aggregate/states.go", aggregatePackage}
	const order = "TestStepsWaitForEachOther"
	return []fault{
		flush.fault("a failed flush drops its rows", order, "if err := f.land(ctx, f.flight); err != nil {", "if err := f.land(ctx, f.flight); err != nil {\n\t\t\tf.flight = nil"),
		flush.fault("ledger before rollups", order, "if err := f.writeRollups(ctx, fl); err != nil {\n\t\treturn err\n\t}\n",
			"unwritten := f.writeRollups(ctx, fl)\n\tdefer func() { _ = unwritten }()\n"),
		flush.fault("checkpoint before its rows", order, "if f.flight != nil {\n\t\tif err := f.land(",
			"if f.flight != nil {\n\t\tfor _, part := range f.flight.parts {\n\t\t\tif part.prepared != nil {\n\t\t\t\tf.waiting[part.w] = &written{prepared: *part.prepared}\n\t\t\t}\n\t\t}\n"+
				"\t\tif err := f.keepCheckpoints(ctx); err != nil {\n\t\t\treturn err\n\t\t}\n\t\tif err := f.land("),
		flush.fault("ledger's error is success", order, "return f.failed(\"ledger\", err)", "_ = f.failed(\"ledger\", err)"),
		flush.fault("a chunk's error is success", order, "return f.failed(\"rollups\", err)", "_ = f.failed(\"rollups\", err)"),
		flush.fault("two logs in one store", "TestTwoLogsInOneStore", "return c != row.Chain })", "return c != row.Chain && len(chains) > 2 })"),
		worker.fault("rows of another log are written", "TestTwoLogsInOneStore", "if errors.Is(err, fold.ErrOtherLog) {\n\t\tw.forget()", "if errors.Is(err, fold.ErrOtherLog) && first && !first {\n\t\tw.forget()"),
		site{"aggregate/fold/rows.go", foldPackage}.fault("closed segments are not told", "TestScenarios", "rows.Ledger = append(rows.Ledger, f.closed...)\n", ""),
		flush.fault("one checkpoint stops the others", "TestOneCheckpointHarmsNoOther", "p.due = f.a.cfg.Now().Add(p.pause.next(f.a.cfg.CheckpointEvery))\n\t\t\tcontinue", "p.due = f.a.cfg.Now().Add(p.pause.next(f.a.cfg.CheckpointEvery))\n\t\t\treturn failures"),
		flush.fault("a refused checkpoint is tried all the time", "TestOneCheckpointHarmsNoOther", "p.due = f.a.cfg.Now().Add(p.pause.next(f.a.cfg.CheckpointEvery))", "p.due = f.a.cfg.Now()"),
		flush.fault("states wait for rows", "TestACountThatStandsStillSaysSo", "return errors.Join(err, f.tellStates(ctx))", "return err"),
		states.fault("rows that wait are no standstill", "TestACountThatStandsStillSaysSo", "case !m.waiting.IsZero() && now.Sub(m.waiting) > most:", "case !m.waiting.IsZero() && now.Sub(m.waiting) < 0:"),
		states.fault("a silent log is no standstill", "TestACountThatStandsStillSaysSo", "case now.Sub(m.read) > most:", "case now.Sub(m.read) < 0:"),
		site{"aggregate/gauges.go", aggregatePackage}.fault("lag is of what was folded", "TestGaugesAreTrueWhileAStoreIsFrozen", "w.fold.Next())-w.way.flushed)", "w.fold.Next())-w.fold.Next())"),
		site{"aggregate/way.go", aggregatePackage}.fault("what is in the air has no age", "TestGaugesAreTrueWhileAStoreIsFrozen", "return older(y.flying, y.waiting)", "return y.waiting"),
		site{"query/uncounted/uncounted.go", "query/uncounted"}.fault("an age that nobody tells is none", "TestWhatNobodyCountsIsSeen", "at.bounds.Next); ok {\n\t\tat.oldest", "at.bounds.Next); true || ok {\n\t\tat.oldest"),
		worker.fault("no room is waited for", "TestStoreAway", "if err := w.room(ctx); err != nil {", "if err := ctx.Err(); err != nil {"),
	}
}

func checkpointFaults() []fault {
	write := site{"aggregate/fold/checkpoint.go", foldPackage}
	read := site{"aggregate/fold/checkpoint_read.go", foldPackage}
	keep, kept := site{"aggregate/store/spare/spare.go", "aggregate/store/spare"}, site{"aggregate/store/checkpoint.go", "aggregate/store"}
	const cuts, rule = "TestCutsDoNotMatter", "TestSurplus"
	return []fault{
		write.fault("checkpoint without contents", cuts, "dst = append(dst, byte(s.contents[q%ContentsKept]))", "_ = q\n\t\tdst = append(dst, byte(contentVoided))"),
		write.fault("checkpoint without pace", cuts, "case s.paced:", "case s.paced && s.lastAt < 0:"),
		write.fault("checkpoint without wall clock", "TestScenarios", "case s.paced && s.lastWall != 0:", "case s.paced && s.lastWall < 0:"),
		read.fault("account is not checked", "TestOpenRefusesAnAccountOfOtherVotes", "if r.err == nil && counted != f.tally.Counted {", "if r.err == nil && counted > 1<<62 {"),
		keep.fault("one checkpoint is enough", rule, "const newestKept = 4", "const newestKept = 1"),
		keep.fault("the one just written is dropped", rule, "keep := map[checkpointKey]bool{keyOf(written): true}", "keep := map[checkpointKey]bool{}"),
		keep.fault("none grows old", rule, "for _, i := range []int{youngest, oldest} {", "for _, i := range []int{youngest} {"),
		keep.fault("ages from the one just written", rule, "infos[0].Taken.Add(-age)", "written.Taken.Add(-age)"),
		keep.fault("none of 15 minutes", rule, "{15 * time.Minute, time.Hour, 24 * time.Hour}", "{time.Hour, 24 * time.Hour}"),
		kept.fault("a damaged checkpoint hides the others", "TestADamagedDisk", "if damaged(err) {\n\t\treturn s.sound", "if damaged(err) && ctx == nil {\n\t\treturn s.sound"),
		kept.fault("checksum of a payload", "TestEmbeddedEngineIsAStore/a_damaged_checkpoint", "if sha256.Sum256(c.Payload) != info.SHA256 {", "if sha256.Sum256(c.Payload) != info.SHA256 && len(c.Payload) < 0 {"),
		site{"schema/sql/queries/checkpoints.sql", kept.pkg}.fault("checkpoint without a chunk", "TestEmbeddedEngineIsAStore/a_damaged_checkpoint",
			"uniqExact(chunk) < chunks AS torn", "false AS torn"),
	}
}

func readFaults() []fault {
	const pkg, suite = "aggregate/store", "TestEmbeddedEngineIsAStore"
	stats := site{"schema/sql/queries/stats.sql", pkg}
	ledger := site{"schema/sql/queries/ledger.sql", pkg}
	mark := site{"schema/sql/queries/watermark.sql", pkg}
	return []fault{
		stats.fault("read without FINAL", suite+"/rows_repeated", "FROM votes_rollup FINAL", "FROM votes_rollup"),
		ledger.fault("open and closed segments add up", suite+"/the_ledger_joins", "max(counted) AS counted_max", "sum(counted) AS counted_max"),
		mark.fault("oldest watermark", suite+"/of_a_stream", "ORDER BY offset DESC", "ORDER BY offset"),
		site{"schema/sql/queries/chains.sql", pkg}.fault("open segments are histories", suite+"/two_chains", " AND chain != toFixedString('', 32)", ""),
	}
}

func tableFaults() []fault {
	const pkg, suite = "aggregate/store", "TestEmbeddedEngineIsAStore"
	const durable, buffered = "TestWritesAreDurable", "TestInsertsAreNeitherBufferedNorDropped"
	rollup := site{"schema/sql/migrations/00001_votes_rollup.sql", pkg}
	dsn := site{"aggregate/store/dsn.go", pkg}
	return []fault{
		rollup.fault("rows add up", suite+"/rows_repeated", "v3        SimpleAggregateFunction(max, UInt64)", "v3        SimpleAggregateFunction(sum, UInt64)"),
		rollup.fault("the last row wins", suite+"/rows_repeated", "v3        SimpleAggregateFunction(max, UInt64)", "v3        SimpleAggregateFunction(anyLast, UInt64)"),
		rollup.fault("reasons add up", suite+"/reasons_are", "SimpleAggregateFunction(maxMap,", "SimpleAggregateFunction(sumMap,"),
		rollup.fault("segments share a row", suite+"/rows_repeated", "class, hour, partition, segment)", "class, hour, partition)"),
		site{"schema/sql/migrations/00002_segment_ledger.sql", pkg}.fault("chain outside the key", suite+"/two_chains", "ORDER BY (partition, segment, chain)", "ORDER BY (partition, segment)"),
		site{"schema/sql/migrations/00003_terminal_watermark.sql", pkg}.fault("last watermark wins", suite+"/of_a_stream", "ReplacingMergeTree(offset)", "ReplacingMergeTree"),
		rollup.fault("rows are not synced", durable, "fsync_after_insert = 1", "fsync_after_insert = 0"),
		rollup.fault("merges are not synced", durable, "min_rows_to_fsync_after_merge = 1,", "min_rows_to_fsync_after_merge = 0,"),
		site{"schema/sql/migrations/00004_checkpoint.sql", pkg}.fault("checkpoints are not synced", durable, "fsync_part_directory = 1", "fsync_part_directory = 0"),
		dsn.fault("inserts wait in a buffer", buffered, `opt.Settings["async_insert"] = 0`, `opt.Settings["async_insert"] = 1`),
		dsn.fault("repeated inserts are dropped", buffered, `opt.Settings["insert_deduplicate"] = 0`, `opt.Settings["insert_deduplicate"] = 1`),
	}
}
