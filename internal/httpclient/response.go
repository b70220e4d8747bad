package httpclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Response is an answer with a status below 300, read completely.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	client *Client
	req    *Request
}

// Part answers a request that traveled inside another one, as the operations of a SCIM bulk request do
// (RFC 7644 section 3.7), with what Do would have made of this status, header and body. It sends nothing.
func (c *Client) Part(r Request, status int, header http.Header, body []byte) (*Response, error) {
	if status >= 200 && status < 300 {
		return &Response{Status: status, Header: header, Body: body, client: c, req: &r}, nil
	}
	cl := &call{client: c, req: &r, attempts: 1, ambiguous: status >= 500 && status != http.StatusNotImplemented}
	return nil, c.locate(c.statusFault(cl, &http.Response{StatusCode: status, Header: header}, body), &r)
}

// Empty reports whether the answer has no body, as 204 has none.
func (r *Response) Empty() bool { return len(bytes.TrimSpace(r.Body)) == 0 }

// RequestID is the vendor's id of this request, or "".
func (r *Response) RequestID() string { return r.client.requestID(r.Header) }

// Decode reads the body as JSON, whatever its content type says: some servers label JSON as text. What
// is no JSON is Invalid, what ends too early Unavailable; after a write both are Unconfirmed.
func (r *Response) Decode(into any) error {
	body := bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf"))
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	f := &fault.Error{Kind: fault.Invalid, Status: r.Status, RequestID: r.RequestID()}
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	label := r.client.secrets.clean(described(r.Header, fmt.Sprint(r.Status)))
	switch {
	case r.Empty():
		f.Kind = fault.Unavailable
		f.Cause = "the answer " + label + " is empty"
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) || strings.Contains(r.Header.Get("Content-Type"), "html"):
		f.Cause = "the server answered with a web page " + label + " instead of JSON"
		f.Next = "Check base_url; a sign-in page also means that the credential or a proxy is at fault."
	case errors.As(err, &syntax) && errors.Is(errOfShape(body), io.ErrUnexpectedEOF):
		f.Kind = fault.Unavailable
		f.Cause = fmt.Sprintf("the answer %s ends in the middle, after %d bytes", label, len(r.Body))
		f.Next = "Run again."
	case errors.As(err, &mismatch):
		f.Cause = fmt.Sprintf("the answer %s holds a %s where something else belongs, at %q", label, kindOfJSON(mismatch.Value), mismatch.Field)
	default:
		f.Cause = "the answer " + label + " is not JSON"
		f.Next = "Check base_url."
	}
	if r.req.write() {
		f.Kind = fault.Unconfirmed
		f.State = "The request was accepted; what the app made of it is not known."
	}
	return r.client.locate(f, r.req)
}

// errOfShape tells JSON that ends too early (io.ErrUnexpectedEOF) from JSON that is wrong.
func errOfShape(body []byte) error {
	var v json.RawMessage
	return json.NewDecoder(bytes.NewReader(body)).Decode(&v)
}

// kindOfJSON drops the literal that encoding/json adds for numbers.
func kindOfJSON(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	return kind
}
