package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/playbooks"
	"playcaller/playbooks/schema"
	"playcaller/playbooks/template"
)

func newCommand() *cobra.Command {
	var dir, number string
	var yes bool
	var choices template.Choices
	var severity string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin a playbook and its tests, by a few questions",
		Long: `Asks what should start the playbook, for which signal and from which number on, and writes NAME.yaml and NAME_test.yaml
into the book. Both load and pass as they are written: change them from there. A question whose flag is given is not asked;
with --yes nothing is asked, and what is not given takes the answer in brackets.

` + kindsHelp(),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("new wants the name of the playbook, as in: playcaller new failed-payments --book ./my-playbooks")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			choices.Name, choices.Severity = args[0], playbooks.Severity(severity)
			files, err := app.BookFiles(dir)
			if err != nil {
				return err
			}
			book, problems := playbooks.Load(files)
			if book == nil {
				return fmt.Errorf("the book in %s has mistakes (%d), so nothing can be added to it yet; see: playcaller lint %s", dir, len(problems), dir)
			}
			for _, name := range []string{choices.Name + ".yaml", choices.Name + "_test.yaml"} {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					return fmt.Errorf("%s is there already: choose another name, or remove it", filepath.Join(dir, name))
				}
			}
			if err := template.CheckName(book, choices.Name); err != nil {
				return err
			}
			q := &questions{in: bufio.NewReader(c.InOrStdin()), out: c.OutOrStdout(), flags: c.Flags().Changed, yes: yes}
			if err := q.choose(book, &choices, number); err != nil {
				return err
			}
			made, err := choices.Files(book)
			if err != nil {
				return err
			}
			maps.Copy(files, made)
			if with, problems := playbooks.Load(files); with == nil {
				return fmt.Errorf("these answers make no playbook of this book, and nothing was written: %w", problems[0])
			}
			return writeNew(c, dir, choices.Name, made)
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "book", ".", "the folder of the book")
	f.StringVar(&choices.Kind, "kind", "", "what starts it: "+strings.Join(kindNames(), ", "))
	f.StringVar(&choices.Signal, "signal", "", "the signal that it reads")
	f.StringVar(&number, "number", "", "from which number on it starts")
	f.StringVar(&choices.Title, "title", "", "what is wrong or wanted, in a few words")
	f.StringVar(&choices.TitleJa, "title-ja", "", "the same in Japanese")
	f.StringVar(&severity, "severity", "medium", "low, medium or high")
	f.StringVar(&choices.Channel, "channel", "dm", `where it is posted: "#channel", or dm`)
	f.BoolVar(&yes, "yes", false, "ask nothing")
	return c
}

