package drill

import "slices"

// allFaults is the table. Each name says what the fault does.
func allFaults() []fault {
	return slices.Concat(
		frontDoorFaults(), appendFaults(), fetchFaults(), recordFaults(), registryFaults(), networkFaults(), deskFaults(), alertFaults(),
		foldFaults(), claimFaults(), tellFaults(), rulesFaults(), gapFaults(), keyFaults(), eventFaults(), counterFaults(), eventStateFaults(), eventFormatFaults(),
		identityFaults(), recoveryFaults(), restartFaults(), flushFaults(),
		checkpointFaults(), readFaults(), tableFaults(), answerFaults(), figureFaults(), cubeFaults(), compareFaults(), publicFaults(), shareFaults(), presenceFaults(),
	)
}

// A site is where the faults of a group are, and who must notice them.
type site struct{ file, pkg string }

// fault returns one that replaces one text.
func (p site) fault(name, run, before, after string) fault {
	return fault{Name: name, Edits: []edit{{p.file, before, after}}, Package: p.pkg, Run: run}
}

func frontDoorFaults() []fault {
	votes := site{"ingest/votes.go", "ingest"}
	handle, tokens := site{"ingest/handle.go", "ingest"}, site{"ingest/tokens.go", "ingest"}
	judge := site{"ingest/wire/judge.go", "ingest/wire"}
	body := site{"ingest/body.go", "ingest"}
	timing := site{"ingest/timing.go", "ingest"}
	return []fault{
		votes.fault("202 without an append", "TestNoAcknowledgementIs503",
			"if err := s.log.Append(x.under(s.patience.context(ctx)), out.partition, out.record); err != nil {",
			"if err := s.log.Append(x.under(s.patience.context(ctx)), out.partition, out.record); err != nil && out == nil {"),
		votes.fault("202 before the append", "TestSilentLogIs503InTime",
			"if err := s.log.Append(x.under(s.patience.context(ctx)), out.partition, out.record); err != nil {",
			"kept, partition := append([]byte(nil), out.record...), out.partition\n"+
				"\t\tgo func() { _ = s.log.Append(s.patience.context(ctx), partition, kept) }()\n"+
				"\t\tif err := ctx.Err(); err != nil {"),
		votes.fault("a span for all of a moment", "TestARequestIsFollowed", "x.under(s.patience.context(ctx))", "s.patience.context(x.under(ctx))"),
		votes.fault("another stream of the connection", "TestTwoStreamsOfOneConnection", "if len(text) > 0 && bytes.Equal(text, c.streamText) {", "if len(text) > 0 && len(c.streamText) > 0 && !bytes.Equal(text, nil) {"),
		votes.fault("slot of the registry", "TestSlotComesFromTheStream", "Slot:     stream.Slot,", "Slot:     e.Slot,"),
		votes.fault("partition of the registry", "TestSlotComesFromTheStream",
			"schema.PartitionOf(stream.Slot, s.log.Partitions())", "schema.PartitionOf(p.enrolled.Slot, s.log.Partitions())"),
		votes.fault("stream of another terminal", "TestChecksInTheProtocolsOrder",
			"if err != nil || stream.Terminal != p.enrolled.Terminal {", "if err != nil {"),
		votes.fault("budget is never given back", "TestTooFullIs503AtOnce", "defer s.budget.release(held)\n", "_ = held\n"),
		tokens.fault("unread registry refuses for good", "TestNoStreamsBeforeTheRegistryIsRead",
			"if !s.terminals.Complete() {", "if false {"),
		tokens.fault("revoked terminal", "TestRevocationAndNewTokenTakeEffectAtOnce", "case e.Revoked:", "case e.Revoked && e.Test:"),
		handle.fault("no budget", "TestTooFullIs503AtOnce", "if s.budget.acquire(rest) {", "if s.budget.acquire(rest) || true {"),
		handle.fault("peers are kept to the end", "TestDismissedPeersComeBackOnNewConnections", "if s.dismissing.Load() {", "if s.dismissing.Load() && x.span != nil {"),
		handle.fault("body before its length is checked", "TestRefusalReachesWhoStillSends|TestChecksInTheProtocolsOrder",
			"n > most {", "n > 64*most {"),
		body.fault("room for all that is announced", "TestAnnouncedBodiesHoldNoMemory",
			"min(n, max(growBytes, 2*cap(dst)))", "max(n, growBytes)"),
		site{"ingest/arrivals.go", "ingest"}.fault("one terminal holds the budget", "TestSlowBodiesOfOneTerminalHarmNobodyElse",
			"if held := a.all.by[a.from]; held > a.noted && held+more > arrivalBytesMax {", "if a.all.by[a.from] < 0 {"),
		body.fault("gzip bomb", "TestTooManyVotesAndTooLongAfterDecompression", "case n == len(dst):\n\t\t\treturn n, errTooLong",
			"case n == len(dst):\n\t\t\tdst = append(dst, make([]byte, len(dst))...)"),
		body.fault("what follows a gzip member is not read", "TestChecksInTheProtocolsOrder", "more = f.source.Len() > 0 {", "more = false {"),
		{
			Name: "zstd bomb",
			Edits: []edit{
				{body.file, "f.zstd.DecodeAll(body, f.out[:0:limit])", "f.zstd.DecodeAll(body, make([]byte, 0, 64*limit))"},
				{body.file, "case len(out) > limit:", "case len(out) > 64*limit:"},
			},
			Package: body.pkg, Run: "TestTooManyVotesAndTooLongAfterDecompression",
		},
		judge.fault("votes of the future", "TestVoteTime", "latest: now + aheadMax,", "latest: 2 * now,"),
		judge.fault("votes of any age", "TestVoteTime", "max(since, now-ageMax)", "since"),
		judge.fault("votes before the enrolment", "TestVoteTime", "max(since, now-ageMax)", "now - ageMax"),
		judge.fault("wall clock before age", "TestVoteTime", "case c.ageState == valid:\n", "case c.ageState == valid && !r.byWall(c):\n"),
		judge.fault("clocks that contradict each other", "TestVoteTime", " || r.contradicted(c, at)\n", "\n"),
		judge.fault("a body of long ago", "TestVoteTime", "r.behind >= lateSendMax", "r.behind >= 1000*lateSendMax"),
		judge.fault("a clock that was never set", "TestVoteTime", "m.sent >= since && ", ""),
		timing.fault("the line moves votes", "TestTheTimeOnTheLineMovesNoVote", "return t.first, max(t.first, t.last)", "return t.last, max(t.first, t.last)"),
		site{"ingest/incoming.go", "ingest"}.fault("a pipeline moves votes", "TestWaitingInAPipelineMovesNoVote",
			"c.timing.begin()", "c.timing.last = schema.InstantOf(c.now())\n\t\t\tc.timing.begin()"),
		timing.fault("one time for a connection", "TestEachRequestOfAConnectionHasItsOwnTime", "{ t.first = t.last }", "{\n\tif t.first == 0 {\n\t\tt.first = t.last\n\t}\n}"),
		site{judge.file, "ingest"}.fault("a voided vote is forgotten", "TestVotesAreOnTheLogBeforeTheAnswer",
			"finding{i, c.seq, bad})\n\t\t\tv.Votes = append(v.Votes, schema.Vote{Seq: c.seq, At: now})", "finding{i, c.seq, bad})"),
	}
}

