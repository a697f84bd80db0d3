package alerts

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/tool"
	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/alert"
)

// Tools are the commands of operators on alerts.
type Tools struct {
	List     listCmd     `cmd:"" help:"List alerts."`
	Show     showCmd     `cmd:"" help:"Show an alert: figures, notes, and what became of messages."`
	Ack      ackCmd      `cmd:"" help:"Acknowledge an alert: nothing more is told of it until it closes."`
	Settings settingsCmd `cmd:"" help:"Show what a body wants to be told, and who is told; or set it."`
	Test     testCmd     `cmd:"" help:"Have a message sent to all that a body wants told, and say what became of it."`
}

// open returns a client, and what is on the topic.
func open(ctx context.Context, f *tool.Flags, p *tool.Console) (*broker.Client, *alert.Book, error) {
	client, err := f.Client(p.Log)
	if err != nil {
		return nil, nil, err
	}
	book := new(alert.Book)
	return client, book, client.ReadAlerts(ctx, book.Apply)
}

// put writes what somebody typed. What is no record is an error of theirs.
func put(ctx context.Context, client *broker.Client, typed interface{ Record() (alert.Record, error) }) error {
	r, err := typed.Record()
	if err != nil {
		return tool.UsageError{Err: err}
	}
	return client.PutAlert(ctx, r.Key, r.Value)
}

// whoAmI returns who types: what notes and settings say by whom they are.
func whoAmI() string {
	if u, err := user.Current(); err == nil {
		return "operator " + u.Username
	}
	return "operator"
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return hex.EncodeToString(b[:])
}

// parseBody reads a code as it was typed.
func parseBody(code string) (schema.BodyCode, error) {
	body, err := schema.ParseBody(code)
	if err != nil {
		return "", tool.UsageError{Err: err}
	}
	return body, nil
}

