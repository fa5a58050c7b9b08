package mongo

import (
	"fmt"
	"math"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"playcaller/store"
)

// document is a record as MongoDB has it.
type document struct {
	Key     string `bson:"_id"`
	Version int64  `bson:"v"`
	Schema  int    `bson:"s"`

	// Writer is of the call that wrote this version; see [Store.BulkReplace].
	Writer bson.ObjectID `bson:"w"`

	Fields map[string]any `bson:"f,omitempty"`

	// Body is a string where it can be, so that people can read it.
	Body any `bson:"body,omitempty"`
}

// newDocument returns the document that the next version of r is.
func newDocument(r store.Record, writer bson.ObjectID) document {
	d := document{Key: r.Key, Version: r.Version + 1, Schema: r.Schema, Writer: writer, Fields: r.Fields}
	if utf8.Valid(r.Body) {
		d.Body = string(r.Body)
	} else {
		d.Body = bson.Binary{Data: r.Body}
	}
	return d
}

// record returns the record in the document, or an error if somebody else has
// written the document in another form.
func (d document) record() (store.Record, error) {
	r := store.Record{Key: d.Key, Version: d.Version, Schema: d.Schema, Fields: d.Fields}
	for name, v := range d.Fields {
		switch v := v.(type) {
		case string, int64:
		case int32:
			r.Fields[name] = int64(v)
		default:
			return r, fmt.Errorf("document %q: field f.%s is a %T, not a string or a long; restore it from a backup", d.Key, name, v)
		}
	}
	switch body := d.Body.(type) {
	case nil:
	case string:
		r.Body = []byte(body)
	case bson.Binary:
		r.Body = body.Data
	default:
		return r, fmt.Errorf("document %q: body is a %T, not text or binary; restore it from a backup", d.Key, body)
	}
	return r, nil
}

// byKey is the condition that a record has the key and, unless 0, the version.
func byKey(key string, version int64) bson.D {
	filter := bson.D{{Key: "_id", Value: key}}
	if version != 0 {
		filter = append(filter, bson.E{Key: "v", Value: version})
	}
	return filter
}

// findOptions turns a query into a filter and its options. MongoDB compares
// only values of one type with each other, and sorts numbers before strings.
func findOptions(q store.Query) (bson.D, *options.FindOptionsBuilder) {
	field, direction := "_id", 1
	if q.Field != "" {
		field = "f." + q.Field
	}
	if q.Desc {
		direction = -1
	}
	var clauses bson.A
	clause := func(name, operator string, v any) bson.D {
		return bson.D{{Key: name, Value: bson.D{{Key: operator, Value: v}}}}
	}
	switch {
	case q.Equal != nil:
		clauses = append(clauses, clause(field, "$eq", q.Equal))
	case q.From == nil && q.To == nil && q.Field != "":
		clauses = append(clauses, clause(field, "$exists", true))
	}
	if q.From != nil {
		clauses = append(clauses, clause(field, "$gte", q.From))
	}
	if q.To != nil {
		clauses = append(clauses, clause(field, "$lt", q.To))
	}
	if q.After != nil {
		clauses = append(clauses, after(q, field, clause))
	}
	filter := bson.D{}
	if len(clauses) > 0 {
		filter = bson.D{{Key: "$and", Value: clauses}}
	}
	order := bson.D{{Key: field, Value: direction}}
	if q.Field != "" {
		order = append(order, bson.E{Key: "_id", Value: direction})
	}
	o := options.Find().SetSort(order).SetLimit(int64(q.Limit))
	if q.KeysOnly {
		o.SetProjection(bson.D{{Key: "body", Value: 0}})
	}
	return filter, o
}

// after is the condition to stand behind a position: a later key of the same
// value, a later value, or any value of the type that sorts later.
func after(q store.Query, field string, clause func(name, operator string, v any) bson.D) bson.D {
	beyond := "$gt"
	if q.Desc {
		beyond = "$lt"
	}
	if q.Field == "" {
		return clause("_id", beyond, q.After.Key)
	}
	either := bson.A{
		bson.D{{Key: "$and", Value: bson.A{clause(field, "$eq", q.After.Value), clause("_id", beyond, q.After.Key)}}},
		clause(field, beyond, q.After.Value),
	}
	switch q.After.Value.(type) {
	case int64:
		if !q.Desc {
			either = append(either, clause(field, "$gte", ""))
		}
	case string:
		if q.Desc {
			either = append(either, clause(field, "$lte", int64(math.MaxInt64)))
		}
	}
	return bson.D{{Key: "$or", Value: either}}
}
