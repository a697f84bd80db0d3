package drill

// rulesFaults are of what rules 2 say.
func rulesFaults() []fault {
	fold := site{"aggregate/fold/fold.go", foldPackage}
	rules := site{"aggregate/fold/rules.go", foldPackage}
	stream := site{"aggregate/fold/stream.go", foldPackage}
	const specified, halts = "TestScenarios", "TestControlRecordsThatHalt"
	return []fault{
		rules.fault("rules of a later version", halts, "if c.Rules > f.rulesMax {", "if c.Rules < 0 {"),
		rules.fault("rules of another log", halts, "c.Log != f.id.Log || ", ""),
		rules.fault("rules of another partition", halts, "c.Partition != f.partition || ", ""),
		rules.fault("rules of another count", halts, " || c.Partitions != f.id.Partitions {", " {"),
		rules.fault("rules that cannot be read", halts, "if err != nil {\n\t\treturn 0, Halt(\"partition %d: record %d changes", "if err != nil && f.next < 0 {\n\t\treturn 0, Halt(\"partition %d: record %d changes"),
		rules.fault("rules go back", specified, "return max(c.Rules, f.id.Rules), nil", "return c.Rules, nil"),
		rules.fault("an older version does not halt", "TestAnOlderVersion", "case key == schema.KeyRules && f.rulesMax >= schema.RulesV2:", "case key == schema.KeyRules && f.rulesMax < schema.RulesV2:\n\t\treturn f.id.Rules, nil\n\tcase key == schema.KeyRules:"),
		rules.fault("an older version goes on from a newer state", "TestAnOlderVersion", "if f.next > 0 && f.id.Rules > most {", "if f.next < 0 {"),
		fold.fault("new rules in an open segment", specified, "if f.segmentEnds() || f.next > 1 && rules != f.id.Rules {", "if f.segmentEnds() {"),
		rules.fault("unknown control record is foreign", halts, "&& !strings.HasPrefix(key, schema.KeyPrefix):", "&& strings.Contains(key, \"\"):"),
		rules.fault("foreign keys by rules 1", "TestFoldHalts", "case f.id.Rules >= schema.RulesV2 && !strings", "case !strings"),
		rules.fault("foreign keys halt by rules 2", specified, "case f.id.Rules >= schema.RulesV2 && !strings", "case f.id.Rules > schema.RulesV2 && !strings"),
		rules.fault("segment of any number of votes", specified, " || f.tally.VotesIn >= schema.SegmentVotes", ""),
		rules.fault("segment of any number of records", specified, "f.next-f.first >= schema.SegmentRecords || ", ""),
		fold.fault("votes of any time", specified, "if !times.hold(v.At) {", "if !times.hold(v.At) && i < 0 {"),
		fold.fault("a vote out of time leaves its content", specified, "if !times.hold(v.At) {\n", "if !times.hold(v.At) {\n\t\t\tif s != nil {\n\t\t\t\ts.contents[v.Seq%ContentsKept] = contentOf(b.Scale, v.Value)\n\t\t\t}\n"),
		stream.fault("wall clocks are ignored", specified, "if v.Wall != 0 && s.lastWall != 0 {", "if v.Wall != 0 && s.lastWall != 0 && !s.paced {"),
		stream.fault("a wall clock of one vote", specified, "if v.Wall != 0 && s.lastWall != 0 {", "if v.Wall != 0 {"),
		site{"aggregate/fold/checkpoint_read.go", foldPackage}.fault("checkpoints of version 1", "TestCheckpointsOfOlderVersions", "if version < 1 ||", "if version < 2 ||"),
	}
}

// gapFaults are of streams with any gaps.
func gapFaults() []fault {
	fold := site{"aggregate/fold/fold.go", foldPackage}
	stream := site{"aggregate/fold/stream.go", foldPackage}
	gaps := site{"aggregate/fold/gaps.go", foldPackage}
	const specified, modelled, bounded = "TestScenarios", "TestGapsAreClosedAsTheModelSays", "TestTerminalsAreBounded"
	return []fault{
		gaps.fault("the highest gap is closed", specified, "s.closed = append(s.closed, schema.SeqSpan{First: s.seen[0].Next, Next: s.seen[1].First})\n\ts.seen.join()",
			"i := len(s.seen) - 2\n\ts.closed = append(s.closed, schema.SeqSpan{First: s.seen[i].Next, Next: s.seen[i+1].First})\n\ts.seen[i].Next = s.seen[i+1].Next\n\ts.seen = s.seen[:i+1]"),
		gaps.fault("the leading gap stays open", specified, "first.First > 1 {", "first.First > 1 && len(s.seen) == 1 {"),
		stream.fault("closed gaps are forgotten", specified, "if s.closed.holds(q) {", "if s.closed.holds(q) && c == contentVoided {"),
		stream.fault("a voided seq of a closed gap is quarantined", specified, "if c == contentVoided {\n\t\treturn fateDuplicate", "if c == contentVoided && s.dirty != s.dirty {\n\t\treturn fateDuplicate"),
		stream.fault("a vote of a closed gap leaves its content", specified, "return s.takeClosed(c)", "s.contents[q%ContentsKept] = c\n\t\t\treturn s.takeClosed(c)"),
		stream.fault("spans without bound", specified, "if sparse && len(s.seen) > before {", "if sparse && len(s.seen) > 2*SpansMax {"),
		gaps.fault("closed gaps without bound", specified, "for len(s.closed) > ClosedMax ||", "for len(s.closed) > 2*ClosedMax ||"),
		gaps.fault("spans of a terminal without bound", bounded, "excess := min(1, s.of.spans-TerminalSpansMax)", "excess := min(0, s.of.spans-TerminalSpansMax)"),
		fold.fault("streams without bound", bounded, "of.streams >= StreamsMax &&", "of.streams >= 2*StreamsMax &&"),
		fold.fault("a terminal's spans are forgotten at a take-over", bounded, "s.of.spans += len(s.seen) + len(s.closed)", "_ = s.of"),
		site{"aggregate/fold/checkpoint.go", foldPackage}.fault("checkpoint without closed gaps", modelled, "dst = s.closed.append(dst)", "dst = spans(nil).append(dst)"),
	}
}
