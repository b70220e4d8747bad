package report

import (
	"cmp"
	"io"
	"net/url"
	"slices"
	"strings"
)

// SARIFOptions say what a plan does not.
type SARIFOptions struct {
	// Location is the file, relative to the root of the repository, at which a code scanning view shows the
	// findings: they are about people and apps, and stand in no file. Default main.tf.
	Location string
	Version  string // of this program
}

// The parts of a SARIF 2.1.0 log that are used
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Results     []sarifResult     `json:"results"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful bool `json:"executionSuccessful"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifRule struct {
		ID         string         `json:"id"`
		Name       string         `json:"name"`
		Short      sarifText      `json:"shortDescription"`
		Full       sarifText      `json:"fullDescription"`
		Help       sarifText      `json:"help"`
		Config     sarifConfig    `json:"defaultConfiguration"`
		Properties map[string]any `json:"properties"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]any     `json:"properties,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// WriteSARIF writes the findings as SARIF 2.1.0. They keep their fingerprints, so that a code scanning view knows an
// alert again.
func (r *Report) WriteSARIF(w io.Writer, o SARIFOptions) error {
	location := uri(cmp.Or(o.Location, "main.tf"))
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "Tenure", Version: o.Version, Rules: []sarifRule{}}},
		Automation:  sarifAutomation{"tenure/access-findings/"},
		Results:     []sarifResult{},
		Invocations: []sarifInvocation{{!r.Errored()}},
		ColumnKind:  "unicodeCodePoints",
	}
	worst := make(map[string]string)
	for i := range r.Findings {
		f := &r.Findings[i]
		if was, ok := worst[f.Kind]; !ok || severityRank(f.Severity) > severityRank(was) {
			worst[f.Kind] = f.Severity
		}
	}
	index := make(map[string]int)
	for i := range r.Findings {
		f := &r.Findings[i]
		n, ok := index[f.Kind]
		if !ok {
			n = len(run.Tool.Driver.Rules)
			index[f.Kind] = n
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f.Kind, worst[f.Kind]))
		}
		run.Results = append(run.Results, sarifResultOf(f, n, location))
	}
	return writeJSON(w, sarifLog{
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func sarifRuleOf(kind, severity string) sarifRule {
	rule := ruleOf(kind)
	return sarifRule{
		ID: kind, Name: camel(kind), Short: sarifText{Text: rule.title}, Full: sarifText{Text: rule.help},
		Help: sarifText{Text: rule.help, Markdown: rule.help}, Config: sarifConfig{sarifLevel(severity)},
		Properties: map[string]any{"tags": []string{"security", "access"}, "precision": "high", "security-severity": securitySeverity(severity)},
	}
}

func sarifResultOf(f *Finding, rule int, location string) sarifResult {
	logical := strings.Trim(f.App+"/"+f.Subject, "/")
	message := ruleOf(f.Kind).title
	if logical != "" {
		message += ": " + logical
	}
	for _, s := range []string{f.Reason, f.Evidence, f.cost(), f.Suggestion} {
		if s != "" {
			message += ".\n" + strings.TrimRight(s, ". ")
		}
	}
	res := sarifResult{
		RuleID: f.Kind, RuleIndex: rule, Level: sarifLevel(f.Severity), Message: sarifText{Text: sarifMessage(message)},
		Locations:    []sarifLocation{{Physical: sarifPhysical{sarifArtifact{location}, sarifRegion{1}}}},
		Fingerprints: map[string]string{},
		Properties:   map[string]any{"severity": f.Severity},
	}
	if f.Fingerprint != "" { // the first is the only one that GitHub looks at
		res.Fingerprints["primaryLocationLineHash"], res.Fingerprints["tenureFinding/v1"] = f.Fingerprint, f.Fingerprint
	}
	if logical != "" {
		res.Locations[0].Logical = []sarifLogical{{plain(logical), "resource"}}
	}
	if f.Waived {
		res.Suppressions = []sarifSuppression{{"external", "accepted", "waived in configuration"}}
	}
	return res
}

// sarifMessage is a plain text message: SARIF reads [text](link) and {0} in it (section 3.11), viewers read URLs.
func sarifMessage(s string) string {
	s = lines(s)
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", "{{", "}", "}}").Replace(s)
}

// sarifLevel brings five severities down to the three of the standard.
func sarifLevel(severity string) string {
	switch severityRank(severity) {
	case 1:
		return "note"
	case 2:
		return "warning"
	}
	return "error" // a word that is not known must not hide
}

// securitySeverity is the number by which code scanning sorts (critical above 9.0, high from 7.0, medium from 4.0).
func securitySeverity(severity string) string {
	return [...]string{"8.0", "3.0", "5.5", "8.0", "9.5"}[severityRank(severity)]
}

func camel(kind string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(kind, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// uri is a path as a relative reference (RFC 3986, section 4.2).
func uri(path string) string {
	parts := strings.Split(strings.TrimPrefix(strings.ReplaceAll(path, `\`, "/"), "./"), "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "/")
}
