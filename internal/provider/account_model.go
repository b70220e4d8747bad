package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// accountModel is tenure_account as Terraform holds it.
type accountModel struct {
	App         types.String `tfsdk:"app"`
	UserName    types.String `tfsdk:"user_name"`
	PersonID    types.String `tfsdk:"person_id"`
	Email       types.String `tfsdk:"email"`
	GivenName   types.String `tfsdk:"given_name"`
	FamilyName  types.String `tfsdk:"family_name"`
	DisplayName types.String `tfsdk:"display_name"`
	Title       types.String `tfsdk:"title"`
	Department  types.String `tfsdk:"department"`
	Manager     types.String `tfsdk:"manager"`
	Role        types.String `tfsdk:"role"`
	Active      types.Bool   `tfsdk:"active"`
	Attributes  types.Map    `tfsdk:"attributes"`
	Adopt       types.String `tfsdk:"adopt"`
	OnRemoval   types.String `tfsdk:"on_removal"`
	ID          types.String `tfsdk:"id"`
	Status      types.String `tfsdk:"status"`
	Tenant      types.String `tfsdk:"tenant"`
}

// field points at the model's value of an account field.
func (m *accountModel) field(f access.Field) *types.String {
	switch f {
	case access.PersonID:
		return &m.PersonID
	case access.UserName:
		return &m.UserName
	case access.Email:
		return &m.Email
	case access.GivenName:
		return &m.GivenName
	case access.FamilyName:
		return &m.FamilyName
	case access.DisplayName:
		return &m.DisplayName
	case access.Title:
		return &m.Title
	case access.Department:
		return &m.Department
	case access.Manager:
		return &m.Manager
	case access.Role:
		return &m.Role
	}
	panic("account model has no field " + string(f))
}

// spec is what has to be sent to get from prior to m: fields whose known value differs. person_id is
// Tenure's own and is sent only where the app has a place for it.
func (m accountModel) spec(_ context.Context, app *inventory.App, prior accountModel) access.AccountSpec {
	s := access.AccountSpec{Values: make(map[access.Field]string)}
	for _, f := range access.Fields() {
		want, have := m.field(f), prior.field(f)
		if want.IsNull() || want.IsUnknown() || want.Equal(*have) || f == access.PersonID && !slices.Contains(app.Info().Fields, f) {
			continue
		}
		s.Values[f] = want.ValueString()
	}
	for k, v := range m.Attributes.Elements() {
		if old, ok := prior.Attributes.Elements()[k]; !ok || !old.Equal(v) {
			if v, ok := v.(types.String); ok && !v.IsNull() {
				if s.Attributes == nil {
					s.Attributes = make(map[string]string)
				}
				s.Attributes[k] = v.ValueString()
			}
		}
	}
	if !m.Active.IsNull() && !m.Active.IsUnknown() && !m.Active.Equal(prior.Active) {
		s.Active = ptr(m.Active.ValueBool())
	}
	return s
}

// missing is the part of want that the account does not show yet.
func missing(inv *inventory.App, want access.AccountSpec, have access.Account) access.AccountSpec {
	rest := access.AccountSpec{Values: maps.Clone(want.Values), Attributes: maps.Clone(want.Attributes)}
	maps.DeleteFunc(rest.Values, func(f access.Field, v string) bool {
		return have.Get(f) == v || f == access.UserName && inv.SameUserName(have.UserName, v)
	})
	maps.DeleteFunc(rest.Attributes, func(k, v string) bool { return have.Attributes[k] == v })
	if want.Active != nil && *want.Active != have.Active {
		rest.Active = want.Active
	}
	return rest
}

// created is the state after the plan was carried out on the account.
func (m accountModel) created(app *inventory.App, a access.Account) accountModel {
	m.ID, m.Status, m.Tenant = text(a.ID), text(a.Status), text(app.Info().Tenant)
	return m
}

// refreshed is the state that matches what the app shows now. Null stays null ("unmanaged"), except in
// the first Read after an import, which cannot know what will be managed and so fills in everything.
func (m accountModel) refreshed(_ context.Context, app *inventory.App, a access.Account) accountModel {
	imported := m.Status.IsNull()
	supported := app.Info().Fields
	for _, f := range access.Fields() {
		v := m.field(f)
		if v.IsNull() && !imported || !slices.Contains(supported, f) {
			continue
		}
		now := a.Get(f)
		if f == access.UserName && app.SameUserName(now, v.ValueString()) {
			continue // the app ignores case, so the spelling is the configuration's
		}
		*v = text(now)
	}
	switch {
	case imported && len(a.Attributes) > 0:
		elems := make(map[string]attr.Value, len(a.Attributes))
		for k, v := range a.Attributes {
			elems[k] = types.StringValue(v)
		}
		m.Attributes = types.MapValueMust(types.StringType, elems)
	case !m.Attributes.IsNull():
		elems := make(map[string]attr.Value)
		for k := range m.Attributes.Elements() {
			if v, ok := a.Attributes[k]; ok {
				elems[k] = types.StringValue(v)
			}
		}
		m.Attributes = types.MapValueMust(types.StringType, elems)
	}
	if imported || !m.Active.IsNull() {
		m.Active = types.BoolValue(a.Active)
	}
	m.ID, m.Status, m.Tenant = text(a.ID), text(a.Status), text(app.Info().Tenant)
	if m.Status.IsNull() {
		m.Status = types.StringValue("") // null is the mark of an import
	}
	return m
}

// adoptable decides whether an account that was found may be taken over.
func (m accountModel) adoptable(app *inventory.App, a access.Account) error {
	ours := m.PersonID.ValueString() != "" && a.PersonID == m.PersonID.ValueString()
	if m.Adopt.ValueString() != "never" || ours {
		return nil
	}
	return &fault.Error{
		Kind: fault.Exists, System: app.Name(), Op: "create", Subject: m.UserName.ValueString(),
		Cause: fmt.Sprintf("the app already has the account %s (id %s), and adopt = \"never\" forbids taking it over", a.Label(), a.ID),
		Next:  "Import it: terraform import ADDRESS '" + importID(app.Name(), a.UserName) + "', or set adopt = \"matching\".",
	}
}

// sameAs compares the account with the state that the removal was planned on: an account that changed
// hands since must not be removed.
func (m accountModel) sameAs(app *inventory.App, now access.Account) error {
	was := m.UserName.ValueString()
	if app.SameUserName(now.UserName, was) {
		if id := m.PersonID.ValueString(); id == "" || now.PersonID == "" || id == now.PersonID {
			return nil
		}
	}
	return &fault.Error{
		Kind: fault.Stale, System: app.Name(), Subject: was,
		Cause: fmt.Sprintf("the account with id %s was %s when this was planned and is %s (person %q) now", now.ID, was, now.Label(), now.PersonID),
	}
}

// text is a Terraform string; what an app leaves empty is null.
func text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

func ptr[T any](v T) *T { return &v }
