package schema

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// RulesRaised says that every partition of a log has a control record that sets
// these rules, or higher ones. The registry topic keeps it, so that the log is
// changed once.
type RulesRaised struct {
	Log   LogID
	Rules Rules
	At    time.Time
}

// RegistryRecord returns the key and value under which the registry topic keeps r.
func (r RulesRaised) RegistryRecord() (key string, value []byte, err error) {
	value, err = json.Marshal(rulesRaised{r.Rules, r.At.UTC()})
	return rulesKeyPrefix + r.Log.String(), value, err
}

type rulesRaised struct {
	Rules Rules     `json:"rules"`
	At    time.Time `json:"at"`
}

// setRules takes the record of a RulesRaised.
func (t *Terminals) setRules(key string, value []byte) error {
	var id LogID
	b, err := hex.DecodeString(strings.TrimPrefix(key, rulesKeyPrefix))
	if err != nil || copy(id[:], b) != len(id) || len(b) != len(id) {
		return fmt.Errorf("read registry record %s: want a log's id", key)
	}
	var r rulesRaised
	if err := json.Unmarshal(value, &r); err != nil {
		return fmt.Errorf("read registry record %s: %w", key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rules == nil {
		t.rules = make(map[LogID]Rules)
	}
	t.rules[id] = max(t.rules[id], r.Rules)
	return nil
}

// RulesRaised returns the rules that every partition of a log was raised to; 0 when
// it was not.
func (t *Terminals) RulesRaised(log LogID) Rules {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rules[log]
}
