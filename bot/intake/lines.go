package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxDepth is how deep a body may nest; nothing that is asked for is deeper than an account's contracts.
const maxDepth = 20

// A line is one object of a body and where it stands: the line of an NDJSON body, or the place in an array, from 1.
type line struct {
	number int
	text   []byte
	err    error // why it is not an object
}

// A Rejected line was not taken in.
type Rejected struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// lines splits a body into its objects: one object, an array of them, or one a line. An error means that the body as a
// whole makes no sense, and nothing of it may be used.
func lines(w http.ResponseWriter, r *http.Request) ([]line, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return nil, err
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return nil, badBody("the body is empty; want a JSON object, an array of objects, or one object a line")
	}
	if body[0] == '[' {
		return array(body)
	}
	if json.Valid(body) && body[0] == '{' {
		return []line{{1, body, depth(body)}}, nil
	}
	split := ndjson(body)
	if len(split) == 1 && split[0].err != nil {
		return nil, badBody(split[0].err.Error())
	}
	return split, nil
}

// badBody is an error that is the caller's.
type badBody string

func (b badBody) Error() string { return string(b) }

func array(body []byte) ([]line, error) {
	if err := depth(body); err != nil {
		return nil, badBody(err.Error())
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, badBody("the array cannot be read, so nothing of it was taken in: " + jsonError(body, err))
	}
	all := make([]line, len(raw))
	for i, text := range raw {
		all[i] = line{number: i + 1, text: text}
		if len(text) == 0 || text[0] != '{' {
			all[i].err = fmt.Errorf("want an object, not %s", clip(text))
		}
	}
	return all, nil
}

func ndjson(body []byte) []line {
	var all []line
	for i, text := range bytes.Split(body, []byte("\n")) {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		l := line{number: i + 1, text: text}
		switch {
		case text[0] != '{':
			l.err = fmt.Errorf("want a JSON object, not %s", clip(text))
		case !json.Valid(text):
			var v json.RawMessage
			l.err = fmt.Errorf("not JSON: %s", jsonError(text, json.Unmarshal(text, &v)))
		default:
			l.err = depth(text)
		}
		all = append(all, l)
	}
	return all
}

// depth refuses what nests deeper than anything that is asked for.
func depth(text []byte) error {
	deep, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if deep++; deep > maxDepth {
				return fmt.Errorf("nested deeper than %d levels", maxDepth)
			}
		case c == '}' || c == ']':
			deep--
		}
	}
	return nil
}

// jsonError says where in a text JSON ends to make sense.
func jsonError(text []byte, err error) string {
	if e, ok := err.(*json.SyntaxError); ok {
		if int(e.Offset) >= len(text) {
			return "it is cut off after " + clip(text[max(0, len(text)-30):])
		}
		return fmt.Sprintf("%v, at byte %d near %s", err, e.Offset, clip(text[max(0, int(e.Offset)-10):]))
	}
	return err.Error()
}

// clip quotes the beginning of a text for an error.
func clip(text []byte) string {
	if len(text) > 40 {
		text = append(bytes.Clone(text[:40]), "…"...)
	}
	return fmt.Sprintf("%q", bytes.ToValidUTF8(text, []byte("?")))
}
