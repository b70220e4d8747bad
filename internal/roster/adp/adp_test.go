package adp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/adp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func config(t testing.TB, url string) adp.Config {
	t.Helper()
	cert, key := certificate(t)
	return adp.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, ClientID: "adp-client", ClientSecret: "adp-secret", ClientCertPEM: cert, ClientKeyPEM: key}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	for name, end := range map[string]int{"204 at the end": http.StatusNoContent, "an empty page at the end": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := rostertest.Vendor{
				Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return fake(t, c, end, nil) },
				Open: func(url string, m roster.Mapping) (roster.Source, error) {
					return adp.Open(adp.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, ClientID: "adp-client", ClientSecret: "adp-secret", ClientCertPEM: cert, ClientKeyPEM: key, Mapping: m})
				},
				Mapping: roster.Mapping{FieldMap: map[string]string{
					"last_working_day": "custom.LASTDAY", "contract_end_date": "custom.CONTRACT",
				}},
				PageSize: 100, TokenPath: "/auth/oauth/v2/token", Department: "assignment.department", Selects: true, Asked: "homeOrganizationalUnits",
				Requests: func(people int) int { return 3 + people/100 },
			}
			if end == http.StatusOK {
				v.People = 100 // the end says nothing about size
			}
			rostertest.Run(t, v)
		})
	}
}

// TestAssignments: which of several assignments, and of several dates, counts.
func TestAssignments(t *testing.T) {
	t.Parallel()
	one := func(primary bool, status, title, start, end string) map[string]any {
		return map[string]any{
			"primaryIndicator": primary, "jobTitle": title, "assignmentStatus": map[string]any{"statusCode": map[string]any{"codeValue": status}}, "hireDate": start, "terminationDate": text(end),
			"homeOrganizationalUnits": []any{map[string]any{"typeCode": map[string]any{"codeValue": "Department"}, "nameCode": map[string]any{"codeValue": "D"}}},
			"homeWorkLocation":        map[string]any{"nameCode": map[string]any{"codeValue": "L"}}, "workerTypeCode": map[string]any{"codeValue": "F", "shortName": "Full Time"},
		}
	}
	for name, tt := range map[string]struct {
		list              []any
		dates             map[string]any
		title, start, end string
		status            access.Status
	}{
		"the primary one":          {[]any{one(false, "A", "Second", "2020-01-01", ""), one(true, "A", "First", "2021-01-01", "")}, nil, "First", "2021-01-01", "", access.StatusActive},
		"not the one that is over": {[]any{one(true, "T", "Old", "2010-01-01", "2015-01-01"), one(false, "L", "New", "2016-01-01", "")}, nil, "New", "2016-01-01", "", access.StatusLeave},
		"came back":                {[]any{one(true, "A", "Back", "2010-01-01", "")}, map[string]any{"originalHireDate": "2010-01-01", "rehireDate": "2024-01-01", "terminationDate": "2020-01-01"}, "Back", "2024-01-01", "", access.StatusActive},
		"left":                     {[]any{one(true, "T", "Gone", "2010-01-01", "")}, map[string]any{"terminationDate": "2020-01-01"}, "Gone", "2010-01-01", "2020-01-01", access.StatusTerminated},
		"a code of their own":      {[]any{one(true, "X9", "T", "2010-01-01", "")}, nil, "T", "2010-01-01", "", access.StatusUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := rostertest.Person{ID: "1", Number: "1", GivenName: "A", FamilyName: "B", Email: "a@acme.example", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2000-01-01"}
			change := func(w map[string]any) { w["workAssignments"], w["workerDates"] = tt.list, tt.dates }
			server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: []rostertest.Person{p}}, http.StatusNoContent, change))
			t.Cleanup(server.Close)
			src, err := adp.Open(config(t, server.URL))
			if err != nil {
				t.Fatal(err)
			}
			r, err := src.People(t.Context())
			if err != nil || len(r.People) != 1 {
				t.Fatalf("%d people, problems %v, error %v", len(r.People), r.Problems, err)
			}
			got := r.People[0]
			end := ""
			if !got.EndDate.IsZero() {
				end = got.EndDate.String()
			}
			if got.Title != tt.title || got.StartDate.String() != tt.start || end != tt.end || got.Status != tt.status {
				t.Errorf("%s from %s to %q, %s", got.Title, got.StartDate, end, got.Status)
			}
		})
	}
}

// TestMutualTLS: token and data are both fetched with the certificate.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	p := rostertest.Person{ID: "1", Number: "1", GivenName: "A", FamilyName: "B", Email: "a@acme.example", Title: "T", Department: "D", Location: "L", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2000-01-01"}
	c := config(t, "")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(c.ClientCertPEM))
	server := httptest.NewUnstartedServer(fake(t, &rostertest.Company{Zone: time.UTC, People: []rostertest.Person{p}}, http.StatusNoContent, nil))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	c.BaseURL = server.URL
	c.CACertPEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	src, err := adp.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := src.People(t.Context()); err != nil || len(r.People) != 1 {
		t.Errorf("%d people, error %v", len(r.People), err)
	}
	c.ClientCertPEM, c.ClientKeyPEM = certificate(t) // somebody else's
	none := 0
	c.MaxRetries = &none
	if src, err = adp.Open(c); err != nil {
		t.Fatal(err)
	}
	if r, err := src.People(t.Context()); err == nil {
		t.Errorf("another certificate gave %d people", len(r.People))
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := adp.Open(adp.Config{})
	for _, name := range []string{"client_id", "client_secret", "client_cert_pem", "client_key_pem"} {
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v; want it to mention %s", err, name)
		}
	}
}

