package httpclient

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sharedServer has a quota per minute that others use too, and tells it as Okta does: an epoch, and no length of the window.
type sharedServer struct {
	mu     sync.Mutex
	limit  int
	others int // used by others in each window, from its beginning
	ours   map[time.Time]int
}

func (s *sharedServer) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(20 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	w := now.Truncate(time.Minute)
	s.ours[w]++
	h := http.Header{}
	h.Set("X-Rate-Limit-Limit", fmt.Sprint(s.limit))
	h.Set("X-Rate-Limit-Remaining", fmt.Sprint(max(0, s.limit-s.others-s.ours[w])))
	h.Set("X-Rate-Limit-Reset", fmt.Sprint(w.Add(time.Minute).Unix()))
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(strings.NewReader("{}")), Request: req}, nil
}

func TestShareOfAQuotaIsKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		share          float64
		others, atMost int
		atLeast        int
	}{
		"half of it":                     {0.5, 0, 51, 45},
		"all of it":                      {0, 0, 100, 90},
		"half, when others use a third":  {0.5, 33, 18, 15}, // half is left to others, whoever used the rest
		"half, when others use most":     {0.5, 80, 2, 1},   // one request a window finds out
		"a quarter, when others use all": {0.25, 100, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))) // a window from its beginning
				s := &sharedServer{limit: 100, others: tt.others, ours: map[time.Time]int{}}
				c, err := New(Options{BaseURL: "https://app.example", QuotaShare: tt.share, Transport: s, MaxRetries: new(int)})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				for time.Since(start) < 3*time.Minute-time.Second {
					if _, err := c.Do(t.Context(), Request{Method: http.MethodGet, Path: []string{"x"}}); err != nil {
						t.Fatal(err)
					}
				}
				for w, n := range s.ours {
					if n > tt.atMost || n < tt.atLeast && w.Before(start.Add(2*time.Minute)) {
						t.Errorf("%d requests in the minute %s, want %d to %d of %d", n, w.Format("15:04"), tt.atLeast, tt.atMost, s.limit)
					}
				}
			})
		})
	}
}

func TestShareMustBeAShare(t *testing.T) {
	t.Parallel()
	for _, s := range []float64{-0.1, 1.1} {
		if _, err := New(Options{BaseURL: "https://app.example", QuotaShare: s}); err == nil {
			t.Errorf("a share of %v was accepted", s)
		}
	}
}
