package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// readData takes in what a data source said while planning.
func (b *builder) readData(plan int, d dataSource) error {
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
			Subject     string          `json:"subject"`
			PersonID    string          `json:"person_id"`
			Reason      string          `json:"reason"`
			Evidence    json.RawMessage `json:"evidence"`
			Suggestion  string          `json:"suggestion"`
			Fingerprint string          `json:"fingerprint"`
			Waived      json.RawMessage `json:"waived"`
			MonthlyCost json.RawMessage `json:"monthly_cost"`
		} `json:"findings"`
	}
	all, err := b.secrets.open(d.values, d.sensitive, &v)
	if err != nil {
		return fmt.Errorf("read %s: %w", d.address, err)
	}
	if all || has(d.sensitive, "true") {
		b.note("sensitive", d.address, "Some of its values are marked sensitive and are not shown.")
	}
	for _, f := range v.Findings {
		waived := scalar(f.Waived)
		n := Finding{
			Kind: f.Kind, Severity: f.Severity, App: f.App, Subject: f.Subject, PersonID: f.PersonID, Reason: f.Reason,
			Evidence: text(f.Evidence), Suggestion: f.Suggestion, Fingerprint: f.Fingerprint,
			Waived: waived != "" && waived != "false", MonthlyCost: text(f.MonthlyCost), Plan: plan, Source: d.address,
		}
		if n.Fingerprint == "" || !b.found[n.Fingerprint] {
			b.found[n.Fingerprint] = true
			b.report.Findings = append(b.report.Findings, n)
		}
		for _, word := range []string{f.PersonID, lastPart(f.Subject)} {
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

// lastPart is who a subject is about.
func lastPart(s string) string {
	who := s[strings.LastIndexByte(s, '/')+1:]
	if p, ok := parseSubject("accounts/" + who); ok {
		return p.who
	}
	return who
}

// severities, the lightest first.
var severities = [...]string{"info", "low", "medium", "high", "critical"}

// Severities are the words for how bad a finding is, the lightest first.
func Severities() []string { return slices.Clone(severities[:]) }

// severityRank is 0 for a word that is not known: it must not hide among the light ones, so At takes it as the worst.
func severityRank(s string) int { return slices.Index(severities[:], strings.ToLower(s)) + 1 }

// At reports whether the finding is at least as severe as the word, and not waived.
func (f *Finding) At(severity string) bool {
	rank := severityRank(f.Severity)
	return !f.Waived && (rank == 0 || rank >= severityRank(severity))
}
