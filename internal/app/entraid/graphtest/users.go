package graphtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func (x exchange) find(id string) *User {
	for _, u := range x.Server.users {
		name, _ := u.Props["userPrincipalName"].(string)
		if u.ID == id || strings.EqualFold(name, id) {
			return u
		}
	}
	return nil
}

// users answers everything below /users.
func (x exchange) users() answer {
	if len(x.parts) == 1 {
		if x.r.Method == http.MethodPost {
			return x.createUser()
		}
		if strings.Contains(x.query.Get("$select"), "signInActivity") && x.opts.NoPremium {
			return failure(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
		}
		var rows []map[string]any
		for _, u := range x.Server.users {
			match, ok := x.matches(u.Props)
			if !ok {
				return unsupportedQuery
			}
			if match {
				rows = append(rows, x.project(u.Props, u.Manager))
			}
		}
		return x.page(rows)
	}
	if x.parts[1] == "$count" {
		return x.count(len(x.Server.users))
	}
	u := x.find(x.parts[1])
	if u == nil || x.hidden(u.ID) {
		return gone
	}
	switch action := strings.Join(x.parts[2:], "/"); x.r.Method + " " + action {
	case "GET ":
		if u.ID != x.parts[1] && strings.Contains(x.query.Get("$select"), "signInActivity") { // only by id
			return bad
		}
		return jsonAnswer(http.StatusOK, x.project(u.Props, u.Manager))
	case "PATCH ":
		return x.patchUser(u)
	case "DELETE ":
		x.remove(u)
		return done
	case "PUT manager/$ref":
		m := x.find(x.referred())
		if m == nil {
			return gone
		}
		u.Manager = m.ID
		return done
	case "DELETE manager/$ref":
		if u.Manager == "" {
			return gone
		}
		u.Manager = ""
		return done
	case "POST revokeSignInSessions":
		u.Props["signInSessionsValidFromDateTime"] = "2026-01-31T08:00:00Z"
		return jsonAnswer(http.StatusOK, map[string]any{"value": true})
	case "POST assignLicense":
		return x.assignLicense(u)
	}
	return failure(http.StatusBadRequest, "BadRequest")
}

func (x exchange) count(n int) answer {
	if x.r.Header.Get("ConsistencyLevel") != "eventual" {
		return unsupportedQuery
	}
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/plain"}}, body: []byte(strconv.Itoa(n))}
}

// referred is the id at the end of an @odata.id, which has to be an address of this service.
func (x exchange) referred() string {
	ref, _ := x.body["@odata.id"].(string)
	return x.idOf(ref)
}

func (x exchange) idOf(ref string) string {
	for _, collection := range []string{"/directoryObjects/", "/users/"} {
		if id, ok := strings.CutPrefix(ref, "http://"+x.r.Host+Version+collection); ok {
			return id
		}
	}
	return ""
}

// writable are the properties that a user can be given.
var writable = []string{
	"accountEnabled", "city", "companyName", "country", "department", "displayName", "employeeId", "employeeType", "givenName", "jobTitle", "mail",
	"mailNickname", "mobilePhone", "officeLocation", "onPremisesExtensionAttributes", "passwordProfile", "postalCode", "preferredLanguage", "state",
	"streetAddress", "surname", "usageLocation", "userPrincipalName",
}

// check refuses what the service refuses of a user's properties; nil is fine.
func (x exchange) check(u *User) *answer {
	refuse := func(a answer) *answer { return &a }
	for name, v := range x.body {
		s, isText := v.(string)
		switch {
		case !slices.Contains(writable, name):
			return refuse(bad)
		case isText && s == "": // null is for taking away
			return refuse(bad)
		case name == "employeeId" && utf8.RuneCountInString(s) > 16:
			return refuse(bad)
		case name == "userPrincipalName":
			if other := x.find(s); other != nil && other != u {
				return refuse(failure(http.StatusBadRequest, "Request_BadRequest", "ObjectConflict"))
			}
		case name == "mail" && u != nil && u.Props["mailbox"] == true:
			return refuse(bad)
		}
	}
	if u != nil && u.Props["onPremisesSyncEnabled"] == true {
		return refuse(bad)
	}
	return nil
}

func (x exchange) createUser() answer {
	profile, _ := x.body["passwordProfile"].(map[string]any)
	password, _ := profile["password"].(string)
	for _, name := range []string{"accountEnabled", "displayName", "mailNickname", "userPrincipalName"} {
		if x.body[name] == nil {
			return bad
		}
	}
	if len(password) < 8 {
		return bad
	}
	if a := x.check(nil); a != nil {
		return *a
	}
	props := maps.Clone(x.body)
	delete(props, "passwordProfile") // nobody gets to see it again
	props["createdDateTime"] = "2026-01-31T08:00:00Z"
	u := x.add(props)
	x.lag[u.ID] = x.opts.Lag
	x.query = nil
	return jsonAnswer(http.StatusCreated, x.project(u.Props, ""))
}

func (x exchange) patchUser(u *User) answer {
	if a := x.check(u); a != nil {
		return *a
	}
	for name, v := range x.body {
		if inner, ok := v.(map[string]any); ok {
			was, _ := u.Props[name].(map[string]any)
			merged := maps.Clone(was)
			if merged == nil {
				merged = map[string]any{}
			}
			maps.Copy(merged, inner)
			v = merged
		}
		u.Props[name] = v
	}
	return done
}

// remove puts a user into the recycle bin, where the user name begins with the id.
func (s *Server) remove(u *User) {
	s.users = slices.DeleteFunc(s.users, func(o *User) bool { return o == u })
	for _, g := range s.groups {
		g.Members = slices.DeleteFunc(g.Members, func(id string) bool { return id == u.ID })
		g.Owners = slices.DeleteFunc(g.Owners, func(id string) bool { return id == u.ID })
	}
	name, _ := u.Props["userPrincipalName"].(string)
	u.Props["userPrincipalName"] = strings.ReplaceAll(u.ID, "-", "") + name
	s.serial++
	u.Props["deletedDateTime"] = "2026-01-30T08:00:" + strconv.Itoa(10+s.serial%50) + "Z"
	s.deleted = append(s.deleted, u)
}

func (x exchange) recycleBin() answer {
	if x.r.Method == http.MethodGet && len(x.parts) == 3 && x.parts[2] == "microsoft.graph.user" {
		var rows []map[string]any
		for _, u := range x.deleted {
			match, ok := x.matches(u.Props)
			if !ok {
				return unsupportedQuery
			}
			if match {
				rows = append(rows, x.project(u.Props, ""))
			}
		}
		return x.page(rows)
	}
	if x.r.Method != http.MethodPost || len(x.parts) != 4 || x.parts[3] != "restore" {
		return failure(http.StatusBadRequest, "BadRequest")
	}
	i := slices.IndexFunc(x.deleted, func(u *User) bool { return u.ID == x.parts[2] })
	if i < 0 {
		return gone
	}
	u := x.deleted[i]
	name := strings.TrimPrefix(u.Props["userPrincipalName"].(string), strings.ReplaceAll(u.ID, "-", ""))
	if x.find(name) != nil {
		return failure(http.StatusBadRequest, "Request_BadRequest", "ObjectConflict")
	}
	x.Server.deleted = slices.Delete(x.deleted, i, i+1)
	u.Props["userPrincipalName"] = name
	delete(u.Props, "deletedDateTime")
	x.Server.users = append(x.Server.users, u)
	x.lag[u.ID] = x.opts.Lag
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.type": "#microsoft.graph.user", "id": u.ID})
}

// resource is a subscription as the service shows it.
func (x exchange) resource(sku *SKU) map[string]any {
	plans := []any{}
	for name, id := range sku.Plans {
		plans = append(plans, map[string]any{"servicePlanId": id, "servicePlanName": name, "appliesTo": "User", "provisioningStatus": "Success"})
	}
	applies := "User"
	if sku.Company {
		applies = "Company"
	}
	return map[string]any{
		"id": "00000000-0000-0000-0000-000000000001_" + sku.ID, "skuId": sku.ID, "skuPartNumber": sku.PartNumber, "appliesTo": applies,
		"capabilityStatus": "Enabled", "consumedUnits": x.consumed(sku.ID), "servicePlans": plans,
		"prepaidUnits": map[string]any{"enabled": sku.Enabled, "warning": sku.Warning, "suspended": 0, "lockedOut": 0},
	}
}

func (s *Server) consumed(skuID string) int {
	n := 0
	for _, u := range s.users {
		_, direct := u.Direct[skuID]
		if direct || u.ByGroup[skuID] != "" {
			n++
		}
	}
	return n
}

// Refresh makes a user's properties say what the user holds.
func (u *User) Refresh() {
	assigned, states := []any{}, []any{}
	for _, ids := range [][]string{slices.Sorted(maps.Keys(u.Direct)), slices.Sorted(maps.Keys(u.ByGroup))} {
		for _, id := range ids {
			plans, direct := u.Direct[id]
			disabled := []any{}
			for _, p := range plans {
				disabled = append(disabled, p)
			}
			if !slices.ContainsFunc(assigned, func(l any) bool { return l.(map[string]any)["skuId"] == id }) {
				assigned = append(assigned, map[string]any{"skuId": id, "disabledPlans": disabled})
				if direct {
					states = append(states, map[string]any{"skuId": id, "assignedByGroup": nil, "disabledPlans": disabled, "state": "Active", "error": "None"})
				}
				if g := u.ByGroup[id]; g != "" {
					states = append(states, map[string]any{"skuId": id, "assignedByGroup": g, "disabledPlans": []any{}, "state": "Active", "error": "None"})
				}
			}
		}
	}
	u.Props["assignedLicenses"], u.Props["licenseAssignmentStates"] = assigned, states
}

func (x exchange) assignLicense(u *User) answer {
	var in struct {
		AddLicenses []struct {
			SKUID         string `json:"skuId"`
			DisabledPlans []string
		}
		RemoveLicenses []string
	}
	b, err := json.Marshal(x.body)
	if err != nil || json.Unmarshal(b, &in) != nil || in.AddLicenses == nil || in.RemoveLicenses == nil {
		return bad
	}
	after := maps.Clone(u.Direct)
	for _, id := range in.RemoveLicenses {
		if _, direct := after[id]; !direct { // not held, or inherited from a group
			return bad
		}
		delete(after, id)
	}
	for _, l := range in.AddLicenses {
		i := slices.IndexFunc(x.skus, func(s *SKU) bool { return s.ID == l.SKUID })
		if i < 0 || u.Props["usageLocation"] == nil {
			return bad
		}
		_, had := u.Direct[l.SKUID]
		if !had && u.ByGroup[l.SKUID] == "" && x.consumed(l.SKUID) >= x.skus[i].Enabled+x.skus[i].Warning {
			return bad // there is no code for an empty pool
		}
		after[l.SKUID] = l.DisabledPlans
	}
	u.Direct = after
	u.Refresh()
	x.query = nil
	return jsonAnswer(http.StatusOK, x.project(u.Props, ""))
}
