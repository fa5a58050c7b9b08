package cards

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

//go:embed en.yaml ja.yaml
var catalogues embed.FS

// Texts are the bot's sentences: those of package words, and the labels of what
// only Slack has, buttons and forms.
type Texts struct {
	speaker *words.Speaker
	labels  map[string]*labels
}

type labels struct {
	localizer *i18n.Localizer
	known     map[string]bool
}

// NewTexts reads the catalogues. It panics where one cannot be read, which the
// tests of this package exclude.
func NewTexts() *Texts {
	t := &Texts{speaker: words.New(), labels: map[string]*labels{}}
	for _, lang := range []string{words.English, words.Japanese} {
		bundle := i18n.NewBundle(language.MustParse(lang))
		bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
		file, err := bundle.LoadMessageFileFS(catalogues, lang+".yaml")
		if err != nil {
			panic(fmt.Sprintf("cards: catalogue %s.yaml: %v", lang, err))
		}
		l := &labels{localizer: i18n.NewLocalizer(bundle, lang), known: map[string]bool{}}
		for _, m := range file.Messages {
			l.known[m.ID] = true
		}
		t.labels[lang] = l
	}
	return t
}

// In returns the voice of a language, telling times in a zone (UTC where nil).
func (t *Texts) In(lang string, zone *time.Location) *Voice {
	w := t.speaker.For(lang).In(zone)
	if zone == nil {
		zone = time.UTC
	}
	return &Voice{Voice: w, labels: t.labels[w.Lang()], zone: zone}
}

// A Voice speaks one language to one reader.
type Voice struct {
	*words.Voice
	labels *labels
	zone   *time.Location
}

// Has reports whether either catalogue has the id.
func (v *Voice) Has(id string) bool { return v.labels.known[id] || v.Voice.Has(id) }

// Say returns the message of an id. Arguments are written as the language does;
// what comes from data must be escaped before, where the result is shown as
// mrkdwn.
func (v *Voice) Say(id string, args words.Args) string {
	if !v.labels.known[id] {
		return v.Voice.Say(id, args)
	}
	config := &i18n.LocalizeConfig{MessageID: id, TemplateData: v.written(args)}
	if count, ok := args["count"].(int); ok {
		config.PluralCount = count
	}
	said, err := v.labels.localizer.Localize(config)
	if err != nil {
		return id
	}
	return strings.ReplaceAll(said, "<no value>", "–")
}

func (v *Voice) written(args words.Args) map[string]any {
	out := make(map[string]any, len(args))
	for name, value := range args {
		switch x := value.(type) {
		case rules.Date:
			out[name] = v.Date(x)
		case time.Time:
			out[name] = v.When(x)
		case rules.Period:
			out[name] = v.Period(x)
		case int:
			out[name] = v.Number(float64(x))
		case float64:
			out[name] = v.Number(x)
		case []string:
			out[name] = v.List(x)
		default:
			out[name] = value
		}
	}
	return out
}

// dateOf returns the day that it is at an instant for the reader.
func (v *Voice) dateOf(t time.Time) rules.Date { return rules.DateOf(t.In(v.zone)) }
