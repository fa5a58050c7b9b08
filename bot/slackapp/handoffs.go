package slackapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// newForm is the kind of handoff that is meant where nothing is said.
const newForm = "new"

// mostEntries is how many lines a list of a form may have where the field does
// not say.
const mostEntries = 30

// onSuggestion offers accounts in the menu of /handoff.
func (a *App) onSuggestion(ctx context.Context, d delivery) error {
	c, err := a.who(ctx, d.interaction.User.ID)
	if err != nil {
		return err
	}
	person := ""
	if c.Person != nil {
		person = c.ID
	}
	found, err := a.o.Reads.FindAccounts(ctx, strings.TrimSpace(d.interaction.Value), person, 100)
	if err != nil {
		return fmt.Errorf("look for accounts: %w", err)
	}
	options := cards.AccountOptions(c.voice, found)
	if options == nil {
		options = []*slack.OptionBlockObject{}
	}
	return d.ack(slack.OptionsResponse{Options: options})
}

// picked goes on from the choice of an account to its form.
func (a *App) picked(ctx context.Context, d delivery, c *caller, ref cards.Ref) error {
	account, err := a.o.Reads.Account(ctx, given(&d.interaction.View, cards.AccountBlock).SelectedOption.Value)
	if err != nil {
		return fmt.Errorf("read the account: %w", err)
	}
	if account == nil {
		a.refused.Add(1)
		return d.ack(slack.NewErrorsViewSubmissionResponse(map[string]string{cards.AccountBlock: c.voice.Say("field.needed", nil)}))
	}
	ref.Account = account.ID
	if kind := given(&d.interaction.View, cards.KindBlock).SelectedOption.Value; kind != "" {
		ref.Form = kind
	}
	view, said, err := a.handoffForm(ctx, c, account, ref.Form)
	if err != nil {
		return err
	}
	if said != "" {
		return a.refuseForm(d, c, said)
	}
	return a.update(ctx, d, c, view)
}

// mostAck is how many bytes an acknowledgement may have; Slack drops those of
// 20 KB or more.
const mostAck = 18_000

func small(view slack.ModalViewRequest) bool { return jsonSize(view) < mostAck }

// jsonSize counts the bytes of a payload.
func jsonSize(payload any) int {
	b, err := json.Marshal(payload)
	if err != nil {
		return 0
	}
	return len(b)
}

// waiting is what stands in a form's place for the moment until it is there.
func waiting(c *caller) *slack.ModalViewRequest {
	view := cards.Notice(c.voice, "…")
	return &view
}

// handoffForm draws an empty form for an account, prefilled with what is known;
// said is why there is none.
func (a *App) handoffForm(ctx context.Context, c *caller, account *rules.Account, kind string) (view slack.ModalViewRequest, said string, err error) {
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return view, "", fmt.Errorf("read the book: %w", err)
	}
	form := book.Forms[kind]
	if form == nil || playbookFor(book, kind) == "" {
		return view, c.voice.Say("command.no_form", words.Args{"form": kind}), nil
	}
	if said, err := a.underWay(ctx, c, account, account.ID, playbookFor(book, kind)); said != "" || err != nil {
		return view, said, err
	}
	facts, err := a.o.Reads.Facts(ctx, account.ID, book.Hash, a.o.Clock.Now())
	if err != nil {
		return view, "", fmt.Errorf("read the account's data: %w", err)
	}
	values, err := a.filledIn(ctx, c, form, facts, account.ID)
	if err != nil {
		return view, "", err
	}
	return cards.HandoffForm(cards.FormScene{
		Form: form, Hidden: form.Hidden(facts, "", values), Account: account, Values: values, Voice: c.voice, User: a.userOf(ctx),
		Ref: cards.Ref{Account: account.ID, Form: kind},
	}), "", nil
}

// underWay says that somebody hands the account over already by the same kind of handoff,
// which another one would not join; "" where nobody does.
func (a *App) underWay(ctx context.Context, c *caller, account *rules.Account, id, playbook string) (said string, err error) {
	runs, err := a.o.Reads.AccountRuns(ctx, id)
	if err != nil {
		return "", fmt.Errorf("read the plays of %s: %w", id, err)
	}
	for _, r := range runs {
		if r.Open() && r.Playbook == playbook && r.Subject == "" && r.Handoff != nil {
			return c.voice.Say("handoff.under_way", words.Args{"customer": cards.CustomerName(c.voice, account, id),
				"person": cards.PersonName(c.voice, c.team, r.Handoff.Sales), "state": c.voice.Say("handoff.state."+string(r.Handoff.State), nil)}), nil
		}
	}
	return "", nil
}

