package outline

import (
	"maps"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// ends lists how the playbook can end.
func (o *outline) ends() {
	o.say(0, "flow.outcomes", nil)
	for _, name := range slices.Sorted(maps.Keys(o.playbook.Outcomes)) {
		def := o.playbook.Outcomes[name]
		id := "flow.outcome"
		if def.Good != nil && *def.Good {
			id = "flow.outcome.good"
		} else if def.Good != nil {
			id = "flow.outcome.bad"
		}
		text := o.voice.Say(id, words.Args{"outcome": o.outcome(name)})
		if def.Escalate != "" {
			text += o.voice.Say("flow.and_then", nil) + o.voice.Say("flow.told", words.Args{"person": o.named(def.Escalate)})
		}
		o.add(1, text)
	}
	var others []string
	for _, name := range o.undeclared() {
		others = append(others, o.outcome(name))
	}
	o.say(1, "flow.outcomes.others", words.Args{"outcomes": strings.Join(others, o.voice.Say("dm.separator", nil))})
}

// undeclared are the outcomes by which the playbook can end besides those it declares:
// those it leads to, and those that every playbook has.
func (o *outline) undeclared() []string {
	found := map[string]bool{playbooks.Stopped: true}
	to := func(t playbooks.Target) {
		if t.Outcome != "" {
			found[t.Outcome] = true
		}
	}
	for _, s := range o.steps() {
		to(s.Then)
		if s.Ask != nil {
			found[playbooks.NotAProblem] = true // one click on every question
			for i := range s.Ask.Answers {
				to(s.Ask.Answers[i].Then)
			}
		}
		for _, b := range s.Branch {
			to(b.Then)
			if b.Unknown != nil {
				to(*b.Unknown)
			}
		}
		if s.Otherwise != nil {
			to(s.Otherwise.Then)
		}
		if s.Approve != nil {
			to(s.Approve.Denied)
		}
	}
	for _, b := range o.playbook.StopWhen {
		to(b.Then)
	}
	if p := o.playbook; p.Rule != nil && p.OnResolve != playbooks.ContinueOnResolve {
		found[playbooks.ResolvedOut] = true
	}
	maps.DeleteFunc(found, func(name string, _ bool) bool { _, declared := o.playbook.Outcomes[name]; return declared })
	return slices.Sorted(maps.Keys(found))
}