// certificate is one that is signed by itself.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "acme"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}))
}

// fake is POST /auth/oauth/v2/token and GET /hr/v2/workers, which has nothing but what was selected.
func fake(t testing.TB, c *rostertest.Company, end int, change func(map[string]any)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth/oauth/v2/token", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "adp-client" || secret != "adp-secret" || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": c.IssueToken(), "token_type": "Bearer", "expires_in": 3600})
	})
	mux.HandleFunc("GET /hr/v2/workers", func(w http.ResponseWriter, r *http.Request) {
		if !c.Allows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		skip, err := strconv.Atoi(q.Get("$skip"))
		if err != nil || q.Get("$top") != "100" || q.Has("$filter") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		if skip >= len(c.People) {
			w.WriteHeader(end)
			if end == http.StatusOK {
				_, _ = io.WriteString(w, `{"workers":[]}`)
			}
			return
		}
		selected := strings.Split(q.Get("$select"), ",")
		people, _ := c.Page(skip, 100)
		workers := []any{}
		for _, p := range people {
			all := worker(c, p)
			if change != nil {
				change(all)
			}
			one, _ := choose(all, "workers", selected).(map[string]any)
			workers = append(workers, c.Record(p, one, "workerID.idValue"))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"workers": workers})
	})
	return mux
}

// choose is what is selected of a value at a path.
func choose(v any, path string, selected []string) any {
	if slices.ContainsFunc(selected, func(s string) bool { return path == s || strings.HasPrefix(path, s+"/") }) {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, below := range v {
			if chosen := choose(below, path+"/"+key, selected); chosen != nil {
				out[key] = chosen
			}
		}
		if len(out) > 0 {
			return out
		}
	case []any:
		var out []any
		for _, one := range v {
			if chosen := choose(one, path, selected); chosen != nil {
				out = append(out, chosen)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func worker(c *rostertest.Company, p rostertest.Person) map[string]any {
	status := map[access.Status]string{
		access.StatusActive: "A", access.StatusNotice: "A", access.StatusPreHire: "A", access.StatusLeave: "L", access.StatusTerminated: "T",
	}[p.Status]
	is := func(v string) map[string]any { return map[string]any{"codeValue": v} }
	units := []any{map[string]any{"typeCode": is("Business Unit"), "nameCode": is("B")}}
	if c.Withheld() == "" {
		units = append(units, map[string]any{"typeCode": is("Department"), "nameCode": map[string]any{"codeValue": "0042", "shortName": p.Department}})
	}
	main := map[string]any{
		"itemID": "1", "primaryIndicator": true, "hireDate": p.Start, "actualStartDate": p.Start, "assignmentStatus": map[string]any{"statusCode": is(status)}, "jobTitle": p.Title,
		"homeOrganizationalUnits": units, "homeWorkLocation": map[string]any{"nameCode": map[string]any{"codeValue": "1", "longName": p.Location}},
		"workerTypeCode": map[string]any{"codeValue": "X", "shortName": string(p.Type)}, "baseRemuneration": map[string]any{"annualRateAmount": 70000},
	}
	if p.End != "" {
		main["terminationDate"] = p.End
	}
	if p.Manager != "" {
		main["reportsTo"] = []any{map[string]any{"associateOID": p.Manager, "workerID": map[string]any{"idValue": "x"}}}
	}
	person := map[string]any{"legalName": map[string]any{"givenName": text(p.GivenName), "familyName1": text(p.FamilyName)}, "birthDate": "1990-01-01"}
	if p.Preferred != "" {
		person["preferredName"] = map[string]any{"givenName": p.Preferred}
	}
	dates := map[string]any{"originalHireDate": p.Start}
	if p.OriginalStart != "" {
		dates = map[string]any{"originalHireDate": p.OriginalStart, "rehireDate": p.Start, "terminationDate": "2018-01-01"}
	}
	w := map[string]any{
		"associateOID": p.ID, "workerID": map[string]any{"idValue": p.Number}, "person": person, "workerDates": dates, "workerStatus": map[string]any{"statusCode": is("Active")},
		"workAssignments": []any{map[string]any{"itemID": "0", "primaryIndicator": false, "jobTitle": "Of before", "assignmentStatus": map[string]any{"statusCode": is("T")}}, main},
		"customFieldGroup": map[string]any{"dateFields": []any{
			map[string]any{"nameCode": is("LASTDAY"), "dateValue": text(p.LastDay)}, map[string]any{"nameCode": is("CONTRACT"), "dateValue": text(p.Contract)},
		}, "stringFields": []any{map[string]any{"nameCode": is("SHIRT"), "stringValue": "M"}}},
	}
	if p.Email != "" {
		w["businessCommunication"] = map[string]any{"emails": []any{map[string]any{"emailUri": p.Email}}}
	}
	return w
}
