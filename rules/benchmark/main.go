// Command benchmark measures how well drop, spike and shift find what happens to an
// account, beside simple ways that people use, each tuned to the same rate of false
// alarms. README.md beside it says what is measured, on what and how, and has the
// tables it printed.
//
//	go run ./rules/benchmark
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "benchmark:", err)
			os.Exit(1)
		}
	}
}

// outputs are the files to write besides the table on stdout.
type outputs struct {
	csv, json, svg, html, markdown string
}

func run(args []string, stdout, stderr io.Writer) error {
	p, out, err := readFlags(args, stderr)
	if err != nil {
		return err
	}
	rep, err := measure(p)
	if err != nil {
		return err
	}
	if len(rep.Results) == 0 {
		return errors.New("nothing to measure: --only fits no material/event; there are real/sudden-40, synthetic/spike-2, labelled/snowstorm and others (see README.md)")
	}
	if err := writeTables(stdout, rep, terminal); err != nil {
		return err
	}
	return out.write(rep, p.command())
}

// command is how a run that prints the same tables is asked for: the flags that decide
// them, and none that say where they are written. Of files of more series it has the
// names, not where they lie.
func (p plan) command() string {
	var means []string
	for _, mean := range p.Means {
		means = append(means, number(mean))
	}
	text := fmt.Sprintf("go run ./rules/benchmark --windows %d --means %s --seed %d", p.Windows, strings.Join(means, ","), p.Seed)
	if p.chosen != "" {
		text += fmt.Sprintf(" --only '%s'", p.chosen)
	}
	if p.Same {
		text += " --same"
	}
	for _, path := range p.files {
		text += " --series " + filepath.Base(path)
	}
	return text
}

// readFlags reads the command line.
func readFlags(args []string, stderr io.Writer) (p plan, out outputs, err error) {
	f := flag.NewFlagSet("benchmark", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, "benchmark measures drop, spike and shift beside simple ways, at the same rate of false alarms.\n\n  go run ./rules/benchmark [flags]\n\n")
		f.PrintDefaults()
	}
	var means, only string
	var quick bool
	var files []string
	f.Uint64Var(&p.Seed, "seed", 1, "of everything that is drawn at random; the same seed, the same tables")
	f.IntVar(&p.Windows, "windows", 120, "accounts of 300 days, for each material and mean")
	f.StringVar(&means, "means", "200,50,10,3", "mean counts a day, with commas")
	f.StringVar(&only, "only", "", "regular expression: only events whose material/event fits, for example real/sudden")
	f.BoolVar(&p.Same, "same", false, "tune thresholds on the very windows that are measured, not on the other half")
	f.BoolVar(&quick, "quick", false, "a smoke run of seconds: 12 windows, means 50 and 3; its figures mean little")
	f.Func("series", "CSV `file` (series,date,value) of more real series, with a YAML file of the same name for countries and events; repeatable", func(path string) error {
		files = append(files, path)
		return nil
	})
	f.StringVar(&out.csv, "csv", "", "write all results to this `file`")
	f.StringVar(&out.json, "json", "", "write all results to this `file`")
	f.StringVar(&out.svg, "svg", "", "write the picture of the curves to this `file`")
	f.StringVar(&out.html, "html", "", "write the tables and the picture to this `file`")
	f.StringVar(&out.markdown, "markdown", "", "write the tables into this `file`, between its lines "+beginTables+" and "+endTables)
	if err := f.Parse(args); err != nil {
		return p, out, err
	}
	if f.NArg() > 0 {
		return p, out, fmt.Errorf("unexpected %q; all settings are flags, see --help", f.Arg(0))
	}
	if quick {
		p.Windows, means = 12, "50,3"
	}
	if p.Windows < 2 {
		return p, out, fmt.Errorf("--windows %d: want at least 2", p.Windows)
	}
	for text := range strings.SplitSeq(means, ",") {
		mean, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(mean > 0 && mean <= 1e6) {
			return p, out, fmt.Errorf("--means %q: want counts a day between 0 and a million, such as 200,50,10,3", means)
		}
		p.Means = append(p.Means, mean)
	}
	fits, err := regexp.Compile(only)
	if err != nil {
		return p, out, fmt.Errorf("--only %q: %w", only, err)
	}
	p.only = func(material, event string) bool { return fits.MatchString(material + "/" + event) }
	p.chosen, p.files, p.progress = only, files, stderr
	p.series, err = allSeries(files, stderr)
	return p, out, err
}

// allSeries reads the series of the repository and those of files.
func allSeries(files []string, stderr io.Writer) ([]*realSeries, error) {
	all, err := builtIn()
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		more, err := readSeriesFile(path)
		if err != nil {
			return nil, fmt.Errorf("--series: %w", err)
		}
		for _, s := range more {
			if slices.ContainsFunc(all, func(other *realSeries) bool { return other.name == s.name }) {
				return nil, fmt.Errorf("--series %s: there is a series %s already; give it another name", path, s.name)
			}
			if len(s.values) < windowDays {
				fmt.Fprintf(stderr, "%s has %d days; untouched windows need %d, so only its labelled events are used\n", s.name, len(s.values), windowDays)
			}
			all = append(all, s)
		}
	}
	return all, nil
}
