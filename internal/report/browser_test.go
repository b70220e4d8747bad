package report_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
	"github.com/tenure-access/terraform-provider-tenure/internal/report/browsertest"
)

// chromium is one browser for all tests of a page: each has a tab of its own.
var (
	running  *browsertest.Browser
	chromium = sync.OnceValues(func() (b *browsertest.Browser, err error) {
		running, err = browsertest.Start(context.Background())
		return running, err
	})
)

func TestMain(m *testing.M) {
	code := m.Run()
	if running != nil {
		running.Close()
	}
	os.Exit(code)
}

var (
	phone   = browsertest.Screen{Width: 360, Height: 740, Scale: 2, Phone: true}
	desktop = browsertest.Screen{Width: 1280, Height: 800}
)

// openPage shows a report in a browser. Whatever the test does with the page, it must not have asked the network for anything,
// nor broken its own policy.
func openPage(t *testing.T, r *report.Report, s browsertest.Screen, unchecked string) *browsertest.Page {
	t.Helper()
	b, err := chromium()
	if errors.Is(err, browsertest.ErrNone) {
		t.Skipf("not checked: %s; %v", unchecked, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := r.WriteHTML(&html, report.HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := b.Open(file, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if list := p.Requests(); len(list) > 0 {
			t.Errorf("the page asked for %q", list)
		}
		if list := p.Problems(); len(list) > 0 {
			t.Errorf("the browser complained: %q", list)
		}
		p.Close()
	})
	return p
}

func eval[T any](t *testing.T, p *browsertest.Page, js string) T {
	t.Helper()
	v, err := browsertest.Eval[T](p, js)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// settled does something in the page and waits until the rows of people were drawn anew.
func settled(t *testing.T, p *browsertest.Page, do func() error) {
	t.Helper()
	eval[bool](t, p, `(() => { window.drawn = new Promise((done) => {
		setTimeout(done, 30000, false);
		const o = new MutationObserver(() => { o.disconnect(); done(true); });
		o.observe(document.getElementById("rows"), { childList: true });
	}); return true; })()`)
	if err := do(); err != nil {
		t.Fatal(err)
	}
	if !eval[bool](t, p, `window.drawn`) {
		t.Fatal("the people were not drawn again")
	}
}

// typed types, and waits until the page is as it must become: on a slow machine it filters between two letters as well.
func typed(t *testing.T, p *browsertest.Page, keys, want string) {
	t.Helper()
	if err := p.Keys(keys); err != nil {
		t.Fatal(err)
	}
	if !eval[bool](t, p, `new Promise((done) => {
		const end = performance.now() + 30000;
		const look = () => (`+want+`) ? done(true) : performance.now() > end ? done(false) : requestAnimationFrame(look);
		look();
	})`) {
		t.Errorf("after typing %q it never became true that %s; there are %q", keys, want, eval[[]string](t, p, names))
	}
}

// names are the people whose rows are on the screen.
const names = `[...document.querySelectorAll("#rows .who b")].filter((e) => e.checkVisibility()).map((e) => e.textContent)`

// choose sets a select as a person does: by its option's words, with a change event.
func choose(t *testing.T, p *browsertest.Page, id, words string) {
	t.Helper()
	settled(t, p, func() error {
		found, err := browsertest.Eval[bool](p, fmt.Sprintf(`(() => {
			const s = document.getElementById(%q), o = [...s.options].find((o) => o.textContent === %q);
			if (!o) return false;
			s.value = o.value; s.dispatchEvent(new Event("change", { bubbles: true })); return true; })()`, id, words))
		if err == nil && !found {
			err = fmt.Errorf("%s has no option %q", id, words)
		}
		return err
	})
}

func counts(r *report.Report, fits func(*report.Person, *report.Grant) bool) int {
	n := 0
	for i := range r.People {
		for k := range r.People[i].Changes {
			if g := &r.People[i].Changes[k]; g.Effect != report.Keep && fits(&r.People[i], g) {
				n++
				break
			}
		}
	}
	return n
}

// Filters hide the rows that do not fit, and the numbers are those of the report itself.
func TestPageFilters(t *testing.T) {
	t.Parallel()
	r := read(t, fixture(t, "company.json.gz"))
	p := openPage(t, r, desktop, "that the filters of the HTML report hide rows")
	all := eval[[]string](t, p, names)
	if len(all) != len(r.People) || len(all) < 5 {
		t.Fatalf("%d rows of %d people", len(all), len(r.People))
	}
	for _, c := range []struct {
		id, words string
		fits      func(*report.Person, *report.Grant) bool
	}{
		{"app", "design", func(_ *report.Person, g *report.Grant) bool { return g.App == "design" }},
		{"effect", "Gains", func(_ *report.Person, g *report.Grant) bool { return g.Effect == report.Gain }},
		{"kind", "Licenses", func(_ *report.Person, g *report.Grant) bool { return g.Kind == report.License }},
		{"reason", "Left or not started yet", func(_ *report.Person, g *report.Grant) bool { return g.Reason == report.ByLeaving }},
	} {
		want := counts(r, c.fits)
		if want == 0 || want == len(all) {
			t.Fatalf("%s %s: %d of %d people fit, so this tests nothing", c.id, c.words, want, len(all))
		}
		choose(t, p, c.id, c.words)
		if got := eval[[]string](t, p, names); len(got) != want {
			t.Errorf("%s %s: %d rows, want %d: %q", c.id, c.words, len(got), want, got)
		}
		settled(t, p, func() error { return p.Click("#clear") })
	}
	who := r.People[0].Label()
	typed(t, p, strings.ToUpper(who), fmt.Sprintf(`%s.join() === %q`, names, who)) // Clear has put the cursor into the field
	if got := eval[string](t, p, `document.getElementById("status").textContent`); !strings.Contains(got, fmt.Sprintf("(%d in all)", len(all))) {
		t.Errorf("the status says %q", got)
	}
	typed(t, p, "no such person", names+`.length === 0 && document.getElementById("none").checkVisibility()`)
	settled(t, p, func() error { return p.Click("#clear") })
	settled(t, p, func() error { return p.Click(`.card[data-category="leaver"]`) })
	if got := eval[[]string](t, p, names); len(got) != r.Summary.People[report.Leaver] {
		t.Errorf("the card of the leavers shows %q", got)
	}
}

// Everything is reached and worked with the keyboard alone.
func TestPageKeyboard(t *testing.T) {
	t.Parallel()
	r := read(t, fixture(t, "company.json.gz"))
	p := openPage(t, r, desktop, "that the HTML report is used with a keyboard alone")
	focus := `(() => { const e = document.activeElement; return e.id || e.dataset.category || e.className || e.tagName; })()`
	press := func(key string) {
		t.Helper()
		if err := p.Keys(key); err != nil {
			t.Fatal(err)
		}
	}
	var order []string
	for range 40 {
		press(kb.Tab)
		at := eval[string](t, p, focus)
		order = append(order, at)
		// What has the focus is to be seen, and to be seen to have it.
		if !eval[bool](t, p, `(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			return r.width > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2); })()`) {
			t.Errorf("%s has the focus and it cannot be seen", at)
		}
		if strings.HasPrefix(at, "p") && at != "person" {
			break
		}
	}
	walk := strings.Join(order, " ")
	if !strings.HasPrefix(walk, "skip ") || !strings.Contains(walk, " leaver ") || !strings.HasSuffix(walk, "person app effect kind reason clear p0") {
		t.Fatalf("the tab key walks %s", walk)
	}
	settled(t, p, func() error { return p.Keys(kb.Enter) })
	if got := eval[string](t, p, `document.getElementById("p0").getAttribute("aria-expanded") + " " + document.activeElement.id + " " + !!document.querySelector(".details li")`); got != "true p0 true" {
		t.Errorf("after Enter on a person: %s", got)
	}
	settled(t, p, func() error { return p.Keys(" ") })
	if got := eval[string](t, p, `document.getElementById("p0").getAttribute("aria-expanded")`); got != "false" {
		t.Errorf("after Space on an open person: %s", got)
	}
	eval[bool](t, p, `(document.getElementById("kind").focus(), true)`)
	settled(t, p, func() error { return p.Keys("G") }) // a select goes to what is typed
	if got := eval[string](t, p, `document.getElementById("kind").selectedOptions[0].textContent`); got != "Groups" {
		t.Errorf("typing G in the kinds chooses %q", got)
	}
	if got, want := len(eval[[]string](t, p, names)), counts(r, func(_ *report.Person, g *report.Grant) bool { return g.Kind == report.Group }); got != want {
		t.Errorf("%d rows after choosing groups with the keyboard, want %d", got, want)
	}
}

// lawless is somebody whose names are made to break a page.
func lawless(t *testing.T) *report.Report {
	t.Helper()
	long := strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 8)
	user := strings.Repeat("a", 200) + "@acme.example"
	in := set("wiki", m{"1": account(user, long), "2": account("b@acme.example", `<img src=x onerror="fetch('//evil.example')"><script>alert(1)</script>`)},
		m{"groups": m{strings.Repeat("group", 60): m{user: "member"}}, "explanations": m{"accounts/1": why("create", `rule "`+strings.Repeat("rule", 90)+`"`)}})
	return read(t, planOf(t, []m{resource("tenure_app_access", "wiki", update, set("wiki", m{}), in)}))
}

// Nothing is wider than the screen, closed or open, in the light or dark, whatever people and groups are called.
func TestPageFits(t *testing.T) {
	t.Parallel()
	company := read(t, fixture(t, "company.json.gz"))
	redacted := read(t, fixture(t, "company.json.gz"))
	redacted.Redact([]byte("a key of the tests"))
	for name, r := range map[string]*report.Report{"company": company, "redacted": redacted, "long names": lawless(t), "nothing": read(t, planOf(t, nil))} {
		for size, screen := range map[string]browsertest.Screen{"phone": phone, "desktop": desktop} {
			for _, dark := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/dark=%t", name, size, dark), func(t *testing.T) {
					t.Parallel()
					screen.Dark = dark
					p := openPage(t, r, screen, "that the HTML report fits on a "+size)
					if len(r.People) > 0 {
						settled(t, p, func() error {
							_, err := browsertest.Eval[bool](p, `(document.getElementById("p0").click(), true)`)
							return err
						})
					}
					if wide := eval[[]string](t, p, tooWide); len(wide) > 0 {
						t.Errorf("wider than %d pixels: %q", screen.Width, wide)
					}
					if n := eval[float64](t, p, `innerWidth`); int64(n) != screen.Width {
						t.Errorf("the page is laid out %v pixels wide", n)
					}
					if bad := eval[[]string](t, p, faint); len(bad) > 0 {
						t.Errorf("contrast below 4.5 to 1: %q", bad)
					}
					bright := eval[float64](t, p, `(() => { const c = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return c[0] + c[1] + c[2]; })()`)
					if dark != (bright < 200) {
						t.Errorf("dark=%t has a background of brightness %v", dark, bright)
					}
				})
			}
		}
	}
}

