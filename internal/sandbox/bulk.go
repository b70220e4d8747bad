package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// bulkOperation is one request inside a bulk request (RFC 7644 section 3.7).
type bulkOperation struct {
	Method  string          `json:"method"`
	BulkID  string          `json:"bulkId"`
	Version string          `json:"version"`
	Path    string          `json:"path"`
	Data    json.RawMessage `json:"data"`
}

// bulkResult is its answer.
type bulkResult struct {
	Method   string          `json:"method"`
	BulkID   string          `json:"bulkId,omitempty"`
	Version  string          `json:"version,omitempty"`
	Location string          `json:"location,omitempty"`
	Status   string          `json:"status"`
	Response json.RawMessage `json:"response,omitempty"`
}

// bulk performs many operations. Ones that refer to a later bulkId wait for it; the answers come in
// the order of the performance.
func (s *Server) bulk(c *call) reply {
	switch {
	case !s.opts.Bulk:
		return failure(&scimError{status: http.StatusNotFound, detail: "bulk requests are not supported"})
	case c.method != http.MethodPost:
		return failure(&scimError{status: http.StatusMethodNotAllowed, detail: "bulk requests are POSTs"})
	}
	var in struct {
		Schemas      []string        `json:"schemas"`
		FailOnErrors int             `json:"failOnErrors"`
		Operations   []bulkOperation `json:"Operations"`
	}
	if json.Unmarshal(c.body, &in) != nil || !contains(in.Schemas, messageURN+"BulkRequest") {
		return failure(refuse("invalidSyntax", "the body is not a BulkRequest message"))
	}
	if len(in.Operations) > s.opts.MaxBulkOperations {
		return failure(&scimError{http.StatusRequestEntityTooLarge, "tooMany", fmt.Sprintf("more than %d operations", s.opts.MaxBulkOperations)})
	}
	results := []bulkResult{}
	ids := map[string]string{}   // by bulkId, of what exists by now
	failed := map[string]bool{}  // bulkIds that came to nothing
	waiting := map[string]bool{} // bulkIds still to come
	for _, op := range in.Operations {
		if op.BulkID != "" {
			waiting[op.BulkID] = true
		}
	}
	errors := 0
	var sum reply // of the member changes
	todo := in.Operations
	for len(todo) > 0 {
		var later []bulkOperation
		for _, op := range todo {
			out, ready := s.bulkStep(c, op, ids, failed, waiting)
			if !ready {
				later = append(later, op)
				continue
			}
			delete(waiting, op.BulkID)
			results = append(results, s.bulkResult(c, op, out))
			sum.memberChanges += out.memberChanges
			sum.added += out.added
			sum.removed += out.removed
			if out.status >= 300 {
				failed[op.BulkID] = op.BulkID != ""
				errors++
			} else if op.BulkID != "" && op.Method == http.MethodPost {
				ids[op.BulkID], _ = url.PathUnescape(out.location[strings.LastIndexByte(out.location, '/')+1:])
			}
			if in.FailOnErrors > 0 && errors >= in.FailOnErrors {
				return bulkReply(results, sum)
			}
		}
		if len(later) == len(todo) { // in a circle (section 3.7.1)
			for _, op := range later {
				results = append(results, s.bulkResult(c, op, failure(&scimError{status: http.StatusConflict, detail: "the bulkId references form a circle"})))
			}
			break
		}
		todo = later
	}
	return bulkReply(results, sum)
}

func bulkReply(results []bulkResult, sum reply) reply {
	out := shownObject(object{"schemas": []string{messageURN + "BulkResponse"}, "Operations": results})
	out.memberChanges, out.added, out.removed = sum.memberChanges, sum.added, sum.removed
	return out
}

// bulkStep performs one operation, unless it refers to one that has not been performed.
func (s *Server) bulkStep(c *call, op bulkOperation, ids map[string]string, failed, waiting map[string]bool) (reply, bool) {
	path, data := op.Path, string(op.Data)
	for _, ref := range references(path + " " + data) {
		id, ok := ids[ref]
		switch {
		case ok:
			path = strings.ReplaceAll(path, "bulkId:"+ref, id)
			data = strings.ReplaceAll(data, `"bulkId:`+ref+`"`, strconv.Quote(id))
		case waiting[ref] && ref != op.BulkID:
			return reply{}, false
		case failed[ref]:
			return failure(&scimError{http.StatusPreconditionFailed, "", "the operation with bulkId " + ref + " failed"}), true
		default:
			return failure(refuse("invalidValue", "there is no operation with bulkId "+ref)), true
		}
	}
	op.Method = strings.ToUpper(op.Method)
	inner := &call{method: op.Method, body: []byte(data), ifMatch: op.Version, base: c.base}
	endpoint, id, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	inner.endpoint, inner.id = "/"+endpoint, id
	known := inner.endpoint == "/Users" || inner.endpoint == "/Groups"
	if !known || op.Method == http.MethodGet || (op.Method == http.MethodPost) != (id == "") {
		return failure(refuse("invalidValue", "no bulk operation: "+op.Method+" "+path)), true
	}
	if op.Method == http.MethodPost && op.BulkID == "" {
		return failure(refuse("invalidValue", "a POST needs a bulkId")), true
	}
	if f, ok := s.faults.pick(op.Method, path, "", inner.body); ok && f.Status != 0 {
		return reply{status: f.Status, body: errorBody(f.Status, f.SCIMType, "injected fault")}, true
	}
	return s.dispatch(inner), true
}

func (s *Server) bulkResult(c *call, op bulkOperation, out reply) bulkResult {
	at := op.Path
	if endpoint, _, ok := strings.Cut(strings.TrimPrefix(at, "/"), "/"); ok {
		at = "/" + endpoint + "/{id}"
	}
	s.log.record(Request{
		Time: s.opts.Now(), Method: "BULK " + strings.ToUpper(op.Method), Template: at, Path: op.Path, Status: out.status,
	})
	res := bulkResult{Method: op.Method, BulkID: op.BulkID, Version: out.etag, Status: strconv.Itoa(out.status), Location: out.location}
	if out.status >= 300 || s.opts.BulkBodies && len(out.body) > 0 {
		res.Response = out.body
	}
	if res.Location == "" && at != op.Path {
		res.Location = c.base + op.Path
	}
	return res
}

// references are the bulkIds that a text refers to.
func references(text string) []string {
	var refs []string
	for {
		_, after, ok := strings.Cut(text, "bulkId:")
		if !ok {
			return refs
		}
		end := strings.IndexAny(after, "\"/ ?")
		if end < 0 {
			end = len(after)
		}
		refs = append(refs, after[:end])
		text = after[end:]
	}
}
