package provider

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// diagnoseProblem words a problem of a policy, at the argument that it is about. Terraform folds warnings with
// equal summaries into one, so the summary carries rule and people.
func diagnoseProblem(diags *diag.Diagnostics, p policy.Problem) {
	if what, ok := undecided(p); ok {
		warn(diags, what, sentence(p.Cause)+"\n\nEverybody else is decided.")
		return
	}
	next, cause := p.Next, p.Cause
	if p.Block.Kind == "apps" {
		p.Block.Kind = "only_apps"
	}
	p.Next = ""
	var detail []string
	if strings.Contains(cause, "\n") { // a headline, and a list of people
		p.Cause, cause, _ = strings.Cut(cause, ": ")
		detail = append(detail, cause)
	}
	if next != "" {
		detail = append(detail, sentence(next))
	}
	summary, text := p.String(), strings.Join(detail, "\n\n")
	if policyBlocks()[p.Block.Kind] != nil || p.Block.Kind == "" { // an argument stays as it is spelt
		summary = capitalize(summary)
	}
	severity := diag.SeverityWarning
	if p.Severity == policy.Error {
		severity = diag.SeverityError
	}
	if at, found := problemPath(p); found {
		tell(diags, severity, summary, text, at)
	} else {
		tell(diags, severity, summary, text)
	}
}

// undecided is the headline for somebody who could not be decided; false for every other problem.
func undecided(p policy.Problem) (string, bool) {
	if p.Severity != policy.Warning || p.Block != (policy.Block{}) {
		return "", false
	}
	what := ""
	switch p.Code {
	case policy.CodeFaultyRow:
		what = "the record is faulty"
	case policy.CodeDuplicateKey:
		what = "several records have one key"
	case policy.CodeMissingUserName:
		what = "there is no user name"
	case policy.CodeDuplicateUserName:
		what = "somebody else needs the same user name"
	case policy.CodeConflict:
		what = "a conflict has no waiver"
	case policy.CodeEvaluation:
		what = "the policy cannot be evaluated"
	default:
		return "", false
	}
	if len(p.People) == 0 {
		place, _, _ := strings.Cut(p.Cause, ": ")
		return "A record that does not say whose it is cannot be used: " + place, true
	}
	return "Person " + strings.Join(p.People, ", ") + " keeps what they have: " + what, true
}

// problemPath is the argument that a problem is about, where it is about one.
func problemPath(p policy.Problem) (path.Path, bool) {
	switch b := p.Block; b.Kind {
	case "rule", "exception", "override", "conflict":
		at, attribute := path.Root(b.Kind).AtListIndex(b.Index), p.Attribute
		if rest, ok := strings.CutPrefix(attribute, "waiver "); ok { // "waiver 2: reason"
			number, name, _ := strings.Cut(rest, ": ")
			if n, err := strconv.Atoi(number); err == nil {
				at, attribute = at.AtName("waiver").AtListIndex(n-1), name
			}
		}
		if attribute != "" {
			at = at.AtName(attribute)
		}
		return at, true
	case "timing":
		return path.Root("timing").AtName(p.Attribute), true
	case "user_names", "identities", "account_fields", "attributes", "same_person", "only_apps":
		return path.Root(b.Kind), true
	case "":
		if p.Attribute != "" { // of a query, which has no blocks
			return path.Root(p.Attribute), true
		}
	}
	return path.Path{}, false
}

// fit refuses a result that does not fit into one message between provider and Terraform.
func (o *outputs) fit(diags *diag.Diagnostics, limit int) bool {
	if o.size <= limit {
		return true
	}
	tell(diags, diag.SeverityError, "The entitlements are too large to hand over to Terraform",
		fmt.Sprintf("They take about %d MiB (%d people in the largest app), and Terraform accepts 256 MiB in one message.", o.size>>20, o.people)+
			"\n\nDivide them: several tenure_entitlements with the same rules (a module), each with only_apps for some of the apps. Leave \"reasons\" out of include.")
	return false
}
