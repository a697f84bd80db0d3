package embed

import (
	"bytes"
	_ "embed" // For the fonts.
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"mlf/schema/registry"
)

// Titillium Web, under the SIL Open Font License (font/OFL.txt).
//
//go:embed font/TitilliumWeb-Regular.ttf
var regularFile []byte

//go:embed font/TitilliumWeb-Bold.ttf
var boldFile []byte

func (m *Maker) readFonts() (err error) {
	if m.regular, err = opentype.Parse(regularFile); err != nil {
		return fmt.Errorf("read font: %w", err)
	}
	if m.bold, err = opentype.Parse(boldFile); err != nil {
		return fmt.Errorf("read bold font: %w", err)
	}
	return nil
}

// Width and Height are those of a picture: what networks show beside an address.
const (
	Width  = 1200
	Height = 630

	margin = 72
)

// The colours of a picture, those of the page in light.
func colours() (paper, ink, quiet color.RGBA, skins, rims [3]color.RGBA) {
	of := func(hex uint32) color.RGBA { return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255} }
	return of(0xffffff), of(0x18222c), of(0x55606b),
		[3]color.RGBA{of(0x2f9e60), of(0xf4bd3a), of(0xe2574c)}, [3]color.RGBA{of(0x12683a), of(0x8a5c00), of(0xa1231b)}
}

// Picture draws f as a PNG. The same figures are the same bytes.
func (m *Maker) Picture(f *Figures, lang registry.Lang) ([]byte, error) {
	v := m.voices[lang]
	if v == nil {
		panic("BUG: no words in " + string(lang))
	}
	paper, ink, quiet, skins, _ := colours()
	c := &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, Width, Height)), maker: m}
	c.fill(c.Bounds(), image.NewUniform(paper))
	for i, skin := range skins {
		c.fill(image.Rect(i*Width/3, 0, (i+1)*Width/3, 12), image.NewUniform(skin))
	}
	const within = Width - 2*margin
	c.line(m.bold, 76, ink, at{margin, 120, within}, f.Name)
	c.line(m.regular, 36, quiet, at{margin, 178, within}, v.say("about"))
	c.line(m.bold, 36, ink, at{margin, 228, within / 2}, v.monthOf(f))
	c.right(m.bold, 28, quiet, at{Width / 2, 228, within / 2}, v.say("programme"))
	if gap := v.gap(f); gap != "" {
		c.paragraph(m.regular, 44, ink, at{margin, 360, within}, gap)
	} else {
		c.faces(v.facesOf(f))
		c.bar(f.shares(), image.Rect(margin, 456, Width-margin, 488))
		c.line(m.regular, 32, ink, at{margin, 540, within}, v.sure(f))
	}
	c.line(m.regular, 26, quiet, at{margin, 594, within}, strings.Join(v.notes(f), " "))
	var out bytes.Buffer
	if err := png.Encode(&out, c); err != nil {
		return nil, fmt.Errorf("write picture: %w", err)
	}
	return out.Bytes(), nil
}

// faces draws three faces beside one another, each with its words.
func (c *canvas) faces(shown []faceShown) {
	_, ink, quiet, skins, rims := colours()
	const each, top, size = (Width - 2*margin) / 3, 274, 136
	for i := range shown {
		x := margin + i*each
		c.face(i, image.Rect(x, top, x+size, top+size), skins[i], rims[i])
		const beside = size + 22
		words := at{x + beside, 0, each - beside - 10}
		c.line(c.maker.bold, 60, ink, words.down(top+52), shown[i].Share)
		c.line(c.maker.bold, 30, ink, words.down(top+94), shown[i].Word)
		c.line(c.maker.regular, 28, quiet, words.down(top+130), shown[i].Votes)
	}
}

// at is where a line of text begins, and how wide it may be.
type at struct{ x, y, width int }

func (a at) down(y int) at { return at{a.x, y, a.width} }

// line writes text, smaller where it would be too wide.
func (c *canvas) line(of *opentype.Font, size float64, ink color.Color, where at, text string) {
	d := c.drawer(of, size, ink)
	if wide := d.MeasureString(text).Ceil(); wide > where.width {
		d = c.drawer(of, size*float64(where.width)/float64(wide), ink)
	}
	d.Dot = fixed.P(where.x, where.y)
	d.DrawString(text)
}

// right is line, with the text at the right end.
func (c *canvas) right(of *opentype.Font, size float64, ink color.Color, where at, text string) {
	wide := c.drawer(of, size, ink).MeasureString(text).Ceil()
	if free := where.width - wide; free > 0 {
		where.x += free
	}
	c.line(of, size, ink, where, text)
}

// paragraph writes text in as many lines as it needs.
func (c *canvas) paragraph(of *opentype.Font, size float64, ink color.Color, where at, text string) {
	d := c.drawer(of, size, ink)
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && d.MeasureString(longer).Ceil() > where.width {
			c.line(of, size, ink, where, line)
			where.y += int(size * 1.3)
			longer = word
		}
		line = longer
	}
	c.line(of, size, ink, where, line)
}

func (c *canvas) drawer(of *opentype.Font, size float64, ink color.Color) *font.Drawer {
	face, err := opentype.NewFace(of, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("BUG: a font without a face: " + err.Error()) // It only measures the font, which was read.
	}
	return &font.Drawer{Dst: c.RGBA, Src: image.NewUniform(ink), Face: face}
}
