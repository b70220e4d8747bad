package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// appLatency is that of an app nearby.
const appLatency = 20 * time.Millisecond

// underQuota applies what was planned before, and looks only at what the apply sends: how much of the quota it
// uses from the first created account to the last, and whether any second sees more.
func (w *workspace) underQuota(ctx context.Context, quota, creates int, args ...string) (result, error) {
	m, err := w.applyCounted(ctx, args...)
	if err != nil {
		return result{}, err
	}
	stats, log := w.app.Stats(), w.app.Requests()
	if created := w.app.Count(http.MethodPost, "/Users"); created != creates {
		return result{}, fmt.Errorf("expected %d accounts to be created, the app was asked for %d", creates, created)
	}
	used := usedOf(quota, log)
	r := result{
		Seconds: m.seconds, Memory: m.memory,
		Requests: fmt.Sprintf("%s, %d refused, peak %d/s, %.0f %% used", people(stats.Total), stats.Violations, stats.PeakPerSecond, 100*used),
	}
	most := quota * 11 / 10
	r.meets(fmt.Sprintf("≥ 90 %% used, never above %d/s", most), used >= 0.9 && stats.PeakPerSecond <= most)
	return r, nil
}

// usedOf is the share of the quota that was served between the first and the last creation.
func usedOf(quota int, log []sandbox.Request) float64 {
	first, last := -1, -1
	for i, q := range log {
		if q.Method == http.MethodPost && q.Template == "/Users" {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if last <= first {
		return 0
	}
	served := 0
	for _, q := range log[first+1 : last+1] {
		if q.Status != http.StatusTooManyRequests {
			served++
		}
	}
	return float64(served) / (float64(quota) * log[last].Time.Sub(log[first].Time).Seconds())
}

// applyCounted plans and applies as two commands, as a pipeline does; the app's counts are those of the apply alone.
func (w *workspace) applyCounted(ctx context.Context, args ...string) (measured, error) {
	if _, err := w.run(ctx, "plan", append([]string{"-out=plan"}, args...)...); err != nil {
		return measured{}, err
	}
	w.app.Reset()
	return w.run(ctx, "apply", append(args, "plan")...)
}
