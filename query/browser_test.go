package query_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mlf/query"
	"mlf/schema"
)

// browser opens a Chromium of the machine's, or skips the test where there is
// none and MLF_REQUIRE_BROWSER is not 1.
func browser(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("MLF_REQUIRE_BROWSER") == "1" {
			t.Fatal("MLF_REQUIRE_BROWSER=1, but there is no chromium")
		}
		t.Skip("no chromium: install Debian's package to test the dashboard")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox,
		chromedp.Flag("lang", "it"), chromedp.Flag("accept-lang", "it"))
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	limited, cancel := context.WithTimeout(allocated, 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(limited)
	t.Cleanup(cancel)
	return ctx
}

// tab opens another tab of a browser, without the scripts of the first.
func tab(t *testing.T, of context.Context) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(of)
	t.Cleanup(cancel)
	return ctx
}

// aDay fills the memory with a day of votes that ends at now.
func aDay(w *world, now time.Time) {
	comuni := []schema.ComuneID{roma, 15146, bolzano, 63049, 1272, 48017, 82053, 37006, 92009}
	perHour := []uint64{0, 0, 0, 0, 0, 0, 1, 12, 60, 95, 110, 84, 40, 22, 48, 66, 52, 18, 5, 2, 1, 0, 0, 0}
	last := schema.HourOf(now)
	for i := range schema.Hour(24) {
		n := perHour[(last - i).Time().In(w.memory.rome).Hour()]
		for k, comune := range comuni {
			c := cell(last - i)
			c.Comune = comune
			many := n * uint64(len(comuni)-k)
			w.memory.vote(c, schema.Green, many*uint64(84+k)/100)
			w.memory.vote(c, schema.Yellow, many*9/100)
			w.memory.vote(c, schema.Red, many*uint64(7+i%3)/100)
		}
	}
	m := w.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ledger[0].Add(schema.Tally{VotesIn: 1250, Duplicates: 1204, Conflicts: 3, Voided: 43})
	m.ledger[0].Newest = schema.InstantOf(now.Add(-2 * time.Second))
	m.ledger[1] = schema.LedgerTotals{
		PartitionState: schema.PartitionState{Partition: 1, State: schema.StateOK}, Next: 120,
		Tally: schema.Tally{Records: 119, VotesIn: 4100, Counted: 4100},
	}
	m.ends[1] = 120
}

// shows waits until an expression of the page, as text, holds want.
func shows(expression, want string) chromedp.Action[chromedp.Void] {
	return showsWithin(15*time.Second, expression, want)
}

// showsWithin is shows with a limit of its own.
func showsWithin(limit time.Duration, expression, want string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		look := chromedp.Evaluate[string]("String(" + expression + ")")
		var last string
		for {
			// A page that is just being replaced may never answer.
			one, enough := context.WithTimeout(ctx, 2*time.Second)
			got, err := look(one, tab)
			enough()
			if err == nil && strings.Contains(got, want) {
				return nil
			}
			if err == nil {
				last = got
			}
			if _, late := chromedp.Sleep(20*time.Millisecond)(ctx, tab); late != nil {
				return fmt.Errorf("%s: got %q, want %q", expression, last, want)
			}
		}
	})
}

// picture leaves a picture of the whole page where MLF_SCREENSHOTS says.
func picture(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		folder := os.Getenv("MLF_SCREENSHOTS")
		if folder == "" {
			return nil
		}
		// Bars glide for a moment after they were drawn.
		if _, err := chromedp.Sleep(time.Second)(ctx, tab); err != nil {
			return err
		}
		png, err := chromedp.FullScreenshot(100)(ctx, tab)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600)
	})
}

func script(code string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](code + "; undefined")
}

// prefer sets the reader's preferences.
func prefer(features ...*emulation.MediaFeature) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

// reader returns what does steps in the browser, or ends the test.
func reader(t *testing.T, ctx context.Context) func(what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	return func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// of is the expression of an element's text.
func of(id string) string { return `document.getElementById("` + id + `").textContent` }

// before is a script that runs in every page before the page's own.
func before(code string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: code})
		return err
	})
}

// serve answers with what w's server says to those whom wrap lets through.
func (w *world) serve(t *testing.T, wrap func(next http.Handler) http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(wrap(w.server.Handler()))
	t.Cleanup(srv.Close)
	return srv.URL + "/"
}

func asItIs(next http.Handler) http.Handler { return next }

