package provider

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// diagnose turns an error into diagnostics: the only place where failures become words for people. A
// joined error becomes one diagnostic for each cause, so that everything wrong is seen in one run.
//
// state says what holds in Terraform's state after the failure, for faults that do not say so
// themselves. at, when given, marks the argument to blame.
func diagnose(diags *diag.Diagnostics, err error, state string, at ...path.Path) {
	for _, e := range unjoin(err) {
		summary, detail := describe(e, state)
		tell(diags, diag.SeverityError, summary, detail, at...)
	}
}

// tell adds a diagnostic: the only place where one is made. Names come from apps and files, and what they hold must not
// reach a terminal as commands.
func tell(diags *diag.Diagnostics, severity diag.Severity, summary, detail string, at ...path.Path) {
	summary, detail = plain(strings.ReplaceAll(summary, "\n", " ")), plain(detail)
	switch {
	case severity == diag.SeverityError && len(at) > 0:
		diags.AddAttributeError(at[0], summary, detail)
	case severity == diag.SeverityError:
		diags.AddError(summary, detail)
	case len(at) > 0:
		diags.AddAttributeWarning(at[0], summary, detail)
	default:
		diags.AddWarning(summary, detail)
	}
}

// plain spells out control characters, and those that turn the direction of writing, as Go does in quotes.
func plain(s string) string {
	if strings.IndexFunc(s, acts) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if acts(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func acts(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029')
}

// warn adds a warning. Terraform folds warnings with equal summaries into one line, so the summary
// must name whom it concerns.
func warn(diags *diag.Diagnostics, summary, detail string) {
	tell(diags, diag.SeverityWarning, summary, detail)
}

// refuse adds an error that is not a fault of a system but of the configuration, at the argument to blame.
func refuse(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	tell(diags, diag.SeverityError, summary, detail, at)
}

// describe gives the summary and detail of one error.
func describe(err error, state string) (summary, detail string) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "Something failed that Tenure has no words for", capitalize(err.Error())
	}
	summary = headline(f)
	var parts []string
	cause := f.Cause
	if cause == "" {
		cause = f.Kind.Error()
	}
	if f.Err != nil {
		cause = strings.TrimSuffix(cause, ".") + ": " + f.Err.Error()
	}
	parts = append(parts, sentence(cause))
	if f.State != "" {
		state = f.State
	}
	if state != "" {
		parts = append(parts, sentence(state))
	}
	next := f.Next
	if next == "" {
		next = remedy(f)
	}
	if next != "" {
		parts = append(parts, sentence(next))
	}
	if o := f.Origin(); o != "" && o != f.Protocol {
		parts = append(parts, "("+o+")")
	}
	return summary, strings.Join(parts, "\n\n")
}

// headline is "Cannot deactivate ana@acme.com in slack".
func headline(f *fault.Error) string {
	op := f.Op
	if op == "" {
		op = "use"
	}
	s := "Cannot " + op
	if f.Subject != "" {
		s += " " + f.Subject
	}
	switch {
	case f.System != "" && (f.Op != "" || f.Subject != ""):
		s += " in " + f.System
	case f.System != "":
		s += " " + f.System
	}
	if f.Op == "" && f.Subject == "" && f.System == "" {
		return capitalize(f.Kind.Error())
	}
	return s
}

// remedy is the next step for a fault that names none itself.
func remedy(f *fault.Error) string {
	switch f.Kind {
	case fault.Unauthenticated:
		return "Check the credential in the block named " + f.System + ", or the environment variable that stands in for it: it is missing, expired or of another tenant."
	case fault.Forbidden:
		return "Give the credential of " + f.System + " the missing permission. A refusal is never taken for absence, so nothing is treated as gone."
	case fault.RateLimited:
		return "Wait and run again, or set max_requests_per_second on the app, or lower -parallelism."
	case fault.Unavailable:
		return "Run again when the system answers. Nothing was concluded from the failure."
	case fault.Unconfirmed:
		return "Apply again: what was already done is found and not repeated."
	case fault.Stale:
		return "Plan again and review what changed."
	case fault.Partial:
		return "Apply again: it continues with what is missing."
	case fault.LimitReached:
		return "Free a seat or raise the limit, then apply again."
	case fault.NotFound, fault.Exists, fault.Invalid, fault.Unsupported, fault.Protected:
		return ""
	}
	return ""
}

// unjoin flattens errors.Join trees; wrapping with %w is left alone.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range j.Unwrap() {
			all = append(all, unjoin(e)...)
		}
		return all
	}
	return []error{err}
}

func sentence(s string) string {
	s = capitalize(strings.TrimSpace(s))
	if s == "" || strings.Contains(s, "\n") { // a list ends by itself
		return s
	}
	if r, _ := utf8.DecodeLastRuneInString(s); unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`)"'`, r) {
		s += "."
	}
	return s
}

// capitalize makes a sentence begin with a capital, unless its first word is a name that is spelled as it
// is: people.csv:12, max_removals, ana@acme.com.
func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	first, _, _ := strings.Cut(s, " ")
	if n == 0 || !unicode.IsLower(r) || strings.ContainsAny(strings.TrimRight(first, ".:,"), "._/:=@") {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