// fill draws the form of a handoff that is under way, with what it holds. A draft that
// nobody has saved yet is filled in with what is known.
func (a *App) fill(ctx context.Context, c *caller, s *cards.Scene, visit *playbooks.Visit) (slack.ModalViewRequest, error) {
	f := cards.FormScene{Form: &playbooks.Form{}, Account: s.Account, Voice: c.voice, User: a.userOf(ctx),
		Ref: cards.Ref{Run: s.Run.ID, Visit: visit.N, Account: s.Run.Account}}
	h := s.Run.Handoff
	if h == nil || s.Book == nil || s.Book.Forms[h.Kind] == nil {
		return cards.HandoffForm(f), nil
	}
	f.Values, f.Ref.Form, f.Form = maps.Clone(h.Fields), h.Kind, s.Book.Forms[h.Kind]
	facts, err := a.o.Reads.Facts(ctx, s.Run.Account, s.Run.Book, a.o.Clock.Now())
	if err != nil {
		return slack.ModalViewRequest{}, fmt.Errorf("read the account's data: %w", err)
	}
	if h.State == playbooks.HandoffDraft {
		known, err := a.filledIn(ctx, c, f.Form, facts, s.Run.Account)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		maps.Copy(known, h.Fields)
		f.Values = known
	}
	f.Hidden = f.Form.Hidden(facts, s.Run.Subject, f.Values)
	return cards.HandoffForm(f), nil
}

