package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"playcaller/bot/app"
	"playcaller/bot/sandbox"
)

// patience is how long a visitor waits for the page to show something. It is long because machines that run tests are slow.
const patience = 2 * time.Minute

// startSandbox runs the program as `playcaller sandbox --book BOOK` does, on an empty data directory, until the test ends;
// with "" it has the starter book. It returns the page's address.
func startSandbox(t *testing.T, book string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var log, out syncBuffer
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- app.RunSandbox(ctx, app.SandboxOptions{
			Addr: "127.0.0.1:0", Book: book, Data: t.TempDir(), Out: &out,
			Log:    slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			Ready:  func(url string) { ready <- url },
			Timing: sandbox.Timing{Ack: patience, Trigger: patience, CommandReply: patience},
		})
	}()
	select {
	case url := <-ready:
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("the sandbox ended with %v", err)
			}
			if t.Failed() {
				t.Logf("what the sandbox logged:\n%s", log.String())
			}
		})
		return url
	case err := <-done:
		cancel()
		t.Fatalf("the sandbox did not start: %v\n%s", err, log.String())
	}
	panic("not reached")
}

// findChromium returns the browser's program: $CHROME, or the first that PATH has. The test is skipped where there is none.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROME"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium found: install chromium, or set CHROME to its program")
	return ""
}

// visitor is somebody at the page, with a mouse, a keyboard and eyes: what is hidden or covered cannot be clicked.
type visitor struct {
	t        *testing.T
	ctx      context.Context
	url      string
	users    map[string]string // id by name in team.yaml
	channels map[string]string // id by name without #
	shots    int
}

// visit starts the sandbox and opens its page as a person in a channel, in a window of the given size in pixels.
func visit(t *testing.T, person, channel string, width, height int) *visitor {
	t.Helper()
	return visitBook(t, "", person, channel, width, height)
}

// visitBook is visit with a book of its own.
func visitBook(t *testing.T, book, person, channel string, width, height int) *visitor {
	t.Helper()
	program := findChromium(t)
	v := &visitor{t: t, url: startSandbox(t, book)}
	v.readNames()

	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "no-first-run"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options, chromedp.ExecPath(program), chromedp.WindowSize(width, height), chromedp.Flag("lang", "en-US"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own sandbox refuses root
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	v.ctx = ctx

	v.do("open the page", chromedp.EmulateViewport(int64(width), int64(height)))
	v.listenForErrors()
	v.do("open the page", chromedp.Navigate(v.url+"/#user="+v.users[person]+"&channel="+v.channels[channel]))
	v.see("body[data-ready]")
	return v
}

// readNames asks the workspace who is who, and which channel is which.
func (v *visitor) readNames() {
	v.t.Helper()
	res, err := http.Get(v.url + "/sandbox/state")
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	var state struct {
		Users    []struct{ ID, Name string }
		Channels []struct {
			ID, Name string
			IsIM     bool `json:"is_im"`
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		v.t.Fatal(err)
	}
	v.users, v.channels = map[string]string{"": ""}, map[string]string{"": ""}
	for _, u := range state.Users {
		v.users[u.Name] = u.ID
	}
	for _, c := range state.Channels {
		if c.IsIM {
			v.channels["@"+c.Name] = c.ID // a person's conversation with the bot
		} else {
			v.channels[c.Name] = c.ID
		}
	}
}

// listenForErrors fails the test when the page's code throws.
func (v *visitor) listenForErrors() {
	v.t.Helper()
	var mu sync.Mutex
	var thrown []string
	err := chromedp.Listen(v.ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			text := e.ExceptionDetails.Text
			if x := e.ExceptionDetails.Exception; x != nil {
				text += " " + x.Description
			}
			mu.Lock()
			thrown = append(thrown, text)
			mu.Unlock()
		}
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, text := range thrown {
			v.t.Errorf("the page threw: %s", text)
		}
	})
}

// do carries out steps in the browser.
func (v *visitor) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
}

// look is the page's side of seeing: the first element on show that a selector names and that has all the words.
const look = `(css, words) => [...document.querySelectorAll(css)].find((e) =>
	e.checkVisibility({visibilityProperty: true}) && (words ?? []).every((w) => (e.innerText + " " + (e.value ?? "")).replace(/\s+/g, " ").includes(w)))`

// see waits until an element is on show that the selector names and that has all the words; it returns its text.
func (v *visitor) see(css string, words ...string) string {
	v.t.Helper()
	text, err := await[string](v, `(css, words) => { const e = (`+look+`)(css, words); return e && (e.innerText || "(no text)"); }`, css, words)
	if err != nil {
		v.t.Fatalf("waited in vain for %s with %q: %v\n%s", css, words, err, v.page())
	}
	return text
}

