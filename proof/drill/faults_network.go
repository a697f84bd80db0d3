package drill

// networkFaults are those by which a code could have two owners, or none.
func networkFaults() []fault {
	claims := site{"schema/network/claims.go", "schema/network"}
	offers := site{"ingest/enrolment/offers.go", "ingest/enrolment"}
	programme := site{"schema/network/programme.go", "schema/network"}
	const winner = "TestWinner"
	return []fault{
		claims.fault("a code is good after its end", winner, "|| !a.At.Before(c.offer.Expires) {", "{"),
		claims.fault("too few tokens win", winner, "len(a.Tokens) != len(c.offer.Terminals)", "len(a.Tokens) > len(c.offer.Terminals)"),
		claims.fault("a withdrawn code is redeemed", winner, "c.withdrawn == 0 || a.number < c.withdrawn &&", "c.withdrawn == 0 ||"),
		claims.fault("a withdrawal by its order alone", winner, "a.number < c.withdrawn && a.At.Before(c.offer.Withdrawn)", "a.number < c.withdrawn"),
		claims.fault("an old record opens a code again", winner, "o.Withdrawn = known.Withdrawn //", "//"),
		claims.fault("terminals do not say who won", winner, `if device := n.deviceOf(c.offer); device != "" {`, `if device := n.deviceOf(c.offer); device == "?" {`),
		claims.fault("an attempt is counted twice", "TestAttemptsAreSeen", "return a.key == key }) {\n\t\tc.attempts", "return a.key == \"\" }) {\n\t\tc.attempts"),
		offers.fault("nobody looks who was first", "TestRace", "\tcase !same(won, r):\n\t\treturn ErrUsed\n", "\tcase !same(won, r) && won.Claim == \"\":\n\t\treturn ErrUsed\n"),
		offers.fault("decided before it was read", "TestRace|TestFollowedOffers", "if err := o.readTo(ctx, key); err != nil {\n\t\treturn err\n\t}\n\twon, ok :=", "_ = o.network.Apply(key, value)\n\twon, ok :="),
		offers.fault("a repeated claim undoes a new token", "TestRedeem", "if terminals.ByID(e.Terminal) == nil {", "if e.Device == \"\" {"),
		offers.fault("the same claim with other tokens", "TestRedeem", "won.Claim == r.Claim && (won.Tokens == nil || slices.Equal(won.Tokens, r.Tokens))", "won.Claim == r.Claim"),
		offers.fault("a token that is another's", "TestRedeem", "e != nil && e.Terminal != offer.Terminals[i].Terminal {", "e != nil && e.Terminal == 0 {"),
		programme.fault("5,000 residents are few", "TestCheck", "r >= p.ResidentsBelow", "r > p.ResidentsBelow"),
		programme.fault("the last day is a day too many", "TestCheck", "o.Ordered > p.Until", "o.Ordered >= p.Until"),
		programme.fault("an order is its own second one", "TestCheck", "other.ID == o.ID || ", ""),
		site{"schema/terminals.go", "schema"}.fault("a new token opens a terminal", "TestClosureHolds", "\te.Closed = t.closed[e.Terminal]\n", ""),
		site{"query/network/figures.go", "query/network"}.fault("a vote of tomorrow is of today", "TestFigures", "!t.Before(begin) && t.Before(c.Until)", "!t.Before(begin)"),
	}
}
