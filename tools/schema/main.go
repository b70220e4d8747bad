// Command schema prints the provider's schema in the form of `terraform providers schema -json`, for
// tfplugindocs. Asking a Terraform binary instead would make the documentation depend on its version: older ones
// leave out what they do not know, resource identity for example.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/tenure-access/terraform-provider-tenure/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server, err := provider.NewServer(ctx, "docs")
	if err != nil {
		return err
	}
	s, err := schemas(ctx, server())
	if err != nil {
		return err
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}
