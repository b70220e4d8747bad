package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// readData takes in what a data source said while planning.
func (b *builder) readData(plan int, d dataSource) error {
	if b.seen != nil {
		if err := b.seen.read(&b.secrets, d); err != nil {
			return fmt.Errorf("read %s: %w", d.address, err)
		}
		if d.typ == "tenure_roster" {
			return nil
		}
	}
	if d.typ == "tenure_entitlements" {
		var v struct {
			Reasons map[string]map[string]string `json:"reasons"`
		}
		if _, err := b.secrets.open(d.values, d.sensitive, &v); err != nil {
			return fmt.Errorf("read %s: %w", d.address, err)
		}
		for person, reasons := range v.Reasons {
			if b.reasons[person] == nil {
				b.reasons[person] = reasons
				continue
			}
			maps.Copy(b.reasons[person], reasons)
		}
		return nil
	}
	var v struct {
		Findings []struct {
			Kind        string          `json:"kind"`
			Severity    string          `json:"severity"`
			App         string          `json:"app"`
			Owner       string          `json:"owner"`
			Subject     string          `json:"subject"`
			PersonID    string          `json:"person_id"`
			Reason      string          `json:"reason"`
			Evidence    json.RawMessage `json:"evidence"`
			FirstSeen   string          `json:"first_seen"`
			Suggestion  string          `json:"suggestion"`
			Fingerprint string          `json:"fingerprint"`
			Waived      json.RawMessage `json:"waived"`
			MonthlyCost json.RawMessage `json:"monthly_cost"`
			Currency    string          `json:"currency"`
		} `json:"findings"`
		Coverage map[string]struct {
			Gaps []string `json:"gaps"`
		} `json:"coverage"`
	}
	all, err := b.secrets.open(d.values, d.sensitive, &v)
	if err != nil {
		return fmt.Errorf("read %s: %w", d.address, err)
	}
	if all || has(d.sensitive, "true") {
		b.note("sensitive", d.address, "Some of its values are marked sensitive and are not shown.")
	}
	for app, c := range v.Coverage {
		for _, gap := range c.Gaps {
			b.note("gap", d.address, "Not looked into in "+app+": "+gap)
		}
	}
	for _, f := range v.Findings {
		waived := scalar(f.Waived)
		n := Finding{
			Kind: f.Kind, Severity: f.Severity, App: f.App, Owner: f.Owner, Subject: f.Subject, PersonID: f.PersonID, Reason: f.Reason,
			Evidence: text(f.Evidence), FirstSeen: f.FirstSeen, Suggestion: f.Suggestion, Fingerprint: f.Fingerprint,
			Waived: waived != "" && waived != "false", MonthlyCost: text(f.MonthlyCost), Currency: f.Currency, Plan: plan, Source: d.address,
		}
		if n.Fingerprint == "" || !b.found[n.Fingerprint] {
			b.found[n.Fingerprint] = true
			b.report.Findings = append(b.report.Findings, n)
		}
		for _, word := range []string{f.PersonID, n.about().who} {
			if word != "" {
				b.index.extra[word] = true
			}
		}
	}
	return nil
}

// text is a scalar, or the JSON of whatever else somebody put there.
func text(raw json.RawMessage) string {
	if s := scalar(raw); s != "" || len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return s
	}
	return string(raw)
}

// topic is the subject of a finding in its parts: accounts/USER_NAME, roles/ROLE/USER_NAME, groups/GROUP/USER_NAME,
// licenses/PRODUCT/USER_NAME, for a pool licenses/PRODUCT/LICENSE, people/PERSON_ID, exceptions/PERSON_ID or
// waivers/FINGERPRINT.
type topic struct {
	kind, in, who string
	license, code string // of a pool; of a waiver
}

func (f *Finding) about() topic {
	parts := strings.Split(f.Subject, "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = plain
		}
	}
	t := topic{kind: parts[0]}
	switch {
	case len(parts) == 2 && t.kind == "waivers":
		t.code = parts[1]
	case len(parts) == 2:
		t.who = parts[1]
	case len(parts) == 3 && strings.HasPrefix(f.Kind, "license_pool_"):
		t.in, t.license = parts[1], parts[2]
	case len(parts) == 3:
		t.in, t.who = parts[1], parts[2]
	default:
		t = topic{who: f.Subject}
	}
	return t
}

// cost is what the finding costs a month, in words.
func (f *Finding) cost() string {
	if f.MonthlyCost == "" {
		return ""
	}
	return strings.TrimSpace(f.MonthlyCost+" "+f.Currency) + " per month"
}

// severities, the lightest first.
var severities = [...]string{"low", "medium", "high", "critical"}

// Severities are the words for how bad a finding is, the lightest first.
func Severities() []string { return slices.Clone(severities[:]) }

// severityRank is 0 for a word that is not known: it must not hide among the light ones, so At takes it as the worst.
func severityRank(s string) int { return slices.Index(severities[:], strings.ToLower(s)) + 1 }

// At reports whether the finding is at least as severe as the word, and not waived.
func (f *Finding) At(severity string) bool {
	rank := severityRank(f.Severity)
	return !f.Waived && (rank == 0 || rank >= severityRank(severity))
}
