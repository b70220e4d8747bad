package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// quotaServer is an app with a quota, in virtual time. It records when requests arrive and whether it
// accepts them.
type quotaServer struct {
	mu       sync.Mutex
	limit    int
	sliding  bool // else fixed windows of a second
	headers  func(h http.Header, remaining int, now time.Time)
	arrived  []time.Time
	accepted []time.Time
	latency  time.Duration
}

func (s *quotaServer) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(s.latency/2 + rand.N(s.latency/2+1))
	defer time.Sleep(s.latency / 2)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.arrived = append(s.arrived, now)
	from := now.Truncate(time.Second)
	if s.sliding {
		from = now.Add(-time.Second + time.Nanosecond)
	}
	used := 0
	for i := len(s.accepted) - 1; i >= 0 && !s.accepted[i].Before(from); i-- {
		used++
	}
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: req}
	if used >= s.limit {
		resp.StatusCode = 429
		resp.Header.Set("Retry-After", "1")
	} else {
		used++
		s.accepted = append(s.accepted, now)
	}
	if s.headers != nil {
		s.headers(resp.Header, s.limit-used, now)
	}
	return resp, nil
}

// busiest is the most arrivals within any second.
func busiest(times []time.Time) int {
	most, from := 0, 0
	for i, t := range times {
		for t.Sub(times[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func TestLimiterKeepsToAndUsesTheQuota(t *testing.T) {
	t.Parallel()
	delta := func(h http.Header, remaining int, _ time.Time) {
		h.Set("RateLimit-Limit", "50")
		h.Set("RateLimit-Remaining", fmt.Sprint(remaining))
		h.Set("RateLimit-Reset", "1")
	}
	epoch := func(h http.Header, remaining int, now time.Time) {
		h.Set("X-Rate-Limit-Limit", "50")
		h.Set("X-Rate-Limit-Remaining", fmt.Sprint(remaining))
		h.Set("X-Rate-Limit-Reset", fmt.Sprint(now.Add(time.Second).Unix()))
	}
	policy := func(h http.Header, remaining int, _ time.Time) {
		h.Set("RateLimit-Policy", `"default";q=50;w=1`)
		h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=1`, remaining))
	}
	for _, tc := range []struct {
		name       string
		server     *quotaServer
		configured float64
		workers    int
		most       int // arrivals in any second
		refusals   int
		used       int // percent of the quota
	}{
		{"configured", &quotaServer{limit: 50, sliding: true, latency: 30 * time.Millisecond}, 50, 16, 55, 5, 90},
		{"configured, many workers", &quotaServer{limit: 50, latency: 80 * time.Millisecond}, 50, 100, 55, 5, 90},
		{"delta seconds", &quotaServer{limit: 50, headers: delta, latency: 30 * time.Millisecond}, 0, 16, 55, 5, 90},
		{"delta seconds, sliding", &quotaServer{limit: 50, sliding: true, headers: delta, latency: 10 * time.Millisecond}, 0, 64, 55, 5, 90},
		{"epoch", &quotaServer{limit: 50, headers: epoch, latency: 30 * time.Millisecond}, 0, 16, 55, 5, 90},
		{"policy", &quotaServer{limit: 50, headers: policy, latency: 30 * time.Millisecond}, 0, 16, 55, 5, 90},
		{"refusals only, sliding", &quotaServer{limit: 50, sliding: true, latency: 20 * time.Millisecond}, 0, 16, 58, 12, 88},
		{"refusals only, fixed", &quotaServer{limit: 50, latency: 20 * time.Millisecond}, 0, 16, 62, 20, 88},
		{"configured too high", &quotaServer{limit: 50, sliding: true, latency: 20 * time.Millisecond}, 80, 16, 58, 12, 88},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tc.server
				c := newTestClient(t, Options{Transport: s, RequestsPerSecond: tc.configured})
				const seconds = 60
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second)
				defer cancel()
				var wg sync.WaitGroup
				for range tc.workers {
					wg.Go(func() {
						for ctx.Err() == nil {
							_, err := c.Do(ctx, Request{Op: "list", Method: http.MethodGet, Path: []string{"Users"}})
							if errors.Is(err, fault.RateLimited) && time.Since(start) > (seconds-1)*time.Second {
								return // its turn would come after the end
							}
							if err != nil && ctx.Err() == nil {
								t.Errorf("request failed: %v", err)
								return
							}
						}
					})
				}
				wg.Wait()
				refused := len(s.arrived) - len(s.accepted)
				t.Logf("used %.1f %%, at most %d in a second, %d refused", float64(len(s.accepted))*100/(50*seconds), busiest(s.arrived), refused)
				if got := len(s.accepted); got < 50*seconds*tc.used/100 {
					t.Errorf("used %d of %d requests", got, 50*seconds)
				}
				if got := busiest(s.arrived); got > tc.most {
					t.Errorf("%d requests arrived within one second", got)
				}
				if refused > tc.refusals {
					t.Errorf("%d requests were refused", refused)
				}
			})
		})
	}
}
