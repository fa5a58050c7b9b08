package intake

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

func TestAPlanIsAskedForWithAWholeBook(t *testing.T) {
	in := New(Options{Tokens: []string{"secret"}, Plan: func(_ context.Context, files map[string][]byte, weeks int) (any, []playbooks.Problem, error) {
		switch {
		case files["gone.yaml"] != nil:
			return nil, nil, store.ErrUnavailable
		case files["odd.yaml"] != nil:
			return nil, nil, errors.New("odd")
		case files["bad.yaml"] != nil:
			return nil, []playbooks.Problem{{File: "bad.yaml", Line: 3, Column: 7, Level: rules.Error, Message: "no"}}, nil
		}
		return map[string]any{"weeks": weeks, "files": len(files)}, nil, nil
	}})
	for _, c := range []struct {
		name, token, body string
		code              int
		want              string
	}{
		{"a good one", "secret", `{"files":{"a.yaml":"x","b.yaml":"y"},"weeks":8}`, http.StatusOK, `{"files":2,"weeks":8}`},
		{"one with mistakes", "secret", `{"files":{"bad.yaml":""}}`, http.StatusUnprocessableEntity, `"line":3`},
		{"without a token", "", `{"files":{}}`, http.StatusUnauthorized, "Bearer"},
		{"no JSON", "secret", `files`, http.StatusBadRequest, `want {\"files\"`},
		{"another field", "secret", `{"file":{}}`, http.StatusBadRequest, "file"},
		{"too many weeks", "secret", `{"files":{},"weeks":99}`, http.StatusBadRequest, "from 0 to 52"},
		{"the store is away", "secret", `{"files":{"gone.yaml":""}}`, http.StatusServiceUnavailable, "cannot be taken in right now"},
		{"something else", "secret", `{"files":{"odd.yaml":""}}`, http.StatusInternalServerError, "the log of the bot says what"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/v1/plan", strings.NewReader(c.body))
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			w := httptest.NewRecorder()
			in.Handler().ServeHTTP(w, r)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("answered %d %s, want %d with %s", w.Code, w.Body, c.code, c.want)
			}
		})
	}
}

func TestReadinessSaysWhatOughtToBeKnown(t *testing.T) {
	in := New(Options{Detail: func() string { return "the book is refused" }})
	w := httptest.NewRecorder()
	in.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusOK || w.Body.String() != "ok\nthe book is refused\n" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
}
