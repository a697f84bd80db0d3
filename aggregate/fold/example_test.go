package fold_test

import (
	"fmt"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// A record sent again, as after a lost answer, changes nothing but the account.
func ExampleFold() {
	id := schema.Identity{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV1}
	begin := schema.AppendGenesis(nil, schema.Genesis{Log: id.Log, Partitions: id.Partitions, Rules: id.Rules})
	header := schema.BatchHeader{
		Terminal: 1, Stream: 1, Comune: 58091, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
		Ingested: 1_793_610_000_000,
	}
	votes := schema.AppendVoteBatch(nil, &header, []schema.Vote{
		{Seq: 1, At: header.Ingested - 60_000, Value: schema.Green},
		{Seq: 2, At: header.Ingested - 5_000, Value: schema.Red, Reason: schema.ReasonWaitingTime},
	})

	f := fold.New(0, id)
	for i, rec := range []schema.Record{{Key: []byte(schema.KeyGenesis), Value: begin}, {Value: votes}, {Value: votes}} {
		rec.Offset = schema.Offset(i)
		if err := f.Apply(&rec); err != nil { // Wraps fold.ErrHalt: no further record may be counted.
			fmt.Println(err)
		}
	}

	var rows fold.Rows
	f.Drain(&rows)
	for _, r := range rows.Rollups {
		fmt.Println(r.Comune, r.Hour, "green", r.Values[schema.Green-1], "red", r.Values[schema.Red-1])
	}
	account := rows.Ledger[0]
	fmt.Println("came in", account.VotesIn, "counted", account.Counted, "duplicates", account.Duplicates)
	fmt.Println("the terminal may forget seqs up to", rows.Watermarks[0].Highest)
	// Output:
	// 058091 2026-11-02T08:00:00Z green 1 red 1
	// came in 4 counted 2 duplicates 2
	// the terminal may forget seqs up to 2
}
