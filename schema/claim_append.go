package schema

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// ClaimVersion is the first byte of a record of the counts topic, which is
//
//	version 1 | log id 16 | teller 16 | number | number - first | last 1
//	offices: how many, each as length and bytes
//	claims:  how many, each as partition, after, next - after, rows, ledger rows
//	columns of the rows of all claims, one after the other:
//	         comune, office (its number above), service, mark, hour, segment, values
//	reasons: how many rows have some, each as gap to the one before, reasons,
//	         and (key, count), ascending
//	ledger rows of all claims: segment, chain (0, or 1 and the 32 bytes), next, newest,
//	         records, votes_in, counted, duplicates, conflicts, quarantined, voided
//	CRC-32C of all that 4, lowest byte first
//
// Numbers are varints but where the width is given; comune, hour and segment are
// zigzag differences to the row before, from 0 on. A mark is one byte: channel 3
// bits, scale 2, class 3. Values are a byte that says which there are, and those.
const ClaimVersion = 1

// Bits of a mark.
const (
	markScale = 3
	markClass = 5
)

// countMax is the highest count of a row or an account in a claim: more votes than
// there will be, and few enough that sums do not wrap.
const countMax = 1<<56 - 1

// partitionMax is the highest partition: there are no more than slots.
const partitionMax = Slots - 1

// AppendClaimBatch appends the record that holds b to dst. What DecodeClaimBatch
// would refuse is a defect of this program, and panics.
func AppendClaimBatch(dst []byte, b *ClaimBatch) []byte {
	if b.Number < 1 || b.First < 1 || b.First > b.Number {
		panic(fmt.Sprintf("BUG: append claim batch: record %d of those from %d on", b.Number, b.First))
	}
	start := len(dst)
	dst = append(dst, ClaimVersion)
	dst = append(dst, b.Log[:]...)
	dst = append(dst, b.Teller[:]...)
	dst = binary.AppendUvarint(dst, b.Number)
	dst = binary.AppendUvarint(dst, b.Number-b.First)
	last := byte(0)
	if b.Last {
		last = 1
	}
	dst = append(dst, last)
	a := claimAppender{claims: b.Claims}
	dst = a.appendOffices(dst)
	dst = a.appendHeads(dst, b.Last)
	dst = a.appendPlaces(dst)
	dst = a.appendTimes(dst)
	dst = a.appendValues(dst)
	dst = a.appendReasons(dst)
	dst = a.appendLedger(dst)
	return binary.LittleEndian.AppendUint32(dst, checksumOf(dst[start:]))
}

// A claimAppender writes the parts of a record: a column is one turn over all rows.
type claimAppender struct {
	claims  []Claim
	offices []uint32 // Of each row, the number of its office in the record.
}

// rows calls f with each row of every claim.
func (a *claimAppender) rows(f func(r *Rollup)) {
	for i := range a.claims {
		rows := a.claims[i].Rollups
		for j := range rows {
			f(&rows[j])
		}
	}
}

func (a *claimAppender) appendOffices(dst []byte) []byte {
	var list []OfficeCode
	numbers, number := make(map[OfficeCode]uint32), uint32(0)
	a.rows(func(r *Rollup) {
		if len(list) == 0 || r.Office != list[number] { // Rows of one come together.
			var ok bool
			if number, ok = numbers[r.Office]; !ok {
				number = uint32(len(list))
				numbers[r.Office], list = number, append(list, r.Office)
			}
		}
		a.offices = append(a.offices, number)
	})
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, o := range list {
		if len(o) > OfficeCodeMax {
			panic(fmt.Sprintf("BUG: append claim batch: office %q", o))
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(o))), o...)
	}
	return dst
}

func (a *claimAppender) appendHeads(dst []byte, last bool) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(a.claims)))
	for i := range a.claims {
		c := &a.claims[i]
		if c.Partition < 0 || c.Partition > partitionMax || c.After < 0 || c.Next < c.After || !last && (c.Next > 0 || len(c.Ledger) > 0) {
			panic(fmt.Sprintf("BUG: append claim batch: partition %d from %d to %d, last: %v", c.Partition, c.After, c.Next, last))
		}
		dst = binary.AppendUvarint(dst, uint64(c.Partition))
		dst = binary.AppendUvarint(dst, uint64(c.After))
		dst = binary.AppendUvarint(dst, uint64(c.Next-c.After))
		dst = binary.AppendUvarint(dst, uint64(len(c.Rollups)))
		dst = binary.AppendUvarint(dst, uint64(len(c.Ledger)))
	}
	return dst
}

func (a *claimAppender) appendPlaces(dst []byte) []byte {
	var before int64
	a.rows(func(r *Rollup) {
		if r.Comune == 0 || r.Comune > ComuneMax || r.Channel < ChannelCounter || r.Channel > ChannelDigital ||
			r.Scale.Max() == 0 || r.Class < ClassOK || r.Class > ClassMax {
			panic(fmt.Sprintf("BUG: append claim batch: cell %+v", r.Cell))
		}
		dst = appendDelta(dst, &before, int64(r.Comune))
	})
	for _, number := range a.offices {
		dst = binary.AppendUvarint(dst, uint64(number))
	}
	a.rows(func(r *Rollup) { dst = binary.AppendUvarint(dst, uint64(r.Service)) })
	a.rows(func(r *Rollup) {
		dst = append(dst, byte(r.Channel)|byte(r.Scale)<<markScale|byte(r.Class)<<markClass)
	})
	return dst
}

