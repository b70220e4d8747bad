package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// scimEstate is a SCIM app that counts requests, and a workspace that manages it.
type scimEstate struct {
	*sandbox.Server
	*acctest.Workspace
	t   testing.TB
	url string
}

func newSCIMEstate(t testing.TB, o sandbox.Options) scimEstate {
	t.Helper()
	w := acctest.NewWorkspace(t)
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return scimEstate{s, w, t, srv.URL + sandbox.BasePath}
}

// config writes a configuration with the app slack.
func (e scimEstate) config(rest string) { e.configure("", rest) }

func (e scimEstate) configure(providerLines, rest string) {
	e.Config(fmt.Sprintf(`
provider "tenure" {
%s
  app {
    name = "slack"
    scim {
      base_url = %q
      token    = "none"
    }
  }
}
%s`, providerLines, e.url, rest))
}

// data gives variables by file, which costs less than an expression.
func (e scimEstate) data(v map[string]any) {
	e.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		e.t.Fatal(err)
	}
	e.Write("terraform.tfvars.json", string(b))
}

// writes counts the requests since the last Reset that would change something.
func (e scimEstate) writes() map[string]int {
	out := make(map[string]int)
	for k, n := range e.Stats().Counts {
		if !strings.HasPrefix(k, "GET ") {
			out[k] = n
		}
	}
	return out
}

