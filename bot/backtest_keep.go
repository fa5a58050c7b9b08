package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"playcaller/playbooks/backtest"
)

// kept is a file of results: a first line that says of what, and a line for each account that was played.
type kept struct {
	file  *os.File
	known map[string]*backtest.Result
}

// keptHead is the first line.
type keptHead struct {
	Playcaller string `json:"playcaller"` // "backtest"
	Key        string `json:"key"`
}

// openKept opens the file, or begins it. A last line that was not written whole is dropped.
func openKept(name, key string) (*kept, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	k := &kept{file: f, known: map[string]*backtest.Result{}}
	end, err := k.read(name, key)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err == nil && end == 0 {
		err = k.line(keptHead{"backtest", key})
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return k, nil
}

// read takes in what is there, and returns where it ends.
func (k *kept) read(name, key string) (end int64, err error) {
	for r := bufio.NewReaderSize(k.file, 1<<20); ; {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		if end == 0 {
			var head keptHead
			if err := json.Unmarshal(text, &head); err != nil || head.Playcaller != "backtest" {
				return 0, fmt.Errorf("%s is not a file of a back-test; name another, or a new one", name)
			}
			if head.Key != key {
				return 0, fmt.Errorf("%s is of another book, other data or other days; delete it, or name another", name)
			}
		} else {
			result := &backtest.Result{}
			if err := json.Unmarshal(text, result); err != nil {
				return 0, fmt.Errorf("%s is damaged (%w); delete it", name, err)
			}
			k.known[result.Account] = result
		}
		end += int64(len(text))
	}
}

func (k *kept) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = k.file.Write(append(text, '\n'))
	return err
}

func (k *kept) result(account string) *backtest.Result { return k.known[account] }

func (k *kept) keep(r *backtest.Result) error {
	if err := k.line(r); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	return nil
}

func (k *kept) close() { _ = k.file.Close() } // every line was written
