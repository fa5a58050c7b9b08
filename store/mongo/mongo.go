// Package mongo keeps the store in MongoDB: for production and for more than
// one replica of the program.
//
// Every write is acknowledged by a majority of the replica set and journaled,
// and reads see only what a majority has. A record is a document:
//
//	{_id: key, v: version, s: schema, w: writer, f: {indexed fields}, body: text or binary}
//
// with an index on (f.NAME, _id) for each indexed field, made at the start. No
// transactions are used; one document changes at a time, under the condition of
// its version. On a sharded cluster, shard each collection by its key:
//
//	sh.shardCollection("playcaller.accounts", {_id: "hashed"})
package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"playcaller/store"
)

const (
	// DefaultDatabase is the database's name where the URI names none.
	DefaultDatabase = "playcaller"

	// callTimeout bounds a call whose context has no deadline, unless the URI
	// says otherwise (timeoutMS).
	callTimeout = 20 * time.Second

	// selectTimeout is how long to look for a primary and for a connection to
	// it that is free, unless the URI says otherwise
	// (serverSelectionTimeoutMS). An election takes a few seconds.
	selectTimeout = 8 * time.Second

	// closeTimeout is how long Close waits for calls under way.
	closeTimeout = 10 * time.Second

	// formVersion is the version of the documents' outer form, not of their
	// bodies. It is kept in the collection formCollection.
	formVersion    = 1
	formCollection = "store_form"
)

// Store is a [store.Backend] in a MongoDB database.
type Store struct {
	client *mongo.Client
	db     *mongo.Database
	schema store.Schema
	where  string // hosts and database, for errors; no password

	close    sync.Once
	closeErr error
}

// Open connects to the server or cluster of the URI and makes the missing
// indexes of the collections in the database of that name; if it is empty, the
// URI's path names the database, otherwise it is [DefaultDatabase]. It returns
// [store.ErrUnavailable] if no primary can be reached, and [store.ErrNewer] for
// a database that a newer program has made.
func Open(ctx context.Context, uri, database string, collections []store.Collection) (*Store, error) {
	schema, err := store.NewSchema(collections)
	if err != nil {
		return nil, err
	}
	if database == "" {
		database = DatabaseOf(uri)
	}
	o := options.Client().SetAppName("playcaller").SetTimeout(callTimeout).SetServerSelectionTimeout(selectTimeout).ApplyURI(uri).
		SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Majority()).
		SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: new(true)})
	client, err := mongo.Connect(o)
	if err != nil {
		return nil, fmt.Errorf("open MongoDB: %w; write the URI as mongodb://HOST:PORT/DATABASE", err)
	}
	s := &Store{
		client: client,
		db:     client.Database(database),
		schema: schema,
		where:  strings.Join(o.Hosts, ",") + "/" + database,
	}
	if err := s.prepare(ctx); err != nil {
		err = s.failed(ctx, "open", err)
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// DatabaseOf returns the database that the path of a MongoDB URI names, or
// [DefaultDatabase]. (A URI may list several hosts, so it is no URL.)
func DatabaseOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	if _, path, ok := strings.Cut(rest, "/"); ok && path != "" {
		if name, err := url.PathUnescape(path); err == nil {
			return name
		}
	}
	return DefaultDatabase
}

// prepare checks the form of what is in the database and makes the indexes.
func (s *Store) prepare(ctx context.Context) error {
	forms := s.db.Collection(formCollection)
	_, err := forms.InsertOne(ctx, bson.D{{Key: "_id", Value: "form"}, {Key: "version", Value: formVersion}})
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return err
	}
	var form struct{ Version int }
	if err := forms.FindOne(ctx, bson.D{{Key: "_id", Value: "form"}}).Decode(&form); err != nil {
		return err
	}
	if form.Version > formVersion {
		return fmt.Errorf("the database has form %d, this program knows up to %d: %w; start the newer program, or restore a backup from before it",
			form.Version, formVersion, store.ErrNewer)
	}
	for name, c := range s.schema {
		if err := makeIndexes(ctx, s.db.Collection(name), c); err != nil {
			return err
		}
	}
	return nil
}

