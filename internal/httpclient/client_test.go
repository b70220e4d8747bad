package httpclient

import "testing"

func newTestClient(t *testing.T, o Options) *Client {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = "https://app.example/scim/v2"
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
