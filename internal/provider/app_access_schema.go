package provider

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// appAccess is tenure_app_access: everything that people hold in one app.
type appAccess struct{}

func (appAccess) name() string { return "tenure_app_access" }
func (appAccess) whole() bool  { return true }

// Types of the sets that only the provider fills.
func heldType() tftypes.Map {
	return tftypes.Map{ElementType: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"reason": tftypes.String, "since": tftypes.String}}}
}

func explanationsType() tftypes.Map {
	return tftypes.Map{ElementType: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"change": tftypes.String, "why": tftypes.String}}}
}

func grantsType() tftypes.Map { return tftypes.Map{ElementType: stringMap()} }

// accountType is one element of accounts.
func accountType() tftypes.Object {
	types := map[string]tftypes.Type{"active": tftypes.Bool, "attributes": stringMap()}
	for _, f := range accountFields() {
		types[string(f)] = tftypes.String
	}
	return tftypes.Object{AttributeTypes: types}
}

// accountFields are the text fields of an element of accounts: the key stands for the person.
func accountFields() []access.Field {
	return access.Fields()[1:]
}

func attribute(name string, t tftypes.Type, text string, set func(*tfprotov6.SchemaAttribute)) *tfprotov6.SchemaAttribute {
	a := &tfprotov6.SchemaAttribute{Name: name, Type: t, Description: text, DescriptionKind: tfprotov6.StringKindMarkdown}
	set(a)
	return a
}

func required(a *tfprotov6.SchemaAttribute)  { a.Required = true }
func optional(a *tfprotov6.SchemaAttribute)  { a.Optional = true }
func computed(a *tfprotov6.SchemaAttribute)  { a.Computed = true }
func defaulted(a *tfprotov6.SchemaAttribute) { a.Optional, a.Computed = true, true }

func fieldText(f access.Field) string {
	switch f {
	case access.UserName:
		return "The name the account signs in with."
	case access.Email:
		return "The work e-mail address."
	case access.GivenName:
		return "The given name."
	case access.FamilyName:
		return "The family name."
	case access.DisplayName:
		return "The name that the app shows."
	case access.Title:
		return "The job title."
	case access.Department:
		return "The department."
	case access.Manager:
		return "The user name of the manager's account in the same app."
	case access.Role:
		return "The account's role in the app as a whole, for example `admin`."
	case access.PersonID:
	}
	return ""
}

func accountSchema() *tfprotov6.SchemaObject {
	attrs := []*tfprotov6.SchemaAttribute{
		attribute("active", tftypes.Bool, "Left out: active on entry, only observed afterwards, so that a suspension by the security team stays. `true` is enforced against everyone; `false` keeps the account deactivated.", defaulted),
		attribute("attributes", stringMap(), "Further attributes by the names that the app declares. Only the keys named here are managed.", defaulted),
	}
	for _, f := range accountFields() {
		set := defaulted
		if f == access.UserName {
			set = required
		}
		attrs = append(attrs, attribute(string(f), tftypes.String, fieldText(f), set))
	}
	return &tfprotov6.SchemaObject{Nesting: tfprotov6.SchemaObjectNestingModeMap, Attributes: attrs}
}

func (appAccess) schema() *tfprotov6.Schema {
	accounts := attribute("accounts", nil, "The accounts, by a stable key of yours: the person's `person_id` where there is a person. Fields that are left out are unmanaged.", required)
	accounts.NestedType = accountSchema()
	mode := func(name, text string) *tfprotov6.SchemaAttribute {
		return attribute(name, tftypes.String, text, required)
	}
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
		Description: "Everything that people hold in one app: accounts, memberships and licenses, in one block for a whole company.\n\n" +
			"What is there and in no configuration is listed in `strangers`, and with `unmanaged` set to `\"remove\"` taken away, each by name. " +
			"What is kept although configuration no longer asks for it is listed in `held`, with the reason. Creating the resource removes nothing.",
		DescriptionKind: tfprotov6.StringKindMarkdown,
		Attributes: []*tfprotov6.SchemaAttribute{
			attribute("app", tftypes.String, "The name of an `app` block of the provider.", required),
			accounts,
			attribute("groups", grantsType(), "Who is in which group: group name or id to user name to role (`member` where the app knows no roles). Groups that are not named here are left alone.", optional),
			attribute("licenses", grantsType(), "Who holds which license: product to user name to license.", optional),
			attribute("rosters", tftypes.List{ElementType: tftypes.String}, "The rosters that tell leaving from being dropped. Without them, whoever leaves the configuration is removed.", optional),
			attribute("on_dropped", tftypes.String, "What becomes of people whom configuration and all rosters no longer name: `hold` (default) or `remove`.", defaulted),
			attribute("on_removal", tftypes.String, "What becomes of an account that goes: `deactivate` (default), `delete`, or `keep` (listed in `held`).", defaulted),
			attribute("grace_hours", tftypes.Number, "How long a stranger stays before `unmanaged = \"remove\"` takes it away, from when it was first seen. Default 0.", defaulted),
			attribute("on_destroy", tftypes.String, "What destroying the resource does: `keep` (default) leaves everything as it is; `remove` takes away what is managed, never strangers.", defaulted),
			attribute("ids", stringMap(), "The app's immutable account ids by key.", computed),
			attribute("tenant", tftypes.String, "The tenant that the app leads to. Pinned: another tenant behind the same app name is an error.", computed),
			attribute("held", heldType(), "What is kept although configuration does not ask for it, and why.", computed),
			attribute("strangers", stringMap(), "What is there and in no configuration: account id, role or license by subject (`accounts/USER_NAME`, `groups/GROUP/USER_NAME`, `licenses/PRODUCT/USER_NAME`).", computed),
			attribute("explanations", explanationsType(), "What this plan, or the last apply, changes for each subject, and why.", computed),
		},
		BlockTypes: []*tfprotov6.SchemaNestedBlock{{
			TypeName: "unmanaged", Nesting: tfprotov6.SchemaNestedBlockNestingModeSingle, MinItems: 1, MaxItems: 1,
			Block: &tfprotov6.SchemaBlock{
				Description: "What to do with what is there and in no configuration: `report` or `remove`.", DescriptionKind: tfprotov6.StringKindMarkdown,
				Attributes: []*tfprotov6.SchemaAttribute{
					mode("accounts", "Accounts that configuration does not name."),
					mode("members", "Members of the groups above."),
					mode("assignees", "Holders of the licenses above."),
				},
			},
		}},
	}}
}

func (appAccess) identity() *tfprotov6.ResourceIdentitySchema {
	return &tfprotov6.ResourceIdentitySchema{IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
		{Name: "tenant", Type: tftypes.String, RequiredForImport: true, Description: "The tenant of the app, as the tenant attribute shows it."},
	}}
}