// gone waits until no such element is on show.
func (v *visitor) gone(css string, words ...string) {
	v.t.Helper()
	if _, err := await[bool](v, `(css, words) => !(`+look+`)(css, words)`, css, words); err != nil {
		v.t.Fatalf("%s with %q did not go away: %v\n%s", css, words, err, v.page())
	}
}

// attribute waits for an element and returns one of its attributes.
func (v *visitor) attribute(name, css string, words ...string) string {
	v.t.Helper()
	v.see(css, words...)
	value, err := await[string](v, `(css, words, name) => (`+look+`)(css, words)?.getAttribute(name)`, css, words, name)
	if err != nil {
		v.t.Fatalf("%s of %s: %v", name, css, err)
	}
	return value
}

// aim is the page's side of a press. It holds from the moment that an element stands where it can be pressed: what lands beside
// it, because the page moved in between, comes to nothing, and visitorPress tells whether the click arrived.
const aim = `(css, words) => {
	const heard = new AbortController(), press = window.visitorPress = {arrived: false, over: false};
	let pressed = null; // the element, once the press has begun on it
	const within = (e, target) => e && (e.contains(target) || target.closest?.("label")?.contains(e));
	const listen = (type, then) => addEventListener(type, (event) => {
		then?.(event);
		if (pressed) return;
		event.stopImmediatePropagation();
		event.preventDefault();
	}, {capture: true, signal: heard.signal});
	const end = () => setTimeout(() => { // the click comes in the same turn
		press.over = true;
		heard.abort();
	});
	listen("pointerdown", (event) => {
		const e = (` + look + `)(css, words);
		pressed = within(e, event.target) ? e : null;
	});
	listen("mousedown");
	listen("pointerup", end);
	listen("pointercancel", end);
	listen("mouseup");
	listen("click", (event) => { press.arrived ||= Boolean(pressed) && (within(pressed, event.target) || within((` + look + `)(css, words), event.target)); });
}`

// click waits until the element can be clicked where it stands - in view, at rest, uncovered, not busy - and clicks it. Like
// anybody, a visitor presses again where the click came to nothing because the page was just being drawn anew.
func (v *visitor) click(css string, words ...string) {
	v.t.Helper()
	for range 20 {
		at, err := await[[]float64](v, `(css, words) => {
			const e = (`+look+`)(css, words);
			if (!e || e.disabled || e.closest("[aria-busy]")) return null;
			const inView = (r) => r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth;
			const middle = (r) => [r.left + r.width / 2, r.top + r.height / 2];
			const shows = (at) => { const hit = document.elementFromPoint(...at); return hit && (e.contains(hit) || hit.closest("label")?.contains(e)); };
			let r = e.getBoundingClientRect(); // it may be within the window and yet be scrolled beneath what stands above its box
			if (!inView(r) || !shows(middle(r))) e.scrollIntoView({block: "center", behavior: "instant"});
			r = e.getBoundingClientRect();
			const at = middle(r), was = window.visitorAt;
			window.visitorAt = {e, at};
			if (was?.e !== e || was.at[0] !== at[0] || was.at[1] !== at[1] || !shows(at)) return null;
			(`+aim+`)(css, words);
			return at;
		}`, css, words)
		if err != nil {
			v.t.Fatalf("%s with %q could not be clicked: %v\n%s", css, words, err, v.page())
		}
		v.do("click "+css, chromedp.MouseClickXY(at[0], at[1]))
		v.holds(`visitorPress.over`)
		arrived, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`visitorPress.arrived`))
		if err != nil {
			v.t.Fatalf("click %s: %v", css, err)
		}
		if arrived {
			return
		}
	}
	v.t.Fatalf("no click arrived at %s with %q\n%s", css, words, v.page())
}

// fill clicks into a field, replaces what it holds and types.
func (v *visitor) fill(css, text string) {
	v.t.Helper()
	v.click(css)
	v.holds(`document.activeElement?.matches(` + quoted(css) + `)`)
	v.do("select "+css, chromedp.Evaluate[chromedp.Void](`void document.activeElement.select()`))
	v.press(text)
}

// command types a slash command into the composer and sends it.
func (v *visitor) command(text string) {
	v.t.Helper()
	v.fill("[data-testid=composer]", text)
	v.press(kb.Escape + kb.Enter) // the first closes the suggestions
}

// press types keys; those of github.com/chromedp/chromedp/kb too.
func (v *visitor) press(keys string) {
	v.t.Helper()
	v.do("type", chromedp.KeyEvent(keys))
}

