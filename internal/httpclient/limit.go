package httpclient

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Rates are in requests per second.
const (
	headroom    = 0.97 // of a known quota: what arrives bunched must not exceed it
	startRate   = 50.0 // before anything is known
	startBurst  = 10
	maxRate     = 10000.0 // no real app is faster
	minRate     = 0.1
	shortWindow = 10 * time.Second // quotas of up to this window are spent evenly, longer ones freely
)

// limiter spaces requests out. It keeps to the configured rate; to the quota that the app's headers tell
// (see quota); and, where the app only ever says 429, to the rate that it turns out to accept: like TCP, it
// speeds up while requests are accepted, steps back when one is refused, and then stays just below.
type limiter struct {
	maxWait time.Duration
	share   float64 // of a told quota that is ours
	// turn is held by the one request that waits for the bucket: the others have reserved nothing, so
	// that a change of the rate concerns them all. The very first request holds it until it is
	// answered: it may bring the quota.
	turn chan struct{}

	mu      sync.Mutex
	bucket  *rate.Limiter
	probing bool      // nothing has been answered yet
	capped  float64   // configured; +Inf when not
	ceiling float64   // configured, or learnt from headers; +Inf when unknown
	rate    float64   // what is tried now
	refused float64   // the rate that was refused last; +Inf when none was
	cutAt   time.Time // when it was, or was last forgotten a little
	grewAt  time.Time
	until   time.Time // nothing is sent before
	window  time.Duration
	paced   float64 // rest of a long quota per second, valid until pacedTo
	pacedTo time.Time

	sent, accepted meter
}

func newLimiter(perSecond, share float64, maxWait time.Duration) *limiter {
	if share <= 0 {
		share = 1
	}
	l := &limiter{
		maxWait: maxWait, share: share, turn: make(chan struct{}, 1), probing: true,
		capped: math.Inf(1), ceiling: math.Inf(1), rate: startRate, refused: math.Inf(1),
	}
	b := startBurst
	if perSecond > 0 {
		l.capped = headroom * perSecond
		l.ceiling, l.rate, b = l.capped, l.capped, burst(l.capped)
	}
	l.bucket = rate.NewLimiter(rate.Limit(l.rate), b)
	return l
}

// burst is how many requests may go at once: few enough that no second sees more than the quota.
func burst(perSecond float64) int { return max(1, int(math.Round(perSecond/25))) }

// wait blocks until a request may be sent, and counts it as sent. The caller calls done after the answer.
func (l *limiter) wait(ctx context.Context) (done func(), err error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	release := func() { <-l.turn }
	if err := l.waitTurn(ctx); err != nil {
		release()
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent.add(time.Now())
	if l.probing {
		l.probing = false
		return release, nil
	}
	release()
	return func() {}, nil
}

func (l *limiter) waitTurn(ctx context.Context) error {
	for {
		pause := l.pausing()
		switch {
		case pause > l.maxWait:
			return &fault.Error{
				Kind: fault.RateLimited, RetryAfter: pause, State: "Nothing was sent.",
				Cause: "the app asked for a pause of " + pause.Round(time.Second).String(), Next: "Run again after that time.",
			}
		case pause > 0:
			t := time.NewTimer(pause)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return ctx.Err()
			}
			continue
		}
		if err := l.bucket.Wait(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &fault.Error{
				Kind: fault.RateLimited, State: "Nothing was sent.",
				Cause: "within the rate limit the request's turn would come too late for the deadline",
			}
		}
		if l.pausing() <= 0 {
			return nil
		}
	}
}

func (l *limiter) pausing() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// learn adapts to an answer.
func (l *limiter) learn(now time.Time, resp *http.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q := readQuota(resp.Header, now); q.known {
		l.follow(now, q.cut(l.share))
	}
	if throttled(resp) {
		l.stepBack(now, waitHint(resp.Header, now))
	} else {
		l.accepted.add(now)
		l.speedUp(now)
	}
	l.apply(now)
}

