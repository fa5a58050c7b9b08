package cards

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Slack's sizes, in characters unless the name says otherwise.
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxText          = 3000 // a section's
	maxField         = 2000 // of a section's fields
	maxFields        = 10   // of a section
	maxElements      = 25   // of an actions block
	maxButton        = 75   // a button's text
	maxOption        = 75   // an option's text
	maxOptions       = 100  // of a select menu
	maxChecks        = 10   // options of checkboxes and radio buttons
	maxValue         = 2000 // a button's value
	maxURL           = 3000
	maxTitle         = 24      // of a modal, its submit and close buttons
	maxLabel         = 2000    // of an input
	maxPlaceholder   = 150     // and of a header
	maxPlain         = 4000    // a message's text: longer ones are cut in notifications anyway
	maxAllText       = 13200   // of all blocks of a message together; undocumented
	maxView          = 200_000 // bytes of a view as JSON; Slack refuses 250,000
)

// ellipsis ends what was cut.
const ellipsis = "…"

// Escape makes a text from data harmless in mrkdwn: it can neither ping anybody,
// nor link, nor format what stands beside it.
func Escape(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	before := ' '
	for i, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			if i == 0 || before == '\n' { // would quote the line
				b.WriteString(zeroWidth)
			}
			b.WriteString("&gt;")
		case '*', '_', '~', '`':
			next, _ := utf8.DecodeRuneInString(s[i+1:])
			if word(before) && word(next) {
				b.WriteRune(r)
				break
			}
			b.WriteString(zeroWidth)
			b.WriteRune(r)
			b.WriteString(zeroWidth)
		case '\r':
		case '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069':
			// Marks that turn the direction of the text after them.
		default:
			if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
				b.WriteByte(' ')
				break
			}
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

// zeroWidth keeps a character from being read as formatting. It cannot be seen.
const zeroWidth = "\u200b"

func word(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// line makes a text from data fit in one line of mrkdwn.
func line(s string) string { return Escape(oneLine(s)) }

// oneLine replaces white space, line ends among it, by single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Clip cuts a text to at most n characters, at the end of one, and marks the cut.
// Entities that Escape wrote are not cut in two.
func Clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	cut, count := 0, 0
	for i := range s {
		if count == n-1 {
			cut = i
			break
		}
		count++
	}
	head := s[:cut]
	if amp := strings.LastIndexByte(head, '&'); amp >= 0 && len(head)-amp < len("&amp;") && !strings.Contains(head[amp:], ";") {
		head = head[:amp]
	}
	if open := strings.LastIndexByte(head, '<'); open >= 0 && !strings.Contains(head[open:], ">") {
		head = head[:open] // a mention or link cut in two
	}
	return head + ellipsis
}

// mrkdwn makes a text object; an empty text becomes a space that Slack accepts.
// It is verbatim, so that Slack does not look for links and names in it.
func mrkdwn(s string, n int) *slack.TextBlockObject {
	if strings.TrimSpace(s) == "" {
		s = zeroWidth
	}
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: Clip(s, n), Verbatim: true}
}

func plain(s string, n int) *slack.TextBlockObject {
	if s = clean(s); strings.TrimSpace(s) == "" {
		s = ellipsis
	}
	emoji := false
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: Clip(s, n), Emoji: &emoji}
}

// clean takes out of a plain text what cannot be shown.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, s)
}

func section(text string) *slack.SectionBlock {
	return slack.NewSectionBlock(mrkdwn(text, maxText), nil, nil)
}

func context(text string) *slack.ContextBlock {
	return slack.NewContextBlock("", mrkdwn(text, maxText))
}

func button(actionID, label string, ref Ref) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(actionID, ref.String(), plain(label, maxButton))
}

func primary(b *slack.ButtonBlockElement) *slack.ButtonBlockElement {
	return b.WithStyle(slack.StylePrimary)
}

func option(value, label string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, plain(label, maxOption), nil)
}

// link writes an address as mrkdwn; "" if it is not one that may be followed.
func link(address, label string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	safe := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", "&", "&amp;").Replace(u.String())
	if utf8.RuneCountInString(safe) > maxURL {
		return ""
	}
	return "<" + safe + "|" + line(label) + ">"
}
