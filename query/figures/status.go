package figures

import "math/bits"

// A Status is what a reader must know about a figure beside its value: a set, whose
// zero value is a normal figure. A, B, P and Q are codes of SDMX's CL_OBS_STATUS with its
// meaning; M, R and L are narrower here than there.
type Status uint8

// The statuses, the one that a reader must know first, first: where there is room for
// one code (SDMX-CSV), it is the first.
const (
	Missing     Status = 1 << iota // M: no terminal was there. There is no figure.
	Suppressed                     // Q: votes are missing that are below the threshold of disclosure. There are others, or no figure.
	Break                          // B: the series before is of something else.
	Running                        // R: the period is not over.
	Provisional                    // P: late votes are still to be expected.
	Few                            // L: fewer than FewBelow votes.
)

// FewBelow is the number of votes below which a figure is mostly chance: at 90 % green the
// interval of 30 votes is 22 points wide.
const FewBelow = 30

// ProvisionalDays is how many days after its end a time is provisional: terminals keep votes
// for as long when they are offline, and a few for longer.
const ProvisionalDays = 35

// normal is the code of a figure of which there is nothing to say.
const normal = 'A'

// codes are those of the statuses, by bit.
const codes = "MQBRPL"

// Of returns s with what n votes, that may be shown, say of themselves. No votes where
// there could have been some is a count like others: there is no share to doubt.
func (s Status) Of(n uint64) Status {
	if 0 < n && n < FewBelow {
		return s | Few
	}
	return s
}

// AppendCodes appends the codes of s in order of precedence: "RPL", or "A" where there is
// nothing to say. A figure that is not there has no few votes: L beside Q would tell how
// much is hidden.
func (s Status) AppendCodes(dst []byte) []byte {
	if s&(Missing|Suppressed) != 0 {
		s &^= Few
	}
	if s&(1<<len(codes)-1) == 0 {
		return append(dst, normal)
	}
	for i := range len(codes) {
		if s&(1<<i) != 0 {
			dst = append(dst, codes[i])
		}
	}
	return dst
}

// Code returns the first of the codes of s.
func (s Status) Code() byte {
	for i := range len(codes) {
		if s&(1<<i) != 0 {
			return codes[i]
		}
	}
	return normal
}

// String returns the codes of s.
func (s Status) String() string {
	shown := s
	if s.Hidden() {
		shown &^= Few
	}
	// Nearly all are codes that stand side by side, and cost no memory.
	first := bits.TrailingZeros8(uint8(shown))
	next := bits.Len8(uint8(shown))
	if shown != 0 && next <= len(codes) && bits.OnesCount8(uint8(shown)) == next-first {
		return codes[first:next]
	}
	return string(s.AppendCodes(nil))
}

// Hidden tells whether no votes are no count: what has this status, and none, is null.
func (s Status) Hidden() bool { return s&(Missing|Suppressed) != 0 }
