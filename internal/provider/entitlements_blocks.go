package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// Policy is made of blocks and single arguments, because Terraform drops unknown keys of object values without
// a word: a misspelt "whne" would be a rule for everybody.

// grantsModel is the part of a rule and an exception that says what they give.
type grantsModel struct {
	Accounts   types.List `tfsdk:"accounts"`
	Groups     types.Map  `tfsdk:"groups"`
	GroupRoles types.Map  `tfsdk:"group_roles"`
	Licenses   types.Map  `tfsdk:"licenses"`
	Roles      types.Map  `tfsdk:"roles"`
}

func (m grantsModel) policy() policy.Grants {
	return policy.Grants{
		Accounts: texts(m.Accounts), Groups: textLists(m.Groups), GroupRoles: textMaps(m.GroupRoles),
		Licenses: textMaps(m.Licenses), Roles: textMap(m.Roles),
	}
}

// with adds the arguments that give something to those of a block.
func (grantsModel) with(own map[string]schema.Attribute) map[string]schema.Attribute {
	perApp := types.MapType{ElemType: types.StringType}
	maps.Copy(own, map[string]schema.Attribute{
		"accounts":    schema.ListAttribute{MarkdownDescription: "Apps in which to have an account. Whatever else is given in an app gives the account too.", ElementType: types.StringType, Optional: true},
		"groups":      schema.MapAttribute{MarkdownDescription: "By app, groups to be a member of.", ElementType: types.ListType{ElemType: types.StringType}, Optional: true},
		"group_roles": schema.MapAttribute{MarkdownDescription: "By app, groups to be in with a role: `{ gh = { engineering = \"maintainer\" } }`. An entry gives the group as well.", ElementType: perApp, Optional: true},
		"licenses":    schema.MapAttribute{MarkdownDescription: "By app, the license of each product: `{ figma = { Design = \"Full\" } }`. Where the vendor has no family of licenses, product and license have one name.", ElementType: perApp, Optional: true},
		"roles":       schema.MapAttribute{MarkdownDescription: "By app, the role of the account in the app as a whole.", ElementType: types.StringType, Optional: true},
	})
	return own
}

type ruleModel struct {
	Name      types.String `tfsdk:"name"`
	When      types.String `tfsdk:"when"`
	ExpectMin types.Int64  `tfsdk:"expect_min"`
	grantsModel
}

type exceptionModel struct {
	PersonID   types.String `tfsdk:"person_id"`
	Reason     types.String `tfsdk:"reason"`
	ApprovedBy types.String `tfsdk:"approved_by"`
	StartsAt   types.String `tfsdk:"starts_at"`
	ExpiresAt  types.String `tfsdk:"expires_at"`
	grantsModel
}

type overrideModel struct {
	PersonID       types.String `tfsdk:"person_id"`
	AccessStartsAt types.String `tfsdk:"access_starts_at"`
	AccessEndsAt   types.String `tfsdk:"access_ends_at"`
	Reason         types.String `tfsdk:"reason"`
	ApprovedBy     types.String `tfsdk:"approved_by"`
	ExpiresAt      types.String `tfsdk:"expires_at"`
}

type conflictModel struct {
	Name    types.String  `tfsdk:"name"`
	Grants  types.List    `tfsdk:"grants"`
	Waivers []waiverModel `tfsdk:"waiver"`
}

type waiverModel struct {
	PersonID   types.String `tfsdk:"person_id"`
	Reason     types.String `tfsdk:"reason"`
	ApprovedBy types.String `tfsdk:"approved_by"`
	ExpiresAt  types.String `tfsdk:"expires_at"`
}

type timingModel struct {
	BeforeStartDays types.Int64  `tfsdk:"before_start_days"`
	EndOfDayHour    types.Int64  `tfsdk:"end_of_day_hour"`
	OverlapDays     types.Int64  `tfsdk:"overlap_days"`
	OnLeave         types.String `tfsdk:"on_leave_of_absence"`
}

