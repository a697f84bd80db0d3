package drill

// keyFaults are of votes that have keys, and of the log's time.
func keyFaults() []fault {
	keys := site{"aggregate/fold/keys.go", foldPackage}
	fold := site{"aggregate/fold/fold.go", foldPackage}
	events := site{"aggregate/fold/events.go", foldPackage}
	const (
		specified, shared, half = "TestScenarios", "TestAPartitionsKeysAreShared", "TestTheOlderHalfIsForgotten"
	)
	return []fault{
		keys.fault("a vote older than its key", specified, "if v.At < oldest || v.At >", "if v.At >"),
		keys.fault("a vote with a key, of any future", specified, " || v.At > b.Ingested+schema.VoteAheadMax {", " {"),
		keys.fault("memory by the record's time", specified, "max(s.floor, f.clock-b.Memory.Length())", "max(s.floor, b.Ingested-b.Memory.Length())"),
		keys.fault("votes of before the floor", half, "max(s.floor, f.clock-b.Memory.Length())", "f.clock - b.Memory.Length()"),
		keys.fault("keys are known until they are swept", specified, "ok && known.at >= oldest {", "ok {"),
		keys.fault("a key of exactly its memory", specified, "ok && known.at >= oldest {", "ok && known.at > oldest {"),
		keys.fault("another content of a key", specified, "if known.content != said {", "if known.content != said && said == 0 {"),
		keys.fault("a repetition of a key counts", specified, "return fateDuplicate", "return fateNew"),
		keys.fault("keys of a source without bound", "TestASourceForgetsTheOlderHalf", "len(s.keys) >= KeysMax ||", "len(s.keys) >= 2*KeysMax ||"),
		keys.fault("keys of a partition without bound", shared, "f.keys >= KeysAllMax && len", "f.keys >= 2*KeysAllMax && len"),
		keys.fault("no fair share of keys", shared, " && len(s.keys) >= KeysFair {", " {"),
		keys.fault("a fair share and one more", shared, "len(s.keys) >= KeysFair {", "len(s.keys) > KeysFair {"),
		keys.fault("a vote of what was just forgotten", half, "if f.halve(s); v.At < s.floor {", "if f.halve(s); v.At < 0 {"),
		keys.fault("a key taken at its vote's time", specified, "takenKey{max(v.At, f.clock), said}", "takenKey{v.At, said}"),
		keys.fault("a key taken at the log's time", specified, "takenKey{max(v.At, f.clock), said}", "takenKey{f.clock, said}"),
		{
			Name:    "a key that comes anew is one more",
			Edits:   []edit{{keys.file, "before := len(s.keys)\n", "\n"}, {keys.file, "f.keys += len(s.keys) - before", "f.keys++"}},
			Package: keys.pkg, Run: shared,
		},
		keys.fault("all but the newest keys", half, "s.floor = times[len(times)/2]", "s.floor = times[len(times)-1]"),
		keys.fault("a quarter of the keys", half, "s.floor = times[len(times)/2]", "s.floor = times[len(times)/4]"),
		keys.fault("keys of one moment stay", shared, "if s.floor == times[0] {", "if s.floor < times[0] {"),
		keys.fault("what is below the floor stays", "TestASourceForgetsTheOlderHalf", "f.forget(s, s.floor)\n", "\n"),
		keys.fault("a floor goes with its keys", shared, "if len(s.keys) == 0 && s.floor <= f.clock-k.memory.Length() {", "if len(s.keys) == 0 {"),
		keys.fault("sources without anything stay", specified, "if len(s.keys) == 0 && s.floor <= f.clock-k.memory.Length() {", "if f.clock < 0 {"),
		keys.fault("the last moment of a key", specified, "if k.at < oldest {", "if k.at <= oldest {"),
		keys.fault("forgotten keys are still there", shared, "f.keys--", "_ = f.keys"),
		keys.fault("a source for all memories", specified, "k := sourceKey{b.Terminal, b.Memory}", "k := sourceKey{b.Terminal, event.MemoryCall}"),
		keys.fault("a source of which nothing counts", specified, "if len(s.keys) > 0 {", "if len(s.keys) >= 0 {"),
		keys.fault("votes with keys are not told to be used", specified, "t.Events.Used++", "t.Events.In += 0"),
		events.fault("the log's time goes back", specified, "if at <= f.clock {", "if at == f.clock {"),
		events.fault("keys are never swept", shared, "if at/dayLength > day {", "if at/dayLength < day {"),
		events.fault("events do not move the log's time", specified, "\tf.tick(s.Ingested)\n", "\n"),
		events.fault("newest is not of events", specified, "f.newest = max(f.newest, s.Ingested)", "f.newest += 0"),
		events.fault("arrival of events", "TestWhenEventsArrived", "f.ingested = s.Ingested\n", "\n"),
		fold.fault("votes of streams do not move the log's time", specified, "f.id.Rules >= schema.RulesV3 {\n\t\tf.tick", "f.id.Rules > schema.RulesV3 {\n\t\tf.tick"),
		fold.fault("the log's time by rules 2", specified, "f.id.Rules >= schema.RulesV3 {\n\t\tf.tick", "f.id.Rules >= schema.RulesV1 {\n\t\tf.tick"),
	}
}

