package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parsed(t *testing.T, s string) object {
	t.Helper()
	value, err := parseJSON([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return value.(object)
}

func TestAValueIsReadAsTheElementsKindAsks(t *testing.T) {
	options := `"options":` + optionsJSON(3)
	for _, c := range []struct{ name, element, in, want, refusal string }{
		{"a text", `{"type":"plain_text_input"}`, `{"value":"hi"}`, `{"type":"plain_text_input","value":"hi"}`, ""},
		{"an empty text is none", `{"type":"plain_text_input"}`, `{"value":""}`, `{"type":"plain_text_input","value":null}`, ""},
		{"a number", `{"type":"number_input"}`, `{"value":4.5}`, `{"type":"number_input","value":"4.5"}`, ""},
		{"an option by its value", `{"type":"static_select",` + options + `}`, `{"selected_option":"1"}`,
			`{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"o"},"value":"1"}}`, ""},
		{"an option in full", `{"type":"radio_buttons",` + options + `}`, `{"selected_option":{"value":"2"}}`,
			`{"type":"radio_buttons","selected_option":{"text":{"type":"plain_text","text":"o"},"value":"2"}}`, ""},
		{"an option that is not offered", `{"type":"static_select",` + options + `}`, `{"selected_option":"7"}`, "", "it offers \"0\", \"1\", \"2\""},
		{"several options", `{"type":"checkboxes",` + options + `}`, `{"selected_options":["0",{"value":"1"}]}`,
			`{"type":"checkboxes","selected_options":[{"text":{"type":"plain_text","text":"o"},"value":"0"},{"text":{"type":"plain_text","text":"o"},"value":"1"}]}`, ""},
		{"no options", `{"type":"checkboxes",` + options + `}`, `{"selected_options":[]}`, `{"type":"checkboxes","selected_options":[]}`, ""},
		{"a person by name", `{"type":"users_select"}`, `{"selected_user":"ben"}`, `{"type":"users_select","selected_user":"U0B"}`, ""},
		{"a person who is not there", `{"type":"users_select"}`, `{"selected_user":"U0Z"}`, "", `no user "U0Z"`},
		{"people", `{"type":"multi_users_select"}`, `{"selected_users":["U0A","ben"]}`, `{"type":"multi_users_select","selected_users":["U0A","U0B"]}`, ""},
		{"a channel", `{"type":"conversations_select"}`, `{"selected_conversation":"#x"}`, `{"type":"conversations_select","selected_conversation":"C0X"}`, ""},
		{"a date", `{"type":"datepicker"}`, `{"selected_date":"2026-04-10"}`, `{"type":"datepicker","selected_date":"2026-04-10"}`, ""},
		{"a date that is none", `{"type":"datepicker"}`, `{"selected_date":"10.4."}`, "", "YYYY-MM-DD"},
		{"a time that is none", `{"type":"timepicker"}`, `{"selected_time":"25:00"}`, "", "HH:mm"},
		{"a text that is a list", `{"type":"plain_text_input"}`, `{"value":[]}`, "", "takes a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := quiet(t, Options{})
			got, err := w.given(parsed(t, c.element), parsed(t, c.in), nil)
			if c.refusal != "" {
				if err == nil || !strings.Contains(err.Error(), c.refusal) {
					t.Errorf("got %v, %v; want a refusal with %q", got, err, c.refusal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parsed(t, c.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheFormComplainsBeforeTheAppIsAsked(t *testing.T) {
	for _, c := range []struct{ name, element, value, want string }{
		{"a required text", `{"type":"plain_text_input"}`, ``, "required"},
		{"a text of blanks", `{"type":"plain_text_input"}`, `  `, "required"},
		{"too short", `{"type":"plain_text_input","min_length":3}`, `ab`, "at least 3"},
		{"too long", `{"type":"plain_text_input","max_length":3}`, `長すぎる`, "no more than 3"},
		{"long enough", `{"type":"plain_text_input","min_length":3}`, `日本語`, ""},
		{"not a number", `{"type":"number_input","is_decimal_allowed":true}`, `many`, "a number"},
		{"not a whole number", `{"type":"number_input","is_decimal_allowed":false}`, `1.5`, "a whole number"},
		{"too small a number", `{"type":"number_input","is_decimal_allowed":false,"min_value":"10"}`, `9`, "at least 10"},
		{"too large a number", `{"type":"number_input","is_decimal_allowed":false,"max_value":"10"}`, `11`, "at most 10"},
		{"not an address", `{"type":"email_text_input"}`, `me`, "email"},
		{"an address", `{"type":"email_text_input"}`, `me@example.com`, ""},
		{"not a URL", `{"type":"url_text_input"}`, `example`, "URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := part{block: object{"type": "input"}, element: parsed(t, c.element)}
			got := complain(p, object{"type": p.kind(), "value": c.value}, "en")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
			p.block["optional"] = true
			if got := complain(p, object{"type": p.kind(), "value": nil}, "en"); got != "" {
				t.Errorf("optional and empty: got %q", got)
			}
		})
	}
}

func TestWhatTheAppAnswersToAFormIsDone(t *testing.T) {
	form := `{"type":"modal","title":{"type":"plain_text","text":"T"},"submit":{"type":"plain_text","text":"S"},"blocks":[` +
		`{"type":"input","block_id":"b","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"a"}}]}`
	for _, c := range []struct {
		name, ack string
		open      int
		wrong     string // an error beside the input b
		refusal   string
	}{
		{"nothing closes the view", ``, 1, "", ""},
		{"an empty object closes it too", `{}`, 1, "", ""},
		{"clear closes all", `{"response_action":"clear"}`, 0, "", ""},
		{"errors keep it open", `{"response_action":"errors","errors":{"b":"no"}}`, 2, "no", ""},
		{"errors of another block", `{"response_action":"errors","errors":{"z":"no"}}`, 2, "", `block "z"`},
		{"update", `{"response_action":"update","view":` + modal("") + `}`, 2, "", ""},
		{"push", `{"response_action":"push","view":` + modal("") + `}`, 3, "", ""},
		{"a view that Slack refuses", `{"response_action":"update","view":{"type":"modal"}}`, 2, "", "missing required field: title"},
		{"an action that does not exist", `{"response_action":"dance"}`, 2, "", "dance"},
		{"words", `"ok"`, 2, "", "not a response_action"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := quiet(t, Options{})
			for i, method := range []string{"views.open", "views.push"} {
				if _, code := do(t, w, method, fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, aTrigger(w, "U0A"), form)); code != "" {
					t.Fatal(i, code)
				}
			}
			wrong, err := w.obey(w.stacks["U0A"][1], []byte(c.ack))
			if c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)) || c.refusal == "" && err != nil {
				t.Errorf("got %v, want %q", err, c.refusal)
			}
			if wrong["b"] != c.wrong {
				t.Errorf("got errors %v, want %q", wrong, c.wrong)
			}
			if n := len(w.stacks["U0A"]); n != c.open {
				t.Errorf("got %d open views, want %d", n, c.open)
			}
		})
	}
}

func TestClosingIsToldToAppsThatAsked(t *testing.T) {
	w, _ := quiet(t, Options{})
	for i, rest := range []string{`,"notify_on_close":true`, ``, `,"notify_on_close":true`} {
		method := "views.push"
		if i == 0 {
			method = "views.open"
		}
		if _, code := do(t, w, method, fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, aTrigger(w, "U0A"), modal(rest))); code != "" {
			t.Fatal(code)
		}
	}
	stack := w.stacks["U0A"]
	told, err := w.closing(where{User: "anna", ViewID: stack[1].ID}, false)
	if err != nil || len(told) != 1 || told[0]["view"].(object)["id"] != stack[2].ID || len(w.stacks["U0A"]) != 1 {
		t.Errorf("closing the second of three: got %d payloads, %d left, %v", len(told), len(w.stacks["U0A"]), err)
	}
	if _, err := w.closing(where{User: "ben", ViewID: stack[0].ID}, true); err == nil {
		t.Error("somebody else closed the view")
	}
	if told, err = w.closing(where{User: "anna", ViewID: stack[0].ID}, true); err != nil || len(told) != 1 || told[0]["is_cleared"] != true {
		t.Errorf("closing all: got %v, %v", told, err)
	}
}

func TestAFormComplainsInItsReadersLanguage(t *testing.T) {
	number := part{element: object{"type": "number_input"}, block: object{"type": "input"}}
	for locale, want := range map[string]string{"ja-JP": "半角の数字を入力してください。", "en-GB": "Please enter a number.", "": "Please enter a number."} {
		if got := complain(number, object{"type": "number_input", "value": "\uff11\uff12"}, languageOf(locale)); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
	for what, by := range complaints {
		if strings.Count(by["en"], "%") != strings.Count(by["ja"], "%") || by["en"] == "" || by["ja"] == "" {
			t.Errorf("%s is not the same in both languages: %v", what, by)
		}
	}
}
