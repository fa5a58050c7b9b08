package playbooks

import (
	"testing"
	"time"

	"playcaller/rules"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// local reads a local time, "2027-04-02 17:00".
func local(t testing.TB, loc *time.Location, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// calendarTeam has one person in each of some countries.
func calendarTeam(t testing.TB) *Team {
	return &Team{
		People: []Person{
			{ID: "tokyo", Location: zone(t, "Asia/Tokyo"), Country: "JP"},
			{ID: "york", Location: zone(t, "America/New_York"), Country: "US"},
			{ID: "berlin", Location: zone(t, "Europe/Berlin"), Country: "DE", Hours: Hours{From: 8 * 60, To: 16*60 + 30}},
			{ID: "london", Location: zone(t, "Europe/London"), Country: "GB"},
			{ID: "cairo", Location: zone(t, "Africa/Cairo"), Days: []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday}},
			{ID: "night", Location: time.UTC, Hours: Hours{From: 16 * 60, To: 24 * 60}},
			{ID: "away", Location: time.UTC, Away: []Away{{From: rules.NewDate(2027, 3, 1), Until: rules.NewDate(2027, 3, 12), Cover: "york"}}},
		},
		Closures: []Closure{
			{From: rules.NewDate(2026, 12, 29), To: rules.NewDate(2027, 1, 3)},
			{From: rules.NewDate(2027, 8, 13), To: rules.NewDate(2027, 8, 16), Country: "JP"},
		},
	}
}

func TestAPeriodLandsOnAWorkingMoment(t *testing.T) {
	wd := func(n int) rules.Period { return rules.Period{WorkingDays: n} }
	tests := []struct {
		name, who, from string
		period          rules.Period
		want            string
	}{
		{"a working day after Friday 17:00 is Monday 17:00", "york", "2027-04-09 17:00", wd(1), "2027-04-12 17:00"},
		{"a working day after Saturday counts from Monday morning", "york", "2027-04-10 13:00", wd(1), "2027-04-13 09:00"},
		{"a working day after Friday evening counts from Monday morning", "york", "2027-04-09 20:00", wd(1), "2027-04-13 09:00"},
		{"a working day after an early morning counts from its beginning", "york", "2027-04-06 05:00", wd(1), "2027-04-07 09:00"},
		{"the end of the day belongs to the next one", "york", "2027-04-06 18:00", wd(1), "2027-04-08 09:00"},
		{"ten working days are two weeks", "york", "2027-04-05 10:00", wd(10), "2027-04-19 10:00"},
		{"Thanksgiving does not count", "york", "2026-11-25 10:00", wd(1), "2026-11-27 10:00"},
		{"Golden Week has its substitute holiday on the Wednesday after", "tokyo", "2026-05-01 10:00", wd(1), "2026-05-07 10:00"},
		{"a bridge between two holidays is one itself", "tokyo", "2026-09-18 10:00", wd(1), "2026-09-24 10:00"},
		{"the company is closed over the new year", "berlin", "2026-12-28 10:00", wd(1), "2027-01-04 10:00"},
		{"an office is closed in its own country", "tokyo", "2027-08-12 10:00", wd(1), "2027-08-17 10:00"},
		{"and in no other", "berlin", "2027-08-12 10:00", wd(1), "2027-08-13 10:00"},
		{"Boxing Day is made up for after a weekend", "london", "2027-12-24 10:00", wd(1), "2027-12-29 10:00"},
		{"German reunification day on a Sunday is not made up for", "berlin", "2027-10-01 10:00", wd(1), "2027-10-04 10:00"},
		{"somebody works Sundays and not Fridays", "cairo", "2027-04-08 10:00", wd(1), "2027-04-11 10:00"},
		{"absence does not count", "away", "2027-02-26 10:00", wd(1), "2027-03-15 10:00"},
		{"calendar days keep the time of day over the change to summer time", "york", "2027-03-13 10:00", rules.Period{Days: 1}, "2027-03-14 10:00"},
		{"working days do so too", "berlin", "2027-03-25 10:00", wd(1), "2027-03-30 10:00"}, // Good Friday, Easter Monday
		{"calendar days keep it in autumn", "york", "2027-11-06 10:00", rules.Period{Days: 1}, "2027-11-07 10:00"},
		{"minutes pass as they do over the change to summer time", "york", "2027-03-13 23:30", rules.Period{Minutes: 180}, "2027-03-14 03:30"},
		{"nothing added is the same moment, working or not", "york", "2027-04-10 13:00", rules.Period{}, "2027-04-10 13:00"},
	}
	team := calendarTeam(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cal := team.Calendar(tt.who)
			got := cal.Add(local(t, cal.Location(), tt.from), tt.period)
			if want := local(t, cal.Location(), tt.want); !got.Equal(want) {
				t.Errorf("got %s, want %s", got.Format("Mon 2006-01-02 15:04"), want.Format("Mon 2006-01-02 15:04"))
			}
		})
	}
}

