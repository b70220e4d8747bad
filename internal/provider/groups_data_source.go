package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// groupsDataSource is all groups of an app, without members.
type groupsDataSource struct{ configuredDataSource }

type groupsModel struct {
	App    types.String `tfsdk:"app"`
	Groups types.Map    `tfsdk:"groups"`
}

// newGroupsDataSource makes a tenure_groups.
func newGroupsDataSource() datasource.DataSource { return &groupsDataSource{} }

func (*groupsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_groups"
}

func groupObject() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "name": types.StringType, "description": types.StringType, "read_only": types.StringType,
	}}
}

func (*groupsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All groups of an app. For the members of one group see `tenure_group`.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{MarkdownDescription: "The name of an `app` block of the provider.", Required: true},
			"groups": schema.MapAttribute{
				MarkdownDescription: "The groups by name: `id`, `name`, `description`, and `read_only`, the reason why members cannot be changed one by one (null where they can).",
				ElementType:         groupObject(), Computed: true,
			},
		},
	}
}

func (d *groupsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m groupsModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	inv := d.data.appFor(&resp.Diagnostics, m.App, "")
	if inv == nil {
		return
	}
	if err := inv.Supports(app.ReadGroups); err != nil {
		diagnose(&resp.Diagnostics, err, "", path.Root("app"))
		return
	}
	groups, err := inv.Groups(ctx)
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "list", "the groups"), "")
		return
	}
	elems := make(map[string]attr.Value, len(groups))
	for _, g := range groups {
		elems[g.Name] = types.ObjectValueMust(groupObject().AttrTypes, map[string]attr.Value{
			"id": text(g.ID), "name": text(g.Name), "description": text(g.Description), "read_only": text(g.ReadOnly),
		})
	}
	m.Groups = types.MapValueMust(groupObject(), elems)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// groupDataSource is one group with its members.
type groupDataSource struct{ configuredDataSource }

type groupDataModel struct {
	App         types.String `tfsdk:"app"`
	Group       types.String `tfsdk:"group"`
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Members     types.Map    `tfsdk:"members"`
	Nested      types.List   `tfsdk:"nested_groups"`
}

// newGroupDataSource makes a tenure_group.
func newGroupDataSource() datasource.DataSource { return &groupDataSource{} }

func (*groupDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_group"
}

func (*groupDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One group with its direct members.",
		Attributes: map[string]schema.Attribute{
			"app":           schema.StringAttribute{MarkdownDescription: "The name of an `app` block of the provider.", Required: true},
			"group":         schema.StringAttribute{MarkdownDescription: "The group, by name or id.", Required: true},
			"id":            schema.StringAttribute{MarkdownDescription: "The group's immutable id.", Computed: true},
			"name":          schema.StringAttribute{MarkdownDescription: "The group's name.", Computed: true},
			"description":   schema.StringAttribute{MarkdownDescription: "What the group is for.", Computed: true},
			"members":       schema.MapAttribute{MarkdownDescription: "The role of each direct member, by user name.", ElementType: types.StringType, Computed: true},
			"nested_groups": schema.ListAttribute{MarkdownDescription: "Ids of groups inside the group: listed, not expanded.", ElementType: types.StringType, Computed: true},
		},
	}
}

func (d *groupDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m groupDataModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	inv := d.data.appFor(&resp.Diagnostics, m.App, "")
	if inv == nil {
		return
	}
	if err := inv.Supports(app.ReadMembers); err != nil {
		diagnose(&resp.Diagnostics, err, "", path.Root("app"))
		return
	}
	g, err := inv.Group(ctx, m.Group.ValueString())
	if err != nil {
		diagnose(&resp.Diagnostics, err, "", path.Root("group"))
		return
	}
	members, err := namedMembers(ctx, inv, g.ID)
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "list the members of", "group "+g.Name), "")
		return
	}
	roles, nested := make(map[string]attr.Value, len(members)), []attr.Value{}
	for _, member := range members {
		if member.Nested {
			nested = append(nested, types.StringValue(member.AccountID))
			continue
		}
		roles[member.UserName] = types.StringValue(member.Role)
	}
	m.ID, m.Name, m.Description = text(g.ID), text(g.Name), text(g.Description)
	m.Members, m.Nested = types.MapValueMust(types.StringType, roles), types.ListValueMust(types.StringType, nested)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// namedMembers lists the members of a group with their user names, for apps that tell only ids.
func namedMembers(ctx context.Context, inv *inventory.App, groupID string) ([]access.Member, error) {
	members, err := inv.Members(ctx, groupID)
	if err != nil || !slices.ContainsFunc(members, func(m access.Member) bool { return m.UserName == "" && !m.Nested }) {
		return members, err
	}
	accounts, err := inv.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(accounts))
	for _, a := range accounts {
		names[a.ID] = a.Label()
	}
	members = slices.Clone(members)
	for i, m := range members {
		if m.UserName == "" && !m.Nested {
			members[i].UserName = names[m.AccountID]
			if members[i].UserName == "" {
				members[i].UserName = m.AccountID // a member that the account listing does not show
			}
		}
	}
	return members, nil
}