// eventFaults are of what all events have in common.
func eventFaults() []fault {
	fold := site{"aggregate/fold/fold.go", foldPackage}
	events := site{"aggregate/fold/events.go", foldPackage}
	const specified = "TestScenarios"
	return []fault{
		fold.fault("rules 2 know events", specified, "k != event.None && f.id.Rules >= schema.RulesV3 {", "k != event.None {"),
		fold.fault("rules 3 know no events", specified, "k != event.None && f.id.Rules >= schema.RulesV3 {", "k != event.None && f.id.Rules > schema.RulesV3 {"),
		events.fault("late before test", specified, "case test:", "case test && !late:"),
		events.fault("late is ok", specified, "case late:", "case late && test:"),
		events.fault("votes with keys of another partition", specified, "if schema.PartitionOf(b.Slot, f.id.Partitions) != f.partition {", "if schema.PartitionOf(b.Slot, f.id.Partitions) != f.partition && n == 0 {"),
		events.fault("readings of another partition", specified, "if schema.PartitionOf(r.Slot, f.id.Partitions) != f.partition {", "if schema.PartitionOf(r.Slot, f.id.Partitions) != f.partition && r.Slot == 0 {"),
		events.fault("misplaced votes are no events", specified, "t.Quarantined, t.Events.Quarantined = n, n", "t.Quarantined, t.Events.In = n, 0"),
		events.fault("an undecodable event is no vote", specified, "t.VotesIn, t.Quarantined = 1, 1\n\tt.Events", "t.VotesIn, t.Quarantined = 0, 0\n\tt.Events"),
		events.fault("an undecodable event is no event", specified, "t.Events.In, t.Events.Quarantined = 1, 1\n", "t.Events.In, t.Events.Quarantined = 0, 0\n"),
	}
}

