package graphtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// groupRequests answers everything below /groups.
func (x exchange) groupRequests() answer {
	if len(x.parts) == 1 {
		if x.r.Method == http.MethodPost {
			return x.createGroup()
		}
		var rows []map[string]any
		for _, g := range x.groups {
			match, ok := x.matches(g.Props)
			if !ok {
				return unsupportedQuery
			}
			if match {
				rows = append(rows, x.project(g.Props, ""))
			}
		}
		return x.page(rows)
	}
	if x.parts[1] == "$count" {
		return x.count(len(x.groups))
	}
	i := slices.IndexFunc(x.groups, func(g *Group) bool { return g.ID == x.parts[1] })
	if i < 0 || x.hidden(x.parts[1]) {
		return gone
	}
	g := x.groups[i]
	if len(x.parts) > 2 {
		return x.collection(g, x.parts[2])
	}
	switch x.r.Method {
	case http.MethodGet:
		return jsonAnswer(http.StatusOK, x.project(g.Props, ""))
	case http.MethodDelete:
		x.Server.groups = slices.Delete(x.groups, i, i+1)
		return done
	case http.MethodPatch:
		for _, collection := range []string{"members", "owners"} {
			if refs, ok := x.body[collection+"@odata.bind"].([]any); ok {
				return x.bind(g, collection, refs)
			}
		}
		for name, v := range x.body {
			if name != "displayName" && name != "description" || v == "" {
				return bad
			}
		}
		maps.Copy(g.Props, x.body)
		return done
	}
	return failure(http.StatusBadRequest, "BadRequest")
}

func (x exchange) createGroup() answer {
	for _, name := range []string{"displayName", "mailEnabled", "mailNickname", "securityEnabled"} {
		if x.body[name] == nil {
			return bad
		}
	}
	if x.body["description"] == "" || strings.ContainsAny(x.body["mailNickname"].(string), " @") {
		return bad
	}
	g := x.addGroup(x.body)
	x.lag[g.ID] = x.opts.Lag
	x.query = nil
	return jsonAnswer(http.StatusCreated, x.project(g.Props, ""))
}

func (g *Group) list(collection string) *[]string {
	if collection == "owners" {
		return &g.Owners
	}
	return &g.Members
}

// assigned refuses to change members where a rule, another directory or Exchange decides.
func (g *Group) assigned() bool {
	types, _ := g.Props["groupTypes"].([]any)
	return !slices.Contains(types, any("DynamicMembership")) && g.Props["onPremisesSyncEnabled"] != true &&
		(g.Props["mailEnabled"] != true || slices.Contains(types, any("Unified")))
}

// bind adds all or nothing.
func (x exchange) bind(g *Group, collection string, refs []any) answer {
	if len(refs) > 20 || !g.assigned() {
		return bad
	}
	list := *g.list(collection)
	for _, ref := range refs {
		s, _ := ref.(string)
		id := x.idOf(s)
		switch {
		case x.find(id) == nil || x.hidden(id):
			return gone
		case slices.Contains(list, id):
			return bad // "already exist" has no code
		}
		list = append(slices.Clone(list), id)
	}
	*g.list(collection) = list
	return done
}

// collection answers requests for the members or owners of a group.
func (x exchange) collection(g *Group, collection string) answer {
	list := g.list(collection)
	switch {
	case x.r.Method == http.MethodGet && len(x.parts) == 3:
		var rows []map[string]any
		for _, id := range *list {
			row := map[string]any{"@odata.type": "#microsoft.graph.user", "id": id}
			if x.query.Get("$select") != "id" {
				return bad
			}
			if t := g.Objects[id]; t != "" {
				row["@odata.type"] = t
			}
			rows = append(rows, row)
		}
		return x.page(rows)
	case x.r.Method == http.MethodPost && len(x.parts) == 4 && x.parts[3] == "$ref":
		return x.bind(g, collection, []any{x.body["@odata.id"]})
	case x.r.Method == http.MethodDelete && len(x.parts) == 5 && x.parts[4] == "$ref":
		i := slices.Index(*list, x.parts[3])
		switch {
		case !g.assigned():
			return bad
		case i < 0:
			return gone
		case collection == "owners" && len(*list) == 1 && g.Props["mailEnabled"] == true: // a Microsoft 365 group keeps its last owner
			return bad
		}
		*list = slices.Delete(slices.Clone(*list), i, i+1)
		return done
	case x.r.Method == http.MethodDelete && len(x.parts) == 4:
		if u := x.find(x.parts[3]); u != nil { // without /$ref it is the account itself that goes
			x.remove(u)
		}
		return done
	}
	return failure(http.StatusBadRequest, "BadRequest")
}
