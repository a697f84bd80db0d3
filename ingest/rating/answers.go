package rating

import (
	"crypto/sha256"
	_ "embed" // For the table of answers.
	"html"
	"strings"
	"unicode"

	"mlf/schema"
)

// AnswersVersion is the number of the table of answers. A change of the table is a new
// number: what was counted by one stays as it is.
const AnswersVersion = 1

// answers is the table: reason,branch,language,source,label. The label is the last
// column and may have commas; nothing is quoted. Branches are negative (1 to 3) and
// positive (4 and 5). Texts of forms are facts, given as each form shows or sends them.
//
//go:embed answers.csv
var answers string

// answered takes the answer to the question after the stars. All forms ask it of
// everybody, so an answer that is there and empty was skipped; without the field the
// question was not asked.
func (r *Rating) answered(answer field) {
	if answer.kind == absent {
		return
	}
	label := compared(answer.words())
	switch reason, known := reasonOf(r.Value, label); {
	case label == "" && answer.kind != number && answer.kind != nested:
		r.Reason = schema.ReasonSkipped
	case known:
		r.Reason = reason
	default: // Of the other branch, of a site's own making, or broken.
		r.Reason, r.Warnings = schema.ReasonOther, r.Warnings|UnknownReason
	}
}

// reasonOf returns the reason that the table gives for a label as labels are compared in the branch
// of value.
func reasonOf(value schema.Value, label string) (schema.Reason, bool) {
	if label == "" {
		return 0, false
	}
	branch := branchOf(value)
	header := true
	for line := range strings.SplitSeq(answers, "\n") {
		cells := strings.SplitN(line, ",", 5)
		if len(cells) == 5 && !header && cells[1] == branch && compared(cells[4]) == label {
			reason, err := schema.ParseReason(cells[0])
			return reason, err == nil
		}
		header = false
	}
	return 0, false
}

// branchOf returns which of the two questions follows value.
func branchOf(value schema.Value) string {
	if value <= 3 {
		return "negative"
	}
	return "positive"
}

// ofBranch tells whether reason answers the question that follows value.
func ofBranch(reason schema.Reason, value schema.Value) bool {
	switch {
	case reason >= schema.ReasonOther && reason <= schema.ReasonTimeout:
		return true
	case value <= 3:
		return reason >= schema.ReasonUnclear && reason <= schema.ReasonTechnical
	}
	return reason >= schema.ReasonClear && reason <= schema.ReasonNoTrouble
}

// compared returns said as labels are compared: entities resolved twice, as some
// forms escape and their server escapes again; white space collapsed, as templates
// indent; lower case; no punctuation at the end; one kind of apostrophe.
func compared(said string) string {
	said = html.UnescapeString(html.UnescapeString(said))
	said = strings.ToLower(strings.Join(strings.Fields(said), " "))
	said = strings.ReplaceAll(said, "’", "'")
	return strings.TrimRight(said, ".,;:!? …")
}

// lettersMin is how many letters a text must have to be told from another by chance:
// "tutto bene" has nine, and many write it.
const lettersMin = 10

// wrote takes what the citizen wrote, and keeps a hash of it.
func (r *Rating) wrote(said string) {
	said = compared(said)
	letters := 0
	for _, c := range said {
		if unicode.IsLetter(c) {
			letters++
		}
	}
	if letters < lettersMin {
		return
	}
	sum := sha256.Sum256([]byte(said))
	copy(r.Text[:], sum[:])
	r.HasText = true
}
