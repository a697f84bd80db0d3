package schema_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlf/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata") //nolint:gochecknoglobals // A flag must exist before main.

// golden compares got with testdata/name. A difference means that what was
// written before cannot be read the same way: -update is right only for a format
// that no log has yet.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// hexLines writes record in lines of 32 bytes.
func hexLines(record []byte) string {
	var text strings.Builder
	for len(record) > 0 {
		n := min(32, len(record))
		fmt.Fprintf(&text, "%x\n", record[:n])
		record = record[n:]
	}
	return text.String()
}

// TestGoldenRecords fixes the encodings of the log, byte by byte.
func TestGoldenRecords(t *testing.T) {
	var text bytes.Buffer
	batch := func(what string, h schema.BatchHeader, v []schema.Vote) {
		record := schema.AppendVoteBatch(nil, &h, v)
		fmt.Fprintf(&text, "# %s: %d bytes\n%s\n", what, len(record), hexLines(record))
	}
	batch("one vote of a counter", header(), votes(1))
	batch("three votes", header(), votes(3))
	batch("130 votes: columns longer than 127 bytes", header(), votes(130))
	batch("the ends of all ranges", extremeHeader(), extremes(4))
	plain := header()
	plain.Office, plain.Test, plain.Channel, plain.Scale = "", true, schema.ChannelPhone, schema.ScaleSmiley4
	batch("no office, a test, seqs out of order, one voided, one late", plain, []schema.Vote{
		{Seq: 43, At: plain.Ingested - 1900, Service: 7, Value: 4, Reason: schema.ReasonOther},
		{Seq: 41, At: plain.Ingested - 2500, Service: 7},
		{Seq: 42, At: plain.Ingested, Service: 7, Value: 1, Reason: schema.ReasonTimeout, LateClock: true},
	})
	record := schema.AppendGenesis(nil, genesis())
	fmt.Fprintf(&text, "# genesis of partition 3 of 12: %d bytes\n%s", len(record), hexLines(record))
	golden(t, "records.golden", text.Bytes())
}

// TestGoldenFormat2 fixes what format 2 adds. Whatever format 1 can hold is still
// written in it, as TestGoldenRecords says.
func TestGoldenFormat2(t *testing.T) {
	var text bytes.Buffer
	batch := func(what string, h schema.BatchHeader, v []schema.Vote) {
		record := schema.AppendVoteBatch(nil, &h, v)
		fmt.Fprintf(&text, "# %s: %d bytes\n%s\n", what, len(record), hexLines(record))
	}
	h := header()
	batch("one vote of a counter with its wall clock, 3 s fast", h, walled(1))
	batch("five votes, the fourth without a wall clock", h, walled(5))
	same := votes(3)
	for i := range same {
		same[i].Wall = same[i].At - 700
	}
	batch("three votes whose wall clocks are all 0.7 s slow", h, same)
	web := h
	web.Channel, web.Scale = schema.ChannelWeb, schema.ScaleStars5
	batch("a reason of the positive branch", web, []schema.Vote{
		{Seq: 1, At: h.Ingested - 900, Value: 5, Reason: schema.ReasonClear},
		{Seq: 2, At: h.Ingested - 100, Value: 4, Reason: schema.ReasonNoTrouble},
	})
	batch("the ends of all ranges", extremeHeader(), extremes2(4))
	golden(t, "format2.golden", text.Bytes())
}

// TestGoldenControl fixes the record that changes the rules.
func TestGoldenControl(t *testing.T) {
	c := schema.Control(genesis())
	c.Rules = schema.RulesV2
	record := schema.AppendControl(nil, c)
	text := fmt.Sprintf("# key %q, partition 3 of 12, rules 2: %d bytes\n%s", schema.KeyRules, len(record), hexLines(record))
	golden(t, "control.golden", []byte(text))
}

// TestGoldenPlacing fixes where votes go: a terminal whose slot or partition
// changed would be counted in two places.
func TestGoldenPlacing(t *testing.T) {
	var text bytes.Buffer
	fmt.Fprint(&text, "# SlotOf: comune, ordinal, slot\n")
	for _, c := range []schema.ComuneID{1001, 15146, 58091, 63049, 82053, 111107, 999999} {
		for _, ordinal := range []uint32{0, 255, 256, 511, 512, 1 << 20} {
			fmt.Fprintf(&text, "%v %d %d\n", c, ordinal, schema.SlotOf(c, ordinal))
		}
	}
	fmt.Fprint(&text, "\n# PartitionOf: partitions, slot, partition\n")
	for _, n := range []int{1, 2, 3, 8, 12, 64, 100, 1000, 1024} {
		for _, s := range []schema.Slot{0, 1, 84, 85, 86, 341, 342, 511, 512, 513, 1022, 1023} {
			fmt.Fprintf(&text, "%d %d %d\n", n, s, schema.PartitionOf(s, n))
		}
	}
	fmt.Fprintf(&text, "\n# The stream of a fixed terminal under a fixed key\n%s\n", streamKey(7).Sign(stream()))
	golden(t, "placing.golden", text.Bytes())
}
