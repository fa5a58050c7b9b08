package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/rules"
)

// maxAccount is how many bytes an account may have.
const maxAccount = 256 << 10

// roleFields are fields of an account that are short for an entry of its roles.
var roleFields = []string{"owner", "ae", "se", "onboarding", "partner_manager"}

// accounts takes accounts in: POST /v1/accounts.
func (in *Intake) accounts(w http.ResponseWriter, r *http.Request) {
	all, err := lines(w, r)
	if err != nil {
		in.bad(w, r, err)
		return
	}
	now := in.o.Clock.Now()
	res := Result{Rejected: []Rejected{}}
	var events []stream.Event
	for _, l := range all {
		id, change, err := accountLine(l)
		if err != nil {
			res.Rejected = append(res.Rejected, Rejected{l.number, err.Error()})
			continue
		}
		ev, err := inbox.Event(inbox.AccountKey(id), inbox.AccountKind, now, change)
		if err != nil {
			in.fail(w, r, err)
			return
		}
		events = append(events, ev)
	}
	if len(events) > 0 {
		if err := in.o.Publish(r.Context(), stream.Bulk, events...); err != nil {
			in.fail(w, r, err)
			return
		}
	}
	res.Accepted = len(events)
	in.counts.accounts.WithLabelValues("accepted").Add(float64(res.Accepted))
	in.counts.accounts.WithLabelValues("rejected").Add(float64(len(res.Rejected)))
	answer(w, http.StatusAccepted, res)
}

// accountLine checks one account and returns what changes of it.
func accountLine(l line) (id string, change json.RawMessage, err error) {
	if l.err != nil {
		return "", nil, l.err
	}
	if len(l.text) > maxAccount {
		return "", nil, fmt.Errorf("an account has at most %d kB, this one has %d", maxAccount>>10, len(l.text)>>10)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(l.text, &fields); err != nil {
		return "", nil, err
	}
	if err := roles(fields); err != nil {
		return "", nil, err
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return "", nil, err
	}
	var a rules.Account
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return "", nil, fieldError(err, AccountFields()...)
	}
	if err := checkAccount(a); err != nil {
		return "", nil, err
	}
	return a.ID, text, nil
}

// AccountFields returns the names of the fields that an account may have, those that are short for a role included.
func AccountFields() []string {
	names := slices.Clone(roleFields)
	for f := range reflect.TypeFor[rules.Account]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// roles turns "owner": "tanaka" and the like into entries of roles.
func roles(fields map[string]json.RawMessage) error {
	var list []json.RawMessage
	if have, ok := fields["roles"]; ok {
		if err := json.Unmarshal(have, &list); err != nil {
			return fmt.Errorf(`"roles": want a list of {"role", "person", "from", "to"}`)
		}
	}
	for _, role := range roleFields {
		v, ok := fields[role]
		if !ok {
			continue
		}
		delete(fields, role)
		var person string
		if err := json.Unmarshal(v, &person); err != nil {
			return fmt.Errorf("%q: want the id or e-mail address of a person", role)
		}
		entry, err := json.Marshal(rules.Role{Role: role, Person: person})
		if err != nil {
			return err
		}
		list = append(list, entry)
	}
	if len(list) > 0 {
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		fields["roles"] = text
	}
	return nil
}

func checkAccount(a rules.Account) error {
	if err := checkID("id", a.ID); err != nil {
		return err
	}
	if a.TimeZone != "" {
		if _, err := time.LoadLocation(a.TimeZone); err != nil || a.TimeZone == "Local" {
			return fmt.Errorf(`"time_zone" %q: want an IANA name such as Asia/Tokyo`, a.TimeZone)
		}
	}
	for field, n := range map[string]*float64{"seats": a.Seats, "arr": a.ARR, "size": a.Size} {
		if n != nil && *n < 0 {
			return fmt.Errorf("%q is negative", field)
		}
	}
	seen := map[string]bool{}
	for i, c := range a.Contracts {
		if c.ID == "" {
			return fmt.Errorf(`"contracts": number %d has no "id"`, i+1)
		}
		if seen[c.ID] {
			return fmt.Errorf(`"contracts": %q comes twice`, c.ID)
		}
		seen[c.ID] = true
		if c.Start != 0 && c.End != 0 && c.End < c.Start {
			return fmt.Errorf(`"contracts": %q ends on %s, before it starts on %s`, c.ID, c.End, c.Start)
		}
	}
	for _, r := range a.Roles {
		if r.Role == "" || r.Person == "" {
			return fmt.Errorf(`"roles": want "role" and "person" in each entry`)
		}
	}
	return nil
}
