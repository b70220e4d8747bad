package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// NewServer makes the provider as Terraform talks to it: everything is served by the plugin framework,
// except the resources that hold a whole app or group.
//
// Those are served here, on the protocol's own values. The framework visits every attribute of every
// element several times per plan and took four times as long as terraform_data for 10,000 accounts; plain
// values take less than terraform_data does. Intercepting these types in front of the framework's server
// was chosen over a second server behind tf6muxserver because it needs no second provider schema, no
// second Configure and no further module, and because one place shows what is served where.
func NewServer(_ context.Context, version string) (func() tfprotov6.ProviderServer, error) {
	return func() tfprotov6.ProviderServer {
		p := &tenureProvider{version: version}
		s := &rawServer{ProviderServer: providerserver.NewProtocol6(p)(), data: &p.data, types: map[string]*setResource{}}
		for _, kind := range []setKind{appAccess{}, groupMembers{}} {
			s.types[kind.name()] = newSetResource(kind)
		}
		return s
	}, nil
}

// rawServer intercepts the calls for its types and leaves all others to the framework's server.
type rawServer struct {
	tfprotov6.ProviderServer
	data  **Data // what Configure made; nil before
	types map[string]*setResource
}

func (s *rawServer) GetMetadata(ctx context.Context, req *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	resp, err := s.ProviderServer.GetMetadata(ctx, req)
	if err == nil {
		for _, name := range sortedKeys(s.types) {
			resp.Resources = append(resp.Resources, tfprotov6.ResourceMetadata{TypeName: name})
		}
	}
	return resp, err
}

func (s *rawServer) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	resp, err := s.ProviderServer.GetProviderSchema(ctx, req)
	if err == nil {
		for name, t := range s.types {
			resp.ResourceSchemas[name] = t.schema
		}
	}
	return resp, err
}

func (s *rawServer) GetResourceIdentitySchemas(ctx context.Context, req *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	resp, err := s.ProviderServer.GetResourceIdentitySchemas(ctx, req)
	if err == nil {
		if resp.IdentitySchemas == nil {
			resp.IdentitySchemas = make(map[string]*tfprotov6.ResourceIdentitySchema)
		}
		for name, t := range s.types {
			resp.IdentitySchemas[name] = t.identity
		}
	}
	return resp, err
}

func (s *rawServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.ValidateResourceConfig(ctx, req)
	}
	var d rawDiags
	if v, ok := d.decode(req.Config, t.typ); ok {
		t.validate(&d.Diagnostics, v)
	}
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: d.proto()}, nil
}

func (s *rawServer) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.UpgradeResourceState(ctx, req)
	}
	resp := &tfprotov6.UpgradeResourceStateResponse{}
	if req.RawState == nil {
		return resp, nil
	}
	opts := tfprotov6.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}}
	v, err := req.RawState.UnmarshalWithOpts(t.typ, opts)
	if err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", req.TypeName, err)
	}
	resp.UpgradedState, err = encodeRaw(t.typ, v)
	return resp, err
}

func (s *rawServer) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.UpgradeResourceIdentity(ctx, req)
	}
	v, err := req.RawIdentity.Unmarshal(t.identity.ValueType())
	if err != nil {
		return nil, fmt.Errorf("read the identity of %s: %w", req.TypeName, err)
	}
	id, err := encodeRaw(t.identity.ValueType(), v)
	return &tfprotov6.UpgradeResourceIdentityResponse{UpgradedIdentity: &tfprotov6.ResourceIdentityData{IdentityData: id}}, err
}

func (s *rawServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.ReadResource(ctx, req)
	}
	var d rawDiags
	resp := &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private, NewIdentity: req.CurrentIdentity}
	if m, ok := t.load(&d, req.CurrentState, req.Private); ok {
		if next := t.read(ctx, &d.Diagnostics, *s.data, m); next != nil {
			resp.NewState, resp.Private, resp.NewIdentity = t.save(&d, next)
		}
	}
	resp.Diagnostics = d.proto()
	return resp, nil
}

func (s *rawServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.PlanResourceChange(ctx, req)
	}
	var d rawDiags
	resp := &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity}
	prior, okPrior := t.load(&d, req.PriorState, req.PriorPrivate)
	config, okConfig := t.load(&d, req.Config, req.PriorPrivate)
	if okPrior && okConfig {
		if next := t.plan(ctx, &d.Diagnostics, *s.data, prior, config); next != nil {
			resp.PlannedState, resp.PlannedPrivate, _ = t.save(&d, next)
		}
	}
	resp.Diagnostics = d.proto()
	return resp, nil
}

func (s *rawServer) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.ApplyResourceChange(ctx, req)
	}
	var d rawDiags
	resp := &tfprotov6.ApplyResourceChangeResponse{NewState: req.PriorState, Private: req.PlannedPrivate, NewIdentity: req.PlannedIdentity}
	prior, okPrior := t.load(&d, req.PriorState, req.PlannedPrivate)
	planned, okPlanned := t.load(&d, req.PlannedState, req.PlannedPrivate)
	config, okConfig := t.load(&d, req.Config, req.PlannedPrivate)
	if okPrior && okPlanned && okConfig {
		if next := t.apply(ctx, &d.Diagnostics, *s.data, prior, planned, config); next != nil {
			resp.NewState, resp.Private, resp.NewIdentity = t.save(&d, next)
		}
	}
	resp.Diagnostics = d.proto()
	return resp, nil
}

func (s *rawServer) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.ImportResourceState(ctx, req)
	}
	var d rawDiags
	resp := &tfprotov6.ImportResourceStateResponse{}
	id := map[string]string{}
	if req.Identity != nil && req.ID == "" {
		id = d.identity(req.Identity, t.identity.ValueType())
	}
	if m := t.kind.imports(ctx, &d.Diagnostics, *s.data, req.ID, id); m != nil {
		r := &tfprotov6.ImportedResource{TypeName: req.TypeName}
		r.State, r.Private, r.Identity = t.save(&d, m)
		resp.ImportedResources = []*tfprotov6.ImportedResource{r}
	}
	resp.Diagnostics = d.proto()
	return resp, nil
}

// GenerateResourceConfig is the state without what only the provider sets.
func (s *rawServer) GenerateResourceConfig(ctx context.Context, req *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	t, ok := s.types[req.TypeName]
	if !ok {
		return s.ProviderServer.GenerateResourceConfig(ctx, req)
	}
	var d rawDiags
	resp := &tfprotov6.GenerateResourceConfigResponse{}
	if v, ok := d.decode(req.State, t.typ); ok {
		fields := objectOf(v)
		for _, a := range t.schema.Block.Attributes {
			if a.Computed && !a.Optional {
				fields[a.Name] = tftypes.NewValue(a.ValueType(), nil)
			}
		}
		config, err := encodeRaw(t.typ, tftypes.NewValue(t.typ, fields))
		d.raise(err)
		resp.Config = config
	}
	resp.Diagnostics = d.proto()
	return resp, nil
}
