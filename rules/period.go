package rules

// A Period is a length of time in the words of a playbook file: 30m, 2h, 3d
// (calendar days), 2wd (working days of the person concerned), 8w.
type Period struct {
	Minutes     int // 30m, 2h
	Days        int // calendar days: 3d, 8w
	WorkingDays int // 2wd
}

// IsZero reports whether the period is absent.
func (p Period) IsZero() bool { return p == Period{} }
