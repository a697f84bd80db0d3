package rating_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"mlf/ingest/rating"
	"mlf/schema"
)

// table is answers.csv without its header.
func table(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile("answers.csv")
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil || strings.Join(rows[0], ",") != "reason,branch,language,source,label" || bytes.Contains(text, []byte(`"`)) {
		t.Fatalf("answers.csv: header %q, %v; want no quoted field", rows[0], err)
	}
	return rows[1:]
}

// answeredBy returns what is made of an answer to value.
func answeredBy(t *testing.T, value int, answer string) (schema.Reason, rating.Warnings) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"value": value, "answer": answer})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rating.Read("application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	return r.Reason, r.Warnings
}

// TestGoldenTable: what the table says is counted, so a change of it has a number, and
// the sum of each number's table is fixed here.
func TestGoldenTable(t *testing.T) {
	sums := map[int]string{1: "b23040d83d1d80da"}
	text, err := os.ReadFile("answers.csv")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:8]); got != sums[rating.AnswersVersion] {
		t.Errorf("version %d of the table has sum %s, want %q: another table is another version", rating.AnswersVersion, got, sums[rating.AnswersVersion])
	}
}

// TestEveryLabel: each row of the table holds for the values of its branch. In the other
// branch its label is that of another row, or other with a warning.
func TestEveryLabel(t *testing.T) {
	branches := map[string][]int{"negative": {1, 2, 3}, "positive": {4, 5}}
	labels := make(map[string]string)
	for _, row := range table(t) {
		label := strings.Join(row[4:], ",")
		labels[row[1]+" "+strings.ToLower(label)] = row[0]
	}
	for _, row := range table(t) {
		want, err := schema.ParseReason(row[0])
		if err != nil || len(branches[row[1]]) == 0 {
			t.Fatalf("%q: %v", row, err)
		}
		label := strings.Join(row[4:], ",")
		for branch, values := range branches {
			for _, value := range values {
				got, warned := answeredBy(t, value, label)
				other, elsewhere := labels[branch+" "+strings.ToLower(label)]
				switch {
				case branch == row[1] && (got != want || warned != 0):
					t.Errorf("%d, %q: got %v %v, want %v", value, label, got, warned.Codes(), want)
				case branch != row[1] && elsewhere && got.String() != other:
					t.Errorf("%d, %q: got %v, want %s", value, label, got, other)
				case branch != row[1] && !elsewhere && (got != schema.ReasonOther || warned != rating.UnknownReason):
					t.Errorf("%d, %q: got %v %v, want other with a warning", value, label, got, warned.Codes())
				}
			}
		}
	}
}

// TestEveryReasonHasALabel: in each branch four reasons and other, in Italian, English
// and German.
func TestEveryReasonHasALabel(t *testing.T) {
	have := make(map[string]bool)
	for _, row := range table(t) {
		have[strings.Join(row[:3], " ")] = true
	}
	for branch, reasons := range map[string]string{"negative": "unclear incomplete unsure technical other", "positive": "clear complete sure no_trouble other"} {
		for reason := range strings.FieldsSeq(reasons) {
			for _, language := range []string{"it", "en", "de"} {
				if key := fmt.Sprintf("%s %s %s", reason, branch, language); !have[key] {
					t.Errorf("no label for %s", key)
				}
			}
		}
	}
}

// TestLabelsAsTheyArrive: escaped twice, indented by a template, in capitals.
func TestLabelsAsTheyArrive(t *testing.T) {
	f := func(value int, answer, want string) {
		t.Helper()
		got, warned := answeredBy(t, value, answer)
		if text := strings.Join(append([]string{got.String()}, warned.Codes()...), " "); text != want {
			t.Errorf("%d, %q: got %q, want %q", value, answer, text, want)
		}
	}
	f(3, "A volte le indicazioni non erano chiare", "unclear")
	f(3, "A VOLTE  LE\u00a0indicazioni\n\tnon erano chiare.", "unclear")
	f(4, "\n        Altro\n    ", "other")
	f(2, "Sometimes I couldn&amp;#39;t understand if I was proceeding correctly", "unsure")
	f(2, "Sometimes I couldn’t understand if I was proceeding correctly!", "unsure")
	f(1, "Manchmal wusste ich nicht, ob ich richtig vorgehe", "unsure")
	f(4, "Die Angaben waren vollst&amp;auml;ndig", "complete")
	f(4, "null", "skipped")
	f(4, "undefined", "skipped")
	f(4, "", "skipped")
	f(4, " \n ", "skipped")
	f(4, "...", "skipped")
	f(4, "Le informazioni sono chiare", "other unknown_reason")
	f(1, "Le indicazioni erano chiare", "other unknown_reason")
	f(4, "reason", "other unknown_reason") // The table's own header.
	f(4, "clear,positive", "other unknown_reason")
	f(4, "positivo1", "clear")
	f(1, "positivo1", "other unknown_reason")
}

// TestReasonsOfOurOwn: a code wins over a label, where it is one of the branch.
func TestReasonsOfOurOwn(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if got := said(object, body); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	f(`{"value":4,"reason":"clear"}`, "own 4 clear")
	f(`{"value":4,"reason":" Clear "}`, "own 4 clear")
	f(`{"value":3,"reason":"unclear","answer":"Altro"}`, "own 3 unclear")
	f(`{"value":3,"reason":"clear"}`, "own 3 other unknown_reason")
	f(`{"value":3,"reason":"clear","answer":"Ho avuto problemi tecnici"}`, "own 3 technical")
	f(`{"value":3,"reason":"waiting_time"}`, "own 3 other unknown_reason") // Of counters.
	f(`{"value":3,"reason":"skipped"}`, "own 3 skipped")
	f(`{"value":3,"reason":"timeout"}`, "own 3 timeout")
	f(`{"value":3,"reason":null,"answer":null}`, "own 3 skipped")
	f(`{"value":3,"reason":null}`, "own 3")
	f(`{"value":3}`, "own 3")
	f(`{"value":3,"answer":7}`, "own 3 other unknown_reason")
}
