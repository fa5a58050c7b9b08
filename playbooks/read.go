package playbooks

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// ReadDir reads the .yaml files of a folder and the folders below it, by path.
// Hidden files and folders are left out. A book that changes while it is read -
// an editor saves, git checks out - would be half old and half new: it is read
// again, and after three attempts refused. Files too large for a book are refused
// without being read.
func ReadDir(dir fs.FS) (map[string][]byte, error) {
	const attempts = 3
	for range attempts {
		before, err := listBook(dir)
		if err != nil {
			return nil, err
		}
		files := make(map[string][]byte, len(before))
		for _, name := range slices.Sorted(maps.Keys(before)) {
			content, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, fmt.Errorf("read the book: %w", err)
			}
			files[name] = content
		}
		after, err := listBook(dir)
		if err != nil {
			return nil, err
		}
		if maps.Equal(before, after) && sizesMatch(files, after) {
			return files, nil
		}
	}
	return nil, fmt.Errorf("read the book: its files changed while they were read, %d times in a row; try again when nothing writes there", attempts)
}

// A stamp tells whether a file was written to.
type stamp struct {
	size     int64
	modified time.Time
}

// listBook returns the stamps of a book's files.
func listBook(dir fs.FS) (map[string]stamp, error) {
	stamps := map[string]stamp{}
	var total int64
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := path.Base(name); strings.HasPrefix(base, ".") && base != "." {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !bookFile(name) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if total += info.Size(); info.Size() > MaxBookBytes || total > MaxBookBytes || len(stamps) >= MaxFiles {
			return fmt.Errorf("%s: a book has at most %d files and %d MB; point at the folder that holds nothing else", name, MaxFiles, MaxBookBytes>>20)
		}
		stamps[name] = stamp{info.Size(), info.ModTime().Round(0)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the book: %w", err)
	}
	return stamps, nil
}

// bookFile reports whether a file belongs to a book by its name. A .yml file does,
// so that Load can say how to rename it.
func bookFile(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// sizesMatch reports whether as much was read as the folder says is there.
func sizesMatch(files map[string][]byte, stamps map[string]stamp) bool {
	for name, content := range files {
		if int64(len(content)) != stamps[name].size {
			return false
		}
	}
	return true
}
