package provider

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// BenchmarkPlanAppAccess is what the provider itself does to plan 10,000 accounts without a change: decode
// three values, compare, encode one.
func BenchmarkPlanAppAccess(b *testing.B) {
	a, err := local.Open(local.Config{Name: "wiki", Path: filepath.Join(b.TempDir(), "wiki.json")})
	if err != nil {
		b.Fatal(err)
	}
	inv := inventory.New(a, inventory.Options{Name: "wiki"})
	d := &Data{apps: map[string]*appEntry{"wiki": {inv: inv}}, zone: time.UTC, clock: lifecycle.Clock{}, claims: newClaims()}
	t := newSetResource(appAccess{})
	fields := make(map[string]tftypes.Value)
	for name, typ := range t.typ.AttributeTypes {
		fields[name] = tftypes.NewValue(typ, nil)
	}
	fields["app"], fields["tenant"] = rawString("wiki"), rawString(inv.Info().Tenant)
	report := rawString("report")
	fields["unmanaged"] = tftypes.NewValue(t.typ.AttributeTypes["unmanaged"], map[string]tftypes.Value{"accounts": report, "members": report, "assignees": report})
	m := appAccess{}.read(fields)
	m.raw = fields
	for i := range 10_000 {
		key := fmt.Sprintf("%06d", i)
		m.state.IDs[key] = "u-" + key
		m.state.Accounts[key] = converge.Account{Fields: map[access.Field]string{
			access.UserName: fmt.Sprintf("p%d@acme.com", i), access.Email: fmt.Sprintf("p%d@acme.com", i), access.GivenName: "G", access.FamilyName: "F",
			access.DisplayName: fmt.Sprintf("G%d F", i), access.Title: "Engineer", access.Department: "D",
		}}
	}
	var rd rawDiags
	state, _, _ := t.save(&rd, m)
	p := &tenureProvider{}
	p.data = d
	s := &rawServer{data: &p.data, types: map[string]*setResource{"tenure_app_access": t}}
	req := &tfprotov6.PlanResourceChangeRequest{TypeName: "tenure_app_access", PriorState: state, ProposedNewState: state, Config: state, PriorPrivate: []byte(`{"owner":"one"}`)}
	for b.Loop() {
		resp, err := s.PlanResourceChange(context.Background(), req)
		if err != nil || len(resp.Diagnostics) > 0 {
			b.Fatal(err, resp.Diagnostics)
		}
	}
}
