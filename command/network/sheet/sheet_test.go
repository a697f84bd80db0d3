package sheet_test

import (
	"strings"
	"testing"

	"rsc.io/qr"

	"mlf/command/network/sheet"
)

const address = "https://totem.example.it/k/#c=BCDFGHJKLMNP"

// TestPicturesAreTheCode draws both pictures again, module by module.
func TestPicturesAreTheCode(t *testing.T) {
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	text, err := sheet.Text(address)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
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
	svg, err := sheet.SVG(address)
	if err != nil || !strings.HasPrefix(svg, "<svg ") || strings.Contains(svg, "BCDF") {
		t.Errorf("got %v, %.80s", err, svg)
	}
	dark := 0
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) && !code.Black(x-1, y) {
				dark++
			}
		}
	}
	if got := strings.Count(svg, "v1h-"); got != dark {
		t.Errorf("got %d runs of dark modules, want %d", got, dark)
	}
}

func TestSheet(t *testing.T) {
	var page strings.Builder
	err := sheet.Write(&page, []sheet.Card{{URL: address, Code: "BCDF-GHJK-LMNP", Title: "Comune di <b>Valle d'Aosta", Lines: []string{"Totem & co"}, Expires: "28/11/2026 10:00"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BCDF-GHJK-LMNP</p>", "Comune di &lt;b&gt;Valle d&#39;Aosta", "Totem &amp; co", "fino al 28/11/2026 10:00", "Codici per 1 dispositivo<", "<svg "} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("want %q in\n%s", want, page.String())
		}
	}
	for _, forbidden := range []string{"<script", "http://totem", "src=", "href="} {
		if strings.Contains(page.String(), forbidden) {
			t.Errorf("%q in\n%s", forbidden, page.String())
		}
	}
}

func TestTooLongForACode(t *testing.T) {
	for _, url := range []string{"", strings.Repeat("x", 513)} {
		if _, err := sheet.Text(url); err == nil {
			t.Errorf("%d bytes became a code", len(url))
		}
		if err := sheet.Write(&strings.Builder{}, []sheet.Card{{URL: url}}); err == nil {
			t.Errorf("%d bytes became a sheet", len(url))
		}
	}
}
