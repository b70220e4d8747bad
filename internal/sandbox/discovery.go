package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// discover answers the configuration endpoints (RFC 7644 section 4).
func (s *Server) discover(c *call) reply {
	if s.opts.NoDiscovery {
		return failure(&scimError{status: http.StatusNotFound, detail: "there is nothing at this path"})
	}
	if c.method != http.MethodGet {
		return failure(&scimError{status: http.StatusMethodNotAllowed, detail: c.endpoint + " is read-only"})
	}
	if c.query.Get("filter") != "" {
		return failure(&scimError{status: http.StatusForbidden, detail: c.endpoint + " takes no filter"})
	}
	var all []object
	switch c.endpoint {
	case "/ServiceProviderConfig":
		return shownObject(s.providerConfig(c.base))
	case "/ResourceTypes":
		all = s.resourceTypes(c.base)
	case "/Schemas":
		all = s.schemas(c.base)
	}
	if c.id == "" {
		return shownObject(object{
			"schemas": []string{messageURN + "ListResponse"}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all,
		})
	}
	for _, o := range all {
		if strings.EqualFold(o["id"].(string), c.id) {
			return shownObject(o)
		}
	}
	return failure(&scimError{status: http.StatusNotFound, detail: c.id + " not found"})
}

func shownObject(o object) reply {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // o is ours
	}
	return reply{status: http.StatusOK, body: b}
}

func (s *Server) providerConfig(base string) object {
	o := &s.opts
	supported := func(b bool) object { return object{"supported": b} }
	method := "index"
	if o.Paging == PagingCursor {
		method = "cursor"
	}
	return object{
		"schemas":        []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":          supported(!o.NoUserPatch && !o.NoGroupPatch),
		"bulk":           object{"supported": o.Bulk, "maxOperations": o.MaxBulkOperations, "maxPayloadSize": o.MaxBody},
		"filter":         object{"supported": !o.NoFilter, "maxResults": o.PageSize},
		"changePassword": supported(false),
		"sort":           supported(false),
		"etag":           supported(o.ETags),
		"pagination": object{ // RFC 9865 section 4
			"cursor":                  slices.Contains([]Paging{PagingBoth, PagingCursor, PagingOptIn}, o.Paging),
			"index":                   o.Paging == PagingIndex || o.Paging == PagingBoth,
			"defaultPaginationMethod": method, "defaultPageSize": o.PageSize, "maxPageSize": o.PageSize,
		},
		"authenticationSchemes": []object{{
			"type": "oauthbearertoken", "name": "Bearer token", "description": "The token of the sandbox in the Authorization header", "primary": true,
		}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": base + "/ServiceProviderConfig"},
	}
}

func (s *Server) served() []*schema {
	if s.opts.NoGroups {
		return []*schema{s.users.schema}
	}
	return []*schema{s.users.schema, s.groups.schema}
}

func (s *Server) resourceTypes(base string) []object {
	var all []object
	for _, sc := range s.served() {
		extensions := []object{}
		for urn := range sc.extensions {
			extensions = append(extensions, object{"schema": urn, "required": false})
		}
		all = append(all, object{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
			"id":      sc.name, "name": sc.name, "endpoint": sc.endpoint, "schema": sc.urn, "schemaExtensions": extensions,
			"meta": object{"resourceType": "ResourceType", "location": base + "/ResourceTypes/" + sc.name},
		})
	}
	return all
}

func (s *Server) schemas(base string) []object {
	var all []object
	add := func(urn, name string, attrs []attribute) {
		all = append(all, object{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"},
			"id":      urn, "name": name, "attributes": describe(attrs),
			"meta": object{"resourceType": "Schema", "location": base + "/Schemas/" + urn},
		})
	}
	for _, sc := range s.served() {
		add(sc.urn, sc.name, sc.attrs)
		for urn, attrs := range sc.extensions {
			add(urn, "EnterpriseUser", attrs)
		}
	}
	return all
}

// describe spells attributes as RFC 7643 section 7 does.
func describe(attrs []attribute) []object {
	var list []object
	for _, a := range attrs {
		o := object{
			"name": a.name, "type": a.typ(), "multiValued": a.multi, "required": a.required, "caseExact": a.caseExact,
			"mutability": "readWrite", "returned": "default", "uniqueness": "none",
		}
		if a.readOnly {
			o["mutability"] = "readOnly"
		}
		if a.name == "password" {
			o["mutability"], o["returned"] = "writeOnly", "never"
		}
		if a.unique {
			o["uniqueness"] = "server"
		}
		if a.sub != nil {
			o["subAttributes"] = describe(a.sub)
		}
		list = append(list, o)
	}
	return list
}
