package poster

import (
	"fmt"
	"strings"
	"unicode"
)

// A box is a place on the paper, in millimetres from its upper left corner.
type box struct{ x, y, w, h float64 }

// A text is one line of a poster; y is its base line.
type text struct {
	x, y, size             float64
	text, language, colour string
	style                  string // Attributes.
}

// A layout is where everything is.
type layout struct {
	texts      []text
	code, logo box
}

// What the parts of a poster measure, in hundredths of the paper's width: on A6 one is
// 1.05 mm, so that the smallest letters are of 8 points.
const (
	marginU, gapU    = 5, 1.6
	logoWidthU       = 22
	logoHeightU      = 11
	titleU           = 3.8
	questionU        = 5.2
	otherQuestionU   = 3.4
	serviceU         = 3.8
	otherServiceU    = 3.0
	whatU            = 2.9
	otherWhatU       = 2.75
	addressU         = 2.8
	lineHeight       = 1.22
	codeMaxU         = 58
	moduleMin        = 0.7 // Millimetres: a phone reads it at arm's length.
	titleLines       = 2
	questionLines    = 2
	serviceLines     = 2
	whatLines        = 3
	addressLines     = 3
	monospaced       = 0.6 // Of a letter's size.
	monospacedFamily = ` font-family="'Liberation Mono', monospace"`
)

// A pen writes lines from above, in units of the paper's width.
type pen struct {
	unit, left, right, y float64 // In millimetres.
	texts                []text
	failed               error
}

// write writes a text in lines of at most its width; more than most do not fit.
func (p *pen) write(t text, sizeU float64, most int) {
	t.size = sizeU * p.unit
	width := (p.right - p.left) / t.size
	lines := wrap(t.text, width, t.style)
	if len(lines) > most && p.failed == nil {
		p.failed = fmt.Errorf("%.60q takes %d lines: want at most %d; a shorter name, or a larger paper", t.text, len(lines), most)
	}
	for _, line := range lines {
		if widthOf(line, t.style) > width+1e-6 && t.style != monospacedFamily && p.failed == nil {
			p.failed = fmt.Errorf("%.60q: a word is wider than the paper; want a larger one", line)
		}
		p.y += t.size * lineHeight
		t.text, t.x, t.y = line, p.left, p.y-t.size*(lineHeight-1)
		p.texts = append(p.texts, t)
	}
}

func (p *pen) gap(u float64) { p.y += u * p.unit }

// lay finds a place for everything, and gives the code, of modules modules, what is left.
func (p *Poster) lay(modules int) (layout, error) {
	unit := p.Paper.Width / 100
	margin := marginU * unit
	l := layout{logo: box{margin, margin, logoWidthU * unit, logoHeightU * unit}}
	above := pen{unit: unit, left: margin + (logoWidthU+gapU)*unit, right: p.Paper.Width - margin, y: margin}
	above.write(text{text: p.Title, language: "it", colour: ink, style: ` font-weight="600"`}, titleU, titleLines)
	above.left, above.y = margin, max(above.y, margin+logoHeightU*unit)
	below := pen{unit: unit, left: margin, right: above.right}
	var ors []string
	for i, language := range p.Languages {
		question, what, or, _ := words(language)
		questionSize, serviceSize, whatSize := otherQuestionU, otherServiceU, otherWhatU
		if i == 0 {
			questionSize, serviceSize, whatSize = questionU, serviceU, whatU
		}
		above.gap(gapU)
		above.write(text{text: question, language: language, colour: ink, style: ` font-weight="700"`}, questionSize, questionLines)
		above.write(text{text: p.Service[language], language: language, colour: accent, style: ` font-weight="600"`}, serviceSize, serviceLines)
		below.write(text{text: what, language: language, colour: ink}, whatSize, whatLines)
		ors = append(ors, or)
	}
	below.gap(gapU / 2)
	below.write(text{text: strings.Join(ors, " · ") + ":", language: p.Languages[0], colour: ink}, otherWhatU, 1)
	below.write(text{text: p.URL, language: "it", colour: ink, style: monospacedFamily}, addressU, addressLines)
	room := p.Paper.Height - margin - below.y - above.y - 2*gapU*unit
	side := min(room, codeMaxU*unit)
	switch {
	case above.failed != nil:
		return l, above.failed
	case below.failed != nil:
		return l, below.failed
	case side/float64(modules) < moduleMin:
		return l, fmt.Errorf("the code would have %.1f mm, %.2f a module: want %.1f at least; fewer languages, a shorter address, or a larger paper", max(side, 0), max(side, 0)/float64(modules), moduleMin)
	}
	l.code = box{(p.Paper.Width - side) / 2, above.y + gapU*unit + (room-side)/2, side, side}
	down := p.Paper.Height - margin - below.y
	for _, t := range below.texts {
		t.y += down
		l.texts = append(l.texts, t)
	}
	l.texts = append(above.texts, l.texts...)
	return l, nil
}

// wrap breaks a text into lines of at most width, in sizes of its letters: between words,
// and an address, which has none, wherever it must.
func wrap(said string, width float64, style string) (lines []string) {
	if style == monospacedFamily {
		n := max(int(width/monospaced), 1)
		letters := []rune(said)
		for len(letters) > n {
			lines, letters = append(lines, string(letters[:n])), letters[n:]
		}
		return append(lines, string(letters))
	}
	line, used := "", 0.0
	for word := range strings.FieldsSeq(said) {
		if w := widthOf(word, style); line == "" {
			line, used = word, w
		} else if used+widthOf(" ", style)+w <= width {
			line, used = line+" "+word, used+widthOf(" ", style)+w
		} else {
			lines, line, used = append(lines, line), word, w
		}
	}
	return append(lines, line)
}

// widthOf is how wide a text is, in sizes of its letters, in the widest typeface that a
// browser may have in the place of the first (DejaVu Sans).
func widthOf(said, style string) (width float64) {
	for _, c := range said {
		switch {
		case strings.ContainsRune("iljI.,:;'’|! ()", c):
			width += 0.33
		case strings.ContainsRune("tfr", c):
			width += 0.41
		case strings.ContainsRune("mwMW@%", c):
			width += 0.98
		case unicode.IsUpper(c):
			width += 0.72
		default:
			width += 0.62
		}
	}
	if strings.Contains(style, "font-weight") {
		width *= bold
	}
	return width
}

// bold is by how much bold letters are wider.
const bold = 1.13