// playbookFor returns the name of the playbook that plays handoffs of a kind; the
// first by name where several do.
func playbookFor(book *playbooks.Book, kind string) string {
	var names []string
	for name, p := range book.Playbooks {
		if slices.ContainsFunc(p.Steps, func(s *playbooks.Step) bool {
			return s.Kind == playbooks.HandoffStep && s.Handoff == kind
		}) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// handoffSubmitted works a filled form: of a new handoff, or of one under way.
func (a *App) handoffSubmitted(ctx context.Context, d delivery, c *caller, ref cards.Ref) error {
	view := &d.interaction.View
	f, err := a.filling(ctx, c, ref)
	if err != nil {
		return err
	}
	if f == nil {
		return a.refuseForm(d, c, c.voice.Say("click.gone", nil))
	}
	values, wrong, err := a.values(ctx, c, f.form, view)
	if err != nil {
		return err
	}
	all := f.all(ref, values)
	for id, fault := range f.form.Without(f.hidden(all)).Faults(all) {
		if block := cards.FieldBlock + id; shown(view, id) && wrong[block] == "" {
			wrong[block] = c.fault(fault, all)
		}
	}
	if len(wrong) > 0 {
		a.refused.Add(1)
		return d.ack(slack.NewErrorsViewSubmissionResponse(wrong))
	}
	draft := len(given(view, cards.DraftBlock).SelectedOptions) > 0
	if !draft {
		if asked, err := a.askFurther(ctx, d, c, f, ref, all); asked || err != nil {
			return err
		}
	}
	for id, value := range ref.Kept {
		if !shown(view, id) {
			values[id] = value
		}
	}
	if s := f.scene; s != nil {
		return a.submitEvent(ctx, d, c, s, playbooks.Event{Kind: playbooks.Submitted, At: a.o.Clock.Now(), By: c.ID,
			Run: ref.Run, Visit: ref.Visit, Fields: values})
	}
	said, err := a.underWay(ctx, c, f.account, ref.Account, f.playbook)
	if err != nil {
		return err
	}
	if said != "" {
		return a.refuseForm(d, c, said)
	}
	id := "handoff/" + view.ID
	maps.DeleteFunc(values, func(_ string, v any) bool { return playbooks.Blank(v) })
	start := inbox.Start{
		Account: ref.Account, Playbook: f.playbook, By: c.ID, Form: ref.Form, Fields: values, Draft: draft, ID: id,
	}
	var more []string
	for _, o := range given(view, cards.MoreBlock).SelectedOptions {
		more = append(more, o.Value)
		account, err := a.o.Reads.Account(ctx, o.Value)
		if err != nil {
			return fmt.Errorf("read the account %s: %w", o.Value, err)
		}
		if said, err = a.underWay(ctx, c, account, o.Value, f.playbook); err != nil {
			return err
		}
		if said != "" {
			a.refused.Add(1)
			return d.ack(slack.NewErrorsViewSubmissionResponse(problems{cards.MoreBlock: said}))
		}
	}
	made, err := inbox.Event(inbox.AccountKey(ref.Account), inbox.StartKind, a.o.Clock.Now(), start)
	if err == nil {
		err = a.handOverMore(ctx, c, id, f, more, start)
	}
	if err := a.publish(ctx, id, made, err); err != nil {
		return errors.Join(err, a.refuseForm(d, c, c.voice.Say("command.failed", nil)))
	}
	return d.ack(nil)
}

// values reads the fields that a handoff form shows, and returns what is wrong with them,
// field by field. Empty fields are not wrong, and nil.
func (a *App) values(ctx context.Context, c *caller, form *playbooks.Form, view *slack.View) (map[string]any, problems, error) {
	values, wrong := map[string]any{}, problems{}
	for _, f := range form.Fields() {
		if !shown(view, f.ID) {
			continue
		}
		block := cards.FieldBlock + f.ID
		in := given(view, block)
		var value any
		switch f.Kind {
		case playbooks.PersonField:
			if in.SelectedUser == "" {
				break
			}
			id, err := a.personGiven(ctx, c, view, block, wrong)
			if err != nil {
				return nil, nil, err
			}
			value = id
		default:
			var id string
			var n int
			if value, id, n = fieldValue(f, in); id != "" {
				wrong[block] = c.voice.Say(id, words.Args{"count": n})
			}
		}
		if playbooks.Blank(value) {
			value = nil
		}
		values[f.ID] = value
	}
	return values, wrong, nil
}

// fault says why what is filled in for a field cannot be.
func (c *caller) fault(fault playbooks.Fault, all map[string]any) string {
	if of := fault.Of; of != nil {
		day, _ := rules.ParseDate(fmt.Sprint(all[of.ID]))
		args := words.Args{"field": firstOf(of.Label.In(c.voice.Lang()), of.ID), "date": c.voice.LongDate(day)}
		if fault.After {
			return c.voice.Say("field.after", args)
		}
		return c.voice.Say("field.before", args)
	}
	if fault.Min == nil {
		return c.voice.Say("field.whole", nil)
	}
	args := words.Args{"min": c.voice.Number(*fault.Min)}
	if fault.Whole {
		return c.voice.Say("field.whole_min", args)
	}
	return c.voice.Say("field.min", args)
}

// fieldValue reads one field; problem is the id of what to say, with its number.
func fieldValue(f *playbooks.Field, in slack.BlockAction) (value any, problem string, n int) {
	text := strings.TrimSpace(in.Value)
	switch f.Kind {
	case playbooks.DateField:
		if in.SelectedDate == "" {
			return nil, "", 0
		}
		if _, err := rules.ParseDate(in.SelectedDate); err != nil {
			return nil, "field.date", 0
		}
		return in.SelectedDate, "", 0
	case playbooks.NumberField, playbooks.AmountField:
		if text == "" {
			return nil, "", 0
		}
		x, err := parseNumber(text)
		if err != nil {
			return nil, "field.number", 0
		}
		return x, "", 0
	case playbooks.YesNoField:
		switch in.SelectedOption.Value {
		case "yes":
			return true, "", 0
		case "no":
			return false, "", 0
		}
		return nil, "", 0
	case playbooks.ChoiceField:
		return firstOf(in.SelectedOption.Value, text), "", 0
	case playbooks.ChoicesField:
		var all []string
		for _, o := range in.SelectedOptions {
			all = append(all, o.Value)
		}
		return all, "", 0
	case playbooks.ListField:
		all, most := lines(in.Value), mostEntries
		if f.Max > 0 {
			most = f.Max
		}
		if len(all) > most {
			return nil, "field.entries", most
		}
		return all, "", 0
	}
	if f.Max > 0 && utf8.RuneCountInString(text) > f.Max {
		return nil, "field.long", f.Max
	}
	return text, "", 0
}

// parseNumber reads a number as people write it: 1,200 or 12.5.
func parseNumber(s string) (float64, error) {
	n, err := strconv.ParseFloat(strings.NewReplacer(",", "", " ", "", "\uff0c", "").Replace(strings.TrimSpace(s)), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
