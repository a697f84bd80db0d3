package words

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// What is told at most. More would not be read, and might not be sent.
const (
	placeMax     = 90  // Letters of a body, or of what within it.
	terminalMax  = 80  // Letters of a terminal's name.
	terminalsMax = 50  // Of an alert.
	fewTerminals = 3   // Of an alert in a digest.
	digestMax    = 20  // Alerts.
	linkMax      = 512 // Bytes.
	subjectMax   = 300 // Bytes.
)

// A page is a letter before it is text or HTML.
type page struct {
	Language, Subject string
	part
	Intro    string // Before the parts.
	Parts    []part
	Rest     string // After them: how many are not told.
	Meanings []meaning
	Links    []link
	How      string // To take charge of it.
	Sender   string
}

// A part is one alert.
type part struct {
	What, Where string
	Facts       []string
	List        string // Before Items; empty: none.
	Items       []string
	Link        link // Of an alert in a digest.
}

type meaning struct{ Title, Text string }

type link struct{ Text, URL string }

func (v voice) page(s *Story) *page {
	p := &page{Sender: v.say("sender")}
	p.Where = where(s)
	switch s.Kind {
	case "test":
		p.What, p.Intro = v.say("test"), v.say("test_text")
		p.link(v.say("see_all"), s.Link)
	case "digest":
		v.digest(p, s)
	default:
		p.part = v.alert(s, terminalsMax)
		if hasFigures(s) {
			p.Facts[1] += " " + v.say("chance")
		}
		v.explain(p, s)
	}
	p.link(v.say("settings"), s.SettingsLink)
	return p
}

// digest tells alerts in short.
func (v voice) digest(p *page, s *Story) {
	p.What, p.Intro = v.say("digest"), v.say("digest_text")
	for i := range s.Digest[:min(len(s.Digest), digestMax)] {
		one := v.alert(&s.Digest[i], fewTerminals)
		if address := safe(s.Digest[i].Link); address != "" {
			one.Link = link{v.say("see"), address}
		}
		p.Parts = append(p.Parts, one)
	}
	if slices.ContainsFunc(s.Digest, func(one Story) bool { return hasFigures(&one) }) {
		p.Intro += " " + v.say("chance")
	}
	p.Rest = v.more(len(s.Digest) - len(p.Parts) + max(s.More, 0))
	p.link(v.say("see_all"), s.Link)
}

// explain says what an alert may mean, and what to do.
func (v voice) explain(p *page, s *Story) {
	if s.State == "closed" || !isKnown(s) {
		p.link(v.say("see"), s.Link)
		return
	}
	p.Meanings = []meaning{{v.say("may"), v.say("may_" + s.Kind)}, {v.say("not"), v.say("not_" + s.Kind)}}
	if p.link(v.say("acknowledge"), s.Link) {
		p.How = v.say("acknowledging")
	}
}

// alert tells one alert, with so many of its terminals.
func (v voice) alert(s *Story, terminals int) part {
	p := part{What: v.say("alert"), Where: where(s)}
	if isKnown(s) {
		p.What = v.say(headline(s) + "_" + s.State)
	}
	if hasFigures(s) {
		p.Facts = v.figures(s)
	}
	if !s.Opened.IsZero() {
		p.Facts = append(p.Facts, v.say("since", "moment", v.moment(s.Opened, s.Zone)))
	}
	if !s.Closed.IsZero() && s.State == "closed" {
		p.Facts = append(p.Facts, v.say("until", "moment", v.moment(s.Closed, s.Zone)))
	}
	if len(s.Terminals) == 0 || s.Kind != "silence" && s.Kind != "misuse" {
		return p
	}
	p.List = v.say(s.Kind + "_list")
	if s.Kind == "silence" && s.State == "closed" {
		p.List = v.say("silence_list_closed")
	}
	told := s.Terminals[:min(len(s.Terminals), terminals)]
	for _, name := range told {
		p.Items = append(p.Items, line(name, terminalMax))
	}
	if more := v.more(len(s.Terminals) - len(told) + max(s.More, 0)); more != "" {
		p.Items = append(p.Items, more)
	}
	return p
}

