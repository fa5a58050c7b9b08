package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func textJSON(kind string, n int) string {
	return fmt.Sprintf(`{"type":%q,"text":%q}`, kind, strings.Repeat("x", n))
}

func buttonJSON(id string, label, value int) string {
	return fmt.Sprintf(`{"type":"button","action_id":%q,"text":%s,"value":%q}`, id, textJSON("plain_text", label), strings.Repeat("v", value))
}

func optionsJSON(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"text":{"type":"plain_text","text":"o"},"value":"%d"}`, i)
	}
	return "[" + strings.Join(out, ",") + "]"
}

func times(n int, f func(i int) string) string {
	out := make([]string, n)
	for i := range out {
		out[i] = f(i)
	}
	return strings.Join(out, ",")
}

func chartJSON(series, points, label int) string {
	categories := times(points, func(i int) string { return fmt.Sprintf(`"%0*d"`, label, i) })
	data := times(points, func(i int) string { return fmt.Sprintf(`{"label":"%0*d","value":%d}`, label, i, i) })
	return fmt.Sprintf(`{"type":"data_visualization","title":"t","chart":{"type":"line","axis_config":{"categories":[%s]},"series":[%s]}}`,
		categories, times(series, func(i int) string { return fmt.Sprintf(`{"name":"s%d","data":[%s]}`, i, data) }))
}

func TestBlocksAreTakenAndRefusedAsSlackDoes(t *testing.T) {
	button := func(i int) string { return buttonJSON(fmt.Sprint("a", i), 3, 3) }
	actions := func(n int) string {
		return `{"type":"actions","elements":[` + times(n, button) + `]}`
	}
	element := func(e string) string { return `{"type":"actions","elements":[` + e + `]}` }
	section := func(rest string) string { return `{"type":"section","text":{"type":"mrkdwn","text":"t"}` + rest + `}` }
	menu := func(kind string, n int) string {
		return element(fmt.Sprintf(`{"type":%q,"action_id":"m","options":%s}`, kind, optionsJSON(n)))
	}
	for _, c := range []struct {
		name, block string
		place       string // JSON pointer of the refusal; "" means taken
	}{
		{"a section of 3000 characters", `{"type":"section","text":` + textJSON("mrkdwn", 3000) + `}`, ""},
		{"a section of 3001", `{"type":"section","text":` + textJSON("mrkdwn", 3001) + `}`, "/blocks/0/text/text"},
		{"an empty section", `{"type":"section"}`, "/blocks/0"},
		{"an empty text", `{"type":"section","text":` + textJSON("mrkdwn", 0) + `}`, "/blocks/0/text/text"},
		{"ten fields", section(`,"fields":[` + times(10, func(int) string { return textJSON("mrkdwn", 2000) }) + `]`), ""},
		{"eleven fields", section(`,"fields":[` + times(11, func(int) string { return textJSON("mrkdwn", 1) }) + `]`), "/blocks/0/fields"},
		{"a field of 2001", section(`,"fields":[` + textJSON("mrkdwn", 2001) + `]`), "/blocks/0/fields/0/text"},
		{"25 buttons", actions(25), ""},
		{"26 buttons", actions(26), "/blocks/0/elements"},
		{"no buttons", actions(0), "/blocks/0/elements"},
		{"a button text of 75", element(buttonJSON("a", 75, 2000)), ""},
		{"a button text of 76", element(buttonJSON("a", 76, 1)), "/blocks/0/elements/0/text/text"},
		{"a button value of 2001", element(buttonJSON("a", 1, 2001)), "/blocks/0/elements/0/value"},
		{"an action_id of 256", element(buttonJSON(strings.Repeat("a", 256), 1, 1)), "/blocks/0/elements/0/action_id"},
		{"a mrkdwn button", element(`{"type":"button","action_id":"a","text":{"type":"mrkdwn","text":"x"}}`), "/blocks/0/elements/0/text/type"},
		{"a button style that is none", element(`{"type":"button","action_id":"a","style":"red","text":` + textJSON("plain_text", 1) + `}`), "/blocks/0/elements/0/style"},
		{"a button URL that is none", element(`{"type":"button","action_id":"a","url":"here","text":` + textJSON("plain_text", 1) + `}`), "/blocks/0/elements/0/url"},
		{"the same action twice", element(button(1) + "," + button(1)), "/blocks/0/elements/1/action_id"},
		{"the same block twice", `{"type":"divider","block_id":"d"},{"type":"divider","block_id":"d"}`, "/blocks/1/block_id"},
		{"100 options", menu("static_select", 100), ""},
		{"101 options", menu("static_select", 101), "/blocks/0/elements/0/options"},
		{"an overflow of 5", menu("overflow", 5), ""},
		{"an overflow of 6", menu("overflow", 6), "/blocks/0/elements/0/options"},
		{"no options", element(`{"type":"static_select","action_id":"m"}`), "/blocks/0/elements/0"},
		{"an initial option that is offered", element(`{"type":"static_select","action_id":"m","options":` + optionsJSON(2) + `,"initial_option":{"text":{"type":"plain_text","text":"o"},"value":"1"}}`), ""},
		{"an initial option that is not", element(`{"type":"static_select","action_id":"m","options":` + optionsJSON(2) + `,"initial_option":{"text":{"type":"plain_text","text":"o"},"value":"9"}}`), "/blocks/0/elements/0/initial_option"},
		{"a date that is none", element(`{"type":"datepicker","action_id":"m","initial_date":"2026-02-30"}`), "/blocks/0/elements/0/initial_date"},
		{"a context of 11", `{"type":"context","elements":[` + times(11, func(int) string { return textJSON("mrkdwn", 1) }) + `]}`, "/blocks/0/elements"},
		{"a header of 150", `{"type":"header","text":` + textJSON("plain_text", 150) + `}`, ""},
		{"a header of 151", `{"type":"header","text":` + textJSON("plain_text", 151) + `}`, "/blocks/0/text/text"},
		{"a block that does not exist", `{"type":"banner"}`, "/blocks/0/type"},
		{"a field that does not exist", `{"type":"divider","colour":"red"}`, "/blocks/0"},
		{"not even an object", `7`, "/blocks/0"},
		{"a text that is a string", `{"type":"section","text":"plain"}`, "/blocks/0/text"},
		{"a markdown of 12001", `{"type":"markdown","text":"` + strings.Repeat("x", 12001) + `"}`, "/blocks/0/text"},
		{"an uneven table", `{"type":"table","rows":[[{"type":"raw_text","text":"a"}],[]]}`, "/blocks/0/rows/1"},
		{"a chart of 6 series and 20 points", chartJSON(6, 20, 20), ""},
		{"a chart of 7 series", chartJSON(7, 2, 2), "/blocks/0/chart/series"},
		{"a chart of 21 points", chartJSON(1, 21, 2), "/blocks/0/chart/series/0/data"},
		{"a chart label of 21", chartJSON(1, 2, 21), "/blocks/0/chart/series/0/data/0/label"},
		{"a chart point without a category", strings.Replace(chartJSON(1, 2, 2), `{"label":"01"`, `{"label":"02"`, 1), "/blocks/0/chart/series/0/data"},
		{"a pie of nothing", `{"type":"data_visualization","title":"t","chart":{"type":"pie","segments":[{"label":"a","value":0}]}}`, "/blocks/0/chart/segments/0/value"},
		{"an alert of an unknown level", `{"type":"alert","level":"loud","text":` + textJSON("plain_text", 1) + `}`, "/blocks/0/level"},
		{"a list that nests without end", strings.Repeat(`{"type":"container","title":{"type":"plain_text","text":"x"},"child_blocks":[`, 30) + strings.Repeat("]}", 30), "/blocks/0/child_blocks/0/type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema, err := loadSchema()
			if err != nil {
				t.Fatal(err)
			}
			value, err := parseJSON([]byte("[" + c.block + "]"))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(schema.checkBlocks(surfaceMessage, "/blocks", value.([]any)), "\n")
			if c.place == "" && got != "" || c.place != "" && !strings.Contains(got, "[json-pointer:"+c.place+"]") {
				t.Errorf("got %q, want a refusal at %q", got, c.place)
			}
		})
	}
}

func TestEveryRuleOfTheSchemaIsUnderstood(t *testing.T) {
	schema, err := loadSchema()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"string": true, "url": true, "date": true, "time": true, "bool": true, "integer": true, "number": true, "text": true,
		"list": true, "element": true, "block": true, "context": true, "rich": true, "cell": true, "chart": true, "object": true, "any": true}
	var check func(at string, r *rule)
	check = func(at string, r *rule) {
		if !known[r.Is] {
			t.Errorf("%s: is %q", at, r.Is)
		}
		if r.Is == "object" && schema.Objects[r.Name] == nil {
			t.Errorf("%s: there is no object %q", at, r.Name)
		}
		if r.Is == "list" && r.Of == nil {
			t.Errorf("%s: a list of what?", at)
		}
		for _, name := range r.In {
			if r.Is == "element" && schema.Elements[name] == nil || r.Is == "block" && schema.Blocks[name] == nil {
				t.Errorf("%s: there is no %s %q", at, r.Is, name)
			}
		}
		if r.Of != nil {
			check(at+" items", r.Of)
		}
	}
	for _, group := range []map[string]*shape{schema.Blocks, schema.Elements, schema.Objects} {
		for kind, form := range group {
			for name, r := range form.Fields {
				check(kind+"."+name, r)
			}
		}
	}
}

func TestEveryMethodHasItsLimits(t *testing.T) {
	l, err := loadLimits()
	if err != nil {
		t.Fatal(err)
	}
	for name := range methods() {
		if _, ok := l.Methods[name]; !ok {
			t.Errorf("%s is not in limits.json", name)
		}
	}
	for name := range l.Methods {
		if methods()[name] == nil {
			t.Errorf("limits.json has %s, which does not exist", name)
		}
	}
}

// FuzzBlocks makes sure that nothing an app can send as blocks breaks the
// workspace: what is taken can be shown, searched for elements and stored.
func FuzzBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"hi"},"accessory":{"type":"button","action_id":"a","text":{"type":"plain_text","text":"b"}}}]`)
	f.Add("[" + chartJSON(2, 3, 2) + "]")
	f.Add(`[{"type":"input","label":{"type":"plain_text","text":"l"},"element":{"type":"static_select","options":` + optionsJSON(2) + `}}]`)
	f.Add(`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}]`)
	f.Add(`[{"type":"table","rows":[[{"type":"raw_text","text":"a"}]]},null,[],{"type":null}]`)
	schema, err := loadSchema()
	if err != nil {
		f.Fatal(err)
	}
	w := &Workspace{schema: schema}
	f.Fuzz(func(t *testing.T, body string) {
		value, err := parseJSON([]byte(body))
		blocks, ok := value.([]any)
		if err != nil || !ok {
			return
		}
		if len(schema.checkBlocks(surfaceMessage, "/blocks", blocks)) > 0 {
			return
		}
		w.nameParts(blocks)
		for i, b := range blocks {
			if text(b.(object)["block_id"]) == "" {
				t.Errorf("block %d was taken and has no block_id: %s", i, body)
			}
		}
		if problems := schema.checkBlocks(surfaceMessage, "/blocks", blocks); len(problems) > 0 {
			t.Errorf("taken once, refused with its ids: %v: %s", problems, body)
		}
		parts := schema.parts(blocks)
		for _, values := range stateOf(parts, values{}) {
			if len(values) == 0 {
				t.Errorf("an empty state: %s", body)
			}
		}
		if _, err := json.Marshal(blocks); err != nil {
			t.Error(err)
		}
		textSize(blocks)
	})
}