// counterFaults are of readings of counters.
func counterFaults() []fault {
	counters := site{"aggregate/fold/counters.go", foldPackage}
	const (
		specified, bounded = "TestScenarios", "TestEpochsOfADeviceAreBounded"
	)
	return []fault{
		counters.fault("a reading of any age", specified, "at < -schema.VoteAgeMax || at >", "at >"),
		counters.fault("a reading of the future", specified, " || at > schema.VoteAheadMax {", " {"),
		counters.fault("a device of which nothing counts", specified, "d = new(device)\n", "d = new(device)\n\t\tf.devices[r.Terminal] = d\n"),
		counters.fault("older frames are news", specified, "case r.Frame < e.frame:\n\t\t\treturn e, readingStale", "case r.Frame < e.frame:\n\t\t\treturn e, readingNew"),
		counters.fault("the same frame is older", specified, "case r.Frame < e.frame:", "case r.Frame <= e.frame:"),
		counters.fault("other counts of a frame", specified, "case r.Values == e.values:", "case r.Frame == e.frame:"),
		counters.fault("an epoch that is over begins again", bounded, "; over {\n\t\treturn epoch{}, readingStale", "; over && r.Frame == 0 {\n\t\treturn epoch{}, readingStale"),
		counters.fault("epochs without bound", bounded, ">= EpochsEnded+EpochsKept {", ">= 2*EpochsEnded+EpochsKept {"),
		counters.fault("an epoch more", bounded, ">= EpochsEnded+EpochsKept {", "> EpochsEnded+EpochsKept {"),
		counters.fault("a session from before all", specified, "case r.Carried && last >= 0 && r.At <= d.newest:", "case r.Carried && last >= 0 && r.At <= 0:"),
		counters.fault("a session of the same moment", specified, "r.At <= d.newest:", "r.At < d.newest:"),
		counters.fault("the newest time is that of the last", specified, "d.newest = max(d.newest, r.At)", "d.newest = r.At"),
		counters.fault("a session counts from 0", specified, "case r.Carried && last >= 0:\n", "case r.Carried && last > EpochsKept:\n"),
		counters.fault("epochs from 0 go on", specified, "case r.Carried && last >= 0:\n", "case last >= 0:\n"),
		counters.fault("a first reading counts", specified, "case r.Carried && !r.FromZero:", "case r.Carried && !r.FromZero && last >= 0:"),
		counters.fault("a first reading from 0 does not", specified, "case r.Carried && !r.FromZero:", "case r.Carried:"),
		counters.fault("time since ever", specified, "from.at = r.Since\n", "from.at = 0\n"),
		counters.fault("time since the enrolment", specified, "from.at = max(from.at, at)", "from.at = max(from.at, r.Since)"),
		counters.fault("time since a later epoch", specified, "; at <= r.At {", "; at <= r.At || i >= 0 {"),
		counters.fault("a start that is not believed", specified, "if r.Restart {", "if r.Restart && r.Carried {"),
		counters.fault("time that goes back", specified, "apart := max(0, r.At-from.at)", "apart := r.At - from.at"),
		counters.fault("no jump at all", specified, "most := max(JumpLeast, ", "most := max(1, "),
		counters.fault("a part of a minute is none", specified, "+59_999)/60_000)", ")/60_000)"),
		counters.fault("a part of a minute and a minute", specified, "+59_999)/60_000)", "+119_999)/60_000)"),
		counters.fault("what is not believed leaves its trace", specified, "if !ok {\n\t\treturn readingQuarantined", "if !ok {\n\t\treturn readingNew"),
		counters.fault("two hours are too long", specified, "apart > ReadingsApart)", "apart >= ReadingsApart)"),
		counters.fault("readings tell the hour", specified, "apart > ReadingsApart)", "false)"),
		counters.fault("votes of a reading are not on the account", specified, "t.VotesIn += n\n", "t.VotesIn++\n\t\tt.VotesIn--\n"),
		counters.fault("any jump", specified, "return added, sum(added) <= most", "return added, true"),
		counters.fault("any jump of a start", specified, "return r.Values, sum(r.Values) <= most && ", "return r.Values, "),
		counters.fault("counters that do not wrap fell", specified, " && (r.Wraps || !same)\n", "\n"),
		counters.fault("counters fell, and have not wrapped", specified, "if !fell || wrapped && (same &&", "if !fell || wrapped && (same && !same &&"),
		counters.fault("a wrap of any height", specified, "wrapped = wrapped && n >= from.values[i]", "wrapped = wrapped && n > 0"),
		counters.fault("buttons that are gone wrap", specified, "range r.Values[:r.Scale.Max()] {", "range r.Values {"),
		counters.fault("a wrap beside a session is a start", specified, "!same && sum(added) < sum(r.Values)) {", "!same && sum(added) < 0) {"),
		counters.fault("a start beside a session is a wrap", specified, "!same && sum(added) < sum(r.Values)) {", "!same && sum(added) <= most) {"),
		counters.fault("what did not fall goes on", specified, "return r.Values, sum(r.Values) <= most && ", "for i, n := range r.Values {\n\t\tif n < from.values[i] {\n\t\t\tadded[i] = n\n\t\t}\n\t}\n\treturn added, sum(added) <= most && "),
		counters.fault("an epoch that rises keeps its turn", specified, "d.epochs = slices.Delete(d.epochs, i, i+1)\n\t}\n",
			"d.epochs[i] = epoch{r.Epoch, r.Frame, r.At, r.Values}\n\t\td.newest = max(d.newest, r.At)\n\t\treturn\n\t}\n"),
		counters.fault("an epoch more may rise", specified, "keep := EpochsKept - 1", "keep := EpochsKept"),
		counters.fault("a session before may still rise", specified, "keep = 0", "keep = EpochsKept - 1"),
		counters.fault("epochs that are over, in any order", bounded, "i, _ := slices.BinarySearch(d.ended, name)\n", "i := len(d.ended)\n"),
		counters.fault("epochs that are over are forgotten", bounded, "d.ended = slices.Insert(d.ended, i, name)\n", "d.ended = slices.Insert(d.ended[:i:i], i, name)\n"),
	}
}

