package sandbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed limits.json
var limitsJSON []byte

// limits are Slack's sizes, rates and scopes, as limits.json lists them.
type limits struct {
	Sizes   sizes           `json:"sizes"`
	Tiers   map[string]tier `json:"tiers"`
	Methods map[string]spec `json:"methods"`
}

// sizes are upper bounds: characters unless the name says otherwise.
type sizes struct {
	MessageBlocks   int   `json:"message_blocks"`
	ViewBlocks      int   `json:"view_blocks"`
	MessageText     int   `json:"message_text"`
	AllBlockText    int   `json:"all_block_text"`
	Attachments     int   `json:"attachments"`
	MetadataBytes   int   `json:"metadata_bytes"`
	ViewBytes       int   `json:"view_bytes"`
	ViewStack       int   `json:"view_stack"`
	AckBytes        int   `json:"ack_bytes"`
	Connections     int   `json:"connections"`
	ResponseURLUses int   `json:"response_url_uses"`
	BodyBytes       int64 `json:"body_bytes"`
	HistoryPage     int   `json:"history_page"`
}

// tier is a rate: Burst calls at once, PerMinute in the long run, for each
// channel of its own where PerChannel is set.
type tier struct {
	Burst      float64 `json:"burst"`
	PerMinute  float64 `json:"per_minute"`
	PerChannel bool    `json:"per_channel"`
}

// spec says what a method needs: its rate tier, the scope, and the kind of
// token, which is "bot" when empty, "app" or "none".
type spec struct {
	Tier  string `json:"tier"`
	Scope string `json:"scope"`
	Token string `json:"token"`
}

func loadLimits() (*limits, error) {
	var l limits
	if err := json.Unmarshal(limitsJSON, &l); err != nil {
		return nil, fmt.Errorf("sandbox: limits.json: %w", err)
	}
	for method, s := range l.Methods {
		if _, ok := l.Tiers[s.Tier]; !ok {
			return nil, fmt.Errorf("sandbox: limits.json: %s has the tier %q, which is not among tiers", method, s.Tier)
		}
	}
	return &l, nil
}
