package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// journal is the workspace's file: one JSON record a line, each putting or
// dropping one thing whole. A line that was cut off by a crash is the last one
// and is left out when the file is read back.
type journal struct {
	file  *os.File
	size  int64
	lines int
}

// record is one line of the journal.
type record struct {
	Kind  string          `json:"k"`
	Value json.RawMessage `json:"v"`
}

// What records put or drop.
const (
	putMessage    = "message"
	dropMessage   = "drop_message"
	putChannel    = "channel"
	putHome       = "home"
	putScheduled  = "scheduled"
	dropScheduled = "drop_scheduled"
	putRead       = "read"
	putWebhook    = "webhook"
)

// readMark says how far a user has read a conversation.
type readMark struct {
	User    string `json:"user"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// openJournal reads the file back, if there is one, and goes on writing to it.
// A file in which much has been overwritten is written anew first.
func (w *Workspace) openJournal(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("sandbox: the workspace's folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sandbox: the workspace's file: %w", err)
	}
	j := &journal{file: file}
	if err := w.replay(j, path); err != nil {
		_ = file.Close()
		return err
	}
	w.journal = j
	if live := w.live(); j.lines > 2*len(live)+1000 {
		return w.rewrite(path, live)
	}
	return nil
}

// replay applies the file's records in turn and cuts off an unfinished last one.
func (w *Workspace) replay(j *journal, path string) error {
	in := bufio.NewReaderSize(j.file, 1<<16)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("sandbox: reading %s: %w", path, err)
		}
		j.lines++
		j.size += int64(len(line))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := w.apply(line); err != nil {
			return fmt.Errorf("sandbox: %s line %d: %w; move the file away to begin with an empty workspace", path, j.lines, err)
		}
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("sandbox: %s: cutting off an unfinished line: %w", path, err)
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

// apply carries out one record.
func (w *Workspace) apply(line []byte) error {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	switch r.Kind {
	case putMessage, dropMessage:
		return w.applyMessage(r)
	case putChannel:
		var saved Channel
		if err := json.Unmarshal(r.Value, &saved); err != nil {
			return err
		}
		if ch := w.channels[saved.ID]; ch != nil {
			for _, member := range ch.Members {
				if !slices.Contains(saved.Members, member) {
					saved.Members = append(saved.Members, member)
				}
			}
			ch.Channel = saved
		} else {
			w.addChannel(&channel{Channel: saved})
		}
	case putHome:
		v := &view{inputs: values{}}
		if err := unmarshal(r.Value, v); err != nil {
			return err
		}
		v.root = v
		w.homes[v.User], w.views[v.ID] = v, v
	case putScheduled:
		var s scheduledMessage
		if err := unmarshal(r.Value, &s); err != nil {
			return err
		}
		w.scheduled[s.ID] = &s
	case dropScheduled:
		var id string
		if err := json.Unmarshal(r.Value, &id); err != nil {
			return err
		}
		delete(w.scheduled, id)
	case putRead:
		var mark readMark
		if err := json.Unmarshal(r.Value, &mark); err != nil {
			return err
		}
		w.noteRead(mark)
	case putWebhook:
		var call webhook
		if err := json.Unmarshal(r.Value, &call); err != nil {
			return err
		}
		w.addWebhook(call)
	default:
		return fmt.Errorf("the kind of record %q is not known", r.Kind)
	}
	return nil
}

func (w *Workspace) applyMessage(r record) error {
	m := &message{}
	if err := unmarshal(r.Value, m); err != nil {
		return err
	}
	ch := w.channels[m.Channel]
	if ch == nil {
		return fmt.Errorf("a message in the channel %s, which is not there", m.Channel)
	}
	w.lastTS = max(w.lastTS, micros(m.TS))
	if m.Edited != nil {
		w.lastTS = max(w.lastTS, micros(m.Edited.TS))
	}
	old := ch.find(m.TS)
	switch {
	case r.Kind == dropMessage && old != nil:
		ch.remove(old)
	case r.Kind == putMessage && old != nil:
		*old = *m
	case r.Kind == putMessage:
		ch.add(m)
	}
	return nil
}

// unmarshal decodes JSON keeping numbers as they were written.
func unmarshal(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into)
}

// live lists the records that make the workspace as it is now.
func (w *Workspace) live() []record {
	var out []record
	add := func(kind string, v any) {
		if data, err := json.Marshal(v); err == nil {
			out = append(out, record{kind, data})
		}
	}
	for _, id := range w.order {
		add(putChannel, w.channels[id].Channel)
		for _, m := range w.channels[id].messages {
			add(putMessage, m)
		}
	}
	for _, v := range w.homes {
		add(putHome, v)
	}
	for _, s := range w.scheduled {
		add(putScheduled, s)
	}
	for _, call := range w.webhooks {
		add(putWebhook, call)
	}
	for user, marks := range w.read {
		for ch, ts := range marks {
			add(putRead, readMark{user, ch, ts})
		}
	}
	return out
}

// rewrite replaces the file by one with only the records that still count. The
// old file stays until the new one is complete.
func (w *Workspace) rewrite(path string, live []record) error {
	fresh, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("sandbox: writing the workspace's file anew: %w", err)
	}
	next := &journal{file: fresh}
	for _, r := range live {
		if err := next.write(r); err != nil {
			_ = fresh.Close()
			return fmt.Errorf("sandbox: writing the workspace's file anew: %w", err)
		}
	}
	if err := errors.Join(fresh.Sync(), os.Rename(path+".new", path)); err != nil {
		_ = fresh.Close()
		return fmt.Errorf("sandbox: writing the workspace's file anew: %w", err)
	}
	old := w.journal
	w.journal = next
	return old.file.Close()
}

// write appends one record as one line. After an error nothing of it is left.
func (j *journal) write(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := j.file.Write(line); err != nil {
		return errors.Join(err, j.file.Truncate(j.size), j.seekEnd())
	}
	j.size += int64(len(line))
	j.lines++
	return nil
}

func (j *journal) seekEnd() error {
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

// close ends the file; a workspace in memory has none.
func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return errors.Join(j.file.Sync(), j.file.Close())
}

// keep writes down one change. It is false when that failed: then the change must
// not be made, and the call that wanted it is answered with an error.
func (w *Workspace) keep(kind string, v any) bool {
	if w.journal == nil {
		return true
	}
	data, err := json.Marshal(v)
	if err == nil {
		err = w.journal.write(record{kind, data})
	}
	if err != nil {
		w.unwritten = fmt.Errorf("the workspace's file cannot be written: %w", err)
		w.log.Error("the workspace's file cannot be written", "error", err)
	}
	return err == nil
}

func (w *Workspace) keepMessage(m *message) bool { return w.keep(putMessage, m) }

func (w *Workspace) dropMessage(m *message) bool {
	return w.keep(dropMessage, object{"channel": m.Channel, "ts": m.TS})
}

func (w *Workspace) keepChannel(ch *channel)           { w.keep(putChannel, ch.Channel) }
func (w *Workspace) keepHome(v *view)                  { w.keep(putHome, v) }
func (w *Workspace) keepScheduled(s *scheduledMessage) { w.keep(putScheduled, s) }

func (w *Workspace) dropScheduled(id string) {
	delete(w.scheduled, id)
	w.keep(dropScheduled, id)
}
