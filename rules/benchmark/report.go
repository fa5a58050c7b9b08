package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// The lines of a Markdown file between which --markdown writes.
const (
	beginTables = "<!-- tables: begin -->"
	endTables   = "<!-- tables: end -->"
)

// write writes the files that were asked for.
func (o outputs) write(rep *report, command string) error {
	for _, f := range []struct {
		path string
		text func() ([]byte, error)
	}{
		{o.csv, rep.csv},
		{o.json, func() ([]byte, error) { return json.MarshalIndent(rep, "", " ") }},
		{o.svg, func() ([]byte, error) { return []byte(picture(rep)), nil }},
		{o.html, rep.html},
		{o.markdown, func() ([]byte, error) { return rep.markdown(o.markdown, command) }},
	} {
		if f.path == "" {
			continue
		}
		text, err := f.text()
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// csv is every result, one a line.
func (rep *report) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"material", "event", "series", "mean", "way", "tuned_to", "false_alarms", "n", "found_3d", "found_7d", "found_14d", "standing", "median_delay"}
	if err := w.Write(head); err != nil {
		return nil, err
	}
	for _, r := range rep.Results {
		delay := ""
		if r.Delay > 0 {
			delay = number(r.Delay)
		}
		rec := []string{r.Material, r.Event, r.Series, number(r.Mean), r.Way, asText(r.Rate), strconv.FormatFloat(r.FalseAlarms, 'f', 3, 64), strconv.Itoa(r.N),
			strconv.Itoa(r.Found[0]), strconv.Itoa(r.Found[1]), strconv.Itoa(r.Found[2]), strconv.Itoa(r.Standing), delay}
		if err := w.Write(rec); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// asText writes a rate; that of a rule by itself is none.
func asText(rate float64) string {
	if rate == 0 {
		return ""
	}
	return number(rate)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// markdown returns a file's text with the tables in it, which a command made.
func (rep *report) markdown(path, command string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	before, rest, ok := strings.Cut(string(text), beginTables)
	_, after, closed := strings.Cut(rest, endTables)
	if !ok || !closed {
		return nil, fmt.Errorf("%s: want a line %s and after it a line %s, between which the tables go", path, beginTables, endTables)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s\n\nMade by `%s`:\n", before, beginTables, command)
	if err := writeTables(&b, rep, markdownForm); err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "\n%s%s", endTables, after)
	return b.Bytes(), nil
}

// html is a page of the tables and the picture that needs nothing else.
func (rep *report) html() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Signal benchmark</title>\n<style>\n" +
		"body{font:14px/1.4 system-ui,sans-serif;margin:2em auto;max-width:84em;padding:0 1em;color:#222;background:#fff}\n" +
		"table{border-collapse:collapse;margin:0 0 2em}td,th{padding:.15em .6em;border-bottom:1px solid #ddd;text-align:right}\n" +
		"td:first-child,th:first-child{text-align:left}h2{font-size:1.1em;margin:2em 0 .2em}\n</style>\n<h1>Signal benchmark</h1>\n")
	b.WriteString(picture(rep))
	if err := writeTables(&b, rep, htmlForm); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// wilson returns the 95 % Wilson interval of a share.
func wilson(found, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.96
	share, size := float64(found)/float64(n), float64(n)
	middle := (share + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	return max(0, middle-half), min(1, middle+half)
}

// A table is lines of cells under a head.
type table struct {
	title, about string
	head         []string
	lines        [][]string
}

// A form writes one table.
type form func(w io.Writer, t table) error

func terminal(w io.Writer, t table) error {
	widths := make([]int, len(t.head))
	for _, line := range append([][]string{t.head}, t.lines...) {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n%s\n\n", t.title, t.about)
	for _, line := range append([][]string{t.head}, t.lines...) {
		for i, cell := range line {
			space := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			switch {
			case i == 0:
				b.WriteString(cell + space)
			default:
				b.WriteString("  " + space + cell)
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// openLines is how long a table may be before Markdown folds it up.
const openLines = 45

func markdownForm(w io.Writer, t table) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", t.title, t.about)
	folded := len(t.lines) > openLines
	if folded {
		fmt.Fprintf(&b, "<details><summary>%d lines</summary>\n\n", len(t.lines))
	}
	fmt.Fprintf(&b, "| %s |\n|---|%s\n", strings.Join(t.head, " | "), strings.Repeat("--:|", len(t.head)-1))
	for _, line := range t.lines {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
	}
	if folded {
		b.WriteString("\n</details>\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func htmlForm(w io.Writer, t table) error {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	var b strings.Builder
	fmt.Fprintf(&b, "<h2>%s</h2>\n<p>%s</p>\n<table>\n<tr>", escape(t.title), escape(t.about))
	for _, cell := range t.head {
		fmt.Fprintf(&b, "<th>%s</th>", escape(cell))
	}
	for _, line := range t.lines {
		b.WriteString("</tr>\n<tr>")
		for _, cell := range line {
			fmt.Fprintf(&b, "<td>%s</td>", escape(cell))
		}
	}
	b.WriteString("</tr>\n</table>\n")
	_, err := io.WriteString(w, b.String())
	return err
}
