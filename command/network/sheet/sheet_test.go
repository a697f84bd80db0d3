package sheet_test

import (
	"strings"
	"testing"

	"mlf/command/network/sheet"
)

const address = "https://totem.example.it/k/#c=BCDFGHJKLMNP"

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
		if err := sheet.Write(&strings.Builder{}, []sheet.Card{{URL: url}}); err == nil {
			t.Errorf("%d bytes became a sheet", len(url))
		}
	}
}
