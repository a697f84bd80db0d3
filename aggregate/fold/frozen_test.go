package fold_test

import (
	"mlf/schema"
)

// frozenRecords are what the checkpoints in testdata/checkpoint1 were made of, by
// the version that wrote payloads of version 1: a bit of everything that rules 1
// know, and then until records without votes. Never change them.
func frozenRecords(until int) []schema.Record {
	recs := []schema.Record{genesis(0, 1)}
	add := func(h schema.BatchHeader, votes ...schema.Vote) {
		recs = append(recs, schema.Record{Value: batch(h, votes...)})
	}
	for n := range 12 { // Eight streams of four terminals, in order and out of it, with gaps.
		for k := range 8 {
			h := counter()
			h.Terminal, h.Stream = schema.TerminalID(k/2+1), schema.StreamID(k+1)
			h.Comune = schema.ComuneID(58091 + k/2)
			h.Channel = schema.Channels()[k%5]
			h.Test = k == 7
			h.Ingested += schema.Instant(n*60_000 + k)
			var votes []schema.Vote
			for i := range 30 {
				seq := schema.Seq(1 + (n*30+i*(k+1))%997)
				v := schema.Vote{
					Seq: seq, At: h.Ingested - schema.Instant(seq%7)*700_000 - schema.Instant(i)*900,
					Service: schema.ServiceID(seq % 5), Value: schema.Value(seq % 4), LateClock: seq%41 == 0,
				}
				if v.Value == schema.Red {
					v.Reason = schema.Reason(1 + seq%11)
				}
				votes = append(votes, v)
			}
			add(h, votes...)
		}
	}
	h := counter() // A stream that is full, and one of a single vote.
	h.Stream = 77
	for part := range 5 {
		var votes []schema.Vote
		for i := range 1000 {
			votes = append(votes, schema.Vote{Seq: schema.Seq(3 + 2*(1000*part+i)), At: nine, Value: schema.Green})
		}
		add(h, votes...)
	}
	h.Stream = 78
	add(h, schema.Vote{Seq: schema.SeqMax, At: nine, Value: schema.Yellow})
	recs = append(recs, schema.Record{Value: []byte("?")}, schema.Record{Key: []byte(schema.KeyGenesis)})
	for len(recs) < until {
		recs = append(recs, schema.Record{Key: []byte(schema.KeyGenesis)})
	}
	if until == 0 {
		return recs
	}
	return append(recs, frozenRecords(0)[1:40]...)
}
