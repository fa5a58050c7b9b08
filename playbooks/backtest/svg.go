package backtest

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

// width of every chart, in its own units.
const width = 1030

// A canvas is a chart being drawn.
type canvas struct {
	strings.Builder
	height float64
}

func newCanvas(height float64, title string) *canvas {
	c := &canvas{height: height}
	fmt.Fprintf(c, `<svg viewBox="0 0 %d %.0f" width="%d" height="%.0f" role="img" aria-label="%s">`, width, height, width, height, template.HTMLEscapeString(title))
	return c
}

func (c *canvas) html() template.HTML {
	c.WriteString("</svg>")
	return template.HTML(c.String())
}

func (c *canvas) rect(x, y, w, h float64, fill, tip string) {
	fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s">`, x, y, w, h, fill)
	if tip != "" {
		fmt.Fprintf(c, `<title>%s</title>`, template.HTMLEscapeString(tip))
	}
	c.WriteString("</rect>")
}

func (c *canvas) line(x1, y1, x2, y2 float64, stroke, more string) {
	fmt.Fprintf(c, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" %s/>`, x1, y1, x2, y2, stroke, more)
}

func (c *canvas) circle(x, y, r float64, fill, stroke, tip string) {
	fmt.Fprintf(c, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" stroke="%s">`, x, y, r, fill, stroke)
	if tip != "" {
		fmt.Fprintf(c, `<title>%s</title>`, template.HTMLEscapeString(tip))
	}
	c.WriteString("</circle>")
}

// text writes at a place; anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor, fill, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="12" fill="%s" stroke="#ffffff" stroke-width="3" paint-order="stroke">%s</text>`, x, y, anchor, fill, template.HTMLEscapeString(text))
}

const (
	ink  = "#1d2430"
	soft = "#5b6675"
	rule = "#dfe4ea"
)

// steps returns the marks of an axis from 0 to at least most: about four, at round
// numbers.
func steps(most float64) []float64 {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/4)))
	for _, by := range []float64{1, 2, 5, 10} {
		if most/(step*by) <= 5 {
			step *= by
			break
		}
	}
	step = math.Max(step, 1)
	var marks []float64
	for v := 0.0; v < most+step; v += step {
		marks = append(marks, v)
	}
	return marks
}

// An axis of time goes over the days of the report.
type timeAxis struct {
	from, to    rules.Date // to is the day after the last
	left, right float64
}

func (a timeAxis) at(days float64) float64 {
	return a.left + (a.right-a.left)*days/float64(a.to-a.from)
}

func (a timeAxis) of(t time.Time) float64 {
	return a.at(math.Max(0, math.Min(t.Sub(a.from.In(t.Location())).Hours()/24, float64(a.to-a.from))))
}

// draw marks the months, or the weeks of a time shorter than ten.
func (a timeAxis) draw(c *canvas, top, bottom float64) {
	last := -100.0
	for d := a.from; d < a.to; d++ {
		t := d.In(time.UTC)
		label := ""
		switch {
		case t.Day() == 1:
			label = t.Format("Jan 2006")
		case a.to-a.from < 70 && d.Weekday() == time.Monday:
			label = t.Format("2 Jan")
		}
		if label == "" {
			continue
		}
		x := a.at(float64(d - a.from))
		c.line(x, top, x, bottom, rule, "")
		if x-last > 62 && x < a.right-54 {
			c.text(x, bottom+16, "start", soft, label)
			last = x
		}
	}
}

// weekly draws stacked bars of the prompts of each week, by playbook.
func (c *charts) weekly() template.HTML {
	first := monday(c.r.From)
	weeks := int(monday(c.r.To)-first)/7 + 1
	counts := map[string][]int{}
	sums := make([]int, weeks)
	for i := range c.r.Episodes {
		e := &c.r.Episodes[i]
		if !e.prompt() {
			continue
		}
		w := min(max(int(monday(rules.DateOf(e.Prompted.In(e.location())))-first)/7, 0), weeks-1)
		if counts[e.Playbook] == nil {
			counts[e.Playbook] = make([]int, weeks)
		}
		counts[e.Playbook][w]++
		sums[w]++
	}
	const top, bottom, left = 12, 250, 44
	out := newCanvas(280, "Prompts a week, by playbook")
	axis := timeAxis{first, first + rules.Date(7*weeks), left, width - 8}
	marks := steps(float64(slices.Max(sums)))
	y := func(v float64) float64 { return bottom - (bottom-top)*v/marks[len(marks)-1] }
	axis.draw(out, top, bottom)
	for _, m := range marks {
		out.line(left, y(m), width-8, y(m), rule, "")
		out.text(left-8, y(m)+4, "end", soft, number(m))
	}
	for w := range weeks {
		x, wide := axis.at(float64(7*w)), axis.at(7)-axis.at(0)
		base := 0
		for _, name := range c.order {
			if counts[name] == nil || counts[name][w] == 0 {
				continue
			}
			n := counts[name][w]
			out.rect(x+1, y(float64(base+n)), math.Max(wide-2, 1), y(float64(base))-y(float64(base+n)), c.colour[name],
				fmt.Sprintf("week of %s: %s, %s", first+rules.Date(7*w), name, counted(n, "prompt")))
			base += n
		}
	}
	if c.r.Chance != nil {
		v := math.Min(c.r.Chance.All.PerWeek, marks[len(marks)-1])
		out.line(left, y(v), width-8, y(v), ink, `stroke-dasharray="5 4" stroke-width="1.5"`)
	}
	out.line(left, bottom, width-8, bottom, soft, "")
	return out.html()
}

