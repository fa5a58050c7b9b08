package main

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// inView is true when an element stands within the box that scrolls it.
const inView = `((css, box) => {
	const [e, frame] = [document.querySelector(css), document.querySelector(box)].map((n) => n?.getBoundingClientRect());
	return e && frame && e.top >= frame.top && e.bottom <= frame.bottom;
})`

// Whoever comes for the first time is led to the question that waits for them, whosever messages stand around it.
func TestBrowserTourLeadsToOnesOwnQuestion(t *testing.T) {
	v := visit(t, "", "", 1280, 800)
	answers := quoted("[data-testid=messages] article:focus [data-action-id='answer:unhappy']")
	seen := inView + `(` + answers + `, "[data-testid=messages]")`
	v.click(".welcome-step", "as Miller")
	v.see("[data-testid=messages] article:focus", "Old Mill Foods", "Do you know why?")
	v.holds(seen)
	v.shot("led")

	v.click(".welcome-step", "Become Davis")
	v.see("[data-testid=user-switch]", "Davis")
	v.see("[data-testid=composer]", "/handoff")
	v.click(".welcome-step", "as Miller") // as often as one likes, from wherever one is
	v.see("[data-testid=user-switch]", "Miller")
	v.holds(seen)
}

// Names that the reader's language does not write are said as the bot says them.
func TestBrowserNamesCanBeReadByTheReader(t *testing.T) {
	v := visit(t, "miller", "cs-alerts", 1280, 900)
	v.click("[data-testid=user-switch]")
	v.see("[role=option][data-user='"+v.users["suzuki"]+"']", "Suzuki", "Onboarding")
	v.holds(inView + `("[role=option][data-user='` + v.users["ops"] + `']", ".popup [role=listbox]")`) // all of the team, without scrolling
	v.shot("english")
	v.press(kb.Escape)
	v.become("tanaka")
	v.see("[data-testid=user-switch]", "田中")
	v.click("[data-testid=user-switch]")
	v.see("[role=option][data-user='"+v.users["suzuki"]+"']", "鈴木")
	v.see("[role=option][data-user='"+v.users["miller"]+"']", "Miller")
}

// What is typed into a calendar and is no date is refused in words; a date that may be left out can be taken away.
func TestBrowserCalendarRefusesWhatIsNoDate(t *testing.T) {
	v := visit(t, "miller", "cs-alerts", 1280, 900)
	card := v.card("Old Mill Foods", "Logins dropped")
	v.click(card + " [data-action-id=more]")
	v.click("[role=menuitem]", "Later")
	field := "[data-testid=modal] .date-field"
	v.click(field)
	v.fill("[data-testid=date-text]", "next tuesday"+kb.Enter)
	v.see("[data-testid=date-wrong]", "Write a date like 20")
	v.holds(`document.querySelector("[data-testid=date-text]").getAttribute("aria-invalid") === "true"`)
	v.shot("wrong")
	v.fill("[data-testid=date-text]", "2030-02-29"+kb.Enter)
	v.see("[data-testid=date-wrong]", "Write a date like 20") // no such day
	v.click(".calendar [data-date]:not(.outside)", "15")
	v.gone("[data-testid=date-text]")
	v.see(field, " 15, 20")
	v.click(field)
	v.click("[data-testid=date-clear]", "No date")
	v.see(field, "Choose a date")
	v.click(field)
	v.see("[data-testid=date-text]")
	v.gone("[data-testid=date-clear]") // there is nothing to take away
}

// A thread has no lines between the days, so each message says its own; one's own reply is in view at once.
func TestBrowserThreadSaysTheDaysAndShowsOnesReply(t *testing.T) {
	v := visit(t, "miller", "cs-alerts", 1280, 560)
	card := v.card("Old Mill Foods", "Logins dropped")
	v.turn("clock-day")
	v.click(card + " [data-testid=thread-link]")
	v.see("[data-testid=thread]", "Asked Miller")
	v.holds(`[...document.querySelectorAll("[data-testid=thread] .message-time")].every((e) => /^[A-Z][a-z]+, [A-Z][a-z]+ \d+ \d+:\d+/.test(e.innerText))`)
	v.holds(`(document.querySelector("[data-testid=thread] .scroll").scrollTop = 0) === 0`)
	v.fill("[data-testid=thread-composer]", "I called them."+kb.Enter)
	v.see("[data-testid=thread] article", "I called them.")
	v.holds(inView + `("[data-testid=thread] article:last-of-type", "[data-testid=thread] .scroll")`)
	v.shot("replied")

	// What hangs over a channel says nothing of another place.
	v.click("[data-testid=thread-close]")
	v.holds(`(document.querySelector("[data-testid=messages]").scrollTop = 0) === 0`)
	for range 3 {
		v.turn("clock-week")
	}
	v.see(".jump", "New messages below")
	v.see("[data-testid=clock-result]", "Moved to")
	v.click("[data-testid=sidebar] [data-channel=home]")
	v.see("[data-testid=home]", "Waiting for you")
	v.gone(".jump")
	v.gone("[data-testid=clock-result]", "Moved to")
	v.shot("home")
}
