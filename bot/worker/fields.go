package worker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"playcaller/bot/inbox"
	"playcaller/rules"
)

// merge returns the account with the fields that a JSON object names changed. Fields set to null are forgotten; roles
// replace those of the same name and leave the others, contracts and milestones likewise by id.
func merge(a rules.Account, change json.RawMessage) (rules.Account, error) {
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
			have[field], err = mergeList(have[field], v, "role")
		case field == "contracts":
			have[field], err = mergeList(have[field], v, "id")
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

// mergeList replaces the entries of a list that share the value of a field with a new one, and adds the others.
func mergeList(have, news json.RawMessage, by string) (json.RawMessage, error) {
	var old, add []map[string]any
	if len(have) > 0 {
		if err := json.Unmarshal(have, &old); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(news, &add); err != nil {
		return nil, err
	}
	named := map[any]bool{}
	for _, e := range add {
		named[e[by]] = true
	}
	kept := make([]map[string]any, 0, len(old)+len(add))
	for _, e := range old {
		if !named[e[by]] {
			kept = append(kept, e)
		}
	}
	return json.Marshal(append(kept, add...))
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
// "contract.ID" (the fields of a contract), or "role.NAME".
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
		return patch(a, "roles", []any{map[string]any{"role": name, "person": s.Value}})
	case "contract":
		fields, _ := s.Value.(map[string]any)
		if fields == nil {
			return fmt.Errorf("set %s: want the contract's fields", s.Field)
		}
		fields["id"] = name
		return patch(a, "contracts", []any{fields})
	default:
		return fmt.Errorf("set %q: want stage, health, milestone.ID, attributes.NAME, role.NAME or contract.ID", s.Field)
	}
	return nil
}

func patch(a *rules.Account, field string, v any) error {
	data, err := json.Marshal(map[string]any{field: v})
	if err != nil {
		return err
	}
	merged, err := merge(*a, data)
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
