package wire_test

import (
	"fmt"
	"time"

	"mlf/ingest/wire"
	"mlf/schema"
)

// A body is read, judged and answered.
func ExampleReader() {
	e := &schema.Enrolment{
		Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Since: time.UnixMilli(0),
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
	}
	r := wire.NewReader()
	body := []byte(`{"stream":"S","votes":[{"seq":41,"age_ms":2300,"face":"green"},{"seq":42,"face":"blue"}]}`)
	if err := r.JSON(body, e, 1000); err != nil {
		panic(err)
	}
	v := r.Judge(e, schema.InstantOf(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)))
	fmt.Printf("stream %s, %d votes for the log\n%s\n", r.Stream(), len(v.Votes), v.AppendAnswer(nil))
	// Output:
	// stream S, 2 votes for the log
	// {"accepted":1,"rejected":[{"index":1,"seq":42,"code":"bad_face","detail":"want green, yellow or red"}],"warnings":[]}
}
