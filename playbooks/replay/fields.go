package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

// SetField changes one field of an account as a playbook's set does: "stage",
// "health", "milestone.ID", "attributes.NAME", "contract.ID", "role.NAME"; or one of
// its own fields as POST /v1/accounts does.
func SetField(a *rules.Account, field string, value any, by string, at time.Time) error {
	of, name, dotted := strings.Cut(field, ".")
	switch {
	case field == "stage":
		stage, ok := value.(string)
		if !ok {
			return fmt.Errorf("set stage: %v is not the name of a stage", value)
		}
		if a.Stage != stage {
			a.Stage, a.StageSince = stage, at
		}
	case of == "milestone" && dotted:
		return setMilestone(a, name, value, by, at)
	case of == "attributes" && dotted:
		a.Attributes = with(a.Attributes, name, value)
	case of == "role" && dotted:
		role := map[string]any{"role": name, "person": value}
		if fields, ok := value.(map[string]any); ok { // with the last day
			role = with(fields, "role", any(name))
		}
		return mergeInto(a, "roles", []any{role})
	case of == "contract" && dotted:
		fields, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("set %s: want the contract's fields", field)
		}
		fields = maps.Clone(fields)
		fields["id"] = name
		return mergeInto(a, "contracts", []any{fields})
	case dotted:
		return fmt.Errorf("set %q: want stage, milestone.ID, attributes.NAME, role.NAME or contract.ID", field)
	default:
		return mergeInto(a, field, value)
	}
	return nil
}

// setMilestone dates a milestone (a day), or marks it reached (true) or not (false).
func setMilestone(a *rules.Account, name string, value any, by string, at time.Time) error {
	m := a.Milestones[name]
	switch v := value.(type) {
	case bool:
		m.Reached, m.By = time.Time{}, ""
		if v {
			m.Reached, m.By = at, by
		}
	case string:
		d, err := rules.ParseDate(v)
		if err != nil {
			return fmt.Errorf("set milestone.%s: %w", name, err)
		}
		m.Due = d
	default:
		return fmt.Errorf("set milestone.%s: %v is neither a day nor true or false", name, value)
	}
	a.Milestones = with(a.Milestones, name, m)
	return nil
}

// mergeInto changes one field of an account. Roles replace those of the same name and
// leave the others; of contracts, known by their ids, only the named fields change;
// attributes, milestones and external ids are merged by name.
func mergeInto(a *rules.Account, field string, value any) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	have := map[string]any{}
	if err := json.Unmarshal(data, &have); err != nil {
		return err
	}
	switch field {
	case "roles":
		have[field] = mergeList(have[field], value, "role")
	case "contracts":
		have[field] = mergeContracts(have[field], value)
	case "attributes", "milestones", "external":
		old, _ := have[field].(map[string]any)
		news, _ := value.(map[string]any)
		if old == nil {
			old = map[string]any{}
		}
		maps.Copy(old, news)
		have[field] = old
	default:
		have[field] = value
	}
	var merged rules.Account
	if err := ReadFields(&merged, have); err != nil {
		return err
	}
	*a = merged
	return nil
}

// mergeList replaces the entries that share the value of a field with a new one.
func mergeList(have, news any, by string) any {
	old, _ := have.([]any)
	add, _ := news.([]any)
	named := map[any]bool{}
	for _, e := range add {
		if m, ok := e.(map[string]any); ok {
			named[m[by]] = true
		}
	}
	kept := []any{}
	for _, e := range old {
		if m, ok := e.(map[string]any); ok && !named[m[by]] {
			kept = append(kept, e)
		}
	}
	return append(kept, add...)
}

// mergeContracts changes the named fields of contracts that are known by their id, and
// adds the others.
func mergeContracts(have, news any) any {
	old, _ := have.([]any)
	add, _ := news.([]any)
	all := slices.Clone(old)
	for _, e := range add {
		fields, _ := e.(map[string]any)
		i := slices.IndexFunc(all, func(o any) bool {
			m, ok := o.(map[string]any)
			return ok && fields != nil && m["id"] == fields["id"]
		})
		if i < 0 {
			all = append(all, e)
			continue
		}
		maps.Copy(all[i].(map[string]any), fields) // have is a copy already
	}
	return all
}

// with returns a copy of a map with one entry changed.
func with[V any](m map[string]V, key string, v V) map[string]V {
	changed := make(map[string]V, len(m)+1)
	maps.Copy(changed, m)
	changed[key] = v
	return changed
}

// ReadFields reads fields into an account, as POST /v1/accounts has them; what it does
// not know is an error.
func ReadFields(a *rules.Account, fields map[string]any) error {
	data, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(a); err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
