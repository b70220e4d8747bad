// Command bench runs a real Terraform or OpenTofu against generated companies in the sandbox and prints one table: how
// long the provider takes beside Terraform's own terraform_data with the same data, how many requests an app
// sees, how much memory it takes, and whether the targets are met. `make bench` runs it and puts the table into
// docs/guides/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	c := config{out: os.Stdout, log: os.Stderr}
	flag.StringVar(&c.terraform, "terraform", "terraform", "Terraform or OpenTofu `binary`")
	flag.StringVar(&c.provider, "provider", "bin/bench/provider/terraform-provider-tenure", "provider `binary`")
	flag.StringVar(&c.dir, "dir", "bin/bench", "working `directory`: a workspace for each row, and the results")
	flag.StringVar(&c.page, "page", "tools/bench/results.md", "`file` that the finished table is written to, for the documentation; empty for none")
	sizes := flag.String("sizes", "1000,10000,50000", "`people` in the companies")
	rows := flag.String("rows", "", "only these `rows` (default all)")
	flag.BoolVar(&c.quick, "quick", false, "companies of 1,000 only, one round, table not written to the page")
	flag.IntVar(&c.rounds, "rounds", 3, "how often what is compared is measured, in turn; the median counts")
	flag.DurationVar(&c.patience, "patience", 4*time.Minute, "no further round of a comparison once it took `this long`")
	flag.BoolVar(&c.resume, "resume", false, "leave out what this provider binary has a result of already")
	flag.BoolVar(&c.list, "list", false, "only say which rows there are")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.parse(*sizes, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if err := run(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "\nbench:", err)
		os.Exit(1)
	}
}

func (c *config) parse(sizes, rows string) error {
	if c.quick {
		sizes, c.rounds, c.page = "1000", 1, ""
	}
	for s := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(strings.NewReplacer(" ", "", "_", "").Replace(s))
		if err != nil || n < 100 {
			return fmt.Errorf("%q is no size: a company has at least 100 people", s)
		}
		c.sizes = append(c.sizes, n)
	}
	slices.Sort(c.sizes)
	known := make(map[string]bool)
	for _, r := range allRows() {
		known[r.name] = true
	}
	for _, name := range strings.FieldsFunc(rows, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !known[name] {
			return fmt.Errorf("there is no row %q (-list shows them)", name)
		}
		c.rows = append(c.rows, name)
	}
	if c.rounds < 1 {
		return errors.New("at least one round is needed")
	}
	return nil
}