// eventStateFaults are of the part of a checkpoint that is of sources without state.
func eventStateFaults() []fault {
	state := site{"aggregate/fold/checkpoint_events.go", foldPackage}
	checkpoint := site{"aggregate/fold/checkpoint.go", foldPackage}
	const (
		fixed, refused = "TestStateOfEvents", "TestOpenRefusesEvents"
		older          = "TestCheckpointsOfOlderVersions"
		keyRange       = "if at < s.floor || at > clock+schema.VoteAheadMax || !c.valid() || c == contentVoided || i > 0 && apart == 0 && bytes.Compare(last[:], key[:]) >= 0 {"
		keysFit        = "if len(s.keys) != n || n > KeysMax || n == 0 && s.floor == 0 {"
		epochsFit      = "if kept < 1 || kept > EpochsKept || n+kept > EpochsEnded+EpochsKept {"
		sourceFits     = "if k.memory.Length() == 0 || last.memory != 0 && last.compare(k) >= 0 {"
		epochFits      = "if d.index(e.id) >= 0 || e.at > d.newest {"
	)
	return []fault{
		checkpoint.fault("rules 2 write version 3", "TestAnOlderVersionHaltsAtRules3", "if r < schema.RulesV3 {\n\t\treturn 2", "if r < schema.RulesV2 {\n\t\treturn 2"),
		checkpoint.fault("rules 3 write version 2", "TestAnOlderVersionHaltsAtRules3", "if r < schema.RulesV3 {\n\t\treturn 2", "if r <= schema.RulesV3 {\n\t\treturn 2"),
		checkpoint.fault("version 2 has events", older, "if version < 3 {\n\t\treturn ofVotes", "if version < 2 {\n\t\treturn ofVotes"),
		checkpoint.fault("version 3 has no account of events", "TestScenarios", "if version < 3 {\n\t\treturn ofVotes", "if version <= 3 {\n\t\treturn ofVotes"),
		state.fault("version 2 has sources", older, "if r.version < 3 {", "if r.version < 2 {"),
		state.fault("checkpoint without the log's time", fixed, "appendNumbers(dst, uint64(f.clock), uint64(len(f.sources)))", "appendNumbers(dst, 0, uint64(len(f.sources)))"),
		state.fault("checkpoint without memories", fixed, "uint64(k.terminal)), uint64(k.memory))", "uint64(k.terminal)), uint64(event.MemoryCall))"),
		state.fault("checkpoint without floors", "TestASourceForgetsTheOlderHalf", "appendNumbers(dst, uint64(s.floor), uint64(len(all)))", "appendNumbers(dst, 0, uint64(len(all)))"),
		state.fault("checkpoint without the times of keys", fixed, "last = k.at\n", "last = all[0].at\n"),
		state.fault("checkpoint without contents of keys", fixed, "byte(k.content)), k.key[:]...)", "byte(all[0].content)), k.key[:]...)"),
		state.fault("checkpoint without newest times", "TestScenarios", "appendNumbers(dst, uint64(d.newest), uint64(len(d.ended)))", "appendNumbers(dst, uint64(d.epochs[len(d.epochs)-1].at), uint64(len(d.ended)))"),
		state.fault("checkpoint without epochs that are over", fixed, "dst = appendNumbers(dst, uint64(d.newest), uint64(len(d.ended)))\n", "d = &device{d.epochs, nil, d.newest}\n\tdst = appendNumbers(dst, uint64(d.newest), 0)\n"),
		state.fault("checkpoint without frames", fixed, "e.frame, uint64(e.at))", "0, uint64(e.at))"),
		state.fault("checkpoint without times of readings", fixed, "e.frame, uint64(e.at))", "e.frame, uint64(d.newest))"),
		state.fault("checkpoint without counts", fixed, "dst = appendNumbers(dst, e.values[:]...)", "dst = appendNumbers(dst, make([]uint64, len(e.values))...)"),
		state.fault("epochs come back in another order", fixed, "d.epochs = append(d.epochs, e)", "d.epochs = append([]epoch{e}, d.epochs...)"),
		state.fault("keys come back uncounted", "TestAPartitionsKeysAreShared", "f.keys += len(s.keys)\n", "\n"),
		state.fault("sources in any order", refused, sourceFits, "if k.memory.Length() == 0 || last.memory > event.MemoryCall {"),
		state.fault("a source without memory", refused, sourceFits, "if last.memory != 0 && last.compare(k) >= 0 {"),
		state.fault("sources by terminal alone", refused, "cmp.Or(cmp.Compare(k.terminal, other.terminal), cmp.Compare(k.memory, other.memory))", "cmp.Compare(k.terminal, other.terminal)"),
		state.fault("a key below the floor", refused, keyRange, keyRange[:3]+keyRange[len("if at < s.floor || "):]),
		state.fault("a key ahead of the log", refused, " || at > clock+schema.VoteAheadMax", ""),
		state.fault("a key of any content", refused, " || !c.valid() ||", " ||"),
		state.fault("a key of a voided vote", refused, " || c == contentVoided", ""),
		state.fault("keys in any order", refused, " || i > 0 && apart == 0 && bytes.Compare(last[:], key[:]) >= 0 {", " || i > 0 && apart == 0 && bytes.Compare(last[:], key[:]) > 1 {"),
		state.fault("a key that comes twice", refused, keysFit, "if n > KeysMax || n == 0 && s.floor == 0 {"),
		state.fault("a source of nothing", refused, keysFit, "if len(s.keys) != n || n > KeysMax {"),
		state.fault("devices in any order", refused, "if i > 0 && t <= before {", "if i > 0 && t == 0 && before == 0 {"),
		state.fault("a device that comes twice", refused, "if i > 0 && t <= before {", "if i > 0 && t < before {"),
		state.fault("ended epochs in any order", refused, "if i > 0 && d.ended[i] < d.ended[i-1] {", "if i > 0 && d.ended[i] < 0 {"),
		state.fault("a device without epochs", refused, epochsFit, "if kept > EpochsKept || n+kept > EpochsEnded+EpochsKept {"),
		state.fault("a device of any epochs", refused, epochsFit, "if kept < 1 || n+kept > EpochsEnded+EpochsKept {"),
		state.fault("a device of any ended epochs", refused, epochsFit, "if kept < 1 || kept > EpochsKept {"),
		state.fault("an epoch that comes twice", refused, epochFits, "if e.at > d.newest {"),
		state.fault("a reading newer than the newest", refused, epochFits, "if d.index(e.id) >= 0 {"),
	}
}

