package provider_test

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// A thousand creations fill the bulk requests of an app that takes a hundred operations in one; an app that takes
// none gets a thousand requests, and never more at once than a few.
func TestAppAccessFillsBulkRequests(t *testing.T) {
	t.Parallel()
	const n = 1000
	for name, d := range map[string]sandbox.Dialect{
		"bulk":  {PageSize: 1000, Bulk: true, BulkBodies: true, MaxBulkOperations: 100},
		"plain": {PageSize: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newSCIMEstate(t, sandbox.Options{Dialect: d})
			e.company(n, "")
			e.Run("apply", "-auto-approve")
			equal(t, "accounts", len(e.Users()), n)
			t.Log(e.Stats().Counts)
			bulks, plain := e.Count("POST", "/Bulk"), e.Count("POST", "/Users")
			// Ten would do; writers that a busy machine delays miss one and take the next. Sixteen at a time took 63.
			if d.Bulk && bulks+plain > 32 {
				t.Errorf("%d bulk requests and %d others for %d creations, %d in each at most", bulks, plain, n, d.MaxBulkOperations)
			}
			if !d.Bulk && (plain != n || bulks != 0) {
				t.Errorf("%d bulk requests and %d others for %d creations", bulks, plain, n)
			}
		})
	}
}
