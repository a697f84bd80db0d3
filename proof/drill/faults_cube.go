package drill

func cubeFaults() []fault {
	const pkg = "query/cube"
	part := site{"query/cube/part.go", pkg}
	seal := site{"query/cube/seal.go", pkg}
	whole := site{"schema/rollup.go", pkg}
	snapshot := site{"query/cube/snapshot.go", pkg}
	count := site{"query/cube/packed/count.go", "query/cube/packed"}
	grain := site{"query/cube/packed/grain.go", "query/cube/packed"}
	return []fault{
		part.fault("a claim is believed whatever it goes on from", "TestAFollowerIsExact",
			"for len(p.pending) > 0 && p.pending[0].after <= p.position {", "for len(p.pending) > 0 {"),
		part.fault("what rows ahead of the position have changed is told once", "TestAFollowerIsExact",
			"open.isAhead = open.votes != p.rows[s].Counted", "open.isAhead = false"),
		part.fault("claims are added up", "TestAFollowerIsExact", "if count > old[n] {\n\t\t\tmore[n] = count - old[n]", "if count > 0 {\n\t\t\tmore[n] = count"),
		site{"query/cube/core.go", pkg}.fault("rows of sealed segments are counted again", "TestAFollowerIsExact",
			"r.segment < c.parts[p].sealed ||", "r.segment < 0 ||"),
		site{"query/cube/claims.go", pkg}.fault("claims hold without the records before them", "TestAFollowerIsExact",
			"if !c.tellers.whole(b) {", "if !b.Last {"),
		seal.fault("segments are sealed unbalanced", "TestTwoImbalancesStopTheAnswers",
			"votes != theirs.Counted ||", "votes > 1<<63 ||"),
		seal.fault("what an open segment lacks is not looked for", "TestALossIsFoundBeforeItsSegmentCloses",
			"if votes := p.votes(s); votes < r.Counted {", "if votes := p.votes(s); votes > 1<<63 {"),
		seal.fault("what the store has lost is taken for complete", "TestAStoreThatLostRowsIsNotBelieved",
			"if votes := p.votes(r.Segment); votes < r.Counted {", "if votes := p.votes(r.Segment); votes > 1<<63 {"),
		site{"query/question/newest.go", "query/question"}.fault("older counts from memory after newer ones from the store", "TestCountsNeverGoBack",
			"if !PositionOf(view.Ledger()).Reaches(*told) {", "if len(*told) > 1<<20 {"),
		site{"query/question/newest.go", "query/question"}.fault("another store that is behind is believed", "TestCountsNeverGoBack",
			"if !PositionOf(ledger).Reaches(least) {", "if len(least) > 1<<20 {"),
		whole.fault("what comes after a hole is taken for complete", "TestAnAccountWithAHoleIsBelievedUpToIt",
			"if closed && r.Segment == next {", "if (closed || i >= 0) && r.Segment == next {"),
		whole.fault("what comes after a beginning that is lost is taken for complete", "TestAnAccountEndsAtItsFirstHole",
			"next, closed := Segment(0), true", "next, closed := r.Segment, true"),
		site{"query/cube/part.go", "proof/sim"}.fault("a claim moves the position over a gap", "TestSeeds",
			"for len(p.pending) > 0 && p.pending[0].after <= p.position {", "for len(p.pending) > 0 {"),
		site{"query/cube/snapshot.go", "proof/sim"}.fault("a start from a snapshot counts open rows again", "TestSeeds",
			"b = p.segments[segment].append(binary.AppendUvarint(b, uint64(segment)))", "b = newOpenSegment().append(binary.AppendUvarint(b, uint64(segment)))"),
		snapshot.fault("a snapshot forgets open cells", "TestASnapshotComesBack",
			"b = p.segments[segment].append(binary.AppendUvarint(b, uint64(segment)))", "b = newOpenSegment().append(binary.AppendUvarint(b, uint64(segment)))"),
		site{"query/cube/restore.go", pkg}.fault("checksums of sections are not looked at", "TestADamagedSnapshotIsRefused",
			"if crc32.Checksum(s.in(m.bytes), table) != s.sum {", "if crc32.Checksum(s.in(m.bytes), table) == s.sum+1 {"),
		count.fault("the sums of a month are taken for a part of it", "TestEveryPathCountsWhatAMapDoes",
			"for _, g := range c.hours[m.low+1 : m.high] {", "for _, g := range c.hours[m.low+1 : m.low+1] {"),
		count.fault("sums by region forget fresh cells", "TestEveryPathCountsWhatAMapDoes",
			"if group := s.combos[s.leaves.combos[r.cells[i].leaf]]; group != out {", "if group := s.combos[s.leaves.combos[r.cells[i].leaf]]; group > 1<<30 {"),
		site{"query/cube/packed/month.go", "query/cube/packed"}.fault("sums stay when a comune changes its region", "TestRegionsMayChange",
			"next.hold(m.blocks[leafGrain], c, l)", "next.low += 0"),
		site{"query/cube/packed/selection.go", "query/cube/packed"}.fault("a part of a region is taken for all of it", "TestEveryPathCountsWhatAMapDoes",
			"if n != 0 && n != s.leaves.placed[region] {", "if n > s.leaves.placed[region] {"),
		grain.fault("sums of many leaves run into each other", "TestManyLeavesAddUp", "if s.packedN == packedMax {", "if s.packedN == 2*packedMax {"),
		site{"query/cube/packed/image.go", pkg}.fault("the sums of a snapshot are believed in other regions", "TestSumsAreThoseOfToday",
			"if comuni[i].region != schema.RegionID(region) {", "if comuni[i].region != schema.RegionID(region) && region == 0 {"),
		count.fault("one hour too few is read", "TestEveryPathCountsWhatAMapDoes", "for c.next = m.hours;", "for c.next = m.hours - 1;"),
	}
}