func policyBlocks() map[string]schema.Block {
	req := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Required: true}
	}
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	list := func(text string, attrs map[string]schema.Attribute, blocks map[string]schema.Block) schema.Block {
		return schema.ListNestedBlock{MarkdownDescription: text, NestedObject: schema.NestedBlockObject{Attributes: attrs, Blocks: blocks}}
	}
	number := func(text string) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: text, Optional: true}
	}
	const dated = "A date includes that day, in the zone of the person; an RFC 3339 instant is exact."
	return map[string]schema.Block{
		"rule": list("Gives something to everybody for whom a condition holds. Where two rules give different licenses of one product, or different roles in one group, the first one counts.", grantsModel{}.with(map[string]schema.Attribute{
			"name":       req("What reasons and messages call the rule."),
			"when":       req("The condition, in [CEL](https://cel.dev) over `person`: `person.department == 'Engineering'`. `\"true\"` is everyone. Fields are " + quoteList(policy.FieldNames()) + "."),
			"expect_min": number("The least number of people that the rule must match; fewer is an error. Left out, a rule that matches nobody is a warning."),
		}), nil),
		"exception": list("Gives something to one person until a date, within their access window. An expired exception gives nothing and is no error.", grantsModel{}.with(map[string]schema.Attribute{
			"person_id":   req("Who."),
			"reason":      req("Why, for the auditor who will ask."),
			"approved_by": req("Who approved it, by work e-mail or `person_id`: somebody who works here now, other than the person. Otherwise nothing is given, and a warning says so."),
			"starts_at":   opt("When it begins. Left out: on the start date, never before it."),
			"expires_at":  req("When it ends. " + dated),
		}), nil),
		"override": list("Moves the access window of one person. An earlier end always counts, and at once; a later end needs `expires_at`.", map[string]schema.Attribute{
			"person_id":        req("Who."),
			"access_starts_at": opt("When access begins instead: a date or an RFC 3339 instant."),
			"access_ends_at":   opt("When access ends instead: an RFC 3339 instant, or a date, on which it ends at `end_of_day_hour`."),
			"reason":           req("Why."),
			"approved_by":      opt("Who approved it, by work e-mail or `person_id`."),
			"expires_at":       opt("When the rosters decide again. " + dated),
		}, nil),
		"conflict": list("Grants of which one person may hold at most one (separation of duties). Whoever would hold two without a waiver keeps what they have and is named.", map[string]schema.Attribute{
			"name":   req("What messages call the conflict."),
			"grants": schema.ListAttribute{MarkdownDescription: "Two addresses at least: `APP/accounts`, `APP/groups/GROUP`, `APP/licenses/PRODUCT/LICENSE` or `APP/roles/ROLE`. A `/` inside a name is written `%2F`.", ElementType: types.StringType, Required: true},
		}, map[string]schema.Block{
			"waiver": list("Lets one person hold them all until a date.", map[string]schema.Attribute{
				"person_id":   req("Who."),
				"reason":      req("Why."),
				"approved_by": opt("Who approved it, by work e-mail or `person_id`."),
				"expires_at":  req("When it ends. " + dated),
			}, nil),
		}),
		"timing": schema.SingleNestedBlock{
			MarkdownDescription: "When access begins and ends relative to employment.",
			Attributes: map[string]schema.Attribute{
				"before_start_days":   number("How many days before the start date access begins. Default 0."),
				"end_of_day_hour":     number("The hour, 0 to 24, in the zone of the person, at which access ends on the last day. Default 18."),
				"overlap_days":        number("How many days somebody who moves keeps what the old place gave: `tenure_app_access` with `rosters` holds it as `overlap`, by name, and removes it after that. Default 0."),
				"on_leave_of_absence": opt("`keep` (default); `suspend`: the account is inactive, with its groups and licenses; `drop`: all is taken away."),
			},
		},
	}
}

// policy is what the blocks and arguments say.
func (m *entitlementsModel) policy() policy.Policy {
	p := policy.Policy{
		UserNames: textMap(m.UserNames), Identities: textMaps(m.Identities), AccountFields: textLists(m.AccountFields),
		Attributes: textMaps(m.Attributes), SamePerson: textLists(m.SamePerson), Apps: texts(m.OnlyApps),
	}
	for _, r := range m.Rules {
		p.Rules = append(p.Rules, policy.Rule{Name: r.Name.ValueString(), When: r.When.ValueString(), Grants: r.grantsModel.policy(), ExpectMin: int(r.ExpectMin.ValueInt64())})
	}
	for _, x := range m.Exceptions {
		p.Exceptions = append(p.Exceptions, policy.Exception{
			PersonID: x.PersonID.ValueString(), Grants: x.grantsModel.policy(), Reason: x.Reason.ValueString(),
			ApprovedBy: x.ApprovedBy.ValueString(), StartsAt: x.StartsAt.ValueString(), ExpiresAt: x.ExpiresAt.ValueString(),
		})
	}
	for _, o := range m.Overrides {
		p.Overrides = append(p.Overrides, policy.Override{
			PersonID: o.PersonID.ValueString(), AccessStartsAt: o.AccessStartsAt.ValueString(), AccessEndsAt: o.AccessEndsAt.ValueString(),
			Reason: o.Reason.ValueString(), ApprovedBy: o.ApprovedBy.ValueString(), ExpiresAt: o.ExpiresAt.ValueString(),
		})
	}
	for _, k := range m.Conflicts {
		c := policy.Conflict{Name: k.Name.ValueString(), Grants: texts(k.Grants)}
		for _, w := range k.Waivers {
			c.Waivers = append(c.Waivers, policy.Waiver{
				PersonID: w.PersonID.ValueString(), Reason: w.Reason.ValueString(), ApprovedBy: w.ApprovedBy.ValueString(), ExpiresAt: w.ExpiresAt.ValueString(),
			})
		}
		p.Conflicts = append(p.Conflicts, c)
	}
	if t := m.Timing; t != nil {
		p.Timing = policy.Timing{
			BeforeStartDays: int(t.BeforeStartDays.ValueInt64()), OverlapDays: int(t.OverlapDays.ValueInt64()),
			OnLeave: policy.LeavePolicy(t.OnLeave.ValueString()),
		}
		if !t.EndOfDayHour.IsNull() {
			p.Timing.EndOfDayHour = ptr(int(t.EndOfDayHour.ValueInt64()))
		}
	}
	return p
}

// textLists and textMaps are a map of lists and a map of maps as Go has them. An entry that is null is left
// out, as if it had not been written.
func textLists(v types.Map) map[string][]string {
	out := make(map[string][]string)
	for k, e := range v.Elements() {
		if l, ok := e.(types.List); ok && !l.IsNull() {
			out[k] = texts(l)
		}
	}
	return out
}

func textMaps(v types.Map) map[string]map[string]string {
	out := make(map[string]map[string]string)
	for k, e := range v.Elements() {
		if m, ok := e.(types.Map); ok && !m.IsNull() {
			out[k] = textMap(m)
		}
	}
	return out
}
