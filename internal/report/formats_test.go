package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

var updateGolden = flag.Bool("update", false, "write the golden files again")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (go test ./internal/report -update writes it again):\n%s", name, diff)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	endings := map[string]string{"markdown": "md", "html": "html", "json": "json", "csv": "csv", "sarif": "sarif"}
	company := read(t, fixture(t, "company.json.gz"))
	for format, text := range formats(t, company) {
		if format == "html" { // what it looks like may change without anybody reading a diff of it
			text = withoutCode(text)
		}
		golden(t, "company."+endings[format], text)
	}
	company.Redact([]byte("a key that is long enough"))
	golden(t, "redacted.md", formats(t, company)["markdown"])
	errored := read(t, fixture(t, "errored.json.gz"))
	stops, err := report.ReadStops(bytes.NewReader(fixtureText(t, "errored.ndjson")))
	if err != nil {
		t.Fatal(err)
	}
	errored.Stops = stops
	golden(t, "errored.md", formats(t, errored)["markdown"])
}

var (
	styleElement  = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	scriptElement = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	dataElement   = regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)
	hashes        = regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`)
)

func withoutCode(page string) string {
	page = styleElement.ReplaceAllString(page, "<style></style>")
	page = scriptElement.ReplaceAllString(page, "<script></script>")
	return hashes.ReplaceAllString(page, "sha256-")
}

// A browser runs what the policy of the page names by its hash, and nothing else.
func TestHTMLPolicy(t *testing.T) {
	t.Parallel()
	page := formats(t, read(t, fixture(t, "company.json.gz")))["html"]
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("there is no policy")
	}
	for _, part := range []*regexp.Regexp{styleElement, scriptElement} {
		all := part.FindAllStringSubmatch(page, -1)
		if len(all) != 1 {
			t.Fatalf("%d of %v", len(all), part)
		}
		sum := sha256.Sum256([]byte(all[0][1]))
		if !strings.Contains(policy[1], "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy does not name %v", part)
		}
	}
	for _, must := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy[1], must) {
			t.Errorf("the policy lacks %s", must)
		}
	}
	for _, never := range []string{"unsafe-inline", "unsafe-eval", "data:", "http"} {
		if strings.Contains(policy[1], never) {
			t.Errorf("the policy allows %s", never)
		}
	}
	markup := dataElement.ReplaceAllString(scriptElement.ReplaceAllString(page, ""), "")
	for _, never := range []string{" src=", " onclick", " onload", " style=", "href=\"http", "@import", "url(", "javascript:"} {
		if strings.Contains(markup, never) {
			t.Errorf("the page has %q", never)
		}
	}
	for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest"} {
		if strings.Contains(page, never) {
			t.Errorf("the script has %q", never)
		}
	}
}

func validate(t *testing.T, schema []byte, document string) {
	t.Helper()
	s, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", s); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Errorf("not valid: %v", err)
	}
}

// strict makes every object of a schema closed, so that a field that is not documented fails.
func strict(t *testing.T, schema []byte) []byte {
	t.Helper()
	var s any
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatal(err)
	}
	var closeAll func(any)
	closeAll = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, ok := v["properties"].(map[string]any); ok {
				v["additionalProperties"] = false
			}
			for _, e := range v {
				closeAll(e)
			}
		case []any:
			for _, e := range v {
				closeAll(e)
			}
		}
	}
	closeAll(s)
	delete(s.(map[string]any), "$schema")
	s.(map[string]any)["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"company.json.gz", "errored.json.gz", "sensitive.json.gz"} {
		r := read(t, fixture(t, name))
		r.Stops = append(r.Stops, report.Stop{Summary: "s", Detail: "d", Resource: "r"})
		all := formats(t, r)
		validate(t, report.Schema(), all["json"])
		validate(t, strict(t, report.Schema()), all["json"])
		validate(t, fixture(t, "sarif-schema-2.1.0.json.gz"), all["sarif"])
		r.Redact([]byte("0123456789abcdef"))
		all = formats(t, r)
		validate(t, strict(t, report.Schema()), all["json"])
		validate(t, fixture(t, "sarif-schema-2.1.0.json.gz"), all["sarif"])
	}
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := read(t, fixture(t, "company.json.gz")).WriteSARIF(&b, report.SARIFOptions{Location: "./policy/my access.tf", Version: "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID         string
						Help       struct{ Text string }
						Properties map[string]any
					}
				}
			}
			Results []struct {
				RuleID       string
				RuleIndex    int
				Level        string
				Fingerprints map[string]string `json:"partialFingerprints"`
				Suppressions []any
				Locations    []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	levels, waived := make(map[string]int), 0
	for _, res := range run.Results {
		rule := run.Tool.Driver.Rules[res.RuleIndex]
		if rule.ID != res.RuleID || rule.Help.Text == "" || rule.Properties["security-severity"] == "" {
			t.Errorf("rule %+v of %s", rule, res.RuleID)
		}
		if res.Fingerprints["primaryLocationLineHash"] == "" || res.Locations[0].PhysicalLocation.ArtifactLocation.URI != "policy/my%20access.tf" {
			t.Errorf("%+v", res)
		}
		levels[res.Level]++
		waived += len(res.Suppressions)
	}
	if diff := cmp.Diff(map[string]int{"error": 3, "warning": 1, "note": 2}, levels); diff != "" || waived != 1 {
		t.Errorf("levels %s, waived %d", diff, waived)
	}
}

// hostile are names that do something somewhere unless they are kept from it.
var hostile = []string{
	`<img src=x onerror=alert(1)>`, `</script><script>alert(1)</script>`, `<!-- x`, `" onmouseover="alert(1)`, `'; alert(1); '`,
	"**bold** _i_ ~~s~~ # h", "[click](https://evil.example)", "![x](https://evil.example/p.png)", "https://evil.example", "www.evil.example",
	"@acme/everyone", "@maintainer", "#1 GH-2 acme/repo#3", ":tada:", "`code` ``more`` ```", "a | b | c", "- [x] done", "> quote", "</details>", "&lt;b&gt;",
	"=HYPERLINK(\"https://evil.example\")", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", " =1", "＝1", "\r=1", "'=1", "%0A=1",
	"\x1b[31mred\x1b[0m", "\x1b]0;title\a", "\x9b31m", "a\bb", "a\x00b", "\u202egnp.exe", "\u2066x\u2069", "a\u200bb", "\U000e0041", "\ufeffx", "line\nbreak", "\u2028x",
	"{{.Title}}", "{0}", "%s%n", "$(id)", "\xff\xfe",
}