// tooWide are the elements that make the page scroll sideways. Inside a box that scrolls by itself they may.
const tooWide = `(() => {
	const w = document.documentElement.clientWidth, out = [];
	if (document.documentElement.scrollWidth > w) out.push("page " + document.documentElement.scrollWidth);
	for (const e of document.querySelectorAll("body *")) {
		if (e.closest(".scroll") && w > 640 || e.matches(".skip, .vh, .vh *") || !e.checkVisibility()) continue;
		if (w <= 640 && e.closest(".scroll:not(:has(.matrix))")) continue;
		const r = e.getBoundingClientRect();
		if (r.right > w + 0.5 || r.left < -0.5) out.push(e.tagName + "." + e.className + " " + r.left + ".." + r.right);
	}
	return out.slice(0, 5);
})()`

// faint are texts that are hard to read: contrast as WCAG 2.2 section 1.4.3 defines it.
const faint = `(() => {
	const parse = (s) => s.match(/[\d.]+/g).map(Number);
	const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const out = new Set();
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || e.matches("script, noscript, :disabled, option") || !e.checkVisibility()) continue;
		let back = e;
		while (back && (parse(getComputedStyle(back).backgroundColor)[3] ?? 1) === 0) back = back.parentElement;
		const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(parse(getComputedStyle(back || document.body).backgroundColor).slice(0, 3));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) out.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
	}
	return [...out].slice(0, 5);
})()`

