package rules

import "testing"

// An account with six signals, 400 days and 200 distinct users stays within 12 kB of
// memory, what is remembered between judgements included, and of its document.
func TestAnAccountTakesAtMostTwelveKilobytes(t *testing.T) {
	read, judged, written := bytesPerAccount(t)
	for what, bytes := range map[string]float64{"as read": read, "judged": judged, "written": written} {
		if bytes > 12_000 {
			t.Errorf("an account takes %.0f bytes %s, want at most 12,000", bytes, what)
		}
	}
}
