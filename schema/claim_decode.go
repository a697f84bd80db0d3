package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrNoClaims is wrapped by the error of a record that is no ClaimBatch, or of a
// newer format.
var ErrNoClaims = errors.New("record is no claim batch")

// DecodeClaimBatch reads a record of the counts topic; its error wraps ErrNoClaims.
// It checks everything, and takes no more than some 30 times the record's bytes,
// whatever the record says. Nothing of the batch refers to the record.
func DecodeClaimBatch(record []byte) (ClaimBatch, error) {
	const sum = 4
	n := len(record) - sum
	switch {
	case n < 1:
		return ClaimBatch{}, noClaims("%d bytes", len(record))
	case checksumOf(record[:n]) != binary.LittleEndian.Uint32(record[n:]):
		return ClaimBatch{}, noClaims("checksum of %d bytes does not match", n)
	case record[0] != ClaimVersion:
		return ClaimBatch{}, noClaims("format %d, this program knows %d", record[0], ClaimVersion)
	}
	r := claimReader{text: record[:n], at: 1}
	var b ClaimBatch
	r.head(&b)
	offices := r.offices()
	rows, accounts := r.claims(&b)
	r.places(rows, offices)
	r.times(rows)
	r.values(rows)
	r.reasons(rows)
	r.accounts(accounts)
	if r.left() > 0 {
		r.fail("%d bytes too many", r.left())
	}
	if r.err != nil {
		return ClaimBatch{}, r.err
	}
	return b, nil
}

func noClaims(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNoClaims, fmt.Sprintf(format, args...))
}

// A claimReader reads a record from its front. After the first error it reads
// zeros, so that only the end has to look.
type claimReader struct {
	text []byte
	at   int // Where to go on.
	err  error
}

// left is how many bytes are still to be read.
func (r *claimReader) left() int { return len(r.text) - r.at }

func (r *claimReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = noClaims(format, args...)
	}
	r.at = len(r.text)
}

// number reads a varint of at most most.
func (r *claimReader) number(what string, most uint64) uint64 {
	if r.at < len(r.text) && r.text[r.at] < 1<<7 && uint64(r.text[r.at]) <= most { // As nearly all are.
		r.at++
		return uint64(r.text[r.at-1])
	}
	n, size := consumeVarint(r.text[r.at:])
	if size < 0 || n > most {
		r.fail("%s: no number up to %d", what, most)
		return 0
	}
	r.at += size
	return n
}

// delta adds a difference to n, which stays within 0 to most, of 32 bits.
func (r *claimReader) delta(what string, n, most int64) int64 {
	d := protowire.DecodeZigZag(r.number(what, 1<<34))
	if n += d; n < 0 || n > most {
		r.fail("%s: %d is out of range", what, n)
		return 0
	}
	return n
}

// length reads the length of a list whose items take at least size bytes each.
func (r *claimReader) length(what string, size int) int {
	return int(r.number(what, uint64(r.left()/size)))
}

func (r *claimReader) bytes(what string, n int) []byte {
	if r.left() < n {
		r.fail("%s: cut off", what)
		return make([]byte, n)
	}
	r.at += n
	return r.text[r.at-n : r.at]
}

func (r *claimReader) head(b *ClaimBatch) {
	copy(b.Log[:], r.bytes("log id", len(b.Log)))
	copy(b.Teller[:], r.bytes("teller", len(b.Teller)))
	b.Number = r.number("number", 1<<64-1)
	before := r.number("records before", 1<<64-1)
	if b.Number < 1 || before >= b.Number {
		r.fail("record %d after %d", b.Number, before)
	}
	b.First = b.Number - before
	b.Last = r.number("last", 1) == 1
}

func (r *claimReader) offices() []OfficeCode {
	list := make([]OfficeCode, r.length("offices", 1))
	for i := range list {
		office, err := ParseOffice(string(r.bytes("office", r.length("office", 1))))
		if err != nil {
			r.fail("%v", err)
		}
		if r.err != nil {
			return nil
		}
		list[i] = office
	}
	return list
}

// The least that a part of a claim takes.
const (
	claimBytesMin   = 5
	rowBytesMin     = 7 // Every column one byte.
	reasonBytesMin  = 4 // Gap, how many, key, count.
	accountBytesMin = 1 + 1 + 2 + 7
)

