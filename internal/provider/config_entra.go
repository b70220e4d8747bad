package provider

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid"
)

// entraAuthModel is the credential for a tenant, of apps and of rosters.
type entraAuthModel struct {
	TenantID            types.String `tfsdk:"tenant_id"`
	ClientID            types.String `tfsdk:"client_id"`
	ClientSecret        types.String `tfsdk:"client_secret"`
	Certificate         types.String `tfsdk:"client_certificate"`
	CertificatePath     types.String `tfsdk:"client_certificate_path"`
	CertificatePassword types.String `tfsdk:"client_certificate_password"`
	UseOIDC             types.Bool   `tfsdk:"use_oidc"`
	OIDCToken           types.String `tfsdk:"oidc_token"`
	OIDCTokenFile       types.String `tfsdk:"oidc_token_file_path"`
	OIDCRequestURL      types.String `tfsdk:"oidc_request_url"`
	OIDCRequestToken    types.String `tfsdk:"oidc_request_token"`
	UseCLI              types.Bool   `tfsdk:"use_cli"`
	Token               types.String `tfsdk:"token"`
	Cloud               types.String `tfsdk:"cloud"`
	Endpoint            types.String `tfsdk:"endpoint"`
}

type entraModel struct {
	entraAuthModel
	UsageLocation  types.String `tfsdk:"usage_location"`
	SignInActivity types.Bool   `tfsdk:"sign_in_activity"`
	GroupOwners    types.Bool   `tfsdk:"group_owners"`

	Attributes []entraAttributeModel `tfsdk:"attribute"`
	Licenses   []entraLicenseModel   `tfsdk:"license"`
}

type entraAttributeModel struct {
	Name     types.String `tfsdk:"name"`
	Property types.String `tfsdk:"property"`
}

type entraLicenseModel struct {
	Product       types.String `tfsdk:"product"`
	License       types.String `tfsdk:"license"`
	SKU           types.String `tfsdk:"sku"`
	DisabledPlans types.List   `tfsdk:"disabled_plans"`
}

func entraBlock() schema.Block {
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	req := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Required: true}
	}
	flag := func(text string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: text, Optional: true}
	}
	return atMostOne("Microsoft Entra ID, by Microsoft Graph. See the guide about Entra ID for the permissions to grant.",
		entraAuthAttributes("APP", map[string]schema.Attribute{
			"usage_location":   opt("The two-letter country of new accounts, and of accounts without one that get a license: Entra ID assigns none without it."),
			"sign_in_activity": flag("Read when people signed in last. Needs an Entra ID P1 license and the permission AuditLog.Read.All."),
			"group_owners":     flag("Make the owners of groups a matter of roles: `member`, `owner` (owner and member), `owner_only`. Left out: owners are neither read nor changed."),
		}),
		map[string]schema.Block{
			"attribute": schema.ListNestedBlock{MarkdownDescription: "An extra account attribute.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"name":     req("The key in the account's `attributes`."),
				"property": req("The property of the user resource: `officeLocation`, `companyName`, `employeeType`, `usageLocation`, `onPremisesExtensionAttributes/extensionAttribute1` or a directory extension `extension_…`."),
			}}},
			"license": schema.ListNestedBlock{MarkdownDescription: "A readable name for a subscribed SKU. SKUs without a block are called by their part number, as product and as license.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"product": req("The family of mutually exclusive licenses: one replaces the other."),
				"license": opt("The license. Default: the product's name."),
				"sku":     req("The part number of the SKU, such as `SPE_E3`, or its id."),
				"disabled_plans": schema.ListAttribute{
					MarkdownDescription: "Service plans, by name or id, that are off when the license is assigned. A license that somebody holds already is not touched.",
					ElementType:         types.StringType, Optional: true,
				},
			}}},
		})
}

