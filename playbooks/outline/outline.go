// Package outline tells a playbook in plain sentences: what starts it, which steps it
// takes, where each answer leads and how it can end. It is for people who do not read
// playbook files.
package outline

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// A Line is one sentence of an outline.
type Line struct {
	Depth int    `json:"depth"`          // 0 for headings and steps, 1 for what belongs to one, 2 for what belongs to that
	Step  string `json:"step,omitempty"` // the id of the step that the line begins; "" for others
	Text  string `json:"text"`
}

// Of tells a playbook in the voice's language.
func Of(book *playbooks.Book, p *playbooks.Playbook, v *words.Voice) []Line {
	o := of(book, p, v)
	o.say(0, "flow.head", words.Args{"title": o.text(p.Title), "severity": v.Say("severity."+string(p.Severity), nil)})
	o.add(1, o.text(p.About))
	o.start()
	means := len(o.lines)
	if len(p.Variants) > 0 {
		o.variants()
	}
	for i, s := range p.Steps {
		o.step(strconv.Itoa(i+1), s)
	}
	for _, b := range p.StopWhen {
		o.say(0, "flow.stop", words.Args{"if": o.condition(b.If), "goes": o.goes(b.Then)})
	}
	o.ends()
	o.lines = slices.Insert(o.lines, means, o.names()...)
	return o.lines
}

// names says what the lets mean that were named; no lines where none was.
func (o *outline) names() []Line {
	means := o.meanings()
	if len(means) == 0 {
		return nil
	}
	lines := []Line{{Text: o.voice.Say("flow.names", nil)}}
	for _, one := range means {
		lines = append(lines, Line{Depth: 1, Text: one})
	}
	return lines
}

// Text writes an outline as indented text.
func Text(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", l.Depth), l.Text)
	}
	return b.String()
}

type outline struct {
	book     *playbooks.Book
	playbook *playbooks.Playbook
	form     *playbooks.Form // whose condition is told; nil elsewhere
	voice    *words.Voice
	lines    []Line
	lets     map[string]rules.Phrase // by name, those that can be taken apart
	spoken   []string                // lets that were named, in order
}

func (o *outline) add(depth int, text string) {
	if text != "" {
		o.lines = append(o.lines, Line{Depth: depth, Text: text})
	}
}

func (o *outline) say(depth int, id string, args words.Args) { o.add(depth, o.voice.Say(id, args)) }

// filledIn finds what is filled into a text.
var filledIn = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// text returns a text as it was written in the voice's language, with what is filled
// in between ‹ and ›.
func (o *outline) text(t playbooks.Text) string {
	template := t.In(o.voice.Lang())
	if template == nil {
		return ""
	}
	return o.template(template)
}

// template returns a text with what is filled in between ‹ and ›.
func (o *outline) template(t *rules.Template) string {
	return oneLine(filledIn.ReplaceAllStringFunc(t.String(), func(hole string) string {
		return "‹" + o.filled(strings.TrimSpace(hole[2:len(hole)-2])) + "›"
	}))
}

// body tells what a webhook is sent beside what every webhook is sent; "" where that is nothing.
func (o *outline) body(fields []playbooks.BodyField) string {
	var all []string
	for _, f := range fields {
		value := ""
		if f.Text != nil {
			value = o.template(f.Text)
		} else if f.Value != nil {
			value = o.sent(f.Value.String())
		}
		all = append(all, o.voice.Say("flow.sent.field", words.Args{"name": spaced(f.Name), "value": value}))
	}
	return strings.Join(all, o.voice.Say("explain.separator", nil))
}

// sent tells what an expression sends: a fixed value as it is, else what it stands for between ‹ and ›.
func (o *outline) sent(text string) string {
	p, ok := rules.Phrased(text)
	switch {
	case ok && p.Op == "yes":
		return o.voice.Say(map[bool]string{true: "yes", false: "no"}[p.Number == 1], nil)
	case ok && (p.Op == "number" && len(p.Of) == 0 || p.Op == "text"):
		return o.filled(text)
	}
	return "‹" + o.filled(text) + "›"
}

// start says what starts the playbook, and what keeps it from starting.
func (o *outline) start() {
	p, r := o.playbook, o.playbook.Rule
	if r == nil {
		o.say(0, "flow.start.hand", nil)
	} else {
		o.say(0, "flow.start", nil)
		if r.When != nil && r.For.IsZero() {
			o.say(1, "flow.when", words.Args{"if": o.condition(r.When)})
		} else if r.When != nil {
			o.say(1, "flow.when.for", words.Args{"if": o.condition(r.When), "for": r.For})
		}
		if r.Audience != nil {
			o.say(1, "flow.audience", words.Args{"if": o.condition(r.Audience)})
		}
		if len(r.InhibitedBy) > 0 {
			o.say(1, "flow.inhibited", words.Args{"playbooks": o.titles(r.InhibitedBy)})
		}
		if !r.Cooldown.IsZero() {
			o.say(1, "flow.cooldown", words.Args{"for": r.Cooldown})
		}
		if r.Resolve != nil {
			o.say(1, "flow.resolve", words.Args{"if": o.condition(r.Resolve)})
		}
		if p.OnResolve != playbooks.ContinueOnResolve {
			o.say(1, "flow.closes", nil)
		} else {
			o.say(1, "flow.continues", nil)
		}
		o.bounds()
	}
	if p.ForEach != "" {
		o.say(1, "flow.each", nil)
	}
	if p.Draft {
		o.say(1, "flow.draft", nil)
	}
	if len(p.Pilot) > 0 {
		o.say(1, "flow.pilot", words.Args{"people": o.people(p.Pilot)})
	}
	o.say(1, "flow.who", words.Args{"person": o.who(p.Assign), "where": o.where(p.Channel)})
	if p.Also != nil {
		o.say(1, "flow.also", words.Args{"person": o.who(p.Also)})
	}
}