// eventFormatFaults are of events on the log, and of their account in claims.
func eventFormatFaults() []fault {
	const eventPackage, schemaPackage = "schema/event", "schema"
	event := site{"schema/event/event.go", eventPackage}
	votes := site{"schema/event/votes.go", eventPackage}
	reading := site{"schema/event/reading.go", eventPackage}
	claim := site{"schema/claim_append.go", schemaPackage}
	claims := site{"schema/claim_decode.go", schemaPackage}
	tally := site{"schema/rollup.go", schemaPackage}
	const (
		keyed, read           = "TestVotesRefusals", "TestReadingRefusals"
		written               = "TestWhatCannotBeReadIsNotWritten"
		versions, merged, all = "TestClaimsOfEventsHaveAVersion", "TestTalliesAreMerged", "TestATallyIsBalanced"
	)
	return []fault{
		event.fault("any format is an event", "TestKinds", "value[0] == formatTag && (Kind(value[1]) == Votes", "value[0] == formatTag && (Kind(value[1]) > Reading || Kind(value[1]) == Votes"),
		event.fault("an event without its checksum", keyed, "body, err := schema.CutChecksum(record)\n", "body, err := record[:max(0, len(record)-4)], error(nil)\n"),
		event.fault("fields that nobody knows", keyed, "if len(m.ProtoReflect().GetUnknown()) > 0 {", "if len(m.ProtoReflect().GetUnknown()) < 0 {"),
		event.fault("an event of another kind", keyed, "if Kind(m.GetFormat()) != k {", "if Kind(m.GetFormat()) == None {"),
		event.fault("slot cut to its type", keyed, "if m.GetSlot() >= schema.Slots || ", "if "),
		event.fault("slot of an event", written, "if s.Slot >= schema.Slots || ", "if s.Slot > 1<<15 || "),
		event.fault("channel cut to its type", keyed, " || m.GetChannel() > uint32(schema.ChannelDigital)", ""),
		event.fault("an event of no comune", keyed, "s.Comune == 0 || ", ""),
		event.fault("an event ingested at any time", keyed, " || !inTime(s.Ingested) {", " {"),
		event.fault("an event of any office", keyed, "_, err := schema.ParseOffice(string(s.Office))\n\treturn err", "_, _ = schema.ParseOffice(string(s.Office))\n\treturn nil"),
		votes.fault("keys that are cut", keyed, "len(m.Keys) != n*len(Key{}) || ", "len(m.Keys) < n || "),
		votes.fault("memory cut to its type", keyed, " || m.Memory > uint32(MemoryCall) {", " {"),
		votes.fault("a memory of none", keyed, "if b.Memory.Length() == 0 || ", "if "),
		votes.fault("votes of a time that no log has", keyed, " || !inTime(v.At) {", " {"),
		votes.fault("service cut to its type", keyed, "if m.Service[i] > serviceMax {", "if i < 0 {"),
		votes.fault("a value beyond its scale", keyed, "v.Value > b.Scale.Max() || ", ""),
		votes.fault("a voided vote with a key", keyed, "if v.Value < 1 || ", "if "),
		votes.fault("a batch of any length", keyed, " || len(b.Votes) > schema.BatchVotesMax {", " {"),
		votes.fault("an empty batch", keyed, " || len(b.Votes) == 0", ""),
		reading.fault("an epoch that is cut", read, " || len(m.Epoch) != len(r.Epoch)", ""),
		reading.fault("any number of counters", read, " || !r.Restart && len(m.Counters) != int(r.Scale.Max()) {", " {"),
		reading.fault("service of a reading cut to its type", read, "if m.Service > serviceMax || ", "if "),
		reading.fault("a reading of any time", read, " || !inTime(r.At)", ""),
		reading.fault("enrolled at any time", read, "if !inTime(r.Since) || ", "if "),
		reading.fault("frames of any number", read, " || r.Frame > CountMax", ""),
		reading.fault("nothing is believed of a device", read, " || r.MostAMinute < 1", ""),
		reading.fault("anything is believed of a device", read, " || r.MostAMinute > MostAMinuteMax", ""),
		reading.fault("from zero, and not carried", read, " || r.FromZero && !r.Carried {", " {"),
		reading.fault("counters of 16 bits that are longer", read, "most = WrapAt - 1", "most = CountMax"),
		reading.fault("counts of buttons that are not there", written, "n > 0 && (i >= int(r.Scale.Max()) || r.Restart)", "n > 0 && r.Restart"),
		reading.fault("a start with counts", written, "n > 0 && (i >= int(r.Scale.Max()) || r.Restart)", "n > 0 && i >= int(r.Scale.Max())"),
		reading.fault("counters of any length", read, "most := uint64(CountMax)", "most := uint64(1<<64 - 1)"),
		claim.fault("claims of events in version 1", versions, "if a.numbers > voteNumbers {", "if a.numbers > TallyNumbers {"),
		claim.fault("claims of votes in version 2", versions, "return TallyNumbers\n\t\t\t}\n\t\t}\n\t}\n\treturn voteNumbers", "return TallyNumbers\n\t\t\t}\n\t\t}\n\t}\n\treturn TallyNumbers"),
		claim.fault("claims leave events out", versions, "if claims[i].Ledger[j].Events != (EventTally{}) {", "if claims[i].Ledger[j].Events.In == 0 && claims[i].Ledger[j].Events != (EventTally{}) {"),
		claim.fault("room for accounts of votes", versions, "9 + 6 + TallyNumbers*8", "9 + 6 + voteNumbers*8"),
		claims.fault("version 2 is read as 1", "TestClaimBatchRoundTrip", "if record[0] > 1 {", "if record[0] > ClaimVersion {"),
		claims.fault("claims of a later version", "TestClaimBatchRefuses", "record[0] > ClaimVersion:", "record[0] > 2*ClaimVersion:"),
		tally.fault("events are not merged", merged, "*n = max(*n, *numbers[i])", "if i < 7 {\n\t\t\t*n = max(*n, *numbers[i])\n\t\t}"),
		tally.fault("stale events are not added", merged, "e.Stale += more.Stale\n", ""),
		tally.fault("numbers in another order", "TestNumbersOfATally", "&e.Repeated, &e.Stale,", "&e.Stale, &e.Repeated,"),
		tally.fault("either account is balanced", all, " &&\n\t\te.In == e.Used+", " ||\n\t\te.In == e.Used+"),
		tally.fault("stale readings are not accounted for", all, "e.Repeated+e.Stale+e.Conflicts", "e.Repeated+e.Conflicts"),
	}
}
