package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// address is the key under which `terraform providers schema -json` would show a provider without a source, which is
// where tfplugindocs looks.
const address = "registry.terraform.io/hashicorp/tenure"

// schemas asks the server for everything that documentation is made of, in the form of
// `terraform providers schema -json`.
func schemas(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchemas, error) {
	resp, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("get the schema: %w", err)
	}
	ids, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("get the identity schemas: %w", err)
	}
	if err := errors.Join(failures(resp.Diagnostics), failures(ids.Diagnostics)); err != nil {
		return nil, err
	}
	if len(resp.Functions)+len(resp.EphemeralResourceSchemas)+len(resp.ActionSchemas)+len(resp.ListResourceSchemas) > 0 {
		return nil, errors.New("the provider has functions, ephemeral resources, actions or list resources: teach tools/schema to convert them, or they miss in docs/")
	}

	var c converter
	p := &tfjson.ProviderSchema{
		ConfigSchema:            c.schema(resp.Provider),
		ResourceSchemas:         make(map[string]*tfjson.Schema),
		DataSourceSchemas:       make(map[string]*tfjson.Schema),
		ResourceIdentitySchemas: make(map[string]*tfjson.IdentitySchema),
	}
	for name, s := range resp.ResourceSchemas {
		p.ResourceSchemas[name] = c.schema(s)
	}
	for name, s := range resp.DataSourceSchemas {
		p.DataSourceSchemas[name] = c.schema(s)
	}
	for name, s := range ids.IdentitySchemas {
		p.ResourceIdentitySchemas[name] = c.identity(s)
	}
	return &tfjson.ProviderSchemas{FormatVersion: "1.0", Schemas: map[string]*tfjson.ProviderSchema{address: p}}, c.err
}

func failures(diags []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}

// converter turns protocol values into their JSON form and remembers the first failure.
type converter struct{ err error }

func (c *converter) schema(s *tfprotov6.Schema) *tfjson.Schema {
	if s == nil {
		return nil
	}
	return &tfjson.Schema{Version: uint64(s.Version), Block: c.block(s.Block)}
}

func (c *converter) block(b *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	if b == nil {
		return nil
	}
	blocks := make(map[string]*tfjson.SchemaBlockType)
	for _, n := range b.BlockTypes {
		blocks[n.TypeName] = &tfjson.SchemaBlockType{
			NestingMode: c.nesting(n.Nesting.String()), Block: c.block(n.Block),
			MinItems: uint64(n.MinItems), MaxItems: uint64(n.MaxItems),
		}
	}
	return &tfjson.SchemaBlock{
		Attributes: c.attributes(b.Attributes), NestedBlocks: blocks,
		Description: b.Description, DescriptionKind: descriptionKind(b.DescriptionKind), Deprecated: b.Deprecated,
	}
}

func (c *converter) attributes(list []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	m := make(map[string]*tfjson.SchemaAttribute)
	for _, a := range list {
		attr := &tfjson.SchemaAttribute{
			Description: a.Description, DescriptionKind: descriptionKind(a.DescriptionKind), Deprecated: a.Deprecated,
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
		}
		if a.NestedType != nil {
			attr.AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				Attributes: c.attributes(a.NestedType.Attributes), NestingMode: c.nesting(a.NestedType.Nesting.String()),
			}
		} else {
			c.typ(a.Type, &attr.AttributeType)
		}
		m[a.Name] = attr
	}
	return m
}

func (c *converter) identity(s *tfprotov6.ResourceIdentitySchema) *tfjson.IdentitySchema {
	attrs := make(map[string]*tfjson.IdentityAttribute)
	for _, a := range s.IdentityAttributes {
		attr := &tfjson.IdentityAttribute{
			Description: a.Description, RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
		}
		c.typ(a.Type, &attr.IdentityType)
		attrs[a.Name] = attr
	}
	return &tfjson.IdentitySchema{Version: uint64(s.Version), Attributes: attrs}
}

// typ writes t into a type constraint; both sides speak the same JSON.
func (c *converter) typ(t tftypes.Type, into json.Unmarshaler) {
	raw, err := t.MarshalJSON() //nolint:staticcheck // deprecated for lack of use, and this is the use
	if err == nil {
		err = into.UnmarshalJSON(raw)
	}
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("convert the type %s: %w", t, err)
	}
}

func (c *converter) nesting(mode string) tfjson.SchemaNestingMode {
	switch mode {
	case "SINGLE":
		return tfjson.SchemaNestingModeSingle
	case "GROUP":
		return tfjson.SchemaNestingModeGroup
	case "LIST":
		return tfjson.SchemaNestingModeList
	case "SET":
		return tfjson.SchemaNestingModeSet
	case "MAP":
		return tfjson.SchemaNestingModeMap
	}
	if c.err == nil {
		c.err = fmt.Errorf("unknown nesting mode %q", mode)
	}
	return ""
}

func descriptionKind(k tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if k == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}
