package rules

import (
	"maps"
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
)

// Holidays knows the public holidays of countries. It works each country's year
// out once and keeps it, so it is not safe for several goroutines at once. The
// zero Holidays is ready.
type Holidays struct {
	years map[countryYear]map[Date]string
	last  struct { // what was asked for last, which is asked for again for whole weeks
		country  string
		from, to Date
		days     map[Date]string
	}
}

type countryYear struct {
	country string
	year    int
}

// Name returns the name of a country's public holiday (ISO 3166-1 alpha-2)
// on a day, or "". Days on which a holiday of the weekend is made up for are
// holidays too. Of a country that is not known no day is a holiday.
func (h *Holidays) Name(country string, day Date) string {
	if country == "" || day == 0 {
		return ""
	}
	if h.last.country == country && h.last.from <= day && day <= h.last.to {
		return h.last.days[day]
	}
	key := countryYear{countryCode(country), yearOf(day)}
	days, known := h.years[key]
	if !known {
		if h.years == nil {
			h.years = map[countryYear]map[Date]string{}
		}
		days = holidaysIn(key.country, key.year)
		h.years[key] = days
	}
	h.last.country, h.last.days = country, days
	h.last.from, h.last.to = NewDate(key.year, time.January, 1), NewDate(key.year, time.December, 31)
	return days[day]
}

func yearOf(d Date) int { return time.Unix(int64(d)*86400, 0).UTC().Year() }

// NationalHoliday returns the name of a country's public holiday on a day, or of
// the holiday that is made up for on it, or "". Unlike Holidays it keeps nothing
// and leaves out days that are off by custom alone.
func NationalHoliday(country string, day Date) string {
	if day == 0 {
		return ""
	}
	return nationalHolidays(countryCode(country), yearOf(day))[day]
}

// countryCode brings a country to the form that holidayRules knows.
func countryCode(country string) string {
	if country = strings.ToUpper(country); country == "UK" {
		return "GB"
	}
	return country
}

// holidaysIn lists a year's days off. In Japan 29 December to 3 January are off by
// law for the state and by custom for nearly every company.
func holidaysIn(country string, year int) map[Date]string {
	days := nationalHolidays(country, year)
	if country == "JP" {
		for _, d := range []Date{NewDate(year, time.January, 2), NewDate(year, time.January, 3), NewDate(year, time.December, 29), NewDate(year, time.December, 30), NewDate(year, time.December, 31)} {
			if days[d] == "" {
				days[d] = "New Year holidays"
			}
		}
	}
	return days
}

// nationalHolidays lists a year's public holidays and the days on which they are
// made up for.
func nationalHolidays(country string, year int) map[Date]string {
	days := map[Date]string{}
	for _, shared := range holidayRules(country) {
		holiday := *shared // the library writes into the Japanese equinoxes while it computes them
		actual, observed := holiday.Calc(year)
		for _, t := range []time.Time{actual, observed} {
			if !t.IsZero() && !(country == "JP" && t.Equal(observed) && !t.Equal(actual)) {
				days[DateOf(t)] = holiday.Name
			}
		}
	}
	if country == "JP" {
		makeUp(days)
	}
	return days
}

// makeUp adds what the Act on National Holidays, article 3, says: a holiday on a
// Sunday is made up for on the next day that is not itself a holiday (in 2026
// Constitution Day, Sunday 3 May, on Wednesday 6 May, because the 4th and 5th are
// holidays of their own; the library moves it by one day only), and a day between
// two holidays is one.
func makeUp(days map[Date]string) {
	national := maps.Clone(days)
	for d, name := range national {
		if d.Weekday() == time.Sunday {
			next := d + 1
			for national[next] != "" {
				next++
			}
			days[next] = name
		}
		if national[d+1] == "" && national[d+2] != "" && (d+1).Weekday() != time.Sunday && days[d+1] == "" {
			days[d+1] = "Citizens' Holiday"
		}
	}
}

func holidayRules(country string) []*cal.Holiday {
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
	case "GB":
		return gb.Holidays
	case "IE":
		return ie.Holidays
	case "IT":
		return it.Holidays
	case "JP":
		return jp.Holidays
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