func appendFaults() []fault {
	request := site{"ingest/broker/produce.go", "ingest/broker"}
	courier := site{"ingest/broker/courier.go", "ingest/broker"}
	suite := site{"ingest/broker/producer.go", "ingest/broker/embedded"}
	const full = "TestConformance/appends_are_refused_when_too_much_is_pending"
	return []fault{
		request.fault("acks of the leader only", "TestAppendsWantAllReplicas", "acksAll = 1<<16 - 1", "acksAll = 1"),
		request.fault("the broker's refusal is success", "TestRefusedBatchIsNoSuccess", "; code != 0 {", "; code != 0 && len(body) == 0 {"),
		courier.fault("one partition twice in a request", "TestOnePartitionOnceARequest", "|| all[p.partition] != nil ", ""),
		courier.fault("no answer is success", "TestUnknownOutcome", "p.err = errNoAnswer", "p.err = nil"),
		suite.fault("bytes without bound", full, "pending > cfg.InflightBytesMax {", "pending > 1000*cfg.InflightBytesMax {"),
		suite.fault("bytes are never given back", full,
			"p.release(int64(b.size))\n\t\ta.finish(b, err)", "a.finish(b, err)"),
		suite.fault("no second attempt", "TestConformance/appends_survive_a_short_outage", "if ctx.Err() != nil || !retriable(err) {", "if err != nil {"),
		suite.fault("given up is acknowledged", full, "err = ErrUnacknowledged\n\t}", "return nil\n\t}"),
		{
			Name: "the caller's memory is kept",
			Edits: []edit{
				{"ingest/broker/appender.go", "size int // Bytes reserved for it.", "size int\n\tlate [][]byte"},
				{"ingest/broker/appender.go", "b.set.AddTraced(nil, record, trace)", "b.late = append(b.late, record)"},
				{
					"ingest/broker/producer.go", "b.set.Seal(schema.InstantOf(began))",
					"for _, record := range b.late {\n\t\tb.set.Add(nil, record)\n\t}\n\tb.set.Seal(schema.InstantOf(began))",
				},
			},
			Package: "ingest/broker/embedded", Run: "TestConformance/a_record_is_the_caller",
		},
	}
}

func fetchFaults() []fault {
	decode := site{"ingest/broker/recordset/reader.go", "ingest/broker/recordset"}
	fetch := site{"ingest/broker/fetch.go", "ingest/broker/embedded"}
	return []fault{
		decode.fault("Kafka's checksum", "TestDamagedBatches", "; got != want {", "; got != want && len(b) == 0 {"),
		decode.fault("offsets between batches", "TestDamagedBatches", "if r.Dense && (r.At < schema.Offset(base) || r.At >= next) {", "if r.Dense && r.At > 1<<60 {"),
		decode.fault("offsets within a batch", "TestDamagedBatches", "|| r.Dense && rec.offsetDelta != int64(i) {", "{"),
		decode.fault("fewer records than offsets", "TestDamagedBatches", "if r.Dense && int64(count) != lastDelta+1 {", "if r.Dense && int64(count) > 1<<40 {"),
		decode.fault("bytes after the last record", "TestDamagedBatches", "if len(payload) != 0 {", "if len(payload) < 0 {"),
		{
			Name: "expansion without bound",
			Edits: []edit{
				{decode.file, "io.LimitReader(reader, expandedBytesMax+1)", "io.LimitReader(reader, 1<<40)"},
				{decode.file, "if len(expanded) > expandedBytesMax {", "if len(expanded) < 0 {"},
			},
			Package: decode.pkg, Run: "TestExpansionIsLimited",
		},
		fetch.fault("out of range is nothing special", "TestConformance/a_fetch_beyond", "case errors.Is(res.err, kafka.OffsetOutOfRange):", "case errors.Is(res.err, kafka.UnknownTopicID):"),
	}
}
