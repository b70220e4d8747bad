package scim

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Only an answer that names a user counts; nothing is tried twice.
func TestSelf(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		answer string
		id     string
		kind   fault.Kind
	}{
		"a user":       {200, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u7","userName":"robot@acme.com","active":true}`, "u7", 0},
		"a service":    {200, `{"id":"app-1","displayName":"Terraform"}`, "", fault.NotFound},
		"not there":    {404, `{"status":"404"}`, "", fault.NotFound},
		"not built":    {501, `{"status":"501"}`, "", fault.Unsupported},
		"not allowed":  {403, `{"status":"403"}`, "", fault.Forbidden},
		"an empty one": {204, "", "", fault.NotFound},
		"a web page":   {200, `<html></html>`, "", fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t, Config{}, exchange{request: "GET /Me", status: tc.status, answer: tc.answer})
			ref, err := a.Self(t.Context())
			if ref.ID != tc.id || fault.KindOf(err) != tc.kind {
				t.Errorf("%+v, %v", ref, err)
			}
		})
	}
}
