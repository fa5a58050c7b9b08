package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
)

// pageSize is how many documents [Docs.All] reads at once where the query sets
// no limit.
const pageSize = 256

// Kind describes the documents of one collection: how they are called, which
// form their bodies have and what they are found by.
//
//	func Runs() store.Kind[playbooks.Run] {
//		return store.Kind[playbooks.Run]{
//			Name:    "runs",
//			Schema:  1,
//			Indexes: []string{"account", "due"},
//			Fields: func(r playbooks.Run) map[string]any {
//				return map[string]any{"account": r.Account, "due": r.Due}
//			},
//		}
//	}
//
// A backend is opened with the [Kind.Collection] of every kind, and
// [Kind.In] then gives the typed documents in it: Runs().In(backend).
type Kind[T any] struct {
	// Name is the collection's name.
	Name string

	// Schema is the version of T's JSON form that this program writes, from 1.
	// It goes up when older programs would misread what this one writes.
	Schema int

	// Indexes are the fields that documents are found by; see [Collection].
	Indexes []string

	// Fields computes the indexed values of a document: string, int64, int,
	// bool (as 0 and 1) or nil for none. It may be nil if there are no indexes.
	Fields func(T) map[string]any

	// Upgrade turns a body of an older schema into one of the present. Nil
	// means that older bodies can be read as they are.
	Upgrade func(schema int, body []byte) ([]byte, error)
}

// Collection returns the declaration to open a backend with.
func (k Kind[T]) Collection() Collection {
	return Collection{Name: k.Name, Indexes: k.Indexes}
}

// In returns the documents of the kind in b, which must have been opened with
// the kind's collection. Nothing is read or written.
func (k Kind[T]) In(b Backend) *Docs[T] {
	return &Docs[T]{backend: b, kind: k}
}

// Doc is one document and the version of it that is at hand.
type Doc[T any] struct {
	Key     string
	Version int64
	Value   T
}

// Docs reads and writes the documents of one kind. Its methods return the
// errors of the [Backend] methods of the same name, with the collection and
// key in the text, and [ErrNewer] for a document whose schema this program
// does not know.
type Docs[T any] struct {
	backend Backend
	kind    Kind[T]
}

// Get returns the document with the key, or [ErrNotFound].
func (d *Docs[T]) Get(ctx context.Context, key string) (Doc[T], error) {
	r, err := d.backend.Get(ctx, d.kind.Name, key)
	if err != nil {
		return Doc[T]{}, d.failed("read", key, err)
	}
	return d.decode(r)
}

// Insert stores a new document and sets its Version to 1.
func (d *Docs[T]) Insert(ctx context.Context, doc *Doc[T]) error {
	r, err := d.encode(*doc)
	if err != nil {
		return err
	}
	if err := d.backend.Insert(ctx, d.kind.Name, r); err != nil {
		return d.failed("insert", doc.Key, err)
	}
	doc.Version = 1
	return nil
}

// Replace stores the document in place of the version it was read as and
// raises its Version by 1. After [ErrConflict] the document is as it was.
func (d *Docs[T]) Replace(ctx context.Context, doc *Doc[T]) error {
	r, err := d.encode(*doc)
	if err != nil {
		return err
	}
	if err := d.backend.Replace(ctx, d.kind.Name, r); err != nil {
		return d.failed("replace", doc.Key, err)
	}
	doc.Version++
	return nil
}

// BulkReplace replaces many documents and inserts those of Version 0, each on
// its own. It raises the Version of those that were written and returns the
// keys of those that were not, because their version is no longer the stored
// one. After an error no Version is raised although documents may have been
// written: read them again.
func (d *Docs[T]) BulkReplace(ctx context.Context, docs []*Doc[T]) (conflicts []string, err error) {
	if len(docs) == 0 {
		return nil, nil
	}
	rs := make([]Record, len(docs))
	for i, doc := range docs {
		if rs[i], err = d.encode(*doc); err != nil {
			return nil, err
		}
	}
	conflicts, err = d.backend.BulkReplace(ctx, d.kind.Name, rs)
	if err != nil {
		return nil, fmt.Errorf("write %d documents of %s: %w", len(docs), d.kind.Name, err)
	}
	lost := make(map[string]bool, len(conflicts))
	for _, key := range conflicts {
		lost[key] = true
	}
	for _, doc := range docs {
		if !lost[doc.Key] {
			doc.Version++
		}
	}
	return conflicts, nil
}

// Delete removes the document if it has the version; version 0 removes it in
// any case.
func (d *Docs[T]) Delete(ctx context.Context, key string, version int64) error {
	if err := d.backend.Delete(ctx, d.kind.Name, key, version); err != nil {
		return d.failed("delete", key, err)
	}
	return nil
}

// Find returns the documents that q asks for. With q.KeysOnly their values are
// empty.
func (d *Docs[T]) Find(ctx context.Context, q Query) ([]Doc[T], error) {
	docs, _, err := d.Page(ctx, q)
	return docs, err
}

