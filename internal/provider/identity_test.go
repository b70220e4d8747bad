package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

// What exists is imported by its immutable ids, whatever it is called here, and the plan that follows is
// empty.
func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	acctest.NeedVersion(t, 12, "import by resource identity")
	world := newWorld(t)
	acctest.Write(t, world.path, designTool)
	world.changeSeat("ana@acme.com", "Full", false)
	tenant := "local:" + world.path
	imports := func(to string, identity ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "import {\n  to = %s\n  identity = {\n    tenant = %q\n", to, tenant)
		for _, kv := range identity {
			k, v, _ := strings.Cut(kv, "=")
			fmt.Fprintf(&b, "    %s = %q\n", k, v)
		}
		return b.String() + "  }\n}\n"
	}
	w := acctest.NewWorkspace(t)
	w.Config(world.hcl("", anaIs(`user_name = "ana@acme.com"`)+
		imports("tenure_account.ana", "account_id=a1")+
		editorsAre("name = \"R/D\"")+
		imports(editors, "group_id=g1")+
		memberIs("group = \"R/D\"\nuser_name = \"ana@acme.com\"\nrole = \"owner\"")+
		imports(member, "group_id=g1", "account_id=a1")+
		seatIs("product = \"Design\"\nlicense = \"Full\"\nuser_name = \"ana@acme.com\"")+
		imports(seat, "product=Design", "license=Full", "account_id=a1")))
	before := world.read()
	text, plan := w.Plan()
	if got := acctest.Changes(plan); len(got) > 0 {
		t.Errorf("the plan after the import changes %v:\n%s", got, text)
	}
	w.Apply()
	if world.read() != before {
		t.Error("importing wrote to the app")
	}
}
