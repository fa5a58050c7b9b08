package playbooks

import (
	"slices"

	"playcaller/rules"
)

// A Label is a short text without expressions, by language ("en", "ja"); "" holds
// one that was written as a plain string and serves every language.
type Label map[string]string

// In returns the label in a language; where it is not translated, in English, or
// in whatever language there is.
func (l Label) In(language string) string {
	return pick(l, language)
}

// In returns the text's template for a language; where it is not translated, the
// English one, or whatever there is. It is nil for an empty text.
func (t Text) In(language string) *rules.Template {
	return pick(t.ByLanguage, language)
}

// IsZero reports whether the text is absent.
func (t Text) IsZero() bool { return len(t.ByLanguage) == 0 }

// pick chooses the entry for a language, or the next best one.
func pick[V any](by map[string]V, language string) V {
	for _, l := range []string{language, "", "en"} {
		if v, ok := by[l]; ok {
			return v
		}
	}
	languages := make([]string, 0, len(by))
	for l := range by {
		languages = append(languages, l)
	}
	var none V
	if len(languages) == 0 {
		return none
	}
	return by[slices.Min(languages)]
}
