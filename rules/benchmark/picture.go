package main

import (
	"fmt"
	"math"
	"strings"
)

// Sizes of the picture, in SVG units.
const (
	panelWidth, panelHeight = 250, 170
	gapX, gapY              = 34, 56
	marginLeft, marginTop   = 60, 96
	leastWidth              = 1180 // the legend's
)

// pictured are the kinds of events that the picture shows.
func pictured() []string { return []string{"sudden-40", "slow-40", "spike-2", "shift-up"} }

// lineColours are those of the ways in the order of wayNames, readable on white.
func lineColours() []string {
	return []string{"#111111", "#111111", "#b35806", "#1f78b4", "#33a0c4", "#999999", "#7b3294", "#c51b7d", "#1b7837", "#7fbc41"}
}

// drawn reports whether a way has a line: of Playcaller's, the one that is compared.
func drawn(i int) bool { return i == 0 || i >= len(playcallerWays()) }

// picture draws the share found against the rate of false alarms: one row of panels
// for a kind of event and material, one column for a mean.
func picture(rep *report) string {
	_, by := rep.cells()
	type row struct{ material, event string }
	var rows []row
	for _, material := range []string{materialReal, materialSynthetic} {
		for _, name := range pictured() {
			for _, mean := range rep.Plan.Means {
				if by[cell{material, name, "", mean, perYear}] != nil {
					rows = append(rows, row{material, name})
					break
				}
			}
		}
	}
	width := max(leastWidth, marginLeft+len(rep.Plan.Means)*(panelWidth+gapX))
	height := marginTop + len(rows)*(panelHeight+gapY) + 10
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="12" fill="#222">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="16" font-weight="600">Share of events found, by false alarms per account and year (seed %d, n = %d a panel)</text>`+"\n", marginLeft, rep.Plan.Seed, rep.Plan.Windows)
	fmt.Fprintf(&b, `<text x="%d" y="72" fill="#555">Across: false alarms per account and year that every way is tuned to. Up: %% of events found. A fall on the right: an alarm that stands already tells nothing new.</text>`+"\n", marginLeft)
	legend(&b)
	for r, row := range rows {
		y := marginTop + r*(panelHeight+gapY)
		for c, mean := range rep.Plan.Means {
			x := marginLeft + c*(panelWidth+gapX)
			days := within[comparedWithin(row.event)]
			fmt.Fprintf(&b, `<text x="%d" y="%d" font-weight="600">%s</text>`+"\n", x, y+12, fmt.Sprintf("%s, %s a day: in %d days", row.event, number(mean), days))
			if c == 0 {
				fmt.Fprintf(&b, `<text transform="translate(%d %d) rotate(-90)" text-anchor="middle" fill="#555">%s</text>`+"\n", 16, y+20+panelHeight/2, row.material)
			}
			panel(&b, x, y+20, by, row.material, row.event, mean)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func legend(b *strings.Builder) {
	x := 0
	for i, name := range wayNames() {
		if !drawn(i) {
			continue
		}
		fmt.Fprintf(b, `<line x1="%d" y1="48" x2="%d" y2="48" stroke="%s" stroke-width="%s"/><text x="%d" y="52">%s</text>`+"\n",
			marginLeft+x, marginLeft+x+22, lineColours()[i], lineWidth(i), marginLeft+x+28, name)
		x += 28 + 7*len([]rune(name)) + 20
	}
}

func lineWidth(i int) string {
	if i == 0 {
		return "3.5"
	}
	return "1.5"
}

func panel(b *strings.Builder, x, y int, by map[cell]map[string]result, material, event string, mean float64) {
	least, most := rates()[0], rates()[len(rates())-1]
	at := func(rate float64) float64 {
		return float64(x) + panelWidth*math.Log(rate/least)/math.Log(most/least)
	}
	level := func(share float64) float64 { return float64(y) + panelHeight*(1-share) }
	for _, s := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end" fill="#555" font-size="10">%.0f</text>`+"\n",
			x, level(s), x+panelWidth, level(s), x-4, level(s)+3, 100*s)
	}
	for _, rate := range rates() {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#eee"/><text x="%.1f" y="%d" text-anchor="middle" fill="#555" font-size="10">%s</text>`+"\n",
			at(rate), y, at(rate), y+panelHeight, at(rate), y+panelHeight+13, strings.Replace(number(rate), "0.", ".", 1))
	}
	names := wayNames()
	for i := len(names) - 1; i >= 0; i-- {
		if !drawn(i) {
			continue
		}
		var points []string
		for _, rate := range rates() {
			if r, ok := by[cell{material, event, "", mean, rate}][names[i]]; ok && r.N > 0 {
				points = append(points, fmt.Sprintf("%.1f,%.1f", at(rate), level(float64(r.Found[comparedWithin(event)])/float64(r.N))))
			}
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"/>`+"\n", strings.Join(points, " "), lineColours()[i], lineWidth(i))
	}
}
