package httpclient

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// quota is what an answer tells about the app's rate limit.
type quota struct {
	known     bool
	limit     float64 // requests per window; 0 when untold
	remaining float64
	reset     time.Duration // until the window ends
	window    time.Duration // its length; 0 when untold
}

// cut is the quota for who may use a share of it: the rest counts as used. An app counts everybody together, so that
// what others use comes out of the share too.
func (q quota) cut(share float64) quota {
	q.remaining = max(0, q.remaining-(1-share)*q.limit)
	q.limit *= share
	return q
}

// readQuota reads the spellings in use: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers,
// current and older forms), and X-RateLimit-* and X-Rate-Limit-* with seconds or an epoch.
func readQuota(h http.Header, now time.Time) quota {
	var q quota
	for _, prefix := range []string{"Ratelimit-", "X-Ratelimit-", "X-Rate-Limit-"} {
		remaining, ok := number(h.Get(prefix + "Remaining"))
		if !ok {
			continue
		}
		q.known, q.remaining = true, remaining
		limit, window, _ := strings.Cut(h.Get(prefix+"Limit"), ",") // older drafts: "100, 100;w=60"
		q.limit, _ = number(limit)
		if v, ok := parameter(window, "w"); ok {
			q.window = seconds(v)
		}
		if v, ok := number(h.Get(prefix + "Reset")); ok {
			q.reset = untilReset(v, h, now)
		}
		break
	}
	line := h.Get("Ratelimit") // `"default";r=50;t=30`, before that `limit=100, remaining=50, reset=30`
	if v, ok := parameter(line, "r", "remaining"); ok {
		q.known, q.remaining = true, v
		if v, ok := parameter(line, "limit"); ok {
			q.limit = v
		}
		if v, ok := parameter(line, "t", "reset"); ok {
			q.reset = seconds(v)
		}
	}
	// `"burst";q=10;w=1, "day";q=1000;w=86400`, before that `100;w=60`: the first with both is the tightest in use
	for policy := range strings.SplitSeq(h.Get("Ratelimit-Policy"), ",") {
		w, okW := parameter(policy, "w")
		limit, okQ := parameter(policy, "q")
		if !okQ {
			first, _, _ := strings.Cut(policy, ";")
			limit, okQ = number(first)
		}
		if okW && okQ && w > 0 && q.known {
			q.limit, q.window = limit, seconds(w)
			break
		}
	}
	return q
}

// untilReset tells seconds from an epoch by size. An epoch is compared with the server's own clock.
func untilReset(v float64, h http.Header, now time.Time) time.Duration {
	if v < 1e8 { // three years
		return seconds(v)
	}
	if v > 1e12 {
		v /= 1000
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil && now.Sub(date).Abs() > 2*time.Second {
		now = date
	}
	return max(0, time.Unix(0, int64(v*1e9)).Sub(now))
}

// waitHint is how long the app asks to wait before the next attempt; 0 when it does not say.
func waitHint(h http.Header, now time.Time) time.Duration {
	if s := h.Get("Retry-After"); s != "" {
		if v, ok := number(s); ok {
			return seconds(v)
		}
		if t, err := http.ParseTime(s); err == nil {
			if date, err := http.ParseTime(h.Get("Date")); err == nil {
				now = date
			}
			return max(0, t.Sub(now))
		}
	}
	if q := readQuota(h, now); q.known && q.remaining == 0 {
		return q.reset
	}
	return 0
}

func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return v, err == nil && v >= 0 && v < 1e15
}

// seconds bounds what a header says, so that nonsense cannot overflow.
func seconds(v float64) time.Duration { return time.Duration(min(v, 1e8) * float64(time.Second)) }

// parameter finds name=number in a header line of ; and , separated parts.
func parameter(line string, names ...string) (float64, bool) {
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ';' || r == ',' }) {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		for _, name := range names {
			if ok && strings.EqualFold(strings.TrimSpace(key), name) {
				return number(strings.Trim(value, `" `))
			}
		}
	}
	return 0, false
}