// edit changes the text that stands for a message of the bot, as chat.update does, so that the page draws it anew.
func (v *visitor) edit(channel, ts string) {
	v.t.Helper()
	res, err := http.Get(v.url + "/sandbox/state")
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	var state struct {
		Channels []struct {
			ID       string
			Messages []struct {
				TS     string
				Blocks json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		v.t.Fatal(err)
	}
	for _, c := range state.Channels {
		for _, m := range c.Messages {
			if c.ID == channel && m.TS == ts {
				v.update(url.Values{"channel": {channel}, "ts": {ts}, "text": {"edited"}, "blocks": {string(m.Blocks)}})
				return
			}
		}
	}
	v.t.Fatalf("there is no message %s in %s", ts, channel)
}

func (v *visitor) update(form url.Values) {
	v.t.Helper()
	form.Set("token", "xoxb-sandbox")
	res, err := http.PostForm(v.url+"/api/chat.update", form)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err := io.ReadAll(res.Body); err != nil || !bytes.Contains(answer, []byte(`"ok":true`)) {
		v.t.Fatalf("chat.update: %s %v", answer, err)
	}
}

// tabTo presses Tab until the element has the focus.
func (v *visitor) tabTo(css string) {
	v.t.Helper()
	for range 150 {
		v.press(kb.Tab)
		there, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`Boolean(document.activeElement?.matches(`+quoted(css)+`))`))
		if err != nil {
			v.t.Fatal(err)
		}
		if there {
			return
		}
	}
	v.t.Fatalf("Tab never came to %s\n%s", css, v.page())
}

// holds waits until an expression is true of the page.
func (v *visitor) holds(expression string) {
	v.t.Helper()
	if _, err := await[bool](v, `() => Boolean(`+expression+`)`); err != nil {
		v.t.Fatalf("does not hold: %s: %v\n%s", expression, err, v.page())
	}
}

// become chooses another person in the switch.
func (v *visitor) become(person string) {
	v.t.Helper()
	v.click("[data-testid=user-switch]")
	v.click(`[role=option][data-user="` + v.users[person] + `"]`)
	v.see(`[data-testid=user-switch][data-user="` + v.users[person] + `"]`)
}

// open clicks a conversation in the sidebar: a channel's name, or @ and a person's for their messages from the bot.
func (v *visitor) open(channel string) {
	v.t.Helper()
	v.readNames() // the bot opens direct messages when it first has something to say
	id := v.channels[channel]
	v.click(`[data-testid=sidebar] [data-channel="` + id + `"]`)
	v.holds(`location.hash.includes(` + quoted("channel="+id) + `)`)
}

// card waits for a message with all the words, and returns a selector of it that holds when it is redrawn.
func (v *visitor) card(words ...string) string {
	v.t.Helper()
	return `[data-testid=messages] article[data-ts="` + v.attribute("data-ts", "[data-testid=messages] article[data-ts]", words...) + `"]`
}

// turn presses a button of the clock and waits until the bot has come to rest.
func (v *visitor) turn(button string) {
	v.t.Helper()
	was := v.attribute("datetime", "[data-testid=clock-now]")
	v.click("[data-testid=" + button + "]")
	v.gone(".clock[aria-busy]")
	v.holds(`document.querySelector("[data-testid=clock-now]").getAttribute("datetime") > ` + quoted(was))
}

// page is what stands on the page, for a failed test's message. It is also photographed.
func (v *visitor) page() string {
	v.shot("failed")
	ctx, cancel := context.WithTimeout(v.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.hash + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return "the page shows:\n" + text
}

// shot photographs the page into the folder that BROWSER_SHOTS names, where it is set.
func (v *visitor) shot(name string) {
	dir := os.Getenv("BROWSER_SHOTS")
	if dir == "" {
		return
	}
	v.shots++
	ctx, cancel := context.WithTimeout(v.ctx, 5*time.Second) // a page behind another draws nothing
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		file := strings.ReplaceAll(v.t.Name(), "/", "-") + "-" + string(rune('a'+v.shots-1)) + "-" + name + ".png"
		err = os.WriteFile(filepath.Join(dir, file), picture, 0o644)
	}
	if err != nil {
		v.t.Errorf("screenshot: %v", err)
	}
}

// await asks the page at every frame until the function's value for the arguments is truthy, and returns that value.
func await[T any](v *visitor, function string, args ...any) (T, error) {
	ctx, cancel := context.WithTimeout(v.ctx, patience+5*time.Second)
	defer cancel()
	var list []string
	for _, a := range args {
		list = append(list, quoted(a))
	}
	return chromedp.Run(ctx, chromedp.Poll[T]("("+function+")("+strings.Join(list, ", ")+")", chromedp.WithPollingTimeout(patience)))
}

// quoted writes a value as JavaScript.
func quoted(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// syncBuffer is written by the program and read by the test.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