func hostilePlan(t testing.TB) []byte {
	accounts, explanations, groups := m{}, m{}, m{}
	for i, s := range hostile {
		key := fmt.Sprintf("p%02d", i)
		accounts[key] = account(s+"@x", s, m{"title": s, "attributes": m{s: s}})
		explanations["accounts/"+key] = why("create", s)
		groups[s] = m{s + "@x": s}
	}
	before := set(hostile[0], m{})
	finding := m{
		"kind": hostile[0], "severity": hostile[1], "app": hostile[2], "subject": "accounts/" + hostile[5], "person_id": hostile[6],
		"reason": strings.Join(hostile, " "), "evidence": m{"x": hostile}, "suggestion": hostile[19], "fingerprint": hostile[34], "waived": false,
	}
	plan := planOf(t, []m{
		resource("tenure_app_access", hostile[3], update, before, set(hostile[0], accounts, m{"groups": groups, "explanations": explanations})),
		resource("tenure_group", hostile[4], create, nil, m{"app": hostile[7], "name": hostile[8]}),
	}, m{"errored": true, "timestamp": hostile[2], "terraform_version": hostile[20], "prior_state": m{"values": m{"root_module": m{"resources": []m{{
		"address": hostile[1], "mode": "data", "type": "tenure_access_findings", "values": m{"findings": []m{finding}},
	}, {"address": hostile[9], "mode": "managed", "type": "tenure_group"}}}}}})
	return plan
}

