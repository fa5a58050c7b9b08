package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

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
	want := []string{`line 2: 3 cells, but 2 columns; a comma inside a cell needs quotes`, `line 3: bare " in non-quoted-field`, `line 5: extraneous or missing " in quoted-field`}
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
