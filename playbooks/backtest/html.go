package backtest

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

// What a page shows of long lists.
const (
	pageChanges  = 400
	pageAccounts = 40
	pageColours  = 10
)

// colours tell playbooks apart, the one that fires most first; past them all are grey.
// Okabe and Ito's, which colour-blind people can tell apart, and four more.
var colours = [pageColours]string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7b61c4", "#8c6d31", "#b8b000", "#444f5f"}

const grey = "#a9b2bd"

// A tile is one number at the top of the page.
type tile struct{ Label, Value, Note, Class string }

// A shownChange is a change with how it is coloured.
type shownChange struct {
	Change
	Class, Account string
}

// WriteHTML writes the report as one page with charts, which needs nothing else: no
// script, no picture, no other file.
func (r *Report) WriteHTML(out io.Writer) error {
	page, err := template.New("page").Funcs(template.FuncMap{
		"number": number, "percent": percent, "counted": counted, "measured": measured, "held": held, "heldBack": heldBack, "sum": func(a, b int) int { return a + b }, "day": day, "chanceOf": chanceOf,
		"lead": lead, "years": func(days int) float64 { return float64(days) / 365 },
		"headline": func(d *Difference) string { return upper(d.Headline("en")) },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	c := r.charts()
	timeline := c.timeline()
	data := map[string]any{
		"Drafts": r.drafts() > 0,
		"Report": r, "Tiles": r.tiles(), "Legend": c.legend(), "Weekly": c.weekly(), "People": c.people(), "Timeline": timeline,
		"TimelineNote": c.note, "Playbooks": c.playbooks(), "Right": c.right(), "Dumbbells": c.dumbbells(), "Changes": []shownChange(nil), "MoreChanges": 0,
	}
	if r.Against != nil {
		var some []shownChange
		for _, change := range r.Against.Changes[:min(len(r.Against.Changes), pageChanges)] {
			some = append(some, shownChange{change, map[string]string{More: "plus", Fewer: "minus", Moved: "moved"}[change.Kind], change.Episode.name()})
		}
		data["Changes"], data["MoreChanges"] = some, len(r.Against.Changes)-len(some)
	}
	return page.Execute(out, data)
}

func (r *Report) tiles() []tile {
	all := 0
	for _, p := range r.Playbooks {
		all += p.Prompts
	}
	note := fmt.Sprintf("%d in all", all)
	if n := r.drafts(); n > 0 {
		note += fmt.Sprintf("; %d more once what is a draft is none", n)
	}
	tiles := []tile{{"Prompts a week", number(float64(all) / r.Weeks), note, ""}}
	if len(r.People) > 0 && r.People[0].Prompts > 0 {
		p := r.People[0]
		tiles = append(tiles, tile{"Asked most", number(p.PerWeek) + " a week", p.Name + ", " + counted(p.Accounts, "account"), ""})
	}
	if c := r.Chance; c != nil {
		class := "good"
		if c.Promise.PerWeek > 1 {
			class = "bad"
		}
		tiles = append(tiles, tile{"False, by chance", number(c.Promise.PerWeek) + " a week",
			fmt.Sprintf("for %d accounts; 95 %%: %s to %s; promise: at most 1", PromisedAccounts, number(c.Promise.Low), number(c.Promise.High)), class})
	}
	if d := r.Against; d != nil {
		tiles = append(tiles, tile{"Against the other book", fmt.Sprintf("+%d −%d", d.More, d.Fewer), upper(d.Headline("en")), ""})
	}
	if o := r.Outcomes; o != nil && o.Churned > 0 {
		l := o.Lines[0]
		tiles = append(tiles, tile{"Churn found in time", percent(l.Recall.Rate), fmt.Sprintf("%d of %d; chance finds %s", l.Recall.N, l.Recall.Of, percent(l.ByChance)), ""})
	}
	return tiles
}

// lead writes a lead time with its interval.
func lead(l EndLine) string {
	if l.Lead.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s d (%s to %s)", number(l.Lead.Median), number(l.Lead.Low), number(l.Lead.High))
}

// charts draws a report.
type charts struct {
	r      *Report
	order  []string // playbooks, the one that fires most first
	colour map[string]string
	note   string // what the timeline leaves out
}

func (r *Report) charts() *charts {
	c := &charts{r: r, colour: map[string]string{}}
	for i, l := range c.playbooks() {
		if l.Fired == 0 {
			break
		}
		c.order = append(c.order, l.Playbook)
		c.colour[l.Playbook] = grey
		if i < pageColours {
			c.colour[l.Playbook] = colours[i]
		}
	}
	return c
}

// playbooks returns the lines of those that fired, the one that fires most first, and then
// those that did not.
func (c *charts) playbooks() []PlaybookLine {
	lines := slices.Clone(c.r.Playbooks)
	slices.SortStableFunc(lines, func(a, b PlaybookLine) int { return b.Fired - a.Fired })
	return lines
}

func (c *charts) legend() template.HTML {
	var b strings.Builder
	b.WriteString(`<div class="legend">`)
	for _, name := range c.order[:min(len(c.order), pageColours)] {
		fmt.Fprintf(&b, `<span><i style="background:%s"></i>%s</span>`, c.colour[name], template.HTMLEscapeString(name))
	}
	if len(c.order) > pageColours {
		fmt.Fprintf(&b, `<span><i style="background:%s"></i>%d others</span>`, grey, len(c.order)-pageColours)
	}
	b.WriteString(`</div>`)
	return template.HTML(b.String())
}
