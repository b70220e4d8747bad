package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Severity tells what stops a plan from what is only said.
type Severity uint8

// The severities.
const (
	Error Severity = iota
	Warning
)

// Code names a kind of problem for machines; those that are also findings have the finding's name.
type Code string

// The codes.
const (
	CodeInvalid             Code = "invalid"
	CodeUnknownApp          Code = "unknown_app"
	CodeUnusedGrant         Code = "unused_grant"
	CodeUnmatchedRule       Code = "unmatched_rule"
	CodePrecedence          Code = "precedence"
	CodeUnknownPerson       Code = "unknown_person"
	CodeUnknownStatus       Code = "unknown_status"
	CodeUnapproved          Code = "exception_unapproved"
	CodeOverrideNotApplied  Code = "override_not_applied"
	CodePersonIDCollision   Code = "person_id_collision"
	CodeTooManyQuarantined  Code = "too_many_quarantined"
	CodeFaultyRow           Code = "faulty_row"
	CodeDuplicateKey        Code = "duplicate_key"
	CodeMissingUserName     Code = "missing_user_name"
	CodeDuplicateUserName   Code = "duplicate_user_name"
	CodeConflict            Code = "conflict"
	CodeEvaluation          Code = "evaluation_failed"
	CodeUnknownCustomColumn Code = "unknown_custom_field"
)

// Block says which block or map entry of the configuration a problem is about.
type Block struct {
	Kind  string // "rule", "exception", "override", "conflict", "timing", "user_names" …
	Index int    // among the blocks of its kind; 0 for maps
	Name  string // what people call it: the rule's name, the person id, the app
}

// String reads `rule "engineers"`.
func (b Block) String() string {
	if b.Name == "" {
		return b.Kind
	}
	return fmt.Sprintf("%s %q", b.Kind, b.Name)
}

// Problem is one thing that is wrong with the configuration or in what it yields.
type Problem struct {
	Severity  Severity
	Code      Code
	Block     Block
	Attribute string // inside the block: "when", "groups", "expires_at"
	// Line and Column locate it inside a CEL text, from 1; zero when it is not about CEL.
	Line, Column int
	// People are the person ids concerned, sorted.
	People []string
	Cause  string // what is wrong, in one sentence without a full stop
	Next   string // what to do about it
}

// String reads `rule "engineers": when, column 8: cause; remedy`.
func (p Problem) String() string {
	var b strings.Builder
	if s := p.Block.String(); s != "" {
		b.WriteString(s + ": ")
	}
	place := p.Attribute
	if p.Line > 1 {
		place += fmt.Sprintf(", line %d", p.Line)
	}
	if p.Column > 0 {
		place += fmt.Sprintf(", column %d", p.Column)
	}
	if place = strings.TrimPrefix(place, ", "); place != "" {
		b.WriteString(place + ": ")
	}
	b.WriteString(p.Cause)
	if p.Next != "" {
		b.WriteString("; " + p.Next)
	}
	return b.String()
}

// Err is the problem as a fault.
func (p Problem) Err() *fault.Error {
	next := p.Next
	p.Next = ""
	return &fault.Error{Kind: fault.Invalid, Op: "evaluate policy", Cause: p.String(), Next: next}
}

// nearest is the candidate that is most likely meant by name, or "".
func nearest(name string, candidates []string) string {
	best, least := "", 2+len(name)/4
	for _, c := range candidates {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(c), nil); d < least {
			best, least = c, d
		}
	}
	return best
}

// didYouMean is the remedy for a name that is not one of the candidates.
func didYouMean(name string, candidates []string) string {
	if s := nearest(name, candidates); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	c := slices.Sorted(slices.Values(candidates))
	if len(c) == 0 {
		return "there is none"
	}
	if len(c) > 30 {
		c = append(c[:30], "…")
	}
	return "there are: " + strings.Join(c, ", ")
}

// named is how many people a message names, because one with ten thousand is read by nobody.
const named = 10

// some names the first of n people.
func some(ids []string, n int) string {
	if n <= named {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:named], ", "), n-named)
}

// people is a number of them in words.
func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}
