package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressEvery is how often a line is written where there is no terminal to draw a bar on.
const progressEvery = 10 * time.Second

// progress shows how far something has come: a bar on a terminal, elsewhere a line now and then.
type progress struct {
	out   io.Writer
	drawn bool
	bar   *progressbar.ProgressBar
	last  time.Time
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, last: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.drawn = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// reading returns what is told of so much being done.
func (p *progress) reading(what string) func(done, total int64) {
	return func(done, total int64) {
		if p.drawn {
			p.draw(what, done, total)
			return
		}
		if now := time.Now(); now.Sub(p.last) >= progressEvery {
			p.last = now
			if total > 0 {
				fmt.Fprintf(p.out, "%s: %d %%\n", what, done*100/total)
			} else {
				fmt.Fprintf(p.out, "%s: %d\n", what, done)
			}
		}
	}
}

func (p *progress) draw(what string, done, total int64) {
	if p.bar == nil {
		if total == 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true))
	}
	_ = p.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish() // likewise
		p.bar = nil
	}
}
