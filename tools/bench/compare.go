package main

import (
	"context"
	"slices"
	"time"
)

// comparison is the provider beside terraform_data with the same data and, where making the data is the provider's
// work too, beside a configuration that only makes it.
type comparison struct {
	tenure, floor *workspace
	data          *workspace // may be nil
}

// compare plans in turn, A B C A B C, so that whatever else the machine does meets all alike, and takes medians.
// requests are those of one plan with the provider.
func (b *bench) compare(ctx context.Context, c comparison) (r result, requests int, err error) {
	ways := []*workspace{c.tenure, c.floor}
	if c.data != nil {
		ways = append(ways, c.data)
	}
	seconds := make([][]float64, len(ways))
	begun := time.Now()
	for round := range b.rounds {
		if round > 0 && time.Since(begun) > b.patience {
			b.say("%d of %d rounds are enough: they take long", round, b.rounds)
			break
		}
		for i, w := range ways {
			c.tenure.reset()
			m, err := w.emptyPlan(ctx)
			if err != nil {
				return r, 0, err
			}
			seconds[i] = append(seconds[i], m.seconds)
			if w == c.tenure {
				requests = w.app.Stats().Total
				r.Memory = max(r.Memory, m.memory)
			}
		}
	}
	r.Seconds, r.Floor = median(seconds[0]), median(seconds[1])
	r.Ratio = r.Seconds / r.Floor
	if c.data != nil {
		less := median(seconds[2])
		r.Ratio = (r.Seconds - less) / (r.Floor - less)
	}
	return r, requests, nil
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}