func kindNames() []string {
	var names []string
	for _, k := range template.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

func kindsHelp() string {
	var b strings.Builder
	b.WriteString("Kinds:\n")
	for _, k := range template.Kinds() {
		fmt.Fprintf(&b, "  %-8s %s\n", k.Name, k.About)
	}
	return strings.TrimRight(b.String(), "\n")
}

// questions asks on a terminal, or reads answers from a pipe, one a line.
type questions struct {
	in    *bufio.Reader
	out   io.Writer
	flags func(string) bool // whether a flag was given
	yes   bool
}

// choose fills in what flags have not said.
func (q *questions) choose(book *playbooks.Book, c *template.Choices, number string) (err error) {
	if !q.flags("kind") {
		q.say(kindsHelp())
	}
	if err = q.ask("kind", "What starts it?", "drop", &c.Kind, among(kindNames())); err != nil {
		return err
	}
	i := slices.Index(kindNames(), c.Kind)
	if i < 0 {
		return c.Check(book) // says what there is
	}
	kind := template.Kinds()[i]
	if kind.Signals != nil {
		fitting := template.Fitting(book, kind)
		if q.flags("signal") {
			if err := kind.CheckSignal(book, c.Signal); err != nil {
				return err
			}
		} else if len(fitting) == 0 {
			return fmt.Errorf("the book declares no signal that %s can read: add one of the kind %s to signals.yaml", kind.Name, kind.Signals[0])
		}
		check := func(answer string) error { return kind.CheckSignal(book, answer) }
		if err = q.ask("signal", "Which signal? "+strings.Join(fitting, ", "), append(fitting, "")[0], &c.Signal, check); err != nil {
			return err
		}
	}
	if kind.Question != "" {
		if err = q.ask("number", kind.Question, strconv.FormatFloat(kind.Number, 'g', -1, 64), &number, func(answer string) error {
			_, err := numberFor(kind, answer)
			return err
		}); err != nil {
			return err
		}
		if c.Number, err = numberFor(kind, number); err != nil {
			return err
		}
	}
	if err = q.ask("title", "What is wrong or wanted, in a few words?", strings.ReplaceAll(strings.ToUpper(c.Name[:1])+c.Name[1:], "-", " "), &c.Title, nil); err != nil {
		return err
	}
	if err = q.ask("title-ja", "The same in Japanese?", c.Title, &c.TitleJa, nil); err != nil {
		return err
	}
	severity := string(c.Severity)
	if err = q.ask("severity", "How urgent is it? low, medium, high", "medium", &severity, among([]string{"low", "medium", "high"})); err != nil {
		return err
	}
	c.Severity = playbooks.Severity(severity)
	channels := template.Channels(book)
	return q.ask("channel", "Where is it posted? "+strings.Join(channels, ", ")+" (team.yaml lists the channels)", "dm", &c.Channel, among(channels))
}

// numberFor reads the number that a kind of playbook asks for.
func numberFor(kind template.Kind, answer string) (float64, error) {
	number, err := strconv.ParseFloat(answer, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number: write it in digits, as in %v", answer, kind.Number)
	}
	return number, kind.CheckNumber(number)
}

// among accepts the choices alone.
func among(choices []string) func(answer string) error {
	return func(answer string) error {
		if slices.Contains(choices, answer) {
			return nil
		}
		return fmt.Errorf("%q is none of: %s", answer, strings.Join(choices, ", "))
	}
}

func (q *questions) say(text string) {
	if !q.yes {
		fmt.Fprintln(q.out, text)
	}
}

// ask asks until check finds nothing wrong with the answer; nil accepts every answer.
func (q *questions) ask(flag, question, standard string, value *string, check func(answer string) error) error {
	if q.flags(flag) {
		return nil
	}
	if q.yes {
		*value = standard
		return nil
	}
	for {
		fmt.Fprintf(q.out, "%s [%s] ", question, standard)
		line, err := q.in.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			fmt.Fprintln(q.out)
			return errors.New("the questions ended before their answers: nothing was written; give answers by flags, or --yes")
		} else if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		answer := typed(flag, strings.Trim(strings.TrimSpace(line), `"`))
		if answer == "" {
			answer = standard
		}
		if check != nil {
			if err := check(answer); err != nil {
				fmt.Fprintln(q.out, err)
				continue
			}
		}
		*value = answer
		return nil
	}
}

// typed returns an answer as it was meant: full-width digits as digits, Count as count, cs-alerts as #cs-alerts.
func typed(flag, answer string) string {
	switch {
	case flag == "number":
		return strings.Map(func(r rune) rune {
			if r >= '０' && r <= '９' || r == '．' || r == '－' {
				return r - '０' + '0'
			}
			return r
		}, answer)
	case flag == "kind", flag == "severity", flag == "channel" && strings.EqualFold(answer, "dm"):
		return strings.ToLower(answer)
	case flag == "channel" && answer != "" && answer[0] != '#':
		return "#" + answer
	}
	return answer
}

// writeNew writes the files and says what to do next. Where the book has schemas, the
// files name theirs.
func writeNew(c *cobra.Command, dir, name string, files map[string][]byte) error {
	if _, err := os.Stat(filepath.Join(dir, schemaDir)); err == nil {
		files[name+".yaml"] = append([]byte(schemaLine(schema.KindOf(name+".yaml"))+"\n"), files[name+".yaml"]...)
	}
	for _, file := range []string{name + ".yaml", name + "_test.yaml"} {
		path := filepath.Join(dir, file)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(files[file])
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Fprintln(c.OutOrStdout(), "wrote "+path)
	}
	fmt.Fprintf(c.OutOrStdout(), "now: playcaller lint %s && playcaller test %s --run %s\n", dir, dir, name)
	return nil
}
