package capacity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"mlf/bench/setup"
)

// Cmd computes what one country needs, for the command line.
type Cmd struct {
	Terminals     int        `default:"100000" help:"Terminals; each keeps one connection open, where --connection keeps any."`
	VotesADay     float64    `name:"votes-a-day" default:"5000000" help:"Votes of a mean day."`
	Peak          float64    `default:"2500" help:"Votes a second in the busiest minute."`
	VotesARequest float64    `name:"votes-a-request" default:"1" help:"Votes of a request at the peak: 1 where terminals send at once, some hundreds where they were off the network."`
	Connection    Connection `enum:"tls-kept,tls-resumed,tls-new,tls-new-rsa,plain" default:"tls-resumed" help:"How requests come: ${enum}."`
	Counters      float64    `default:"100000" help:"Places, services and channels that are voted at."`
	Hours         float64    `default:"3000" help:"Hours of a year in which they are."`
	Workers       int        `default:"4" help:"Processes of mlf aggregate, for each database."`
	Pages         float64    `default:"200" help:"Pages of figures a second that nobody asked for before."`
	Years         float64    `default:"5" help:"Years for which the log and the counts are kept."`
	Replicas      int        `default:"3" help:"Copies of each record on the log."`
	Databases     int        `default:"2" help:"Databases that count the log."`
	JSON          bool       `name:"json" help:"Print the figures as JSON, in cores and bytes."`
}

// Help is shown by mlf bench capacity --help.
func (*Cmd) Help() string {
	return `Arithmetic, from what was measured (bench/results.md) on a busy virtual machine: nothing is measured here. Cores are of processor
time at the peak; plan for twice that, and for the loss of one zone beside (deploy/runbooks/capacity.md). What brokers need but
disk was not measured.

  mlf bench capacity --terminals 100000 --peak 1000000 --votes-a-request 500     a country that comes back at once`
}

// Validate refuses countries that cannot be. kong calls it.
func (c *Cmd) Validate() error {
	for _, f := range []struct {
		flag       string
		value, min float64
	}{
		{"--terminals", float64(c.Terminals), 0},
		{"--votes-a-day", c.VotesADay, 0},
		{"--peak", c.Peak, 0},
		{"--votes-a-request", c.VotesARequest, 1},
		{"--counters", c.Counters, 0},
		{"--hours", c.Hours, 0},
		{"--workers", float64(c.Workers), 1},
		{"--pages", c.Pages, 0},
		{"--years", c.Years, 0},
		{"--replicas", float64(c.Replicas), 1},
		{"--databases", float64(c.Databases), 1},
	} {
		if !(f.value >= f.min && f.value <= 1e12) { // NaN, too.
			return fmt.Errorf("%s %v: want %v to 1e12", f.flag, f.value, f.min)
		}
	}
	if c.VotesARequest > 1000 {
		return errors.New("--votes-a-request: a request has 1,000 at most")
	}
	return nil
}

// Run prints what the country needs.
func (c *Cmd) Run(p *setup.Parts) error {
	country := Country{
		Terminals: c.Terminals, VotesADay: c.VotesADay, Peak: c.Peak, VotesARequest: c.VotesARequest, Connection: c.Connection,
		Counters: c.Counters, Hours: c.Hours, Workers: c.Workers, Pages: c.Pages, Years: c.Years, Replicas: c.Replicas, Databases: c.Databases,
	}
	if c.JSON {
		encoder := json.NewEncoder(p.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Country Country `json:"country"`
			Needs   Needs   `json:"needs"`
		}{country, country.Compute()})
	}
	country.Name = "needs"
	return Table(p.Stdout, country)
}

// Table writes what countries need, as Markdown: a column for each.
func Table(w io.Writer, countries ...Country) error {
	var needs []Needs
	head, rule := "| at the peak |", "|---|"
	for _, c := range countries {
		needs = append(needs, c.Compute())
		head += " " + c.Name + " |"
		rule += "---|"
	}
	if _, err := fmt.Fprintf(w, "%s\n%s\n", head, rule); err != nil {
		return err
	}
	for _, row := range rows() {
		line := "| " + row.name + " |"
		for _, n := range needs {
			line += " " + row.text(n) + " |"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

type row struct {
	name string
	text func(Needs) string
}

func rows() []row {
	return []row{
		{"requests a second", func(n Needs) string { return message.NewPrinter(language.English).Sprintf("%.0f", n.Requests) }},
		{"ingest", func(n Needs) string { return cores(n.Ingest) + ", of which handshakes " + cores(n.Handshakes) }},
		{"ingest, memory of open connections", func(n Needs) string { return size(n.Connections) }},
		{"log, written by ingest", func(n Needs) string { return size(n.LogPeak) + "/s" }},
		{"log, disk of all brokers", func(n Needs) string { return size(n.Log) }},
		{"aggregate, all databases", func(n Needs) string { return cores(n.Aggregate) }},
		{"ClickHouse, all databases", func(n Needs) string { return cores(n.Store) }},
		{"ClickHouse, disk of cells", func(n Needs) string { return size(n.Disk) }},
		{"query", func(n Needs) string { return cores(n.Query) }},
		{"query, memory of each process", func(n Needs) string { return size(n.Memory) }},
	}
}

func cores(n float64) string { return fmt.Sprintf("%.2f cores", n) }

// size writes bytes with a unit.
func size(n float64) string {
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	for n >= 1000 && len(units) > 1 {
		n /= 1000
		units = units[1:]
	}
	return fmt.Sprintf("%.3g %s", n, units[0])
}