// Page returns what [Docs.Find] does, and the query for the page after it. A
// page of fewer than q.Limit documents is the last.
func (d *Docs[T]) Page(ctx context.Context, q Query) (docs []Doc[T], next Query, err error) {
	rs, err := d.backend.Find(ctx, d.kind.Name, q)
	if err != nil {
		return nil, q, fmt.Errorf("find in %s: %w", d.kind.Name, err)
	}
	docs = make([]Doc[T], len(rs))
	for i, r := range rs {
		if q.KeysOnly {
			docs[i] = Doc[T]{Key: r.Key, Version: r.Version}
		} else if docs[i], err = d.decode(r); err != nil {
			return nil, q, err
		}
	}
	if len(rs) == 0 {
		return docs, q, nil
	}
	return docs, q.Next(rs[len(rs)-1]), nil
}

// All goes over the documents that q asks for, however many, reading them page
// by page; q.Limit is the size of a page. Documents written meanwhile may or
// may not be among them. It ends after the first error.
func (d *Docs[T]) All(ctx context.Context, q Query) iter.Seq2[Doc[T], error] {
	if q.Limit <= 0 {
		q.Limit = pageSize
	}
	return func(yield func(Doc[T], error) bool) {
		for {
			docs, next, err := d.Page(ctx, q)
			if err != nil {
				yield(Doc[T]{}, err)
				return
			}
			for _, doc := range docs {
				if !yield(doc, nil) {
					return
				}
			}
			if len(docs) < q.Limit {
				return
			}
			q = next
		}
	}
}

// Reindex computes the indexed fields of all documents anew and writes those
// that differ, returning their number. It is for after an index was added or
// its meaning changed. Documents that change meanwhile need no help and are
// passed over.
func (d *Docs[T]) Reindex(ctx context.Context) (int, error) {
	written := 0
	q := Query{Limit: pageSize}
	for {
		rs, err := d.backend.Find(ctx, d.kind.Name, q)
		if err != nil {
			return written, fmt.Errorf("reindex %s: %w", d.kind.Name, err)
		}
		var stale []Record
		for _, r := range rs {
			doc, err := d.decode(r)
			if err != nil {
				return written, err
			}
			now, err := d.encode(doc)
			if err != nil {
				return written, err
			}
			if !maps.Equal(now.Fields, r.Fields) {
				stale = append(stale, now)
			}
		}
		conflicts, err := d.backend.BulkReplace(ctx, d.kind.Name, stale)
		if err != nil {
			return written, fmt.Errorf("reindex %s: %w", d.kind.Name, err)
		}
		written += len(stale) - len(conflicts)
		if len(rs) < q.Limit {
			return written, nil
		}
		q = q.Next(rs[len(rs)-1])
	}
}

func (d *Docs[T]) encode(doc Doc[T]) (Record, error) {
	fields, err := d.fields(doc)
	if err != nil {
		return Record{}, err
	}
	body, err := json.Marshal(doc.Value)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s %q: %w", d.kind.Name, doc.Key, err)
	}
	return Record{Key: doc.Key, Version: doc.Version, Schema: d.kind.Schema, Fields: fields, Body: body}, nil
}

func (d *Docs[T]) decode(r Record) (Doc[T], error) {
	doc := Doc[T]{Key: r.Key, Version: r.Version}
	if r.Schema > d.kind.Schema {
		return doc, fmt.Errorf("%s %q has schema %d, this program knows up to %d: %w; start the newer one, or restore a backup from before it",
			d.kind.Name, r.Key, r.Schema, d.kind.Schema, ErrNewer)
	}
	body := r.Body
	if r.Schema < d.kind.Schema && d.kind.Upgrade != nil {
		var err error
		if body, err = d.kind.Upgrade(r.Schema, body); err != nil {
			return doc, fmt.Errorf("upgrade %s %q from schema %d to %d: %w", d.kind.Name, r.Key, r.Schema, d.kind.Schema, err)
		}
	}
	if err := json.Unmarshal(body, &doc.Value); err != nil {
		return doc, fmt.Errorf("decode %s %q: %w; the stored document is damaged, restore it from a backup", d.kind.Name, r.Key, err)
	}
	return doc, nil
}

// fields computes the indexed values and brings them to the two stored types.
func (d *Docs[T]) fields(doc Doc[T]) (map[string]any, error) {
	if d.kind.Fields == nil {
		return nil, nil
	}
	given := d.kind.Fields(doc.Value)
	fields := make(map[string]any, len(given))
	for name, v := range given {
		switch v := v.(type) {
		case nil:
		case string, int64:
			fields[name] = v
		case int:
			fields[name] = int64(v)
		case bool:
			fields[name] = int64(0)
			if v {
				fields[name] = int64(1)
			}
		default:
			return nil, fmt.Errorf("%w: field %s of %s %q is a %T; indexed values are string, int64, int or bool",
				ErrInvalid, name, d.kind.Name, doc.Key, v)
		}
	}
	return fields, nil
}

// failed adds what was tried to an error of the backend.
func (d *Docs[T]) failed(what, key string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%s %s %q: %w", what, d.kind.Name, key, err)
}