// variants says which accounts begin where.
func (o *outline) variants() {
	o.say(0, "flow.variants", nil)
	for _, variant := range o.playbook.Variants {
		cond := o.voice.Say("flow.variant.rest", nil)
		if variant.If != nil {
			cond = o.condition(variant.If)
		}
		text := o.voice.Say("flow.variant", words.Args{"variant": o.variantName(variant), "if": cond})
		if variant.Entry != "" {
			text = o.voice.Say("flow.variant.entry", words.Args{"variant": o.variantName(variant), "if": cond, "step": o.stepName(variant.Entry)})
		}
		o.add(1, text)
		for _, s := range variant.Steps {
			o.step(o.number(s.ID)+" ("+o.variantName(variant)+")", s)
			o.lines[len(o.lines)-1].Depth = max(1, o.lines[len(o.lines)-1].Depth)
		}
	}
}

// variantName is what people call a variant.
func (o *outline) variantName(v playbooks.Variant) string {
	return cmp.Or(v.Title.In(o.voice.Lang()), spaced(v.Name))
}

// step tells one step, and where it leads.
func (o *outline) step(number string, s *playbooks.Step) {
	begins := len(o.lines)
	args := words.Args{"number": number, "text": o.stepText(s)}
	id := "flow.step." + string(s.Kind)
	switch s.Kind {
	case playbooks.TaskStep:
		args["due"] = s.Task.Due
		if s.Task.Due.IsZero() {
			id = "flow.step.task.open"
		}
	case playbooks.WaitStep:
		id, args = o.waits(number, s.Wait)
	case playbooks.StartStep:
		args["playbook"] = o.title(s.Start)
	case playbooks.SetStep:
		args["fields"] = o.sets(s.Set)
	case playbooks.WebhookStep:
		args["system"] = s.Webhook.Name
	}
	o.say(0, id, args)
	o.lines[begins].Step = s.ID
	if s.To != nil {
		o.say(1, "flow.to", words.Args{"person": o.who(s.To)})
	}
	if s.Webhook != nil {
		o.say(1, "flow.sent", words.Args{"fields": o.body(s.Webhook.Body)})
	}
	if s.Kind == playbooks.AskStep {
		for i := range s.Ask.Answers {
			o.answer(&s.Ask.Answers[i])
		}
	}
	if s.Kind == playbooks.TaskStep {
		for _, item := range s.Task.Checklist {
			o.say(1, "flow.item", words.Args{"text": o.text(item)})
		}
	}
	if s.Attach != nil {
		o.attached(s.Attach)
	}
	if s.Kind == playbooks.HandoffStep {
		o.handing(s)
	}
	for _, b := range s.Branch {
		switch {
		case b.If != nil:
			o.say(1, "flow.branch", words.Args{"if": o.condition(b.If), "goes": o.goes(b.Then)})
		case b.Unknown != nil:
			id := "flow.branch.else"
			if *b.Unknown == b.Then {
				id = "flow.branch.same"
			}
			o.say(1, id, words.Args{"goes": o.goes(b.Then), "unknown": o.goes(*b.Unknown)})
		}
	}
	o.silence(s)
	if s.Then != (playbooks.Target{}) && s.Kind != playbooks.BranchStep {
		o.say(1, "flow.then", words.Args{"goes": o.goes(s.Then)})
	}
}

// stepText returns what a step says to somebody.
func (o *outline) stepText(s *playbooks.Step) string {
	switch s.Kind {
	case playbooks.AskStep:
		return o.text(s.Ask.Text)
	case playbooks.TaskStep:
		return o.text(s.Task.Text)
	case playbooks.SayStep:
		return o.text(s.Say.Text)
	case playbooks.HandoffStep:
		if f := o.book.Forms[s.Handoff]; f != nil {
			return f.Title.In(o.voice.Lang())
		}
		return s.Handoff
	}
	return ""
}

func (o *outline) waits(number string, w *playbooks.Wait) (id string, args words.Args) {
	args = words.Args{"number": number}
	switch {
	case w.Date != nil:
		args["date"] = o.day(w.Date)
		return "flow.step.wait.date", args
	case w.Until != nil && !w.For.IsZero():
		args["for"], args["until"] = w.For, o.condition(w.Until)
		return "flow.step.wait.both", args
	case w.Until != nil:
		args["until"] = o.condition(w.Until)
		return "flow.step.wait.until", args
	}
	args["for"] = w.For
	return "flow.step.wait.for", args
}