// makeIndexes makes those that are missing.
func makeIndexes(ctx context.Context, in *mongo.Collection, c store.Collection) error {
	there, err := in.Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	var models []mongo.IndexModel
	for _, field := range c.Indexes {
		name := "f_" + field
		if !slices.ContainsFunc(there, func(s mongo.IndexSpecification) bool { return s.Name == name }) {
			models = append(models, mongo.IndexModel{
				Keys:    bson.D{{Key: "f." + field, Value: 1}, {Key: "_id", Value: 1}},
				Options: options.Index().SetName(name),
			})
		}
	}
	if len(models) == 0 {
		return nil
	}
	_, err = in.Indexes().CreateMany(ctx, models)
	return err
}

// Get implements [store.Backend].
func (s *Store) Get(ctx context.Context, collection, key string) (store.Record, error) {
	if _, err := s.schema.Collection(collection); err != nil {
		return store.Record{}, err
	}
	var d document
	err := s.db.Collection(collection).FindOne(ctx, byKey(key, 0)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return store.Record{}, store.ErrNotFound
	}
	if err != nil {
		return store.Record{}, s.failed(ctx, "read", err)
	}
	return d.record()
}

// Find implements [store.Backend].
func (s *Store) Find(ctx context.Context, collection string, q store.Query) ([]store.Record, error) {
	if _, err := s.schema.Query(collection, q); err != nil {
		return nil, err
	}
	filter, o := findOptions(q)
	cursor, err := s.db.Collection(collection).Find(ctx, filter, o)
	if err != nil {
		return nil, s.failed(ctx, "read", err)
	}
	var ds []document
	if err := cursor.All(ctx, &ds); err != nil {
		return nil, s.failed(ctx, "read", err)
	}
	rs := make([]store.Record, len(ds))
	for i, d := range ds {
		if rs[i], err = d.record(); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

// Insert implements [store.Backend].
func (s *Store) Insert(ctx context.Context, collection string, r store.Record) error {
	r.Version = 0
	if _, err := s.schema.Records(collection, r); err != nil {
		return err
	}
	_, err := s.db.Collection(collection).InsertOne(ctx, newDocument(r, bson.NewObjectID()))
	if mongo.IsDuplicateKeyError(err) {
		return store.ErrExists
	}
	if err != nil {
		return s.failed(ctx, "write", err)
	}
	return nil
}

// Replace implements [store.Backend].
func (s *Store) Replace(ctx context.Context, collection string, r store.Record) error {
	if _, err := s.schema.Records(collection, r); err != nil {
		return err
	}
	if r.Version == 0 {
		return fmt.Errorf("%w: a record of version 0 has never been stored and cannot be replaced", store.ErrInvalid)
	}
	done, err := s.db.Collection(collection).ReplaceOne(ctx, byKey(r.Key, r.Version), newDocument(r, bson.NewObjectID()))
	if err != nil {
		return s.failed(ctx, "write", err)
	}
	if done.MatchedCount == 0 {
		return store.ErrConflict
	}
	return nil
}

// Delete implements [store.Backend].
func (s *Store) Delete(ctx context.Context, collection, key string, version int64) error {
	if _, err := s.schema.Collection(collection); err != nil {
		return err
	}
	done, err := s.db.Collection(collection).DeleteOne(ctx, byKey(key, version))
	if err != nil {
		return s.failed(ctx, "delete", err)
	}
	if done.DeletedCount == 0 && version != 0 {
		return store.ErrConflict
	}
	return nil
}

// Close implements [store.Backend]. It may be called again.
func (s *Store) Close() error {
	s.close.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err := s.client.Disconnect(ctx); err != nil {
			s.closeErr = fmt.Errorf("close MongoDB %s: %w", s.where, err)
		}
	})
	return s.closeErr
}

// failed says what was tried where. Whatever the server or the way to it
// refuses is [store.ErrUnavailable]: requests themselves were checked before.
func (s *Store) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	say := "the server refused"
	switch {
	case errors.Is(err, store.ErrNewer):
		return fmt.Errorf("%s MongoDB %s: %w", what, s.where, err)
	case errors.Is(err, mongo.ErrClientDisconnected):
		say = "it has been closed"
	case mongo.IsTimeout(err) || mongo.IsNetworkError(err):
		say = "no primary answers; see that MONGODB_URI is right and the server runs"
	}
	return fmt.Errorf("%s MongoDB %s: %w: %s (%w)", what, s.where, store.ErrUnavailable, say, err)
}
