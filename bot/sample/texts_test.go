package sample_test

import (
	"regexp"
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// hourly is a world in which every play of a group waits its hour for others, of which there are none.
type hourly struct{ *replay.World }

func (hourly) Held(*replay.Account, string, string) bool { return false }

func (h hourly) Gathered(*replay.Account, string, string) (time.Time, bool) {
	return h.Now.Add(time.Hour), false
}

// hollow is what a CSM must not read: quotes or brackets around nothing, a number that is not known, and a question whose
// number is none at all, or the usual one.
var hollow = regexp.MustCompile(`「」|""|\(\)|\x{FF08}\x{FF09}|–|(^|\D)0 views|(^|[^\d.])1 times the usual|閲覧は0回|通常の約1倍|\(0 % fewer\)|より0%少ない|\{\{|\}\}`)

func TestNobodyIsAskedWithNumbersOrTopicsThatAreNone(t *testing.T) {
	book, s := starter(t), begun(t, firstStart)
	signals := map[string][]rules.Signal{}
	for _, sig := range s.Signals((firstStart - rules.KeepDays).In(time.UTC), (firstStart + 60).In(time.UTC)) {
		signals[sig.Account] = append(signals[sig.Account], sig)
	}
	told := map[string]bool{}
	asked := map[string]map[string]bool{"en": {}, "ja": {}} // the playbooks of which a text was read
	for _, a := range accounts(t, s) {
		firesFor(t, book, a, signals[a.ID], firstStart, 60, func(w *replay.World) {
			w.NoStorms, w.Others = false, hourly{w}
			w.Hooks.Advanced = func(a *replay.Account, p *playbooks.Playbook, _, run *playbooks.Run, _ playbooks.Event, _ *rules.Facts) {
				v := run.Current()
				if v == nil {
					return
				}
				for lang, text := range said(p, v) {
					asked[lang][p.Name] = true
					if hollow.MatchString(text) && !told[text] {
						told[text] = true
						t.Errorf("%s, %s, %s on %s: %s", a.ID, p.Name, v.Step, w.Now.In(a.Zone).Format("Mon 2 Jan 15:04"), text)
					}
				}
			}
		})
	}
	for lang, names := range asked {
		if !names["help-spike"] || len(names) < len(ruled(book))-2 {
			t.Errorf("texts in %q were read of %d playbooks only: %v", lang, len(names), names)
		}
	}
}

// said returns what a visit's question or task reads, by language.
func said(p *playbooks.Playbook, v *playbooks.Visit) map[string]string {
	steps := p.Steps
	for _, variant := range p.Variants {
		steps = append(steps[:len(steps):len(steps)], variant.Steps...)
	}
	texts := map[string]string{}
	for _, step := range steps {
		var text playbooks.Text
		switch {
		case step.ID != v.Step:
			continue
		case step.Ask != nil:
			text = step.Ask.Text
		case step.Task != nil:
			text = step.Task.Text
		}
		for lang, written := range v.Said {
			if filled, ok := text.In(lang).Fill(written, func(value string) string { return value }); ok {
				texts[lang] = filled
			}
		}
	}
	return texts
}
