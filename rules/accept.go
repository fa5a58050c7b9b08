package rules

import "time"

// CheckSignal says what would be wrong with a signal for any account, before it is applied to one: the errors that
// History.Apply gives whatever the History holds. now is the time of its arrival.
func CheckSignal(sig Signal, def SignalDef, now time.Time) error {
	at := sig.At
	if at.IsZero() {
		at = now
	}
	return checkSignal(&sig, &def, at, now)
}