func (a *claimAppender) appendTimes(dst []byte) []byte {
	var hour, segment int64
	a.rows(func(r *Rollup) { dst = appendDelta(dst, &hour, int64(r.Hour)) })
	a.rows(func(r *Rollup) { dst = appendDelta(dst, &segment, int64(r.Segment)) })
	return dst
}

// appendDelta appends by how much n is above the number before it, and makes it that.
func appendDelta(dst []byte, before *int64, n int64) []byte {
	dst = binary.AppendUvarint(dst, protowire.EncodeZigZag(n-*before))
	*before = n
	return dst
}

func (a *claimAppender) appendValues(dst []byte) []byte {
	a.rows(func(r *Rollup) {
		var mask byte
		for i, n := range r.Values {
			if n > 0 {
				mask |= 1 << i
			}
		}
		if mask>>r.Scale.Max() != 0 {
			panic(fmt.Sprintf("BUG: append claim batch: values %v of %v", r.Values, r.Scale))
		}
		dst = append(dst, mask)
		for ; mask != 0; mask &= mask - 1 {
			dst = appendCount(dst, r.Values[bits.TrailingZeros8(mask)])
		}
	})
	return dst
}

func appendCount(dst []byte, n uint64) []byte {
	if n > countMax {
		panic(fmt.Sprintf("BUG: append claim batch: count %d", n))
	}
	return binary.AppendUvarint(dst, n)
}

func (a *claimAppender) appendReasons(dst []byte) []byte {
	some := uint64(0)
	a.rows(func(r *Rollup) {
		if len(r.Reasons) > 0 {
			some++
		}
	})
	dst = binary.AppendUvarint(dst, some)
	row, next := 0, 0
	a.rows(func(r *Rollup) {
		row++
		if len(r.Reasons) == 0 {
			return
		}
		dst = binary.AppendUvarint(dst, uint64(row-1-next))
		next = row
		dst = binary.AppendUvarint(dst, uint64(len(r.Reasons)))
		last := -1
		for _, of := range r.Reasons {
			if !of.Key.fits(r.Scale) || int(of.Key) <= last {
				panic(fmt.Sprintf("BUG: append claim batch: reasons %v of %v", r.Reasons, r.Scale))
			}
			last = int(of.Key)
			dst = appendCount(append(dst, byte(of.Key)), of.N)
		}
	})
	return dst
}

// fits tells whether there may be votes with k on scale s.
func (k ReasonKey) fits(s Scale) bool {
	return k.Value() >= 1 && k.Value() <= s.Max() && k.Reason() != ReasonNone
}

func (a *claimAppender) appendLedger(dst []byte) []byte {
	for i := range a.claims {
		for _, l := range a.claims[i].Ledger {
			if l.Partition != a.claims[i].Partition || !l.Balanced() || l.Next < 0 || l.Newest < 0 || l.Newest > InstantMax {
				panic(fmt.Sprintf("BUG: append claim batch: account %+v of partition %d", l, a.claims[i].Partition))
			}
			dst = binary.AppendUvarint(dst, uint64(l.Segment))
			if l.Chain == (Chain{}) {
				dst = append(dst, 0)
			} else {
				dst = append(append(dst, 1), l.Chain[:]...)
			}
			dst = binary.AppendUvarint(dst, uint64(l.Next))
			dst = binary.AppendUvarint(dst, uint64(l.Newest))
			for _, n := range [...]uint64{l.Records, l.VotesIn, l.Counted, l.Duplicates, l.Conflicts, l.Quarantined, l.Voided} {
				dst = appendCount(dst, n)
			}
		}
	}
	return dst
}

// Bytes of the parts of a record at most.
const (
	// ClaimHeadBytes is what a record without any claim takes at most.
	ClaimHeadBytes = 1 + 16 + 16 + 10 + 10 + 1 + 3*5 + 4

	claimBytes       = 2 + 10 + 10 + 5 + 5
	claimRowBytes    = 3 + 5 + 3 + 1 + 5 + 5 + 1 // Without office, counts and reasons.
	claimLedgerBytes = 5 + 1 + 32 + 9 + 6 + 7*8
)

// ClaimBytes returns the most bytes that c takes in a record besides its rows.
func (c *Claim) ClaimBytes() int { return claimBytes + len(c.Ledger)*claimLedgerBytes }

// ClaimBytes returns the most bytes that r takes in a record of claims, its office
// included, which many share.
func (r *Rollup) ClaimBytes() int {
	n := claimRowBytes + 1 + len(r.Office)
	for _, v := range r.Values {
		n += (bits.Len64(v) + 6) / 7
	}
	if len(r.Reasons) > 0 {
		n += 5 + 2
		for _, of := range r.Reasons {
			n += 1 + (bits.Len64(of.N|1)+6)/7
		}
	}
	return n
}
