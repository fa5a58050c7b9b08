package playbooks

// Check says why an event changes nothing: a *Refusal with a code of the words
// catalogue, or nil where Advance will act on it. People are answered with it;
// for the clock and the rules it only says that the event is out of date.
func (p *Playbook) Check(run Run, ev Event, env Env) error { return nil }
