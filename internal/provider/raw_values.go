package provider

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
)

// rawDiags collects diagnostics as everywhere in this package and says them in the protocol's terms.
type rawDiags struct{ diag.Diagnostics }

// raise reports that a value was not as the schema says, which Terraform itself prevents.
func (d *rawDiags) raise(err error) {
	if err != nil {
		tell(&d.Diagnostics, diag.SeverityError, "Cannot read or write a value", capitalize(err.Error())+".\n\nThis is a fault of the provider. Nothing was written.")
	}
}

func (d *rawDiags) decode(v *tfprotov6.DynamicValue, t tftypes.Type) (tftypes.Value, bool) {
	if v == nil {
		return tftypes.NewValue(t, nil), true
	}
	val, err := v.Unmarshal(t)
	d.raise(err)
	return val, err == nil
}

func (d *rawDiags) identity(id *tfprotov6.ResourceIdentityData, t tftypes.Type) map[string]string {
	out := make(map[string]string)
	v, ok := d.decode(id.IdentityData, t)
	if ok && !v.IsNull() {
		for k, e := range objectOf(v) {
			out[k] = stringOf(e)
		}
	}
	return out
}

// proto translates for the wire.
func (d *rawDiags) proto() []*tfprotov6.Diagnostic {
	out := make([]*tfprotov6.Diagnostic, 0, len(d.Diagnostics))
	for _, one := range d.Diagnostics {
		p := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: one.Summary(), Detail: one.Detail()}
		if one.Severity() == diag.SeverityWarning {
			p.Severity = tfprotov6.DiagnosticSeverityWarning
		}
		if at, ok := one.(diag.DiagnosticWithPath); ok {
			p.Attribute = protoPath(at.Path())
		}
		out = append(out, p)
	}
	return out
}

func protoPath(p path.Path) *tftypes.AttributePath {
	var steps []tftypes.AttributePathStep
	for _, s := range p.Steps() {
		switch s := s.(type) {
		case path.PathStepAttributeName:
			steps = append(steps, tftypes.AttributeName(s))
		case path.PathStepElementKeyString:
			steps = append(steps, tftypes.ElementKeyString(s))
		case path.PathStepElementKeyInt:
			steps = append(steps, tftypes.ElementKeyInt(s))
		}
	}
	return tftypes.NewAttributePathWithSteps(steps)
}

func encodeRaw(t tftypes.Type, v tftypes.Value) (*tfprotov6.DynamicValue, error) {
	dv, err := tfprotov6.NewDynamicValue(t, v)
	if err != nil {
		return nil, fmt.Errorf("encode a value: %w", err)
	}
	return &dv, nil
}

// The functions below read values whose types the schema guarantees.

func objectOf(v tftypes.Value) map[string]tftypes.Value {
	m := map[string]tftypes.Value{}
	if v.IsKnown() && !v.IsNull() {
		must(v.As(&m))
	}
	return m
}

// stringOf is "" for null and converge.Unknown for a value that is not known yet.
func stringOf(v tftypes.Value) string {
	if !v.IsKnown() {
		return converge.Unknown
	}
	if v.IsNull() {
		return ""
	}
	var s string
	must(v.As(&s))
	return s
}

func boolOf(v tftypes.Value) (b bool) {
	must(v.As(&b))
	return b
}

func intOf(v tftypes.Value) int64 {
	if !v.IsKnown() || v.IsNull() {
		return 0
	}
	var f big.Float
	must(v.As(&f))
	n, _ := f.Int64()
	return n
}

func listOf(v tftypes.Value) (out []string, known bool) {
	if !v.IsFullyKnown() {
		return nil, false
	}
	if v.IsNull() {
		return nil, true
	}
	var elems []tftypes.Value
	must(v.As(&elems))
	for _, e := range elems {
		out = append(out, stringOf(e))
	}
	return out, true
}

// stringsOf reads map(string); nil is null.
func stringsOf(v tftypes.Value) map[string]string {
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	var m map[string]tftypes.Value
	must(v.As(&m))
	out := make(map[string]string, len(m))
	for k, e := range m {
		out[k] = stringOf(e)
	}
	return out
}

func rawString(s string) tftypes.Value {
	if s == converge.Unknown {
		return tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	}
	return tftypes.NewValue(tftypes.String, s)
}

// rawText is rawString with null for "".
func rawText(s string) tftypes.Value {
	if s == "" {
		return tftypes.NewValue(tftypes.String, nil)
	}
	return rawString(s)
}

// rawStrings writes map(string); null for nil.
func rawStrings(m map[string]string) tftypes.Value {
	if m == nil {
		return tftypes.NewValue(stringMap(), nil)
	}
	elems := make(map[string]tftypes.Value, len(m))
	for k, s := range m {
		elems[k] = rawString(s)
	}
	return tftypes.NewValue(stringMap(), elems)
}

func stringMap() tftypes.Type { return tftypes.Map{ElementType: tftypes.String} }

var errSchema = errors.New("a value does not have the type of its schema")

// must panics on what the types rule out: every value here was decoded with its schema.
func must(err error) {
	if err != nil {
		panic(fmt.Errorf("%w: %w", errSchema, err))
	}
}
