package roster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// File is where a roster file is: on this machine, or at an address such as a presigned one of an object store.
type File struct {
	Path string // relative to the working directory; or
	// URL is https, or http on a loopback host. Its query may be a credential and is never shown.
	URL string
	// SHA256 is the file's checksum in hexadecimal; "" checks nothing.
	SHA256 string
	// MaxSize is the largest file in bytes that is read; 0 is [MaxFileSize].
	MaxSize   int64
	UserAgent string
	Log       *slog.Logger
}

// Check reports all that is wrong with the configuration, without touching the file.
func (f File) Check() error {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	switch path, address := strings.TrimSpace(f.Path) != "", f.URL != ""; {
	case path && address:
		bad("Set one of them.", "both path and url are set")
	case address:
		if _, _, err := f.client(); err != nil {
			errs = append(errs, err)
		}
	case !path:
		bad("Set path to the file, or url to its address.", "path is empty")
	}
	if b, err := hex.DecodeString(f.SHA256); err != nil || f.SHA256 != "" && len(b) != sha256.Size {
		bad("Write what sha256sum prints: 64 hexadecimal digits.", "sha256 is no SHA-256 checksum")
	}
	return errors.Join(errs...)
}

// String names the file for messages: an address without its query.
func (f File) String() string {
	if f.URL == "" {
		return f.Path
	}
	u, err := url.Parse(f.URL)
	if err != nil {
		return "the file at url"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// Read gets the file as a whole, or an error: what is cut off, too large, or not what the checksum says is no roster.
func (f File) Read(ctx context.Context) ([]byte, error) {
	limit := f.MaxSize
	if limit <= 0 {
		limit = MaxFileSize
	}
	var data []byte
	var err error
	if f.URL == "" {
		data, err = ReadFile(ctx, f.Path, limit)
	} else {
		data, err = f.fetch(ctx)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); f.SHA256 != "" && !strings.EqualFold(hex.EncodeToString(sum[:]), f.SHA256) {
		return nil, &fault.Error{
			Kind: fault.Stale, Cause: fmt.Sprintf("its SHA-256 checksum is %x and not the one that sha256 names", sum),
			Next: "If the file is meant to be another one now, set sha256 to its checksum; otherwise find out who changed it.",
		}
	}
	return data, nil
}

func (f File) fetch(ctx context.Context) ([]byte, error) {
	client, request, err := f.client()
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && t == "text/html" {
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "the server answered with a web page instead of a file", Next: "Check url; a sign-in page means that the address needs a credential in it."}
	}
	if resp.Status != http.StatusOK {
		return nil, &fault.Error{Kind: fault.Invalid, Status: resp.Status, Cause: "the server did not answer with the whole file", Next: "Check url."}
	}
	if len(bytes.TrimSpace(resp.Body)) == 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "it is empty", Next: "Zero people is never a roster: check the export."}
	}
	return resp.Body, nil
}

// client takes the address apart. No error repeats it: a presigned address is a credential.
func (f File) client() (*httpclient.Client, httpclient.Request, error) {
	bad := func(cause string) (*httpclient.Client, httpclient.Request, error) {
		return nil, httpclient.Request{}, &fault.Error{Kind: fault.Invalid, Cause: cause, Next: "Set url to an address of the form https://host/path/people.csv."}
	}
	u, err := url.Parse(f.URL)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return bad("url is no address")
	case u.Scheme != "https" && u.Scheme != "http":
		return bad("url is not an https address")
	case u.User != nil:
		return bad("url must not contain a user name or password")
	}
	limit := f.MaxSize
	if limit <= 0 {
		limit = MaxFileSize
	}
	client, err := httpclient.New(httpclient.Options{
		BaseURL: u.Scheme + "://" + u.Host, Accept: "*/*", UserAgent: f.UserAgent, Logger: f.Log, MaxBody: limit,
	})
	if err != nil {
		return nil, httpclient.Request{}, err
	}
	request := httpclient.Request{Method: http.MethodGet, Path: strings.Split(strings.TrimPrefix(u.Path, "/"), "/")}
	if request.Path[0] == "" && len(request.Path) == 1 {
		request.Path = nil
	}
	if slices.Contains(request.Path, "") {
		return bad("the path of url has an empty part")
	}
	for part := range strings.SplitSeq(u.RawQuery, "&") { // in their order: signatures are over the query
		key, value, valued := strings.Cut(part, "=")
		k, err1 := url.QueryUnescape(key)
		v, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil {
			return bad("the query of url is not well-formed")
		}
		if part != "" {
			request.Query = append(request.Query, httpclient.Param{Key: k, Value: v, Bare: !valued})
		}
	}
	return client, request, nil
}