// claims reads the heads of the claims, and gives them rows and accounts to be
// filled: memory for no more of them than the record can have bytes for.
func (r *claimReader) claims(b *ClaimBatch) ([]Rollup, []LedgerRow) {
	b.Claims = make([]Claim, r.length("claims", claimBytesMin))
	type lengths struct{ rows, accounts int }
	of := make([]lengths, len(b.Claims))
	var all lengths
	for i := range b.Claims {
		c := &b.Claims[i]
		c.Partition = Partition(r.number("partition", partitionMax))
		c.After = Offset(r.number("after", 1<<61))
		c.Next = c.After + Offset(r.number("next", 1<<61))
		of[i] = lengths{r.length("rows", rowBytesMin), r.length("accounts", accountBytesMin)}
		all.rows += of[i].rows
		all.accounts += of[i].accounts
		if !b.Last && (c.Next > 0 || of[i].accounts > 0) {
			r.fail("a claim before the last record")
		}
	}
	if all.rows > r.left()/rowBytesMin || all.accounts > r.left()/accountBytesMin {
		r.fail("%d rows and %d accounts in %d bytes", all.rows, all.accounts, r.left())
	}
	if r.err != nil {
		return nil, nil
	}
	rows, accounts := make([]Rollup, all.rows), make([]LedgerRow, all.accounts)
	restRows, restAccounts := rows, accounts
	for i := range b.Claims {
		c := &b.Claims[i]
		c.Rollups, restRows = restRows[:of[i].rows:of[i].rows], restRows[of[i].rows:]
		c.Ledger, restAccounts = restAccounts[:of[i].accounts:of[i].accounts], restAccounts[of[i].accounts:]
		for j := range c.Rollups {
			c.Rollups[j].Partition = c.Partition
		}
		for j := range c.Ledger {
			c.Ledger[j].Partition = c.Partition
		}
	}
	return rows, accounts
}

func (r *claimReader) places(rows []Rollup, offices []OfficeCode) {
	var comune int64
	for i := range rows {
		if comune = r.delta("comune", comune, int64(ComuneMax)); comune == 0 {
			r.fail("comune 0")
		}
		rows[i].Comune = ComuneID(comune)
	}
	for i := range rows {
		n := r.number("office", uint64(len(offices)))
		if n >= uint64(len(offices)) {
			r.fail("office %d of %d", n, len(offices))
			return
		}
		rows[i].Office = offices[n]
	}
	for i := range rows {
		rows[i].Service = ServiceID(r.number("service", serviceMax))
	}
	for i, mark := range r.bytes("marks", len(rows)) {
		c := &rows[i].Cell
		c.Channel, c.Scale, c.Class = Channel(mark&7), Scale(mark>>markScale&3), Class(mark>>markClass)
		if c.Channel < ChannelCounter || c.Channel > ChannelDigital || c.Scale.Max() == 0 || c.Class < ClassOK || c.Class > ClassMax {
			r.fail("%v, %v, class %d: out of range", c.Channel, c.Scale, c.Class)
		}
	}
}

func (r *claimReader) times(rows []Rollup) {
	var hour, segment int64
	for i := range rows {
		hour = r.delta("hour", hour, 1<<32-1)
		rows[i].Hour = Hour(hour)
	}
	for i := range rows {
		segment = r.delta("segment", segment, 1<<32-1)
		rows[i].Segment = Segment(segment)
	}
}

func (r *claimReader) values(rows []Rollup) {
	for i := range rows {
		row := &rows[i]
		if r.left() == 0 {
			r.fail("values: cut off")
			return
		}
		mask := r.text[r.at]
		r.at++
		if mask>>row.Scale.Max() != 0 {
			r.fail("values %05b of %v", mask, row.Scale)
			return
		}
		for ; mask != 0; mask &= mask - 1 {
			row.Values[bits.TrailingZeros8(mask)] = r.number("count", countMax)
		}
	}
}

func (r *claimReader) reasons(rows []Rollup) {
	next := 0
	all := make([]ReasonNumber, 0, r.left()/2)
	for range r.length("rows with reasons", reasonBytesMin) {
		row := next + int(r.number("gap", 1<<32-1))
		n := r.length("reasons", 2)
		if row >= len(rows) || n == 0 || n > 1<<8 {
			r.fail("reasons of row %d of %d: %d", row, len(rows), n)
			return
		}
		next = row + 1
		first, last := len(all), -1
		for range n {
			key := ReasonKey(r.bytes("reason", 1)[0])
			if int(key) <= last || !key.fits(rows[row].Scale) {
				r.fail("reason %d of value %d: out of range or order", key.Reason(), key.Value())
			}
			last = int(key)
			all = append(all, ReasonNumber{key, r.number("count", countMax)})
			if r.err != nil {
				return
			}
		}
		rows[row].Reasons = slices.Clip(all[first:])
	}
}

func (r *claimReader) accounts(accounts []LedgerRow) {
	for i := range accounts {
		l := &accounts[i]
		l.Segment = Segment(r.number("segment", 1<<32-1))
		if r.number("chain", 1) == 1 {
			if copy(l.Chain[:], r.bytes("chain", len(l.Chain))); l.Chain == (Chain{}) {
				r.fail("chain is none")
			}
		}
		l.Next = Offset(r.number("next", 1<<63-1))
		l.Newest = Instant(r.number("newest", uint64(InstantMax)))
		t := &l.Tally
		for _, n := range []*uint64{&t.Records, &t.VotesIn, &t.Counted, &t.Duplicates, &t.Conflicts, &t.Quarantined, &t.Voided} {
			*n = r.number("account", countMax)
		}
		if !t.Balanced() {
			r.fail("account %+v is not balanced", *t)
		}
		if r.err != nil {
			return
		}
	}
}
