package httpclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// kindOf maps a status to what a caller may conclude. 5xx is refined by settle.
func kindOf(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return fault.Unauthenticated
	case http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return fault.Forbidden
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fault.Unsupported
	case http.StatusConflict:
		return fault.Exists
	case http.StatusPreconditionFailed, http.StatusPreconditionRequired:
		return fault.Stale
	case http.StatusPaymentRequired, http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage:
		return fault.LimitReached
	case http.StatusTooManyRequests:
		return fault.RateLimited
	case http.StatusLocked, http.StatusRequestTimeout:
		return fault.Unavailable
	}
	if status >= 500 {
		return fault.Unavailable
	}
	return fault.Invalid
}

var causes = map[fault.Kind][2]string{ // cause, next
	fault.Unauthenticated: {"the app refused the credential", "Check the token: it may be wrong, expired or made for another tenant."},
	fault.Forbidden:       {"the credential is not allowed to do this", "Give the credential the permission, or use one that has it."},
	fault.NotFound:        {"the app says that it does not exist", ""},
	fault.Unsupported:     {"the app does not offer this operation", ""},
	fault.Exists:          {"the app says that it already exists or conflicts with something that does", ""},
	fault.Stale:           {"it changed in the app in the meantime", "Plan again."},
	fault.LimitReached:    {"the request exceeds a limit of the app", ""},
	fault.RateLimited:     {"the app asks for fewer requests", "Wait and run again, or lower max_requests_per_second."},
	fault.Unavailable:     {"the app failed to answer the request", "Run again later; look at the app's status page."},
	fault.Invalid:         {"the app says that the request is malformed", ""},
}

// statusFault turns an answer with an error status into a fault.
func (c *Client) statusFault(cl *call, resp *http.Response, body []byte) error {
	f := &fault.Error{Kind: kindOf(resp.StatusCode), Status: resp.StatusCode, RequestID: c.requestID(resp.Header)}
	foreign := len(bytes.TrimSpace(body)) > 0 && !looksLikeJSON(body)
	switch {
	case cl.said || throttled(resp):
		f.Kind, f.RetryAfter = fault.RateLimited, waitHint(resp.Header, time.Now())
	case resp.StatusCode < 400:
		f.Cause = "the server redirected the request"
		if u, err := url.Parse(resp.Header.Get("Location")); err == nil && u.Host != "" && u.Host != c.base.Host {
			f.Cause += " to the host " + u.Host + ", which would have got the credential"
		}
		f.Next = "Check base_url; a redirect to a sign-in page also means that the credential was not accepted."
	case f.Kind == fault.NotFound && foreign:
		// a proxy or a wrong address, not the app: nothing may be concluded from it
		f.Kind = fault.Invalid
		f.Cause = "the address is not known to the server, and the answer " + described(resp.Header, "") + " is not one of the app's"
		f.Next = "Check base_url."
	}
	if c.opts.Explain != nil {
		d := c.opts.Explain(Failure{Method: cl.req.Method, Status: resp.StatusCode, Header: resp.Header, Body: body})
		if d.Kind != 0 && f.Kind != fault.RateLimited {
			f.Kind = d.Kind
		}
		f.Code = c.safe(d.Code)
		if id := c.safe(d.RequestID); id != "" {
			f.RequestID = id
		}
		if d.Cause != "" {
			f.Cause, f.Next = d.Cause, d.Next
		}
	}
	if f.Cause == "" {
		f.Cause, f.Next = causes[f.Kind][0], causes[f.Kind][1]
	}
	return c.settle(cl, f)
}

// connectionFault turns an attempt without an answer into a fault.
func (c *Client) connectionFault(ctx context.Context, cl *call, err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		copied := *f
		f = &copied
	case ctx.Err() != nil:
		f = &fault.Error{Kind: fault.Unavailable, Cause: "the run ended before the answer came", Err: ctx.Err()}
	case errors.Is(err, errTooLarge):
		f = fault.New(fault.LimitReached, "the answer is larger than %d MiB", c.opts.MaxBody>>20)
	case errors.Is(err, errTimeout):
		f = fault.New(fault.Unavailable, "no answer within %s, tried %d times", c.opts.RequestTimeout, cl.attempts)
		if cl.attempts == 1 {
			f.Cause = fmt.Sprintf("no answer within %s", c.opts.RequestTimeout)
		}
		f.Next = "Run again later, or raise request_timeout."
	default:
		f = fault.New(fault.Unavailable, "%s", networkCause(err))
		f.Next = "Check base_url, the network and any proxy; then run again."
		if tlsFailure(err) {
			f.Next = "If the server uses a private certificate authority, set ca_cert_pem; check the client certificate if it asks for one."
		}
	}
	return c.settle(cl, f)
}

// settle decides what is known about a write that failed.
func (c *Client) settle(cl *call, f *fault.Error) error {
	f.Cause = c.secrets.clean(f.Cause)
	if !cl.req.write() {
		return f
	}
	switch {
	case cl.ambiguous && f.Status != http.StatusNotImplemented && (f.Status >= 500 || f.Status < 300 || f.Kind == fault.RateLimited || f.Kind == fault.Unavailable):
		f.Kind = fault.Unconfirmed
		f.State = "The request was sent; whether it was carried out is not known."
		f.Next = "Run again: what was done is recognized, and not done twice."
	case cl.ambiguous:
		f.State = "An earlier attempt was sent without an answer; whether it was carried out is not known."
	case f.State == "":
		f.State = "Nothing was written."
	}
	return f
}

func (c *Client) safe(s string) string {
	if s = identifier(s); s != c.secrets.clean(s) {
		return ""
	}
	return s
}

// requestID is the id that the vendor's support asks for.
func (c *Client) requestID(h http.Header) string {
	for _, name := range []string{
		"X-Request-Id", "Request-Id", "X-Amzn-Requestid", "X-Github-Request-Id", "X-Okta-Request-Id",
		"X-Slack-Req-Id", "X-Correlation-Id", "X-Trace-Id", "Cf-Ray",
	} {
		if id := c.safe(h.Get(name)); id != "" {
			return id
		}
	}
	return ""
}

// described names the kind of an answer without its content.
func described(h http.Header, status string) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || identifier(t) == "" {
		t = "no usable content type"
	}
	if status != "" {
		t += ", status " + status
	}
	return "(" + t + ")"
}

func looksLikeJSON(b []byte) bool {
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

// networkCause says what went wrong on the way. Texts of net/http are not passed on: they quote
// addresses with their query, and bytes of the answer.
func networkCause(err error) string {
	var (
		f   *fault.Error
		dns *net.DNSError
		op  *net.OpError
	)
	switch {
	case errors.As(err, &f):
		return f.Cause
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the host %s does not exist", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the host %s could not be looked up", dns.Name)
	case tlsFailure(err):
		return "no secure connection: the certificate or the TLS version of the other side was not accepted"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the server speaks http where https is expected"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server refused the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the answer was cut off in the middle"
	case errors.Is(err, io.EOF):
		return "the server closed the connection without an answer"
	case errors.As(err, &op):
		return "the connection failed (" + op.Op + ")"
	}
	return "the connection failed or the answer is not HTTP"
}
