package drill

// deskFaults are those by which somebody could do at a body's desk what is not theirs to
// do, or a lost answer would cost more than asking again.
func deskFaults() []fault {
	bodies := site{"query/bodies/bodies.go", "query/bodies"}
	claims := site{"query/bodies/claims.go", "query/bodies"}
	wanted := site{"query/bodies/wanted.go", "query/bodies"}
	orders := site{"query/bodies/orders.go", "query/bodies"}
	terminals := site{"query/bodies/terminals.go", "query/bodies"}
	return []fault{
		bodies.fault("a body sees all bodies", "TestEachSeesItsOwn", "who.Role > access.Body || slices.Contains(who.Own.Bodies, code)", "who.Role >= access.Body"),
		bodies.fault("an analyst changes something", "TestToEndATerminal", "if q.who.Role == access.Analyst {", "if q.who.Role == access.Public {"),
		terminals.fault("a body ends another's terminal", "TestToEndATerminal", "e != nil && ownerOf(e, d.Network.Owners(q.today)) == q.body.Code && inOffices", "e != nil && inOffices"),
		claims.fault("a lost answer leaves codes that work", "TestACodeWhoseAnswerWasLost", "\t\tif err := d.replace(q, sent.ID); err != nil {\n\t\t\treturn err\n\t\t}\n", ""),
		claims.fault("a used code is made again", "TestACodeBecomesATerminal", "d.Network.OfferState(o.Hash, q.now) == network.OfferUsed {\n\t\t\treturn", "false {\n\t\t\treturn"),
		claims.fault("a withdrawal that came late is none", "TestWithdrawAndRedeemAtOnce", "if d.Network.OfferState(hash, q.now) == network.OfferUsed {", "if err == nil && false {"),
		claims.fault("codes without end", "TestClaimsAreLimited", "len(young)+count-hourMax", "len(young)-hourMax"),
		wanted.fault("a body claims any comune", "TestWhatMayBeClaimed", "case isBodyRole(q) && !slices.Contains(members, comune.ID)", "case false && !slices.Contains(members, comune.ID)"),
		wanted.fault("a union takes its members' terminals", "TestWhatMayBeClaimed", "cmp.Or(owners[id], q.body.Code)", "cmp.Or(q.body.Code, owners[id])"),
		orders.fault("an order takes another body's place", "TestOrders", "known != nil && known.Body != o.Body {", "known != nil && known.Body == \"\" {"),
		orders.fault("a body notes an order anyway", "TestOrders", "sent.Anyway && q.who.Role != access.Operator", "sent.Anyway && q.who.Role == access.Public"),
		orders.fault("a cancelled order is taken up again", "TestOrders", "known == nil || known.Cancelled != 0 && o.Cancelled != known.Cancelled {", "known == nil {"),
		site{"query/desk/read.go", "query/desk"}.fault("the second of two members holds", "TestReadIsStrict", "case names[name]:", "case false:"),
		site{"query/desk/open.go", "query"}.fault("a listener for everybody", "TestWithoutIssuerElsewhere", "addr == nil || !addr.IP.IsLoopback(), r", "addr == nil, r"),
		site{"query/access/rights.go", "query/access"}.fault("a code that cannot be read is none", "TestBodiesBringTheirComuni", "case !bodies:", "case !bodies && false:"),
	}
}
