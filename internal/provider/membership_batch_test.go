package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// Two hundred single memberships of one group share requests as far as Terraform's parallelism lets them.
func TestSingleMembershipsShareRequests(t *testing.T) {
	t.Parallel()
	const n, parallel = 200, 50
	e := newSCIMEstate(t, sandbox.Options{Latency: 5 * time.Millisecond})
	for i := range n {
		if _, err := e.AddUser(sandbox.User{UserName: fmt.Sprintf("p%d@x", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.AddGroup(sandbox.Group{DisplayName: "eng"}); err != nil {
		t.Fatal(err)
	}
	e.config(fmt.Sprintf(`
resource "tenure_group_membership" "m" {
  count     = %d
  app       = "slack"
  group     = "eng"
  user_name = "p${count.index}@x"
}
`, n))
	e.Run("apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", parallel))
	s := e.Stats()
	equal(t, "members", s.MembersAdded, n)
	writes := 0
	for _, k := range e.writes() {
		writes += k
	}
	t.Logf("%d writes for %d memberships with -parallelism=%d", writes, n, parallel)
	if writes > n*9/10 { // 13 to 16 on a quiet machine; how many wait together is for Terraform and the machine to say
		t.Errorf("%d writes for %d memberships", writes, n)
	}
}
