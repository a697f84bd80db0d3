package rating

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"mlf/schema"
)

// honeypotField is the field of the own shape that no human sees.
const honeypotField = "website"

// rating returns what the fields say, by the rules of their shape.
func (f *fields) rating() (Rating, error) {
	switch shape := f.shape(); shape {
	case Own:
		return f.own()
	case WordPress:
		return f.wordPress()
	case Volto:
		return f.volto()
	case Citfac, CitfacMoon:
		return f.citfac(shape)
	case Coranto:
		return f.coranto()
	}
	return Rating{}, fmt.Errorf("%w: want value, star, vote with content, or rating with option or feedback", ErrMalformed)
}

// shape tells which form has these fields; 0 for none. Each has one that no other has.
func (f *fields) shape() Shape {
	switch {
	case f.form && f.has("action"), f.has("star"):
		return WordPress
	case f.form && f.has("rating"):
		return Coranto
	case f.form:
		return 0
	case f.has("value"):
		return Own
	case f.has("vote"):
		return Volto
	case f.has("rating") && (f.has("subject") || f.has("code")):
		return CitfacMoon
	case f.has("rating"):
		return Citfac
	}
	return 0
}

// own reads this project's own JSON.
func (f *fields) own() (Rating, error) {
	if f.all[honeypotField].filled() {
		return Rating{}, fmt.Errorf("%w: %s is filled", ErrHoneypot, honeypotField)
	}
	r, err := f.valued(Own, "value")
	if err != nil {
		return Rating{}, err
	}
	if id := f.all["id"]; id.kind != absent && id.kind != null {
		if r.ID, r.HasID = uuid(id.words()); !r.HasID {
			return Rating{}, fmt.Errorf("%w: id: want a UUID, 8-4-4-4-12 hexadecimal digits that are not all 0", ErrMalformed)
		}
	}
	r.ownReason(f.all["reason"], f.all["answer"])
	switch f.all["question"].words() {
	case "clarity":
		r.Question = QuestionClarity
	case "ease":
		r.Question = QuestionEase
	}
	r.ownMessage(f.all["message"])
	r.Service = f.all["service"].words()
	if service := f.all["service"]; !isCode(r.Service) || service.kind == number || service.kind == nested {
		r.Service, r.Warnings = "", r.Warnings|UnknownService
	}
	r.place(f.all["page"].words(), f.all["title"].words())
	if age := f.all["age_ms"]; age.kind != absent && age.kind != null {
		r.AgeMS, r.HasAge = age.whole()
		if !r.HasAge || r.AgeMS < 0 || r.AgeMS > AgeMax {
			r.AgeMS, r.HasAge, r.Warnings = 0, false, r.Warnings|BadTime
		}
	}
	r.Test = f.all["test"].kind == truth && f.all["test"].text == "true"
	return r, nil
}

// ownReason takes the reason by its code, or else by the label that the citizen saw.
func (r *Rating) ownReason(reason, answer field) {
	code := strings.ToLower(strings.TrimSpace(reason.words()))
	if code == "" {
		r.answered(answer)
		return
	}
	parsed, err := schema.ParseReason(code)
	switch {
	case err == nil && ofBranch(parsed, r.Value):
		r.Reason = parsed
	case answer.words() != "":
		r.answered(answer)
	default:
		r.Reason, r.Warnings = schema.ReasonOther, r.Warnings|UnknownReason
	}
}

// ownMessage takes which message has asked. What follows a message is a service that was
// used, so it is its ease that is rated.
func (r *Rating) ownMessage(message field) {
	if message.kind == absent || message.kind == null {
		return
	}
	var err error
	if r.Message, err = ParseMessage(message.words()); err != nil {
		r.Warnings |= BadMessage
		return
	}
	r.HasMessage = true
	if r.Question == QuestionUnknown {
		r.Question = QuestionEase
	}
}

// wordPress reads the form of the theme for WordPress, and the same fields as JSON.
func (f *fields) wordPress() (Rating, error) {
	if action := f.all["action"]; action.kind != absent && action.text != "save_rating" {
		return Rating{}, fmt.Errorf("%w: action is not save_rating", ErrNotRating)
	}
	r, err := f.plain(WordPress, "star", "radioResponse", "freeText")
	if err == nil && f.form {
		err = f.whole("page")
	}
	if err != nil {
		return Rating{}, err
	}
	r.place(f.all["page"].words(), f.all["title"].words())
	return r, nil
}