// entraAuthAttributes adds the arguments of the credential to a block's own. Block is APP or ROSTER, as environment
// variables have it.
func entraAuthAttributes(block string, own map[string]schema.Attribute) map[string]schema.Attribute {
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	secret := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Sensitive: true}
	}
	flag := func(text string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: text, Optional: true}
	}
	maps.Copy(own, map[string]schema.Attribute{
		"tenant_id":                   opt("The directory (tenant) id. Falls back to `ARM_TENANT_ID`, then `AZURE_TENANT_ID`."),
		"client_id":                   opt("The application (client) id of the app registration. Falls back to `ARM_CLIENT_ID`, then `AZURE_CLIENT_ID`."),
		"client_secret":               secret("A client secret. Falls back to `TENURE_" + block + "_<NAME>_CLIENT_SECRET`, and where the block names no other credential to `ARM_CLIENT_SECRET`, then `AZURE_CLIENT_SECRET`."),
		"client_certificate":          secret("Instead of a secret: a certificate with its key, as PEM, or as PKCS #12 (PFX) in base64. Falls back to `TENURE_" + block + "_<NAME>_CLIENT_CERTIFICATE`, then `ARM_CLIENT_CERTIFICATE`."),
		"client_certificate_path":     opt("The file with the certificate and its key, PEM or PKCS #12. Falls back to `ARM_CLIENT_CERTIFICATE_PATH`, then `AZURE_CLIENT_CERTIFICATE_PATH`."),
		"client_certificate_password": secret("The password of a PKCS #12 certificate. Falls back to `TENURE_" + block + "_<NAME>_CLIENT_CERTIFICATE_PASSWORD`, then `ARM_CLIENT_CERTIFICATE_PASSWORD`, then `AZURE_CLIENT_CERTIFICATE_PASSWORD`."),
		"use_oidc":                    flag("Workload identity federation: an identity token of the CI system or cluster instead of a secret. Falls back to `ARM_USE_OIDC`."),
		"oidc_token":                  secret("The identity token itself. Falls back to `TENURE_" + block + "_<NAME>_OIDC_TOKEN`, then `ARM_OIDC_TOKEN`."),
		"oidc_token_file_path":        opt("The file with the identity token, read again for each access token. Falls back to `ARM_OIDC_TOKEN_FILE_PATH`, then `AZURE_FEDERATED_TOKEN_FILE`."),
		"oidc_request_url":            opt("Where the workflow runner hands out identity tokens. Falls back to `ARM_OIDC_REQUEST_URL`, then `ACTIONS_ID_TOKEN_REQUEST_URL`."),
		"oidc_request_token":          secret("The bearer token for that address. Falls back to `ARM_OIDC_REQUEST_TOKEN`, then `ACTIONS_ID_TOKEN_REQUEST_TOKEN`."),
		"use_cli":                     flag("Use whoever is signed in to the Azure CLI, for plans from a workstation. Falls back to `ARM_USE_CLI`."),
		"token":                       secret("An access token for Microsoft Graph made elsewhere, as a broker does. Falls back to `TENURE_" + block + "_<NAME>_TOKEN`."),
		"cloud":                       schema.StringAttribute{MarkdownDescription: "The national cloud: " + quoteList(entraid.Clouds()) + ". Falls back to `ARM_ENVIRONMENT`; default `public`.", Optional: true, Validators: oneOf(entraid.Clouds()...)},
		"endpoint":                    opt("The address of Microsoft Graph, without the version, where a broker stands before it. Only with `token`. `https`, or `http` on a loopback host."),
	})
	return own
}

func entraKind() appKind {
	return appKind{name: "entra_id", block: entraBlock(), open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
		var m entraModel
		if b.read(ctx, diags, &m); diags.HasError() {
			return nil, nil
		}
		c := m.config(diags, b)
		if diags.HasError() {
			return nil, nil
		}
		return entraid.Open(c)
	}}
}

func (m entraModel) config(diags *diag.Diagnostics, b appBlock) entraid.Config {
	c := entraid.Config{
		Name: b.name, TenantID: firstSet(m.TenantID, "ARM_TENANT_ID", "AZURE_TENANT_ID"), Endpoint: m.Endpoint.ValueString(),
		Cloud: firstSet(m.Cloud, "ARM_ENVIRONMENT"), UsageLocation: m.UsageLocation.ValueString(),
		SignInActivity: m.SignInActivity.ValueBool(), GroupOwners: m.GroupOwners.ValueBool(),
		MaxRequestsPerSecond: b.common.MaxRPS.ValueFloat64(), MaxRetries: b.maxRetries(), RequestTimeout: b.timeout, UserAgent: b.userAgent(), Logger: b.log,
	}
	c.Auth = m.auth(diags, entraSecrets{b.secret, b.at})
	for _, a := range m.Attributes {
		c.Attributes = append(c.Attributes, entraid.Attribute{Name: a.Name.ValueString(), Property: a.Property.ValueString()})
	}
	for _, l := range m.Licenses {
		c.Licenses = append(c.Licenses, entraid.License{
			Product: l.Product.ValueString(), License: l.License.ValueString(), SKU: l.SKU.ValueString(), DisabledPlans: texts(l.DisabledPlans),
		})
	}
	return c
}

