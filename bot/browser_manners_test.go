package main

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What is typed or pressed wrongly is refused in words, where the person looks, and changes nothing.
func TestBrowserRefusesWhatIsWrong(t *testing.T) {
	v := visit(t, "jones", "cs-alerts", 1280, 900)
	v.command("/hadnoff")
	v.see("[data-testid=toast]", "/hadnoff", "/handoff") // what there is instead
	v.see("[data-testid=composer]", "/hadnoff")          // what was typed is kept

	v.command("/cs account no-such-company")
	v.see("[data-testid=messages] article[data-ephemeral]", "no-such-company")
	v.shot("unknown")

	v.command("/handoff")
	v.click("[data-testid=modal-submit]", "Next")
	v.see("[data-testid=modal] [data-error-for=account]", " ")
	v.shot("required")
	v.click("[data-testid=modal-cancel]")
	v.gone("[data-testid=modal]")

	// Jones answers on the card; Miller then presses an answer in an older message, which still has its buttons.
	card := v.card("Old Mill Foods", "Logins dropped")
	v.click(card + " [data-action-id='answer:unknown']")
	v.see(card, "Not sure yet", "Jones")
	v.become("miller")
	v.open("@miller")
	v.click("[data-testid=messages] [data-action-id='answer:unhappy']")
	v.see("[data-testid=messages] article[data-ephemeral]", "Jones was here first", "Not sure yet")
	v.shot("second")
	v.open("cs-alerts")
	v.see(card, "Not sure yet", "Jones")
	v.gone(card, "They are unhappy")
}

// A question is found, answered and taken back without a mouse.
func TestBrowserKeyboardAlone(t *testing.T) {
	v := visit(t, "miller", "cs-alerts", 1280, 900)
	card := v.card("Old Mill Foods", "Logins dropped")
	v.tabTo(card + " [data-action-id='answer:champion']")
	v.holds(`(() => { const r = document.activeElement.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight })()`)
	v.holds(`document.activeElement.matches(":focus-visible") && getComputedStyle(document.activeElement).outlineStyle !== "none"`)
	v.shot("focus")
	v.press(kb.Enter)
	v.see(card, "Champion changed", "Miller", "Undo")
	v.tabTo(card + " [data-action-id=undo]")
	v.press(kb.Enter)
	v.see(card, "Do you know why?")
	v.tabTo(card + " [data-action-id=more]")
	v.press(kb.Enter)
	v.see("[role=menuitem].is-active", "Later")
	v.edit(v.channels["cs-alerts"], v.attribute("data-ts", card)) // the button that opened the menu is drawn anew beneath it
	v.gone(card + ` [aria-expanded=true]`)
	v.press(kb.ArrowDown + kb.Escape)
	v.gone("[role=menuitem]")
	v.holds(`document.activeElement.matches(` + quoted(card+" [data-action-id=more]") + `)`)
}

// What is being pressed stays as it stands until it is let go, so that news that comes meanwhile takes nobody's click away.
func TestBrowserKeepsWhatIsBeingPressed(t *testing.T) {
	v := visit(t, "miller", "cs-alerts", 1280, 900)
	card := v.card("Old Mill Foods", "Logins dropped")
	answer := card + " [data-action-id='answer:unhappy']"
	v.see(answer)
	v.do("bring it into view", chromedp.Evaluate[chromedp.Void](`void document.querySelector(`+quoted(answer)+`).scrollIntoView({block: "center", behavior: "instant"})`))
	at, err := await[[]float64](v, `(css) => {
		const e = document.querySelector(css), r = e.getBoundingClientRect(), at = [r.left + r.width / 2, r.top + r.height / 2], was = window.pressedAt;
		window.pressed = e, window.pressedAt = at;
		return was?.[0] === at[0] && was[1] === at[1] && at;
	}`, answer)
	if err != nil {
		t.Fatal(err)
	}
	v.holds(`(window.stateBefore = performance.getEntriesByType("resource").filter((r) => r.name.includes("/sandbox/state")).length) > 0`)
	v.do("press", chromedp.MouseEvent(chromedp.MousePressed, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1)))
	v.edit(v.channels["cs-alerts"], v.attribute("data-ts", card))
	v.holds(`performance.getEntriesByType("resource").filter((r) => r.name.includes("/sandbox/state")).length > stateBefore`) // the page knows of it
	v.holds(`pressed.isConnected`)
	v.do("let go", chromedp.MouseEvent(chromedp.MouseReleased, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1)))
	v.see(card, "They are unhappy", "by Miller", "Undo")
	v.holds(`!pressed.isConnected`) // and then it is drawn
}

// On a telephone the list, a conversation, a thread and a form each fill the screen, and nothing is wider than it.
func TestBrowserNarrowScreen(t *testing.T) {
	v := visit(t, "miller", "", 390, 844)
	fits := func(what string) {
		t.Helper()
		v.shot(what)
		v.holds(`document.documentElement.scrollWidth <= innerWidth`)
		over, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("button, input, textarea, h1, h2, article")].
			filter((e) => e.checkVisibility() && !e.closest(".table-frame") && e.getBoundingClientRect().right > innerWidth + 1).
			map((e) => e.tagName + " " + e.className + " " + e.innerText.slice(0, 40)).join("\n")`))
		if err != nil || over != "" {
			t.Errorf("%s: wider than the screen: %s %v", what, over, err)
		}
	}
	v.see("body[data-screen=list]")
	v.see("[data-testid=sidebar]", "cs-alerts")
	v.gone("[data-testid=messages]")
	v.holds(inView + `(".welcome-steps li:last-child", ".sidebar")`) // the whole of the hint, and the channels above it
	fits("list")

	v.open("cs-alerts")
	v.see("body[data-screen=conversation]")
	card := v.card("Old Mill Foods", "Logins dropped")
	v.gone("[data-testid=sidebar]")
	fits("conversation")
	v.click(card + " [data-action-id='answer:unhappy']")
	v.see(card, "Call the sponsor")
	v.click(card + " [data-testid=thread-link]")
	v.see("[data-testid=thread]", "They are unhappy")
	fits("thread")
	v.click("[data-testid=thread-back]")
	v.see("body[data-screen=conversation]")
	v.click("[data-testid=back]")
	v.see("body[data-screen=list]")
	v.see("[data-testid=sidebar]", "onboarding")

	v.open("onboarding")
	v.command("/handoff")
	v.click("[data-testid=modal] [data-action-id=account]")
	v.press("pine")
	v.click("[role=option]", "Pinecone Press")
	v.click("[data-testid=modal-submit]", "Next")
	v.see("[data-testid=modal]", "Handing over Pinecone Press")
	fits("form")
}
