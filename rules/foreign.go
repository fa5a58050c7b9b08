package rules

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A foreignForm is something that other languages, spreadsheets or keyboards write
// and expressions do not.
type foreignForm struct {
	found *regexp.Regexp
	says  string
	mend  func(string) string
}

func always(s string) func(string) string { return func(string) string { return s } }

// foreignForms are looked for where an expression cannot be read, in this order.
func foreignForms() []foreignForm {
	form := func(pattern, says string, mend func(string) string) foreignForm {
		return foreignForm{regexp.MustCompile(pattern), says, mend}
	}
	squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	return []foreignForm{
		form(`[“”„＂「」]`, "quotes are written straight", always(`"`)),
		form(`[‘’＇]`, "quotes are written straight", always(`'`)),
		form(`≥|≧|＞＝|＞=|>＝`, "at least is written >=", always(">=")),
		form(`≤|≦|＜＝|＜=|<＝`, "at most is written <=", always("<=")),
		form(`≠|<>|！＝`, "is not is written !=", always("!=")),
		form(`＝+`, "equal is written ==", always("==")),
		form(`[＞＜（）＋－＊／．，]`, "operators and brackets are written half-width", halfWidth),
		form(`[０-９]+`, "numbers are written half-width", halfWidth),
		form(`　`, "spaces are written half-width", always(" ")),
		form(`[<>=+*/-]\s*([0-9]{1,3}(?:,[0-9]{3})+)(?:[^0-9,]|$)`, "numbers are written without commas", func(s string) string { return strings.ReplaceAll(s, ",", "") }),
		form(`\b(?:[0-9]+(?:\.[0-9]+)?[百千万億]+)+[0-9]*`, "numbers are written in digits alone", inDigits),
		form(`=>`, "at least is written >=", always(">=")),
		form(`=<`, "at most is written <=", always("<=")),
		form(`[<>!=] +=`, "an operator is written without a space in it", squeeze),
		form(`(?:[0-9]+\.)?[0-9]+ ?%`, "a share is written as a number from 0 to 1", share),
		form(`\bAND\b|\bAnd\b`, "and is written small", always("and")),
		form(`\bOR\b|\bOr\b`, "or is written small", always("or")),
		form(`\bNOT\b|\bNot\b`, "not is written small", always("not")),
		form(`(?:^|[^&])(&)(?:[^&]|$)`, "conditions are joined by and", always("and")),
		form(`(?:^|[^|])(\|)(?:[^|]|$)`, "conditions are joined by or", always("or")),
		form(`\bis not\b`, "is not is written !=", always("!=")),
		form(`\bis\b`, "equal is written ==", always("==")),
	}
}

// halfWidth turns the full-width forms of ASCII into ASCII.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}

// share turns 40% into 0.4.
func share(s string) string {
	v, err := strconv.ParseFloat(strings.TrimRight(s, "% "), 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(v/100, 'g', 6, 64)
}

// inDigits turns 100万 into 1000000, and 1億5000万 into 150000000.
func inDigits(s string) string {
	var sum, below, number float64 // below: of what the next 万 or 億 counts
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789."))
		if digits > 0 {
			number, _ = strconv.ParseFloat(s[:digits], 64)
			s = s[digits:]
			continue
		}
		unit, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch unit {
		case '百':
			below, number = below+number*1e2, 0
		case '千':
			below, number = below+number*1e3, 0
		case '万':
			sum, below, number = sum+(below+number)*1e4, 0, 0
		case '億':
			sum, below, number = sum+(below+number)*1e8, 0, 0
		}
	}
	return strconv.FormatFloat(math.Round((sum+below+number)*1e6)/1e6, 'f', -1, 64) // 1.1億 is no round number of bits
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)

// foreign looks for the first such form outside of quotes and reports it, with all
// of its kind put right in the corrected line.
func (k *checker) foreign() bool {
	masked := quoted.ReplaceAllStringFunc(k.src.Text, func(s string) string { return strings.Repeat("·", len(s))[:len(s)] })
	for _, form := range foreignForms() {
		m := form.found.FindStringSubmatchIndex(masked)
		if m == nil {
			continue
		}
		from, to := m[0], m[1]
		if len(m) > 2 {
			from, to = m[2], m[3]
		}
		written := masked[from:to]
		p := problemAt(k.src, from, to-from, "%s, not %s", form.says, strings.TrimSpace(written))
		p.Suggestion = "write " + quoteless(form.mend(written))
		p.Fix = k.mended(masked, form, p)
		k.problems = append(k.problems, p)
		return true
	}
	return false
}

// mended returns the problem's line with every such form in it put right.
func (k *checker) mended(masked string, form foreignForm, p Problem) string {
	line, start := p.line()
	var b strings.Builder
	done := start
	for _, m := range form.found.FindAllStringSubmatchIndex(masked[start:start+len(line)], -1) {
		from, to := start+m[len(m)-2], start+m[len(m)-1]
		b.WriteString(k.src.Text[done:from])
		b.WriteString(k.apart(form.mend(masked[from:to]), from, to))
		done = to
	}
	b.WriteString(k.src.Text[done : start+len(line)])
	return strings.TrimSpace(b.String())
}

// apart puts spaces around a word that takes the place of a sign between others.
func (k *checker) apart(word string, from, to int) string {
	if word == "" || word[0] < 'a' || word[0] > 'z' {
		return word
	}
	if from > 0 && k.src.Text[from-1] != ' ' {
		word = " " + word
	}
	if to < len(k.src.Text) && k.src.Text[to] != ' ' {
		word += " "
	}
	return word
}

// quoteless keeps a suggestion readable where it is a space or a quote.
func quoteless(s string) string {
	if strings.TrimSpace(s) == "" {
		return "a plain space"
	}
	return s
}