// people is how many people the tests of a whole company have: TENURE_TEST_PEOPLE, or as many as Terraform renders in
// a few seconds. They hold at 10,000 as well, which takes minutes.
func people(t testing.TB) int {
	t.Helper()
	text := os.Getenv("TENURE_TEST_PEOPLE")
	if text == "" {
		return 1_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 100 {
		t.Fatalf("TENURE_TEST_PEOPLE is %q; it takes a number from 100", text)
	}
	return n
}

// company manages n accounts, k0 to kn.
func (e scimEstate) company(n int, providerLines string) {
	e.t.Helper()
	accounts := make(map[string]any, n)
	for i := range n {
		accounts[fmt.Sprintf("k%d", i)] = map[string]string{"user_name": fmt.Sprintf("p%d@x", i), "title": "Engineer"}
	}
	e.data(map[string]any{"accounts": accounts})
	e.configure(providerLines, `
variable "accounts" {
  type = map(object({ user_name = string, title = string }))
}
resource "tenure_app_access" "this" {
  app      = "slack"
  accounts = var.accounts
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`)
}

// Seven creations of a company fail for good: the others are in state and one error names the seven. When the app
// takes them, exactly seven more are sent, and nothing else; -replace and taint send nothing at all.
func TestAppAccessPartialFailureOverSCIM(t *testing.T) {
	t.Parallel()
	n := people(t)
	e := newSCIMEstate(t, sandbox.Options{Dialect: sandbox.Dialect{PageSize: 1000}})
	err := e.AddFaults(sandbox.Rule{Method: "POST", Path: "^/Users$", Body: `"p(7|17|27|37|47|57|67)@x"`, Fault: sandbox.Fault{Status: 400, SCIMType: "invalidValue"}})
	if err != nil {
		t.Fatal(err)
	}
	e.company(n, "")
	out, code := e.Try("apply", "-auto-approve")
	if code == 0 {
		t.Fatal("an apply with failures ended well")
	}
	contains(t, out, fmt.Sprintf("Cannot finish 7 of %d changes in slack", n), "accounts/k67 (p67@x)", "scim 400 invalidValue")
	equal(t, "errors", strings.Count(out, "Error:"), 1)
	equal(t, "users", len(e.Users()), n-7)
	_, p := e.Plan()
	equal(t, "changes", acctest.Changes(p), map[string]string{whole: "delete,create"})
	equal(t, "planned", added(planned(t, p, whole, "accounts")), []string{"k17", "k27", "k37", "k47", "k57", "k67", "k7"})
	e.ClearFaults()
	e.Reset()
	e.Run("apply", "-auto-approve")
	equal(t, "writes", e.writes(), map[string]int{"POST /Users": 7})
	equal(t, "users", len(e.Users()), n)

	e.Reset()
	e.Empty()
	equal(t, "writes of an empty plan", e.writes(), map[string]int{})
	pages := (n + 99) / 100 // as many as the connector asks for at a time
	if sent := e.Count("GET", "/Users") + e.Count("GET", "/Users/{id}"); sent > pages+2 {
		t.Errorf("refreshing %d accounts in %d pages took %d requests", n, pages, sent)
	}
	e.Run("apply", "-auto-approve", "-replace="+whole)
	e.Run("taint", whole)
	e.Run("apply", "-auto-approve")
	equal(t, "writes of replacing", e.writes(), map[string]int{})
}

// The provider is killed while it creates a company. The next apply finds what was made and makes the
// rest; everything that was ever made is on record, in a chain that holds.
func TestAppAccessSurvivesKill(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		t.Skip("not checked: finding the provider's process needs /proc")
	}
	n := people(t)
	e := newSCIMEstate(t, sandbox.Options{Latency: time.Millisecond, Dialect: sandbox.Dialect{PageSize: 1000}})
	log := filepath.Join(e.Dir, "audit.jsonl")
	e.company(n, fmt.Sprintf("  audit_log {\n    path = %q\n  }\n", log))
	cmd := exec.CommandContext(t.Context(), acctest.Terraform(t), "apply", "-auto-approve")
	cmd.Dir, cmd.Env = e.Dir, e.Env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for len(e.Users()) < n/5 {
		select {
		case err := <-ended:
			t.Fatalf("the apply ended with %d accounts: %v", len(e.Users()), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	for _, pid := range children(t, cmd.Process.Pid, "terraform-provider-tenure") {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err == nil {
		t.Fatal("the apply ended well without its provider")
	}
	made := len(e.Users())
	if made >= n {
		t.Skip("not checked: the provider was done before it was killed")
	}
	attempted, report := attempts(t, log)
	if sent := e.Count("POST", "/Users"); attempted < sent {
		t.Errorf("%d creations were sent before the kill, and %d attempts are on record", sent, attempted)
	}
	t.Logf("killed: %d attempts on record, %d made, %d without an outcome", attempted, made, len(report.Unfinished))
	e.Reset()
	e.Run("apply", "-auto-approve")
	names := make(map[string]int)
	for _, u := range e.Users() {
		names[u.UserName]++
	}
	equal(t, "users", len(names), n)
	equal(t, "accounts", len(e.Users()), n)
	if sent := e.Count("POST", "/Users"); sent > n-made {
		t.Errorf("%d accounts were there, and %d more were asked for", made, sent)
	}
	open := len(report.Unfinished)
	after, report := attempts(t, log)
	equal(t, "attempts of the second apply", after-attempted, n-made)
	equal(t, "attempts whose outcome only the kill knows", len(report.Unfinished), open)
	e.Empty()
}

// attempts counts the creations on record, each user once, and verifies the chain.
func attempts(t testing.TB, path string) (int, audit.Report) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(bytes.NewReader(raw))
	if err != nil {
		t.Errorf("the chain is broken: %v", err)
	}
	n := 0
	for line := range bytes.Lines(raw) {
		var e audit.Entry
		if json.Unmarshal(line, &e) == nil && e.Operation == "create account" && e.Outcome == audit.Attempted {
			n++
		}
	}
	return n, report
}

// children are the child processes of parent that run the named program.
func children(t testing.TB, parent int, program string) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, file := range stats {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // gone already
		}
		var pid, ppid int
		rest := string(raw[strings.LastIndexByte(string(raw), ')')+1:])
		var state string
		if _, err := fmt.Sscan(rest, &state, &ppid); err != nil || ppid != parent {
			continue
		}
		if _, err := fmt.Sscan(string(raw), &pid); err != nil {
			continue
		}
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && filepath.Base(exe) == program {
			found = append(found, pid)
		}
	}
	return found
}

// Fifty thousand members: one less in the configuration is one line in the plan and one change on the wire.
func TestGroupMembersFiftyThousand(t *testing.T) {
	t.Parallel()
	n := 50_000
	if testing.Short() {
		n = 2_000
	}
	e := newSCIMEstate(t, sandbox.Options{Dialect: sandbox.Dialect{PageSize: 1000}})
	g := sandbox.Group{DisplayName: "all"}
	members := make(map[string]any, n)
	for i := range n {
		u, err := e.AddUser(sandbox.User{UserName: fmt.Sprintf("p%d@acme.com", i)})
		if err != nil {
			t.Fatal(err)
		}
		g.Members = append(g.Members, u.ID)
		members[u.UserName] = "member"
	}
	if _, err := e.AddGroup(g); err != nil {
		t.Fatal(err)
	}
	e.config(`
variable "members" {
  type = map(string)
}
resource "tenure_group_members" "all" {
  app     = "slack"
  group   = "all"
  members = var.members
}
`)
	e.data(map[string]any{"members": members})
	e.Run("apply", "-auto-approve")
	equal(t, "writes of taking over", e.writes(), map[string]int{})

	delete(members, "p77@acme.com")
	e.data(map[string]any{"members": members})
	text, p := e.Plan()
	before, after := planned(t, p, "tenure_group_members.all", "members")
	equal(t, "members before and after", []int{len(before), len(after)}, []int{n, n - 1})
	var lost []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); strings.HasPrefix(line, "- \"") {
			lost = append(lost, line)
		}
	}
	equal(t, "removed lines", lost, []string{`- "p77@acme.com" = "member" -> null`})
	e.Reset()
	e.Run("apply", "tfplan")
	s := e.Stats()
	equal(t, "changes on the wire", []int{s.MemberChanges, s.MembersRemoved, s.MembersAdded}, []int{1, 1, 0})
	equal(t, "writes", len(e.writes()), 1)
}

