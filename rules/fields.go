package rules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// A field is one thing that expressions may read of an account or contract.
type field struct {
	typ Type
	get func(*Facts) result
}

// rootNames lists the names that expressions may begin with, besides signals and
// lets.
func rootNames() []string {
	return []string{"account", "contract", "segment", "stage", "stage_days", "milestone", "peers", "days", "percent", "number", "date", "true", "false"}
}

func missing(what string) result { return result{gap: gap{Code: NotKnown, Of: what}} }

func textOf(name, v string) result {
	if v == "" {
		return missing(name)
	}
	return result{text: v}
}

func numberOfPtr(name string, v *float64) result {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return missing(name)
	}
	return result{number: *v}
}

func dateResult(name string, d Date) result {
	if d == 0 {
		return missing(name)
	}
	return result{number: float64(d)}
}

// accountFields lists what account.NAME may be.
func (c *core) accountFields() map[string]field {
	text := func(name string, get func(*Account) string) field {
		label := "account." + name
		return field{Text, func(f *Facts) result { return textOf(label, get(f.account)) }}
	}
	number := func(name string, get func(*Account) *float64) field {
		label := "account." + name
		return field{Number, func(f *Facts) result { return numberOfPtr(label, get(f.account)) }}
	}
	fields := map[string]field{
		"id":        text("id", func(a *Account) string { return a.ID }),
		"name":      {Text, func(f *Facts) result { return textOf("account.name", nameOf(f.account)) }},
		"parent":    text("parent", func(a *Account) string { return a.Parent }),
		"url":       text("url", func(a *Account) string { return a.URL }),
		"plan":      text("plan", func(a *Account) string { return a.Plan }),
		"industry":  text("industry", func(a *Account) string { return a.Industry }),
		"currency":  text("currency", func(a *Account) string { return a.Currency }),
		"country":   text("country", func(a *Account) string { return a.Country }),
		"language":  text("language", func(a *Account) string { return a.Language }),
		"time_zone": text("time_zone", func(a *Account) string { return a.TimeZone }),
		"health":    text("health", func(a *Account) string { return a.Health }),
		"stage":     text("stage", func(a *Account) string { return a.Stage }),
		"arr":       number("arr", func(a *Account) *float64 { return a.ARR }),
		"seats":     number("seats", func(a *Account) *float64 { return a.Seats }),
		"size":      number("size", func(a *Account) *float64 { return a.Size }),
		"day":       {Day, func(f *Facts) result { return result{number: float64(f.today)} }},
	}
	for _, role := range c.roles {
		label := "account." + role
		fields[role] = field{Person, func(f *Facts) result { return textOf(label, f.account.Person(role, f.today)) }}
	}
	for _, name := range slices.Sorted(maps.Keys(c.attributes)) {
		if _, own := fields[name]; !own {
			fields[name] = field{c.attributes[name], attribute(name, c.attributes[name])}
		}
	}
	return fields
}

func nameOf(a *Account) string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// attribute reads a segment attribute; one of another type than declared is
// unknown.
func attribute(name string, typ Type) func(*Facts) result {
	label := "account." + name
	return func(f *Facts) result {
		switch v := f.account.Attributes[name].(type) {
		case float64:
			if typ == Number {
				return numberOfPtr(label, &v)
			}
		case int:
			if typ == Number {
				return result{number: float64(v)}
			}
		case bool:
			if typ == Bool {
				return truthResult(v)
			}
		case string:
			if typ == Text || typ == Person {
				return textOf(label, v)
			}
			if d, err := ParseDate(v); err == nil && typ == Day {
				return result{number: float64(d)}
			}
		}
		return missing(label)
	}
}

// Person returns who plays a role on a day: of several, the one who began last; ""
// where nobody does.
func (a *Account) Person(role string, day Date) string {
	person, since := "", Date(math.MinInt32)
	for _, r := range a.Roles {
		if r.Role == role && r.From <= day && (r.To == 0 || day <= r.To) && r.From >= since {
			person, since = r.Person, r.From
		}
	}
	return person
}

// Location returns the account's time zone, UTC where it has none.
func (a *Account) Location() (*time.Location, error) {
	loc, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("account %s: time zone %q is not known; use an IANA name such as Asia/Tokyo", a.ID, a.TimeZone)
	}
	return loc, nil
}

