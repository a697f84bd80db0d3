package uplink_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"mlf/ingest/uplink"
	"mlf/schema"
)

const mlf3, smiley4, stars5 = schema.ScaleMLF3, schema.ScaleSmiley4, schema.ScaleStars5

func TestCountersOfADevice(t *testing.T) {
	f := func(scale schema.Scale, body string, seq uint64, want [5]uint64) {
		t.Helper()
		_, gotSeq, got, err := uplink.ReadCounters(scale, []byte(body))
		if err != nil || gotSeq != seq || got != want {
			t.Errorf("%s: got %d %v, %v, want %d %v", body, gotSeq, got, err, seq, want)
		}
	}
	f(mlf3, `{"epoch":"boot-7","seq":150,"counters":{"green":120,"yellow":3,"red":9}}`, 150, [5]uint64{9, 3, 120})
	f(mlf3, `{"counters":{"red":0,"green":0,"yellow":0},"seq":0,"epoch":"b"}`, 0, [5]uint64{})
	f(mlf3, `{"epoch":"b","seq":1,"counters":[9,3,120]}`, 1, [5]uint64{9, 3, 120})
	f(mlf3, `{"epoch":"b","seq":1,"counters":[9,3,120,0,0]}`, 1, [5]uint64{9, 3, 120})
	f(smiley4, `{"epoch":"b","seq":1,"counters":{"1":1,"2":2,"3":3,"4":4}}`, 1, [5]uint64{1, 2, 3, 4})
	f(smiley4, `{"epoch":"b","seq":1,"counters":[1,2,3,4]}`, 1, [5]uint64{1, 2, 3, 4})
	f(stars5, `{"epoch":"b","seq":1,"counters":{"5":5,"4":4,"3":3,"2":2,"1":1}}`, 1, [5]uint64{1, 2, 3, 4, 5})
	f(stars5, `{"epoch":"b","seq":1,"counters":[1,2,3,4,5],"firmware":"2.1"}`, 1, [5]uint64{1, 2, 3, 4, 5})
	f(mlf3, `{"epoch":"b","seq":9007199254740991,"counters":[9007199254740991,0,0]}`, 1<<53-1, [5]uint64{1<<53 - 1})
}

func TestCountersThatAreWrongAreToldWhatIsWanted(t *testing.T) {
	f := func(scale schema.Scale, body, want string) {
		t.Helper()
		epoch, seq, values, err := uplink.ReadCounters(scale, []byte(body))
		if errorOf(err) != want || epoch != [16]byte{} || seq != 0 || values != [5]uint64{} {
			t.Errorf("%s\n got %x %d %v, %v\nwant %s", body, epoch, seq, values, err, want)
		}
	}
	head := `{"epoch":"b","seq":1,"counters":`
	const epoch = "epoch: want a text of 1 to 64 bytes, another one after totals have begun again"
	f(mlf3, `{"seq":1,"counters":[0,0,0]}`, epoch)
	f(mlf3, `{"epoch":"","seq":1,"counters":[0,0,0]}`, epoch)
	f(mlf3, `{"epoch":7,"seq":1,"counters":[0,0,0]}`, "epoch: want a text")
	f(mlf3, `{"epoch":"`+strings.Repeat("e", 65)+`","seq":1,"counters":[0,0,0]}`, "epoch: want a text of at most 64 bytes")
	f(mlf3, `{"epoch":"b","counters":[0,0,0]}`, "seq: want an integer from 0 to 9007199254740991")
	f(mlf3, `{"epoch":"b","seq":1.5,"counters":[0,0,0]}`, "seq: want an integer from 0 to 9007199254740991")
	f(mlf3, `{"epoch":"b","seq":9007199254740992,"counters":[0,0,0]}`, "seq: want an integer from 0 to 9007199254740991")
	f(mlf3, `{"epoch":"b","seq":1}`, "counters: want an object or an array")
	f(mlf3, head+`7}`, "counters: want an object")
	f(mlf3, head+`{"green":120,"red":9}}`, "counters: want totals of red, yellow, green: one that is left out is not the same as 0")
	f(mlf3, head+`{"green":120,"red":9,"yellow":null}}`, "counters: want totals of red, yellow, green: one that is left out is not the same as 0")
	f(mlf3, head+`{"green":120,"red":9,"yellow":3,"blue":1}}`, "counters: want totals of red, yellow, green and no other")
	f(mlf3, head+`{"green":120,"red":9,"Yellow":3}}`, "counters: want totals of red, yellow, green and no other")
	f(stars5, head+`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1}}`, "counters: want totals of 1, 2, 3, 4, 5 and no other")
	f(mlf3, head+`{"green":-1,"yellow":3,"red":9}}`, "counters.green: want an integer from 0 to 9007199254740991")
	f(mlf3, head+`{"green":"120","yellow":3,"red":9}}`, "counters.green: want an integer from 0 to 9007199254740991")
	f(mlf3, head+`[1,2]}`, "counters: want 3 integers, lowest value first; zeros may follow up to 5")
	f(mlf3, head+`[1,2,3,4]}`, "counters: want 3 integers, lowest value first; zeros may follow up to 5")
	f(mlf3, head+`[1,2,3,0,0,0]}`, "counters: want 3 integers, lowest value first; zeros may follow up to 5")
	f(mlf3, head+`[1,2,true]}`, "counters[2]: want an integer from 0 to 9007199254740991")
	f(0, head+`[1,2,3]}`, "scale-0: want a known scale")
	f(mlf3, head+`[1,2,3]`, "want JSON: cannot be read at byte 39")
}

func TestAnEpochIsItsText(t *testing.T) {
	got, _, _, err := uplink.ReadCounters(mlf3, []byte(`{"epoch":"boot-\u0037","seq":1,"counters":[0,0,0]}`))
	sum := sha256.Sum256([]byte("epoch\x00boot-7"))
	if err != nil || string(got[:]) != string(sum[:16]) {
		t.Errorf("got %x, %v, want %x", got, err, sum[:16])
	}
}

// FuzzCounters: no body makes it panic, and what is read, written again, reads the same.
func FuzzCounters(f *testing.F) {
	f.Add(uint8(1), []byte(`{"epoch":"boot-7","seq":150,"counters":{"green":120,"yellow":3,"red":9}}`))
	f.Add(uint8(3), []byte(`{"epoch":"boot-7","seq":150,"counters":[1,2,3,4,5]}`))
	f.Fuzz(func(t *testing.T, scale uint8, body []byte) {
		_, seq, values, err := uplink.ReadCounters(schema.Scale(scale), body)
		if err != nil {
			return
		}
		text := fmt.Sprintf(`{"epoch":"b","seq":%d,"counters":[%d,%d,%d,%d,%d]}`, seq, values[0], values[1], values[2], values[3], values[4])
		_, gotSeq, got, err := uplink.ReadCounters(schema.Scale(scale), []byte(text))
		if err != nil || gotSeq != seq || got != values {
			t.Errorf("%s: got %d %v, %v", text, gotSeq, got, err)
		}
	})
}
