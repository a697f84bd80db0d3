package drill

func recordFaults() []fault {
	decode := site{"schema/votebatch_decode.go", "schema"}
	return []fault{
		decode.fault("checksum of a record", "TestVoteBatchEveryBit", "; got != want {", "; got != want && n < 0 {"),
		decode.fault("newer format is quarantined", "TestVoteBatchRefusals", "if format <= known {", "if format >= 0 {"),
		decode.fault("field twice", "TestVoteBatchRefusals", "if c.seen&field != 0 {", "if c.seen&field != 0 && field == 0 {"),
		decode.fault("numbers left in a column", "TestVoteBatchRefusals", "if len(rest) > 0 {\n\t\treturn Undecodable(\"column", "if len(rest) < 0 {\n\t\treturn Undecodable(\"column"),
		decode.fault("seq out of range", "TestVoteBatchRefusals", "if seq < 1 || seq > int64(SeqMax) {", "if seq < 0 {"),
		decode.fault("value beyond its scale", "TestVoteBatchRefusals", "if value > valueMax || reason > reasonMax {", "if value > valueMax+1 || reason > reasonMax {"),
		decode.fault("format 1 with reasons of format 2", "TestVoteBatchRefusals", "reasonMax = reasonMax1", "reasonMax = ReasonMax"),
		decode.fault("format 1 with wall clocks", "TestVoteBatchRefusals", "if c.format == format1 && c.walls != nil {", "if c.format < format1 {"),
		decode.fault("wall clocks of another record", "TestVoteBatchForgetsWallClocks", "if b.walled && len(c.walls) == 0 {", "if b.walled && n < 0 {"),
		site{"schema/votebatch.go", decode.pkg}.fault("format 2 calls itself 1", "TestVoteBatchFormat", "return format2, walls != 0", "return format1, walls != 0"),
		site{"schema/log.go", "schema"}.fault("another partitioner", "TestGoldenPlacing", "Partition(int(s) * n / Slots)", "Partition(int(s) % n)"),
	}
}

func registryFaults() []fault {
	stream := site{"schema/stream.go", "schema"}
	terminals := site{"schema/terminals.go", "schema"}
	return []fault{
		stream.fault("unsigned stream", "TestStreamRefusals", "!hmac.Equal(mac, key.mac(body))", "len(mac) != len(key.mac(body))"),
		stream.fault("stream in many spellings", "TestStreamRefusals", "base64.RawURLEncoding.Strict().Decode", "base64.RawURLEncoding.Decode"),
		stream.fault("slot out of range", "TestStreamRefusals", "if s.Slot >= Slots {", "if s.Slot >= 4*Slots {"),
		terminals.fault("replaced token stays good", "TestTerminalsLife", "delete(t.byToken, old.Token)", "_ = old"),
		terminals.fault("older key signs", "TestTerminalsLife|TestStream", "|| k.newer(t.newest) {", "{"),
		terminals.fault("revocation read before its enrolment", "TestRevocationWins", "; revoked {", "; revoked && e.Revoked {"),
		terminals.fault("revocation read after its enrolment", "TestRevocationWins", "if old := t.byID[id]; old != nil && !old.Revoked {", "if old := t.byID[id]; old != nil && old.Revoked {"),
	}
}
