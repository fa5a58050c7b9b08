package worker_test

// shared are the files that every book of these tests has.
var shared = map[string]string{
	"team.yaml": `
people:
  tanaka: {name: Tanaka, email: tanaka@example.com, roles: [csm], manager: yamada, time_zone: Asia/Tokyo, country: JP}
  miller: {name: Miller, email: miller@example.com, roles: [csm], manager: yamada, time_zone: America/New_York, country: US, budget: 2}
  yamada: {name: Yamada, email: yamada@example.com, time_zone: Asia/Tokyo, country: JP}
default_owner: yamada
channels: {alerts: "#cs-alerts", ops: "#cs-ops"}
`,
	"signals.yaml": `
signals:
  score: {kind: gauge}
  logins: {kind: count}
  tickets: {kind: count}
  users: {kind: unique}
attributes: {risk: text}
`,
	"journey.yaml": `
stages:
  adoption: {title: Adoption}
  renewal: {title: Renewal}
milestones:
  kickoff: {title: Kickoff, stage: adoption}
`,
	"segments.yaml": `
segments:
  touch: [{value: high, if: account.seats >= 50}, {value: tech}]
`,
}

// lowScore asks, hands out a task, waits, and says how it ended.
const lowScore = `
playbook: low-score
title: Low score
about: The score is low.
stage: adoption
severity: high
when: score.last() <= 2
resolve: score.last() > 5
cooldown: 30d
assign: account.owner
channel: "#cs-alerts"
steps:
  - id: why
    ask: "Why is the score of {{ account.name }} low?"
    answers:
      unhappy: {label: They are unhappy, then: call}
      season: {label: Season, collect: {until: date}, snooze: until, then: =not_a_problem}
      other: {label: Something else, start: look, then: =passed_on}
      renew: {label: Renewing, set: {stage: renewal, milestone.kickoff: true, attributes.risk: low}, then: =passed_on}
    remind: [1wd]
    escalate: {after: 2wd, to: manager}
    otherwise: {after: 5wd, then: =unanswered}
  - {id: call, task: "Call {{ account.name }}", due: 1wd, escalate: never, otherwise: {after: 10wd, then: settle}}
  - {id: settle, wait: 7d, until: score.last() > 5}
  - id: result
    branch: [{if: score.last() > 5, then: =recovered}, {else: =not_recovered, unknown: =unclear}]
outcomes:
  recovered: {title: Recovered, good: true}
  not_recovered: {title: Not recovered, good: false}
`

// tickets asks once there are many.
const tickets = `
playbook: tickets
title: Many tickets
about: Many tickets in a day.
stage: adoption
severity: medium
when: tickets.sum("1d") >= 5
cooldown: 1d
on_resolve: close
assign: account.owner
channel: "#cs-alerts"
steps:
  - id: why
    ask: "What are the tickets of {{ account.name }} about?"
    answers: {known: {label: Known, then: =not_a_problem}, new: {label: New, then: tell}}
    otherwise: {after: 5wd, then: =unanswered}
  - {id: tell, say: "Look at {{ account.name }}'s tickets", channel: "#cs-ops", then: =passed_on}
`

// look is started by other playbooks alone.
const look = `
playbook: look
title: A look
about: Somebody looks.
stage: adoption
severity: low
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", due: 2wd, otherwise: {after: 10wd, then: =unanswered}, then: =looked}
outcomes: {looked: {title: Looked at, good: true}}
`

// slow waits for three days before it asks.
const slow = `
playbook: slow
title: Low for long
about: The score has been low for three days.
stage: adoption
severity: medium
when: score.last() <= 2
for: 3d
cooldown: 10d
assign: account.owner
channel: "#cs-alerts"
steps:
  - id: why
    ask: "Why is the score of {{ account.name }} low for so long?"
    answers: {known: {label: Known, then: =not_a_problem}}
    otherwise: {after: 5wd, then: =unanswered}
`

// silence depends on the day alone once logins stop.
const silence = `
playbook: silence
title: No logins
about: Nobody logs in.
stage: adoption
severity: medium
when: logins.days_since() >= 5
cooldown: 10d
assign: account.owner
channel: "#cs-alerts"
steps:
  - id: why
    ask: "Why does nobody of {{ account.name }} log in?"
    answers: {known: {label: Known, then: =not_a_problem}}
    otherwise: {after: 5wd, then: =unanswered}
`
