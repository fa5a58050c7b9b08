package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// leastPeers is of how many other accounts a feature must be known before peers
// says anything of them: the tenth part of fewer is nobody.
const leastPeers = 10

// everybody is what {segment: …} says for all accounts, whatever their segment.
const everybody = "all"

// A PeerFeature is a feature that rules ask of an account's peers: the accounts
// that have the same value of a segment, or all accounts where Segment is "".
type PeerFeature struct {
	Feature string `json:"feature"` // as it is written in an expression, such as logins.drop("14d")
	Segment string `json:"segment,omitempty"`
}

// A PeerGroup is a PeerFeature for one value of its segment: what one Distribution
// is about.
type PeerGroup struct {
	PeerFeature
	Value string `json:"value,omitempty"` // of the segment; "" too for accounts in none
}

// A PeerValue is what one account adds to the Distribution of its group.
type PeerValue struct {
	PeerGroup
	Number float64 `json:"number"`
	Beyond bool    `json:"beyond,omitempty"` // of a feature judged by chance: it is beyond it
}

// A peerAsk is a PeerFeature as compiled.
type peerAsk struct {
	PeerFeature
	slot    int // of the feature
	segment int // slot of the segment, -1 for all accounts
}

// PeerFeatures lists what the compiled expressions ask of peers, so that each
// account's values can be collected by Facts.PeerValues and handed back by
// Facts.SetPeers.
func (c *Compiler) PeerFeatures() []PeerFeature {
	var all []PeerFeature
	for _, ask := range c.peers {
		all = append(all, ask.PeerFeature)
	}
	return all
}

// PeerValues returns what the account adds to the distributions of its peers. A
// feature that is unknown, or whose segment is, adds nothing.
func (f *Facts) PeerValues() []PeerValue {
	var all []PeerValue
	for _, ask := range f.core.peers {
		group, missing := f.groupOf(ask)
		r := f.slot(ask.slot)
		if missing.known() && r.gap.known() {
			all = append(all, PeerValue{group, r.number, f.core.slots[ask.slot].feature.beyond(r.number)})
		}
	}
	return all
}

// SetPeers tells how a feature is spread over the other accounts of a group: the
// account that is judged should not be among them. nil, also from peers itself,
// means that nothing is known of them. It stays until it is set anew.
func (f *Facts) SetPeers(peers func(PeerGroup) *Distribution) {
	f.peers = peers
	f.invalidate()
}

func (f *Facts) groupOf(ask peerAsk) (PeerGroup, gap) {
	group := PeerGroup{PeerFeature: ask.PeerFeature}
	if ask.segment < 0 {
		return group, gap{}
	}
	r := f.slot(ask.segment)
	group.Value = r.text
	return group, r.gap
}

// beyond reports whether a feature judged by chance came to more than chance.
func (ft *feature) beyond(v float64) bool {
	return ft.judged() && v != ft.neutral()
}

// judged reports whether the feature is neutral within chance.
func (ft *feature) judged() bool {
	switch ft.op {
	case opDrop, opSpike, opTrend, opShift, opShiftDays:
		return true
	}
	return false
}

// neutral is what a judged feature is within chance.
func (ft *feature) neutral() float64 {
	if ft.op == opSpike {
		return 1
	}
	return 0
}

// peerFields lists what peers("…").NAME may be.
func peerFields() map[string]func(*Distribution) float64 {
	at := func(p float64) func(*Distribution) float64 {
		return func(d *Distribution) float64 { return d.Quantile(p) }
	}
	return map[string]func(*Distribution) float64{
		"median": at(0.5), "p10": at(0.1), "p25": at(0.25), "p75": at(0.75), "p90": at(0.9),
		"share": (*Distribution).Share,
		"count": func(d *Distribution) float64 { return float64(d.Count()) },
	}
}

var peerFieldNames = []string{"median", "p10", "p25", "p75", "p90", "count", "share"}

// peer works out peers("…").NAME.
func (f *Facts) peer(ask peerAsk, name string, of func(*Distribution) float64) result {
	group, missing := f.groupOf(ask)
	if !missing.known() {
		return result{gap: missing}
	}
	var d *Distribution
	if f.peers != nil {
		d = f.peers(group)
	}
	known := 0
	if d != nil {
		known = d.Count()
	}
	if name == "count" {
		return result{number: float64(known)}
	}
	if known < leastPeers {
		return result{gap: gap{Code: FewPeers, Of: ask.Feature, Count: int16(known), Need: leastPeers}}
	}
	return result{number: of(d)}
}