func TestHostileNamesAreInert(t *testing.T) {
	t.Parallel()
	r := read(t, hostilePlan(t))
	if len(r.People) != len(hostile) {
		t.Fatalf("%d people of %d", len(r.People), len(hostile))
	}
	r.Stops = []report.Stop{{Summary: strings.Join(hostile, " "), Detail: strings.Join(hostile, "\n"), Resource: hostile[1]}}
	all := formats(t, r)
	for format, text := range all {
		if bad := firstUnsafe(text); bad != "" {
			t.Errorf("%s holds %s", format, bad)
		}
	}
	t.Run("html", func(t *testing.T) {
		t.Parallel()
		page := all["html"]
		data := dataElement.FindStringSubmatch(page)
		if data == nil || !json.Valid([]byte(data[1])) || strings.ContainsAny(data[1], "<>&\u2028\u2029") {
			t.Error("the data could leave its element")
		}
		markup := withoutCode(dataElement.ReplaceAllString(page, ""))
		if n := strings.Count(page, "<script"); n != 2 || strings.Contains(markup, "<img") || strings.Contains(markup, "<!--") {
			t.Errorf("%d scripts, or an element that is not ours", n)
		}
	})
	t.Run("markdown", func(t *testing.T) {
		t.Parallel()
		// What is outside code spans and fences is ours: no markup, link or mention of anybody else's.
		rest := withoutSpans(all["markdown"])
		for _, never := range []string{"<img", "<script", "</script", "<!--", "evil", "@", "](", "GH-", ":tada", "onerror", "calc"} {
			if strings.Contains(rest, never) {
				t.Errorf("%q is outside of code: %s", never, around(rest, never))
			}
		}
		if n, end := strings.Count(rest, "<details>"), strings.Count(rest, "</details>"); n != end {
			t.Errorf("%d sections are opened and %d closed", n, end)
		}
	})
	t.Run("csv", func(t *testing.T) {
		t.Parallel()
		rows, err := csv.NewReader(strings.NewReader(all["csv"])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if trimmed := strings.TrimLeft(cell, " \t\r\n\""); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@|%") {
					t.Errorf("the cell %q is a formula", cell)
				}
				if strings.HasPrefix(cell, "＝") {
					t.Errorf("the cell %q is a formula where letters are wide", cell)
				}
			}
		}
	})
	t.Run("json", func(t *testing.T) {
		t.Parallel()
		var back report.Report
		if err := json.Unmarshal([]byte(all["json"]), &back); err != nil {
			t.Fatal(err)
		}
		for i := range back.People { // escaped, not changed
			if back.People[i].Name != r.People[i].Name {
				t.Errorf("%q became %q", r.People[i].Name, back.People[i].Name)
			}
		}
	})
	t.Run("sarif", func(t *testing.T) {
		t.Parallel()
		validate(t, fixture(t, "sarif-schema-2.1.0.json.gz"), all["sarif"])
		var log struct {
			Runs []struct {
				Results []struct{ Message struct{ Text string } }
			}
		}
		if err := json.Unmarshal([]byte(all["sarif"]), &log); err != nil {
			t.Fatal(err)
		}
		for _, res := range log.Runs[0].Results {
			if link := regexp.MustCompile(`(^|[^\\])\[`).FindString(res.Message.Text); link != "" {
				t.Errorf("a link in %q", res.Message.Text)
			}
		}
	})
}

var spans = regexp.MustCompile("`+")

