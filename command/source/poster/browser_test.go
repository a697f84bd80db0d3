package poster

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"

	"mlf/proof/browser"
)

// axeFile is axe-core, where make page-check installs it.
const axeFile = "../../../query/dashboard/web/node_modules/axe-core/axe.min.js"

// outside are the texts that a browser draws beyond the paper's margin, upon the code, or
// upon each other.
const outside = `(() => {
	const wrong = [];
	for (const svg of document.querySelectorAll("svg")) {
		const paper = svg.getBoundingClientRect(), code = svg.querySelector("g[transform] path").getBoundingClientRect();
		const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
		const texts = [...svg.querySelectorAll("text")];
		const margin = paper.width * 0.05;
		texts.forEach((t, i) => {
			const r = t.getBoundingClientRect(); // Higher than its letters by what the typeface leaves free.
			const size = parseFloat(t.getAttribute("font-size")) / svg.viewBox.baseVal.width * paper.width;
			if (r.left < paper.left + margin - 1 || r.right > paper.right - margin + 1 || r.top < paper.top + margin - size * 0.4 || r.bottom > paper.bottom - margin + size * 0.2) wrong.push("out: " + t.textContent);
			if (over(r, code)) wrong.push("on the code: " + t.textContent);
			for (const o of texts.slice(i + 1)) { const q = o.getBoundingClientRect(); if (over({ left: r.left, right: r.right, top: r.top + size * 0.3, bottom: r.bottom - size * 0.3 }, q)) wrong.push(t.textContent + " on " + o.textContent); }
		});
	}
	return "wrong: " + wrong.join("; ") + ".";
})()`

// TestPostersOnPaper: in a real browser nothing leaves the paper; what it prints has as many
// pages as posters; and the code on the whole poster is read, at print size and from a noisy
// picture.
func TestPostersOnPaper(t *testing.T) {
	tab := browser.Open(t)
	for i, paper := range Papers() {
		first, second := sample(i, "it", "en", "de"), sample(i, "de")
		first.Service["de"] = "Zahlung der Gebühr für die Besetzung öffentlichen Grundes (COSAP)"
		second.URL = "https://voto.example.it/v/x?s=urp"
		var document strings.Builder
		if err := WriteHTML(&document, []Poster{first, second}); err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
			_, _ = w.Write([]byte(document.String()))
		}))
		t.Cleanup(s.Close)
		run := browser.Reader(t, tab)
		run(paper.Name, chromedp.EmulateViewport(1000, 1300), chromedp.Navigate(s.URL+"/"), browser.Shows(outside, "wrong: ."), browser.Picture("poster-"+paper.Name))
		var pdf []byte
		run("print", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			got, err := cdp.Call(ctx, tab, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true), PrintBackground: new(true)})
			pdf = got.Data
			return err
		}))
		if n := bytes.Count(pdf, []byte("/Type /Page\n")) + bytes.Count(pdf, []byte("/Type /Page ")); n != 2 {
			t.Errorf("%s: printed on %d pages, want 2", paper.Name, n)
		}
		if i == 1 {
			t.Run("axe", func(t *testing.T) {
				found, err := browser.NewAuditor(t, axeFile).Audit(tab)
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range found {
					t.Error(line)
				}
			})
		}
		for n, want := range []string{first.URL, second.URL} {
			shot, err := chromedp.Run(tab, chromedp.ScreenshotScale(chromedp.CSS(fmt.Sprintf("svg:nth-of-type(%d)", n+1)), 2))
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(shot))
			if err != nil {
				t.Fatal(err)
			}
			reads(t, paper.Name, picture, want)
			reads(t, paper.Name+", noisy", noisy(picture), want)
		}
	}
}

// reads has a program of others read the code in a picture.
func reads(t *testing.T, what string, picture image.Image, want string) {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	got, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil || got.GetText() != want {
		t.Errorf("%s, %v: got %v, %v, want %s", what, picture.Bounds(), got, err, want)
	}
}

// noisy makes a picture pale, uneven and speckled, as a camera's in bad light, which then
// takes four of its dots for one.
func noisy(of image.Image) image.Image {
	r := rand.New(rand.NewPCG(7, 7))
	b := of.Bounds()
	grey := image.NewGray(b)
	draw.Draw(grey, b, of, b.Min, draw.Src)
	half := image.NewGray(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
	for y := range half.Rect.Dy() {
		for x := range half.Rect.Dx() {
			sum := 0
			for _, d := range []image.Point{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				at := b.Min.Add(image.Pt(2*x, 2*y)).Add(d)
				sum += 60 + int(grey.GrayAt(at.X, at.Y).Y)*6/10 - 60*x/b.Dx() + int(r.NormFloat64()*12)
			}
			half.SetGray(x, y, color.Gray{Y: uint8(max(0, min(sum/4, 255)))})
		}
	}
	return half
}
