package cli

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// sandboxCommand is what the flags beside the server's own switches say.
type sandboxCommand struct {
	port    int
	token   string
	noToken bool
	people  int
	seed    uint64
	today   string
	dialect string
	faults  []string
	// set are the switches given, applied after the dialect whatever their order.
	set []func(*sandbox.Options)
}

func newSandbox() *cobra.Command {
	var c sandboxCommand
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run an imaginary app (SCIM 2.0) and HR system on this machine to practice on",
		Long: `Runs a SCIM 2.0 server and a small HR API in memory on 127.0.0.1 until it is interrupted, and prints
what to put into a configuration. A dialect mimics one vendor; every other switch overrides it.

While it runs:
  GET  /_sandbox/requests   counts of what was requested (?log=1: every request)
  POST /_sandbox/faults     add faults; GET lists and DELETE removes them
  POST /_sandbox/reset      forget requests and faults (?data=1: the data too)
  POST /_sandbox/seed       add users and groups`,
		Example: `  # a company of 500 people behind a slow and strict server
  terraform-provider-tenure sandbox --people 500 --latency 100ms --quota 20

  # a vendor's habits, with an outage in the third request that lists users
  terraform-provider-tenure sandbox --dialect slack \
    --fault '{"method": "GET", "path": "^/Users$", "skip": 2, "count": 1, "status": 503}'`,
		Args: noArguments,
		RunE: c.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVar(&c.port, "port", 0, "port on 127.0.0.1; 0 takes a free one")
	f.StringVar(&c.token, "token", "", "bearer token to require (default a random one)")
	f.BoolVar(&c.noToken, "no-token", false, "let everybody in")
	f.IntVar(&c.people, "people", 60, "size of the company to begin with; 0 begins empty")
	f.Uint64Var(&c.seed, "seed", 1, "the same seed gives the same company and ids")
	f.StringVar(&c.today, "today", "", "date the company's employments stand around, YYYY-MM-DD (default today)")
	f.StringVar(&c.dialect, "dialect", "generic", "vendor to mimic: "+strings.Join(sandbox.Presets(), ", "))
	f.StringArrayVar(&c.faults, "fault", nil, "fault `rule` as JSON, repeatable: conditions method, path, query, body, skip, count; effects status, payload, "+
		"scim_type, retry_after, hang, close, after, page, rows, slow")
	for _, s := range switches() {
		f.VarPF(&switchValue{s, &c.set, ""}, s.name, "", s.usage).NoOptDefVal = s.alone
	}
	return cmd
}

func (c *sandboxCommand) run(cmd *cobra.Command, _ []string) error {
	if c.port < 0 || c.port > 65535 || c.people < 0 {
		return misuse(cmd, fmt.Errorf("port %d or people %d is out of range", c.port, c.people))
	}
	if c.noToken && c.token != "" {
		return misuse(cmd, fmt.Errorf("token and no-token exclude each other"))
	}
	today := time.Now()
	if c.today != "" {
		var err error
		if today, err = time.Parse(time.DateOnly, c.today); err != nil {
			return misuse(cmd, fmt.Errorf("today %q is not a date such as 2026-03-31", c.today))
		}
	}
	dialect, err := sandbox.Preset(c.dialect)
	if err != nil {
		return misuse(cmd, err)
	}
	o := sandbox.Options{Token: c.token, Seed: c.seed, Dialect: dialect}
	if o.Token == "" && !c.noToken {
		o.Token = "sandbox-" + rand.Text()
	}
	for _, set := range c.set {
		set(&o)
	}
	s, err := sandbox.New(o)
	if err != nil {
		return misuse(cmd, err)
	}
	for _, text := range c.faults {
		rule, err := sandbox.ParseRule(text)
		if err == nil {
			err = s.AddFaults(rule)
		}
		if err != nil {
			return misuse(cmd, fmt.Errorf("fault %s: %w", text, err))
		}
	}
	if c.people > 0 {
		if err := s.AddCompany(sandbox.Company{People: c.people, Seed: c.seed, Today: today}); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	l, url, err := sandbox.Listen(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)))
	if err != nil {
		return err
	}
	if err := greet(cmd.OutOrStdout(), s, url, o.Token, c.dialect); err != nil {
		_ = l.Close()
		return fmt.Errorf("print where the sandbox is: %w", err)
	}
	return sandbox.Serve(ctx, l, s)
}

// greeting is made to be pasted from.
var greeting = template.Must(template.New("").Parse(`Sandbox ({{.Dialect}}) with {{.People}} people in HR, {{.Users}} users and {{.Groups}} groups:

  SCIM   {{.URL}}{{.SCIM}}
  HR     {{.URL}}{{.HR}}
  log    {{.URL}}{{.Control}}requests
  token  {{or .Token "(none)"}}

Provider configuration:

  provider "tenure" {
    app {
      name = "sandbox"
      scim {
        base_url = "{{.URL}}{{.SCIM}}"
        token    = "{{or .Token "none"}}"
        profile  = "{{.Dialect}}"
      }
    }
  }

Look inside:

  curl -s {{if .Token}}-H 'Authorization: Bearer {{.Token}}' {{end}}'{{.URL}}{{.SCIM}}/Users?count=2'

Ctrl-C stops it; nothing is kept.
`))

func greet(w io.Writer, s *sandbox.Server, url, token, dialect string) error {
	return greeting.Execute(w, map[string]any{
		"URL": url, "SCIM": sandbox.BasePath, "HR": sandbox.HRPath, "Control": sandbox.ControlPath, "Token": token, "Dialect": dialect,
		"People": len(s.People()), "Users": len(s.Users()), "Groups": len(s.Groups()),
	})
}
