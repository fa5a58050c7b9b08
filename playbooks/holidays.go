package playbooks

import "playcaller/rules"

// IsHoliday reports whether a day is a public holiday in a country, given by its
// ISO 3166-1 code, or the day on which one is made up for. Countries whose
// holidays are not known have none. The holidays are those of the whole country;
// regional ones, and days off by custom, belong in team.yaml as closures.
func IsHoliday(country string, day rules.Date) bool {
	return rules.NationalHoliday(country, day) != ""
}
