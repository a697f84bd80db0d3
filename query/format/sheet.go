package format

import "time"

// A Sheet is a table as files for programs have it: columns of one kind each, and
// notes that say what they are.
type Sheet struct {
	ID     string // Short, of capitals and '_': SATISFACTION.
	Title  string
	Source string
	At     time.Time // As of when.
	Fields []Field
	Len    int         // Rows.
	Notes  [][2]string // Name and text, in the order in which people read them.

	// Status returns the codes of a row by SDMX's CL_OBS_STATUS, or ours beside them;
	// nil: none has any.
	Status func(row int) string
}

// A Field is a column of a sheet. The function of its kind is set; those that tell
// whether there is a value are false for null.
type Field struct {
	Name  string
	Label string // For people; Name where it is empty.
	Kind  Kind
	Words func(text string) string // What a text of KindText means to people; nil: what it is.
	Text  func(row int) (string, bool)
	Count func(row int) (uint64, bool)
	Share func(row int) (float64, bool)
	Time  func(row int) (time.Time, bool)
	Truth func(row int) (bool, bool)
}

// A Kind is what the values of a field are.
type Kind uint8

// The kinds. Codes are texts, whatever they look like: 058091 keeps its zero.
const (
	KindText   Kind = iota + 1
	KindCount       // A whole number, at most 2^53.
	KindShare       // A number with a fraction: never NaN or infinite.
	KindDay         // A day of the calendar; Time is its 00:00 in UTC.
	KindHour        // An instant of UTC.
	KindNumber      // A whole number that says what a row is of, as a weekday does; Count is its function.
	KindTruth       // True or false.
	KindStatus      // The codes of a row, each a letter; Text is its function, and it is never null.
	kinds      = iota
)

// At returns f with the rows in another order: its row i is f's row of(i).
func (f Field) At(of func(row int) int) Field {
	moved := f
	if f.Text != nil {
		moved.Text = func(i int) (string, bool) { return f.Text(of(i)) }
	}
	if f.Count != nil {
		moved.Count = func(i int) (uint64, bool) { return f.Count(of(i)) }
	}
	if f.Share != nil {
		moved.Share = func(i int) (float64, bool) { return f.Share(of(i)) }
	}
	if f.Time != nil {
		moved.Time = func(i int) (time.Time, bool) { return f.Time(of(i)) }
	}
	if f.Truth != nil {
		moved.Truth = func(i int) (bool, bool) { return f.Truth(of(i)) }
	}
	return moved
}
