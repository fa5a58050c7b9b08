package intake

import (
	"encoding/json"
	"fmt"
	"net/http"

	"playcaller/playbooks"
)

// plan says what switching to the book in the body would do: {"files": {"login-drop.yaml": "playbook: …"}}. Nothing changes.
// With "weeks" it also says how many prompts a week each person would have got in so many weeks, by either book. A book with mistakes is answered with 422 and all of them.
func (in *Intake) plan(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Files map[string]string `json:"files"`
		Weeks int               `json:"weeks"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, `want {"files": {"NAME.yaml": "TEXT", …}}, the files of a book by their path in its folder: `+err.Error())
		return
	}
	if body.Weeks < 0 || body.Weeks > 52 {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("weeks %d: want a number from 0 to 52", body.Weeks))
		return
	}
	files := make(map[string][]byte, len(body.Files))
	for name, text := range body.Files {
		files[name] = []byte(text)
	}
	plan, problems, err := in.o.Plan(r.Context(), files, body.Weeks)
	switch {
	case err != nil:
		in.fail(w, r, err)
	case plan == nil:
		answer(w, http.StatusUnprocessableEntity, struct {
			Error    string              `json:"error"`
			Problems []playbooks.Problem `json:"problems"`
		}{"the book cannot be used", problems})
	default:
		answer(w, http.StatusOK, plan)
	}
}
