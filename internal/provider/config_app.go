package provider

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/scim"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

// opener turns blocks into apps and rosters.
type opener struct {
	version      string
	log          *slog.Logger
	zone         *time.Location
	limits       safeguard.Limits
	refuseWrites func() error // nil: writes are allowed
	audit        inventory.Recorder
}

// matchKeys are what match_by may name.
var matchKeys = []string{string(access.PersonID), string(access.UserName), string(access.Email)}

func appAttributes() map[string]schema.Attribute {
	strings := func(text string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: text, ElementType: types.StringType, Optional: true}
	}
	return map[string]schema.Attribute{
		"name":               schema.StringAttribute{MarkdownDescription: "The name that resources use.", Required: true},
		"protected_accounts": strings("User names, or globs such as `svc-*`, that are never removed, deactivated or stripped of a membership or license."),
		"ignored_accounts":   strings("User names or globs of bots and guests that nobody is expected to manage: never counted as strangers."),
		"match_by":           strings("How an account that is already there is recognized, in this order: `person_id`, `user_name`, `email`. Default `[\"person_id\", \"user_name\"]`."),
		"read_only":          schema.BoolAttribute{MarkdownDescription: "Plans show every difference; an apply that would write is refused before the first request.", Optional: true},
		"on_unavailable":     schema.StringAttribute{MarkdownDescription: "What a plan does when the app cannot be read: `error` (default), or `stale`: a warning, and a plan from the last known state.", Optional: true, Validators: oneOf("error", "stale")},
		"max_requests_per_second": schema.Float64Attribute{
			MarkdownDescription: "The most requests per second to send. Left out: as the profile of the app's kind says, and as the app's own rate limit answers teach.",
			Optional:            true, Validators: []validator.Float64{float64validator.AtLeast(0.01)},
		},
		"max_retries": schema.Int64Attribute{
			MarkdownDescription: "How often a request that failed in passing is sent again. Default 4.",
			Optional:            true, Validators: []validator.Int64{int64validator.Between(0, 20)},
		},
		"request_timeout": schema.StringAttribute{MarkdownDescription: "How long one request may take, such as `30s`. Default `60s`.", Optional: true},
	}
}

type appModel struct {
	Name          types.String  `tfsdk:"name"`
	Protected     types.List    `tfsdk:"protected_accounts"`
	Ignored       types.List    `tfsdk:"ignored_accounts"`
	MatchBy       types.List    `tfsdk:"match_by"`
	ReadOnly      types.Bool    `tfsdk:"read_only"`
	OnUnavailable types.String  `tfsdk:"on_unavailable"`
	MaxRPS        types.Float64 `tfsdk:"max_requests_per_second"`
	MaxRetries    types.Int64   `tfsdk:"max_retries"`
	Timeout       types.String  `tfsdk:"request_timeout"`
	Safeguard     *limitsModel  `tfsdk:"safeguard"`
	Local         []localModel  `tfsdk:"local"`
	SCIM          []scimModel   `tfsdk:"scim"`
}

var appKinds = []string{"local", "scim"}

func appKindBlocks() map[string]schema.Block {
	return map[string]schema.Block{"local": localBlock(), "scim": scimBlock(), "safeguard": appSafeguardBlock()}
}

// openApp opens one app block.
func (o opener) openApp(ctx context.Context, diags *diag.Diagnostics, obj basetypes.ObjectValue, at path.Path, name string) *appEntry {
	kind, ok := oneKind(diags, obj, at, "app", name, appKinds)
	if !ok {
		return &appEntry{}
	}
	if u := unknownIn(obj, ""); u != "" {
		return &appEntry{pending: u}
	}
	var m appModel
	if ds := obj.As(ctx, &m, basetypes.ObjectAsOptions{}); ds.HasError() {
		diags.Append(ds...)
		return &appEntry{}
	}
	timeout := duration(diags, m.Timeout, at.AtName("request_timeout"))
	var a app.App
	var err error
	switch kind {
	case "local":
		a, err = local.Open(local.Config{Name: name, Path: m.Local[0].Path.ValueString(), Log: o.log})
	case "scim":
		a, err = scim.Open(m.SCIM[0].config(diags, m, o, timeout))
	}
	diagnose(diags, err, "", at.AtName(kind))
	opts := inventory.Options{
		Name: name, Protected: texts(m.Protected), Ignored: texts(m.Ignored), ReadOnly: m.ReadOnly.ValueBool(),
		Stale: m.OnUnavailable.ValueString() == "stale", MatchBy: matchBy(diags, m.MatchBy, at.AtName("match_by")), Log: o.log, Audit: o.audit,
	}
	for _, v := range []struct {
		list types.List
		name string
	}{{m.Protected, "protected_accounts"}, {m.Ignored, "ignored_accounts"}} {
		for i, pattern := range texts(v.list) {
			diagnose(diags, inventory.CheckPattern(pattern), "", at.AtName(v.name).AtListIndex(i))
		}
	}
	if kind != "local" {
		opts.RefuseWrites = o.refuseWrites
	}
	if diags.HasError() {
		return &appEntry{}
	}
	return &appEntry{inv: inventory.New(a, opts), limits: m.Safeguard.limits(o.limits)}
}

func matchBy(diags *diag.Diagnostics, v types.List, at path.Path) []access.Field {
	var keys []access.Field
	for i, k := range texts(v) {
		if !slices.Contains(matchKeys, k) {
			refuse(diags, at.AtListIndex(i), "Cannot match accounts by "+quoted(k), fmt.Sprintf("match_by takes %v.", matchKeys))
		}
		keys = append(keys, access.Field(k))
	}
	return keys
}

func duration(diags *diag.Diagnostics, v types.String, at path.Path) time.Duration {
	if v.ValueString() == "" {
		return 0
	}
	d, err := time.ParseDuration(v.ValueString())
	if err != nil || d <= 0 {
		refuse(diags, at, "Bad duration "+quoted(v.ValueString()), `Write a positive number with a unit, such as "30s" or "2m".`)
	}
	return d
}

// texts is a list of strings as Go has it; null is nil.
func texts(v types.List) []string {
	var out []string
	for _, e := range v.Elements() {
		if s, ok := e.(types.String); ok {
			out = append(out, s.ValueString())
		}
	}
	return out
}

// textMap is a map of strings as Go has it; null is nil.
func textMap(v types.Map) map[string]string {
	var out map[string]string
	for k, e := range v.Elements() {
		if s, ok := e.(types.String); ok {
			if out == nil {
				out = make(map[string]string)
			}
			out[k] = s.ValueString()
		}
	}
	return out
}

type localModel struct {
	Path types.String `tfsdk:"path"`
}

func localBlock() schema.Block {
	return atMostOne("A JSON file that behaves like an app: for trying things out, for tests, and for small internal tools that read it.", map[string]schema.Attribute{
		"path": schema.StringAttribute{MarkdownDescription: "The file. Made by the first write when it is not there.", Required: true},
	}, nil)
}
