package store

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// MaxKey is the greatest length of a key, and of a string in an indexed
	// field, in bytes.
	MaxKey = 1024

	// MaxBody is the greatest size of a body in bytes. MongoDB's limit for a
	// document is 16 MiB, its other fields included.
	MaxBody = 15 << 20
)

// Schema checks what backends are given against the collections they were
// opened with, so that both refuse the same things.
type Schema map[string]Collection

// NewSchema returns the schema of the collections, or [ErrInvalid] if a name is
// malformed or comes twice.
func NewSchema(collections []Collection) (Schema, error) {
	s := make(Schema, len(collections))
	for _, c := range collections {
		if err := checkName(c.Name); err != nil {
			return nil, fmt.Errorf("collection %q: %w", c.Name, err)
		}
		if _, twice := s[c.Name]; twice {
			return nil, fmt.Errorf("%w: collection %q is declared twice", ErrInvalid, c.Name)
		}
		for i, name := range c.Indexes {
			if err := checkName(name); err != nil {
				return nil, fmt.Errorf("index %q of collection %q: %w", name, c.Name, err)
			}
			if slices.Contains(c.Indexes[:i], name) {
				return nil, fmt.Errorf("%w: index %q of collection %q is declared twice", ErrInvalid, name, c.Name)
			}
		}
		s[c.Name] = c
	}
	return s, nil
}

// Collection returns the declaration of the collection of that name.
func (s Schema) Collection(name string) (Collection, error) {
	c, ok := s[name]
	if !ok {
		return c, fmt.Errorf("%w: collection %q was not declared when the store was opened", ErrInvalid, name)
	}
	return c, nil
}

// Records checks records that are about to be written to a collection: their
// keys, fields and sizes, and that no key comes twice.
func (s Schema) Records(collection string, rs ...Record) (Collection, error) {
	c, err := s.Collection(collection)
	if err != nil {
		return c, err
	}
	seen := make(map[string]bool, len(rs))
	for _, r := range rs {
		if err := c.check(r); err != nil {
			return c, fmt.Errorf("%s %q: %w", collection, clip(r.Key), err)
		}
		if seen[r.Key] {
			return c, fmt.Errorf("%w: key %q comes twice in one call", ErrInvalid, r.Key)
		}
		seen[r.Key] = true
	}
	return c, nil
}

func (c Collection) check(r Record) error {
	if err := checkText(r.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if r.Key == "" {
		return fmt.Errorf("%w: the key is empty", ErrInvalid)
	}
	if r.Version < 0 {
		return fmt.Errorf("%w: version %d", ErrInvalid, r.Version)
	}
	if r.Schema < 1 {
		return fmt.Errorf("%w: schema %d; schemas count from 1", ErrInvalid, r.Schema)
	}
	if len(r.Body) > MaxBody {
		return fmt.Errorf("%w: the body has %d bytes, the most is %d", ErrInvalid, len(r.Body), MaxBody)
	}
	for name, v := range r.Fields {
		if !slices.Contains(c.Indexes, name) {
			return fmt.Errorf("%w: field %q is no index of the collection", ErrInvalid, name)
		}
		if err := checkValue(v); err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
	}
	return nil
}

// Query checks a query.
func (s Schema) Query(collection string, q Query) (Collection, error) {
	c, err := s.Collection(collection)
	if err != nil {
		return c, err
	}
	if q.Field != "" && !slices.Contains(c.Indexes, q.Field) {
		return c, fmt.Errorf("%w: %s has no index %q", ErrInvalid, collection, q.Field)
	}
	if q.Equal != nil && (q.From != nil || q.To != nil) {
		return c, fmt.Errorf("%w: a query has either Equal or From and To", ErrInvalid)
	}
	if q.From != nil && q.To != nil && isNumber(q.From) != isNumber(q.To) {
		return c, fmt.Errorf("%w: From is a %T and To a %T", ErrInvalid, q.From, q.To)
	}
	if q.Limit < 0 {
		return c, fmt.Errorf("%w: limit %d", ErrInvalid, q.Limit)
	}
	values := []any{q.Equal, q.From, q.To}
	if q.After != nil {
		if (q.Field == "") != (q.After.Value == nil) {
			return c, fmt.Errorf("%w: a position has a value exactly if the query goes by a field", ErrInvalid)
		}
		values = append(values, q.After.Value, q.After.Key)
	}
	for _, v := range values {
		if v == nil {
			continue
		}
		if err := checkValue(v); err != nil {
			return c, fmt.Errorf("query of %s: %w", collection, err)
		}
		if _, ok := v.(string); q.Field == "" && !ok {
			return c, fmt.Errorf("%w: keys are strings, not %T", ErrInvalid, v)
		}
	}
	return c, nil
}

func isNumber(v any) bool {
	_, ok := v.(int64)
	return ok
}

func checkValue(v any) error {
	switch v := v.(type) {
	case int64:
		return nil
	case string:
		return checkText(v)
	}
	return fmt.Errorf("%w: a %T; values are string or int64", ErrInvalid, v)
}

func checkText(s string) error {
	switch {
	case len(s) > MaxKey:
		return fmt.Errorf("%w: %d bytes long, the most is %d", ErrInvalid, len(s), MaxKey)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: not UTF-8", ErrInvalid)
	case strings.ContainsRune(s, 0):
		return fmt.Errorf("%w: contains NUL", ErrInvalid)
	}
	return nil
}

func checkName(s string) error {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		digit := r >= '0' && r <= '9' || r == '_'
		if !letter && (!digit || i == 0) {
			return fmt.Errorf("%w: a name is lower-case letters, digits and underscores, a letter first", ErrInvalid)
		}
	}
	if s == "" || len(s) > 48 {
		return fmt.Errorf("%w: a name is 1 to 48 letters long", ErrInvalid)
	}
	return nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
