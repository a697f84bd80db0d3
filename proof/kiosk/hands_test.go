package kiosk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	page "mlf/proof/browser"
	"mlf/proof/harness"
)

func chromedpReload() page.Step { return chromedp.Reload() }

// middle is where something is that has a code.
func (d *device) middle(code string) (x, y float64) {
	d.t.Helper()
	at, err := ask[[]float64](d, fmt.Sprintf(`(() => { const r = document.querySelector('[data-option="%s"]').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, code))
	if err != nil {
		d.t.Fatal(err)
	}
	return at[0], at[1]
}

func touch(kind input.DispatchTouchEventType, points ...*input.TouchPoint) page.Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if points == nil {
			points = []*input.TouchPoint{}
		}
		_, err := cdp.Call(ctx, tab, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
		return err
	})
}

func finger(id int, x, y float64) *input.TouchPoint {
	number := float64(id)
	return &input.TouchPoint{X: x, Y: y, ID: &number}
}

// hands is situation 20: what hands do that is no vote, or one.
func hands(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	gx, gy := d.middle("green")
	yx, yy := d.middle("yellow")
	rx, ry := d.middle("red")
	start, end := input.DispatchTouchEventTypeTouchStart, input.DispatchTouchEventTypeTouchEnd
	f := func(what string, most int, steps ...page.Step) {
		t.Helper()
		d.shows("face")
		harness.LetPass(700 * time.Millisecond)
		before, _, err := d.said()
		if err != nil {
			t.Fatal(err)
		}
		d.do(what, steps...)
		harness.LetPass(time.Second)
		after, _, err := d.said()
		if err != nil || after-before > most {
			t.Errorf("%s: %d votes, %v: want at most %d", what, after-before, err, most)
		}
		d.pressed += after - before
		d.thanked += after - before
		d.shows("face")
	}
	f("two fingers on two faces", 0, touch(start, finger(1, gx, gy)), touch(start, finger(1, gx, gy), finger(2, rx, ry)), touch(end, finger(1, gx, gy)), touch(end))
	f("a palm", 0, touch(start, finger(1, gx, gy), finger(2, gx+30, gy), finger(3, yx, yy), finger(4, yx+20, yy), finger(5, rx, ry)), touch(end))
	f("a tap", 1, touch(start, finger(1, gx, gy)), touch(end))
	f("a double tap", 1, touch(start, finger(1, gx, gy)), touch(end), touch(start, finger(1, gx, gy)), touch(end))
	f("a long press", 1, touch(start, finger(1, yx, yy)), chromedp.Sleep(1500*time.Millisecond), touch(end))
	f("a double click", 1, chromedp.MouseClickXY(rx, ry), chromedp.MouseClickXY(rx, ry), chromedp.MouseClickXY(rx, ry))
	if d.thanked == 0 {
		t.Error("not even a tap was a vote")
	}
	p.settles(d)
}

func key(kind input.DispatchKeyEventType, name string, again bool) page.Step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		code, text := map[string]int64{"Enter": 13, "ArrowRight": 39, "0": 48, "2": 50, "3": 51}[name], ""
		if name == "Enter" && kind == input.DispatchKeyEventTypeKeyDown {
			text = "\r"
		}
		_, err := cdp.Call(ctx, tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: name, Code: name, WindowsVirtualKeyCode: code, Text: text, AutoRepeat: &again})
		return err
	})
}

// heldKey is situation 21: Enter held on a pad of three faces, 30 times a second.
func heldKey(t *testing.T, p *place) {
	d := p.device("")
	d.setUp()
	down, up := input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp
	for _, again := range []bool{true, false} { // Some pads do not say that they repeat.
		d.shows("face")
		harness.LetPass(700 * time.Millisecond)
		before, _, _ := d.said()
		steps := []page.Step{key(down, "ArrowRight", false), key(up, "ArrowRight", false), chromedp.Sleep(600 * time.Millisecond), key(down, "Enter", false)}
		for range 90 {
			steps = append(steps, chromedp.Sleep(33*time.Millisecond), key(down, "Enter", again))
		}
		d.do("hold Enter", append(steps, key(up, "Enter", false))...)
		harness.LetPass(time.Second)
		after, _, _ := d.said()
		if after-before != 1 {
			t.Errorf("Enter held (repeats said: %v): %d votes, want 1", again, after-before)
		}
		d.pressed += after - before
		d.thanked += after - before
	}
	p.settles(d)
}

// left is situation 22: who is asked for a reason walks away.
func leftAlone(t *testing.T, p *place) {
	p.front.configure(p.term, map[string]any{"reasons": []string{"waiting_time", "staff"}})
	d := p.device("")
	d.setUp()
	if err := d.pick("red"); err != nil {
		t.Fatal(err)
	}
	d.pressed++
	d.shows("reason")
	text, err := ask[string](d, `document.getElementById("screen").innerText`)
	if err != nil || !strings.Contains(text, "secondi") || !strings.Contains(text, "Più tempo") {
		t.Errorf("the reason's screen says %q, %v: want its time, and more of it", text, err)
	}
	d.showsWithin(25*time.Second, "thanks")
	d.thanked++
	d.shows("face")
	d.votes(1)
	p.settles(d)
	reasons := ""
	for _, one := range p.front.answered() {
		reasons += one.body
	}
	if !strings.Contains(reasons, `"reason":"timeout"`) || strings.Count(reasons, `"reason"`) != 1 {
		t.Errorf("sent %s: want one reason, timeout", reasons)
	}
}