// isKnown tells whether there are words for the kind and the state of an alert.
func isKnown(s *Story) bool {
	return slices.Contains([]string{"red", "fall", "silence", "misuse"}, s.Kind) && slices.Contains([]string{"opened", "updated", "closed"}, s.State)
}

func hasFigures(s *Story) bool { return isKnown(s) && s.Kind != "silence" && s.N > 0 }

// headline returns the key of what is said of a kind: red is a word of one scale.
func headline(s *Story) string {
	switch {
	case s.Scale == "" || s.Scale == "mlf3":
	case s.Kind == "red":
		return "negative"
	case s.Kind == "fall":
		return "negative_fall"
	}
	return s.Kind
}

// figures says what was, what was before, and the difference: two sentences.
func (v voice) figures(s *Story) []string {
	key := "red_figures"
	switch {
	case s.Kind == "misuse":
		key = "misuse_figures"
	case headline(s) != s.Kind:
		key = "negative_figures"
	}
	return []string{
		v.say(key,
			"share", v.percent(s.Share), "range", v.interval(s.Low, s.High), "votes", v.votes(s.N),
			"bshare", v.percent(s.BaselineShare), "brange", v.interval(s.BaselineLow, s.BaselineHigh), "bvotes", v.votes(s.BaselineN)),
		v.say("difference", "points", v.points(s.Difference)),
	}
}

// more says how many are not told; "" for none.
func (v voice) more(n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return v.say("more_one")
	}
	return v.say("more", "n", v.number(uint64(n)))
}

// link adds a link, if there is one.
func (p *page) link(text, address string) bool {
	address = safe(address)
	if address != "" {
		p.Links = append(p.Links, link{text, address})
	}
	return address != ""
}

// safe returns an address that may be clicked, in ASCII; "" for any other.
func safe(address string) string {
	isOther := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"`, r) }
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(address) > linkMax || strings.ContainsFunc(address, isOther) {
		return ""
	}
	return address
}

// text writes p for those who read no HTML.
func (p *page) text() string {
	var t strings.Builder
	p.part.text(&t)
	if p.Intro != "" {
		t.WriteString("\n" + p.Intro + "\n")
	}
	for i := range p.Parts {
		t.WriteString("\n" + strconv.Itoa(i+1) + ". ")
		p.Parts[i].text(&t)
	}
	if p.Rest != "" {
		t.WriteString("\n" + p.Rest + "\n")
	}
	for _, m := range p.Meanings {
		t.WriteString("\n" + m.Title + "\n" + m.Text + "\n")
	}
	for _, l := range p.Links {
		t.WriteString("\n" + l.Text + ":\n" + l.URL + "\n")
		if p.How != "" && l == p.Links[0] {
			t.WriteString(p.How + "\n")
		}
	}
	t.WriteString("\n-- \n" + p.Sender + "\n") // Mail programs know by the blank that a signature follows.
	return t.String()
}

func (p *part) text(t *strings.Builder) {
	t.WriteString(p.What + "\n")
	if p.Where != "" {
		t.WriteString(p.Where + "\n")
	}
	for i, fact := range p.Facts {
		if i == 0 {
			t.WriteString("\n")
		}
		t.WriteString(fact + "\n")
	}
	if p.List != "" {
		t.WriteString("\n" + p.List + "\n")
	}
	for _, item := range p.Items {
		t.WriteString("- " + item + "\n")
	}
	if p.Link.URL != "" {
		t.WriteString(p.Link.URL + "\n")
	}
}

// where names what a story is about, the narrower first.
func where(s *Story) string {
	body, scope := line(s.Body, placeMax), line(s.Scope, placeMax)
	switch {
	case scope == "":
		return body
	case body == "":
		return scope
	}
	return scope + " – " + body
}

// line makes one line of what others wrote, of at most so many letters: nothing in it
// may look like words of ours.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	letters := []rune(strings.Join(strings.Fields(text), " "))
	if len(letters) > most {
		letters = append(letters[:most-1], '…')
	}
	return string(letters)
}

// cut leaves of a text what fits into so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}
