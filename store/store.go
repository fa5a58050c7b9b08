// Package store keeps what must last: versioned documents in named
// collections, found again by their key or by a few indexed fields.
//
// It has two halves. A [Backend] moves [Record]s, whose body it does not look
// into; package sqlite and package mongo are the two there are. [Docs] is the
// typed layer over either of them, written once: it turns Go values into
// bodies and indexed fields and back.
//
// There are no transactions over several records: what must change together
// lives in one record. Every change of an existing record names the version
// that was read, and fails with [ErrConflict] if somebody else was faster.
package store

import (
	"context"
	"errors"
)

var (
	// ErrNotFound says that no record has the key.
	ErrNotFound = errors.New("not found")

	// ErrExists says that a record with the key is already there.
	ErrExists = errors.New("already exists")

	// ErrConflict says that the record has another version than the one named,
	// or is gone. The caller's copy is stale: read again before deciding anew.
	ErrConflict = errors.New("changed by somebody else meanwhile")

	// ErrUnavailable says that the store cannot read or write at present: the
	// disk is full, the file is read-only, the server cannot be reached, the
	// store is closed. The text says which, and what to do. A write that
	// returned it may have taken place; its version tells.
	ErrUnavailable = errors.New("store unavailable")

	// ErrNewer says that the data were written by a newer version of the
	// program than this one.
	ErrNewer = errors.New("written by a newer version of the program")

	// ErrInvalid says that a record, query or collection breaks a rule of this
	// package; it is a mistake of the calling code, never of the data.
	ErrInvalid = errors.New("invalid")
)

// Record is one stored document as a backend sees it.
type Record struct {
	// Key names the record in its collection: 1 to [MaxKey] bytes of UTF-8
	// without NUL.
	Key string

	// Version counts the writes of the record, from 1. In a record handed to a
	// backend it is the version that was read, 0 for one that is new.
	Version int64

	// Schema is the version of the body's form, from 1.
	Schema int

	// Fields are the values of the collection's indexes, each a string or an
	// int64. A record without a value for an index is not found by it.
	Fields map[string]any

	// Body is the document, at most [MaxBody] bytes.
	Body []byte
}

// Backend stores records. All methods may be called from many goroutines.
// Besides the errors named at each, every method returns [ErrUnavailable] when
// the store cannot be reached or written, [ErrInvalid] for what breaks a rule
// of this package, and the context's error if that ended first.
//
// A write is durable when its method returns nil.
type Backend interface {
	// Get returns the record with the key, or [ErrNotFound].
	Get(ctx context.Context, collection, key string) (Record, error)

	// Insert stores a new record as version 1, whatever its Version says. It
	// returns [ErrExists] if there is one with its key.
	Insert(ctx context.Context, collection string, r Record) error

	// Replace stores r as version r.Version+1 if the stored one has version
	// r.Version; otherwise it changes nothing and returns [ErrConflict].
	Replace(ctx context.Context, collection string, r Record) error

	// BulkReplace replaces many records, each on its own as Replace does it;
	// those with Version 0 it inserts. It returns the keys of the records that
	// were not written because another version (for inserts: any) was there;
	// all others are written. No key may come twice.
	//
	// After an error any part may have been written. Only where a record was
	// replaced yet again within the call, by another writer, may a backend
	// that cannot tell count its own write among the conflicts.
	BulkReplace(ctx context.Context, collection string, rs []Record) (conflicts []string, err error)

	// Delete removes the record if it has the version, and returns
	// [ErrConflict] if it has not or is gone. Version 0 removes whatever is
	// there and returns nil also if nothing is.
	Delete(ctx context.Context, collection, key string, version int64) error

	// Find returns the records that q asks for, in q's order.
	Find(ctx context.Context, collection string, q Query) ([]Record, error)

	// Close releases what the backend holds, after the writes under way.
	Close() error
}

// Query asks for records by one indexed field, or by key.
//
// The order is that of the field's values, int64 before string, strings by
// their bytes; records of equal value are in the order of their keys. Equal,
// From and To each are a string or an int64, both bounds of one type; a bound
// of one type finds no values of the other.
type Query struct {
	// Field is the index to go by; empty means the key itself.
	Field string

	// Equal asks for records with exactly this value; From and To must then be
	// nil.
	Equal any

	// From is the lowest value wanted, itself included; nil means no bound.
	From any

	// To is the first value no longer wanted; nil means no bound.
	To any

	// Desc turns the whole order round, that of equal values too.
	Desc bool

	// Limit is the greatest number of records to return; 0 means all.
	Limit int

	// After is where the page before ended; see [Query.Next].
	After *Position

	// KeysOnly leaves the bodies out.
	KeysOnly bool
}

// Position is a place in the order of a query: just behind the record that had
// this value and key when it was read, whether or not it still has them.
type Position struct {
	Value any // nil if the query goes by key
	Key   string
}

// Next returns the query for the page that follows the one ending with last.
// Records that do not change meanwhile come exactly once.
func (q Query) Next(last Record) Query {
	p := Position{Key: last.Key}
	if q.Field != "" {
		p.Value = last.Fields[q.Field]
	}
	q.After = &p
	return q
}

// Collection declares the records of one kind. A backend is opened with all
// the collections that the program knows; it makes the missing ones.
type Collection struct {
	// Name is lower-case letters, digits and underscores, a letter first.
	Name string

	// Indexes are the names of the fields that records may be found by, in the
	// same form as Name. Fields that are looked up together are declared as one
	// whose value joins theirs: "acme|login-drop".
	//
	// A backend adds an index that older records know nothing of; they are not
	// found by it until [Docs.Reindex] has been over them.
	Indexes []string
}
