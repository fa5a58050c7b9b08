package worker_test

import (
	"testing"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
)

// handing is a playbook and a form by which an account gets another owner.
var handing = map[string]string{
	"team.yaml": `
people:
  tanaka: {name: Tanaka, email: tanaka@example.com, roles: [csm], manager: yamada, time_zone: Asia/Tokyo, country: JP}
  miller: {name: Miller, email: miller@example.com, roles: [csm], manager: yamada, time_zone: Asia/Tokyo, country: JP}
  jones: {name: Jones, email: jones@example.com, roles: [csm], manager: yamada, time_zone: Asia/Tokyo, country: JP}
  yamada: {name: Yamada, email: yamada@example.com, time_zone: Asia/Tokyo, country: JP}
default_owner: yamada
channels: {alerts: "#cs-alerts", ops: "#cs-ops"}
`,
	"low-score.yaml": lowScore, "look.yaml": look,
	"passing.yaml": "playbook: passing\ntitle: Passing\nabout: The account gets another owner.\nsteps:\n  - {id: form, handoff: csm_to_csm}\n  - {id: meet, task: Meet them}\n",
	"handoff.yaml": `forms:
  csm_to_csm:
    title: {en: CSM to CSM, ja: CSM間}
    from: owner
    to: csm
    role: owner
    fallback: 14d
    plays: true
    sections: [{title: {en: Who, ja: 担当}, fields: [{id: why, label: {en: Why, ja: 理由}}]}]
`}

// TestWhoHasTheFewestOpenPlaysIsProposed counts what the store has of all accounts: miller
// has a question open, so that it is jones.
func TestWhoHasTheFewestOpenPlaysIsProposedAndTakesOverWhatIsOpen(t *testing.T) {
	b := newBench(t, handing)
	b.send(b.acme(), b.account("busy", `{"name":"Busy","time_zone":"Asia/Tokyo","stage":"adoption","roles":[{"role":"owner","person":"miller"}]}`))
	b.send(b.signal("busy", "score", 1), b.signal("acme", "score", 1))
	b.stands("acme", "low-score at why")
	fields := map[string]any{"why": "too many"}
	b.send(b.event(inbox.AccountKey("acme"), inbox.StartKind, inbox.Start{Account: "acme", Playbook: "passing", By: "tanaka", Form: "csm_to_csm", Fields: fields, ID: "one"}))
	r := b.run("acme", "passing")
	if r.Handoff == nil || r.Handoff.Accepter != "jones" || !r.Handoff.Proposed {
		t.Fatalf("the handoff goes to %+v, want jones, who has nothing open", r.Handoff)
	}
	b.send(b.act("acme", "passing", playbooks.Event{Kind: playbooks.Accepted, By: "jones"}))
	asked := func(account string) string {
		r := b.run(account, "low-score")
		return r.Current().Assignee
	}
	if got := asked("acme"); got != "jones" {
		t.Errorf("the question that was open is now %s's, want jones's", got)
	}
	if got := asked("busy"); got != "miller" {
		t.Errorf("another account's question is now %s's", got)
	}
	roles := map[string]string{}
	for _, role := range b.known("acme").Account.Roles {
		if role.To == 0 || role.Role == playbooks.FallbackRole {
			roles[role.Role] = role.Person
		}
	}
	if roles["owner"] != "jones" || roles[playbooks.FallbackRole] != "tanaka" {
		t.Errorf("the roles are %v", roles)
	}
}
