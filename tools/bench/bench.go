package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// config is what the flags say.
type config struct {
	terraform, provider, dir, page string
	sizes                          []int
	rows                           []string
	rounds                         int
	patience                       time.Duration
	quick, resume, list            bool
	out, log                       io.Writer
}

// row is one kind of measurement. Each of its sizes is measured in a workspace of its own, and depends on no other.
type row struct {
	name  string
	about string
	// needs are the types that the provider must have: "tenure_account", "data.tenure_entitlements".
	needs []string
	// sizes picks from the configured ones, or has its own.
	sizes func(configured []int) []int
	// grows says that the first result is judged by how it grows with the size.
	grows bool
	run   func(ctx context.Context, b *bench, size int) ([]result, error)
}

// unit is a row at one size.
type unit struct {
	row
	size int
}

func (u unit) key() string { return fmt.Sprintf("%s/%d", u.name, u.size) }

// bench is what a measurement works with.
type bench struct {
	config
	tf   *terraform
	unit unit
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%s  %-22s %s\n", time.Now().Format(time.TimeOnly), b.unit.key(), fmt.Sprintf(format, args...))
}

func run(ctx context.Context, c config) error {
	units := c.units()
	if c.list {
		for _, r := range allRows() {
			fmt.Fprintf(c.out, "%-14s %s\n", r.name, r.about)
		}
		return nil
	}
	tf, err := newTerraform(ctx, c)
	if err != nil {
		return err
	}
	has, err := tf.types(ctx)
	if err != nil {
		return err
	}
	book, err := openBook(filepath.Join(c.dir, "results.json"), tf.machine)
	if err != nil {
		return err
	}
	begun := time.Now()
	fmt.Fprintf(c.log, "%s\n%d measurements in %s; each says what it is doing.\n\n", tf.machine, len(units), c.dir)
	var failed []string
	for _, u := range units {
		b := &bench{config: c, tf: tf, unit: u}
		if c.resume && book.has(u.key()) {
			b.say("there is a result already")
			continue
		}
		if lacking := missing(u.needs, has); len(lacking) > 0 {
			b.say("not there yet: the provider has no %s", strings.Join(lacking, " and no "))
			err = book.put(u.key(), []result{{What: u.about, Size: people(u.size), Note: "not there yet"}})
		} else {
			err = b.measure(ctx, book)
		}
		if ctx.Err() != nil {
			return errors.New("interrupted; what was measured is kept, -resume goes on")
		}
		if err != nil {
			b.say("FAILED: %v", err)
			failed = append(failed, u.key())
			if err := book.put(u.key(), []result{{What: u.about, Size: people(u.size), Note: "failed"}}); err != nil {
				return err
			}
		}
	}
	results := book.results(c)
	fmt.Fprintf(c.out, "\n%s\n%s\n", tf.machine, table(results))
	fmt.Fprintf(c.log, "Took %s. A ratio is to terraform_data with the same data in the same run.\n", time.Since(begun).Round(time.Second))
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s; the others stand (-resume -rows=... repeats some)", strings.Join(failed, ", "))
	}
	return c.publish(book, results, tf.machine)
}

// measure runs the unit in an empty workspace of its own.
func (b *bench) measure(ctx context.Context, book *book) error {
	b.say("%s", b.unit.about)
	begun := time.Now()
	results, err := b.unit.run(ctx, b, b.unit.size)
	if err != nil {
		return err
	}
	for _, r := range results {
		b.say("%s", r)
	}
	b.say("done in %s", time.Since(begun).Round(time.Second))
	return book.put(b.unit.key(), results)
}

// publish writes the table for the documentation, unless something is missing in it.
func (c config) publish(book *book, results []result, machine machine) error {
	if c.page == "" {
		return nil
	}
	all := c
	all.rows = nil
	for _, u := range all.units() {
		if !book.has(u.key()) {
			fmt.Fprintf(c.log, "%s is left as it is: there is no result of %s yet (-resume adds what is missing).\n", c.page, u.key())
			return nil
		}
	}
	if err := os.WriteFile(c.page, []byte(page(results, machine)), 0o644); err != nil { //nolint:gosec // documentation
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(c.log, "The table is in %s.\n", c.page)
	return nil
}

// units are the chosen rows at their sizes, in the order of the table.
func (c config) units() []unit {
	var units []unit
	for _, r := range allRows() {
		if len(c.rows) > 0 && !slices.Contains(c.rows, r.name) {
			continue
		}
		for _, size := range r.sizes(c.sizes) {
			if c.quick && size > 1000 {
				continue
			}
			units = append(units, unit{row: r, size: size})
		}
	}
	return units
}

func missing(needs []string, has map[string]bool) []string {
	var lacking []string
	for _, n := range needs {
		if !has[n] {
			lacking = append(lacking, n)
		}
	}
	return lacking
}

// allRows are the rows in the order of the table.
func allRows() []row {
	return slices.Concat(singleRows(), wholeRows(), policyRows())
}

// Ways to choose sizes: as configured, or whatever is configured.

func every(configured []int) []int { return configured }

func fixed(sizes ...int) func([]int) []int {
	return func([]int) []int { return sizes }
}
