package cards

import (
	"math"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

// chartPoints is how many days a chart shows; Slack takes no more.
const chartPoints = 20

// chart draws a signal's last days, actual and expected with the band that
// chance explains, up to the day on which the text beside it was asked. It returns
// nil where there is nothing to draw.
func (s *Scene) chart(signal string) slack.Block {
	facts := s.Facts
	if s.Asked != nil {
		facts = s.Asked
	}
	if facts == nil || signal == "" {
		return nil
	}
	points, banded := drawable(facts.Chart(signal, chartPoints))
	if len(points) < 2 {
		return nil
	}
	days := make([]string, len(points))
	for i, p := range points {
		days[i] = Clip(s.Voice.Date(p.Date), 20)
	}
	one := func(id string, value func(rules.ChartPoint) float64) slack.DataVisualizationDataSeries {
		data := make([]slack.DataVisualizationDataPoint, len(points))
		for i, p := range points {
			data[i] = slack.NewDataVisualizationDataPoint(days[i], math.Round(value(p)*10)/10)
		}
		return slack.NewDataVisualizationDataSeries(Clip(s.Voice.Say(id, nil), 20), data...)
	}
	series := []slack.DataVisualizationDataSeries{
		one("chart.actual", func(p rules.ChartPoint) float64 { return p.Actual }),
	}
	if banded {
		series = append(series,
			one("chart.expected", func(p rules.ChartPoint) float64 { return p.Expected }),
			one("chart.low", func(p rules.ChartPoint) float64 { return p.Low }),
			one("chart.high", func(p rules.ChartPoint) float64 { return p.High }))
	}
	title := s.Voice.Say("chart.title", words.Args{"signal": clean(s.rawSignalTitle(signal)), "count": len(points)})
	block := slack.NewDataVisualizationBlock(Clip(oneLine(title), 50),
		slack.NewDataVisualizationLineChart(slack.NewDataVisualizationAxisConfig(days...), series...))
	if block.Validate() != nil {
		return nil
	}
	return block
}

// rawSignalTitle returns what people call a signal, not escaped.
func (s *Scene) rawSignalTitle(signal string) string {
	if s.Book != nil {
		for _, d := range s.Book.Signals {
			if d.Name == signal && d.Title[s.Voice.Lang()] != "" {
				return d.Title[s.Voice.Lang()]
			}
		}
	}
	return signal
}

// drawable leaves out days without data, since a chart cannot have holes, and
// days for which nothing was expected where most have something; banded is false
// where none is left of those.
func drawable(all []rules.ChartPoint) (points []rules.ChartPoint, banded bool) {
	var known, complete []rules.ChartPoint
	for _, p := range all {
		if finite(p.Actual) {
			known = append(known, p)
			if finite(p.Expected) && finite(p.Low) && finite(p.High) {
				complete = append(complete, p)
			}
		}
	}
	if len(complete) >= 2 && 2*len(complete) >= len(known) {
		known, banded = complete, true
	}
	if len(known) > chartPoints {
		known = known[len(known)-chartPoints:]
	}
	return known, banded
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// WithoutCharts replaces chart blocks by a line of text each, for workspaces that
// do not know chart blocks yet.
func WithoutCharts(blocks []slack.Block) []slack.Block {
	out := make([]slack.Block, len(blocks))
	for i, b := range blocks {
		out[i] = b
		block, ok := b.(*slack.DataVisualizationBlock)
		if !ok {
			continue
		}
		chart, ok := block.Chart.(*slack.DataVisualizationLineChart)
		if !ok || len(chart.Series) == 0 {
			out[i] = context(line(block.Title))
			continue
		}
		data := chart.Series[0].Data
		values := make([]float64, len(data))
		for k, p := range data {
			values[k] = p.Value
		}
		first, last := data[0].Label, data[len(data)-1].Label
		out[i] = context(line(block.Title) + "  " + Sparkline(values) + "  " + line(first) + " – " + line(last))
	}
	return out
}

// Sparkline draws values as a line of text, from 0 or the lowest to the highest.
func Sparkline(values []float64) string {
	const bars = "▁▂▃▄▅▆▇█"
	levels := []rune(bars)
	low, high := 0.0, 0.0
	for _, v := range values {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	var b strings.Builder
	for _, v := range values {
		level := 0
		if high > low {
			level = int(math.Round((v - low) / (high - low) * float64(len(levels)-1)))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}
