// Command terraform-provider-tenure serves the Tenure provider to Terraform and OpenTofu. With a
// subcommand it is a tool of its own; see terraform-provider-tenure help.
package main

import (
	"context"
	"flag"
	"log"
	"os"

	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/tenure-access/terraform-provider-tenure/internal/cli"
	"github.com/tenure-access/terraform-provider-tenure/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger such as delve")
	flag.Parse()
	if flag.NArg() > 0 {
		os.Exit(cli.Main(context.Background(), flag.Args(), os.Stdout, os.Stderr))
	}
	quietFramework()
	err := providerserver.Serve(context.Background(), func() fwprovider.Provider { return provider.New(version) },
		providerserver.ServeOpts{Address: "registry.terraform.io/tenure-access/tenure", Debug: *debug, ProtocolVersion: 6})
	if err != nil {
		log.Fatal(err)
	}
}

// quietFramework turns the plugin framework's own trace logging off unless somebody asked for it. The
// framework stacks a log field for every attribute that it visits and walks that chain at each log
// call, which makes large plans 10 to 30 times slower.
func quietFramework() {
	if os.Getenv("TF_LOG") == "" && os.Getenv("TF_LOG_SDK_FRAMEWORK") == "" {
		_ = os.Setenv("TF_LOG_SDK_FRAMEWORK", "WARN")
	}
}
