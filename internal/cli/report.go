package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// reportFormats are the formats and the endings of files that stand for them.
var reportFormats = []struct{ name, ending string }{
	{"markdown", ".md"}, {"html", ".html"}, {"json", ".json"}, {"sarif", ".sarif"}, {"csv", ".csv"},
}

// redactKeyEnv is where a key is not seen in a list of processes.
const redactKeyEnv = "TENURE_REDACT_KEY"

// minRedactKey is how long a key must be: a short one is found by trying.
const minRedactKey = 16

// reportCommand is what the flags say.
type reportCommand struct {
	formats, outputs []string
	messages         []string
	failOn           string
	redact           redaction
	title            string
	limit            int
	location         string
	schema           bool
}

// reportOutput is one form of the report and where it goes; "-" is stdout.
type reportOutput struct{ format, path string }

func newReport() *cobra.Command {
	var c reportCommand
	names := make([]string, len(reportFormats))
	for i, f := range reportFormats {
		names[i] = f.name
	}
	cmd := &cobra.Command{
		Use:   "report [PLAN.json ...]",
		Short: "Say what a plan changes for each person, for reviewers, auditors and machines",
		Long: `Reads what terraform show -json (or tofu show -json) prints about a plan, from files or stdin, and says for
each person what they gain, lose and keep, why, and what was changed outside Tenure.

Exit codes: 0 nothing changes; 2 something changes, or was changed outside Tenure; 3 there are findings at or
above --fail-on; 1 the report could not be made, or planning had stopped with an error (the report is written
all the same and says so).`,
		Example: `  # a comment for the pull request
  terraform plan -out plan.bin && terraform show -json plan.bin | terraform-provider-tenure report

  # several forms at once, for a public repository
  terraform-provider-tenure report plan.json --redact --output comment.md --output report.html --output report.sarif`,
		Annotations: map[string]string{usageExit: strconv.Itoa(ExitFailed)},
		RunE:        c.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&c.formats, "format", "f", nil, "`format`: "+strings.Join(names, ", ")+"; repeatable, one for each --output (default markdown, or what the ending of the output says)")
	f.StringArrayVarP(&c.outputs, "output", "o", nil, "`file` to write, - for stdout; repeatable (default stdout)")
	f.StringVar(&c.failOn, "fail-on", "", "exit with 3 when there is a finding of this `severity` or above that is not waived: "+strings.Join(report.Severities(), ", "))
	c.redact.flags(cmd)
	f.StringArrayVar(&c.messages, "messages", nil, "`file` with what terraform plan -json printed, for the errors that stopped it; repeatable")
	f.StringVar(&c.title, "title", "", "title of the report (default \"Access changes\")")
	f.IntVar(&c.limit, "max-length", report.MarkdownLimit, fmt.Sprintf("most characters of a Markdown report, at least %d", report.MinMarkdownLimit))
	f.StringVar(&c.location, "location", "main.tf", "`file` of the repository at which code scanning shows findings (sarif)")
	f.BoolVar(&c.schema, "schema", false, "print the JSON Schema of the json format and do nothing else")
	cmd.AddCommand(newEvidence(time.Now))
	return cmd
}

func (c *reportCommand) run(cmd *cobra.Command, args []string) error {
	if c.schema {
		_, err := cmd.OutOrStdout().Write(report.Schema())
		return err
	}
	outputs, err := c.targets()
	if err != nil {
		return misuse(cmd, err)
	}
	if c.failOn != "" && !slices.Contains(report.Severities(), c.failOn) {
		return misuse(cmd, fmt.Errorf("--fail-on %q is not one of %s", c.failOn, strings.Join(report.Severities(), ", ")))
	}
	key, err := c.redact.keyFor(cmd)
	if err != nil {
		return err
	}
	r, err := c.read(cmd, args)
	if err != nil {
		return err
	}
	if key != nil {
		r.Redact(key)
	}
	for _, o := range outputs {
		if err := c.write(cmd, r, o); err != nil {
			return err
		}
	}
	switch {
	case r.Errored():
		fmt.Fprintln(cmd.ErrOrStderr(), "Planning had stopped with an error: the report is not complete.")
		return exitError(ExitFailed)
	case c.failOn != "" && r.FindingsAt(c.failOn) > 0:
		return exitError(ExitFindings)
	case r.Changed():
		return exitError(ExitChanges)
	}
	return nil
}

