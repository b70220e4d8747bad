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
	return reviewAttributes(map[string]schema.Attribute{
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
	})
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
	reviewModel
}

// appKind is one kind of app: the block that configures it, and how to open what the block says. Adding a kind is a
// file config_<kind>.go with one of these, and a line in appKinds.
type appKind struct {
	name  string
	block schema.Block
	// open does no I/O. It adds what is wrong with the block to diags, by the path at; the error is the connector's.
	open func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error)
}

// appBlock is what a kind is opened from.
type appBlock struct {
	opener
	name    string
	common  appModel              // what every app block has
	kind    basetypes.ObjectValue // the kind's own block, all of it known
	at      path.Path             // of the kind's own block
	timeout time.Duration         // 0: the default
}

// read decodes the kind's own block into a struct with tfsdk tags for all of its arguments and blocks.
func (b appBlock) read(ctx context.Context, diags *diag.Diagnostics, into any) {
	diags.Append(b.kind.As(ctx, into, basetypes.ObjectAsOptions{})...)
}

// maxRetries is nil where the configuration leaves it to the client.
func (b appBlock) maxRetries() *int {
	if b.common.MaxRetries.IsNull() {
		return nil
	}
	return ptr(int(b.common.MaxRetries.ValueInt64()))
}

func (b appBlock) userAgent() string { return "terraform-provider-tenure/" + b.version }

// secret is the argument's value, else that of TENURE_APP_<NAME>_<ARGUMENT>.
func (b appBlock) secret(v types.String, argument string) string {
	return orEnv(v, "app", b.name, argument)
}

func appKinds() []appKind {
	return []appKind{
		localKind(),
		manualKind(),
		scimKind(),
		entraKind(),
		googleKind(),
		oktaKind(),
		githubKind(),
	}
}

func appKindNames() []string {
	var names []string
	for _, k := range appKinds() {
		names = append(names, k.name)
	}
	return names
}

func appBlocks() map[string]schema.Block {
	blocks := map[string]schema.Block{"safeguard": appSafeguardBlock(), "license_price": licensePriceBlock()}
	for _, k := range appKinds() {
		blocks[k.name] = k.block
	}
	return blocks
}

// withoutKinds is an app or roster block less its kind blocks, for a model that does not name them.
func withoutKinds(ctx context.Context, obj basetypes.ObjectValue, kinds []string) basetypes.ObjectValue {
	attrs, kept := obj.AttributeTypes(ctx), obj.Attributes()
	for _, k := range kinds {
		delete(attrs, k)
		delete(kept, k)
	}
	return basetypes.NewObjectValueMust(attrs, kept)
}

// openApp opens one app block.
func (o opener) openApp(ctx context.Context, diags *diag.Diagnostics, obj basetypes.ObjectValue, at path.Path, name string) *appEntry {
	found, ok := oneKind(diags, obj, at, "app", name, appKindNames())
	if !ok {
		return &appEntry{}
	}
	if u := unknownIn(obj, ""); u != "" {
		return &appEntry{pending: u}
	}
	b := appBlock{opener: o, name: name, at: at.AtName(found).AtListIndex(0)}
	b.kind, _ = obj.Attributes()[found].(basetypes.ListValue).Elements()[0].(basetypes.ObjectValue)
	if ds := withoutKinds(ctx, obj, appKindNames()).As(ctx, &b.common, basetypes.ObjectAsOptions{}); ds.HasError() {
		diags.Append(ds...)
		return &appEntry{}
	}
	m := b.common
	b.timeout = duration(diags, m.Timeout, at.AtName("request_timeout"))
	var a app.App
	for _, k := range appKinds() {
		if k.name == found {
			var err error
			a, err = k.open(ctx, diags, b)
			diagnose(diags, err, "", at.AtName(found))
		}
	}
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
	rules := m.rules(diags, at)
	if found != "local" {
		opts.RefuseWrites = o.refuseWrites
	}
	if diags.HasError() {
		return &appEntry{}
	}
	return &appEntry{inv: inventory.New(a, opts), limits: m.Safeguard.limits(o.limits), review: rules}
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

func localKind() appKind {
	return appKind{
		name: "local",
		block: atMostOne("A JSON file that behaves like an app: for trying things out, for tests, and for small internal tools that read it.", map[string]schema.Attribute{
			"path": schema.StringAttribute{MarkdownDescription: "The file. Made by the first write when it is not there.", Required: true},
		}, nil),
		open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
			var m localModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return local.Open(local.Config{Name: b.name, Path: m.Path.ValueString(), Log: b.log})
		},
	}
}