// entraSecrets is where a block's secrets come from when it does not say, and where the block is.
type entraSecrets struct {
	secret func(v types.String, argument string) string
	at     path.Path
}

// auth is the credential that the block names. Only where it names none does the environment decide, which other
// providers of the same run read too.
func (m entraAuthModel) auth(diags *diag.Diagnostics, b entraSecrets) entraid.Auth {
	a := entraid.Auth{
		ClientID: firstSet(m.ClientID, "ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
		CertificatePassword: cmp.Or(b.secret(m.CertificatePassword, "CLIENT_CERTIFICATE_PASSWORD"),
			os.Getenv("ARM_CLIENT_CERTIFICATE_PASSWORD"), os.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD")),
	}
	none := types.StringNull()
	switch {
	case m.named():
		a.Token, a.ClientSecret, a.CLI = m.Token.ValueString(), m.ClientSecret.ValueString(), m.UseCLI.ValueBool()
		a.Certificate = m.certificate(diags, b, m.Certificate.ValueString(), m.CertificatePath.ValueString())
		if m.UseOIDC.ValueBool() {
			a.OIDC = m.oidc(b)
		}
		return a
	case b.secret(none, "TOKEN") != "":
		a.Token = b.secret(none, "TOKEN")
	case b.secret(none, "CLIENT_SECRET") != "":
		a.ClientSecret = b.secret(none, "CLIENT_SECRET")
	case b.secret(none, "CLIENT_CERTIFICATE") != "":
		a.Certificate = m.certificate(diags, b, b.secret(none, "CLIENT_CERTIFICATE"), "")
	case firstSet(none, "ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET") != "":
		a.ClientSecret = firstSet(none, "ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET")
	case firstSet(none, "ARM_CLIENT_CERTIFICATE", "ARM_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH") != "":
		a.Certificate = m.certificate(diags, b, os.Getenv("ARM_CLIENT_CERTIFICATE"), firstSet(none, "ARM_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"))
	case os.Getenv("ARM_USE_OIDC") == "true" && m.UseOIDC.IsNull():
		a.OIDC = m.oidc(b)
	case os.Getenv("ARM_USE_CLI") == "true" && m.UseCLI.IsNull():
		a.CLI = true
	}
	return a
}

// named reports whether the block itself names a credential.
func (m entraAuthModel) named() bool {
	return m.Token.ValueString() != "" || m.ClientSecret.ValueString() != "" || m.Certificate.ValueString() != "" || m.CertificatePath.ValueString() != "" ||
		m.UseOIDC.ValueBool() || m.UseCLI.ValueBool()
}

// oidc takes the identity token from the first place that has one: given, in a file, handed out by a runner.
func (m entraAuthModel) oidc(b entraSecrets) *entraid.OIDC {
	if t := cmp.Or(b.secret(m.OIDCToken, "OIDC_TOKEN"), os.Getenv("ARM_OIDC_TOKEN")); t != "" {
		return &entraid.OIDC{Token: t}
	}
	if f := firstSet(m.OIDCTokenFile, "ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"); f != "" {
		return &entraid.OIDC{TokenFile: f}
	}
	return &entraid.OIDC{
		RequestURL:   firstSet(m.OIDCRequestURL, "ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL"),
		RequestToken: firstSet(m.OIDCRequestToken, "ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
	}
}

// certificate reads PEM, base64 of PKCS #12, or a file of either; nil where there is none.
func (m entraAuthModel) certificate(diags *diag.Diagnostics, b entraSecrets, inline, file string) []byte {
	switch {
	case inline != "" && file != "":
		refuse(diags, b.at.AtName("client_certificate"), "Two client certificates", "Set client_certificate or client_certificate_path, not both.")
	case strings.Contains(inline, "-----BEGIN"):
		return []byte(inline)
	case inline != "":
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(inline), ""))
		if err != nil { // its text would tell where in the secret
			refuse(diags, b.at.AtName("client_certificate"), "Cannot read the client certificate", "It is neither PEM nor base64.")
		}
		return raw
	case file != "":
		raw, err := os.ReadFile(file)
		if err != nil {
			refuse(diags, b.at.AtName("client_certificate_path"), "Cannot read the client certificate", err.Error())
		}
		return raw
	}
	return nil
}

// firstSet is the argument's value, else that of the first environment variable that has one.
func firstSet(v types.String, variables ...string) string {
	s := v.ValueString()
	for _, name := range variables {
		s = cmp.Or(s, os.Getenv(name))
	}
	return s
}
