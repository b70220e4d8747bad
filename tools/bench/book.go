package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// result is one line of the table.
type result struct {
	What string `json:"what"`
	Size string `json:"size"`
	// Seconds is how long Terraform took with the provider, Floor with terraform_data instead; 0 is not measured.
	Seconds float64 `json:"seconds,omitempty"`
	Floor   float64 `json:"floor,omitempty"`
	// Ratio is between the two, less what making the data takes where that is the provider's work in both.
	Ratio    float64 `json:"ratio,omitempty"`
	Requests string  `json:"requests,omitempty"`
	// Memory is the peak of the provider's process in bytes.
	Memory int64  `json:"memory,omitempty"`
	Target string `json:"target,omitempty"`
	Met    string `json:"met,omitempty"`
	Note   string `json:"note,omitempty"` // instead of a measurement
}

// The verdicts.
const (
	yes = "yes"
	no  = "**no**"
)

// meets judges.
func (r *result) meets(target string, ok bool) {
	r.Target, r.Met = target, no
	if ok {
		r.Met = yes
	}
}

// String is the line as the progress shows it.
func (r result) String() string {
	var parts []string
	for i, cell := range r.cells() {
		if cell != "" && cell != "-" {
			parts = append(parts, strings.TrimSpace(headings[i]+" "+cell))
		}
	}
	return strings.Join(parts, ", ")
}

var headings = []string{"what", "size", "seconds (`terraform_data`)", "ratio", "requests", "peak memory", "target", "met"}

func (r result) cells() []string {
	seconds := number(r.Seconds, 1)
	if r.Floor > 0 {
		seconds += " (" + number(r.Floor, 1) + ")"
	}
	memory := "-"
	if r.Memory > 0 {
		memory = fmt.Sprintf("%d MiB", r.Memory>>20)
	}
	met := r.Met
	if r.Note != "" {
		met = r.Note
	}
	return []string{r.What, r.Size, seconds, number(r.Ratio, 2), orDash(r.Requests), memory, orDash(r.Target), orDash(met)}
}

// table renders the results in Markdown, aligned to be read as text too.
func table(results []result) string {
	lines := [][]string{headings}
	for _, r := range results {
		lines = append(lines, r.cells())
	}
	widths := make([]int, len(headings))
	for _, cells := range lines {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for n, cells := range lines {
		for i, c := range cells {
			b.WriteString("| " + c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)) + " ")
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range widths {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// page is what the documentation shows.
func page(results []result, m machine) string {
	return "Measured on " + m.String() + "\n\n" + table(results)
}

// number writes 0 as "-".
func number(f float64, digits int) string {
	if f == 0 {
		return "-"
	}
	return strconv.FormatFloat(f, 'f', digits, 64)
}

// people writes 10000 as "10,000".
func people(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// book keeps the results of one provider binary on one machine, across runs.
type book struct {
	file    string
	content struct {
		Machine machine             `json:"machine"`
		Results map[string][]result `json:"results"` // by unit
	}
}

// openBook reads what is there already; results from another machine or binary are left behind.
func openBook(file string, m machine) (*book, error) {
	b := &book{file: file}
	raw, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read earlier results: %w", err)
	default:
		if err := json.Unmarshal(raw, &b.content); err != nil {
			return nil, fmt.Errorf("read earlier results in %s (delete it to begin anew): %w", file, err)
		}
	}
	if !b.content.Machine.sameAs(m) {
		b.content.Results = nil
	}
	b.content.Machine = m
	if b.content.Results == nil {
		b.content.Results = make(map[string][]result)
	}
	return b, nil
}

// has reports whether the unit was measured, or is known to be impossible yet.
func (b *book) has(unit string) bool {
	results, ok := b.content.Results[unit]
	return ok && !slices.ContainsFunc(results, func(r result) bool { return r.Note == "failed" })
}

// put keeps the results of a unit, safely, before the next one begins.
func (b *book) put(unit string, results []result) error {
	b.content.Results[unit] = results
	raw, err := json.MarshalIndent(b.content, "", "  ")
	if err == nil {
		if err = os.WriteFile(b.file+".new", raw, 0o600); err == nil {
			err = os.Rename(b.file+".new", b.file)
		}
	}
	if err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	return nil
}

// results are all that there is for the configured sizes, in the order of the table.
func (b *book) results(c config) []result {
	c.rows = nil
	var all []result
	for _, u := range c.units() {
		results := slices.Clone(b.content.Results[u.key()])
		if u.grows && u.size > growthFrom && len(results) > 0 {
			results[0].judgeGrowth(b.content.Results[unit{row: u.row, size: growthFrom}.key()])
		}
		all = append(all, results...)
	}
	return all
}

// Growth is judged from one size to a larger one: the provider's must not be worse than the floor's own, which
// is to say that the ratio must not grow. What two runs of the same differ by is allowed.
const (
	growthFrom = 10_000
	growthSlip = 1.1
)

func (r *result) judgeGrowth(from []result) {
	if len(from) == 0 || from[0].Ratio == 0 || r.Ratio == 0 {
		return
	}
	met := r.Met == yes && r.Ratio <= growthSlip*from[0].Ratio
	r.meets("grows no faster than `terraform_data` from "+people(growthFrom)+" on; "+r.Target, met)
}
