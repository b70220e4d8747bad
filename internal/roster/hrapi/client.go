package hrapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// Connection is what every kind is configured with beside its credential and its mapping.
type Connection struct {
	// Name is the roster block's name.
	Name string
	// BaseURL is the address of the API; empty is the system's own, where it has only one.
	BaseURL string
	// RequestsPerSecond, MaxRetries and RequestTimeout are as in [httpclient.Options].
	RequestsPerSecond float64
	MaxRetries        *int
	RequestTimeout    time.Duration
	UserAgent         string
	Log               *slog.Logger
	// Transport replaces the network in tests.
	Transport http.RoundTripper
}

// Options are those of the client of a kind. The credential is for the caller to add.
func (c Connection) Options(kind string, auth httpclient.Auth) httpclient.Options {
	return httpclient.Options{
		System: c.Name, Protocol: kind, BaseURL: c.BaseURL, Auth: auth, RequestsPerSecond: c.RequestsPerSecond,
		MaxRetries: c.MaxRetries, RequestTimeout: c.RequestTimeout, UserAgent: c.UserAgent, Logger: c.Log, Transport: c.Transport,
		MaxBody: roster.MaxFileSize, // some systems tell of everybody in one answer
	}
}

// Fetch sends one request and decodes the answer. The request's Op and Subject say what for, unless they are set.
func Fetch(ctx context.Context, c *httpclient.Client, r httpclient.Request, into any) error {
	if r.Op == "" {
		r.Op, r.Subject = "read", "the roster"
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	return resp.Decode(into)
}

// Next is the query of a link to the next page, in a fixed order. The path of a link is for the caller to know: one to
// another host is refused, because that host would get the credential.
func Next(c *httpclient.Client, link string) ([]httpclient.Param, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the link to the next page is no address")
	}
	if u.Host != "" && !strings.EqualFold(u.Host, c.Host()) {
		return nil, fault.New(fault.Invalid, "the link to the next page leads to another host, %s, which would get the credential", u.Host)
	}
	var params []httpclient.Param
	for key, values := range u.Query() {
		for _, v := range values {
			params = append(params, httpclient.Param{Key: key, Value: v})
		}
	}
	slices.SortStableFunc(params, func(a, b httpclient.Param) int { return strings.Compare(a.Key, b.Key) })
	return params, nil
}
