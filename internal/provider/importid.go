package provider

import (
	"net/url"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// parseImportID splits an import id into its parts; a "/" inside a part is percent-encoded.
func parseImportID(id string, names ...string) ([]string, error) {
	parts := strings.Split(id, "/")
	if len(parts) != len(names) {
		return nil, badImportID(id, names)
	}
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil || plain == "" {
			return nil, badImportID(id, names)
		}
		parts[i] = plain
	}
	return parts, nil
}

func badImportID(id string, names []string) error {
	return &fault.Error{
		Kind: fault.Invalid, Op: "import", Subject: quoted(id),
		Cause: "the import id has to read " + strings.Join(names, "/"),
		Next:  `Write a "/" that belongs to a name as %2F and a "%" as %25.`,
	}
}

// importID is the inverse of parseImportID.
func importID(parts ...string) string {
	enc := strings.NewReplacer("%", "%25", "/", "%2F")
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = enc.Replace(p)
	}
	return strings.Join(out, "/")
}
