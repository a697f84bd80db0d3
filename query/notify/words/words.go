// Package words words what is told to a body about its alerts: subject, text and HTML
// of an e-mail, in three languages.
//
// It knows how figures, days and doubts are said. It must not know how an alert came
// about, or how a message is sent.
package words

import "time"

// A Story is what is to be told.
type Story struct {
	Kind  string // red, fall, silence, misuse, digest or test.
	State string // opened, updated or closed; empty for digest and test.

	Body  string // Whose alert it is: "Comune di Ivrea".
	Scope string // What it is about within the body: "Anagrafe, via Roma". Empty: all of it.

	Opened, Closed time.Time

	// The figures of the window: votes, the negative ones (of misuse: the suspicious
	// ones), their share from 0 to 1 and its interval.
	N, Negative      uint64
	Share, Low, High float64

	// The figures before it.
	BaselineN                                uint64
	BaselineShare, BaselineLow, BaselineHigh float64

	Difference float64  // Share less BaselineShare: -1 to 1.
	Terminals  []string // Names, of silence and of copied ones.
	More       int      // Terminals beyond those named.

	Link         string // The page of the alert.
	SettingsLink string // Where one changes who is told.

	Zone   *time.Location // Of days and hours; nil: UTC.
	Digest []Story        // Of a digest: what it sums up. Their own digests are not told.
}

// A Letter is a story in words. HTML stands for itself: no pictures, nothing is loaded.
type Letter struct {
	Subject, Text, HTML string
}

// Words are the catalogues of all languages. Safe for concurrent use.
type Words struct{}

// Read reads the words that the program carries.
func Read() *Words { return &Words{} }

// Letter words a story in language it, en or de; another language is Italian.
func (w *Words) Letter(language string, s *Story) Letter { return Letter{Subject: s.Kind} }
