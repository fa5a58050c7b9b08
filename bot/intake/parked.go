package intake

import (
	"net/http"

	"playcaller/bot/stream"
	"playcaller/store"
)

// parked lists the events that were set aside.
func (in *Intake) parked(w http.ResponseWriter, r *http.Request) {
	docs, err := in.o.Parked.Find(r.Context(), store.Query{Limit: 1000})
	if err != nil {
		in.fail(w, r, err)
		return
	}
	list := make([]store.Parked, len(docs))
	for i, d := range docs {
		list[i] = d.Value
	}
	answer(w, http.StatusOK, map[string]any{"parked": list})
}

// retry puts an event that was set aside back into the stream. Its id there makes a second retry of the same one harmless.
func (in *Intake) retry(w http.ResponseWriter, r *http.Request) {
	d, err := in.o.Parked.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		in.fail(w, r, err)
		return
	}
	lane := stream.Now
	if d.Value.Lane == "bulk" {
		lane = stream.Bulk
	}
	ev := stream.Event{Key: d.Value.Key, Kind: d.Value.Kind, At: in.o.Clock.Now(), ID: "retry/" + d.Key, Data: d.Value.Data}
	if err := in.o.PublishTo(r.Context(), d.Value.Partition, lane, ev); err != nil {
		in.fail(w, r, err)
		return
	}
	in.drop(w, r)
}

// drop forgets an event that was set aside.
func (in *Intake) drop(w http.ResponseWriter, r *http.Request) {
	d, err := in.o.Parked.Get(r.Context(), r.PathValue("id"))
	if err == nil {
		err = in.o.Parked.Delete(r.Context(), d.Key, 0)
	}
	if err != nil {
		in.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"id": d.Key})
}
