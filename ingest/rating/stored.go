package rating

// Stored is what a site has kept of a rating, as its export tells it.
type Stored struct {
	Shape  Shape
	Value  string
	Answer string // A label or a code; "" or "null": skipped, as all forms ask for it.
	Text   string
	Page   string
	Title  string
}

// Rating judges s as Read judges what a form sends. The error is of the kinds of Read.
func (s *Stored) Rating() (Rating, error) {
	f := fields{all: map[string]field{"value": {kind: text, text: s.Value}, "answer": {kind: text, text: s.Answer}, "text": {kind: text, text: s.Text}}}
	r, err := f.plain(s.Shape, "value", "answer", "text")
	if err != nil {
		return Rating{}, err
	}
	r.place(s.Page, s.Title)
	return r, nil
}
