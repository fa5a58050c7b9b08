package cards

import (
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// handoffCard draws a handoff: whose turn it is and until when, the gaps first,
// then what is filled in.
func handoffCard(s *Scene) Message {
	h := s.Run.Handoff
	head, next := s.handoffHead(h)
	blocks := []slack.Block{section(head)}
	if gaps := s.gaps(h); gaps != "" && (h.State == playbooks.HandoffDraft || h.State == playbooks.HandoffSent || h.State == playbooks.HandoffAskedBack) {
		blocks = append(blocks, section(gaps))
	}
	blocks = append(blocks, s.questions(h)...)
	blocks = append(blocks, s.openItems(h)...)
	visit := s.Run.Current()
	if h.State != playbooks.HandoffDraft && (visit == nil || visit.Kind == playbooks.HandoffStep) {
		blocks = append(blocks, s.values(h)...) // afterwards "read" shows them
	}
	if s.Run.Open() && visit != nil {
		switch {
		case s.Run.Ending():
		case visit.Kind == playbooks.HandoffStep:
			blocks = append(blocks, s.handoffButtons(h, visit))
		default:
			body, then := s.body(StateOf(s.Run, s.Now))
			blocks, next = append(blocks, body...), then
		}
		if undo := s.undo(); undo != nil {
			blocks = append(blocks, s.actions("undo", undo))
		}
	}
	if !s.Run.Open() {
		body, _ := s.body(EndedState)
		blocks = append(blocks, body...)
	}
	if foot := s.handoffFoot(); foot != "" {
		blocks = append(blocks, context(foot))
	}
	return Message{Text: fallback(head, next), Blocks: Fit(blocks)}
}

// handoffHead says from whom to whom, and whose turn it is.
func (s *Scene) handoffHead(h *playbooks.Handoff) (head, next string) {
	args := words.Args{
		"customer": s.customer(), "sales": s.person(h.Sales), "accepter": s.person(h.Accepter),
		"person": s.person(h.Turn), "due": "", "reason": Escape(h.Reason), "start": s.startDate(h),
		"form": line(s.form().Title.In(s.Voice.Lang())),
	}
	head = s.Voice.Say("handoff.head", args)
	if start := s.startDate(h); start != "" {
		head += s.Voice.Say("handoff.starts", args)
	}
	id := "handoff.turn." + string(h.State)
	if visit := s.Run.Current(); visit != nil && !visit.Due.IsZero() && visit.Kind == playbooks.HandoffStep {
		args["due"] = s.dueDay(visit)
		id += ".by"
	}
	if next = s.Voice.Say(id, args); s.Voice.Has(id) {
		head += "\n" + next
	}
	return head, ""
}

// handoffLine says in a list what a handoff waits for: the question that is open,
// or how much is missing.
func (s *Scene) handoffLine(h *playbooks.Handoff) string {
	said := s.Voice.Say("handoff.waits."+string(h.State), nil)
	if open := h.Open(); h.State == playbooks.HandoffAskedBack && len(open) > 0 {
		q := h.Questions[open[len(open)-1]]
		return said + "\n" + s.Voice.Say("handoff.question", words.Args{"person": s.person(q.By), "question": Clip(line(q.Text), 400)})
	}
	if gaps := s.gaps(h); gaps != "" {
		return said + "\n" + Clip(gaps, 500)
	}
	return said
}

// startDate returns when what is handed over starts, as the reader writes it: the day that
// the form says, else that of a contract which is still to begin; or "".
func (s *Scene) startDate(h *playbooks.Handoff) string {
	for _, field := range []string{"start", "contract_start", "start_date", "from_day"} {
		if slices.Contains(h.Hidden, field) {
			continue
		}
		if d, err := rules.ParseDate(textOf(h.Fields[field])); err == nil {
			return s.Voice.Date(d)
		}
	}
	if s.Account != nil {
		for i := range s.Account.Contracts {
			if c := &s.Account.Contracts[i]; c.Start.In(time.UTC).After(s.Now) && (s.Run.Subject == "" || c.ID == s.Run.Subject) {
				return s.Voice.Date(c.Start)
			}
		}
	}
	return ""
}

// gaps names what is missing, ★ first.
func (s *Scene) gaps(h *playbooks.Handoff) string {
	if len(h.Missing) == 0 {
		return ""
	}
	stars := min(max(h.Stars, 0), len(h.Missing))
	var lines []string
	if stars > 0 {
		lines = append(lines, s.Voice.Say("handoff.gaps", words.Args{"count": stars, "fields": s.fieldLabels(h.Missing[:stars])}))
	}
	if later := h.Missing[stars:]; len(later) > 0 {
		lines = append(lines, s.Voice.Say("handoff.gaps_later", words.Args{"count": len(later), "fields": s.fieldLabels(later)}))
	}
	return strings.Join(lines, "\n")
}

// fieldLabels names fields of the run's form, escaped.
func (s *Scene) fieldLabels(ids []string) []string {
	var labels []string
	for _, id := range ids {
		name := id
		if f := s.form().Field(id); f != nil && f.Label.In(s.Voice.Lang()) != "" {
			name = f.Label.In(s.Voice.Lang())
		}
		labels = append(labels, line(Clip(name, 60)))
	}
	return labels
}

// questions shows what was asked back and what the answers were, the last five.
func (s *Scene) questions(h *playbooks.Handoff) []slack.Block {
	var lines []string
	for _, q := range h.Questions {
		said := s.Voice.Say("handoff.question", words.Args{
			"person": s.person(q.By), "question": Clip(Escape(q.Text), 400)})
		switch {
		case !q.Answered.IsZero() && strings.TrimSpace(q.Answer) == "":
			said += "\n" + s.Voice.Say("handoff.answer_form", words.Args{"person": s.person(q.AnswerBy)})
		case !q.Answered.IsZero():
			said += "\n" + s.Voice.Say("handoff.answer", words.Args{
				"person": s.person(q.AnswerBy), "answer": Clip(Escape(q.Answer), 400)})
		}
		lines = append(lines, said)
	}
	if len(lines) == 0 {
		return nil
	}
	return []slack.Block{section(strings.Join(lines[max(0, len(lines)-5):], "\n"))}
}

// openItems shows what stayed open when the handoff was accepted.
func (s *Scene) openItems(h *playbooks.Handoff) []slack.Block {
	var lines []string
	for _, item := range h.OpenItems {
		due := "–"
		if d, err := rules.ParseDate(item.Due); err == nil {
			due = s.Voice.Date(d)
		}
		lines = append(lines, s.Voice.Say("handoff.open_item", words.Args{
			"item": Clip(line(item.Text), 200), "person": s.person(item.Owner), "due": due}))
	}
	if len(lines) == 0 {
		return nil
	}
	return []slack.Block{section(strings.Join(lines[:min(len(lines), 12)], "\n"))}
}

// values shows the filled fields, short ones side by side.
func (s *Scene) values(h *playbooks.Handoff) []slack.Block {
	var blocks []slack.Block
	var row []*slack.TextBlockObject
	flush := func() {
		if len(row) > 0 {
			blocks = append(blocks, slack.NewSectionBlock(nil, row, nil))
			row = nil
		}
	}
	for _, field := range s.asked().Fields() {
		value := s.Value(field, h.Fields[field.ID])
		if value == "" || len(blocks) >= 12 {
			continue
		}
		row = append(row, mrkdwn("*"+line(field.Label.In(s.Voice.Lang()))+"*\n"+Clip(value, 300), maxField))
		if len(row) == maxFields {
			flush()
		}
	}
	flush()
	return blocks
}

// Value writes a form value for people, escaped; "" for one that is blank.
func (s *Scene) Value(field *playbooks.Field, value any) string {
	if playbooks.Blank(value) {
		return ""
	}
	lang := s.Voice.Lang()
	label := func(id string) string {
		for _, c := range field.Choices {
			if c.ID == id && c.Label.In(lang) != "" {
				return line(c.Label.In(lang))
			}
		}
		return line(id)
	}
	switch field.Kind {
	case playbooks.PersonField:
		return s.person(textOf(value))
	case playbooks.DateField:
		if d, err := rules.ParseDate(textOf(value)); err == nil {
			return s.Voice.LongDate(d)
		}
	case playbooks.AmountField:
		if n, ok := number(value); ok && s.Account != nil {
			return line(s.Voice.Money(n, s.Account.Currency))
		}
	case playbooks.NumberField:
		if n, ok := number(value); ok {
			return s.Voice.Number(n)
		}
	case playbooks.YesNoField:
		if b, ok := value.(bool); ok {
			return s.Voice.Say(map[bool]string{true: "yes", false: "no"}[b], nil)
		}
	case playbooks.ChoiceField:
		return label(textOf(value))
	case playbooks.ChoicesField:
		var all []string
		for _, id := range listOf(value) {
			all = append(all, label(id))
		}
		return s.Voice.List(all)
	case playbooks.ListField:
		var all []string
		for _, one := range listOf(value) {
			all = append(all, "• "+line(one))
		}
		if len(all) == 1 {
			return strings.TrimPrefix(all[0], "• ")
		}
		return strings.Join(all, "\n")
	}
	return Escape(textOf(value))
}

// handoffButtons are what the one whose turn it is can do.
func (s *Scene) handoffButtons(h *playbooks.Handoff, visit *playbooks.Visit) slack.Block {
	say := func(id string) string { return s.Voice.Say("button."+id, nil) }
	ref := s.ref(visit)
	var elements []slack.BlockElement
	var options []*slack.OptionBlockObject
	switch h.State {
	case playbooks.HandoffDraft:
		elements = append(elements, primary(button(FillAction, say("fill"), ref)))
		options = append(options, option(WithdrawAction, say("withdraw")))
	case playbooks.HandoffSent:
		elements = append(elements, primary(button(AcceptAction, say("accept"), ref)), button(AskBackAction, say("ask_back"), ref),
			button(ReassignAction, say("choose_assignee"), ref))
		options = append(options, option(AcceptView+"_open", say("accept_open")), option(DeclineAction, say("decline")),
			option(FillAction, say("edit")), option(WithdrawAction, say("withdraw")))
	case playbooks.HandoffAskedBack:
		elements = append(elements, primary(button(ReplyAction, say("reply"), ref)), button(FillAction, say("edit"), ref))
		options = append(options, option(ReassignAction, say("choose_assignee")), option(WithdrawAction, say("withdraw")))
	}
	options = append(options, option(ReadAction, say("read")))
	elements = append(elements, slack.NewOverflowBlockElement(MoreAction, options...))
	return s.actions("handoff", elements...)
}

// handoffFoot is the last line of a handoff's card.
func (s *Scene) handoffFoot() string {
	h := s.Run.Handoff
	parts := []string{s.Voice.Say("handoff.score", words.Args{"percent": s.Voice.Percent(h.Score)})}
	if s.Account != nil {
		if crm := link(s.Account.URL, s.Voice.Say("why.crm", nil)); crm != "" {
			parts = append(parts, crm)
		}
	}
	return strings.Join(parts, " · ")
}

// ReadForm shows a whole handoff.
func ReadForm(s *Scene) slack.ModalViewRequest {
	blocks := []slack.Block{section(s.headline())}
	h := s.Run.Handoff
	asked := s.asked()
	for i := range asked.Sections {
		part := &asked.Sections[i]
		var lines []string
		for k := range part.Fields {
			field := &part.Fields[k]
			value := s.Value(field, h.Fields[field.ID])
			if value == "" {
				value = s.Voice.Say("handoff.blank", nil)
			}
			lines = append(lines, "*"+line(field.Label.In(s.Voice.Lang()))+"*  "+Clip(value, 600))
		}
		if title := part.Title.In(s.Voice.Lang()); title != "" && len(lines) > 0 {
			blocks = append(blocks, slack.NewHeaderBlock(plain(title, maxPlaceholder)))
		}
		blocks = append(blocks, paragraphs(lines)...)
	}
	return modal(s.Voice, ReadView, s.Voice.Say("modal.handoff", nil), "", s.ref(s.Run.Current()), blocks...)
}

// paragraphs packs lines into as few sections as hold them.
func paragraphs(lines []string) []slack.Block {
	var blocks []slack.Block
	var b strings.Builder
	for _, l := range lines {
		l = Clip(l, maxText-100)
		if b.Len() > 0 && b.Len()+len(l) > maxText-100 {
			blocks = append(blocks, section(b.String()))
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l)
	}
	if b.Len() > 0 {
		blocks = append(blocks, section(b.String()))
	}
	return blocks
}
