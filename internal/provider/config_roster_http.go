package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// apiModel is the part of a roster's kind block that every kind with an HTTP API has, its mapping included.
type apiModel struct {
	mappingModel
	BaseURL types.String  `tfsdk:"base_url"`
	MaxRPS  types.Float64 `tfsdk:"max_requests_per_second"`
	Timeout types.String  `tfsdk:"request_timeout"`
}

// rosterAPIBlock is the block of a kind with an HTTP API: its own arguments, the common ones and the mapping.
func rosterAPIBlock(text string, own map[string]schema.Attribute) schema.Block {
	all := map[string]schema.Attribute{
		"base_url": schema.StringAttribute{MarkdownDescription: "Address of the API, where it is not the vendor's usual one.", Optional: true},
		"max_requests_per_second": schema.Float64Attribute{
			MarkdownDescription: "The most requests per second to send. Left out: as the system's own limit, and as its answers teach.",
			Optional:            true, Validators: []validator.Float64{float64validator.AtLeast(0.01)},
		},
		"request_timeout": schema.StringAttribute{MarkdownDescription: "How long one request may take, such as `5m`. Default `60s`.", Optional: true},
	}
	maps.Copy(all, own)
	return rosterKindBlock(text, all)
}

// secretAttribute is an argument that is never shown and that an environment variable can stand in for.
func secretAttribute(text, argument string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: text + " Left out: the environment variable `TENURE_ROSTER_<NAME>_" + argument + "`.", Optional: true, Sensitive: true,
	}
}

func (m apiModel) connection(diags *diag.Diagnostics, b rosterBlock) hrapi.Connection {
	return hrapi.Connection{
		Name: b.name, BaseURL: m.BaseURL.ValueString(), RequestsPerSecond: m.MaxRPS.ValueFloat64(),
		RequestTimeout: duration(diags, m.Timeout, b.at.AtName("request_timeout")), UserAgent: "terraform-provider-tenure/" + b.version, Log: b.log,
	}
}
