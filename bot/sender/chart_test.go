package sender_test

import (
	"context"
	"testing"

	"github.com/slack-go/slack"

	"playcaller/bot/sender"
)

// chartless is a workspace that does not know chart blocks yet: it refuses what
// comes before the sender has begun to leave charts out.
type chartless struct {
	sender.Slack
	left    bool
	refused int
}

func (c *chartless) PostMessageContext(ctx context.Context, channel string, options ...slack.MsgOption) (string, string, error) {
	if !c.left {
		c.refused++
		return "", "", slack.SlackErrorResponse{Err: "invalid_blocks"}
	}
	return c.Slack.PostMessageContext(ctx, channel, options...)
}

func TestChartsAreLeftOutForGoodWhereTheyAreRefused(t *testing.T) {
	var old *chartless
	b := open(t, func(o *sender.Options) {
		old = &chartless{Slack: o.Slack}
		o.Slack = old
		o.WithoutCharts = func([]slack.Block) []slack.Block {
			old.left = true
			return []slack.Block{slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "▁▂▃", false, false), nil, nil)}
		}
	})
	series := slack.NewDataVisualizationDataSeries("actual", slack.NewDataVisualizationDataPoint("Mon", 1))
	chart := slack.NewDataVisualizationBlock("logins", slack.NewDataVisualizationLineChart(slack.NewDataVisualizationAxisConfig("Mon"), series))
	one, two := post("one"), post("two")
	one.Blocks = slack.Blocks{BlockSet: []slack.Block{chart}}
	two.Blocks = one.Blocks
	b.sender.Enqueue("channel:#cs-alerts", one, two)
	for _, r := range b.idle() {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Key, r.Err)
		}
	}
	if old.refused != 1 {
		t.Errorf("charts were tried %d times, want once", old.refused)
	}
}
