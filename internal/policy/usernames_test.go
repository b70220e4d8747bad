package policy_test

import (
	"maps"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// A leaver is to have no account, and is still known by the name that the account would have.
func TestUserNamesOfLeavers(t *testing.T) {
	t.Parallel()
	program, problems := policy.Compile(policy.Policy{
		Rules:      []policy.Rule{{Name: "everyone", When: "true", Grants: policy.Grants{Accounts: []string{"gh", "mail"}}}},
		UserNames:  map[string]string{"gh": "person.user_name"},
		Identities: map[string]map[string]string{"gh": {"boss": "bossy"}},
	})
	if program == nil {
		t.Fatal(problems)
	}
	in := policy.Input{Now: noon, ReadAt: noon, People: []access.Person{
		person("ana", func(p *access.Person) { p.UserName = "ana-gh" }),
		person("bo", func(p *access.Person) {
			p.UserName, p.Status, p.EndDate = "bo-gh", access.StatusTerminated, date("2026-01-31")
		}),
		person("boss", func(p *access.Person) { p.Status, p.EndDate = access.StatusTerminated, date("2026-01-31") }),
		person("cy", func(p *access.Person) { p.UserName = "" }),
	}}
	if got := len(program.Evaluate(in).Apps["gh"].Accounts); got != 1 {
		t.Errorf("%d people are to have an account", got)
	}
	names := program.UserNames(in)
	if want := map[string]string{"ana": "ana-gh", "bo": "bo-gh", "boss": "bossy"}; !maps.Equal(names["gh"], want) {
		t.Errorf("gh: %v, want %v", names["gh"], want)
	}
	if got := names["mail"]; len(got) != 4 {
		t.Errorf("mail: %v", got)
	}
}