// askPeers checks peers("FEATURE", {segment: "NAME"}).FIELD.
func (k *checker) askPeers(node *ast.Node, n *ast.MemberNode, call *ast.CallNode, name string) Type {
	of, known := peerFields()[name]
	if !known {
		return k.unknown(n.Property.Location(), "field of peers", name, slices.Clone(peerFieldNames))
	}
	ask, ok := k.peerAsk(call)
	if !ok {
		return ""
	}
	if ft := k.slots[ask.slot].feature; name == "share" && !ft.judged() {
		return k.wrong(n.Property, "ask for .median or .p90", "%s() is not judged by chance, so there is no share of peers beyond it", ft.op)
	}
	segment := everybody
	if ask.segment >= 0 {
		segment = ask.Segment
	}
	key := fmt.Sprintf("peers(%q, {segment: %q}).%s", strings.ReplaceAll(ask.Feature, `"`, `'`), segment, name)
	reads := []int{ask.slot}
	if ask.segment >= 0 {
		reads = append(reads, ask.segment)
	}
	return k.use(node, k.slotOf(key, func() slot {
		return slot{text: key, typ: Number, reads: reads, get: func(f *Facts) result { return f.peer(ask, name, of) }}
	}))
}

// peerAsk reads the brackets of peers(…), and remembers what is asked for.
func (k *checker) peerAsk(call *ast.CallNode) (peerAsk, bool) {
	const example = `peers("logins.drop('14d')").median`
	if len(call.Arguments) < 1 || len(call.Arguments) > 2 {
		k.wrong(call.Callee, "write "+example, "peers() takes a feature in quotes")
		return peerAsk{}, false
	}
	text, isText := call.Arguments[0].(*ast.StringNode)
	if !isText {
		k.wrong(call.Arguments[0], "write "+example, "a feature of peers stands in quotes")
		return peerAsk{}, false
	}
	i, ok := k.quoted(text)
	if !ok {
		return peerAsk{}, false
	}
	if ft := k.slots[i].feature; ft.hours > 0 {
		k.wrong(text, `ask for days, such as "1d"`, "peers are compared by days, not by hours")
		return peerAsk{}, false
	}
	ask := peerAsk{PeerFeature{Feature: k.slots[i].text}, i, -1}
	if len(k.order) > 0 {
		ask.Segment, ask.segment = k.order[0], k.segments[k.order[0]]
	}
	if len(call.Arguments) == 2 && !k.peerSegment(call.Arguments[1], &ask) {
		return peerAsk{}, false
	}
	if !slices.ContainsFunc(k.peers, func(have peerAsk) bool { return have.PeerFeature == ask.PeerFeature }) {
		k.core.peers = append(k.core.peers, ask)
	}
	return ask, true
}

// peerSegment reads {segment: "NAME"}.
func (k *checker) peerSegment(arg ast.Node, ask *peerAsk) bool {
	m, ok := arg.(*ast.MapNode)
	if !ok {
		k.wrong(arg, "", `options are written as {segment: "NAME"}`)
		return false
	}
	for _, one := range m.Pairs {
		pair := one.(*ast.PairNode)
		if key, _ := pair.Key.(*ast.StringNode); key == nil || key.Value != "segment" {
			name := ""
			if key != nil {
				name = key.Value
			}
			k.unknown(pair.Key.Location(), "option", name, []string{"segment"})
			return false
		}
		name, isText := pair.Value.(*ast.StringNode)
		if !isText {
			k.wrong(pair.Value, "", `segment is a name in quotes, or "all"`)
			return false
		}
		i, known := k.segments[name.Value]
		switch {
		case known:
			ask.Segment, ask.segment = name.Value, i
		case name.Value == everybody:
			ask.Segment, ask.segment = "", -1
		default:
			k.unknown(name.Location(), "segment", name.Value, append(slices.Clone(k.order), everybody))
			return false
		}
	}
	return true
}

// quoted checks a feature that stands in a text and returns its slot. What is wrong
// is shown where it stands.
func (k *checker) quoted(text *ast.StringNode) (int, bool) {
	from, length := k.place(text.Location())
	inner, node := k.Compiler.parse(Source{Text: text.Value})
	typ := Type("")
	if node != nil && len(inner.problems) == 0 {
		typ = inner.check(&node)
	}
	i, plain := slotOfNode(node)
	if len(inner.problems) == 0 && typ == Number && plain && inner.slots[i].feature != nil {
		return i, true
	}
	if len(inner.problems) == 0 {
		k.report(from, length, "peers() takes one feature that is a number", "", fmt.Sprintf(`"%s"`, `logins.drop('14d')`))
		return 0, false
	}
	literal := k.src.Text[from : from+length]
	for _, p := range inner.problems {
		at, underlined := from, length
		if strings.Contains(literal, text.Value) { // no escapes: the place inside is the place outside
			at, underlined = from+1+p.Offset, p.Length
		}
		fix := ""
		if p.Fix != "" {
			fix = literal[:1] + otherQuotes(p.Fix, literal[0]) + literal[:1]
		}
		q := problemAt(k.src, from, length, "%s", p.Message)
		q.Suggestion = p.Suggestion
		if fix != "" {
			q.Fix = strings.TrimSpace(q.replaced(fix))
		}
		q.Offset, q.Length = at, underlined
		q.Line, q.Column = k.src.At(at)
		k.problems = append(k.problems, q)
	}
	return 0, false
}

// otherQuotes writes a text's own quotes so that it can stand within quote.
func otherQuotes(text string, quote byte) string {
	if quote == '"' {
		return strings.ReplaceAll(text, `"`, `'`)
	}
	return strings.ReplaceAll(text, `'`, `"`)
}