// coranto reads the form of Coranto's module for OpenCms.
func (f *fields) coranto() (Rating, error) {
	r, err := f.plain(Coranto, "rating", "feedback", "details")
	if err == nil {
		err = f.whole("details")
	}
	if err != nil {
		return Rating{}, err
	}
	return r, nil
}

// whole refuses a form without the field that it always sends last: the answer before it
// may have been cut, and would count as one that nobody gave.
func (f *fields) whole(last string) error {
	if !f.has(last) {
		return fmt.Errorf("%w: %s is missing, which the form sends last", ErrMalformed, last)
	}
	return nil
}

// voltoFields are all that a volto-feedback form sends but for the honeypot, whose name
// is the site's own.
func voltoFields() []string {
	return []string{"vote", "answer", "comment", "content", "g-recaptcha-response"}
}

// volto reads what volto-feedback sends. The honeypot is the field that is left over: the
// form always sends it, and empty.
func (f *fields) volto() (Rating, error) {
	pots := 0
	for _, name := range f.names {
		if slices.Contains(voltoFields(), name) {
			continue
		}
		pots++
		if f.all[name].filled() {
			return Rating{}, fmt.Errorf("%w: a field that the form does not show is filled", ErrHoneypot)
		}
	}
	if pots == 0 {
		return Rating{}, fmt.Errorf("%w: the field that the form does not show is missing", ErrHoneypot)
	}
	content := strings.TrimSpace(f.all["content"].words())
	if content == "" {
		return Rating{}, fmt.Errorf("%w: content is missing: want a path or a title", ErrMalformed)
	}
	r, err := f.plain(Volto, "vote", "answer", "comment")
	if err != nil {
		return Rating{}, err
	}
	if strings.HasPrefix(content, "/") || strings.Contains(content, "://") {
		r.place(content, "")
	} else {
		r.place("", content)
	}
	return r, nil
}

// citfac reads what Città Facile sends of pages and of modules.
func (f *fields) citfac(shape Shape) (Rating, error) {
	if f.all["bind"].filled() {
		return Rating{}, fmt.Errorf("%w: bind is filled", ErrHoneypot)
	}
	r, err := f.plain(shape, "rating", "option", "details")
	if err != nil {
		return Rating{}, err
	}
	if shape == Citfac {
		r.place(f.all["pagePath"].words(), f.all["pageTitle"].words())
	} else {
		r.place("", f.all["subject"].words())
	}
	return r, nil
}

// plain reads what all foreign forms have, under the names of one of them.
func (f *fields) plain(shape Shape, value, answer, text string) (Rating, error) {
	r, err := f.valued(shape, value)
	if err != nil {
		return Rating{}, err
	}
	r.answered(f.all[answer])
	r.wrote(f.all[text].words())
	return r, nil
}

// valued begins a rating with its value.
func (f *fields) valued(shape Shape, name string) (Rating, error) {
	n, ok := f.all[name].whole()
	if !ok || n < 1 || n > int64(schema.ScaleStars5.Max()) {
		return Rating{}, fmt.Errorf("%w: %s: want an integer from 1 to 5", ErrBadValue, name)
	}
	return Rating{Shape: shape, Value: schema.Value(n)}, nil
}

// uuid reads a UUID (RFC 9562) of any version. That of zeros alone is nobody's.
func uuid(said string) (id [16]byte, ok bool) {
	if len(said) != 36 || said[8] != '-' || said[13] != '-' || said[18] != '-' || said[23] != '-' {
		return id, false
	}
	digits := strings.ReplaceAll(said, "-", "")
	n, err := hex.Decode(id[:], []byte(digits[:min(len(digits), 32)]))
	return id, err == nil && n == len(id) && len(digits) == 32 && id != [16]byte{}
}

// codeMax is the length of a service's code, in bytes, as in the registry.
const codeMax = 48

// isCode tells whether code may be a service's; "" may.
func isCode(code string) bool {
	for i := range len(code) {
		c := code[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(code) <= codeMax
}
