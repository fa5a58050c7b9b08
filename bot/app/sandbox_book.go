package app

import (
	"context"
	"encoding/json"
	"net/http"
)

// book serves GET /sandbox/book: a BookStatus.
func (s *Sandbox) book(w http.ResponseWriter, r *http.Request) {
	status, err := s.bot.BookStatus(r.Context())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	var answer any = status
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer) // the reader has gone away: nobody to tell
}

// reload passes on that the book is to be read again, until ctx ends.
func (s *Sandbox) reload(ctx context.Context) error {
	for {
		select {
		case <-s.o.Reload:
			s.bot.Reload()
		case <-ctx.Done():
			return nil
		}
	}
}
