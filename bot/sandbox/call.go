package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is one request to the Web API: its method and its arguments, whether
// they came as a form, in the address or as JSON.
type call struct {
	method string
	host   string
	token  string
	args   object
}

// readCall decodes a request to the Web API.
func (w *Workspace) readCall(rw http.ResponseWriter, r *http.Request, name string) (*call, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, "%s is not possible here; use GET or POST", r.Method)
	}
	c := &call{method: name, host: r.Host, args: object{}}
	for k, v := range r.URL.Query() {
		c.args[k] = v[0]
	}
	body, err := readBody(rw, r, w.limits.Sizes.BodyBytes)
	if err != nil {
		return nil, err
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) == 0:
	case kind == "application/json":
		if err := c.addJSON(body); err != nil {
			return nil, err
		}
	case kind == "multipart/form-data":
		if err := c.addMultipart(body, r, params["boundary"]); err != nil {
			return nil, err
		}
	default:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, slackErr("invalid_form_data")
		}
		for k, v := range form {
			c.args[k] = v[0]
		}
	}
	c.token = c.str("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token = strings.TrimSpace(bearer)
	}
	delete(c.args, "token")
	return c, nil
}

func (c *call) addJSON(body []byte) error {
	value, err := parseJSON(body)
	if err != nil {
		return slackErr("invalid_json")
	}
	fields, ok := value.(object)
	if !ok {
		return slackErr("json_not_object")
	}
	for k, v := range fields {
		c.args[k] = v
	}
	return nil
}

func (c *call) addMultipart(body []byte, r *http.Request, boundary string) error {
	r.Body = io.NopCloser(bytes.NewReader(body))
	if boundary == "" {
		return slackErr("invalid_form_data")
	}
	if err := r.ParseMultipartForm(int64(len(body))); err != nil {
		return slackErr("invalid_form_data")
	}
	for k, v := range r.MultipartForm.Value {
		c.args[k] = v[0]
	}
	return nil
}

// str gives an argument as text; numbers and booleans as they are written.
func (c *call) str(key string) string { return text(c.args[key]) }

// flag gives a boolean argument: true, "true" and "1" are true.
func (c *call) flag(key string) bool {
	v := c.str(key)
	return v == "true" || v == "1"
}

// has tells whether an argument was given at all.
func (c *call) has(key string) bool {
	v, ok := c.args[key]
	return ok && v != nil && v != ""
}

// number gives an integer argument, or the fallback when it is absent.
func (c *call) number(key string, fallback int) (int, error) {
	if !c.has(key) {
		return fallback, nil
	}
	n, err := strconv.Atoi(c.str(key))
	if err != nil {
		return 0, invalidArguments(fmt.Sprintf("[ERROR] must be an integer [json-pointer:/%s]", key))
	}
	return n, nil
}

// structured gives an argument that is JSON, either as such or as text in a form.
// The second result is false when it is absent.
func (c *call) structured(key string) (any, bool, error) {
	switch v := c.args[key].(type) {
	case nil:
		return nil, false, nil
	case string:
		if strings.TrimSpace(v) == "" {
			return nil, false, nil
		}
		out, err := parseJSON([]byte(v))
		return out, true, err
	default:
		return v, true, nil
	}
}

// text writes a JSON scalar as a string; anything else is "".
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

// parseJSON decodes exactly one JSON value and keeps its numbers as written.
func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more after the JSON value")
	}
	return out, nil
}

func invalidArguments(messages ...string) error {
	return &slackError{"invalid_arguments", object{"response_metadata": object{"messages": messages}}}
}

// readBody reads a request's body, up to the size that is allowed.
func readBody(rw http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", limit)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body broke off: %v", err)
	}
	return body, nil
}
