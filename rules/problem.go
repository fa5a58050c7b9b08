package rules

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Source is a piece of text of a book's file: an expression, or a text with
// expressions in {{ … }}, and where it begins.
type Source struct {
	File   string
	Line   int    // from 1; 0 where the place is not known
	Column int    // from 1, in characters
	Text   string // may span lines; following lines are taken to begin at column 1
	Indent int    // columns that YAML removed from the lines after the first
}

// At returns the line and column of the byte offset in the source's text.
func (s Source) At(offset int) (line, column int) {
	if offset > len(s.Text) {
		offset = len(s.Text)
	}
	before := s.Text[:offset]
	breaks := strings.Count(before, "\n")
	start := strings.LastIndexByte(before, '\n') + 1
	column = utf8.RuneCountInString(before[start:])
	if breaks == 0 {
		return max(s.Line, 1), max(s.Column, 1) + column
	}
	return max(s.Line, 1) + breaks, s.Indent + 1 + column
}

// A Level says how bad a problem is.
type Level string

// The levels of problems. An error keeps a book from being loaded.
const (
	Error   Level = "error"
	Warning Level = "warning"
)

// A Problem is a mistake in an expression or a text, with all a writer needs to
// put it right.
type Problem struct {
	Source     Source `json:"-"`
	File       string `json:"file"`
	Line       int    `json:"line"`   // from 1
	Column     int    `json:"column"` // from 1
	Level      Level  `json:"level"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion,omitempty"` // the nearest right name, or what to do instead
	Fix        string `json:"fix,omitempty"`        // the line as it should be
	Offset     int    `json:"-"`                    // in Source.Text, in bytes
	Length     int    `json:"-"`                    // of what the caret underlines, in bytes
}

// problemAt makes an error about length bytes of the source from offset on.
func problemAt(s Source, offset, length int, format string, args ...any) Problem {
	p := Problem{Source: s, File: s.File, Level: Error, Message: fmt.Sprintf(format, args...), Offset: offset, Length: length}
	p.Line, p.Column = s.At(offset)
	return p
}

// Error returns FILE:LINE:COL: LEVEL: MESSAGE on one line.
func (p Problem) Error() string {
	where := fmt.Sprintf("%d:%d", p.Line, p.Column)
	if p.File != "" {
		where = p.File + ":" + where
	}
	text := fmt.Sprintf("%s: %s: %s", where, p.Level, p.Message)
	if p.Suggestion != "" {
		text += "; " + p.Suggestion
	}
	return text
}

// Long returns Error, the line with a caret below, and the corrected line.
func (p Problem) Long() string {
	var b strings.Builder
	b.WriteString(p.Error())
	if line, start := p.line(); line != "" {
		in := strings.ReplaceAll(p.Source.Text[start:clamp(p.Offset, start, len(p.Source.Text))], "\t", " ")
		rest := len(line) - len(in)
		width := utf8.RuneCountInString(p.Source.Text[clamp(p.Offset, 0, len(p.Source.Text)):clamp(p.Offset+min(p.Length, rest), 0, len(p.Source.Text))])
		fmt.Fprintf(&b, "\n    %s\n    %s%s", strings.ReplaceAll(line, "\t", " "), strings.Repeat(" ", Columns(in)), strings.Repeat("^", max(width, 1)))
	}
	if p.Fix != "" {
		fmt.Fprintf(&b, "\n    write: %s", p.Fix)
	}
	return b.String()
}

// line returns the line of the source that the problem is in, and where it begins.
func (p Problem) line() (text string, start int) {
	offset := clamp(p.Offset, 0, len(p.Source.Text))
	start = strings.LastIndexByte(p.Source.Text[:offset], '\n') + 1
	text = p.Source.Text[start:]
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return text, start
}

// replaced returns the problem's line with the underlined part replaced.
func (p Problem) replaced(with string) string {
	line, start := p.line()
	from := clamp(p.Offset-start, 0, len(line))
	to := clamp(from+p.Length, from, len(line))
	return line[:from] + with + line[to:]
}

// Columns returns the width of s in a terminal: East Asian characters take two.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
			r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6) {
			n++
		}
	}
	return n
}

func clamp(v, low, high int) int { return max(low, min(v, high)) }

// Nearest returns the candidate that was most likely meant by name, or "" where
// none is near: the only one of one word that begins with it, from three letters on
// (sev means severity, but seats does not mean seats_used); or one in which at most a
// third of the letters differ (Damerau-Levenshtein, adjacent letters swapped count
// once), where a difference in case counts nothing.
func Nearest(name string, candidates []string) string {
	whole, several := "", false
	for _, c := range candidates {
		if len(name) >= 3 && len(c) > len(name) && strings.EqualFold(c[:len(name)], name) && !strings.ContainsAny(c[len(name):], "_-") && c != whole {
			several = whole != ""
			whole = c
		}
	}
	if whole != "" && !several {
		return whole
	}
	return nearest(name, candidates)
}

func nearest(name string, candidates []string) string {
	best, bestDistance := "", len([]rune(name))/3+1
	if len([]rune(name)) <= 2 {
		bestDistance = 2
	}
	for _, c := range candidates {
		d := editDistance([]rune(strings.ToLower(name)), []rune(strings.ToLower(c)))
		if d < bestDistance || d == bestDistance && (best != "" || begins(name, c)) && nearer(name, c, best) {
			best, bestDistance = c, d
		}
	}
	return best
}

// begins reports whether two names begin with the same letter. One letter more than a third may differ then.
func begins(a, b string) bool { return a != "" && b != "" && strings.EqualFold(a[:1], b[:1]) }

// nearer decides between two candidates at the same distance: the one that shares
// more of its beginning with the name, then the first by alphabet.
func nearer(name, c, best string) bool {
	shared := func(s string) int {
		n := 0
		for n < len(s) && n < len(name) && s[n] == name[n] {
			n++
		}
		return n
	}
	a, b := shared(c), shared(best)
	return best == "" || a > b || a == b && c < best
}

// editDistance is the optimal string alignment distance.
func editDistance(a, b []rune) int {
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one = one, row
	}
	return one[len(b)]
}
