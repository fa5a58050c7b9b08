package mongo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.mongodb.org/mongo-driver/v2/bson"

	"playcaller/store"
)

func TestTextIsStoredAsTextAndBytesAsBytes(t *testing.T) {
	for _, c := range []struct {
		body []byte
		want any
	}{
		{[]byte(`{"会社":"アクメ"}`), `{"会社":"アクメ"}`},
		{nil, ""},
		{[]byte{0xff}, bson.Binary{Data: []byte{0xff}}},
	} {
		d := newDocument(store.Record{Key: "k", Body: c.body}, bson.NilObjectID)
		if diff := cmp.Diff(c.want, d.Body); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.body, diff)
		}
	}
}

// FuzzDocument decodes what may stand in a database that others can write to:
// it gives a record of the two kinds of values, or an error, and what it gives
// is stored and read again as the same.
func FuzzDocument(f *testing.F) {
	for _, v := range []any{
		newDocument(store.Record{Key: "k", Version: 3, Schema: 1, Fields: map[string]any{"a": int64(1), "b": "x"}, Body: []byte("{}")}, bson.NewObjectID()),
		newDocument(store.Record{Key: "k", Body: []byte{0xff, 0}}, bson.NilObjectID),
		bson.M{"_id": "k", "v": int32(3), "f": bson.M{"a": 1.5}},
		bson.M{"_id": "k", "v": int64(3), "f": bson.M{"a": int32(7)}, "body": bson.M{"n": 1}},
		bson.M{"_id": bson.NewObjectID(), "v": "3"},
	} {
		raw, err := bson.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d document
		if err := bson.Unmarshal(raw, &d); err != nil {
			return
		}
		r, err := d.record()
		if err != nil {
			return
		}
		for name, v := range r.Fields {
			switch v.(type) {
			case string, int64:
			default:
				t.Fatalf("field %s is a %T", name, v)
			}
		}
		r.Version--
		again, err := bson.Marshal(newDocument(r, d.Writer))
		if err != nil {
			t.Skip("the key or a field cannot be stored at all") // such as a name with NUL
		}
		var d2 document
		if err := bson.Unmarshal(again, &d2); err != nil {
			t.Fatal(err)
		}
		r2, err := d2.record()
		if err != nil {
			t.Fatal(err)
		}
		r.Version++
		if diff := cmp.Diff(r, r2, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("record changed (-stored +read):\n%s", diff)
		}
	})
}