// people draws each person's weeks below one another.
func (c *charts) people() template.HTML {
	var asked []PersonLine
	most := 0
	for _, p := range c.r.People {
		if p.Prompts > 0 {
			asked = append(asked, p)
			most = max(most, p.Busiest.Prompts)
		}
	}
	if len(asked) == 0 {
		return ""
	}
	asked = asked[:min(len(asked), 20)]
	const each, left, top = 58.0, 150.0, 6.0
	bottom := top + each*float64(len(asked))
	out := newCanvas(bottom+28, "Prompts of each person, by week")
	first := monday(c.r.From)
	axis := timeAxis{first, first + rules.Date(7*len(asked[0].Weeks)), left, width - 8}
	axis.draw(out, top, bottom)
	for i, p := range asked {
		base := top + each*float64(i+1) - 6
		tall := each - 16
		out.text(0, base-tall/2, "start", ink, p.Name)
		out.text(0, base-tall/2+16, "start", soft, number(p.PerWeek)+" a week")
		out.text(left-8, base-tall+8, "end", soft, number(float64(most)))
		out.text(left-8, base, "end", soft, "0")
		for k, w := range p.Weeks {
			if w.Prompts == 0 {
				continue
			}
			h := tall * float64(w.Prompts) / float64(most)
			out.rect(axis.at(float64(7*k))+1, base-h, math.Max(axis.at(7)-axis.at(0)-2, 1), h, "#4f7cac",
				fmt.Sprintf("%s, week of %s: %s", p.Name, w.Monday, counted(w.Prompts, "prompt")))
		}
		out.line(left, base, width-8, base, soft, "")
	}
	return out.html()
}

// timeline draws the firings on the accounts that have most of them.
func (c *charts) timeline() template.HTML {
	byAccount := map[string][]*Episode{}
	for i := range c.r.Episodes {
		e := &c.r.Episodes[i]
		byAccount[e.Account] = append(byAccount[e.Account], e)
	}
	accounts := make([]string, 0, len(byAccount))
	for id := range byAccount {
		accounts = append(accounts, id)
	}
	if len(accounts) == 0 {
		return ""
	}
	slices.SortFunc(accounts, func(a, b string) int {
		return cmp.Or(len(byAccount[b])-len(byAccount[a]), cmp.Compare(a, b))
	})
	if len(accounts) > pageAccounts {
		c.note = fmt.Sprintf("Of %d accounts with any, those with the most firings are shown.", len(accounts))
		accounts = accounts[:pageAccounts]
	}
	const left, top, bar = 190.0, 6.0, 9.0
	height := top
	for _, id := range accounts {
		height += rowOf(lanes(byAccount[id], c.r), bar)
	}
	out := newCanvas(height+26, "Firings over time, by account")
	axis := timeAxis{c.r.From, c.r.To + 1, left, width - 8}
	axis.draw(out, top, height)
	y := top
	for _, id := range accounts {
		of := lanes(byAccount[id], c.r)
		out.text(0, y+14, "start", ink, clip(byAccount[id][0].name(), 26))
		for n, lane := range of {
			at := y + 4 + float64(n)*(bar+2)
			for _, e := range lane {
				over := e.Over
				if over.IsZero() {
					over = (c.r.To + 1).In(e.location())
				}
				x := axis.of(e.Fired)
				long := math.Max(axis.of(over)-x-1, 3)
				out.rect(x, at, long, bar, c.colour[e.Playbook], tip(e))
				if e.prompt() && long > 6 {
					out.circle(axis.of(e.Prompted)+2, at+bar/2, 2, "#ffffff", "none", "")
				}
			}
		}
		y += rowOf(of, bar)
		out.line(0, y, width-8, y, rule, "")
	}
	return out.html()
}

func rowOf(lanes [][]*Episode, bar float64) float64 {
	return math.Max(22, 8+float64(len(lanes))*(bar+2))
}

