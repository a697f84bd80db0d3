package foreign

import (
	"encoding/hex"
	"fmt"
)

// A skiplyPush is what Skiply's own server pushes of a box. Of a start and of batteries it
// says no more than that.
type skiplyPush struct {
	Device    string     `json:"device"`
	Group     int        `json:"groupId"`
	Time      string     `json:"time"`
	Number    uint64     `json:"sq_num"`
	FrameType string     `json:"frameType"`
	Data      skiplyData `json:"data"`
	Negative  int        `json:"negativeValue"`
}

type skiplyData struct {
	Index     []uint16 `json:"index,omitempty"`
	Increment []uint16 `json:"increment,omitempty"` // What its server took for new: wrong where a push was lost.
	Ack       int      `json:"ack"`
}

func (b *box) skiplyPush(r *report) *skiplyPush {
	p := skiplyPush{Device: b.address, Group: 5, Time: stamp(r.at), Number: r.number, FrameType: "02"}
	switch r.kind {
	case bootReport:
		p.FrameType = "04"
	case aliveReport:
		p.FrameType = "01"
	case totalsReport:
		for _, n := range r.totals {
			p.Data.Index, p.Data.Increment = append(p.Data.Index, uint16(n)), append(p.Data.Increment, 1)
		}
	}
	return &p
}

// sigfoxNumbers is after how many frames Sigfox numbers them from 0 again.
const sigfoxNumbers = 1 << 12

// sigfoxCallback returns the body that a customer wrote with Sigfox's variables in it, the
// numbers in quotation marks.
func (b *box) sigfoxCallback(r *report, frame []byte) map[string]string {
	return map[string]string{
		"device": b.address, "time": fmt.Sprint(int64(r.at) / 1000), "data": hex.EncodeToString(frame), "seqNumber": fmt.Sprint(r.number % sigfoxNumbers),
	}
}
