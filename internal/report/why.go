package report

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ruleName is how explanations name a rule: rule "engineers", or in a list after "by rule".
var ruleName = regexp.MustCompile(`(?:rule|,) ("(?:[^"\\]|\\.)*")`)

// rulesIn are the rules that an explanation names, in its order.
func rulesIn(why string) []string {
	if !strings.Contains(why, `rule "`) {
		return nil
	}
	var list []string
	for _, m := range ruleName.FindAllStringSubmatch(why, -1) {
		if name, err := strconv.Unquote(m[1]); err == nil && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// reasonOf sorts an explanation. The order matters: what took something away is said first, what else applies later.
func reasonOf(why string) Reason {
	starts := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(why, p) })
	}
	plain := strings.TrimPrefix(why, "not given: ")
	switch {
	case why == "":
		return ""
	case starts("no longer matched by rule", "no rule gives it", "works here, but"):
		return ByMoving
	case starts("in no configuration"):
		return ByNobody
	case why == "left" || starts("left on", "never started", "access begins on", "in no roster"),
		strings.HasPrefix(plain, "access ended"), strings.HasPrefix(plain, "access starts on"), strings.HasPrefix(plain, "the employment never started"):
		if strings.Contains(why, "(override: ") {
			return ByOverride
		}
		return ByLeaving
	case strings.Contains(why, "expired"):
		return ByExpiry
	case starts(`rule "`) || strings.Contains(why, `; rule "`): // and perhaps an exception beside it
		return ByRule
	case starts("exception until"):
		return ByException
	case starts("differs in"):
		return ByProfile
	case starts("imported"):
		return ByImport
	case starts("the account of ") && strings.HasSuffix(why, "under another key"), starts("in configuration", "no longer in configuration", "configuration ", "active = "):
		return ByConfiguration
	}
	return ByConfiguration
}

// words for what is held. The reasons are those of the contract.
func heldWords(reason string) string {
	switch reason {
	case "dropped_from_roster":
		return "missing from every roster: kept until a roster says that they left"
	case "unknown_status":
		return "the roster's employment status is not understood: kept"
	case "quarantined":
		return "their record cannot be decided: kept as is"
	case "protected":
		return "a protected account: never touched"
	case "grace":
		return "seen only recently: removed when the grace period ends"
	case "overlap":
		return "moved: kept for a hand-over"
	case "deactivated_elsewhere":
		return "deactivated by somebody else: not reactivated"
	case "kept":
		return `on_removal = "keep": kept, no longer managed`
	}
	return reason
}