// aWorld is a day of votes that ends at now.
func aWorld(t *testing.T, now time.Time) *world {
	t.Helper()
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	aDay(w, now)
	return w
}

// An afternoon in winter: Rome is an hour ahead.
func afternoon() time.Time { return time.Date(2026, 11, 22, 15, 31, 7, 0, time.UTC) }

// TestDashboard walks through the page as a reader would. Where MLF_SCREENSHOTS
// names a folder, it leaves pictures there.
func TestDashboard(t *testing.T) {
	ctx := browser(t)
	now := afternoon()
	w := aWorld(t, now)
	addr, stop := listen(t, w)
	defer func() {
		if stop != nil {
			_ = stop()
		}
	}()
	home := "http://" + addr + "/"
	run := reader(t, ctx)

	run("load", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home), shows("document.body.dataset.state", "live"),
		shows(of("state"), "In diretta"), shows(of("count-green"), "22.966"), shows(of("freshness"), "ultimo voto contato"),
		shows(of("today-date"), "domenica 22 novembre 2026"), shows(of("comuni-table"), "Roma RM"),
		shows(of("balance"), "Il conto torna"), shows(of("lag"), "Tutto ciò che è arrivato è contato"),
		shows(`document.querySelectorAll("#bars .segment").length > 30`, "true"),
		shows(`document.querySelectorAll("#hours-table tbody tr").length`, "24"), picture("it-1280"))

	count := `Number(document.getElementById("count-red").textContent.replace(".", ""))`
	red, err := chromedp.Run(ctx, chromedp.Evaluate[int](count))
	if err != nil {
		t.Fatal(err)
	}
	w.memory.vote(cell(schema.HourOf(now)), schema.Red, 5)
	run("refresh", shows(count+" - "+strconv.Itoa(red), "5"))

	run("languages",
		chromedp.Click(chromedp.CSS("[data-lang=de]")), shows(of("today-title"), "Heute"), shows(of("tile-green"), "Zufrieden"),
		shows("document.documentElement.lang", "de"), shows("location.search", "?lang=de"), shows(of("comuni-table"), "Bozen"),
		chromedp.Click(chromedp.CSS("[data-lang=en]")), shows(of("today-title"), "Today"), shows(of("hours-title"), "Last 24 hours"),
		chromedp.Navigate(home+"?lang=it"), shows(of("today-title"), "Oggi"), shows("document.body.dataset.state", "live"))

	run("keyboard", shows(`document.querySelectorAll("#bars .segment").length > 30`, "true"),
		chromedp.Focus(chromedp.CSS("#bars")), chromedp.KeyEvent(kb.ArrowLeft), shows(of("tip"), "16–17"), picture("it-tip"))

	const overflow = `document.documentElement.scrollWidth - document.documentElement.clientWidth`
	for _, lang := range []string{"it", "en", "de"} {
		run("narrow "+lang, chromedp.EmulateViewport(360, 780, chromedp.EmulateMobile), chromedp.Navigate(home+"?lang="+lang),
			shows("document.body.dataset.state", "live"), shows(`document.querySelectorAll("#comuni-table tbody tr").length`, "8"),
			script(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`), shows(overflow, "0"),
			script(`document.querySelectorAll("details").forEach((d) => { d.open = false; })`),
			picture(lang+"-360"))
	}

	run("dark", chromedp.EmulateViewport(1280, 900),
		prefer(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"}),
		chromedp.Navigate(home+"?lang=it"), shows("document.body.dataset.state", "live"), picture("it-dark"), prefer())

	w.memory.mu.Lock()
	w.memory.ledger[1].State, w.memory.ledger[1].Reason = schema.StateHalted, "two logs"
	w.memory.logErr = errors.New("no broker")
	w.memory.mu.Unlock()
	run("trouble", shows(of("notice"), "Conteggio fermo: partizioni 1 su 2"), shows(of("lag"), "Non si sa"),
		shows(of("partitions-table"), "fermo: two logs"), picture("it-trouble"))

	w.memory.mu.Lock()
	w.memory.storeErr = errors.New("gone")
	w.memory.mu.Unlock()
	run("refused", shows("document.body.dataset.state", "cut"), shows(of("notice"), "non può rispondere"))

	if err := stop(); err != nil {
		t.Error(err)
	}
	stop = nil
	run("cut", shows(of("notice"), "Il server non risponde"), shows(of("state"), "Nessun collegamento"), picture("it-cut"))
}