// targets brings formats and outputs together.
func (c *reportCommand) targets() ([]reportOutput, error) {
	known := func(name string) bool {
		return slices.ContainsFunc(reportFormats, func(f struct{ name, ending string }) bool { return f.name == name })
	}
	for _, f := range c.formats {
		if !known(f) {
			return nil, fmt.Errorf("there is no format %q", f)
		}
	}
	switch {
	case len(c.outputs) == 0 && len(c.formats) <= 1:
		return []reportOutput{{append(c.formats, "markdown")[0], "-"}}, nil
	case len(c.formats) > 0 && len(c.formats) != len(c.outputs):
		return nil, fmt.Errorf("%d --format and %d --output: give one --output for each --format, in the same order", len(c.formats), len(c.outputs))
	}
	var list []reportOutput
	for i, path := range c.outputs {
		o := reportOutput{path: path}
		if len(c.formats) > 0 {
			o.format = c.formats[i]
		} else if o.format = formatOf(path); o.format == "" {
			return nil, fmt.Errorf("the ending of %q says no format: give it with --format", path)
		}
		if slices.ContainsFunc(list, func(other reportOutput) bool { return other.path == o.path }) {
			return nil, fmt.Errorf("two forms of the report would go to %q", path)
		}
		list = append(list, o)
	}
	return list, nil
}

func formatOf(path string) string {
	ending := strings.ToLower(filepath.Ext(path))
	for _, f := range reportFormats {
		if f.ending == ending {
			return f.name
		}
	}
	return map[string]string{".markdown": "markdown", ".htm": "html"}[ending]
}

func (c *reportCommand) read(cmd *cobra.Command, args []string) (*report.Report, error) {
	if len(args) == 0 {
		if f, ok := cmd.InOrStdin().(*os.File); ok {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				return nil, misuse(cmd, fmt.Errorf("no plan is given: name a file, or pipe terraform show -json PLANFILE into it"))
			}
		}
		args = []string{"-"}
	}
	var inputs []report.Input
	for _, name := range args {
		if name == "-" {
			inputs = append(inputs, report.Input{Name: "stdin", JSON: cmd.InOrStdin()})
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the plan: %w", err)
		}
		defer f.Close() //nolint:errcheck // read only
		inputs = append(inputs, report.Input{Name: filepath.Base(name), JSON: f})
	}
	r, err := report.Read(inputs...)
	if err != nil {
		return nil, err
	}
	for _, name := range c.messages {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the messages: %w", err)
		}
		stops, err := report.ReadStops(f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		r.Stops = append(r.Stops, stops...)
	}
	return r, nil
}

// write makes one form of the report. A file is there in full or not at all, and for its owner's eyes: it names
// people.
func (c *reportCommand) write(cmd *cobra.Command, r *report.Report, o reportOutput) error {
	var b bytes.Buffer
	var err error
	switch o.format {
	case "markdown":
		err = r.WriteMarkdown(&b, report.MarkdownOptions{Limit: c.limit, Title: c.title})
	case "html":
		err = r.WriteHTML(&b, report.HTMLOptions{Title: c.title})
	case "json":
		err = r.WriteJSON(&b)
	case "sarif":
		err = r.WriteSARIF(&b, report.SARIFOptions{Location: c.location, Version: buildVersion()})
	case "csv":
		err = r.WriteCSV(&b)
	}
	if err != nil {
		return fmt.Errorf("make the %s report: %w", o.format, err)
	}
	if o.path == "-" {
		if _, err := io.Copy(cmd.OutOrStdout(), &b); err != nil {
			return fmt.Errorf("print the report: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(o.path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// buildVersion is what the Go toolchain wrote into this program.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return ""
}
