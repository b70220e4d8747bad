package personio

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// kindV1 says how API v1 tells of people. A record has the attributes by name, {"first_name": …, "department": {"id", "name"},
// "supervisor": {"id"}}; those of the company's own are dynamic_NNNN.
func kindV1(c Config) (hrapi.Kind, error) {
	door, err := httpclient.New(c.Options("personio", httpclient.Auth{}))
	if err != nil {
		return hrapi.Kind{}, err
	}
	client, err := httpclient.New(c.Options("personio", httpclient.Auth{Source: &signIn{door, c.ClientID, c.ClientSecret}}))
	if err != nil {
		return hrapi.Kind{}, err
	}
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "personio", Terminated: roster.Yes, FutureHires: roster.Yes, Leave: roster.Yes, Totals: roster.Yes,
			Lacks: map[string]string{
				"employee_number":    "is an attribute of the company's own: map dynamic_NNNN",
				"original_hire_date": "not part of the API",
				"employment_type":    "internal or external only: interns and others are an attribute of the company's own",
			},
		},
		Title: "Personio", Noun: "employee", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "given_name": "first_name", "family_name": "last_name", "display_name": "preferred_name", "work_email": "email",
			"title": "position", "department": "department.name", "team": "team.name", "location": "office.name", "manager_source_id": "supervisor.id",
			"status": "status", "employment_type": "employment_type", "start_date": "hire_date", "end_date": "termination_date",
			"last_working_day": "last_working_day", "contract_end_date": "contract_end_date",
		},
		StatusMap: map[string]string{"inactive": "terminated"},
		Read:      func(ctx context.Context, want []string, p *hrapi.Pages) error { return employees(ctx, client, want, p) },
	}, nil
}

// signIn fetches tokens of API v1 (POST /v1/auth). One holds for a day.
type signIn struct {
	client   *httpclient.Client
	id, code string
}

// Token implements oauth2.TokenSource.
func (s *signIn) Token() (*oauth2.Token, error) {
	var answer struct {
		Data struct {
			Token   string
			Expires int64 `json:"expires_in"`
		}
	}
	err := hrapi.Fetch(context.Background(), s.client, httpclient.Request{
		Method: http.MethodPost, Path: []string{"v1", "auth"}, Body: map[string]string{"client_id": s.id, "client_secret": s.code}, ReadOnly: true, Op: "sign in", Subject: "to Personio",
	}, &answer)
	if err != nil {
		return nil, err
	}
	if answer.Data.Token == "" {
		return nil, &fault.Error{Kind: fault.Unauthenticated, Cause: "Personio gave no token", Next: "Check client_id and client_secret."}
	}
	token := &oauth2.Token{AccessToken: answer.Data.Token, TokenType: "Bearer"}
	if answer.Data.Expires > 0 {
		token.Expiry = time.Now().Add(time.Duration(answer.Data.Expires) * time.Second)
	}
	return token, nil
}

// pageSizeV1 is the most that v1 gives since 2025-01-31.
const pageSizeV1 = 100

// employees reads all of them by offset (GET /v1/company/employees), with the attributes that are needed and no others.
func employees(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	names := map[string]bool{}
	for _, path := range want {
		name, _, _ := strings.Cut(path, ".")
		names[name] = true
	}
	for offset := 0; ; offset += pageSizeV1 {
		query := []httpclient.Param{{Key: "limit", Value: strconv.Itoa(pageSizeV1)}, {Key: "offset", Value: strconv.Itoa(offset)}}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			query = append(query, httpclient.Param{Key: "attributes[]", Value: name})
		}
		var page struct {
			Metadata *struct {
				Total int `json:"total_elements"`
			}
			Data []struct {
				Attributes map[string]json.RawMessage
			}
		}
		if err := hrapi.Fetch(ctx, client, httpclient.Request{Method: http.MethodGet, Path: []string{"v1", "company", "employees"}, Query: query}, &page); err != nil {
			return err
		}
		if page.Metadata == nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the answer does not say how many employees there are", Next: "Check base_url."}
		}
		if err := p.Total(page.Metadata.Total); err != nil {
			return err
		}
		records := make([]json.RawMessage, len(page.Data))
		for i, e := range page.Data {
			records[i] = values(e.Attributes)
		}
		if err := p.Add(records); err != nil {
			return err
		}
		if len(page.Data) == 0 || p.Len() >= page.Metadata.Total {
			return nil
		}
	}
}

// values takes attributes out of what v1 wraps them in: {"label", "value"}, and for units and people {"type", "attributes"} in turn.
func values(attributes map[string]json.RawMessage) json.RawMessage {
	flat := map[string]json.RawMessage{}
	for name, raw := range attributes {
		flat[name] = value(raw)
	}
	return encode(flat)
}

func value(raw json.RawMessage) json.RawMessage {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return raw
	}
	var wrapped struct {
		Value      *json.RawMessage
		Attributes map[string]json.RawMessage
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(raw, &wrapped) != nil || json.Unmarshal(raw, &keys) != nil {
		return raw
	}
	if wrapped.Attributes != nil {
		return values(wrapped.Attributes)
	}
	if v, ok := keys["value"]; ok {
		return value(v)
	}
	return raw
}