// Ten thousand people are shown a page at a time. How fast is said, not asserted: the machine decides.
func TestPageOfTenThousand(t *testing.T) {
	t.Parallel()
	r := &report.Report{Version: report.Version, Summary: report.Summary{People: map[report.Category]int{report.Mover: 10_000}}, Apps: []report.App{{Name: "wiki"}, {Name: "chat"}, {Name: "design"}}}
	for i := range 10_000 {
		person := report.Person{Key: fmt.Sprint(i), PersonID: fmt.Sprint(100_000 + i), Name: fmt.Sprintf("Given%d Family%d", i, i), UserName: fmt.Sprintf("given%d@acme.example", i), Category: report.Mover}
		for _, app := range r.Apps {
			for _, kind := range []report.Kind{report.Group, report.License} {
				g := report.Grant{App: app.Name, Effect: report.Gain, Kind: kind, Name: fmt.Sprintf("team-%d", i%20), Action: "add", Why: `rule "team"`, Reason: report.ByRule}
				person.Changes = append(person.Changes, g)
			}
		}
		r.People = append(r.People, person)
	}
	p := openPage(t, r, desktop, "that an HTML report of 10,000 people stays usable")
	rows := `document.querySelectorAll("#rows tr").length`
	if n := eval[int](t, p, rows); n != 50 {
		t.Errorf("%d rows at once", n)
	}
	paint := eval[float64](t, p, `new Promise((done) => new PerformanceObserver((l) => done(l.getEntriesByName("first-contentful-paint")[0].startTime)).observe({ type: "paint", buffered: true }))`)
	eval[bool](t, p, `(() => {
		window.keystroke = new Promise((done) => {
			const field = document.getElementById("person");
			field.focus();
			field.addEventListener("input", (event) => {
				new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => done(performance.now() - event.timeStamp)))).observe(document.getElementById("rows"), { childList: true });
			}, { once: true });
		});
		return true; })()`)
	if err := p.Keys("7"); err != nil {
		t.Fatal(err)
	}
	keystroke := eval[float64](t, p, `window.keystroke`)
	if got := eval[string](t, p, `document.getElementById("status").textContent`); !strings.Contains(got, "(10000 in all)") || strings.HasPrefix(got, "1 to 50 of 10000 ") {
		t.Errorf("the status says %q after a keystroke", got)
	}
	typed(t, p, "654", names+`.join() === "Given7654 Family7654"`)
	t.Logf("10,000 people: first paint after %s, one keystroke filtered and drawn after %s (120 ms of that is waiting for the next one)",
		time.Duration(paint*float64(time.Millisecond)).Round(time.Millisecond), time.Duration(keystroke*float64(time.Millisecond)).Round(time.Millisecond))
}
