package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
)

// A BookError says why a book was refused; Problems has every mistake.
type BookError struct {
	Dir      string
	Problems []playbooks.Problem
}

func (e *BookError) Error() string {
	text := fmt.Sprintf("the book %s cannot be used:", e.Dir)
	for _, p := range e.Problems {
		text += "\n" + p.Long()
	}
	return text
}

// ReadBook loads the book of a folder, or the starter library where dir is empty.
func ReadBook(dir string) (*playbooks.Book, error) {
	var from fs.FS = library.FS
	name := "(the starter library)"
	if dir != "" {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fmt.Errorf("book: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("book: %s is a file; want the folder that it is in", dir)
		}
		from, name = os.DirFS(dir), dir
	}
	files, err := playbooks.ReadDir(from)
	if err != nil {
		return nil, err
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		return nil, &BookError{name, problems}
	}
	if len(book.Playbooks) == 0 {
		return nil, errors.New("book: " + name + " has no playbook; a playbook is a .yaml file that begins with playbook: NAME")
	}
	return book, nil
}
