// Package browser lets tests look at pages as a reader would: a Chromium of the
// machine's, what is on its screen, what it complains of, and pictures.
//
// It knows browsers. It must not know what a page shows.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A Step is something that is done in a tab.
type Step = chromedp.Action[chromedp.Void]

// openMax is how long a test may use a browser.
const openMax = 20 * time.Minute

// Open opens a Chromium whose reader reads Italian, until the test ends, with what is
// asked for beside. It skips the test where there is none and MLF_REQUIRE_BROWSER is not 1.
func Open(t *testing.T, beside ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("MLF_REQUIRE_BROWSER") == "1" {
			t.Fatal("MLF_REQUIRE_BROWSER=1, but there is no chromium")
		}
		t.Skip("no chromium: install Debian's package to test the screens")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox,
		chromedp.Flag("lang", "it"), chromedp.Flag("accept-lang", "it"))
	options = append(options, beside...)
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	limited, cancel := context.WithTimeout(allocated, openMax)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(limited)
	t.Cleanup(cancel)
	return ctx
}

// Tab opens another tab of a browser, without the scripts of the first.
func Tab(t *testing.T, of context.Context) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(of)
	t.Cleanup(cancel)
	return ctx
}

// Reader returns what does steps in a tab, or ends the test.
func Reader(t *testing.T, tab context.Context) func(what string, steps ...Step) {
	t.Helper()
	return func(what string, steps ...Step) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// Ask returns the value of an expression of the page, or ends the test.
func Ask[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Shows waits until an expression of the page, as text, holds want.
func Shows(expression, want string) Step { return ShowsWithin(15*time.Second, expression, want) }

// ShowsWithin is Shows with a limit of its own.
func ShowsWithin(limit time.Duration, expression, want string) Step {
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

// Script runs code in the page.
func Script(code string) Step { return chromedp.Evaluate[chromedp.Void](code + "; undefined") }

// Before is a script that runs in every page before the page's own.
func Before(code string) Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: code})
		return err
	})
}

// Prefer sets the reader's preferences: each a media feature and its value.
func Prefer(features ...string) Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		var set []*emulation.MediaFeature
		for i := 0; i+1 < len(features); i += 2 {
			set = append(set, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
		}
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: set})
		return err
	})
}

// Picture leaves a picture of the whole page in the folder that MLF_SCREENSHOTS names.
func Picture(name string) Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		folder := os.Getenv("MLF_SCREENSHOTS")
		if folder == "" {
			return nil
		}
		if _, err := chromedp.Sleep(300*time.Millisecond)(ctx, tab); err != nil { // What glides has come to rest.
			return err
		}
		png, err := chromedp.FullScreenshot(100)(ctx, tab)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600)
	})
}
