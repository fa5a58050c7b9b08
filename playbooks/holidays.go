package playbooks

import (
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"

	"playcaller/rules"
)

// IsHoliday reports whether a day is a public holiday in a country, given by its
// ISO 3166-1 code, or the day on which one is made up for. Countries whose
// holidays are not known have none. The holidays are those of the whole country;
// regional ones belong in team.yaml as closures.
func IsHoliday(country string, day rules.Date) bool {
	country = strings.ToUpper(country)
	if country == "JP" {
		return japaneseHoliday(day)
	}
	list := holidays(country)
	if len(list) == 0 {
		return false
	}
	actual, observed, _ := (&cal.Calendar{Holidays: list}).IsHoliday(civil(day))
	return actual || observed
}

// civil returns midnight UTC of a day.
func civil(day rules.Date) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// japaneseHoliday reports whether a day is a national holiday of Japan or its
// substitute. When a holiday falls on a Sunday, the next day that is not itself
// a holiday is off (Act on National Holidays, article 3, paragraph 2): in 2026
// Constitution Day, Sunday 3 May, is made up for on Wednesday 6 May, because the
// 4th and 5th are holidays of their own. The library moves it by one day only.
func japaneseHoliday(day rules.Date) bool {
	list := &cal.Calendar{Holidays: jp.Holidays}
	national := func(d rules.Date) bool {
		actual, _, _ := list.IsHoliday(civil(d))
		return actual
	}
	if national(day) {
		return true
	}
	for before := day - 1; national(before); before-- {
		if before.Weekday() == time.Sunday {
			return true
		}
	}
	return false
}

// holidays returns the country-wide public holidays of a country.
func holidays(country string) []*cal.Holiday {
	switch country {
	case "AT":
		return at.Holidays
	case "AU":
		return au.HolidaysNSW
	case "BE":
		return be.Holidays
	case "BR":
		return br.Holidays
	case "CA":
		return ca.Holidays
	case "CH":
		return ch.Holidays
	case "CZ":
		return cz.Holidays
	case "DE":
		return de.Holidays
	case "DK":
		return dk.Holidays
	case "ES":
		return es.Holidays
	case "FR":
		return fr.Holidays
	case "GB", "UK":
		return gb.Holidays
	case "IE":
		return ie.Holidays
	case "IT":
		return it.Holidays
	case "NL":
		return nl.Holidays
	case "NO":
		return no.Holidays
	case "NZ":
		return nz.Holidays
	case "PL":
		return pl.Holidays
	case "SE":
		return se.Holidays
	case "US":
		return us.Holidays
	}
	return nil
}
