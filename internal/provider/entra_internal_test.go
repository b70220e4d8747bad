package provider

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid"
)

// The environment decides only where the block names no credential: other providers of a run read it too.
func TestEntraIDCredentials(t *testing.T) {
	pfx := filepath.Join(t.TempDir(), "client.pfx")
	if err := os.WriteFile(pfx, []byte("pfx"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := types.StringValue
	arm := map[string]string{"ARM_CLIENT_ID": "arm", "AZURE_CLIENT_ID": "azure", "ARM_CLIENT_SECRET": "arm-secret", "ARM_USE_CLI": "true"}
	for name, c := range map[string]struct {
		env   map[string]string
		block entraAuthModel
		check func(entraid.Auth) bool
	}{
		"nothing":            {nil, entraAuthModel{}, func(a entraid.Auth) bool { return !a.CLI && a.ClientSecret == "" && a.Token == "" && a.OIDC == nil }},
		"environment":        {arm, entraAuthModel{}, func(a entraid.Auth) bool { return a.ClientID == "arm" && a.ClientSecret == "arm-secret" && !a.CLI }},
		"block wins":         {arm, entraAuthModel{ClientID: text("mine"), UseCLI: types.BoolValue(true)}, func(a entraid.Auth) bool { return a.ClientID == "mine" && a.CLI && a.ClientSecret == "" }},
		"two in the block":   {nil, entraAuthModel{ClientSecret: text("s"), Token: text("t")}, func(a entraid.Auth) bool { return a.ClientSecret == "s" && a.Token == "t" }}, // Open refuses it
		"name of the app":    {map[string]string{"TENURE_APP_MY_ENTRA_CLIENT_SECRET": "own", "ARM_CLIENT_SECRET": "arm"}, entraAuthModel{}, func(a entraid.Auth) bool { return a.ClientSecret == "own" }},
		"token by name":      {map[string]string{"TENURE_APP_MY_ENTRA_TOKEN": "t", "ARM_CLIENT_SECRET": "arm"}, entraAuthModel{}, func(a entraid.Auth) bool { return a.Token == "t" && a.ClientSecret == "" }},
		"certificate PEM":    {nil, entraAuthModel{Certificate: text("-----BEGIN X")}, func(a entraid.Auth) bool { return string(a.Certificate) == "-----BEGIN X" }},
		"certificate base64": {map[string]string{"ARM_CLIENT_CERTIFICATE": base64.StdEncoding.EncodeToString([]byte("pfx")) + "\n", "ARM_CLIENT_CERTIFICATE_PASSWORD": "p"}, entraAuthModel{}, func(a entraid.Auth) bool { return string(a.Certificate) == "pfx" && a.CertificatePassword == "p" }},
		"certificate file":   {nil, entraAuthModel{CertificatePath: text(pfx)}, func(a entraid.Auth) bool { return string(a.Certificate) == "pfx" }},
		"cluster":            {map[string]string{"ARM_USE_OIDC": "true", "AZURE_FEDERATED_TOKEN_FILE": "/var/token"}, entraAuthModel{}, func(a entraid.Auth) bool { return a.OIDC != nil && a.OIDC.TokenFile == "/var/token" }},
		"workflow": {map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "r"}, entraAuthModel{UseOIDC: types.BoolValue(true)}, func(a entraid.Auth) bool {
			return a.OIDC != nil && *a.OIDC == entraid.OIDC{RequestURL: "https://runner", RequestToken: "r"}
		}},
		"no OIDC by wish": {map[string]string{"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "x", "ARM_USE_CLI": "true"}, entraAuthModel{UseOIDC: types.BoolValue(false)}, func(a entraid.Auth) bool { return a.OIDC == nil && a.CLI }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range os.Environ() {
				if key, _, _ := strings.Cut(pair, "="); strings.HasPrefix(key, "ARM_") || strings.HasPrefix(key, "AZURE_") || strings.HasPrefix(key, "ACTIONS_") {
					t.Setenv(key, "")
				}
			}
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			var diags diag.Diagnostics
			got := c.block.auth(&diags, entraSecrets{secret: appBlock{name: "my-entra"}.secret})
			if diags.HasError() || !c.check(got) {
				t.Errorf("%+v, %v", got, diags)
			}
		})
	}
	for name, m := range map[string]entraAuthModel{
		"no base64": {Certificate: text("%%%")}, "no file": {CertificatePath: text(pfx + "none")}, "both": {Certificate: text("cGZ4"), CertificatePath: text(pfx)},
	} {
		var diags diag.Diagnostics
		if m.auth(&diags, entraSecrets{secret: appBlock{name: "my-entra"}.secret}); diags.ErrorsCount() != 1 {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
