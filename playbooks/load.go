package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// The files that a book's playbooks share. Every other .yaml file is a playbook,
// but for NAME_test.yaml.
const (
	SignalsFile  = "signals.yaml"
	TeamFile     = "team.yaml"
	SegmentsFile = "segments.yaml"
	JourneyFile  = "journey.yaml"
	HandoffFile  = "handoff.yaml"
	testSuffix   = "_test.yaml"
)

// Load makes a book of files (path inside the folder -> bytes). All mistakes come
// back at once, sorted by place. The book is nil where any of them is an error or
// asks for what is not yet available: a book is loaded whole or not at all.
func Load(files map[string][]byte) (*Book, []Problem) {
	l := &loading{
		book:    &Book{Files: files, Hash: Hash(files), Playbooks: map[string]*Playbook{}, Forms: map[string]*Form{}},
		sources: map[string][]string{},
		counts:  map[string]int{},
		nodes:   map[place]written{},
		starts:  map[string][]startRef{},
	}
	if l.acceptable(files) {
		l.load(files)
	}
	problems := sorted(l.problems)
	if Broken(problems) {
		return nil, problems
	}
	return l.book, problems
}

// Hash returns the hex SHA-256 by which a book is known: over names and bytes,
// in the order of names. Tests are not part of what a book does, so they do not
// change it.
func Hash(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, testSuffix) {
			continue
		}
		fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// loading is the state of one Load.
type loading struct {
	book     *Book
	problems []Problem
	sources  map[string][]string // file -> lines
	counts   map[string]int      // problems reported, by file
	nodes    map[place]written   // where compiled texts were written
	compiler *rules.Compiler
	schema   rules.Schema
	starts   map[string][]startRef // playbook -> those it starts
	sealed   []*rules.Rule
	unread   []string // files that are no YAML
}

// A place is where a text begins.
type place struct {
	file         string
	line, column int
}

// written is a text that was handed to the compiler.
type written struct {
	doc  *document
	node ast.Node
	text string
}

// acceptable checks what can be said of a book before a file of it is read.
func (l *loading) acceptable(files map[string][]byte) bool {
	total := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		total += len(files[name])
		if !strings.HasSuffix(name, ".yaml") {
			l.report(Pos{name, 1, 1}, 1, rules.Error, "rename it to "+strings.TrimSuffix(name, path.Ext(name))+".yaml, or leave it out", "the files of a book end in .yaml")
		}
	}
	switch {
	case len(files) == 0:
		l.report(Pos{".", 1, 1}, 1, rules.Error, "name a folder with playbook files in it", "the book is empty: no .yaml file was found")
	case len(files) > MaxFiles:
		l.report(Pos{".", 1, 1}, 1, rules.Error, "split the book, or point at the folder that holds nothing else", "the book has %d files, and at most %d are read", len(files), MaxFiles)
	case total > MaxBookBytes:
		l.report(Pos{".", 1, 1}, 1, rules.Error, "point at the folder that holds nothing else", "the book has %d MB, and at most %d MB are read", total>>20, MaxBookBytes>>20)
	default:
		return !l.holdsAnother(files)
	}
	return false
}

// holdsAnother reports a whole book in a folder of this one, once: each of its files
// would be wrong here.
func (l *loading) holdsAnother(files map[string][]byte) bool {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		folder, file := path.Split(name)
		if folder != "" && slices.Contains([]string{SignalsFile, TeamFile, SegmentsFile, JourneyFile, HandoffFile}, file) {
			l.report(Pos{name, 1, 1}, 1, rules.Error, "move it out of this folder, or name "+folder+" itself; a book has one "+file+", at its top",
				"%s is a book of its own inside this one", folder)
			return true
		}
	}
	return false
}

// load reads what the playbooks share, then the playbooks, then how they fit
// together.
func (l *loading) load(files map[string][]byte) {
	docs := map[string]*document{}
	var sound []*document
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d, ok := l.open(name, files[name])
		if docs[name] = d; ok {
			sound = append(sound, d)
		} else {
			l.unread = append(l.unread, name)
		}
	}
	for i, tree := range parseAll(sound) {
		if !sound[i].grow(tree) {
			l.unread = append(l.unread, sound[i].file)
		}
	}
	if slices.ContainsFunc(l.unread, func(name string) bool { return !isPlaybookFile(name) && !strings.HasSuffix(name, testSuffix) }) {
		return // what all playbooks share is missing: the rest would only repeat that
	}
	shared := func(name string) *document {
		if d := docs[name]; d != nil {
			return d
		}
		return &document{loading: l, file: name}
	}
	l.readTeam(shared(TeamFile), docs[TeamFile] != nil)
	l.readSignals(shared(SignalsFile))
	l.readSegments(shared(SegmentsFile))
	milestones := l.readJourney(shared(JourneyFile))
	l.schema.Roles = l.book.Team.furtherRoles()
	compiler, found := rules.NewCompiler(l.schema)
	l.adoptAll(found)
	if compiler == nil { // the schema is broken; what speaks of it would only repeat that
		return
	}
	l.compiler = compiler
	l.finishJourney(shared(JourneyFile), milestones)
	l.readForms(shared(HandoffFile))

	var playbooks []*draftPlaybook
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		if isPlaybookFile(name) {
			playbooks = append(playbooks, l.readPlaybook(docs[name]))
		}
	}
	l.fitTogether(playbooks)
	l.book.Rules = rules.NewSet(l.compiler, l.sealed...)
}

// isPlaybookFile reports whether a file of a book is a playbook.
func isPlaybookFile(name string) bool {
	switch name {
	case SignalsFile, TeamFile, SegmentsFile, JourneyFile, HandoffFile:
		return false
	}
	return strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, testSuffix)
}

// adoptAll takes over the problems of texts that were registered by source.
func (l *loading) adoptAll(found []Problem) {
	for _, p := range found {
		w, ok := l.nodes[place{p.Source.File, p.Source.Line, p.Source.Column}]
		if !ok {
			l.problems = append(l.problems, l.onLine(p))
			continue
		}
		w.doc.adopt(w.node, w.text, []Problem{p})
	}
}
