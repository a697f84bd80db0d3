package imports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"mlf/aggregate/fold"
	"mlf/command/tool"
	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/pagetable"
	"mlf/schema/source"
)

// A line is the command line of this package, on a log of its own.
type line struct {
	kafka  string
	client *broker.Client
	id     schema.Identity
	most   int // Rows that an import writes; 0: the usual.
}

func newLine(t *testing.T, rules schema.Rules) *line {
	t.Helper()
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	client, err := broker.New(broker.Config{Brokers: []string{b.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	topics := broker.TopicsConfig{Partitions: 1, Replicas: 1}
	if err := errors.Join(client.MakeTopics(t.Context(), topics), client.WriteGenesis(t.Context(), schema.NewLogID(), rules)); err != nil {
		t.Fatal(err)
	}
	id, err := client.Apply(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{kafka: b.Addr(), client: client, id: id}
	l.put(t, 1, schema.ChannelWeb, schema.ScaleStars5, source.Site{Name: "imported", Terminal: 1, Way: source.Import})
	l.put(t, 1, schema.ChannelWeb, schema.ScaleStars5, source.Site{Name: "script", Terminal: 1, Way: source.Script})
	l.put(t, 2, schema.ChannelPhone, schema.ScaleMLF3, source.Device{Integration: "pbx", Address: "36a", Terminal: 2, Queues: map[string]string{"imu": "tributi"}})
	return l
}

// A recorder is what the registry topic has a record of.
type recorder interface {
	RegistryRecord() (string, []byte, error)
}

// put enrols a terminal, and what of it is a source.
func (l *line) put(t *testing.T, id schema.TerminalID, c schema.Channel, s schema.Scale, of recorder) {
	t.Helper()
	e := &schema.Enrolment{
		Terminal: id, Token: schema.HashToken([]byte(fmt.Sprint(id))), Comune: 22205, Channel: c, Scale: s,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 3}, {Code: "tributi", ID: 4}}, Since: time.Now(),
	}
	for _, record := range []func() (string, []byte, error){e.RegistryRecord, of.RegistryRecord} {
		key, value, err := record()
		if err == nil {
			err = l.client.PutRegistry(t.Context(), key, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run executes a command and returns what it printed, and its error.
func (l *line) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var cli struct {
		Import Cmd `cmd:""`
	}
	var out, log bytes.Buffer
	parser, err := kong.New(&cli, kong.Writers(&out, &log))
	if err != nil {
		t.Fatal(err)
	}
	cli.Import.Ratings.most, cli.Import.Calls.most = l.most, l.most
	command, err := parser.Parse(append([]string{"import"}, append(args, "--kafka", l.kafka)...))
	if err != nil {
		return "", "", tool.UsageError{Err: err}
	}
	command.BindTo(t.Context(), (*context.Context)(nil))
	command.Bind(&tool.Console{Stdout: &out, Stderr: &log, Log: slog.New(slog.DiscardHandler)})
	err = command.Run()
	return out.String(), log.String(), err
}

// summary runs an import and returns what became of its file.
func (l *line) summary(t *testing.T, args ...string) (s Summary) {
	t.Helper()
	stdout, stderr, err := l.run(t, append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(stdout), &s)
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr)
	}
	return s
}

// counted folds the log, and returns its account and the votes of each value.
func (l *line) counted(t *testing.T) (schema.Tally, [schema.ValueMax]uint64) {
	t.Helper()
	sum := fold.New(0, l.id)
	consumer := l.client.NewConsumer()
	_, end, err := consumer.Bounds(t.Context(), 0)
	for err == nil && sum.Next() < end {
		var f schema.Fetched
		if f, err = consumer.Fetch(t.Context(), 0, sum.Next()); err != nil {
			break
		}
		for i := range f.Records {
			err = errors.Join(err, sum.Apply(&f.Records[i]))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var rows fold.Rows
	sum.Drain(&rows)
	var values [schema.ValueMax]uint64
	for _, r := range rows.Rollups {
		for i, n := range r.Values {
			values[i] += n
		}
	}
	return sum.Total(), values
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestALongerExportCountsItsNewRows: a look writes nothing; the same file again, and grown,
// counts only what is new; of rows that are alike as many count as there are.
func TestALongerExportCountsItsNewRows(t *testing.T) {
	l := newLine(t, schema.RulesV3)
	day := func(ago int) string { return time.Now().AddDate(0, 0, -ago).Format("2006-01-02T15:04:05") }
	rows := []string{
		"title,url,vote,comment,date,answer",
		"Anagrafe,https://www.example.it/anagrafe,5,," + day(3) + ",Le indicazioni erano chiare",
		"Anagrafe,https://www.example.it/anagrafe,2,," + day(2) + ",boh",
		"Anagrafe,https://www.example.it/anagrafe,2,," + day(2) + ",boh",
		"Anagrafe,https://www.example.it/anagrafe,9,," + day(1) + ",",
		"Anagrafe,https://www.example.it/anagrafe,4,," + day(500) + ",Le indicazioni erano chiare",
		"Anagrafe,https://www.example.it/anagrafe,4,," + day(-2) + ",Le indicazioni erano chiare",
	}
	f := func(text string, flags ...string) Summary {
		t.Helper()
		return l.summary(t, append(append([]string{"ratings", "--site", "imported", "--format", "plone-csv"}, flags...), write(t, "feedback.csv", text))...)
	}
	short := strings.Join(rows, "\n") + "\n"
	look := f(short)
	if look.Rows != 6 || look.Votes != 3 || look.Warnings != 2 || look.Written || look.Refused["too_old"] != 1 || look.Refused["in_future"] != 1 || look.Refused["bad_value"] != 1 {
		t.Errorf("a look: got %+v", look)
	}
	if got, _ := l.counted(t); got.VotesIn != 0 {
		t.Errorf("a look has written: %+v", got)
	}
	is := func(what string, want schema.Tally, values [schema.ValueMax]uint64) {
		t.Helper()
		got, gotValues := l.counted(t)
		got.Records, got.Events = 0, schema.EventTally{}
		if got != want || gotValues != values {
			t.Errorf("%s: got %+v %v, want %+v %v", what, got, gotValues, want, values)
		}
	}
	if got := f(short, "--write"); !got.Written || got.Votes != 3 {
		t.Errorf("written: got %+v", got)
	}
	is("once", schema.Tally{VotesIn: 3, Counted: 3}, [schema.ValueMax]uint64{0, 2, 0, 0, 1})
	f(short, "--write")
	is("again", schema.Tally{VotesIn: 6, Counted: 3, Duplicates: 3}, [schema.ValueMax]uint64{0, 2, 0, 0, 1})
	f(short+"Tributi,https://www.example.it/tributi,1,,"+day(1)+",Altro\n", "--write")
	is("grown", schema.Tally{VotesIn: 10, Counted: 4, Duplicates: 6}, [schema.ValueMax]uint64{1, 2, 0, 0, 1})
}

// TestNoMoreThanTheCountRemembers: a file with a row more than that is not written at all,
// and what to do is told; in two parts by days, each into a source of its own, all of it is.
func TestNoMoreThanTheCountRemembers(t *testing.T) {
	l := newLine(t, schema.RulesV3)
	l.most = 4
	l.put(t, 3, schema.ChannelWeb, schema.ScaleStars5, source.Site{Name: "second", Terminal: 3, Way: source.Import})
	day := func(ago int) string { return time.Now().AddDate(0, 0, -ago).Format(time.DateOnly) }
	text := "title,url,vote,comment,date,answer\n"
	for ago := range 4 {
		text += "T,/a,5,," + day(ago+1) + "T12:00:00,\n"
	}
	f := func(site, text string, flags ...string) (Summary, error) {
		t.Helper()
		args := append([]string{"ratings", "--site", site, "--format", "plone-csv", "--json"}, append(flags, write(t, "feedback.csv", text))...)
		out, _, err := l.run(t, args...)
		var s Summary
		if err == nil {
			err = json.Unmarshal([]byte(out), &s)
		}
		return s, err
	}
	full, more := text, text+"T,/a,5,,"+day(5)+"T12:00:00,\n"
	if s, err := f("imported", more); err != nil || s.Votes != 5 || s.Most != 4 || s.Written {
		t.Errorf("a look: got %+v, %v", s, err)
	}
	if out, _, err := l.run(t, "ratings", "--site", "imported", "--format", "plone-csv", write(t, "x.csv", more)); err != nil || !strings.Contains(out, "5 votes cannot be imported") || !strings.Contains(out, "--before") {
		t.Errorf("a look in words: got %s, %v", out, err)
	}
	if _, err := f("imported", more, "--write"); err == nil || !strings.Contains(err.Error(), "remembers 4 of one source: nothing was written") {
		t.Errorf("one too many: got %v", err)
	}
	if got, _ := l.counted(t); got.VotesIn != 0 {
		t.Errorf("what was refused has written: %+v", got)
	}
	if s, err := f("imported", full, "--write"); err != nil || !s.Written || s.Votes != 4 {
		t.Errorf("as many as are remembered: got %+v, %v", s, err)
	}
	if s, err := f("imported", more, "--write", "--from", day(4)); err != nil || s.Votes != 4 || s.Outside != 1 || s.Rows != 5 {
		t.Errorf("the later part: got %+v, %v", s, err)
	}
	if s, err := f("second", more, "--write", "--before", day(4)); err != nil || s.Votes != 1 || s.Outside != 4 {
		t.Errorf("the earlier part: got %+v, %v", s, err)
	}
	if got, _ := l.counted(t); got.Counted != 5 || got.Duplicates != 4 {
		t.Errorf("got %+v, want 5 counted and 4 known again", got)
	}
	for flag, want := range map[string]string{"--from=x": `--from "x": want a day`, "--before=2026-1-1": "--before"} {
		if _, err := f("imported", full, flag); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", flag, err, want)
		}
	}
	if _, err := f("imported", full, "--from", day(1), "--before", day(2)); err == nil || !strings.Contains(err.Error(), "want the first day before") {
		t.Errorf("days in the wrong order: got %v", err)
	}
}

// TestAnExportIsReadByTheTableOfPages: each row is of the service of its page, under
// unspecified where there is no line, and refused where its page asks the other question.
func TestAnExportIsReadByTheTableOfPages(t *testing.T) {
	l := newLine(t, schema.RulesV3)
	key, value, err := pagetable.Table{Site: "imported", Version: 1, From: time.Now().Add(-time.Minute), Lines: []pagetable.Line{
		{Pattern: "/tributi/paga", Service: "tributi", Question: "ease"}, {Pattern: "/tributi/**", Service: "tributi", Question: "clarity"},
	}}.RegistryRecord()
	if err == nil {
		err = l.client.PutRegistry(t.Context(), key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	text := "title,url,vote,comment,date,answer\n"
	for _, page := range []string{"https://www.example.it/tributi/imu", "https://www.example.it/tributi/", "https://www.example.it/tributi/paga", "https://www.example.it/altro"} {
		text += "T," + page + ",5,," + time.Now().Add(-time.Hour).Format("2006-01-02T15:04:05") + ",\n"
	}
	s := l.summary(t, "ratings", "--site", "imported", "--format", "plone-csv", "--write", write(t, "feedback.csv", text))
	if s.Votes != 3 || s.Refused["other_question"] != 1 {
		t.Errorf("got %+v", s)
	}
	services := make(map[schema.ServiceID]int)
	consumer := l.client.NewConsumer()
	f, err := consumer.Fetch(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Records {
		var b event.Batch
		if err := b.Decode(f.Records[i].Value); err != nil {
			t.Fatal(err)
		}
		for _, v := range b.Votes {
			services[v.Service]++
		}
	}
	if services[4] != 2 || services[schema.ServiceUnspecified] != 1 || len(services) != 2 {
		t.Errorf("got votes of services %v, want two of 4 and one of none", services)
	}
}

// TestACallThatWasSentIsKnownInTheFile: an exchange's message and its file tell of one call.
func TestACallThatWasSentIsKnownInTheFile(t *testing.T) {
	l := newLine(t, schema.RulesV3)
	began := time.Now().Add(-time.Hour).Unix()
	master := func(n int, key string) string {
		return fmt.Sprintf(`"","0612345678","800","default","""Rossi"" <0612345678>","SIP/1","SIP/2","Queue","imu","2026-11-27 10:00:00","2026-11-27 10:00:05","2026-11-27 10:01:00",60,55,"ANSWERED","DOCUMENTATION","%d.%d","%s"`, began, n, key) + "\n"
	}
	file := write(t, "Master.csv", master(1, "key=1")+master(2, "key=3")+master(3, "")+master(4, "key=9"))
	args := []string{"calls", "--integration", "pbx", "--serial", "36A", "--format", "asterisk-cdr", "--write", file}
	if got := l.summary(t, args...); got.Votes != 2 || got.Silent != 1 || got.Refused["other_key"] != 1 {
		t.Fatalf("got %+v", got)
	}
	l.summary(t, args...)
	got, values := l.counted(t)
	if want := (schema.EventTally{In: 4, Used: 2, Repeated: 2}); got.Events != want || values != [schema.ValueMax]uint64{1, 0, 1} {
		t.Errorf("got %+v %v, want %+v", got.Events, values, want)
	}
}

func TestImportsThatAreRefused(t *testing.T) {
	l := newLine(t, schema.RulesV3)
	file := write(t, "feedback.csv", "title,url,vote,comment,date,answer\n")
	f := func(want string, args ...string) {
		t.Helper()
		if _, _, err := l.run(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
	f("not enrolled", "ratings", "--site", "nobody", "--format", "plone-csv", file)
	f("two ways", "ratings", "--site", "script", "--format", "plone-csv", file)
	f("want a file", "ratings", "--site", "imported", "--format", "plone-csv", t.TempDir())
	f("no such file", "ratings", "--site", "imported", "--format", "plone-csv", file+"x")
	f("--zone", "ratings", "--site", "imported", "--format", "plone-csv", "--zone", "Atlantis", file)
	f("must be one of", "ratings", "--site", "imported", "--format", "punch-cards", file)
	f("no column title", "ratings", "--site", "imported", "--format", "plone-csv", write(t, "x.csv", "what is this\n"))
	f("no such exchange", "calls", "--integration", "pbx", "--format", "queue-log", file)
	old := newLine(t, schema.RulesV2)
	if _, _, err := old.run(t, "ratings", "--site", "imported", "--format", "plone-csv", file); err == nil || !strings.Contains(err.Error(), "older rules") {
		t.Errorf("a log of rules 2: got %v", err)
	}
}
