package provider

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
)

// setKind is a resource that holds a whole set: what differs between a whole app and one group.
type setKind interface {
	name() string
	schema() *tfprotov6.Schema
	identity() *tfprotov6.ResourceIdentitySchema
	// whole says that accounts are held too, so all of them are read.
	whole() bool
	// read takes the arguments and sets out of an object; anything may be null or unknown.
	read(fields map[string]tftypes.Value) *setModel
	// write puts them back. Arguments are taken from m.raw.
	write(m *setModel, fields map[string]tftypes.Value)
	// validate checks arguments without knowing the app.
	validate(diags *diag.Diagnostics, m *setModel)
	// imports finds what an import id or identity means; nil after an error.
	imports(ctx context.Context, diags *diag.Diagnostics, d *Data, id string, identity map[string]string) *setModel
	ids(m *setModel) map[string]string
}

// setModel is one such resource as Terraform holds it.
type setModel struct {
	raw     map[string]tftypes.Value // as decoded; arguments go back as they came
	decoded []decodedAccounts        // accounts as decoded, to reuse those that stay the same

	app       string // converge.Unknown while not known
	group     string // "" for a whole app
	rosters   []string
	onDestroy string
	tenant    string
	groupID   string
	cfg       converge.Config // the arguments that say what to do; its sets are state's
	state     converge.State
	// pending says that one of the sets is not known at all, so nothing can be compared.
	pending bool
	// fresh says that Terraform holds nothing yet, so what only an apply learns is not known.
	fresh bool
	// gone says that the resource is not there any more.
	gone bool

	private setPrivate
}

// decodedAccounts are accounts in both forms.
type decodedAccounts struct {
	raw   map[string]tftypes.Value
	typed map[string]converge.Account
}

// setPrivate is the private state of such a resource.
type setPrivate struct {
	converge.Notes
	Intent string `json:"intent,omitempty"` // see intent.go
	Owner  string `json:"owner,omitempty"`  // see claims.go
	AsOf   string `json:"as_of,omitempty"`  // see preview.go
}

// setResource serves one setKind.
type setResource struct {
	kind     setKind
	schema   *tfprotov6.Schema
	identity *tfprotov6.ResourceIdentitySchema
	typ      tftypes.Object
}

func newSetResource(kind setKind) *setResource {
	s := kind.schema()
	return &setResource{kind, s, kind.identity(), s.ValueType().(tftypes.Object)}
}

// load decodes a value. The model is nil for null, which is a resource that is not there.
func (t *setResource) load(d *rawDiags, v *tfprotov6.DynamicValue, private []byte) (*setModel, bool) {
	val, ok := d.decode(v, t.typ)
	if !ok || val.IsNull() {
		return nil, ok
	}
	m := t.fromValue(val)
	if len(private) > 0 {
		err := json.Unmarshal(private, &m.private)
		d.raise(err)
		ok = err == nil
	}
	return m, ok
}

func (t *setResource) fromValue(val tftypes.Value) *setModel {
	fields := objectOf(val)
	m := t.kind.read(fields)
	m.raw = fields
	return m
}

// save encodes a model, its private state and its identity.
func (t *setResource) save(d *rawDiags, m *setModel) (*tfprotov6.DynamicValue, []byte, *tfprotov6.ResourceIdentityData) {
	private, err := json.Marshal(m.private)
	d.raise(err)
	if m.gone {
		dv, err := encodeRaw(t.typ, tftypes.NewValue(t.typ, nil))
		d.raise(err)
		return dv, private, nil
	}
	fields := make(map[string]tftypes.Value, len(m.raw))
	maps.Copy(fields, m.raw)
	t.kind.write(m, fields)
	dv, err := encodeRaw(t.typ, tftypes.NewValue(t.typ, fields))
	d.raise(err)
	ids := t.kind.ids(m)
	idType := t.identity.ValueType().(tftypes.Object)
	vals := make(map[string]tftypes.Value, len(ids))
	for k := range idType.AttributeTypes {
		if ids[k] == "" || ids[k] == converge.Unknown {
			return dv, private, nil
		}
		vals[k] = rawString(ids[k])
	}
	id, err := encodeRaw(idType, tftypes.NewValue(idType, vals))
	d.raise(err)
	return dv, private, &tfprotov6.ResourceIdentityData{IdentityData: id}
}
