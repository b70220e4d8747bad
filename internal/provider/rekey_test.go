package provider_test

import (
	"fmt"
	"testing"
)

// Another key in a for_each, without a moved block, removes and creates the same things at the same time. They are
// there in the end, whichever comes first.
func TestAnotherForEachKeyKeepsEverything(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	names := []string{"ana@x", "bob@x", "cy@x"}
	e.office("zoe", "yan") // somebody stays in the group, or the brake stops
	config := func(prefix string) {
		e.config("", fmt.Sprintf(`
locals {
  people = { for n in ["ana@x", "bob@x", "cy@x"] : "%s${n}" => n }
}
resource "tenure_account" "this" {
  for_each  = local.people
  app       = "wiki"
  user_name = each.value
}
resource "tenure_group_membership" "this" {
  for_each  = local.people
  app       = "wiki"
  group     = "eng"
  user_name = tenure_account.this[each.key].user_name
}
`, prefix))
	}
	config("")
	e.Apply()
	for i := range 3 {
		config(fmt.Sprint(i))
		e.Apply()
		for _, n := range names {
			if a := e.must(n); !a.Active {
				t.Errorf("run %d: %s is deactivated", i, n)
			}
			if e.members("eng")[n] == "" {
				t.Errorf("run %d: %s is not in the group", i, n)
			}
		}
	}
}