// withoutSpans takes fenced code and code spans out, as CommonMark pairs them: runs of backticks of one length.
func withoutSpans(s string) string {
	var out strings.Builder
	for s != "" {
		at := spans.FindStringIndex(s)
		if at == nil {
			break
		}
		ticks := s[at[0]:at[1]]
		end := -1
		for _, c := range spans.FindAllStringIndex(s[at[1]:], -1) {
			if c[1]-c[0] == len(ticks) {
				end = at[1] + c[1]
				break
			}
		}
		out.WriteString(s[:at[0]])
		if end < 0 {
			s = s[at[1]:]
			continue
		}
		s = s[end:]
	}
	return out.String() + s
}

func around(s, what string) string {
	i := strings.Index(s, what)
	return s[max(0, i-40):min(len(s), i+60)]
}

// Spans is what text in Markdown must survive: a code span holds any text, and names of people read as names.
func TestMarkdownNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Zoë van den Berg": "**Zoë van den Berg**", "Hans-Jürgen O'Neill": "**Hans-Jürgen O'Neill**", "Martin King Jr.": "**Martin King Jr.**",
		"李明": "**李明**", "a*b": "**`a*b`**", "`": "**`` ` ``**", "www.evil.example": "**`www.evil.example`**", "x@y": "**`x@y`**",
	} {
		r := read(t, planOf(t, []m{resource("tenure_account", "x", create, nil, account("u", name, m{"app": "a"}))}))
		if text := formats(t, r)["markdown"]; !strings.Contains(text, "- "+want+" `u`") {
			t.Errorf("%q: %s", name, text)
		}
	}
}

var leftOut = regexp.MustCompile(`…and (\d+) more (?:person|people) left out here`)

// However much there is to say, it fits, says so, and nobody is cut.
func TestMarkdownLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		accounts, explanations := m{}, m{}
		n := rapid.IntRange(0, 1200).Draw(t, "people")
		long := strings.Repeat(rapid.SampledFrom([]string{"x", "é", "😀", "`"}).Draw(t, "letter"), rapid.IntRange(1, 600).Draw(t, "length"))
		for i := range n {
			key := fmt.Sprint(i)
			accounts[key] = account("u"+key, long)
			explanations["accounts/"+key] = why("create", `rule "x"`)
		}
		plan, err := json.Marshal(m{"format_version": "1.2", "errored": true, "resource_changes": []m{
			resource("tenure_app_access", "x", update, set("a", m{}), set("a", accounts, m{"explanations": explanations})),
		}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := report.Read(report.Input{Name: "p", JSON: bytes.NewReader(plan)})
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 30).Draw(t, "stops") {
			r.Stops = append(r.Stops, report.Stop{Summary: long, Detail: strings.Repeat(long+"\n", 20)})
		}
		for range rapid.IntRange(0, 300).Draw(t, "findings") {
			r.Findings = append(r.Findings, report.Finding{Kind: "conflict", Severity: "high", Subject: long, Reason: long})
		}
		r.Summary.Findings["high"] = len(r.Findings)
		limit := rapid.IntRange(report.MinMarkdownLimit, 70_000).Draw(t, "limit")
		var b bytes.Buffer
		if err := r.WriteMarkdown(&b, report.MarkdownOptions{Limit: limit}); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if got := len(utf16.Encode([]rune(text))); got > limit {
			t.Fatalf("%d characters of %d", got, limit)
		}
		told := strings.Count(text, "\n- **") - strings.Count(text, "\n- **high**")
		left := 0
		for _, at := range leftOut.FindAllStringSubmatch(text, -1) {
			k, err := strconv.Atoi(at[1])
			if err != nil {
				t.Fatal(err)
			}
			left += k
		}
		if told+left != n {
			t.Fatalf("%d people told and %d left out of %d", told, left, n)
		}
		if !strings.HasSuffix(text, "</sub>\n") || strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Fatal("it is cut")
		}
	})
}

func TestHTMLTitle(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := read(t, planOf(t, nil)).WriteHTML(&b, report.HTMLOptions{Title: "<b>\u202e"}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "<title>"+html.EscapeString(`<b>\u{202e}`)+"</title>") || !strings.Contains(s, "Nothing changes for anybody") {
		t.Error("title")
	}
}
