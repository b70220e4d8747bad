package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
	maxTimeouts  = 2 // a server that hangs twice hangs
)

// checkRetry decides, after each attempt, whether another one is safe and worth it, and how long to wait.
func (cl *call) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err != nil && !cl.certainlyNotSent() || err == nil && resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
		cl.ambiguous = true
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var again bool
	var hint time.Duration
	switch {
	case err != nil:
		if errors.Is(err, errTimeout) {
			cl.timeouts++
		}
		again = passing(err) && cl.timeouts < maxTimeouts && (cl.certainlyNotSent() || cl.req.repeatable())
	case cl.again: // refused, so not carried out
		cl.wait = 0
		return true, nil
	case cl.said || throttled(resp):
		again, hint = true, waitHint(resp.Header, time.Now())
	default:
		switch resp.StatusCode {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusLocked, http.StatusRequestTimeout:
			again, hint = cl.req.repeatable(), waitHint(resp.Header, time.Now())
		}
	}
	if !again {
		return false, nil
	}
	cl.wait = hint + rand.N(min(hint/10, time.Second)+50*time.Millisecond)
	if hint == 0 {
		d := min(firstBackoff<<min(cl.attempts-1, 10), maxBackoff)
		cl.wait = d/2 + rand.N(d/2)
	}
	if cl.waited+cl.wait > cl.client.opts.MaxWait {
		return false, nil
	}
	cl.waited += cl.wait
	return true, nil
}

func (cl *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	cl.client.log.Debug("waiting before another attempt", slog.String("system", cl.client.opts.System),
		slog.String("method", cl.req.Method), slog.Int("attempt", cl.attempts), slog.Duration("wait", cl.wait))
	return cl.wait
}

// throttled reports whether the app asks for fewer requests. Some say so with 403 and an exhausted
// counter (GitHub), which is not a matter of permission.
func throttled(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		if resp.Header.Get("Retry-After") != "" {
			return true
		}
		q := readQuota(resp.Header, time.Now())
		return q.known && q.remaining == 0
	}
	return false
}

// passing reports whether a failed connection may come about at the next attempt.
func passing(err error) bool {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Kind == fault.Unavailable && f.Status >= 500
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return !dns.IsNotFound
	}
	return !errors.Is(err, errTooLarge) && !errors.Is(err, http.ErrSchemeMismatch) && !tlsFailure(err)
}

func tlsFailure(err error) bool {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	return errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) ||
		errors.As(err, &verify) || errors.As(err, &alert) || errors.As(err, &record)
}
