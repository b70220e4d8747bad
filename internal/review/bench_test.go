package review_test

import (
	"fmt"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// BenchmarkReview is a company in which every account is dormant, every second one is in a group that nothing gives
// and every tenth is somebody's who has left. The time for each account must not depend on their number.
func BenchmarkReview(b *testing.B) {
	for _, n := range []int{10_000, 50_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld()
			for i := range n {
				id := fmt.Sprint(100 + i)
				w.employ(id)
				w.account(id, func(a *access.Account) { a.LastLogin = ago(100) })
				if i%10 > 0 {
					w.entitle(id)
				}
				if i%2 == 0 {
					w.join("engineering", id)
					delete(w.app().Desired.Groups["engineering"], "p"+id+"@acme.com")
				}
			}
			found := 0
			for b.Loop() {
				found = len(review.Review(w.Input).Findings)
			}
			b.ReportMetric(float64(found), "findings")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/account")
		})
	}
}
