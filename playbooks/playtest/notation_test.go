package playtest_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"playcaller/playbooks/playtest"
)

func TestSeriesAreWrittenAsValuesAndHowOften(t *testing.T) {
	none := math.NaN()
	for text, want := range map[string][]float64{
		"3":          {3},
		"9x3 3x2":    {9, 9, 9, 3, 3},
		"9x2, _x2 0": {9, 9, none, none, 0},
		"_":          {none},
		"10-2x4":     {10, 8, 6, 4},
		"1+1x3":      {1, 2, 3},
		"-3x2":       {-3, -3},
		"0.5+0.25x2": {0.5, 0.75},
	} {
		p, err := playtest.ParseValues(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, p.Values, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestASeriesThatCannotBeReadSaysWhere(t *testing.T) {
	for text, offset := range map[string]int{
		"": 0, "x3": 0, "9x6 3*2": 4, "9x0": 0, "9 1+1": 2, "9x99999": 0, "9x99999999999999999999": 0, "3 __": 2, "1e5": 0,
	} {
		_, err := playtest.ParseValues(text)
		if err == nil {
			t.Errorf("%q is read", text)
			continue
		}
		if err.Offset != offset || err.Suggestion == "" {
			t.Errorf("%q: offset %d, want %d; %v", text, err.Offset, offset, err)
		}
	}
}

func TestAWeekIsWrittenFromMondayOn(t *testing.T) {
	p, err := playtest.ParseWeek("9 9 8 9 7 _ 0 x 12")
	if err != nil {
		t.Fatal(err)
	}
	want := playtest.Part{Week: []float64{9, 9, 8, 9, 7, math.NaN(), 0}, Days: 84}
	if diff := cmp.Diff(want, p, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "1 2 3", "1 2 3 4 5 6 7 8", "1 2 3 4 5 6 a", "1 2 3 4 5 6 7 x 0", "1x3 2 3 4 5 6 7"} {
		if _, err := playtest.ParseWeek(bad); err == nil {
			t.Errorf("%q is read as a week", bad)
		}
	}
}

// Whatever is read is bounded, and read again the same as it is written.
func FuzzNotation(f *testing.F) {
	for _, s := range []string{"9x6 3x2 _x3", "10-2x4", "9 9 8 9 7 1 0 x 12", "_", "x", "1+", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := playtest.ParseValues(text); err == nil {
			if len(p.Values) == 0 || len(p.Values) > 1000 {
				t.Fatalf("%q gives %d days", text, len(p.Values))
			}
			again, err := playtest.ParseValues(p.String())
			if diff := cmp.Diff(p, again, cmpopts.EquateNaNs()); err != nil || diff != "" {
				t.Fatalf("%q written as %q: %v\n%s", text, p, err, diff)
			}
		} else if err.Offset < 0 || err.Offset+err.Length > len(text) {
			t.Fatalf("%q: the mistake is at %d+%d", text, err.Offset, err.Length)
		}
		if p, err := playtest.ParseWeek(text); err == nil {
			again, err := playtest.ParseWeek(p.String())
			if diff := cmp.Diff(p, again, cmpopts.EquateNaNs()); err != nil || diff != "" {
				t.Fatalf("%q written as %q: %v\n%s", text, p, err, diff)
			}
		}
	})
}
