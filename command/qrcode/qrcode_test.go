package qrcode_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"
	"rsc.io/qr"

	"mlf/command/qrcode"
)

const address = "https://voto.example.it/v/0123456789abcdefghij?s=occupazione-suolo-pubblico"

// TestPicturesAreTheCode draws both pictures again, module by module.
func TestPicturesAreTheCode(t *testing.T) {
	for level, of := range map[qrcode.Level]qr.Level{qrcode.Medium: qr.M, qrcode.High: qr.Q} {
		code, err := qr.Encode(address, of)
		if err != nil {
			t.Fatal(err)
		}
		c, err := qrcode.Encode(address, level)
		if err != nil || c.Size() != code.Size+8 {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(c.Text(), "\n"), "\n")
		if want := (code.Size + 9) / 2; len(lines) != want {
			t.Fatalf("got %d lines, want %d", len(lines), want)
		}
		for i, line := range lines {
			row := []rune(line)
			if len(row) != code.Size+8 {
				t.Fatalf("line %d has %d columns, want %d", i, len(row), code.Size+8)
			}
			for x, r := range row {
				upper, lower := r == '█' || r == '▀', r == '█' || r == '▄'
				if y := 2 * i; upper == code.Black(x-4, y-4) || y+1 < code.Size+8 && lower == code.Black(x-4, y-3) {
					t.Fatalf("line %d, column %d: got %c", i, x, r)
				}
			}
		}
		dark := modules(t, c)
		for y := range c.Size() {
			for x := range c.Size() {
				if dark[y][x] != code.Black(x-4, y-4) {
					t.Fatalf("the picture is wrong at %d, %d", x, y)
				}
			}
		}
	}
}

// modules reads the picture of c back.
func modules(t testing.TB, c *qrcode.Code) [][]bool {
	t.Helper()
	svg := c.SVG()
	if !strings.HasPrefix(svg, "<svg ") || strings.Contains(svg, "example") || !strings.Contains(svg, c.Path()) {
		t.Fatalf("got %.80s", svg)
	}
	dark := make([][]bool, c.Size())
	for y := range dark {
		dark[y] = make([]bool, c.Size())
	}
	for run := range strings.SplitSeq(strings.TrimSuffix(c.Path(), "z"), "z") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &n, &back); err != nil || n != back {
			t.Fatalf("%s: %v", run, err)
		}
		for i := range n {
			dark[y][x+i] = true
		}
	}
	return dark
}

// A sight is the picture of a code as a camera sees it: px pixels a module, turned by some
// degrees, blurred by light that spreads, with speckles, and a spot that hides a part.
type sight struct {
	px       float64
	turned   float64
	blurred  int
	speckles float64
	spot     float64 // Its side, as a part of the code's.
}

func (p sight) of(t testing.TB, c *qrcode.Code, r *rand.Rand) image.Image {
	t.Helper()
	dark := modules(t, c)
	n := float64(c.Size())
	side := int(n*p.px*1.3) + 2*p.blurred
	sharp := image.NewGray(image.Rect(0, 0, side, side))
	sin, cos := math.Sincos(p.turned * math.Pi / 180)
	for y := range side {
		for x := range side {
			dx, dy := float64(x)-float64(side)/2, float64(y)-float64(side)/2
			mx, my := (dx*cos+dy*sin)/p.px+n/2, (dy*cos-dx*sin)/p.px+n/2
			shade := uint8(235)
			in := mx >= 0 && my >= 0 && mx < n && my < n
			if in && dark[int(my)][int(mx)] {
				shade = 40
			}
			if in && mx > n*.62 && my > n*.62 && mx < n*(.62+p.spot) && my < n*(.62+p.spot) {
				shade = 120
			}
			if r.Float64() < p.speckles {
				shade = uint8(r.UintN(256))
			}
			sharp.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	if p.blurred == 0 {
		return sharp
	}
	soft := image.NewGray(sharp.Rect)
	for y := range side {
		for x := range side {
			sum, of := 0, 0
			for j := -p.blurred; j <= p.blurred; j++ {
				for i := -p.blurred; i <= p.blurred; i++ {
					if (image.Point{X: x + i, Y: y + j}).In(sharp.Rect) {
						sum, of = sum+int(sharp.GrayAt(x+i, y+j).Y), of+1
					}
				}
			}
			soft.SetGray(x, y, color.Gray{Y: uint8(sum / of)})
		}
	}
	return soft
}

// TestCodesAreRead by a program of others, as a camera sees them on paper.
func TestCodesAreRead(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	f := func(level qrcode.Level, p sight) {
		t.Helper()
		c, err := qrcode.Encode(address, level)
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(p.of(t, c, r))
		if err != nil {
			t.Fatal(err)
		}
		got, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
		if err != nil || got.GetText() != address {
			t.Errorf("seed %d, level %d, %+v: got %v, %v", seed, level, p, got, err)
		}
	}
	for _, level := range []qrcode.Level{qrcode.Medium, qrcode.High} {
		f(level, sight{px: 12})            // A millimetre a module at 300 dpi.
		f(level, sight{px: 4, turned: 7})  // From further away, and askew.
		f(level, sight{px: 8, blurred: 2}) // Out of focus.
		f(level, sight{px: 8, blurred: 1, speckles: .05})
		f(level, sight{px: 8, turned: -4, blurred: 1, speckles: .02})
	}
	f(qrcode.High, sight{px: 8, spot: .15}) // A sticker.
	f(qrcode.High, sight{px: 6, turned: 3, blurred: 1, speckles: .03, spot: .1})
}

func TestTooLongForACode(t *testing.T) {
	for _, url := range []string{"", strings.Repeat("x", 513)} {
		if _, err := qrcode.Encode(url, qrcode.High); err == nil {
			t.Errorf("%d bytes became a code", len(url))
		}
	}
	if _, err := qrcode.Encode(strings.Repeat("x", 512), qrcode.High); err != nil {
		t.Error(err)
	}
}
