package adp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/adp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

const tokenPath = "/auth/oauth/v2/token"

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: fake,
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return adp.Open(adp.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, ClientID: "project", ClientSecret: "project-secret", TokenURL: url + tokenPath, Mapping: m})
		},
		PageSize: 100, TokenPath: tokenPath, Department: "department", Selects: true, Asked: "homeOrganizationalUnits",
		Lacks:    []string{"last_working_day", "contract_end_date"},
		Requests: func(people int) int { return 1 + people/100 + 2 },
	})
}

// fake is the part of the API that the source uses.
func fake(t testing.TB, c *rostertest.Company) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == tokenPath {
			if id, secret, _ := r.BasicAuth(); r.FormValue("grant_type") != "client_credentials" || id != "project" || secret != "project-secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": c.IssueToken(), "token_type": "Bearer", "expires_in": 3600})
			return
		}
		if !c.Allows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		top, _ := strconv.Atoi(q.Get("$top"))
		skip, _ := strconv.Atoi(q.Get("$skip"))
		if r.Method != http.MethodGet || r.URL.Path != "/hr/v2/workers" || top < 1 || top > 100 {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		people, _ := c.Page(skip, top)
		if len(people) == 0 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		workers := []any{}
		for _, p := range people {
			workers = append(workers, c.Record(p, worker(c, p, q.Get("$select")), "workerID.idValue"))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"workers": workers})
	})
}

func worker(c *rostertest.Company, p rostertest.Person, selected string) map[string]any {
	code := func(v string) map[string]any { return map[string]any{"codeValue": v, "shortName": v} }
	assignment := map[string]any{
		"itemID": "1", "primaryIndicator": true, "hireDate": p.Start, "jobTitle": p.Title, "workerTypeCode": code(string(p.Type)),
		"assignmentStatus": map[string]any{"statusCode": code(map[access.Status]string{access.StatusLeave: "L", access.StatusTerminated: "T"}[p.Status])},
		"homeWorkLocation": map[string]any{"nameCode": code(p.Location)},
	}
	if p.Status != access.StatusLeave && p.Status != access.StatusTerminated {
		assignment["assignmentStatus"] = map[string]any{"statusCode": code("A")}
	}
	if strings.Contains(selected, "homeOrganizationalUnits") && c.Withheld() != "department" {
		assignment["homeOrganizationalUnits"] = []any{
			map[string]any{"typeCode": code("Business Unit"), "nameCode": code("Acme")}, map[string]any{"typeCode": code("Department"), "nameCode": code(p.Department)},
		}
	}
	if p.Manager != "" {
		assignment["reportsTo"] = []any{map[string]any{"associateOID": p.Manager}}
	}
	name := map[string]any{"givenName": p.GivenName, "formattedName": p.FullName()}
	if p.FamilyName != "" {
		name["familyName1"] = p.FamilyName
	}
	person := map[string]any{"legalName": name}
	if p.Preferred != "" {
		person["preferredName"] = map[string]any{"givenName": p.Preferred}
	}
	dates := map[string]any{"originalHireDate": p.Start}
	if p.OriginalStart != "" {
		dates["originalHireDate"], dates["rehireDate"] = p.OriginalStart, p.Start
	}
	if p.End != "" {
		dates["terminationDate"] = p.End
	}
	state := "Active"
	if p.Over() {
		state = "Terminated"
	}
	w := map[string]any{
		"associateOID": p.ID, "workerID": map[string]any{"idValue": p.Number}, "person": person, "workerDates": dates,
		"workerStatus": map[string]any{"statusCode": code(state)},
		// an assignment that is over comes first
		"workAssignments": []any{map[string]any{"itemID": "0", "primaryIndicator": false, "terminationDate": "2001-01-01", "jobTitle": "Trainee"}, assignment},
	}
	if p.Email != "" {
		w["businessCommunication"] = map[string]any{"emails": []any{map[string]any{"emailUri": p.Email, "itemID": "1"}}}
	}
	return w
}

// The project's certificate goes to both hosts.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	c := &rostertest.Company{People: []rostertest.Person{{ID: "1", Number: "1", GivenName: "Ana", FamilyName: "G", Start: "2020-01-01", Department: "x", Title: "x", Email: "ana@x.example", Location: "x", Type: access.TypeEmployee, Status: access.StatusActive}}, Zone: time.UTC}
	with, without := 0, 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 1 {
			with++
		} else {
			without++
		}
		fake(t, c).ServeHTTP(w, r)
	}))
	srv.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	cert, key := certificate(t)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	src, err := adp.Open(adp.Config{
		Connection: hrapi.Connection{Name: "hr", BaseURL: srv.URL}, ClientID: "project", ClientSecret: "project-secret", TokenURL: srv.URL + tokenPath,
		ClientCertPEM: cert, ClientKeyPEM: key, CACertPEM: ca,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := src.People(t.Context()); err != nil || len(r.People) != 1 {
		t.Errorf("%d people, %v", len(r.People), err)
	}
	if with < 3 || without > 0 {
		t.Errorf("%d requests with the certificate, %d without", with, without)
	}
}

func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := adp.Open(adp.Config{Connection: hrapi.Connection{Name: "hr"}})
	for _, want := range []string{"client_id", "client_secret", "client_cert_pem", "client_key_pem"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}
