package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

// Every key that people write by hand, misspelt by one letter, must be an error: Terraform drops unknown
// keys of object values silently, so what is written by hand has to be a block or an argument.
func TestEveryMisspeltKeyIsAnError(t *testing.T) {
	t.Parallel()
	schema := providerSchema(t)
	blocks := map[string]*tfprotov6.SchemaBlock{`provider "tenure"`: schema.Provider.Block}
	// In two steps, because Terraform does not look at the resources of a provider block that is wrong.
	refuseMisspelt(t, blocks, "data \"tenure_groups\" \"used\" {\n  app = \"x\"\n}\n")
	blocks = map[string]*tfprotov6.SchemaBlock{}
	for name, s := range schema.ResourceSchemas {
		blocks[fmt.Sprintf("resource %q \"x\"", name)] = s.Block
	}
	for name, s := range schema.DataSourceSchemas {
		blocks[fmt.Sprintf("data %q \"x\"", name)] = s.Block
	}
	refuseMisspelt(t, blocks, "")
}

// refuseMisspelt validates a configuration that misspells every key of the blocks, and insists on an
// error for each.
func refuseMisspelt(t *testing.T, blocks map[string]*tfprotov6.SchemaBlock, rest string) {
	t.Helper()
	var hcl strings.Builder
	var want []string
	for header, block := range blocks {
		fmt.Fprintf(&hcl, "%s {\n", header)
		misspell(&hcl, &want, strings.NewReplacer(`"`, "", " ", "_").Replace(header), block)
		hcl.WriteString("}\n")
	}
	w := acctest.NewWorkspace(t)
	w.Config(hcl.String() + rest)
	out, _ := w.Try("validate", "-json")
	var result struct {
		Diagnostics []struct{ Severity, Summary, Detail string }
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	refused := make(map[string]bool)
	for _, d := range result.Diagnostics {
		if d.Severity == "error" && strings.HasPrefix(d.Summary, "Unsupported") {
			for _, before := range []string{`named "`, `type "`} {
				if _, rest, ok := strings.Cut(d.Detail, before); ok {
					key, _, _ := strings.Cut(rest, `"`)
					refused[key] = true
				}
			}
		}
	}
	if len(want) < 30 {
		t.Errorf("only %d keys found in the schemas", len(want))
	}
	for _, key := range want {
		if !refused[key] {
			t.Errorf("the misspelt key %q was not refused", key)
		}
	}
}

// misspell writes every key of a block with one letter too many, unique to the place.
func misspell(hcl *strings.Builder, want *[]string, place string, b *tfprotov6.SchemaBlock) {
	for _, a := range b.Attributes {
		if a.Required || a.Optional {
			key := fmt.Sprintf("%s_%s", a.Name, strings.ReplaceAll(place, ".", "_"))
			*want = append(*want, key)
			fmt.Fprintf(hcl, "%s = \"x\"\n", key)
		}
	}
	for _, n := range b.BlockTypes {
		key := fmt.Sprintf("%s_%s", n.TypeName, strings.ReplaceAll(place, ".", "_"))
		*want = append(*want, key)
		fmt.Fprintf(hcl, "%s {}\n%s {\n", key, n.TypeName)
		misspell(hcl, want, place+"."+n.TypeName, n.Block)
		hcl.WriteString("}\n")
	}
}

func providerSchema(t *testing.T) *tfprotov6.GetProviderSchemaResponse {
	t.Helper()
	server, err := acctest.Providers(t)["tenure"]()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range schema.Diagnostics {
		t.Errorf("%s: %s", d.Summary, d.Detail)
	}
	return schema
}
