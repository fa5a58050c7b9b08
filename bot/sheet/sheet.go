// Package sheet reads spreadsheets of accounts and signals: CSV files whose first line names the columns, in the forms that
// import and backtest take.
package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"playcaller/bot/intake"
	"playcaller/rules"
)

// maxRow is how many bytes one row may have.
const maxRow = 1 << 20

// A Sheet is a CSV file being read.
type Sheet struct {
	Columns []string // in lower case, as they are named
	in      *bufio.Reader
	line    int      // lines read so far
	cells   []string // of the last row
	lines   string   // read, and not yet returned; whole lines
	long    []byte
}

// A RowError is a row that cannot be read; the others can.
type RowError struct {
	Line int
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *RowError) Unwrap() error { return e.Err }

// Open reads the first line.
func Open(r io.Reader) (*Sheet, error) {
	s := &Sheet{in: bufio.NewReaderSize(r, 64<<10)}
	header, _, err := s.row()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if err := separated(header); err != nil {
		return nil, err
	}
	for n := range header {
		s.Columns = append(s.Columns, strings.ToLower(strings.TrimSpace(header[n])))
	}
	return s, nil
}

// separated refuses a first line whose columns do not stand apart by commas.
func separated(header []string) error {
	whole := strings.Join(header, ",")
	switch {
	case strings.ContainsRune(whole, 0):
		return notText(1)
	case strings.Contains(whole, ";") && !strings.Contains(whole, ","):
		return fmt.Errorf("its columns stand apart by semicolons (%s); save it with commas between them", whole)
	case strings.Contains(whole, "\t"):
		return errors.New("its columns stand apart by tabs; save it as CSV, with commas between them")
	}
	return nil
}

// notText says that a line is of another encoding, whose letters would become signs that nobody can read.
func notText(line int) error {
	return fmt.Errorf("line %d is not UTF-8 text; save the file anew, in Excel as \"CSV UTF-8\"", line)
}

// Only refuses a column that is none of those known, and does not begin with the prefix, if there is one. A column without
// a name is let pass.
func (s *Sheet) Only(known []string, prefix string) error {
	for _, name := range s.Columns {
		if name == "" || slices.Contains(known, name) || prefix != "" && strings.HasPrefix(name, prefix) {
			continue
		}
		more := ""
		if prefix != "" {
			more = " and " + prefix + "…"
		}
		return UnknownColumn(name, known, more)
	}
	return nil
}

// Needs refuses a sheet without one of the columns.
func (s *Sheet) Needs(columns ...string) error {
	for _, need := range columns {
		if !slices.Contains(s.Columns, need) {
			return fmt.Errorf("the column %s is missing; there are %s", need, strings.Join(s.Columns, ", "))
		}
	}
	return nil
}

// Next returns the cells of the next row, which are valid until the next call, and its line. The error is io.EOF after the
// last one, and a *RowError where a row cannot be read and the next can.
func (s *Sheet) Next() (cells []string, line int, err error) {
	cells, line, err = s.row()
	if err == nil && len(cells) > len(s.Columns) {
		return nil, line, &RowError{line, fmt.Errorf("%d cells, but %d columns; a comma inside a cell needs quotes", len(cells), len(s.Columns))}
	}
	return cells, line, err
}

// row returns the next row that is not empty. One without quotes, as most are, is its line cut at the commas; another is
// read by encoding/csv.
func (s *Sheet) row() (cells []string, line int, err error) {
	for {
		text, err := s.text()
		if err != nil {
			return nil, s.line, err
		}
		if len(text) == 0 {
			continue
		}
		s.cells = s.cells[:0]
		from := 0
		for i := range len(text) {
			switch text[i] {
			case '"':
				return s.quoted([]byte(text))
			case ',':
				s.cells = append(s.cells, text[from:i])
				from = i + 1
			}
		}
		s.cells = append(s.cells, text[from:])
		return s.cells, s.line, nil
	}
}

// text returns the next line without its end. As many lines as are at hand become one
// string, of which each is a part.
func (s *Sheet) text() (string, error) {
	end := strings.IndexByte(s.lines, '\n')
	if end < 0 {
		at, _ := s.in.Peek(max(1, s.in.Buffered()))
		whole := bytes.LastIndexByte(at, '\n') + 1
		if whole == 0 { // a line that goes beyond what is at hand
			text, err := s.read()
			if err == nil && !utf8.Valid(text) {
				return "", notText(s.line)
			}
			return string(text), err
		}
		if !utf8.Valid(at[:whole]) {
			line := s.line + 1
			for text := range bytes.Lines(at[:whole]) {
				if !utf8.Valid(text) {
					return "", notText(line)
				}
				line++
			}
		}
		s.lines = string(at[:whole])
		s.in.Discard(whole)
		end = strings.IndexByte(s.lines, '\n')
	}
	text := s.lines[:end]
	s.lines = s.lines[end+1:]
	s.line++
	return strings.TrimRight(text, "\r\n"), nil
}

// read reads one line, valid until the next call.
func (s *Sheet) read() ([]byte, error) {
	text, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		s.long = append(s.long[:0], text...)
		for errors.Is(err, bufio.ErrBufferFull) && len(s.long) < maxRow {
			text, err = s.in.ReadSlice('\n')
			s.long = append(s.long, text...)
		}
		text = s.long
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("line %d has more than %d bytes; is this a CSV file?", s.line+1, maxRow)
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
		return nil, err
	}
	s.line++
	return bytes.TrimRight(text, "\r\n"), nil
}

