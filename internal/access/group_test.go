package access_test

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

func TestKeeperRole(t *testing.T) {
	t.Parallel()
	for want, roles := range map[string][]string{
		"OWNER": {"MEMBER", "MANAGER", "OWNER"}, "maintainer": {"member", "maintainer"}, "Admin": {"Admin", "member", "maintainer"}, "": {"member", "guest"},
	} {
		if got := access.KeeperRole(roles); got != want {
			t.Errorf("of %v it is %q, want %q", roles, got, want)
		}
	}
	if got := access.KeeperRole(nil); got != "" {
		t.Errorf("of no roles it is %q", got)
	}
}