// contractFields lists what contract.NAME may be.
func contractFields() map[string]field {
	of := func(name string, typ Type, get func(*Facts, *Contract) result) field {
		return field{typ, func(f *Facts) result {
			if c := f.Contract(); c != nil {
				return get(f, c)
			}
			return result{gap: gap{Code: NoContract}}
		}}
	}
	until := func(f *Facts, name string, d Date) result {
		if d == 0 {
			return missing(name)
		}
		return result{number: float64(d - f.today)}
	}
	return map[string]field{
		"id":         of("id", Text, func(_ *Facts, c *Contract) result { return textOf("contract.id", c.ID) }),
		"product":    of("product", Text, func(_ *Facts, c *Contract) result { return textOf("contract.product", c.Product) }),
		"partner":    of("partner", Text, func(_ *Facts, c *Contract) result { return textOf("contract.partner", c.Partner) }),
		"seats":      of("seats", Number, func(_ *Facts, c *Contract) result { return numberOfPtr("contract.seats", c.Seats) }),
		"amount":     of("amount", Number, func(_ *Facts, c *Contract) result { return numberOfPtr("contract.amount", c.Amount) }),
		"start":      of("start", Day, func(_ *Facts, c *Contract) result { return dateResult("contract.start", c.Start) }),
		"end":        of("end", Day, func(_ *Facts, c *Contract) result { return dateResult("contract.end", c.End) }),
		"notice_by":  of("notice_by", Day, func(_ *Facts, c *Contract) result { return dateResult("contract.notice_by", c.Notice()) }),
		"end_in":     of("end_in", Number, func(f *Facts, c *Contract) result { return until(f, "contract.end", c.End) }),
		"notice_in":  of("notice_in", Number, func(f *Facts, c *Contract) result { return until(f, "contract.notice_by", c.Notice()) }),
		"signed":     of("signed", Bool, func(_ *Facts, c *Contract) result { return truthResult(c.Signed) }),
		"auto_renew": of("auto_renew", Bool, autoRenews),
	}
}

func autoRenews(_ *Facts, c *Contract) result {
	if c.AutoRenew == nil {
		return missing("contract.auto_renew")
	}
	return truthResult(*c.AutoRenew)
}

// Notice returns the last day to give notice: of a contract that does not renew by
// itself its end; 0 where it is not known.
func (c *Contract) Notice() Date {
	if c.NoticeBy == 0 && c.AutoRenew != nil && !*c.AutoRenew {
		return c.End
	}
	return c.NoticeBy
}

// Contract returns the contract that expressions read, or nil: the subject, or the
// account's current one.
func (f *Facts) Contract() *Contract {
	if f.chosen {
		return f.contract
	}
	f.chosen, f.contract = true, nil
	for i := range f.account.Contracts {
		c := &f.account.Contracts[i]
		if f.subject != "" {
			if c.ID == f.subject {
				f.contract = c
			}
			continue
		}
		if c.Start > f.today || c.End != 0 && c.End < f.today {
			continue
		}
		if f.contract == nil || endOf(c) < endOf(f.contract) {
			f.contract = c
		}
	}
	return f.contract
}

// endOf treats an open-ended contract as ending last.
func endOf(c *Contract) Date {
	if c.End == 0 {
		return MaxDate
	}
	return c.End
}

// stageField is the account's stage, stageDays how long it has been there.
func stageField(f *Facts) result { return textOf("stage", f.account.Stage) }

func stageDays(f *Facts) result {
	if f.account.StageSince.IsZero() {
		return missing("stage_days")
	}
	return result{number: float64(f.today - DateOf(f.account.StageSince.In(f.zone)))}
}

// milestoneFields lists what milestone("NAME").FIELD may be. late_by is in days and
// 0 once the milestone is reached; before it is due it is negative.
func milestoneFields(name string) map[string]field {
	label := fmt.Sprintf("milestone(%q)", name)
	return map[string]field{
		"reached": {Bool, func(f *Facts) result { return truthResult(!f.account.Milestones[name].Reached.IsZero()) }},
		"due":     {Day, func(f *Facts) result { return dateResult(label+".due", f.account.Milestones[name].Due) }},
		"date": {Day, func(f *Facts) result {
			if at := f.account.Milestones[name].Reached; !at.IsZero() {
				return result{number: float64(DateOf(at.In(f.zone)))}
			}
			return missing(label + ".date")
		}},
		"late_by": {Number, func(f *Facts) result {
			m := f.account.Milestones[name]
			switch {
			case !m.Reached.IsZero():
				return result{}
			case m.Due == 0:
				return missing(label + ".due")
			}
			return result{number: float64(f.today - m.Due)}
		}},
	}
}

// addWorkingDays moves n working days of the account's country on (back where n is
// negative): not Saturdays, Sundays, holidays or the account's closed days.
func (f *Facts) addWorkingDays(d Date, n int) Date {
	step := Date(1)
	if n < 0 {
		step, n = -1, -n
	}
	for tries := 0; n > 0 && tries < 20000; tries++ {
		d += step
		if wd := d.Weekday(); wd != time.Saturday && wd != time.Sunday && f.whyOff(d) == "" {
			n--
		}
	}
	return d
}
