package drill

func claimFaults() []fault {
	decode := site{"schema/claim_decode.go", "schema"}
	claim := site{"aggregate/fold/claim.go", foldPackage}
	fold := site{"aggregate/fold/fold.go", foldPackage}
	rows := site{"aggregate/fold/rows.go", foldPackage}
	const follows, tiles, apart = "TestAFollowerHoldsWhatTheFoldDoes", "TestClaimsTileTheLog", "TestDrainAndDrainClaimAreApart"
	return []fault{
		decode.fault("checksum of claims", "TestClaimBatchRefuses", "case checksumOf(record[:n]) != ", "case n < 0 && checksumOf(record[:n]) != "),
		decode.fault("memory for what claims say", "TestClaimBatchTakesNoMore", "if all.rows > r.left()/rowBytesMin || ", "if all.rows > 1<<20 || "),
		fold.fault("closed cells are not told", follows, "f.segment, f.first = f.segment+1, f.next", "f.segment, f.first = f.segment+1, f.next\n\tf.untold.cells = nil"),
		fold.fault("closed accounts are not told", tiles, "f.untold.closed = append(f.untold.closed, row)", ""),
		claim.fault("claims go on from nowhere", follows, "u.after, u.cells, u.closed = f.next, ", "u.after, u.cells, u.closed = u.after, "),
		claim.fault("a claim holds from the genesis on", follows, "f.untold = untold{after: f.next}", "f.untold = untold{}"),
		claim.fault("what is told is not written", apart, "c.dirty &^= forFollowers", "c.dirty = 0"),
		rows.fault("what is written is told twice", apart, "c.dirty &^= forStore", "c.dirty = 0"),
	}
}

func tellFaults() []fault {
	tell := site{"aggregate/tell.go", aggregatePackage}
	run := site{"aggregate/aggregator.go", aggregatePackage}
	writer := site{"ingest/broker/counts_writer.go", "ingest/broker/embedded"}
	reader := site{"ingest/broker/counts_reader.go", "ingest/broker/embedded"}
	follower := site{"proof/sim/follower.go", "proof/sim"}
	const suite = "TestConformance/"
	return []fault{
		run.fault("the last claim is not told", "TestTheLastClaim", "flushing.Go(func() { a.tell.last(hard) })", ""),
		tell.fault("what waits to be told has no bound", "TestATellerThatHangs", "if rows == 0 || w.heard() {", "if rows >= 0 || w.heard() {"),
		tell.fault("who fails is told of at every claim", "TestWhatCannotBeToldIsAGap", "if !t.failing {\n\t\t\tlog.Warn", "if err != nil {\n\t\t\tlog.Warn"),
		writer.fault("every part claims", suite+"claims_that_are_too_long", "part = append(part, schema.Claim{Partition: claims[k].Partition, Rollups:", "part = append(part, schema.Claim{Partition: claims[k].Partition, Next: 1, Rollups:"),
		reader.fault("damage stops the reader", suite+"claims_that_stay_damaged", "if r.corrupt++; r.corrupt > corruptMax {", "if r.corrupt++; r.corrupt > 1000 {"),
		follower.fault("a follower is not held to the log", "TestFollowersThatOneWouldBuildAreWrong/by_the_book", "*at = max(*at, c.Next)", "*at = max(*at, c.Next+1)"),
	}
}
