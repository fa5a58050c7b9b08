// Package words is everything the bot says to people: one catalogue for each
// language, and the dates, numbers and names that go into it. Slack, explain and
// tests use the same sentences.
//
// Texts are plain: whoever shows them in Slack escapes what comes from data
// before passing it in.
package words

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"playcaller/rules"
)

//go:embed en.yaml ja.yaml
var catalogues embed.FS

// The languages the bot speaks.
const (
	English  = "en"
	Japanese = "ja"
)

// Args are the values of a sentence's placeholders: strings, numbers, a
// rules.Date, a time.Time, or a rules.Period, written as the language does. An
// argument "count" chooses the plural form.
type Args map[string]any

// A Speaker has every language. It is safe for concurrent use.
type Speaker struct {
	voices map[string]*Voice
}

// A Voice speaks one language. It is safe for concurrent use.
type Voice struct {
	lang      string
	localizer *i18n.Localizer
	known     map[string]bool
	zone      *time.Location
}

// New reads the catalogues. It panics where one cannot be read, which the tests
// of this package exclude.
func New() *Speaker {
	s := &Speaker{voices: map[string]*Voice{}}
	for _, lang := range []string{English, Japanese} {
		tag := language.MustParse(lang)
		bundle := i18n.NewBundle(tag)
		bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
		file, err := bundle.LoadMessageFileFS(catalogues, lang+".yaml")
		if err != nil {
			panic(fmt.Sprintf("words: catalogue %s.yaml: %v", lang, err))
		}
		known := make(map[string]bool, len(file.Messages))
		for _, m := range file.Messages {
			known[m.ID] = true
		}
		s.voices[lang] = &Voice{lang: lang, localizer: i18n.NewLocalizer(bundle, lang), known: known, zone: time.UTC}
	}
	return s
}

// For returns the voice of a language or Slack locale ("ja", "ja-JP"); English
// for those the bot does not speak.
func (s *Speaker) For(lang string) *Voice {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if v := s.voices[base]; v != nil {
		return v
	}
	return s.voices[English]
}

// In returns the voice telling times of day in a zone; UTC where it is nil.
func (v *Voice) In(zone *time.Location) *Voice {
	if zone == nil {
		zone = time.UTC
	}
	in := *v
	in.zone = zone
	return &in
}

// Lang returns "en" or "ja".
func (v *Voice) Lang() string { return v.lang }

// Has reports whether the catalogue has a message of that id.
func (v *Voice) Has(id string) bool { return v.known[id] }

// IDs returns the ids of all messages, sorted.
func (v *Voice) IDs() []string { return slices.Sorted(maps.Keys(v.known)) }

// Say returns the message of an id with its placeholders filled in. An argument
// that is missing is written as "–"; an id that does not exist as itself, so that
// a mistake is visible and stops nobody.
func (v *Voice) Say(id string, args Args) string {
	config := &i18n.LocalizeConfig{MessageID: id, TemplateData: v.written(args)}
	if count, ok := args["count"]; ok {
		config.PluralCount = plural(count)
	}
	said, err := v.localizer.Localize(config)
	if err != nil && config.PluralCount != nil {
		config.PluralCount = nil // a message that is the same for one and for many
		said, err = v.localizer.Localize(config)
	}
	if err != nil {
		return id
	}
	return strings.ReplaceAll(said, "<no value>", "–")
}

// plural returns a count as go-i18n takes it.
func plural(count any) any {
	switch n := count.(type) {
	case float64:
		if n == float64(int(n)) {
			return int(n)
		}
		return fmt.Sprint(n)
	case int64:
		return int(n)
	}
	return count
}

// written returns the arguments as the language writes them.
func (v *Voice) written(args Args) map[string]any {
	out := make(map[string]any, len(args))
	for name, value := range args {
		out[name] = v.write(value)
	}
	return out
}

// write returns one argument as the language writes it. Strings that are a date
// or a time, as a run's log keeps them, are written as such.
func (v *Voice) write(value any) any {
	switch x := value.(type) {
	case rules.Date:
		return v.Date(x)
	case time.Time:
		return v.When(x)
	case rules.Period:
		return v.Period(x)
	case int:
		return v.Number(float64(x))
	case int64:
		return v.Number(float64(x))
	case float64:
		return v.Number(x)
	case string:
		return v.dated(x)
	case []string:
		return v.List(x)
	case []any:
		all := make([]string, len(x))
		for i := range x {
			all[i] = fmt.Sprint(v.write(x[i]))
		}
		return v.List(all)
	}
	return value
}

// dated writes a string that holds nothing but a date or a time in the language.
func (v *Voice) dated(s string) string {
	if len(s) == len(time.DateOnly) {
		if d, err := rules.ParseDate(s); err == nil {
			return v.Date(d)
		}
	}
	if len(s) >= len("2006-01-02T15:04:05Z") && len(s) <= len(time.RFC3339Nano) && s[10] == 'T' {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return v.When(t)
		}
	}
	return s
}
