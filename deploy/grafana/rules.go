package grafana

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Rules are the alerts of deploy/monitoring/rules.yaml, by name.
type Rules map[string]Rule

// A Rule is what of an alert a dashboard shows.
type Rule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

// ReadRules reads a file of Prometheus' rules. An error if it is none, or has no alert.
func ReadRules(from io.Reader) (Rules, error) {
	var file struct{ Groups []struct{ Rules []Rule } }
	if err := yaml.NewDecoder(from).Decode(&file); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	rules := make(Rules)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				rules[r.Alert] = r
			}
		}
	}
	if len(rules) == 0 {
		return nil, errors.New("read rules: there is no alert")
	}
	return rules, nil
}

// comparison is one with a number, which may be a product.
var comparison = regexp.MustCompile(`(<|>|==) ([0-9.]+(?: \* [0-9.]+)*)`)

// A limit is where an alert begins to fire.
type limit struct {
	value float64
	below bool // It fires below.
	page  bool
}

// limit returns that of an alert.
func (r Rules) limit(a alert) (limit, error) {
	rule, ok := r[a.name]
	_, text, found := strings.Cut(rule.Expr, a.after)
	parts := comparison.FindStringSubmatch(text)
	if !ok || !found || parts == nil {
		return limit{}, fmt.Errorf("find limit of %s after %q in its expression", a.name, a.after)
	}
	l := limit{value: 1, below: parts[1] != ">", page: rule.Labels["severity"] == "page"}
	for factor := range strings.SplitSeq(parts[2], " * ") {
		n, err := strconv.ParseFloat(factor, 64)
		if err != nil {
			return limit{}, fmt.Errorf("read limit of %s: %w", a.name, err)
		}
		l.value *= n
	}
	l.value, _ = strconv.ParseFloat(fmt.Sprintf("%.6g", l.value), 64) // 14.4 * 0.001 is a little more than it.
	switch {
	case parts[1] == "==": // It is of what is 0 or 1.
		l.value++
	case parts[1] == ">" && l.value == 0: // To Grafana a limit is reached by what equals it.
		l.value = 1e-9
	}
	return l, nil
}

// explained returns a panel's text, and the headings of the runbook that say more.
func (r Rules) explained(p panel) (string, error) {
	text := p.about
	link := func(what, name string) error {
		url := r[name].Annotations["runbook_url"]
		if url == "" {
			return fmt.Errorf("find %s in the runbook", name)
		}
		text += fmt.Sprintf("\n\n%s [%s](%s)", what, name, url)
		return nil
	}
	var err error
	for _, a := range p.alerts {
		what := "Where it becomes a ticket:"
		if r[a.name].Labels["severity"] == "page" {
			what = "Where it wakes somebody:"
		}
		err = errors.Join(err, link(what, a.name))
	}
	if p.see != "" {
		err = errors.Join(err, link("See", p.see))
	}
	return text, err
}
