package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// RosterFile reads the roster blocks of an HCL file, at its top or in its provider "tenure" block, and opens them just as
// a plan does: same schema, same environment variables. Reading a source also goes through whatever a plan would refuse.
// It serves the command line, which knows nothing of Terraform.
func RosterFile(version string) func(ctx context.Context, file string) (sources []roster.Source, o lifecycle.Options, now time.Time, err error) {
	return func(ctx context.Context, file string) ([]roster.Source, lifecycle.Options, time.Time, error) {
		m, err := rosterFileModel(ctx, file)
		if err != nil {
			return nil, lifecycle.Options{}, time.Time{}, err
		}
		var diags diag.Diagnostics
		d := newData(ctx, &diags, m, version)
		if err := joined(diags); err != nil {
			return nil, lifecycle.Options{}, time.Time{}, err
		}
		var sources []roster.Source
		for _, v := range m.Rosters.Elements() {
			name, _ := v.(basetypes.ObjectValue).Attributes()["name"].(types.String)
			sources = append(sources, fileRoster{d, name.ValueString()})
		}
		return sources, d.lifecycleOptions(), d.clock.Now(), nil
	}
}

// fileRoster is a roster of a file, as a plan reads it.
type fileRoster struct {
	data *Data
	name string
}

func (f fileRoster) Info() roster.Info {
	src, err := f.data.roster(f.name)
	if err != nil {
		return roster.Info{Name: f.name}
	}
	return src.Info()
}

func (f fileRoster) People(ctx context.Context) (roster.Roster, error) {
	return f.data.reading(ctx, f.name)
}

// rosterFileModel is the part of a provider block that a file of rosters can hold.
func rosterFileModel(ctx context.Context, file string) (providerModel, error) {
	parsed, hd := hclparse.NewParser().ParseHCLFile(file)
	if hd.HasErrors() {
		return providerModel{}, hclError(hd)
	}
	wanted := &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "time_zone"}, {Name: "as_of"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "roster"}, {Type: "provider", LabelNames: []string{"name"}}},
	}
	top, _, hd := parsed.Body.PartialContent(wanted) // a whole configuration may stand around it
	contents := []*hcl.BodyContent{top}
	for _, b := range top.Blocks.OfType("provider") {
		if b.Labels[0] == "tenure" {
			inside, _, more := b.Body.PartialContent(wanted)
			contents, hd = append(contents, inside), append(hd, more...)
		}
	}
	if hd.HasErrors() {
		return providerModel{}, hclError(hd)
	}
	block := schema.NestedBlockObject{Attributes: rosterAttributes(), Blocks: rosterBlocks()}
	spec, err := blockSpec(ctx, block.Attributes, block.Blocks)
	if err != nil {
		return providerModel{}, err
	}
	var m providerModel
	var values []attr.Value
	for _, c := range contents {
		for name, to := range map[string]*types.String{"time_zone": &m.TimeZone, "as_of": &m.AsOf} {
			if a, ok := c.Attributes[name]; ok {
				v, more := a.Expr.Value(nil)
				if hd = append(hd, more...); !more.HasErrors() && v.Type() == cty.String && !v.IsNull() {
					*to = types.StringValue(v.AsString())
				}
			}
		}
		for _, b := range c.Blocks.OfType("roster") {
			v, more := hcldec.Decode(b.Body, spec, nil)
			if hd = append(hd, more...); more.HasErrors() {
				continue
			}
			value, err := attrValue(ctx, block.Type(), v)
			if err != nil {
				return providerModel{}, err
			}
			values = append(values, value)
		}
	}
	if hd.HasErrors() {
		return providerModel{}, hclError(hd)
	}
	if len(values) == 0 {
		return providerModel{}, &fault.Error{
			Kind: fault.Invalid, Op: "read", Subject: file, Cause: "there is no roster block in it",
			Next: "Put the roster block of the provider's configuration into the file, by itself or in its provider block.",
		}
	}
	list, ds := types.ListValue(block.Type(), values)
	m.Rosters = list
	return m, joined(ds)
}

// blockSpec says to hcldec what the framework's schema of a block says to Terraform.
func blockSpec(ctx context.Context, attributes map[string]schema.Attribute, blocks map[string]schema.Block) (hcldec.ObjectSpec, error) {
	spec := hcldec.ObjectSpec{}
	for name, a := range attributes {
		t, err := a.GetType().TerraformType(ctx).MarshalJSON() //nolint:staticcheck // deprecated for other uses; it is how cty writes types
		if err != nil {
			return nil, fmt.Errorf("type of %s: %w", name, err)
		}
		ct, err := ctyjson.UnmarshalType(t)
		if err != nil {
			return nil, fmt.Errorf("type of %s: %w", name, err)
		}
		spec[name] = &hcldec.AttrSpec{Name: name, Type: ct, Required: a.IsRequired()}
	}
	for name, b := range blocks {
		nested, ok := b.(schema.ListNestedBlock)
		if !ok {
			return nil, fmt.Errorf("block %s is none that a file can hold", name)
		}
		inner, err := blockSpec(ctx, nested.NestedObject.Attributes, nested.NestedObject.Blocks)
		if err != nil {
			return nil, err
		}
		spec[name] = &hcldec.BlockListSpec{TypeName: name, Nested: inner}
	}
	return spec, nil
}

// attrValue turns a value of HCL into one of the framework, by way of the protocol between them.
func attrValue(ctx context.Context, t attr.Type, v cty.Value) (attr.Value, error) {
	packed, err := msgpack.Marshal(v, v.Type())
	if err != nil {
		return nil, fmt.Errorf("encode a block: %w", err)
	}
	value, err := (&tfprotov6.DynamicValue{MsgPack: packed}).Unmarshal(t.TerraformType(ctx))
	if err != nil {
		return nil, fmt.Errorf("decode a block: %w", err)
	}
	return t.ValueFromTerraform(ctx, value)
}

// hclError joins what HCL found. Files hold secrets, so no line of them is shown.
func hclError(diags hcl.Diagnostics) error {
	var errs []error
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			where := ""
			if d.Subject != nil {
				where = fmt.Sprintf("%s:%d: ", d.Subject.Filename, d.Subject.Start.Line)
			}
			errs = append(errs, errors.New(where+d.Summary+": "+d.Detail))
		}
	}
	return errors.Join(errs...)
}

func joined(diags diag.Diagnostics) error {
	var errs []error
	for _, d := range diags.Errors() {
		errs = append(errs, errors.New(d.Summary()+"\n\n"+d.Detail()))
	}
	return errors.Join(errs...)
}
