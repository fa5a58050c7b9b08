package playbooks

import "github.com/goccy/go-yaml/ast"

// notYet lists what the format knows and the engine does not carry out, by thing
// and field, with what to write instead. There is nothing of the kind.
var notYet = map[string]map[string]string{}

// unavailable reports a field that is right but not carried out.
func (d *document) unavailable(what, key string, k ast.Node) {
	if instead, ok := notYet[what][key]; ok {
		d.report(d.pos(k), d.width(k), Unavailable, "leave it out for this version: "+instead, "%s of %s is not carried out", key, what)
	}
}
