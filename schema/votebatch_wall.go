package schema

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// appendWalls appends the column of wall clocks, of which there is one at least.
func appendWalls(dst []byte, votes []Vote) []byte {
	same := true
	for i := range votes {
		same = same && wallCode(&votes[i]) == wallCode(&votes[0])
	}
	if same {
		votes = votes[:1]
	}
	dst, start := openColumn(append(dst, tagWalls), tagWallsNext)
	for i := range votes {
		code := wallCode(&votes[i])
		if code > wallCodeMax {
			panic(fmt.Sprintf("BUG: append vote batch: vote %d: wall clock %d, time %d", i, votes[i].Wall, votes[i].At))
		}
		dst = protowire.AppendVarint(dst, code)
	}
	return closeColumn(dst, start)
}

// wallCode returns what the log says of v's wall clock: 0 where v has none, else
// one more than its zigzag difference to the vote time.
func wallCode(v *Vote) uint64 {
	if v.Wall == 0 {
		return 0
	}
	return protowire.EncodeZigZag(int64(v.Wall-v.At)) + 1
}

// wallCodeMax is the code of a wall clock WallApartMax after the vote time.
const wallCodeMax = 2*WallApartMax + 1

func (b *VoteBatch) readWalls(column []byte) error {
	if len(column) == 0 {
		return nil
	}
	b.walled = true
	for i := range b.votes {
		code, n := consumeVarint(column)
		if n < 0 || code > wallCodeMax {
			return Undecodable("vote %d: no wall clock, or one too far from the vote time", i)
		}
		column = column[n:]
		b.votes[i].setWall(code)
		if i == 0 && len(column) == 0 {
			for i := range b.votes {
				b.votes[i].setWall(code)
			}
			return nil
		}
	}
	return wholly(column, "wall")
}

// setWall sets v's wall clock to what wallCode wrote.
func (v *Vote) setWall(code uint64) {
	v.Wall = 0
	if code != 0 {
		v.Wall = v.At + Instant(protowire.DecodeZigZag(code-1))
	}
}
