package cards_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/rules"
)

// endings are what ids that are put together in the code can end with, by the
// part that is written there. A part that is not listed here is a mistake of this
// test, so that nobody adds one without saying what can follow.
var endings = map[string][]string{
	"draft.what.": {"card", "say", "webhook", "question", "task", "reminder", "overdue", "escalation", "approval", "told", "outcome", "snooze_over"},
	"button.": {"taken", "done", "more", "snooze", "dismiss", "reassign", "move", "details", "undo", "approve", "refuse", "change_owner", "extend",
		"skip", "accept", "accept_open", "ask_back", "choose_assignee", "decline", "withdraw", "reply", "fill", "edit", "read",
		cards.OpsStartAction, cards.OpsListAction, cards.OpsKeepAction, cards.OpsBeginAction},
	"card.label.":    cardStates(),
	"state.":         {"asked", "taken", "snoozed", "task", "waiting", "approval", "handoff", "held"}, // of open runs
	"severity.":      {"low", "medium", "high"},
	"handoff.state.": handoffStates(),
	"handoff.waits.": handoffStates(),
	"handoff.turn.":  handoffStates(),
	"nudge.": {playbooks.NudgeQuestion, playbooks.NudgeTask, playbooks.NudgeReminder, playbooks.NudgeOverdue, playbooks.NudgeEscalation,
		playbooks.NudgeApproval, playbooks.NudgeTold, playbooks.NudgeHandoff, playbooks.NudgeFill, playbooks.NudgeAskedBack,
		playbooks.NudgeCall, playbooks.NudgeAccepted, playbooks.NudgeDeclined, playbooks.NudgeWithdrawn},
	"dismiss.": cards.DismissReasons,
	"snooze.":  {cards.Tomorrow, cards.NextWeek, cards.InAMonth, cards.OnADate},
	"digest.":  {"overdue", "due", "new", "new_tasks", "carried"},
	"numbers.": {"drop", "spike", "drop.plain", "spike.plain", "drop.today", "spike.today", "drop.hours", "spike.hours", "spike.by_now"},
	"modal.":   {cards.RefuseView, cards.DeclineView, cards.WithdrawView, cards.ReplyView},
	"decision.": {string(rules.Quiet), string(rules.Waits), string(rules.Fired), string(rules.Resolves), string(rules.Unknowable),
		string(rules.Snoozed), string(rules.Inhibited), string(rules.Paused)},
	"why.at.":           {rules.True.String(), rules.False.String(), rules.Unknown.String(), "recorded", "unrecorded", "past", "future"},
	"ops.book.":         {"refused", "unread", "fallback", "same", "mended", "changed"},
	"command.ops.stay.": {"gone", "step", "variant", "undo"},
	"set.contract.":     {"product", "partner", "seats", "amount", "start", "end", "notice_by", "signed", "auto_renew"},
	"attribute.":        {"champion", "sponsor", "risk", "last_win", "next_goals", "interest", "end_user_contact", "onboards", "invoiced", "usual_logins", "usual_users", "suspended"},
	"collect.kind.":     {"date", "person", "amount", "reason", "text"},
	// The code asks the catalogue whether it has these, or has them from it.
	"explain.": nil, "details.without.": nil, "holiday.": nil, "collect.": nil, "answer.": nil, "outcome.": nil, "why.": nil, "why.next.": nil, "account.role.": nil, "refusal.": nil,
}

func cardStates() []string {
	var all []string
	for _, s := range []cards.State{cards.AskedState, cards.TakenState, cards.SnoozedState, cards.TaskState, cards.WaitingState,
		cards.ApprovalState, cards.HandoffState, cards.EndingState, cards.EndedState, cards.HeldState} {
		all = append(all, string(s))
	}
	return all
}

func handoffStates() []string {
	return []string{string(playbooks.HandoffDraft), string(playbooks.HandoffSent), string(playbooks.HandoffAskedBack),
		string(playbooks.HandoffAccepted), string(playbooks.HandoffDeclined), string(playbooks.HandoffWithdrawn)}
}

// sayings returns the ids that a folder's code says or asks for, and the parts of
// those that it puts together.
func sayings(t *testing.T, folder string) (ids, parts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no code in %s: %v", folder, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				f, ok := x.Fun.(*ast.SelectorExpr)
				if !ok || f.Sel.Name != "Say" || len(x.Args) != 2 {
					break
				}
				if lit, ok := x.Args[0].(*ast.BasicLit); ok {
					ids = append(ids, unquote(t, lit))
				}
			case *ast.BinaryExpr: // "button." + id
				if lit, ok := x.X.(*ast.BasicLit); ok && x.Op == token.ADD && lit.Kind == token.STRING {
					if part := unquote(t, lit); strings.HasSuffix(part, ".") && strings.Trim(part, "abcdefghijklmnopqrstuvwxyz_.") == "" {
						parts = append(parts, part)
					}
				}
			case *ast.BasicLit: // an id that is kept in a variable first
				if x.Kind == token.STRING {
					if id := unquote(t, x); begins(id) {
						ids = append(ids, id)
					}
				}
			}
			return true
		})
	}
	return ids, parts
}

// begins reports whether a text looks like an id of the catalogue.
func begins(text string) bool {
	group, rest, ok := strings.Cut(text, ".")
	groups := []string{"card", "numbers", "why", "nudge", "digest", "tasks", "home", "handoff", "details", "decision", "click", "command", "field", "dm", "log", "ops", "group", "draft", "attached"}
	return ok && rest != "" && !strings.HasSuffix(rest, ".") && slices.Contains(groups, group) && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz_.") == ""
}

func unquote(t *testing.T, lit *ast.BasicLit) string {
	t.Helper()
	if lit.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEverythingThatIsSaidIsInBothCatalogues(t *testing.T) {
	texts := cards.NewTexts()
	for _, folder := range []string{".", "..", "../../app"} {
		ids, parts := sayings(t, folder)
		for _, part := range parts {
			ends, listed := endings[part]
			inCatalogue := slices.ContainsFunc(texts.In("en", nil).IDs(), func(id string) bool { return strings.HasPrefix(id, part) })
			if !listed && inCatalogue {
				t.Errorf("%s puts ids together from %q, which this test does not know", folder, part)
			}
			for _, end := range ends {
				ids = append(ids, part+end)
			}
		}
		if len(ids) == 0 {
			t.Errorf("no ids were found in %s", folder)
		}
		for _, id := range ids {
			for _, lang := range []string{"en", "ja"} {
				if !texts.In(lang, nil).Has(id) {
					t.Errorf("%s says %s, which %s.yaml lacks", folder, id, lang)
				}
			}
		}
	}
}

func TestNoMessageIsShownAsItsId(t *testing.T) {
	texts := cards.NewTexts()
	for _, lang := range []string{"en", "ja"} {
		v := texts.In(lang, nil)
		for _, id := range v.IDs() {
			for _, args := range []map[string]any{nil, {"count": 0}, {"count": 1}, {"count": 2}, {"count": 7}} {
				if said := v.Say(id, args); said == id {
					t.Errorf("%s: %s with %v is shown as its id", lang, id, args)
				}
			}
		}
	}
}
