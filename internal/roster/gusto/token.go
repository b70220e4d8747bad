package gusto

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// refresher fetches access tokens (POST /oauth/token) and keeps the refresh token that comes with each.
type refresher struct {
	client         *httpclient.Client
	id, code, file string
}

// Token implements oauth2.TokenSource. The new refresh token is on disk before the access token is used for the first time,
// because that use is what ends the old one: a run that is cut off anywhere leaves a refresh token that works.
func (r *refresher) Token() (*oauth2.Token, error) {
	content, err := os.ReadFile(r.file)
	if err != nil {
		return nil, r.fileFault("cannot be read", err)
	}
	old := strings.TrimSpace(string(content))
	if old == "" {
		return nil, r.fileFault("is empty", nil)
	}
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"`
	}
	err = hrapi.Fetch(context.Background(), r.client, httpclient.Request{
		Method: http.MethodPost, Path: []string{"oauth", "token"}, ReadOnly: true, Op: "sign in", Subject: "to Gusto",
		Body: map[string]string{"client_id": r.id, "client_secret": r.code, "grant_type": "refresh_token", "refresh_token": old},
	}, &answer)
	if err != nil {
		return nil, err
	}
	if answer.Access == "" {
		return nil, &fault.Error{Kind: fault.Unauthenticated, Cause: "Gusto gave no access token", Next: "Check client_id and client_secret, and authorize the application again for a new refresh token."}
	}
	if answer.Refresh != "" && answer.Refresh != old {
		if err := replace(r.file, answer.Refresh+"\n"); err != nil {
			return nil, r.fileFault("cannot be rewritten, so the new refresh token could not be kept; the old one still works", err)
		}
	}
	token := &oauth2.Token{AccessToken: answer.Access, TokenType: "Bearer"}
	if answer.Expires > 0 {
		token.Expiry = time.Now().Add(time.Duration(answer.Expires) * time.Second)
	}
	return token, nil
}

func (r *refresher) fileFault(what string, err error) error {
	return &fault.Error{
		Kind: fault.Invalid, Cause: "refresh_token_file " + r.file + " " + what, Err: err,
		Next: "It has to hold the refresh token and nothing else, in a directory that this process may write to.",
	}
}

// replace puts a file in the place of another in one step; only its owner may read it.
func replace(path, content string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tenure-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
