package scim

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// refusal reports whether the status of a bulk request says that nothing of it was carried out.
func refusal(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return true
	}
	return false
}

// fail is for a bulk request that was not answered operation by operation. One that is too large is sent in
// smaller parts. A refusal of bulk requests as such ends them for this run, and the writes go alone. Other
// statuses make no sense here, and a server that sends them may have begun: what it may have created is looked
// for, not sent again. Anything else has happened to each write as it would have to a plain request.
func (b *bulk) fail(batch []*write, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.New(fault.Unconfirmed, "%v", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	tooLarge, creations := f.Status == http.StatusRequestEntityTooLarge, batch[0].id == ""
	switch {
	case tooLarge && len(batch) > 1:
		b.operations = len(batch) / 2
		for _, w := range batch {
			w.sent = false
		}
		b.queue = append(slices.Clone(batch), b.queue...)
	case f.Kind == fault.Unauthenticated, f.Kind == fault.RateLimited, f.Kind == fault.Unavailable, f.Kind == fault.Unconfirmed:
		for _, w := range batch {
			w.settle(nil, f)
		}
	case creations && !refusal(f.Status):
		b.off = true
		for _, w := range batch {
			c := *f
			w.settle(nil, b.unsure(w, &c))
		}
	default:
		b.off = b.off || !tooLarge
		for _, w := range batch {
			w.leave()
		}
	}
}

// bulkResults finds the answers by bulkId, and those about an account that was there by method and id.
// Servers may answer in any order, so a place in the list says nothing. What is answered twice is not answered.
func bulkResults(answer object) map[string]object {
	list, _ := answer.get("Operations")
	results := map[string]object{}
	for _, e := range asList(list) {
		o := asObject(e)
		key := o.text("bulkId")
		if method := strings.ToUpper(o.text("method")); method != http.MethodPost && method != "" {
			key = method + " " + lastSegment(o.text("location"))
		}
		if _, twice := results[key]; twice {
			o = nil
		}
		results[key] = o
	}
	return results
}

func asObject(v any) object {
	m, _ := v.(map[string]any)
	return m
}

// learn looks whether successes bring the resource, which is the server's choice.
func (b *bulk) learn(batch []*write, keys []string, results map[string]object) {
	for i, w := range batch {
		_, full := results[keys[i]].get("response")
		if strings.HasPrefix(results[keys[i]].text("status"), "2") && w.request.Method != http.MethodDelete && !full {
			b.mu.Lock()
			b.bare = true
			b.mu.Unlock()
			return
		}
	}
}

// deliver makes of one operation's result what a plain request would have been answered with.
func (b *bulk) deliver(w *write, result object, resp *httpclient.Response) {
	s, _ := result.get("status")
	if o := asObject(s); o != nil { // as in drafts of the RFC
		s, _ = o.get("code")
	}
	status, err := strconv.Atoi(text(s))
	if err != nil || status < 200 || status > 599 {
		w.settle(nil, b.unsure(w, &fault.Error{
			Status: resp.Status, RequestID: resp.RequestID(), Cause: "the app does not say what became of this part of a bulk request",
		}))
		return
	}
	header := http.Header{}
	header.Set("Location", result.text("location"))
	header.Set("X-Request-Id", resp.RequestID())
	header.Set("Content-Type", resp.Header.Get("Content-Type"))
	var body []byte
	if v, ok := result.get("response"); ok {
		body, _ = json.Marshal(v) // it was JSON
	}
	switch status {
	case http.StatusTooManyRequests:
		w.passing = true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusLocked, http.StatusRequestTimeout:
		w.passing = w.id != ""
	}
	w.settle(b.client.Part(w.request, status, header, body))
}

func (b *bulk) unsure(w *write, f *fault.Error) error {
	f.Kind, f.Protocol = fault.Unconfirmed, "scim"
	f.State = "The request was sent; whether it was carried out is not known."
	f.Next = "Run again: what was done is recognized, and not done twice."
	return fault.In(f, b.name, w.request.Op, w.request.Subject)
}