// A member who is renamed in the app, and later in the configuration, is one member all along.
func TestGroupMembersRename(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	eng := e.group("eng")
	for _, n := range []string{"ana@x", "bob@x"} {
		e.has(person("user_name=" + n))
		e.changeMember(eng, n, "member", false)
	}
	members := func(names ...string) string {
		lines := ""
		for _, n := range names {
			lines += fmt.Sprintf("    %q = \"member\"\n", n)
		}
		return "resource \"tenure_group_members\" \"eng\" {\n  app = \"wiki\"\n  group = \"eng\"\n  unmanaged = \"remove\"\n  members = {\n" + lines + "  }\n}\n"
	}
	e.config("", members("ana@x", "bob@x"))
	e.Run("import", "tenure_group_members.eng", "wiki/eng")
	e.config("", strings.ReplaceAll(members("ana@x", "bob@x"), "  unmanaged = \"remove\"\n", ""))
	e.Empty()
	e.config("", members("ana@x", "bob@x"))
	e.Apply()

	e.change("ana@x", person("user_name=anna@x"))
	e.Empty()
	e.config("", members("anna@x", "bob@x"))
	text, _ := e.Plan()
	contains(t, text, "ana@x is called anna@x; nothing is sent")
	was := e.file()
	e.Apply()
	equal(t, "the app", e.file(), was)

	// Somebody new in the group is a stranger, and goes; nobody else does.
	e.has(person("user_name=eve@x"))
	e.changeMember(eng, "eve@x", "member", false)
	e.Apply()
	names := e.members("eng")
	equal(t, "members", len(names), 2)
	if slices.Contains(keysOf(names), "eve@x") {
		t.Error("the stranger is still there")
	}
}

func keysOf(m map[string]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// With rosters, only whom HR shows to have left loses the account; whoever merely vanished is held.
func TestAppAccessWithRosters(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	people := acctest.File(t, "people.csv", "")
	hr := func(lines string) {
		acctest.Write(t, people, "person_id,given_name,family_name,work_email,status,employment_type,start_date,end_date\n"+lines)
	}
	const ana, bob, cy = "1,Ana,A,ana@x,active,employee,2020-01-01,\n", "2,Bob,B,bob@x,active,employee,2020-01-01,\n", "3,Cy,C,cy@x,active,employee,2020-01-01,\n"
	config := func(names string) {
		e.Config(strings.Replace(e.hcl("", appAccess(`accounts = { for k, n in `+names+` : k => { user_name = "${n}@x" } }
			rosters = ["hr"]
		`+report)), "provider \"tenure\" {", fmt.Sprintf("provider \"tenure\" {\n  roster {\n    name = \"hr\"\n    csv {\n      path = %q\n    }\n  }\n", people), 1))
	}
	hr(ana + bob + cy)
	config(`{ "1" = "ana", "2" = "bob", "3" = "cy" }`)
	e.Apply()
	hr(ana + "2,Bob,B,bob@x,terminated,employee,2020-01-01,2024-02-29\n")
	config(`{ "1" = "ana" }`)
	text, p := e.Plan()
	contains(t, text, "left on 2024-02-29", "accounts/3 (dropped_from_roster)")
	_, held := planned(t, p, whole, "held")
	equal(t, "held", keys(held), []string{"accounts/3"})
	e.Apply()
	equal(t, "active", e.active(), []string{"ana@x", "cy@x"})
	hr(ana + "3,Cy,C,cy@x,terminated,employee,2020-01-01,2024-03-31\n")
	e.Apply()
	equal(t, "active once HR says so", e.active(), []string{"ana@x"})
	hr(ana + bob)
	config(`{ "1" = "ana", "2" = "bob" }`)
	e.Apply()
	equal(t, "active after a rehire", e.active(), []string{"ana@x", "bob@x"})
}