// follow keeps to a quota that the app tells. Of a short window the rate is known, and spending it evenly
// keeps any second within it. Of a long one only the rest matters, and only once it gets scarce.
func (l *limiter) follow(now time.Time, q quota) {
	window := q.window
	if window == 0 { // told is only when it ends: the longest end seen is the best guess
		l.window = max(l.window, q.reset.Truncate(time.Second), time.Second)
		window = l.window
	}
	if window <= shortWindow {
		if q.limit > 0 {
			l.ceiling = min(l.capped, headroom*q.limit/window.Seconds())
			if math.IsInf(l.refused, 1) {
				l.rate = l.ceiling
			}
		}
		return
	}
	l.ceiling = l.capped
	switch {
	case q.remaining <= 0 && q.reset > 0:
		l.pause(now.Add(q.reset))
	case q.limit > 0 && q.remaining <= q.limit/10 && q.reset > 0:
		l.paced, l.pacedTo = q.remaining/q.reset.Seconds(), now.Add(q.reset)
	}
}

func (l *limiter) pause(until time.Time) {
	if until.After(l.until) {
		l.until = until
	}
}

// stepBack follows a refusal. What was accepted within the last second is the best guess of the quota.
// Refusals of requests that were already under way say nothing new.
func (l *limiter) stepBack(now time.Time, hint time.Duration) {
	if hint == 0 {
		hint = firstBackoff / 2
	}
	fresh := now.After(l.until) && now.Sub(l.cutAt) > time.Second/2
	l.pause(now.Add(hint))
	if !fresh {
		return
	}
	tried := l.effective(now)
	l.refused = min(tried, max(l.accepted.count(now), l.rate/4))
	back := 0.85
	if l.refused > 0.9*tried {
		back = 0.95 // nearly all was accepted: requests that bunched on the way, more likely than a lower quota
	}
	l.rate = max(back*l.refused, minRate)
	l.cutAt, l.grewAt = now, now
}

// speedUp follows an accepted request: quickly while nothing was ever refused, else slowly up to just
// below the refused rate, which is forgotten by and by. A rate that nobody uses proves nothing.
func (l *limiter) speedUp(now time.Time) {
	if math.IsInf(l.refused, 1) {
		l.rate = max(l.rate, min(l.rate+2, 2*l.sent.count(now), maxRate))
		return
	}
	if now.Sub(l.cutAt) > 30*time.Second {
		l.refused, l.cutAt = l.refused*1.05, now
	}
	if d := now.Sub(l.grewAt); d > 200*time.Millisecond && now.After(l.until) {
		l.rate = max(l.rate, min(l.rate*(1+0.05*min(d.Seconds(), 1)), headroom*l.refused))
		l.grewAt = now
	}
}

func (l *limiter) effective(now time.Time) float64 {
	r := min(l.rate, l.ceiling)
	if now.Before(l.pacedTo) {
		r = min(r, l.paced)
	}
	return max(r, minRate)
}

// apply sets the bucket. When it gets slower, what was sent within the last second counts as if the
// new rate had held all along.
func (l *limiter) apply(now time.Time) {
	r, old := l.effective(now), float64(l.bucket.Limit())
	if math.Abs(r-old) < 0.001*old {
		return
	}
	l.bucket.SetLimitAt(now, rate.Limit(r))
	if math.IsInf(l.ceiling, 1) && math.IsInf(l.refused, 1) {
		return // nothing known: the burst of the start stays
	}
	b := burst(r)
	l.bucket.SetBurstAt(now, b)
	if r < old {
		debt := l.sent.count(now) - r*min(1, now.Sub(l.sent.first).Seconds()) - max(0, float64(b)-l.bucket.TokensAt(now))
		for ; debt >= 1; debt-- {
			l.bucket.ReserveN(now, 1)
		}
	}
}

// meter counts events of the last second, to a twentieth of it.
type meter struct {
	first time.Time
	slot  int64 // of the newest count, in twentieths of a second
	slots [20]float64
}

func (m *meter) turnTo(now time.Time) {
	slot := now.UnixMilli() / 50
	for s := max(m.slot+1, slot-int64(len(m.slots))+1); s <= slot; s++ {
		m.slots[s%int64(len(m.slots))] = 0
	}
	m.slot = max(m.slot, slot)
}

func (m *meter) add(now time.Time) {
	if m.first.IsZero() {
		m.first = now
	}
	m.turnTo(now)
	m.slots[m.slot%int64(len(m.slots))]++
}

func (m *meter) count(now time.Time) float64 {
	m.turnTo(now)
	var n float64
	for _, v := range m.slots {
		n += v
	}
	return n
}
