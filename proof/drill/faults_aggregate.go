package drill

const (
	aggregatePackage = "aggregate"
	foldPackage      = "aggregate/fold"
)

func foldFaults() []fault {
	fold := site{"aggregate/fold/fold.go", foldPackage}
	spans := site{"aggregate/fold/spans.go", foldPackage}
	stream := site{"aggregate/fold/stream.go", foldPackage}
	const specified, set = "TestScenarios", "TestSpansAreASet"
	return []fault{
		spans.fault("a seq seen is new", set, "return markSeen", "return markNew"),
		spans.fault("spans that meet stay apart", set, "if i+1 < len(set) && set[i+1].First == at.Next {", "if i+1 < len(set) && set[i+1].First == at.Next+1 {"),
		spans.fault("a gap more", specified, "if len(*s) >= most {", "if len(*s) > most {"),
		stream.fault("the last seq again", specified, "s.seen[last].Next != q {\n\t\treturn false\n\t}\n\ts.seen[last].Next++", "q+1 < s.seen[last].Next || q > s.seen[last].Next {\n\t\treturn false\n\t}\n\ts.seen[last].Next = q + 1"),
		stream.fault("quarantined is seen", specified, "case markFull:\n\t\treturn fateQuarantined", "case markFull:\n\t\treturn fateNew"),
		stream.fault("conflicts are duplicates", specified, "if s.remembers(q) && s.contents[q%ContentsKept] != c {", "if s.remembers(q) && s.contents[q%ContentsKept] != c && q == 0 {"),
		stream.fault("contents of other seqs", specified, "func (s *stream) remembers(q schema.Seq) bool { return q+ContentsKept >= s.seen.next() }", "func (s *stream) remembers(schema.Seq) bool { return true }"),
		stream.fault("a quarantined vote leaves its content", specified, "case markFull:\n", "case markFull:\n\t\ts.contents[q%ContentsKept] = c\n"),
		stream.fault("burst window", specified, "after < schema.BurstWindow", "after <= schema.BurstWindow"),
		stream.fault("bursts backwards", specified, "after >= 0 && ", ""),
		stream.fault("bursts on every channel", specified, "return burst && (c == schema.ChannelCounter || c == schema.ChannelTotem)", "return burst"),
		stream.fault("watermark hides gaps", specified, "if sp.First > due {", "if sp.First > due && due == 1 {"),
		stream.fault("watermark without bound", specified, "if len(w.Missing) == schema.MissingMax {", "if len(w.Missing) == schema.MissingMax+1 {"),
		fold.fault("voided is counted", specified, "t.Voided++", "t.Counted++"),
		stream.fault("duplicates are counted", specified, "t.Duplicates++", "t.Counted++"),
		fold.fault("late clocks make bursts", specified, "case v.LateClock:", "case v.LateClock && !s.bursts(b.Channel, v):"),
		fold.fault("slot of another partition", specified, "!= f.partition {\n\t\t// The seqs", "!= f.partition && t.VotesIn == 0 {\n\t\t// The seqs"),
		fold.fault("undecodable is nothing", specified, "t.VotesIn, t.Quarantined = 1, 1", "t.VotesIn, t.Quarantined = 0, 0"),
		fold.fault("a segment goes on", specified, "f.groups = make(map[recordKey]cellGroup)\n\tf.tally", "f.tally"),
		site{"schema/chain.go", foldPackage}.fault("chain of one record", specified, "l.digest.Write(chain[:])", ""),
	}
}

func identityFaults() []fault {
	fold := site{"aggregate/fold/fold.go", foldPackage}
	const halts = "TestFoldHalts"
	return []fault{
		fold.fault("genesis of another log", halts, "g.Log != id.Log || ", ""),
		fold.fault("genesis of another partition", halts, "g.Partition != p || ", ""),
		fold.fault("genesis of another count", halts, " || g.Partitions != id.Partitions {", " {"),
		fold.fault("no genesis", halts, "case f.next == 0:", "case f.next == 0 && len(rec.Key) > 0:"),
		fold.fault("unknown rules", halts, "if err == nil && g.Rules > f.rulesMax {", "if err == nil && g.Rules < 0 {"),
		fold.fault("offset that is not due", halts, "if rec.Offset != f.next {", "if rec.Offset < 0 {"),
		fold.fault("newer format", halts, "if err != nil {\n\t\treturn Halt(\"partition %d: record %d is of a format", "if err != nil && f.next < 0 {\n\t\treturn Halt(\"partition %d: record %d is of a format"),
	}
}