// quoted reads a row with quotes in it. It goes on over the next lines while a quoted cell is open.
func (s *Sheet) quoted(first []byte) (cells []string, line int, err error) {
	line = s.line
	whole := append([]byte(nil), first...)
	for {
		r := csv.NewReader(bytes.NewReader(whole))
		r.TrimLeadingSpace = true
		cells, err := r.Read()
		if err == nil {
			return cells, line, nil
		}
		if open := bytes.Count(whole, []byte{'"'})%2 == 1; !open || !errors.Is(err, csv.ErrQuote) || len(whole) > maxRow {
			return nil, line, &RowError{line, s.misquoted(line)}
		}
		more, err := s.text()
		if errors.Is(err, io.EOF) {
			return nil, line, &RowError{line, s.misquoted(line)}
		}
		if err != nil {
			return nil, line, err
		}
		whole = append(append(whole, '\n'), more...)
	}
}

// misquoted says what is wrong with the quotes of a row that began in a line and was read as far as the sheet is.
func (s *Sheet) misquoted(line int) error {
	if lost := s.line - line; lost > 0 {
		return fmt.Errorf(`a " is opened here and not closed, so that the lines up to %d were taken for one cell, and left out; close it, or remove it`, s.line)
	}
	return errors.New(`a " stands where it should not; a cell with a comma or a " in it is written "in quotes, with ""two"" for one"`)
}

// Named returns a row's cells by their columns. Empty ones are left out.
func (s *Sheet) Named(cells []string) map[string]string {
	named := map[string]string{}
	for n, v := range cells {
		if v = strings.TrimSpace(v); v != "" {
			named[s.Columns[n]] = v
		}
	}
	return named
}

// SignalColumns returns the names that columns of signals may have.
func SignalColumns() []string {
	return []string{"account", "signal", "value", "date", "at", "by", "user", "id", "mode"}
}

// UnknownColumn says that there is no such column, and which was perhaps meant.
func UnknownColumn(name string, known []string, more string) error {
	text := fmt.Sprintf("unknown column %q; there are %s%s", name, strings.Join(known, ", "), more)
	if near := rules.Nearest(name, known); near != "" {
		text = fmt.Sprintf("unknown column %q; did you mean %q? There are %s%s", name, near, strings.Join(known, ", "), more)
	}
	return errors.New(text)
}

// Signal makes a signal, as POST /v1/signals takes it, of a row. A day's value is set, unless the row says otherwise.
func Signal(cells map[string]string) (map[string]any, error) {
	o := map[string]any{"mode": "set"}
	for name, v := range cells {
		switch name {
		case "account", "signal", "by", "user", "id":
			o[name] = v
		case "date", "at":
			o["at"] = Day(v)
		case "mode":
			if v == "add" {
				v = ""
			}
			o["mode"] = v
		case "value":
			n, err := Number(v)
			if err != nil {
				return nil, fmt.Errorf("value %w", err)
			}
			o["value"] = n
		default:
			return nil, UnknownColumn(name, SignalColumns(), "")
		}
	}
	if _, ok := o["user"]; ok && cells["mode"] == "" {
		delete(o, "mode") // distinct users are counted one by one
	}
	return o, nil
}

// ends are columns of accounts that only back-tests read.
var ends = []string{"churned_on", "renewed_on"}

// AccountColumns returns the names that columns of accounts may have, besides those that begin with contract_.
func AccountColumns() []string { return slices.Concat(intake.AccountFields(), ends) }

// Day returns a day as spreadsheets write it, 2026/4/1, in the way of everything else, 2026-04-01. Another text is returned
// as it is.
func Day(s string) string {
	part := strings.Split(s, "/")
	if len(part) != 3 || len(part[0]) != 4 {
		return s
	}
	for i, text := range part {
		if text == "" || strings.Trim(text, "0123456789") != "" || i > 0 && len(text) > 2 {
			return s
		}
		if len(text) == 1 {
			part[i] = "0" + text
		}
	}
	return strings.Join(part, "-")
}

// Account makes an account, as POST /v1/accounts takes it, of a row; the columns contract_… make its contract.
func Account(cells map[string]string) (map[string]any, error) {
	o, contract := map[string]any{}, map[string]any{}
	known := intake.AccountFields()
	for name, v := range cells {
		if slices.Contains(ends, name) {
			continue
		}
		into, field := o, name
		if f, ok := strings.CutPrefix(name, "contract_"); ok {
			into, field = contract, f
		} else if !slices.Contains(known, name) {
			return nil, UnknownColumn(name, known, " and contract_…")
		}
		switch field {
		case "seats", "arr", "size", "amount":
			n, err := Number(v)
			if err != nil {
				return nil, fmt.Errorf("%s %w", name, err)
			}
			into[field] = n
		case "start", "end", "notice_by", "stage_since":
			into[field] = Day(v)
		case "auto_renew", "signed":
			yes, err := strconv.ParseBool(v)
			if err != nil {
				return nil, fmt.Errorf("%s %q: want true or false", name, v)
			}
			into[field] = yes
		default:
			into[field] = v
		}
	}
	if len(contract) > 0 {
		if contract["id"] == nil {
			return nil, errors.New("a contract needs the column contract_id")
		}
		o["contracts"] = []any{contract}
	}
	return o, nil
}

// Number reads a number as spreadsheets write them: 9,600,000 too.
func Number(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && strings.Contains(s, ",") {
		n, err = strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	}
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%q: want a number", s)
	}
	return n, nil
}