func TestWhatIsDueInWorkingDaysHoldsUntilTheEndOfThatDay(t *testing.T) {
	wd := func(n int) rules.Period { return rules.Period{WorkingDays: n} }
	tests := []struct {
		name, who, from string
		period          rules.Period
		want            string
	}{
		{"given on Monday morning and due Tuesday, it is Tuesday evening", "york", "2027-04-05 09:05", wd(1), "2027-04-06 18:00"},
		{"and so where it was given in the afternoon", "york", "2027-04-05 17:59", wd(1), "2027-04-06 18:00"},
		{"somebody's day ends earlier", "berlin", "2027-04-05 10:00", wd(2), "2027-04-07 16:30"},
		{"a holiday does not count", "tokyo", "2026-05-01 10:00", wd(1), "2026-05-07 18:00"},
		{"an absence does not count", "away", "2027-02-26 10:00", wd(1), "2027-03-15 18:00"},
		{"given on a Saturday it counts from Monday morning", "york", "2027-04-10 13:00", wd(1), "2027-04-13 18:00"},
		{"a day that ends at midnight is still that day", "night", "2027-04-05 17:00", wd(1), "2027-04-06 23:59"},
		{"calendar days are exact", "york", "2027-04-05 10:20", rules.Period{Days: 2}, "2027-04-07 10:20"},
		{"and hours are", "york", "2027-04-05 10:20", rules.Period{Minutes: 240}, "2027-04-05 14:20"},
	}
	team := calendarTeam(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cal := team.Calendar(tt.who)
			got := cal.Due(local(t, cal.Location(), tt.from), tt.period)
			if want := local(t, cal.Location(), tt.want); !got.Equal(want) {
				t.Errorf("got %s, want %s", got.Format("Mon 2006-01-02 15:04"), want.Format("Mon 2006-01-02 15:04"))
			}
		})
	}
}

func TestWorkingTimeLeavesOutNightsWeekendsAndHolidays(t *testing.T) {
	tests := []struct {
		name, who, from, to string
		want                time.Duration
	}{
		{"within a day", "york", "2027-04-06 10:00", "2027-04-06 12:30", 150 * time.Minute},
		{"over a night", "york", "2027-04-06 17:00", "2027-04-07 10:00", 2 * time.Hour},
		{"over a weekend", "york", "2027-04-09 17:00", "2027-04-12 10:00", 2 * time.Hour},
		{"over Golden Week", "tokyo", "2026-05-01 17:00", "2026-05-07 10:00", 2 * time.Hour},
		{"from a night to a night", "berlin", "2027-04-06 02:00", "2027-04-06 23:00", 8*time.Hour + 30*time.Minute},
		{"backwards", "york", "2027-04-07 10:00", "2027-04-06 10:00", 0},
	}
	team := calendarTeam(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cal := team.Calendar(tt.who)
			if got := cal.WorkingTime(local(t, cal.Location(), tt.from), local(t, cal.Location(), tt.to)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTheNextWorkingMoment(t *testing.T) {
	cal := calendarTeam(t).Calendar("york")
	for from, want := range map[string]string{
		"2027-04-06 10:00": "2027-04-06 10:00",
		"2027-04-06 08:59": "2027-04-06 09:00",
		"2027-04-06 18:00": "2027-04-07 09:00",
		"2027-04-10 10:00": "2027-04-12 09:00",
		"2027-07-02 18:30": "2027-07-06 09:00", // Independence Day, a Sunday, is made up for on Monday
	} {
		moment := local(t, cal.Location(), from)
		got := cal.NextWorking(moment)
		if !got.Equal(local(t, cal.Location(), want)) {
			t.Errorf("after %s comes %s, want %s", from, got, want)
		}
		if cal.Working(moment) != got.Equal(moment) {
			t.Errorf("Working(%s) is %v", from, cal.Working(moment))
		}
	}
}

func TestSomebodyWhoNeverWorksStopsNobody(t *testing.T) {
	team := &Team{People: []Person{{ID: "gone", Location: time.UTC, Away: []Away{{From: rules.MinDate, Until: rules.MaxDate}}}}}
	now := local(t, time.UTC, "2027-04-06 10:00")
	if got := team.Calendar("gone").NextWorking(now); !got.Equal(now) {
		t.Errorf("got %v, want the moment itself", got)
	}
	if got := team.Calendar("gone").Add(now, rules.Period{WorkingDays: 1}); !got.After(now) {
		t.Errorf("a working day on is %v, want later than %v", got, now)
	}
}

func TestPeopleWhoAreNotKnownWorkLikeTheDefaultOwner(t *testing.T) {
	team := calendarTeam(t)
	if got := team.Calendar("stranger").Location(); got != time.UTC {
		t.Errorf("without a default owner: %v, want UTC", got)
	}
	team.DefaultOwner = "tokyo"
	if got := team.Calendar("stranger").Location().String(); got != "Asia/Tokyo" {
		t.Errorf("with a default owner in Tokyo: %v", got)
	}
	var none *Team
	if cal := none.Calendar("x"); !cal.Working(local(t, time.UTC, "2027-04-06 10:00")) || cal.Working(local(t, time.UTC, "2027-04-10 10:00")) {
		t.Error("without a team, Monday to Friday are worked")
	}
}

func TestJapaneseSubstituteHolidays(t *testing.T) {
	tests := map[string]bool{
		"2026-05-03": true,  // 憲法記念日, a Sunday
		"2026-05-06": true,  // its substitute: the 4th and 5th are holidays
		"2026-05-07": false, //
		"2027-03-22": true,  // 春分の日 is Sunday the 21st
		"2027-03-23": false,
		"2026-09-22": true, // between 敬老の日 and 秋分の日
		"2026-11-23": true, // 勤労感謝の日
	}
	for s, want := range tests {
		day, err := rules.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := IsHoliday("JP", day); got != want {
			t.Errorf("%s: holiday %v, want %v", s, got, want)
		}
	}
}

func TestBackCountsWorkingDaysBeforeADay(t *testing.T) {
	cal := calendarTeam(t).Calendar("york")
	monday := rules.NewDate(2027, 4, 12)
	if got, want := cal.Back(monday, rules.Period{WorkingDays: 5}), rules.NewDate(2027, 4, 5); got != want {
		t.Errorf("five working days before Monday are %v, want %v", got, want)
	}
	if got, want := cal.Back(monday, rules.Period{Days: 60}), monday-60; got != want {
		t.Errorf("60 days before are %v, want %v", got, want)
	}
}