// answer tells what a button does.
func (o *outline) answer(a *playbooks.Answer) {
	var does []string
	for _, c := range a.Collect {
		does = append(does, o.voice.Say("flow.collect", words.Args{"name": o.collected(c)}))
	}
	if len(a.Set) > 0 {
		does = append(does, o.voice.Say("flow.set", words.Args{"fields": o.sets(a.Set)}))
	}
	if a.Start != "" {
		does = append(does, o.voice.Say("flow.starts", words.Args{"playbook": o.title(a.Start)}))
	}
	if a.Snooze != "" {
		does = append(does, o.snooze(a))
	}
	does = append(does, o.goes(a.Then))
	o.say(1, "flow.answer", words.Args{"label": o.text(a.Label), "does": strings.Join(does, o.voice.Say("flow.and_then", nil))})
}

// snooze says for how long an answer leaves the account alone.
func (o *outline) snooze(a *playbooks.Answer) string {
	for _, c := range a.Collect {
		if c.Name == a.Snooze {
			return o.voice.Say("flow.snooze.date", nil)
		}
	}
	if d, err := rules.ParsePeriod(a.Snooze); err == nil {
		return o.voice.Say("flow.snooze.for", words.Args{"for": d})
	}
	return o.voice.Say("flow.snooze", words.Args{"until": spaced(a.Snooze)})
}

// silence tells what happens while nobody answers.
func (o *outline) silence(s *playbooks.Step) {
	if s.Repeat != nil {
		o.repeats(s.Repeat)
	}
	for _, r := range s.Remind {
		o.say(1, "flow.remind", words.Args{"after": r})
	}
	if s.Escalate != nil {
		o.say(1, "flow.escalate", words.Args{"after": s.Escalate.After, "person": o.named(s.Escalate.To)})
	}
	if s.Approve != nil {
		o.say(1, "flow.approve", words.Args{"person": o.named(s.Approve.By), "within": s.Approve.Within, "goes": o.goes(s.Approve.Denied)})
	}
	if s.Otherwise != nil {
		id := "flow.otherwise"
		if s.Kind != playbooks.AskStep {
			id = "flow.otherwise.task"
		}
		o.say(1, id, words.Args{"after": s.Otherwise.After, "goes": o.goes(s.Otherwise.Then)})
	}
}

// steps are all steps, those of variants last.
func (o *outline) steps() []*playbooks.Step {
	all := slices.Clone(o.playbook.Steps)
	for i := range o.playbook.Variants {
		all = append(all, o.playbook.Variants[i].Steps...)
	}
	return all
}

// goes says where a target leads.
func (o *outline) goes(t playbooks.Target) string {
	switch {
	case t.Outcome != "":
		return o.voice.Say("flow.ends", words.Args{"outcome": o.outcome(t.Outcome)})
	case t.Step != "":
		return o.voice.Say("flow.goes", words.Args{"step": o.stepName(t.Step)})
	}
	return o.voice.Say("flow.goes.on", nil)
}

func (o *outline) outcome(name string) string {
	if def, ok := o.playbook.Outcomes[name]; ok {
		if title := o.text(def.Title); title != "" {
			return title
		}
	}
	if id := "outcome." + name; o.voice.Has(id) {
		return o.voice.Say(id, nil)
	}
	return strings.ReplaceAll(name, "_", " ")
}

// number returns a step's place in the playbook, from 1.
func (o *outline) number(id string) string {
	for i, s := range o.playbook.Steps {
		if s.ID == id {
			return strconv.Itoa(i + 1)
		}
	}
	return "?"
}

func (o *outline) stepName(id string) string {
	return o.voice.Say("flow.step.name", words.Args{"number": o.number(id)})
}

// title returns another playbook's title.
func (o *outline) title(name string) string {
	if p := o.book.Playbooks[name]; p != nil {
		return o.text(p.Title)
	}
	return name
}

func (o *outline) titles(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, o.title(name))
	}
	return o.voice.List(all)
}

func (o *outline) sets(all []playbooks.Assignment) string {
	var fields []string
	for _, a := range all {
		fields = append(fields, o.fieldName(a.Field))
	}
	return o.voice.List(fields)
}

// fieldName is what people call a field of the account that a play notes.
func (o *outline) fieldName(field string) string {
	if name, ok := strings.CutPrefix(field, "milestone."); ok {
		return o.voice.Say("flow.milestone", words.Args{"milestone": o.milestone(name)})
	}
	if id := "flow.value." + field; o.voice.Has(id) {
		return o.voice.Say(id, nil)
	}
	field = strings.TrimPrefix(strings.TrimPrefix(field, "attributes."), "account.")
	if title := o.fieldTitle("attributes", field); title != "" {
		return title
	}
	if id := "attribute." + field; o.voice.Has(id) {
		return o.voice.Say(id, nil)
	}
	return o.voice.Say("flow.field", words.Args{"name": spaced(field)})
}

// oneLine writes an expression of several lines in one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
