package foreign

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"mlf/schema"
)

// A phoned is one call to an exchange that ended in its survey.
type phoned struct {
	id      string // "1764144000.17".
	began   int64  // Seconds since 1970.
	seconds int64
	queue   string
	key     string // "": the caller hung up.
	caller  string // A number, which is nobody's business.
}

// ended returns when the call ended, which is when the key was pressed.
func (c *phoned) ended() schema.Instant { return schema.Instant(c.began+c.seconds) * 1000 }

// value returns what the key stands for: 1 green, 2 yellow, 3 red.
func (c *phoned) value() schema.Value {
	switch c.key {
	case "1":
		return schema.Green
	case "2":
		return schema.Yellow
	case "3":
		return schema.Red
	}
	return schema.Voided
}

// playExchange plays a telephone exchange: a webhook for each call whose caller pressed
// a key, sent again where no answer came, and in the end the file with all its calls.
func playExchange(s *source) {
	s.Name = fmt.Sprintf("exchange-%d", s.index)
	s.Scale, s.way = schema.ScaleMLF3, "generic"
	if s.index%2 == 0 {
		s.way = "yeastar"
		s.Serial = fmt.Sprintf("3631A%08X", s.index)
	}
	var file bytes.Buffer
	number := 0
	for h := range s.cfg.Hours {
		for _, at := range s.moments(s.cfg.First+schema.Hour(h), 20) {
			number++
			c := s.call(at, number)
			c.writeTo(&file)
			if c.key == "" {
				continue
			}
			path, body := s.webhook(c)
			from := len(s.play.Requests)
			arrived := s.send(c.ended(), path, body)
			v := c.value()
			for i := range s.play.Requests[from:] {
				s.play.Requests[from+i].Event = v != schema.Voided
			}
			if v != schema.Voided {
				told := c.ended() // By the generic form, and by the file.
				if arrived && s.Serial != "" {
					told = schema.Instant(c.began) * 1000 // The event tells no time but that in the id.
				}
				s.vote(Vote{ID: c.id, At: c.ended(), Told: told, Value: v, Arrived: arrived, Filed: true})
			}
		}
	}
	s.play.Files = append(s.play.Files, File{Source: s.Name, Name: "Master.csv", Body: file.Bytes()})
}

func (s *source) call(at schema.Instant, number int) *phoned {
	c := phoned{
		began: int64(at) / 1000, seconds: 20 + s.votes.Int64N(600),
		queue:  []string{"tributi", "anagrafe", "urp"}[s.votes.IntN(3)],
		key:    []string{"1", "2", "3", "7", ""}[pick(s.votes, 60, 15, 10, 5, 10)],
		caller: fmt.Sprintf("3%09d", s.votes.Int64N(1e9)),
	}
	c.id = fmt.Sprintf("%d.%d", c.began, number)
	return &c
}

// webhook returns what the exchange pushes of c: Yeastar's event, whose msg is a text or
// an object, or the generic form.
func (s *source) webhook(c *phoned) (path string, body []byte) {
	if s.Serial == "" {
		return "/v1/calls/generic", marshal(map[string]string{
			"id": c.id, "key": c.key, "queue": c.queue, "at": c.ended().Time().Format(time.RFC3339),
		})
	}
	message := map[string]string{"call_id": c.id, "survey_result": c.key}
	event := map[string]any{"type": 30019, "sn": s.Serial, "msg": message}
	if s.weather.IntN(2) == 0 {
		event["msg"] = string(marshal(message))
	}
	return "/v1/calls/yeastar", marshal(event)
}

// writeTo adds c to file as Asterisk writes Master.csv, with uniqueid and userfield.
func (c *phoned) writeTo(file *bytes.Buffer) {
	clock := func(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateTime) }
	user := ""
	if c.key != "" {
		user = "key=" + c.key
	}
	texts := []string{
		"", c.caller, "5000", "from-trunk", `"Cittadino ` + c.caller[6:] + `" <` + c.caller + ">", "PJSIP/trunk-00000001", "PJSIP/2045-00000002",
		"Queue", c.queue + ",t,,,60", clock(c.began), clock(c.began + 5), clock(c.began + c.seconds),
	}
	for _, text := range texts {
		fmt.Fprintf(file, `"%s",`, strings.ReplaceAll(text, `"`, `""`))
	}
	fmt.Fprintf(file, `%d,%d,"ANSWERED","DOCUMENTATION","%s","%s"`+"\n", c.seconds, c.seconds-5, c.id, user)
}