func recoveryFaults() []fault {
	recovery := site{"aggregate/recovery.go", aggregatePackage}
	reading := site{"aggregate/reading.go", aggregatePackage}
	worker := site{"aggregate/worker.go", aggregatePackage}
	fold := site{"aggregate/fold/fold.go", aggregatePackage}
	const halts, live, damaged = "TestHalts$", "TestHaltsWhileCounting", "TestCorruptCheckpoint"
	return []fault{
		fold.fault("tail is never compared", halts, "if f.linker.Hash(rec) != f.tail[rec.Offset%tailRecords] {", "if rec.Offset < 0 {"),
		worker.fault("tail at recovery", halts, "w.tailDue, w.due = time.Time{}, w.cfg.Now()", "w.tailDue, w.due = w.cfg.Now().Add(time.Hour), w.cfg.Now()"),
		worker.fault("tail at a new epoch", live, "if !checked && len(f.Records) > 0 &&", "if !checked && len(f.Records) < 0 &&"),
		worker.fault("tail before a checkpoint", "TestNoCheckpointOfARewrittenLog", "|| w.checkpointIsDue(sum)\n", "|| w.checkpointIsDue(sum) && sum == nil\n"),
		worker.fault("tail now and then", "TestRewrittenInPlace", "checked := !w.cfg.Now().Before(w.tailDue) || ", "checked := w.tailDue.IsZero() || "),
		reading.fault("log ends before the checkpoint", halts, "if at <= end {\n\t\t\treturn first, end, nil", "if at <= end || end > 0 {\n\t\t\treturn first, end, nil"),
		reading.fault("log end is believed at once", "TestLogEndLags", "if asked.Sub(short.since) < w.cfg.AboveMax {", "if asked.Sub(short.since) < 0 {"),
		{ // One of the two is enough: recovery says it sooner.
			Name: "log begins after the checkpoint",
			Edits: []edit{
				{recovery.file, "if sum.Next() < first {", "if sum.Next() < first && first < 0 {"},
				{worker.file, "if errors.Is(err, errBelowStart) {", "if errors.Is(err, errBelowStart) && ctx == nil {"},
			},
			Package: aggregatePackage, Run: halts,
		},
		recovery.fault("count from the middle", halts, "if first > 0 {\n\t\treturn recovered{}, fold.Halt", "if first < 0 {\n\t\treturn recovered{}, fold.Halt"),
		worker.fault("retention under a live worker", live, "if errors.Is(err, errBelowStart) {", "if errors.Is(err, errBelowStart) && ctx == nil {"),
		reading.fault("a gap is tried again", halts, "case errors.Is(err, schema.ErrGap):", "case errors.Is(err, schema.ErrGap) && at < 0:"),
		reading.fault("corruption is tried for ever", halts, "if corrupt++; corrupt > corruptTries {", "if corrupt++; corrupt < 0 {"),
		recovery.fault("checkpoint of another log", damaged, "return c.Log != id.Log })", "return false })"),
		recovery.fault("checkpoint of another offset", damaged, "sum.Next() != info.Next || ", ""),
		recovery.fault("damaged checkpoint is final", "TestDamagedCheckpointRow", "if errors.Is(err, schema.ErrCheckpointCorrupt) {\n\t\tw.passOver(err)", "if errors.Is(err, schema.ErrCheckpointCorrupt) && ctx == nil {\n\t\tw.passOver(err)"),
		recovery.fault("corrupt checkpoint is final", damaged, "if errors.Is(err, fold.ErrCheckpoint) || errors.Is(err, schema.ErrCheckpointCorrupt) {", "if errors.Is(err, fold.ErrCheckpoint) {"),
	}
}

func restartFaults() []fault {
	recovery := site{"aggregate/recovery.go", aggregatePackage}
	reading := site{"aggregate/reading.go", aggregatePackage}
	worker := site{"aggregate/worker.go", aggregatePackage}
	flush := site{"aggregate/flush.go", aggregatePackage}
	const restart = "TestStoreRestart"
	return []fault{
		recovery.fault("no step back", restart, "case c.sameRun(info.StoreStarted, started) || slices.ContainsFunc(infos, outlived):", "case c.sameRun(info.StoreStarted, started) || slices.ContainsFunc(infos, outlived) || true:"),
		recovery.fault("any later checkpoint proves", "TestBelieved", "&& later.Taken.Sub(info.Taken) >= c.StepBack", ""),
		recovery.fault("another run proves", "TestBelieved", "return c.sameRun(info.StoreStarted, later.StoreStarted) && ", "return "),
		recovery.fault("likely is proven", "TestBelieved", "likely = append(likely, info)", "proven = append(proven, info)"),
		worker.fault("restart under a live worker", restart, "if w.fold != nil && !w.cfg.sameRun(w.started, started) {", "if w.fold != nil && started.IsZero() {"),
		flush.fault("run is not looked at again", restart, "if f.suspect || !now.Before(f.runDue) {", "if f.suspect {"),
		flush.fault("checkpoint as young as its answer", "TestACheckpointIsNoYoungerThanItsRun",
			"taken := f.a.cfg.Now().UTC()\n\tstarted, err := f.watchRun(ctx)\n\tif err != nil {\n\t\treturn err\n\t}\n",
			"started, err := f.watchRun(ctx)\n\tif err != nil {\n\t\treturn err\n\t}\n\ttaken := f.a.cfg.Now().UTC()\n"),
		reading.fault("an old answer is a loss", "TestAnOldAnswerIsNoLoss",
			"if short.since.IsZero() || asked.Sub(short.last) > max(w.cfg.AboveMax/2, 2*pauseMax) {", "if asked = w.cfg.Now(); short.since.IsZero() {"),
		flush.fault("checkpoint of an earlier run", "TestRestartBetweenRowsAndCheckpoint", "if !f.a.cfg.sameRun(p.started, started) {", "if started.IsZero() {"),
	}
}