// lanes spreads episodes so that none covers another.
func lanes(all []*Episode, r *Report) [][]*Episode {
	end := func(e *Episode) time.Time {
		if e.Over.IsZero() {
			return (r.To + 1).In(e.location())
		}
		return e.Over
	}
	var lanes [][]*Episode
	for _, e := range all {
		i := slices.IndexFunc(lanes, func(l []*Episode) bool { return !end(l[len(l)-1]).After(e.Fired) })
		if i < 0 {
			lanes = append(lanes, []*Episode{e})
			continue
		}
		lanes[i] = append(lanes[i], e)
	}
	return lanes
}

// tip says what an episode was.
func tip(e *Episode) string {
	over := "still"
	if !e.Over.IsZero() {
		over = day(e.Over)
	}
	text := fmt.Sprintf("%s on %s: %s to %s", RuleName(e), e.name(), day(e.Fired), over)
	if e.drafted() {
		text += fmt.Sprintf("; %s would be asked on %s, were it no draft", e.Person, day(e.Prompted))
	}
	if e.prompt() {
		text += fmt.Sprintf("; %s is asked on %s", e.Person, day(e.Prompted))
	}
	if read := reads(e.Values); read != "" {
		text += " (" + read + ")"
	}
	return text
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// dumbbells draws each person's prompts a week by the other book and by this one.
func (c *charts) dumbbells() template.HTML {
	d := c.r.Against
	if d == nil || len(d.People) == 0 {
		return ""
	}
	people := d.People[:min(len(d.People), 20)]
	most := 0.0
	for _, p := range people {
		most = max(most, p.Before, p.After)
	}
	const left, each, top = 150.0, 28.0, 22.0
	bottom := top + each*float64(len(people))
	out := newCanvas(bottom+34, "Prompts a week of each person, before and after")
	marks := []float64{0, most / 2, most}
	if most >= 2 {
		marks = steps(most)
	}
	right := width - 120.0
	x := func(v float64) float64 { return left + (right-left)*v/math.Max(marks[len(marks)-1], 0.001) }
	for _, m := range marks {
		out.line(x(m), top, x(m), bottom, rule, "")
		out.text(x(m), bottom+16, "middle", soft, number(m))
	}
	out.text(right, bottom+30, "end", soft, "prompts a week")
	out.circle(left+4, 8, 4.5, "#ffffff", soft, "")
	out.text(left+14, 12, "start", soft, "the other book")
	out.circle(left+124, 8, 5, "#0072b2", "#0072b2", "")
	out.text(left+134, 12, "start", soft, "this book")
	for i, p := range people {
		y := top + each*(float64(i)+0.5)
		out.text(0, y+4, "start", ink, p.Name)
		out.line(x(p.Before), y, x(p.After), y, "#8fb6d6", `stroke-width="3"`)
		was, is, change := p.Told()
		out.circle(x(p.Before), y, 4.5, "#ffffff", soft, "before: "+number(was))
		out.circle(x(p.After), y, 5, "#0072b2", "#0072b2", "after: "+number(is))
		out.text(width-8, y+4, "end", ink, signed(change)+" a week")
	}
	return out.html()
}

// right draws precision and recall with their intervals.
func (c *charts) right() template.HTML {
	o := c.r.Outcomes
	if o == nil {
		return ""
	}
	var lines []EndLine
	for _, l := range o.Lines {
		if l.Precision.Of > 0 || l.Playbook == "" {
			lines = append(lines, l)
		}
	}
	const left, each, top, gap = 170.0, 28.0, 24.0, 50.0
	half := (width - left - gap - 20) / 2
	bottom := top + each*float64(len(lines))
	out := newCanvas(bottom+24, "Precision and recall, with intervals")
	panel := func(x0 float64, name string, of func(EndLine) Share, chance bool) {
		x := func(v float64) float64 { return x0 + half*v }
		out.text(x0, 12, "start", ink, name)
		for _, m := range []float64{0, 0.25, 0.5, 0.75, 1} {
			out.line(x(m), top, x(m), bottom, rule, "")
			out.text(x(m), bottom+16, "middle", soft, percent(m))
		}
		for i, l := range lines {
			s, y := of(l), top+each*(float64(i)+0.5)
			if s.Of == 0 {
				continue
			}
			out.line(x(s.Low), y, x(s.High), y, "#0072b2", `stroke-width="2"`)
			if chance {
				out.rect(x(l.ByChance)-1.5, y-8, 3, 16, grey, "by chance: "+percent(l.ByChance))
			}
			out.circle(x(s.Rate), y, 5, "#0072b2", "#0072b2", s.String())
		}
	}
	for i, l := range lines {
		out.text(0, top+each*(float64(i)+0.5)+4, "start", ink, clip(cmp.Or(l.Playbook, "the whole book"), 24))
	}
	panel(left, "Precision: of the firings, how many were right", func(l EndLine) Share { return l.Precision }, false)
	panel(left+half+gap, "Recall: of the accounts that churned, how many were found", func(l EndLine) Share { return l.Recall }, true)
	return out.html()
}
