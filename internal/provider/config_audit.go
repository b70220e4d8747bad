package provider

import (
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

type auditLogModel struct {
	Path  types.String `tfsdk:"path"`
	Names types.Bool   `tfsdk:"names"`
}

func auditLogBlock() schema.Block {
	return atMostOne("A record of what was done: a JSON line before each attempted write and one with its outcome, each with the hash of the line before. Nothing is written to an app that cannot be recorded.", map[string]schema.Attribute{
		"path":  schema.StringAttribute{MarkdownDescription: "The file; made with mode 0600, only ever appended to. Without the block: the environment variable `TENURE_AUDIT_LOG`, else no record.", Required: true},
		"names": schema.BoolAttribute{MarkdownDescription: "Write user names beside the app's account ids. Default `false`.", Optional: true},
	}, nil)
}

// openAuditLog is the record that writes go through, or nil.
func openAuditLog(m []auditLogModel) inventory.Recorder {
	path, names := os.Getenv("TENURE_AUDIT_LOG"), false
	if len(m) > 0 {
		path, names = m[0].Path.ValueString(), m[0].Names.ValueBool()
	}
	if path == "" {
		return nil
	}
	return audit.Open(path, names)
}
