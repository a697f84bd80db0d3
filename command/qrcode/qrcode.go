// Package qrcode draws QR codes: as text for a screen of letters, as pictures for paper.
//
// It knows modules and borders. It must not know what a code leads to, or for whom.
package qrcode

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Quiet is the width of the light border that readers need, in modules (ISO/IEC 18004).
const Quiet = 4

// urlMax is the most bytes of a URL: what a QR code of this size holds is still read from
// paper by a cheap camera.
const urlMax = 512

// A Level is how much of a code may be lost.
type Level uint8

// The levels. A code that is bent or a little dirty is read at Medium, one that hangs where
// people touch it at High.
const (
	Medium Level = iota // M: 15 %.
	High                // Q: 25 %.
)

// A Code is the QR code of a URL.
type Code struct{ code *qr.Code }

// Encode returns the QR code of a URL of 1 to 512 bytes.
func Encode(url string, level Level) (*Code, error) {
	if url == "" || len(url) > urlMax {
		return nil, fmt.Errorf("QR code of %d bytes: want 1 to %d", len(url), urlMax)
	}
	of := qr.M
	if level == High {
		of = qr.Q
	}
	code, err := qr.Encode(url, of)
	if err != nil {
		return nil, fmt.Errorf("QR code of %d bytes: %w", len(url), err)
	}
	return &Code{code}, nil
}

// Size returns the width and height of the code with its border, in modules.
func (c *Code) Size() int { return c.code.Size + 2*Quiet }

// Text returns the code as lines of half blocks, light on dark: a screen of text is dark
// more often than not, and readers take both.
func (c *Code) Text() string {
	light := func(x, y int) bool { return y < c.Size() && !c.code.Black(x-Quiet, y-Quiet) }
	var text strings.Builder
	for y := 0; y < c.Size(); y += 2 {
		for x := range c.Size() {
			switch upper, lower := light(x, y), light(x, y+1); {
			case upper && lower:
				text.WriteRune('█')
			case upper:
				text.WriteRune('▀')
			case lower:
				text.WriteRune('▄')
			default:
				text.WriteByte(' ')
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// Path returns the dark modules as the path of a picture, one unit a module, from the
// border's corner on.
func (c *Code) Path() string {
	var path strings.Builder
	for y := range c.code.Size {
		for x := 0; x < c.code.Size; x++ {
			n := 0
			for c.code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+Quiet, y+Quiet, n, n)
				x += n
			}
		}
	}
	return path.String()
}

// SVG returns the code as a picture of its own.
func (c *Code) SVG() string {
	size := c.Size()
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="QR"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		size, size, size, size, c.Path())
}
