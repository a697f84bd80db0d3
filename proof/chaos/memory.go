package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"mlf/query/client"
)

// Memory is how what query has in memory compared with the store, and how it came
// to it.
type Memory struct {
	Agreed  int      `json:"agreed"`  // Questions whose rows were the store's.
	Rows    int      `json:"rows"`    // Of those.
	Unknown int      `json:"unknown"` // Questions that could not be compared: the store was away, say.
	Differ  []string `json:"differ"`  // Questions of which memory had other rows: none ought to.

	// Counters of all processes of query, but for what they counted in the last second
	// before each was killed: mlf_query_cube_…_total.
	Counters map[string]float64 `json:"counters"`
}

// checksMax bounds all questions after a round, the asking again of those that could
// not be compared included.
const checksMax = 40 * time.Second

// compareMemory asks query to hold some of its answers against the store. While things
// are broken not every answer can be. After the last fault each must be: else it fails.
func (l *player) compareMemory(ctx context.Context, of *Memory, isCalm bool) error {
	unknown := 0
	ctx, cancel := context.WithTimeout(ctx, checksMax)
	defer cancel()
	from := time.Now().AddDate(0, 0, -l.service.cfg.Days-1).Format(time.DateOnly)
	to := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	for _, group := range []string{"comune,day", "service,hour", "region,channel,class", "office,month"} {
		params := url.Values{"from": {from}, "to": {to}, "group": {group}, "check": {"store"}}.Encode()
		verdict, rows := l.checked(ctx, params)
		for isCalm && verdict == "unknown" && pause(ctx, time.Second) == nil {
			verdict, rows = l.checked(ctx, params)
		}
		switch verdict {
		case "agrees":
			of.Agreed++
			of.Rows += rows
		case "differs":
			of.Differ = append(of.Differ, params)
		default:
			unknown++
		}
	}
	of.Unknown += unknown
	if isCalm && unknown > 0 {
		return fmt.Errorf("%d answers from memory cannot be held against the store after the last fault", unknown)
	}
	return nil
}

// checked asks one question, and returns what came of the comparison.
func (l *player) checked(ctx context.Context, params string) (verdict string, rows int) {
	var answer struct {
		Meta struct {
			Check struct {
				Store string `json:"store"`
				Rows  int    `json:"rows"`
			} `json:"check"`
		} `json:"meta"`
	}
	body, err := client.Get(ctx, nil, "http://"+l.service.queryAddr+"/v1/stats?"+params, "")
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		l.log.Info("memory was not compared", slog.Any("err", err))
		return "unknown", 0
	}
	return answer.Meta.Check.Store, answer.Meta.Check.Rows
}

// A meter adds up the counters of a process that is started again and again.
type meter struct{ before, last map[string]float64 }

// read takes what the process says of itself now.
func (m *meter) read(now map[string]float64) {
	if m.before == nil {
		m.before, m.last = make(map[string]float64), make(map[string]float64)
	}
	for name, n := range now {
		if !strings.HasPrefix(name, "mlf_query_cube_") || !strings.Contains(name, "_total") {
			continue
		}
		if n < m.last[name] { // Another process.
			m.before[name] += m.last[name]
		}
		m.last[name] = n
	}
}

// sums returns the counters of all processes so far.
func (m *meter) sums() map[string]float64 {
	all := maps.Clone(m.before)
	for name, n := range m.last {
		all[name] += n
	}
	return all
}

// measureEvery is how often counters are read.
const measureEvery = time.Second

// measure reads the counters of query until ctx ends.
func (s *service) measure(ctx context.Context, w *watch, m *meter) error {
	for pause(ctx, measureEvery) == nil {
		asked, cancel := context.WithTimeout(ctx, lookMax)
		if now, err := client.Metrics(asked, w.http, s.query.Admin); err == nil {
			m.read(now)
		}
		cancel()
	}
	return nil
}

// lines returns m for people.
func (m *Memory) lines() []string {
	lines := []string{fmt.Sprintf("memory against the store: %d questions agree (%d rows), %d differ, %d not compared", m.Agreed, m.Rows, len(m.Differ), m.Unknown)}
	for _, name := range slices.Sorted(maps.Keys(m.Counters)) {
		lines = append(lines, fmt.Sprintf("  %s %.0f", name, m.Counters[name]))
	}
	return lines
}
