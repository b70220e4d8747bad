package graphtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type faultKey struct{}

func withFault(ctx context.Context, f Fault) context.Context {
	return context.WithValue(ctx, faultKey{}, f)
}

// exchange is one request under way; its methods run with the server locked.
type exchange struct {
	*Server
	r     *http.Request
	parts []string // of the path, without the version
	query url.Values
	body  map[string]any
}

var (
	gone = failure(http.StatusNotFound, "Request_ResourceNotFound")
	bad  = failure(http.StatusBadRequest, "Request_BadRequest")
	done = answer{status: http.StatusNoContent}
)

// carryOut answers a request that no fault has stopped.
func (s *Server) carryOut(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	x := exchange{Server: s, r: r, parts: strings.Split(strings.TrimPrefix(r.URL.Path, Version+"/"), "/"), query: r.URL.Query()}
	a := bad
	if r.ContentLength == 0 || json.NewDecoder(r.Body).Decode(&x.body) == nil {
		a = x.route()
	}
	s.mu.Unlock()
	a.write(w)
}

func (x exchange) route() answer {
	switch x.parts[0] {
	case "users":
		return x.users()
	case "groups":
		return x.groupRequests()
	case "directory":
		return x.recycleBin()
	case "me":
		for _, u := range x.Server.users {
			if x.opts.Person != "" && u.Props["userPrincipalName"] == x.opts.Person {
				return jsonAnswer(http.StatusOK, x.project(u.Props, u.Manager))
			}
		}
		return failure(http.StatusBadRequest, "BadRequest")
	case "subscribedSkus":
		var rows []map[string]any
		for _, sku := range x.skus {
			rows = append(rows, x.resource(sku))
		}
		return x.page(rows)
	}
	return failure(http.StatusBadRequest, "BadRequest")
}

// page cuts a listing. The link to the next page is an address as long as the service's own.
func (x exchange) page(rows []map[string]any) answer {
	f, _ := x.r.Context().Value(faultKey{}).(Fault)
	most := 999
	if strings.Contains(x.query.Get("$select"), "signInActivity") {
		most = 500
	}
	if asked := x.query.Get("$top"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 || n > most {
			return bad
		}
		most = n
	}
	if x.opts.PageSize > 0 {
		most = min(most, x.opts.PageSize)
	}
	total := len(rows)
	if f.TruncateAt > 0 {
		rows = rows[:min(f.TruncateAt, len(rows))]
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(x.query.Get("$skiptoken"), "token+/="))
	if f.RepeatPage {
		from = 0
	}
	to := min(from+most, len(rows))
	cut := slices.Clone(rows[min(from, len(rows)):to])
	if cut == nil {
		cut = []map[string]any{}
	}
	out := map[string]any{"@odata.context": "http://" + x.r.Host + Version + "/$metadata#" + x.parts[0], "value": cut}
	if x.query.Get("$count") == "true" {
		out["@odata.count"] = total
	}
	if to < len(rows) || f.RepeatPage {
		q := x.query
		q.Set("$skiptoken", fmt.Sprintf("token+/=%d", to))
		out["@odata.nextLink"] = "http://" + x.r.Host + Version + "/" + strings.Join(x.parts, "/") + "?" + q.Encode()
		if f.NextLink != "" {
			out["@odata.nextLink"] = f.NextLink
		}
	}
	return jsonAnswer(http.StatusOK, out)
}

// usual are the properties that come without $select.
var usual = []string{
	"displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id",
	"description", "groupTypes", "mailEnabled", "securityEnabled", "isAssignableToRole", "onPremisesSyncEnabled", "createdDateTime",
}

// project keeps what was selected. What the tenant does not hold is null, as the service has it.
func (x exchange) project(props map[string]any, manager string) map[string]any {
	names := usual
	if s := x.query.Get("$select"); s != "" {
		names = strings.Split(s, ",")
	}
	out := map[string]any{"id": props["id"]}
	for _, n := range names {
		if v, ok := props[n]; ok || x.query.Get("$select") != "" && n != "signInActivity" {
			out[n] = v
		}
	}
	if strings.HasPrefix(x.query.Get("$expand"), "manager(") && manager != "" {
		out["manager"] = map[string]any{"@odata.type": "#microsoft.graph.user", "id": manager}
	}
	return out
}

var (
	equals   = regexp.MustCompile(`^(\w+) eq '((?:[^']|'')*)'$`)
	endsWith = regexp.MustCompile(`^endsWith\((\w+),'((?:[^']|'')*)'\)$`)
	within   = regexp.MustCompile(`^id in \(('[^)]*')\)$`)
	anySKU   = regexp.MustCompile(`^assignedLicenses/any\(l:l/skuId eq ([0-9a-f-]{36})\)$`)
)

// matches evaluates the filters that the service knows without help, and endsWith, which it calls advanced. ok is
// false for one that it cannot evaluate.
func (x exchange) matches(props map[string]any) (match, ok bool) {
	filter := x.query.Get("$filter")
	if filter == "" {
		return true, true
	}
	advanced := x.r.Header.Get("ConsistencyLevel") == "eventual" && x.query.Get("$count") == "true"
	clauses := []string{filter}
	if !equals.MatchString(filter) { // whose value may contain anything
		clauses = strings.Split(filter, " or ")
	}
	for _, clause := range clauses {
		unquote := func(s string) string { return strings.ReplaceAll(s, "''", "'") }
		is := func(name string) string { s, _ := props[name].(string); return s }
		if m := equals.FindStringSubmatch(clause); m != nil {
			match = match || strings.EqualFold(is(m[1]), unquote(m[2]))
		} else if m := endsWith.FindStringSubmatch(clause); m != nil && advanced {
			match = match || strings.HasSuffix(strings.ToLower(is(m[1])), strings.ToLower(unquote(m[2])))
		} else if m := within.FindStringSubmatch(clause); m != nil {
			match = match || slices.Contains(strings.Split(strings.ReplaceAll(m[1], "'", ""), ","), is("id"))
		} else if m := anySKU.FindStringSubmatch(clause); m != nil {
			for _, l := range props["assignedLicenses"].([]any) {
				match = match || l.(map[string]any)["skuId"] == m[1]
			}
		} else {
			return false, false
		}
	}
	return match, true
}

var unsupportedQuery = failure(http.StatusBadRequest, "Request_UnsupportedQuery")

// hidden tells whether something that was just made is not there yet, for once more.
func (s *Server) hidden(id string) bool {
	if s.lag[id] > 0 {
		s.lag[id]--
		return true
	}
	return false
}
