package converge

import (
	"log/slog"
	"sync"
	"time"
)

// progressEvery is how often an apply says how far it is.
const progressEvery = 5 * time.Second

// progress tells the log how far an apply is.
type progress struct {
	now   func() time.Time
	log   *slog.Logger
	app   string
	total int

	mu          *sync.Mutex
	done        int
	began, last time.Time
}

func newProgress(now func() time.Time, log *slog.Logger, app string, total int) progress {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := now()
	return progress{now: now, log: log, app: app, total: total, mu: new(sync.Mutex), began: t, last: t}
}

// step counts n steps that ended, well or not.
func (p *progress) step(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	t := p.now()
	if t.Sub(p.last) < progressEvery {
		return
	}
	p.last = t
	rate := float64(p.done) / t.Sub(p.began).Seconds()
	left := time.Duration(float64(p.total-p.done) / rate * float64(time.Second)).Round(time.Second)
	p.log.Info("applying", "app", p.app, "done", p.done, "total", p.total, "per_second", round(rate), "left", left.String())
}

// end says how it went.
func (p *progress) end(failed int) {
	if p.total == 0 {
		return
	}
	took := p.now().Sub(p.began)
	rate := 0.0
	if took > 0 {
		rate = float64(p.done) / took.Seconds()
	}
	p.log.Info("applied", "app", p.app, "done", p.total-failed, "failed", failed, "total", p.total,
		"took", took.Round(time.Millisecond).String(), "per_second", round(rate))
}

func round(f float64) float64 { return float64(int(f*10+0.5)) / 10 }
