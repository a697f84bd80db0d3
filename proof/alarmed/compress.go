package alarmed

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Time is compressed, for faults last seconds here. Prometheus looks each second, in
// place of each minute or half of one.
//
// What the service itself takes is not compressed, so that no limit may come near it
// in health, on two cores that have much else to do: a rollout of workers leaves votes
// uncounted for 5 to 10 s there, a pod needs 10 s to start, and scrapes are late by 2.
const (
	// windowsBy divides what a rule looks back on: an hour is 6 s. It says how long an
	// alert outlasts its fault, and little else: of a probe's votes, one each second,
	// one that fails is above the limit in 6 s as in a minute.
	windowsBy = 600

	// windowMin is the shortest time that is looked back on: more than one scrape is in
	// it, also where some are late.
	windowMin = 5 * time.Second

	// looksMin is the same for what processes count each 5 s.
	looksMin = 10 * time.Second

	// waitsBy divides what a rule waits for: a quarter of an hour is 30 s.
	waitsBy = 30

	// agesBy divides how long a vote may be uncounted: five minutes are 20 s.
	agesBy = 15

	// marginsBy divides how near retention may come: six hours are 30 s.
	marginsBy = 720

	// toldBy divides what Alertmanager waits for.
	toldBy = 150
)

// tick is the shortest time that there is for Prometheus here.
const tick = time.Second

// lookback is of what looks back on days.
const lookback = "ratio3d"

// rule is one of rules.yaml, with all that it has.
type rule map[string]any

// compress returns the rules as a PrometheusRule of compressed time. Those that look
// back on days are left out: no fault lasts so long here, and its trace would outlast
// the run. promtool tries them.
func compress(rules []byte) (string, error) {
	var file struct {
		Groups []struct {
			Name     string `yaml:"name" json:"name"`
			Interval string `yaml:"interval" json:"interval,omitempty"`
			Rules    []rule `yaml:"rules" json:"rules"`
		} `yaml:"groups" json:"groups"`
	}
	if err := yaml.Unmarshal(rules, &file); err != nil {
		return "", fmt.Errorf("read rules: %w", err)
	}
	for i := range file.Groups {
		g := &file.Groups[i]
		if g.Interval != "" {
			g.Interval = shorter(g.Interval, windowsBy, tick)
		}
		var kept []rule
		for _, r := range g.Rules {
			if r["alert"] == nil || !strings.Contains(r["expr"].(string), lookback) {
				kept = append(kept, r.compress())
			}
		}
		g.Rules = kept
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
		"metadata": map[string]string{"name": name, "namespace": name}, "spec": file,
	})
	if err != nil {
		return "", fmt.Errorf("encode rules: %w", err)
	}
	return string(text), nil
}

func (r rule) compress() rule {
	least := windowMin
	if r["alert"] == "MlfCertificateRefused" {
		least = looksMin
	}
	expr := regexp.MustCompile(`\[(\d+[smhd])\]`).ReplaceAllStringFunc(r["expr"].(string), func(w string) string {
		return "[" + shorter(strings.Trim(w, "[]"), windowsBy, least) + "]"
	})
	switch r["alert"] {
	case "MlfUncounted":
		expr = divided(expr, agesBy)
	case "MlfRetentionNear":
		expr = divided(expr, marginsBy)
	}
	r["expr"] = expr
	if wait, ok := r["for"].(string); ok {
		r["for"] = shorter(wait, waitsBy, tick)
	}
	return r
}

// divided returns an expression whose limit, at its end, is so much less.
func divided(expr string, by int) string { return expr + " / " + strconv.Itoa(by) }

// compressRouting returns the configuration of Alertmanager in compressed time.
func compressRouting(config string) string {
	waiting := regexp.MustCompile(`\b(group_wait|group_interval|repeat_interval): (\d+[smhd])`)
	return waiting.ReplaceAllStringFunc(config, func(w string) string {
		m := waiting.FindStringSubmatch(w)
		return m[1] + ": " + shorter(m[2], toldBy, tick)
	})
}

// shorter returns a duration as Prometheus writes it, "5m", divided by n, and at least
// least.
func shorter(d string, n int, least time.Duration) string {
	number, _ := strconv.Atoi(d[:len(d)-1]) // Digits, say the expressions.
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[d[len(d)-1]]
	short := time.Duration(number) * unit / time.Duration(n)
	if number == 0 {
		return d
	}
	return strconv.FormatInt(max(short, least).Milliseconds(), 10) + "ms"
}
