package sandbox

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"
)

// quota is a token bucket that tells clients about itself in the RateLimit header fields of
// draft-ietf-httpapi-ratelimit-headers, the three separate ones (version 06) that APIs in the field send.
type quota struct {
	perSecond int
	bucket    *rate.Limiter
}

func newQuota(o Options) *quota {
	return &quota{perSecond: o.Quota, bucket: rate.NewLimiter(rate.Limit(o.Quota), o.QuotaBurst)}
}

// take spends a token. Without one it answers how many seconds to wait.
func (q *quota) take(now time.Time, h http.Header) (wait int, ok bool) {
	if q.perSecond == 0 {
		return 0, true
	}
	ok = q.bucket.AllowN(now, 1)
	left := q.bucket.TokensAt(now)
	reset := int(math.Ceil(max(0, 1-left) / float64(q.perSecond)))
	h.Set("RateLimit-Policy", fmt.Sprintf("%d;w=1", q.perSecond))
	h.Set("RateLimit-Limit", strconv.Itoa(q.perSecond))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(0, int(left))))
	h.Set("RateLimit-Reset", strconv.Itoa(reset))
	return max(1, reset), ok
}
