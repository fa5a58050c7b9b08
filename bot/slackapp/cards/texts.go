package cards

import (
	"time"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

// Texts are the bot's sentences in every language.
type Texts struct{ speaker *words.Speaker }

// NewTexts reads the catalogues.
func NewTexts() *Texts { return &Texts{speaker: words.New()} }

// In returns the voice of a language, telling times in a zone (UTC where nil).
func (t *Texts) In(lang string, zone *time.Location) *Voice {
	if zone == nil {
		zone = time.UTC
	}
	return &Voice{Voice: t.speaker.For(lang).In(zone), zone: zone}
}

// A Voice speaks one language to one reader. What comes from data must be escaped
// before it is said where the result is shown as mrkdwn.
type Voice struct {
	*words.Voice
	zone *time.Location
}

// dateOf returns the day that it is at an instant for the reader.
func (v *Voice) dateOf(t time.Time) rules.Date { return rules.DateOf(t.In(v.zone)) }
