package mongo

import (
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"playcaller/store"
)

const (
	// maxBulk and maxBulkBytes bound what one request carries, so that others
	// have their turn, and a conflict costs the reading of few versions.
	// (FerretDB v1 comes to a standstill at more than 100.)
	maxBulk      = 64
	maxBulkBytes = 8 << 20

	// maxRequests is how many requests of one call are under way at once.
	maxRequests = 4

	// duplicateKey is MongoDB's code for an insert of a key that is there.
	duplicateKey = 11000
)

// BulkReplace implements [store.Backend].
//
// MongoDB says of a bulk how many conditions were met, not which. Where some
// were not, the keys are read back: what bears this call's writer mark was
// written by it. A record that has moved on even further may have been written
// first or not; the number tells, unless there are both kinds at once, and then
// all of these count as conflicts.
func (s *Store) BulkReplace(ctx context.Context, collection string, rs []store.Record) (conflicts []string, err error) {
	if _, err := s.schema.Records(collection, rs...); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var requests [][]store.Record
	for len(rs) > 0 {
		n, size := 0, 0
		for n < len(rs) && n < maxBulk && size < maxBulkBytes {
			size += len(rs[n].Body)
			n++
		}
		requests = append(requests, rs[:n])
		rs = rs[n:]
	}
	found := make([][]string, len(requests))
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(maxRequests)
	for i, request := range requests {
		g.Go(func() (err error) {
			found[i], err = s.bulk(each, s.db.Collection(collection), request)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, s.failed(ctx, "write", err)
	}
	return slices.Concat(found...), nil
}

func (s *Store) bulk(ctx context.Context, c *mongo.Collection, rs []store.Record) ([]string, error) {
	writer := bson.NewObjectID()
	var fresh, known []store.Record
	for _, r := range rs {
		if r.Version == 0 {
			fresh = append(fresh, r)
		} else {
			known = append(known, r)
		}
	}
	there, err := insertMany(ctx, c, fresh, writer)
	if err != nil {
		return nil, err
	}
	stale, err := replaceMany(ctx, c, known, writer)
	return append(there, stale...), err
}

// insertMany returns the keys that were there already.
func insertMany(ctx context.Context, c *mongo.Collection, rs []store.Record, writer bson.ObjectID) ([]string, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	ds := make([]document, len(rs))
	for i, r := range rs {
		ds[i] = newDocument(r, writer)
	}
	_, err := c.InsertMany(ctx, ds, options.InsertMany().SetOrdered(false))
	if err == nil {
		return nil, nil
	}
	var failed mongo.BulkWriteException
	if !errors.As(err, &failed) || failed.WriteConcernError != nil {
		return nil, err
	}
	var there []string
	for _, e := range failed.WriteErrors {
		if e.Code != duplicateKey || e.Index < 0 || e.Index >= len(rs) {
			return nil, err
		}
		there = append(there, rs[e.Index].Key)
	}
	return there, nil
}

// replaceMany returns the keys of which another version was there.
func replaceMany(ctx context.Context, c *mongo.Collection, rs []store.Record, writer bson.ObjectID) ([]string, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	models := make([]mongo.WriteModel, len(rs))
	for i, r := range rs {
		models[i] = mongo.NewReplaceOneModel().SetFilter(byKey(r.Key, r.Version)).SetReplacement(newDocument(r, writer))
	}
	done, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err != nil {
		return nil, err
	}
	if done.MatchedCount == int64(len(rs)) {
		return nil, nil
	}
	stored, err := marks(ctx, c, rs)
	if err != nil {
		return nil, err
	}
	return missed(rs, stored, writer, int(done.MatchedCount)), nil
}

// marks reads back the versions and writer marks of the records.
func marks(ctx context.Context, c *mongo.Collection, rs []store.Record) (map[string]document, error) {
	ids := make(bson.A, len(rs))
	for i, r := range rs {
		ids[i] = r.Key
	}
	cursor, err := c.Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}},
		options.Find().SetProjection(bson.D{{Key: "v", Value: 1}, {Key: "w", Value: 1}}))
	if err != nil {
		return nil, err
	}
	var ds []document
	if err := cursor.All(ctx, &ds); err != nil {
		return nil, err
	}
	stored := make(map[string]document, len(ds))
	for _, d := range ds {
		stored[d.Key] = d
	}
	return stored, nil
}

// missed returns the keys of the records that writer did not write, given what
// is stored now and that it wrote a certain number of them.
func missed(rs []store.Record, stored map[string]document, writer bson.ObjectID, written int) []string {
	var not, unsure []string
	for _, r := range rs {
		d, there := stored[r.Key]
		switch {
		case there && d.Version == r.Version+1 && d.Writer == writer:
			written--
		case there && d.Version == r.Version+1:
			not = append(not, r.Key)
		default: // written yet again or deleted by now, perhaps inserted anew
			unsure = append(unsure, r.Key)
		}
	}
	if written == len(unsure) {
		return not
	}
	return append(not, unsure...)
}
