package drill

// shareFaults are of a country on several servers: nobody may answer for some of them,
// and nobody count what is another's.
func shareFaults() []fault {
	const pkg, stay = "aggregate/store", "TestDatabasesStayWhatTheyAre"
	server, pool, share := site{"aggregate/store/server.go", pkg}, site{"aggregate/store/pool.go", pkg}, site{"aggregate/store/share.go", pkg}
	shares := site{"schema/shares/shares.go", "schema/shares"}
	return []fault{
		server.fault("a share answers for the country", stay, "if n.kind == kindShare && !s.share {", "if n.kind == kindShare && s.share && n.host == \"\" {"),
		server.fault("shares that are not all will do", "TestNobodyAnswersForSomeOfTheShares|TestAServerThatTheClusterHasTwice", `if n.log == "" {`, `if n.log == "" && n.shares == "-" {`),
		server.fault("a share made anew will do", "TestAShareMadeAnewIsToldForEver", " || n.shares != s.first.shares {", " {"),
		pool.fault("shares are asked once", "TestNobodyAnswersForSomeOfTheShares", "case p.server.met().isFront():", "case p.server.met().isFront() && used == nil:"),
		site{"aggregate/store/apply.go", pkg}.fault("what was there before it was set up is taken for the same", "TestWhoWasThereBeforeItWasSetUp", "\ts.conn.server.again()\n", ""),
		site{"schema/sql/queries/shares.sql", pkg}.fault("a server twice in the cluster", "TestAServerThatTheClusterHasTwice", "DISTINCT _shard_num, log", "DISTINCT log"),
		share.fault("counts are put out of sight", stay, "if own > 0 {", "if own > 1<<60 {"),
		share.fault("a share takes others' rows", stay, "number(first), \"next\": number(next)", "number(first*0), \"next\": number(next*0+schema.Slots)"),
		share.fault("a share is what was asked for last", stay, "if got != id || has != share {", "if got != id {"),
		shares.fault("a partition is nobody's", "TestSharesHaveEachPartitionOnce", "schema.Partition((s.Number + 1) * n / s.Of)", "schema.Partition(s.Number*n/s.Of + n/s.Of)"),
		site{"ingest/broker/members/members.go", "ingest/broker/members"}.fault("workers of a share count all", "TestAGroupSharesOutItsShareAlone", "if b.Holds == nil {", "if b.Holds == nil || len(members) > 0 {"),
		site{"command/doctor/together.go", "command/doctor"}.fault("what another share has not counted is missed", "TestLogAndDatabasesAreHeldTogether", "if !share.Holds(schema.Partition(p), id.Partitions) {", "if p < 0 {"),
	}
}
