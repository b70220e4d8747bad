// Package browsertest opens a page in a real headless Chromium, and tells what the page did: what it asked the
// network for, and what it or its content security policy complained about. Tests and tools/screenshots use it.
package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// ErrNone says that there is no browser on this machine.
var ErrNone = errors.New("there is no Chromium on PATH (Debian: apt-get install chromium)")

// Browser is a running Chromium without a window.
type Browser struct {
	ctx    context.Context //nolint:containedctx // chromedp keeps the browser in it
	cancel context.CancelFunc
}

// Start starts a browser, which ends with ctx or [Browser.Close]. The error is [ErrNone] where none is installed.
func Start(ctx context.Context) (*Browser, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, ErrNone
	}
	// Without Chromium's own sandbox, which needs privileges that a container rarely has: the pages are ours.
	alloc, cancel := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	tab, cancelTab := chromedp.NewContext(alloc)
	b := &Browser{ctx: tab, cancel: func() { cancelTab(); cancel() }}
	if err := chromedp.Do(tab); err != nil {
		b.cancel()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

// Close ends the browser.
func (b *Browser) Close() { b.cancel() }

// Screen is what a page is shown on. Sizes are in CSS pixels.
type Screen struct {
	Width, Height int64
	Scale         float64 // device pixels for one CSS pixel; default 1
	Phone         bool    // touch, and the viewport that the page asks for
	Dark          bool
}

// Page is a file that is open.
type Page struct {
	ctx    context.Context //nolint:containedctx // chromedp keeps the tab in it
	cancel context.CancelFunc

	mu       sync.Mutex
	requests []string
	problems []string
}

// patience is how long a page may stay open: whoever waits for what never happens is to hear of it.
const patience = 5 * time.Minute

// Open shows a file and waits until it is loaded and painted.
func (b *Browser) Open(file string, s Screen) (*Page, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()
	tab, closeTab := chromedp.NewContext(b.ctx)
	ctx, stop := context.WithTimeout(tab, patience)
	cancel := func() { stop(); closeTab() }
	p := &Page{ctx: ctx, cancel: cancel}
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { return watch(ctx, t) }))
	if err == nil {
		err = chromedp.Listen(ctx, func(event any) { p.note(event, address) })
	}
	if err == nil {
		err = chromedp.Do(ctx, s.emulate(), chromedp.Navigate(address))
	}
	if err == nil {
		_, err = Eval[bool](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	return p, nil
}

// watch asks for the events that note takes.
func watch(ctx context.Context, t *chromedp.Target) error {
	for _, c := range []cdp.Command[cdp.Empty, cdp.Empty]{audits.Enable, log.Enable, runtime.Enable} {
		if _, err := cdp.Call(ctx, t, c, cdp.Empty{}); err != nil {
			return err
		}
	}
	_, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
	return err
}

func (s Screen) emulate() chromedp.Action[chromedp.Void] {
	var options []chromedp.EmulateViewportOption
	if s.Phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	if s.Scale > 0 {
		options = append(options, chromedp.EmulateScale(s.Scale))
	}
	scheme := "light"
	if s.Dark {
		scheme = "dark"
	}
	return chromedp.Steps(chromedp.EmulateViewport(s.Width, s.Height, options...), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// note remembers what the page did that its reader would not expect.
func (p *Page) note(event any, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Request.URL != address {
			p.requests = append(p.requests, e.Request.URL)
		}
	case *audits.EventIssueAdded:
		if d := e.Issue.Details.ContentSecurityPolicyIssueDetails; d != nil {
			p.problems = append(p.problems, "content security policy: "+d.ViolatedDirective+" "+d.BlockedURL)
		}
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			what += " " + x.Description
		}
		p.problems = append(p.problems, "exception: "+what)
	case *log.EventEntryAdded:
		p.problems = append(p.problems, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
	}
}

// Requests are the addresses that the page asked for, itself excepted, whether it got them or not.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Problems are exceptions, what the browser wrote to its console, and what the content security policy stopped.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Close closes the tab.
func (p *Page) Close() { p.cancel() }

// Eval runs JavaScript in the page, as a debugger does and past its policy, and waits for a promise.
func Eval[T any](p *Page, expression string) (T, error) {
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return v, fmt.Errorf("evaluate %s: %w", expression, err)
	}
	return v, nil
}

// Keys presses keys, one after the other; the package kb of chromedp names those that are no letters.
func (p *Page) Keys(keys string) error { return chromedp.Do(p.ctx, chromedp.KeyEvent(keys)) }

// Click clicks the first element that the CSS selector names, which must be in view.
func (p *Page) Click(selector string) error {
	quoted, err := json.Marshal(selector)
	if err != nil {
		return err
	}
	at, err := Eval[[2]float64](p, `(() => { const r = document.querySelector(`+string(quoted)+`).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`)
	if err != nil {
		return err
	}
	return chromedp.Do(p.ctx, chromedp.MouseClickXY(at[0], at[1]))
}

// Screenshot is the upper left part of the page as a PNG; the size is in CSS pixels.
func (p *Page) Screenshot(width, height float64) ([]byte, error) {
	return chromedp.Run(p.ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		beyond := true
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &beyond, Clip: &page.Viewport{Width: width, Height: height, Scale: 1},
		})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	})
}
