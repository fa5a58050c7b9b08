package lint

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

// A block is a fenced piece of YAML in a Markdown document.
type block struct {
	line   int    // of its first line of YAML in the document, from 1
	indent int    // of the fence, in columns
	file   string // of the book that it shows; "" for a fragment
	added  bool   // what it says is added to that file
	text   string
}

var (
	fence    = regexp.MustCompile("^( *)(```+|~~~+) *(.*)$")
	fileLine = regexp.MustCompile(`^# *(added to +)?([A-Za-z0-9_./-]+\.yaml)\b`)
	nameLine = regexp.MustCompile(`(?m)^playbook: *([a-z0-9-]+)`)
)

// Markdown lints the YAML in a document about a book: each block fenced as ```yaml.
// A block is a whole file of the book where its first line is a comment with the
// file's name (# login-drop.yaml) or where it begins a playbook; it is put into the
// book, in place of a file of that name, and later blocks may use it. After the
// comment "# added to signals.yaml" it is an addition to that file. Any other block
// is a fragment, which must be YAML and no more. A block fenced with further words
// (```yaml wrong) is left alone. Hints are not given.
func Markdown(name string, src []byte, book map[string][]byte) []playbooks.Problem {
	d := &document{name: name, files: maps.Clone(book), own: map[string]place{}}
	if d.files == nil {
		d.files = map[string][]byte{}
	}
	var fragments []block
	for _, b := range blocks(src) {
		switch {
		case b.file == "":
			fragments = append(fragments, b)
		case b.added && len(d.files[b.file]) > 0:
			d.add(b)
		default:
			d.files[b.file] = []byte(b.text)
			d.own[b.file] = place{b, 0}
		}
	}
	problems := d.lint()
	for _, b := range fragments {
		d := &document{name: name, files: map[string][]byte{"fragment.yaml": []byte(b.text)}, own: map[string]place{"fragment.yaml": {b, 0}}}
		problems = append(problems, d.syntax()...)
	}
	return problems
}

// A document is a Markdown file with the book that its blocks make.
type document struct {
	name  string
	files map[string][]byte
	own   map[string]place // files that blocks brought, or added to
}

// A place says where the lines of a block begin in the file of the book.
type place struct {
	block block
	after int
}

// add puts a block's entries below the line of the book's file that has the same
// top-level field, or at the file's end.
func (d *document) add(b block) {
	field, rest, _ := strings.Cut(strings.TrimSpace(withoutComment(b.text)), "\n")
	lines := strings.Split(strings.TrimRight(string(d.files[b.file]), "\n"), "\n")
	at := slices.Index(lines, field)
	if at < 0 || rest == "" {
		d.own[b.file] = place{b, len(lines)}
		d.files[b.file] = []byte(strings.Join(lines, "\n") + "\n" + b.text)
		return
	}
	skipped := strings.Count(b.text[:strings.Index(b.text, rest)], "\n")
	b.line += skipped
	b.text = rest
	d.own[b.file] = place{b, at + 1}
	d.files[b.file] = []byte(strings.Join(slices.Insert(lines, at+1, strings.Split(strings.TrimRight(rest, "\n"), "\n")...), "\n") + "\n")
}

// withoutComment leaves out the line that names the file.
func withoutComment(text string) string {
	_, rest, _ := strings.Cut(text, "\n")
	return rest
}

// lint loads the book with the blocks in it and returns what is wrong with them.
func (d *document) lint() []playbooks.Problem {
	if len(d.own) == 0 {
		return nil
	}
	book, problems := playbooks.Load(d.files)
	if book == nil && !d.concerned(problems) {
		// The blocks do not fit the rest of the book, which they need not.
		for name := range d.files {
			if _, own := d.own[name]; !own && !shared(name) {
				delete(d.files, name)
			}
		}
		book, problems = playbooks.Load(d.files)
	}
	if book != nil {
		own := slices.DeleteFunc(playtest.Files(book), func(name string) bool { _, own := d.own[name]; return !own })
		problems = append(problems, playtest.CheckFiles(book, own)...)
	}
	return d.mapped(problems)
}

// shared reports whether a file of a book is used by all its playbooks.
func shared(name string) bool {
	switch name {
	case playbooks.SignalsFile, playbooks.TeamFile, playbooks.SegmentsFile, playbooks.JourneyFile, playbooks.HandoffFile:
		return true
	}
	return false
}

// syntax returns what keeps the document's file from being YAML.
func (d *document) syntax() []playbooks.Problem {
	var broken []playbooks.Problem
	_, problems := playbooks.Load(d.files)
	for _, p := range problems {
		if strings.Contains(p.Message, "not YAML") || strings.Contains(p.Message, "a tab stands") {
			broken = append(broken, p)
		}
	}
	return d.mapped(broken)
}

// concerned reports whether a problem is in one of the document's blocks.
func (d *document) concerned(problems []playbooks.Problem) bool { return len(d.mapped(problems)) > 0 }

// mapped returns the problems of the blocks, with their places in the document. Hints
// are left out: an example is short.
func (d *document) mapped(problems []playbooks.Problem) []playbooks.Problem {
	var mine []playbooks.Problem
	for _, p := range problems {
		at, own := d.own[p.File]
		line := p.Line - at.after
		if !own || p.Level == playbooks.Hint || line < 1 || line > strings.Count(at.block.text, "\n")+1 {
			continue
		}
		p.File, p.Line, p.Column = d.name, at.block.line+line-1, p.Column+at.block.indent
		mine = append(mine, p)
	}
	return mine
}

// blocks returns the YAML blocks of a Markdown document.
func blocks(src []byte) []block {
	var found []block
	var open *block
	var closing string
	var text []string
	skip := false
	lines := strings.Split(string(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))), "\n")
	for i, line := range lines {
		m := fence.FindStringSubmatch(line)
		switch {
		case closing != "" && m != nil && strings.HasPrefix(m[2], closing) && strings.TrimSpace(m[3]) == "":
			if !skip {
				open.text = strings.Join(text, "\n") + "\n"
				open.name()
				found = append(found, *open)
			}
			closing, text = "", nil
		case closing != "":
			text = append(text, outdented(line, open.indent))
		case m != nil:
			info := strings.TrimSpace(m[3])
			closing, skip = m[2], info != "yaml" && info != "yml"
			open = &block{line: i + 2, indent: len(m[1])}
		}
	}
	return found
}

// outdented removes as many leading spaces as the fence has.
func outdented(line string, indent int) string {
	for range indent {
		line = strings.TrimPrefix(line, " ")
	}
	return line
}

// name finds out which file of the book a block shows.
func (b *block) name() {
	if m := fileLine.FindStringSubmatch(b.text); m != nil {
		b.file, b.added = path.Clean(m[2]), m[1] != ""
		return
	}
	if m := nameLine.FindStringSubmatch(b.text); m != nil {
		b.file = m[1] + ".yaml"
	}
}

// markdownOf lints the documents in a book's folder and those below it.
func markdownOf(dir fs.FS, book map[string][]byte) ([]playbooks.Problem, error) {
	var problems []playbooks.Problem
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(path.Base(name), ".") && name != ".":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !strings.HasSuffix(name, ".md"):
			return nil
		}
		src, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		if len(src) > playbooks.MaxFileBytes {
			return nil // not a text about a book
		}
		problems = append(problems, Markdown(name, src, book)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the documents beside the book: %w", err)
	}
	return problems, nil
}
