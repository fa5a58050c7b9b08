package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"

	"playcaller/playbooks"
)

// other loads the version of the book that is compared with: a folder, or a commit of the repository that the book is in.
func (b *backtesting) other(ctx context.Context, dir string) (*playbooks.Book, error) {
	if info, err := os.Stat(b.against); err == nil && info.IsDir() {
		return b.book(b.against)
	}
	files, err := bookAt(ctx, dir, b.against)
	if err != nil {
		return nil, fmt.Errorf("--against %s: %w", b.against, err)
	}
	return b.load(files, b.against+":"+dir)
}

// bookAt returns the files of a book's folder as they were at a commit.
func bookAt(ctx context.Context, dir, ref string) (map[string][]byte, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, errors.New("there is no such folder, and a commit does not begin with -")
	}
	if _, err := git(ctx, dir, "rev-parse", "--show-prefix"); err != nil {
		return nil, fmt.Errorf("there is no such folder, and %s is in no git repository (%w)", dir, err)
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	if err != nil {
		return nil, errors.New("there is no such folder, and no such commit, branch or tag")
	}
	missing := fmt.Errorf("%s is not in git at %s; name a folder instead, as in: --against ../other-book", dir, ref)
	if listed, err := git(ctx, dir, "ls-tree", strings.TrimSpace(string(commit)), "."); err != nil {
		return nil, fmt.Errorf("git cannot list %s at %s: %w", dir, ref, err)
	} else if len(listed) == 0 {
		return nil, missing
	}
	archive, err := git(ctx, dir, "archive", "--format=tar", strings.TrimSpace(string(commit)), ".")
	if err != nil {
		return nil, fmt.Errorf("git cannot read %s at %s: %w", dir, ref, err)
	}
	files := map[string][]byte{}
	for t := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg || !inBook(header.Name) {
			continue
		}
		text, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		files[path.Clean(header.Name)] = text
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there were no playbook files in %s then", dir)
	}
	return files, nil
}

// inBook reports whether a file belongs to a book by its path.
func inBook(name string) bool {
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// git runs git in a folder and returns what it prints.
func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(wrong.String()); text != "" {
			return nil, errors.New(text)
		}
		return nil, err
	}
	return out.Bytes(), nil
}
