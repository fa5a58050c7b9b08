package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"playcaller/rules"
	"playcaller/store"
)

// token lets the harness in at the bot's HTTP side.
const token = "harness"

// API is the bot's HTTP side.
type API struct {
	url    string
	client *http.Client
}

func newAPI(addr string) *API {
	return &API{"http://" + addr, &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

// Signal is a signal as it is sent.
type Signal struct {
	Account string  `json:"account"`
	Signal  string  `json:"signal"`
	Value   float64 `json:"value"`
	ID      string  `json:"id,omitempty"`
}

// Taken is the answer to signals.
type Taken struct {
	Accepted  int
	Duplicate int
	Rejected  []struct{ Error string }
}

// Post sends a body; an error means that it is not known whether it was taken.
func (a *API) Post(ctx context.Context, path string, body []byte) (Taken, error) {
	var taken Taken
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+path, bytes.NewReader(body))
	if err != nil {
		return taken, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := a.client.Do(req)
	if err != nil {
		return taken, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return taken, err
	}
	if res.StatusCode != http.StatusAccepted {
		return taken, fmt.Errorf("%s: %s: %s", path, res.Status, answer)
	}
	return taken, json.Unmarshal(answer, &taken)
}

func (a *API) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Ready returns nil once the bot can do its work.
func (a *API) Ready(ctx context.Context) error { return a.get(ctx, "/readyz", nil) }

// Sum returns the sum of a signal's days; 0 for an account that nothing is known of.
func (a *API) Sum(ctx context.Context, account, signal string) (float64, error) {
	var answer struct{ Days []rules.DayValue }
	if err := a.get(ctx, "/v1/accounts/"+url.PathEscape(account)+"/series/"+signal, &answer); err != nil {
		return 0, err
	}
	var sum float64
	for _, d := range answer.Days {
		sum += d.Value
	}
	return sum, nil
}

// Runs returns all runs of an account.
func (a *API) Runs(ctx context.Context, account string) ([]store.Run, error) {
	var answer struct{ Runs []store.Run }
	err := a.get(ctx, "/v1/runs?limit=1000&account="+url.QueryEscape(account), &answer)
	return answer.Runs, err
}

// Decisions returns the recorded decisions on an account.
func (a *API) Decisions(ctx context.Context, account string) ([]store.Decision, error) {
	var answer struct{ Decisions []store.Decision }
	err := a.get(ctx, "/v1/accounts/"+url.PathEscape(account)+"/decisions?limit=1000", &answer)
	return answer.Decisions, err
}

// Parked returns the events that were set aside.
func (a *API) Parked(ctx context.Context) ([]store.Parked, error) {
	var answer struct{ Parked []store.Parked }
	err := a.get(ctx, "/v1/parked", &answer)
	return answer.Parked, err
}

// Metric returns the value of a metric without labels.
func (a *API) Metric(ctx context.Context, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := a.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("/metrics has no %s", name)
}

// until asks again until it is true, at most for a time; an error says what it was that did not come true.
func until(ctx context.Context, atMost time.Duration, what string, true func() error) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := true()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s did not come true within %s: %w", what, atMost, err)
		}
	}
}
