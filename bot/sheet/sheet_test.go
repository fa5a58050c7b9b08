package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/sheet"
)

// read reads a whole sheet: its columns, its rows, and what was wrong with which line.
func read(t testing.TB, text string) (columns []string, rows [][]string, wrong []string) {
	t.Helper()
	s, err := sheet.Open(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		cells, _, err := s.Next()
		var bad *sheet.RowError
		switch {
		case errors.Is(err, io.EOF):
			return s.Columns, rows, wrong
		case errors.As(err, &bad):
			wrong = append(wrong, bad.Error())
		case err != nil:
			t.Fatal(err)
		default:
			rows = append(rows, append([]string(nil), cells...))
		}
	}
}

func TestASheetIsReadAsSpreadsheetsWriteIt(t *testing.T) {
	columns, rows, wrong := read(t, "\ufeffID , Name,Seats\r\n\r\nacme,\"Acme, Inc\",5\nbolt,\"two\nlines\",6\ncalm,\"say \"\"hi\"\"\"\nlast,,7")
	if diff := cmp.Diff([]string{"id", "name", "seats"}, columns); diff != "" {
		t.Error(diff)
	}
	want := [][]string{{"acme", "Acme, Inc", "5"}, {"bolt", "two\nlines", "6"}, {"calm", `say "hi"`}, {"last", "", "7"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if len(wrong) != 0 {
		t.Error(wrong)
	}
}

func TestABadRowIsNamedAndTheOthersStand(t *testing.T) {
	_, rows, wrong := read(t, "id,name\na,1,2\nb,5\" screen\nc,ok\nd,\"never closed\ne,lost")
	if diff := cmp.Diff([][]string{{"c", "ok"}}, rows); diff != "" {
		t.Error(diff)
	}
	want := []string{`line 2: 3 cells, but 2 columns; a comma inside a cell needs quotes`, `line 3: a " stands where it should not; a cell with a comma or a " in it is written "in quotes, with ""two"" for one"`,
		`line 5: a " is opened here and not closed, so that the lines up to 6 were taken for one cell, and left out; close it, or remove it`}
	if diff := cmp.Diff(want, wrong); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyFileSaysWhatIsMissing(t *testing.T) {
	if _, err := sheet.Open(strings.NewReader("\n\n")); err == nil || !strings.Contains(err.Error(), "its first line names the columns") {
		t.Error(err)
	}
	if _, err := sheet.Open(strings.NewReader(strings.Repeat("x", 2<<20))); err == nil || !strings.Contains(err.Error(), "is this a CSV file?") {
		t.Error(err)
	}
}

// Excel writes the encoding of the computer unless it is told otherwise: Shift-JIS in Japan, whose names would be kept as signs
// that nobody can read.
func TestAFileOfAnotherEncodingIsRefusedWithItsLine(t *testing.T) {
	for _, test := range []struct{ what, text, want string }{
		{"Shift-JIS in a row", "id,name\nacme,Acme\nbeta,\x83\x8d\x83O\n", "line 3 is not UTF-8 text"},
		{"Shift-JIS in the first line", "\x8c\xda\x8bq,name\nacme,Acme\n", "line 1 is not UTF-8 text"},
		{"Windows-1252 in a last line without an end", "id,name\nacme,M\xfcller", "line 2 is not UTF-8 text"},
		{"within quotes", "id,name\nacme,\"Acme\nM\xfcller\"\n", "line 3 is not UTF-8 text"},
		{"UTF-16 with its mark", "\xff\xfei\x00d\x00\n\x00", "line 1 is not UTF-8 text"},
		{"UTF-16 without", "\x00i\x00d\x00\n", "line 1 is not UTF-8 text"},
		{"far down", "id,name\n" + strings.Repeat("acme,アクメ株式会社\n", 9000) + "beta,\x83\x8d\n", "line 9002 is not UTF-8 text"},
	} {
		t.Run(test.what, func(t *testing.T) {
			s, err := sheet.Open(strings.NewReader(test.text))
			for err == nil {
				_, _, err = s.Next()
			}
			var row *sheet.RowError
			if errors.As(err, &row) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "CSV UTF-8") {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

func TestColumnsThatDoNotStandApartByCommasAreRefusedOnce(t *testing.T) {
	for text, want := range map[string]string{
		"account;signal;value;date\nacme;logins;3;2026-04-01\n": "its columns stand apart by semicolons (account;signal;value;date)",
		"account\tsignal\tvalue\n":                              "its columns stand apart by tabs",
	} {
		if _, err := sheet.Open(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	s, err := sheet.Open(strings.NewReader("id,name,\nacme,Acme,\n")) // a column without a name, as spreadsheets leave them
	if err != nil || s.Only(sheet.AccountColumns(), "contract_") != nil || s.Needs("id") != nil {
		t.Error(err, s.Only(sheet.AccountColumns(), "contract_"), s.Needs("id"))
	}
	if err := s.Only([]string{"id", "names"}, ""); err == nil || !strings.Contains(err.Error(), `unknown column "name"; did you mean "names"?`) {
		t.Error(err)
	}
	if err := s.Needs("id", "value"); err == nil || !strings.Contains(err.Error(), "the column value is missing; there are id, name") {
		t.Error(err)
	}
}

func TestDaysAreReadAsSpreadsheetsWriteThem(t *testing.T) {
	for text, want := range map[string]string{"2026/4/1": "2026-04-01", "2026/12/31": "2026-12-31", "2026-04-01": "2026-04-01",
		"4/1/2026": "4/1/2026", "2026/4": "2026/4", "2026/004/1": "2026/004/1", "2026/4/x": "2026/4/x", "": ""} {
		if got := sheet.Day(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	signal, err := sheet.Signal(map[string]string{"account": "acme", "signal": "logins", "value": "3", "date": "2026/4/1"})
	if err != nil || signal["at"] != "2026-04-01" {
		t.Error(signal, err)
	}
	account, err := sheet.Account(map[string]string{"id": "acme", "contract_id": "c", "contract_end": "2026/4/1", "churned_on": "2026/4/2"})
	want := map[string]any{"id": "acme", "contracts": []any{map[string]any{"id": "c", "end": "2026-04-01"}}}
	if diff := cmp.Diff(want, account); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// What encoding/csv reads without complaint is read the same.
func FuzzASheetIsReadAsCSV(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("a,b\n\"1\n2\",3\r\n\n4,\"5\"\"6\"\n")
	f.Add("a\n\"\"\n x, y")
	f.Fuzz(func(t *testing.T, text string) {
		r := csv.NewReader(bytes.NewReader([]byte(text)))
		r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
		want, err := r.ReadAll()
		if err != nil || len(want) == 0 || strings.ContainsRune(text, '\r') {
			return
		}
		for _, row := range want {
			if len(row) > len(want[0]) {
				return
			}
		}
		if _, err := sheet.Open(strings.NewReader(text)); err != nil || !utf8.ValidString(text) {
			return // another encoding, or no commas
		}
		_, rows, wrong := read(t, text)
		for _, all := range [][][]string{rows, want} {
			for _, row := range all {
				for i := range row {
					row[i] = strings.TrimSpace(row[i])
				}
			}
		}
		if diff := cmp.Diff(want[1:], rows); diff != "" && len(want) > 1 || len(wrong) > 0 {
			t.Error(diff, wrong)
		}
	})
}

// Statistics programs write NaN and Inf where there is nothing: no number, of its row alone.
func TestANumberIsOneThatCanBeWrittenDown(t *testing.T) {
	for text, want := range map[string]float64{"5": 5, "-0.5": -0.5, "9,600,000": 9_600_000} {
		if got, err := sheet.Number(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"NaN", "nan", "Inf", "-inf", "1e999", "many"} {
		if got, err := sheet.Number(text); err == nil || err.Error() != fmt.Sprintf("%q: want a number", text) {
			t.Errorf("%q is %v (%v)", text, got, err)
		}
	}
}
