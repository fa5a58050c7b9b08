package playbooks

import "github.com/goccy/go-yaml/ast"

// notYet lists what the format knows and the engine does not carry out, by thing
// and field. Such a field is parsed and checked like every other, and then refused
// by name, so that nothing that a file says is ignored silently. A line leaves this
// table when the engine learns it.
var notYet = map[string]map[string]string{
	"a playbook": {
		"group": "each account gets its own message",
		"pilot": "use an audience of a few accounts instead",
	},
	"a step": {
		"webhook": "ask for it as a task",
		"attach":  "write the text into the task",
	},
}

// unavailable reports a field that is right but not carried out.
func (d *document) unavailable(what, key string, k ast.Node) {
	if instead, ok := notYet[what][key]; ok {
		d.report(d.pos(k), d.width(k), Unavailable, "leave it out for this version: "+instead, "%s of %s is not carried out", key, what)
	}
}
