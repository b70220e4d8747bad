// Command terraform-provider-tenure serves the Tenure provider to Terraform and OpenTofu. With a
// subcommand it is a tool of its own; see terraform-provider-tenure help.
package main

import (
	"context"
	"flag"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/tenure-access/terraform-provider-tenure/internal/cli"
	"github.com/tenure-access/terraform-provider-tenure/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger such as delve")
	flag.Parse()
	if flag.NArg() > 0 {
		os.Exit(cli.Main(context.Background(), flag.Args(), os.Stdout, os.Stderr, provider.RosterFile(version)))
	}
	quietFramework()
	server, err := provider.NewServer(context.Background(), version)
	if err != nil {
		log.Fatal(err)
	}
	var opts []tf6server.ServeOpt
	if *debug {
		opts = append(opts, tf6server.WithManagedDebug())
	}
	if err := tf6server.Serve("registry.terraform.io/tenure-access/tenure", server, opts...); err != nil {
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