type listCmd struct {
	tool.Flags
	IPA   string `arg:"" optional:"" help:"Body. Default: all."`
	State string `enum:"open,closed,all" default:"open" help:"open, closed or all."`
	JSON  bool   `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *listCmd) Run(ctx context.Context, p *tool.Console) error {
	body := schema.BodyCode("")
	if c.IPA != "" {
		var err error
		if body, err = parseBody(c.IPA); err != nil {
			return err
		}
	}
	_, book, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, "ALERT\tBODY\tKIND\tSTATE\tOPENED\tSAYS\tSCOPE\tACKNOWLEDGED")
	}
	for _, a := range book.Alerts(body) {
		if c.State != "all" && c.State != string(a.State) {
			continue
		}
		if c.JSON {
			if err := json.NewEncoder(p.Stdout).Encode(a); err != nil {
				return err
			}
			continue
		}
		by := "-"
		if n := book.Acknowledged(a); n != nil {
			by = n.By
		}
		fmt.Fprintln(table, strings.Join([]string{
			a.ID, string(a.Body), string(a.Kind), string(a.State), a.Opened.Format(time.RFC3339), says(a), cmp.Or(a.Scope.String(), "-"), by,
		}, "\t"))
	}
	return table.Flush()
}

// says says in a few words what an alert found.
func says(a *alert.Alert) string {
	if f := a.Figures; f != nil && f.N > 0 {
		return fmt.Sprintf("%.1f%% of %d (before %.1f%% of %d)", 100*f.Share.Share, f.N, 100*f.Baseline.Share, f.Baseline.N)
	}
	return fmt.Sprintf("%d terminals", a.Count)
}

type showCmd struct {
	tool.Flags
	Alert string `arg:"" help:"Id of the alert."`
	JSON  bool   `name:"json" help:"One JSON object."`
}

// Run shows.
func (c *showCmd) Run(ctx context.Context, p *tool.Console) error {
	_, book, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	a, err := find(book, c.Alert)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(struct {
			*alert.Alert
			Notes []*alert.Note `json:"notes"`
		}{a, book.Notes(a.ID)})
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "alert\t%s\nbody\t%s\nkind\t%s\nscope\t%s\nstate\t%s\n", a.ID, a.Body, a.Kind, cmp.Or(a.Scope.String(), "-"), a.State)
	fmt.Fprintf(table, "opened\t%s\nreopened\t%d\nsays\t%s\n", a.Opened.Format(time.RFC3339), a.Reopened, says(a))
	if a.State == alert.Closed {
		fmt.Fprintf(table, "closed\t%s\n", a.Closed.Format(time.RFC3339))
	}
	for _, id := range a.Terminals {
		fmt.Fprintf(table, "terminal\t%v\n", id)
	}
	for _, n := range book.Notes(a.ID) {
		fmt.Fprintf(table, "note\t%s %s: %s\n", n.At.Format(time.RFC3339), n.By, n.Text)
	}
	for _, t := range a.Told {
		fmt.Fprintf(table, "told\t%s %s\n", t.Day, t.Event)
		results(table, t.Results)
	}
	return table.Flush()
}

func results(w io.Writer, of map[string]alert.Outcome) {
	for target, o := range of {
		outcome := "delivered"
		if !o.Delivered {
			outcome = "failed: " + o.Detail
		}
		fmt.Fprintf(w, "\t%s %s %s\n", o.At.Format(time.RFC3339), target, outcome)
	}
}

func find(book *alert.Book, id string) (*alert.Alert, error) {
	if a := book.Alert(id); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("alert %.40s: there is none; mlf alert list --state all shows those that there are", id)
}

type ackCmd struct {
	tool.Flags
	Alert string `arg:"" help:"Id of the alert."`
	Note  string `placeholder:"TEXT" help:"What is done about it."`
}

// Run acknowledges.
func (c *ackCmd) Run(ctx context.Context, p *tool.Console) error {
	client, book, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	a, err := find(book, c.Alert)
	if err != nil {
		return err
	}
	n := alert.Note{Alert: a.ID, ID: newID(), By: whoAmI(), At: time.Now().UTC(), Text: c.Note, Acknowledges: true}
	if err := put(ctx, client, &n); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "alert %s is acknowledged\n", a.ID)
	return err
}

type settingsCmd struct {
	tool.Flags
	IPA string `arg:"" help:"Body."`
	Set string `placeholder:"FILE" help:"JSON as this command prints it; - for standard input. Its version must be the one that holds."`
}

// Run shows or sets.
func (c *settingsCmd) Run(ctx context.Context, p *tool.Console) error {
	body, err := parseBody(c.IPA)
	if err != nil {
		return err
	}
	client, book, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	held := book.Settings(body)
	if held == nil {
		held = alert.Usual(body)
	}
	if c.Set != "" {
		wanted, err := readSettings(c.Set)
		if err != nil {
			return tool.UsageError{Err: err}
		}
		if wanted.Version != held.Version {
			return fmt.Errorf("settings of version %d: version %d holds; print it, and change that", wanted.Version, held.Version)
		}
		wanted.Body, wanted.Version, wanted.Change, wanted.By, wanted.At = body, held.Version+1, newID(), whoAmI(), time.Now().UTC()
		if err := put(ctx, client, wanted); err != nil {
			return err
		}
		held = wanted
	}
	out := json.NewEncoder(p.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(held)
}

// settingsBytesMax is more than settings with all that they may have.
const settingsBytesMax = 256 << 10

func readSettings(file string) (*alert.Settings, error) {
	in := os.Stdin
	if file != "-" {
		var err error
		if in, err = os.Open(file); err != nil {
			return nil, err
		}
		defer in.Close() //nolint:errcheck // It was read only.
	}
	d := json.NewDecoder(io.LimitReader(in, settingsBytesMax))
	d.DisallowUnknownFields()
	s := new(alert.Settings)
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return s, nil
}

type testCmd struct {
	tool.Flags
	IPA string        `arg:"" help:"Body."`
	For time.Duration `default:"30s" help:"Longest time to wait for what became of it."`
}

// Run has a test sent.
func (c *testCmd) Run(ctx context.Context, p *tool.Console) error {
	body, err := parseBody(c.IPA)
	if err != nil {
		return err
	}
	client, book, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	s := book.Settings(body)
	if s == nil || len(s.Targets()) == 0 {
		return fmt.Errorf("body %s: there is nobody to tell; see mlf alert settings %s", body, body)
	}
	t := alert.Test{Body: body, ID: newID(), By: whoAmI(), Asked: time.Now().UTC()}
	if err := put(ctx, client, &t); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, c.For)
	defer cancel()
	following, stop := context.WithCancel(waiting)
	defer stop()
	err = client.FollowAlerts(following, func(key string, value []byte) error {
		err := book.Apply(key, value)
		if now := book.Test(body); now != nil && now.ID == t.ID && len(now.Results) >= len(s.Targets()) {
			stop()
		}
		return err
	}, func() {})
	now := book.Test(body)
	if now == nil || now.ID != t.ID {
		return fmt.Errorf("body %s: somebody has asked for another test meanwhile", body)
	}
	results(p.Stdout, now.Results)
	if err == nil && len(now.Results) < len(s.Targets()) {
		err = fmt.Errorf("of %d targets it is known of %d what became of it: does mlf alert run?", len(s.Targets()), len(now.Results))
	}
	return err
}
