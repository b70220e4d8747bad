package httpclient

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestReadQuota(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		header map[string]string
		want   quota
	}{
		{
			map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": fmt.Sprint(now.Add(time.Hour).Unix())},
			quota{known: true, limit: 5000, remaining: 4999, reset: time.Hour},
		},
		{
			map[string]string{"X-Rate-Limit-Limit": "600", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": fmt.Sprint(now.Add(time.Minute).UnixMilli())},
			quota{known: true, limit: 600, reset: time.Minute},
		},
		{
			map[string]string{"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": fmt.Sprint(now.Unix()), "Date": now.Add(-time.Minute).Format(http.TimeFormat)},
			quota{known: true, remaining: 1, reset: time.Minute},
		},
		{
			map[string]string{"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"},
			quota{known: true, limit: 100, remaining: 50, reset: 30 * time.Second, window: time.Minute},
		},
		{
			map[string]string{"RateLimit": "limit=100, remaining=50, reset=30", "RateLimit-Policy": "100;w=60"},
			quota{known: true, limit: 100, remaining: 50, reset: 30 * time.Second, window: time.Minute},
		},
		{
			map[string]string{"RateLimit": `"burst";r=9;t=1`, "RateLimit-Policy": `"burst";q=10;w=1, "day";q=1000;w=86400`},
			quota{known: true, limit: 10, remaining: 9, reset: time.Second, window: time.Second},
		},
		{map[string]string{"X-RateLimit-Limit": "60"}, quota{}},
		{map[string]string{"X-RateLimit-Remaining": "NaN"}, quota{}},
		{map[string]string{"X-RateLimit-Remaining": "-5"}, quota{}},
	} {
		h := http.Header{}
		for k, v := range tc.header {
			h.Set(k, v)
		}
		got := readQuota(h, now)
		got.limit, tc.want.limit = max(got.limit, 0), max(tc.want.limit, 0)
		if got != tc.want {
			t.Errorf("%v: %+v, want %+v", tc.header, got, tc.want)
		}
	}
}

func FuzzReadQuota(f *testing.F) {
	f.Add("100, 100;w=60", "50", "30", `"burst";r=9;t=1`, "Sun, 06 Nov 1994 08:49:37 GMT")
	f.Add("1e999", "Inf", "-1", "r==;t=", "99999999999999999999")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, line, after string) {
		now := time.Unix(1e9, 0)
		for _, prefix := range []string{"RateLimit-", "X-RateLimit-"} {
			h := http.Header{"Retry-After": {after}, "Ratelimit": {line}, "Ratelimit-Policy": {limit}}
			h.Set(prefix+"Limit", limit)
			h.Set(prefix+"Remaining", remaining)
			h.Set(prefix+"Reset", reset)
			if q := readQuota(h, now); q.reset < 0 || q.window < 0 || q.limit < 0 || q.remaining < 0 {
				t.Errorf("negative: %+v", q)
			}
			if d := waitHint(h, now); d < 0 {
				t.Errorf("negative wait %v", d)
			}
		}
	})
}
