package worker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/bot/inbox"
	"playcaller/rules"
)

// merge returns the account with the fields that a JSON object names changed. Fields set to null are forgotten. Of contracts,
// milestones and attributes only those named change, and of a contract only the fields named. Somebody new in a role follows
// whoever had it, and both are kept with their dates.
func merge(a rules.Account, change json.RawMessage, today rules.Date) (rules.Account, error) {
	old, err := json.Marshal(a)
	if err != nil {
		return a, err
	}
	var have, news map[string]json.RawMessage
	if err := json.Unmarshal(old, &have); err != nil {
		return a, err
	}
	if err := json.Unmarshal(change, &news); err != nil {
		return a, err
	}
	for field, v := range news {
		switch {
		case bytes.Equal(v, []byte("null")):
			delete(have, field)
		case field == "roles":
			have[field], err = mergeRoles(a.Roles, v, today)
		case field == "contracts":
			have[field], err = mergeContracts(have[field], v)
		case field == "milestones" || field == "attributes" || field == "external":
			have[field], err = mergeMap(have[field], v)
		default:
			have[field] = v
		}
		if err != nil {
			return a, fmt.Errorf("%s: %w", field, err)
		}
	}
	whole, err := json.Marshal(have)
	if err != nil {
		return a, err
	}
	var merged rules.Account
	if err := json.Unmarshal(whole, &merged); err != nil {
		return a, err
	}
	return merged, nil
}

// mergeContracts changes the named fields of contracts that are known by their id, and adds the others.
func mergeContracts(have, news json.RawMessage) (json.RawMessage, error) {
	var old, add []map[string]any
	if len(have) > 0 {
		if err := json.Unmarshal(have, &old); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(news, &add); err != nil {
		return nil, err
	}
	for _, e := range add {
		i := slices.IndexFunc(old, func(o map[string]any) bool { return o["id"] == e["id"] })
		if i < 0 {
			old = append(old, e)
			continue
		}
		maps.Copy(old[i], e)
	}
	return json.Marshal(old)
}

// mergeRoles ends the role of whoever had it before today, where somebody else has it now.
func mergeRoles(roles []rules.Role, news json.RawMessage, today rules.Date) (json.RawMessage, error) {
	var add []rules.Role
	if err := json.Unmarshal(news, &add); err != nil {
		return nil, err
	}
	roles = slices.Clone(roles)
	for _, r := range add {
		if slices.ContainsFunc(roles, func(o rules.Role) bool {
			return o.Role == r.Role && o.Person == r.Person && o.To == 0 && (r.From == 0 || r.From == o.From) && r.To == 0
		}) {
			continue // as it is
		}
		from := r.From
		followed := false
		for i := range roles {
			o := &roles[i]
			if o.Role != r.Role || o.To != 0 && o.To < today {
				continue
			}
			followed = true
			if from == 0 {
				from = today
			}
			o.To = from - 1
		}
		if followed {
			r.From = from
		}
		roles = slices.DeleteFunc(roles, func(o rules.Role) bool { return o.Role == r.Role && o.To != 0 && o.To < o.From })
		roles = append(roles, r)
	}
	return json.Marshal(roles)
}

// mergeMap replaces and adds entries; those set to null are taken away.
func mergeMap(have, news json.RawMessage) (json.RawMessage, error) {
	old, add := map[string]any{}, map[string]any{}
	if len(have) > 0 {
		if err := json.Unmarshal(have, &old); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(news, &add); err != nil {
		return nil, err
	}
	for k, v := range add {
		if v == nil {
			delete(old, k)
		} else {
			old[k] = v
		}
	}
	return json.Marshal(old)
}

// set changes one field of an account as a playbook's step asks: "stage", "health", "milestone.ID", "attributes.NAME",
// "contract.ID" (the fields of a contract), or "role.NAME" (a person, or person and to, the last day).
func set(a *rules.Account, s inbox.Set, at time.Time, zone *time.Location) error {
	of, name, _ := strings.Cut(s.Field, ".")
	switch of {
	case "stage":
		stage, ok := s.Value.(string)
		if !ok {
			return fmt.Errorf("set stage: %v is not the name of a stage", s.Value)
		}
		if a.Stage != stage {
			a.Stage, a.StageSince = stage, at
		}
	case "health":
		a.Health = fmt.Sprint(s.Value)
	case "milestone":
		return setMilestone(a, name, s, at, zone)
	case "attributes":
		a.Attributes = with(a.Attributes, name, s.Value)
	case "role":
		role := map[string]any{"role": name, "person": s.Value}
		if fields, ok := s.Value.(map[string]any); ok { // with the last day
			role = with(fields, "role", any(name))
		}
		return patch(a, "roles", []any{role}, rules.DateOf(at.In(zone)))
	case "contract":
		fields, _ := s.Value.(map[string]any)
		if fields == nil {
			return fmt.Errorf("set %s: want the contract's fields", s.Field)
		}
		fields["id"] = name
		return patch(a, "contracts", []any{fields}, rules.DateOf(at.In(zone)))
	default:
		return fmt.Errorf("set %q: want stage, health, milestone.ID, attributes.NAME, role.NAME or contract.ID", s.Field)
	}
	return nil
}

func patch(a *rules.Account, field string, v any, today rules.Date) error {
	data, err := json.Marshal(map[string]any{field: v})
	if err != nil {
		return err
	}
	merged, err := merge(*a, data, today)
	if err == nil {
		*a = merged
	}
	return err
}

// setMilestone dates a milestone (the value is a day), or marks it reached (true) or not reached (false).
func setMilestone(a *rules.Account, name string, s inbox.Set, at time.Time, zone *time.Location) error {
	m := a.Milestones[name]
	switch v := s.Value.(type) {
	case bool:
		m.Reached, m.By = time.Time{}, ""
		if v {
			m.Reached, m.By = at, s.By
		}
	case string:
		d, err := rules.ParseDate(v)
		if err != nil {
			return fmt.Errorf("set milestone.%s: %w", name, err)
		}
		m.Due = d
	default:
		return fmt.Errorf("set milestone.%s: %v is neither a day nor true or false", name, s.Value)
	}
	a.Milestones = with(a.Milestones, name, m)
	return nil
}

// with returns a copy of a map with one entry changed: readers may hold the old one.
func with[V any](m map[string]V, key string, v V) map[string]V {
	changed := make(map[string]V, len(m)+1)
	maps.Copy(changed, m)
	changed[key] = v
	return changed
}
